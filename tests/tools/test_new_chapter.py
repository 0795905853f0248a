"""`make chapter` begins a chapter and touches nothing else. (tests/notebooks runs one.)"""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
import yaml

from tools.new_chapter import create_chapter, main
from tools.project import ROOT


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("pyproject.toml", "_toc.yml"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def listed(root: Path) -> list[str]:
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    return [entry["file"] for part in toc["parts"] for entry in part["chapters"]]


def test_the_chapter_is_listed_after_its_neighbours(project: Path) -> None:
    before = listed(project)
    path = create_chapter("gan/a_third_game", project)
    nbformat.validate(nbformat.read(path, as_version=4))
    assert nbformat.read(path, as_version=4).cells[0].source.startswith("# A third game\n")
    after = listed(project)
    place = max(k for k, name in enumerate(before) if name.startswith("notebooks/gan/"))
    assert after == [*before[: place + 1], "notebooks/gan/a_third_game", *before[place + 1 :]]


def test_a_new_folder(project: Path) -> None:
    assert main(["draw/first_look"], project) == 0
    assert "notebooks/draw/first_look" in listed(project)


@pytest.mark.parametrize("name", ["", "one", "gan/a-b", "Gan/x", "gan/x.ipynb", "../x/y", "gan/"])
def test_bad_names(name: str, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name], project) == 1
    assert "expected NAME to be folder/chapter in lower case" in capsys.readouterr().err
    assert not (project / "notebooks").exists()


def test_nothing_is_overwritten(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = create_chapter("gan/mine", project)
    path.write_text("my work", encoding="utf-8")
    contents = (project / "_toc.yml").read_text(encoding="utf-8")
    assert main(["gan/mine"], project) == 1
    assert "notebooks/gan/mine.ipynb exists" in capsys.readouterr().err
    assert path.read_text(encoding="utf-8") == "my work"
    assert (project / "_toc.yml").read_text(encoding="utf-8") == contents


def test_without_a_place_in_the_contents_nothing_is_written(project: Path) -> None:
    (project / "_toc.yml").write_text("format: jb-book\nroot: index\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"expected _toc\.yml to list a notebook already"):
        create_chapter("gan/mine", project)
    assert not (project / "notebooks").exists()

"""One place holds the repository's address, and one command changes it everywhere."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from tools.new_chapter import create_chapter
from tools.project import ROOT, label, project_files, repository
from tools.repository import main, set_repository

SHOWN = re.compile(
    r"(?:research\.google\.com/github/|git\+https://github\.com/)([\w.-]+/[\w.-]+?)(?=/|\"|\.git\b)"
)


def texts(root: Path) -> dict[str, str]:
    """The project's files that are text, tests left out: these show other addresses on purpose."""
    return {
        label(path, root): path.read_text(encoding="utf-8")
        for path in project_files(root)
        if path.suffix in (".ipynb", ".md", ".yml", ".yaml", ".toml", ".cff", ".html", ".js")
        and not label(path, root).startswith("tests/")
    }


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project's text, with one chapter more."""
    for name, text in texts(ROOT).items():
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    create_chapter("gan/one_more", tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", [name for name in texts(ROOT) if SHOWN.search(texts(ROOT)[name])])
def test_every_place_shows_the_one_address(name: str) -> None:
    assert set(SHOWN.findall(texts(ROOT)[name])) == {repository()}


def test_the_settings_show_the_one_address() -> None:
    address = f"https://github.com/{repository()}"
    settings = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert settings["repository"]["url"] == address
    assert citation["repository-code"] == address


@pytest.mark.parametrize("new", ["somebody/Some.Book_2", "draw-book/draw-book-2"])
def test_all_places_change(project: Path, new: str) -> None:
    before = {name: text.count(repository()) for name, text in texts(project).items()}
    old = repository(project)
    changed = set_repository(new, project)
    after = texts(project)
    assert repository(project) == new
    assert {"pyproject.toml", "_config.yml", "notebooks/gan/one_more.ipynb"} <= set(changed)
    for name, count in before.items():
        assert after[name].count(new) == count
        assert not re.search(re.escape(old) + r"(?![\w.-])", after[name].replace(new, ""))
    assert set_repository(new, project) == []
    set_repository(old, project)
    assert {name: text.count(old) for name, text in texts(project).items()} == before


def test_pages_and_longer_names(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    owner, name = repository().split("/")
    page = tmp_path / "page.md"
    page.write_text(
        f"https://{owner}.github.io/{name}/x.html https://github.com/{owner}/{name}-tools "
        f"https://github.com/{owner}/{name}.git https://github.com/{owner}/{name}."
    )
    set_repository("Me/my.book", tmp_path)
    assert page.read_text() == (
        f"https://me.github.io/my.book/x.html https://github.com/{owner}/{name}-tools "
        "https://github.com/Me/my.book.git https://github.com/Me/my.book."
    )


@pytest.mark.parametrize("new", ["", "name", "a/b/c", "a b/c", "-a/b", "a/b.git", "a/..", "é/b"])
def test_a_bad_name_changes_nothing(
    project: Path, new: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = texts(project)
    assert main(["--", new], project) == 1
    assert "expected REPO to be owner/name" in capsys.readouterr().err
    assert texts(project) == before

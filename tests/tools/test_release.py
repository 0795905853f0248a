"""A release has its version in every place, and all that a reader needs."""

from __future__ import annotations

import datetime
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import drawlib
from tools.project import ROOT
from tools.release import CHAPTER, main, set_version, zip_book

DAY = datetime.date(2027, 1, 31)
CHANGELOG = """# Changelog

## [Unreleased]

### Added

- A chapter.

## [0.1.0] - 2026-12-01

- All.
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "drawlib").mkdir()
    (tmp_path / "drawlib" / "__init__.py").write_text('"""x"""\n__version__ = "0.1.0"\nX = 1\n')
    (tmp_path / "CITATION.cff").write_text("cff-version: 1.2.0\nversion: 0.1.0\ntitle: T\n")
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    return tmp_path


def contents(root: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in root.rglob("*") if path.is_file()}


def test_the_version_goes_everywhere(root: Path) -> None:
    set_version("0.2.0", DAY, root)
    assert contents(root) == {
        "__init__.py": '"""x"""\n__version__ = "0.2.0"\nX = 1\n',
        "CITATION.cff": "cff-version: 1.2.0\nversion: 0.2.0\ntitle: T\n",
        "CHANGELOG.md": CHANGELOG.replace(
            "## [Unreleased]\n", "## [Unreleased]\n\n## [0.2.0] - 2027-01-31\n"
        ),
    }


@pytest.mark.parametrize("version", ["", "1", "1.2", "v1.2.3", "1.2.3rc1", "01.2.3", "1.2.3.4"])
def test_no_version(root: Path, version: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(root)
    assert main([version], root) == 1
    assert f"three numbers such as 0.2.0; received {version!r}" in capsys.readouterr().err
    assert contents(root) == before


def test_a_version_that_is_released(root: Path) -> None:
    with pytest.raises(ValueError, match=r"received 0\.1\.0, which is released"):
        set_version("0.1.0", DAY, root)


def test_nothing_to_release(root: Path) -> None:
    set_version("0.2.0", DAY, root)
    with pytest.raises(ValueError, match=r"under .Unreleased.; received none"):
        set_version("0.3.0", DAY, root)


def test_the_projects_own_places_agree() -> None:
    cited = re.findall(r"^version: (.*)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    assert cited == [drawlib.__version__]
    assert "## [Unreleased]\n" in (ROOT / "CHANGELOG.md").read_text()


def test_the_zip_holds_all_pages_and_is_the_same_twice(tmp_path: Path) -> None:
    pages = tmp_path / "html"
    (pages / "a b").mkdir(parents=True)
    (pages / "index.html").write_text("<p>")
    (pages / "a b" / "x.bin").write_bytes(bytes(range(256)))
    zip_book(pages, tmp_path / "book.zip")
    first = (tmp_path / "book.zip").read_bytes()
    zip_book(pages, tmp_path / "book.zip")
    assert (tmp_path / "book.zip").read_bytes() == first
    with zipfile.ZipFile(tmp_path / "book.zip") as archive:
        assert archive.namelist() == ["book/a b/x.bin", "book/index.html"]
        assert archive.read("book/a b/x.bin") == bytes(range(256))


def test_the_wheel_has_everything_that_the_package_has(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    [wheel] = tmp_path.iterdir()
    assert wheel.name.startswith(f"draw_book-{drawlib.__version__}-")
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith("drawlib/")}
    there = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "drawlib").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert packed == there


def test_the_chapter_that_is_tried_needs_no_digits() -> None:
    assert '"data": "none"' in (ROOT / CHAPTER).read_text(encoding="utf-8")

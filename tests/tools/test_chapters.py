"""The chapters in the order of the table of contents."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.notebooks import write_project
from tools.chapters import read_chapters


def test_the_chapters_come_in_the_books_order(tmp_path: Path) -> None:
    write_project(tmp_path)
    assert [c.path for c in read_chapters(tmp_path)] == [
        "notebooks/two.ipynb",
        "notebooks/one.ipynb",
    ]


def test_a_missing_chapter_is_named(tmp_path: Path) -> None:
    write_project(tmp_path)
    (tmp_path / "notebooks/one.ipynb").unlink()
    with pytest.raises(ValueError, match=r"expected notebooks/one\.ipynb to be a notebook"):
        read_chapters(tmp_path)

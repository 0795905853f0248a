"""The build: what makes it fail, and how fast it is where nothing changed."""

from __future__ import annotations

import json

import pytest

from tests.pages.project import Book, child_seconds, copy_project
from tests.tools.notebooks import notebook
from tools import book as book_command

# A small book, for what is tried several times: no API page, which imports TensorFlow.
CONTENTS = """
format: jb-book
root: book/page
chapters:
  - file: notebooks/gan/one
"""
PAGE = """# A page

It cites {cite:p}`goodfellow2014`, has $x$ and [a cell](#one-cell-proof).

```{bibliography}
```
"""

# Markdown that must not build, and a word of what the build says about it.
BROKEN = {
    "[a link](nowhere.md)": "nowhere.md",
    "[a cell](#one-cell-nowhere)": "one-cell-nowhere",
    "{ref}`no-such-label`": "no-such-label",
    "{cite:p}`nobody1999`": "nobody1999",
    "{doc}`/book/nothing`": "book/nothing",
    "{no-such-role}`x`": "no-such-role",
    "![a picture](missing.png)": "missing.png",
}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Book:
    book = copy_project(tmp_path_factory.mktemp("small"))
    (book.root / "_toc.yml").write_text(CONTENTS)
    (book.root / "notebooks/gan").mkdir(parents=True, exist_ok=True)
    (book.root / "notebooks/gan/one.ipynb").write_text(json.dumps(notebook()))
    (book.root / "book/page.md").write_text(PAGE)
    done = book.build()
    assert done.returncode == 0, done.stdout + done.stderr
    return book


def test_the_whole_book_builds_in_time_and_says_where_it_is(book: Book) -> None:
    assert "_build/html/index.html" in book.output
    assert book.seconds < 90
    assert "cuda" not in book.output.lower()


def test_a_second_build_takes_seconds_and_changes_nothing(book: Book) -> None:
    built = {path: path.stat().st_mtime_ns for path in book.html.rglob("*.html")}
    start = child_seconds()
    done = book.build()
    assert done.returncode == 0, done.stderr
    assert child_seconds() - start < min(15, 0.6 * book.seconds)
    again = {path for path, time in built.items() if path.stat().st_mtime_ns != time}
    assert {path.name for path in again} <= {"search.html", "index.html"}


def test_what_is_broken_fails_the_build_until_it_is_mended(small: Book) -> None:
    """The second time matters: Sphinx would not read the pages again, and pass."""
    page, chapter = small.root / "book/page.md", small.root / "notebooks/gan/one.ipynb"
    printing = notebook()
    warning = {"output_type": "stream", "name": "stderr", "text": "a warning that a cell printed"}
    printing["cells"][-1]["outputs"].append(warning)

    page.write_text(PAGE + "\n\n".join(["", *BROKEN]))
    chapter.write_text(json.dumps(printing))
    for attempt in ("first", "second"):
        done = small.build()
        assert done.returncode == 1, attempt
        missed = [word for word in [*BROKEN.values(), "stderr"] if word not in done.stderr]
        assert missed == [], attempt

    page.write_text(PAGE)
    chapter.write_text(json.dumps(notebook()))
    done = small.build()
    assert done.returncode == 0, done.stderr


def test_a_damaged_notebook_is_named_before_anything_is_built(
    small: Book, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = small.root / "notebooks/gan/one.ipynb"
    sound = path.read_text("utf-8")
    path.write_text(sound[: len(sound) // 2])
    monkeypatch.chdir(small.root)
    try:
        assert book_command.main() == 1
    finally:
        path.write_text(sound)
    assert "expected notebooks/gan/one.ipynb to be a notebook" in capsys.readouterr().err

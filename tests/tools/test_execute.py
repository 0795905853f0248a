"""`make execute` stores the outputs of a run, or leaves the chapter as it was."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import execute
from tools.execute import main, normalise

PYPROJECT = '[project.urls]\nrepository = "https://github.com/some/book"\n'
Chapter = Callable[..., Path]


@pytest.fixture
def chapter(tmp_path: Path) -> Chapter:
    """Write a notebook of code cells, in a project of its own."""
    (tmp_path / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")

    def write(*sources: str, **book: object) -> Path:
        path = tmp_path / "notebooks" / "gan" / "small.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        notebook = new_notebook(metadata={"draw_book": {"data": "none", **book}})
        notebook.cells = [
            new_code_cell(source, id=f"cell-{number}") for number, source in enumerate(sources)
        ]
        nbformat.write(notebook, path)
        return path

    return write


def run(path: Path) -> int:
    root = path.parents[2]
    return main([path.relative_to(root).as_posix()], root)


def test_a_second_run_changes_nothing(chapter: Chapter, capsys: pytest.CaptureFixture[str]) -> None:
    path = chapter('print("a")\nprint("b")', "2 + 2")
    assert run(path) == 0
    first = path.read_bytes()
    notebook = nbformat.read(path, as_version=4)
    assert notebook.cells[0].outputs[0].text == "a\nb\n"
    assert [cell.execution_count for cell in notebook.cells] == [1, 2]
    assert 1 <= notebook.metadata["draw_book"]["seconds"] < 60
    # The second run may take another time by far: a busy machine is no change of the chapter.
    assert run(path) == 0
    second = nbformat.read(path, as_version=4)
    second.metadata["draw_book"]["seconds"] = notebook.metadata["draw_book"]["seconds"]
    assert (nbformat.writes(second) + "\n").encode() == first
    assert "notebooks/gan/small.ipynb    2/2" in capsys.readouterr().out
    assert [file.name for file in path.parent.iterdir()] == ["small.ipynb"]


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("x = = 1", "SyntaxError"),
        ("import os; os._exit(3)", "the kernel died"),
    ],
)
def test_a_failure_names_the_cell_and_keeps_the_file(
    source: str, error: str, chapter: Chapter, capsys: pytest.CaptureFixture[str]
) -> None:
    path = chapter("x = 1", source)
    before = path.read_bytes()
    assert run(path) == 1
    said = capsys.readouterr().err
    assert "notebooks/gan/small.ipynb, cell 2 of 2 (cell-1)" in said
    assert error in said
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["small.ipynb"]


def test_a_cell_that_takes_too_long(
    chapter: Chapter, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execute, "CELL_TIMEOUT", 1)
    assert run(chapter("import time; time.sleep(60)")) == 1
    assert "took longer than 1 s" in capsys.readouterr().err


def test_what_cplusplus_logs_is_no_output(chapter: Chapter) -> None:
    path = chapter('import os\n_ = os.write(2, b"I0000 a library logs\\n")')
    assert run(path) == 0
    assert nbformat.read(path, as_version=4).cells[0].outputs == []


def test_the_users_settings_stay_outside(
    chapter: Chapter, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00.py").write_text('print("mine")', encoding="utf-8")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("DRAWLIB_SEED", "7")
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DRAWLIB_DATA", "ipython")
    path = chapter(
        'from os import environ\nprint(environ.get("DRAWLIB_SEED"))',
        'print("inline" in environ["MPLBACKEND"])',
        'print(environ["DRAWLIB_DATA"])',
    )
    assert run(path) == 0
    printed = [cell.outputs[0].text for cell in nbformat.read(path, as_version=4).cells]
    assert printed == ["None\n", "True\n", f"{tmp_path / 'ipython'}\n"]


def test_a_full_disk_keeps_the_file(chapter: Chapter, monkeypatch: pytest.MonkeyPatch) -> None:
    path = chapter("x = 1")
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("drawlib.files.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        execute.write_notebook(nbformat.read(path, as_version=4), path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["small.ipynb"]


def test_outputs_on_mnist_are_not_replaced_without_it(
    chapter: Chapter,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.delenv("DRAWLIB_DATA", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    path = chapter("x = 1", data="digits")
    before = path.read_bytes()
    assert run(path) == 1
    assert "Set DRAWLIB_DATA to a folder that holds mnist.npz" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_a_file_that_is_no_notebook(chapter: Chapter, capsys: pytest.CaptureFixture[str]) -> None:
    path = chapter("x = 1")
    path.write_text("{ no JSON", encoding="utf-8")
    assert run(path) == 1
    assert "notebooks/gan/small.ipynb is no notebook" in capsys.readouterr().err


def test_an_unknown_chapter(chapter: Chapter) -> None:
    root = chapter("x = 1").parents[2]
    with pytest.raises(SystemExit, match=r"(?s)no chapter 'x\.ipynb'.*notebooks/gan/small\.ipynb"):
        main(["x.ipynb"], root)


@pytest.mark.parametrize(
    ("known", "measured", "written"),
    [(None, 10.2, 11), (10, 11.9, 10), (10, 12.1, 13), (10, 7.9, 8), ("10", 10.0, 10)],
)
def test_the_time_is_written_where_it_changed(known: object, measured: float, written: int) -> None:
    book = {} if known is None else {"seconds": known}
    execute._note_time(book, measured)
    assert book["seconds"] == written


def test_normalising() -> None:
    notebook = new_notebook(metadata={"colab": {}, "draw_book": {"data": "none"}})
    cell = new_code_cell(
        "def pretrain(d):\n    ...",
        id="0a1b2c3d",
        metadata={"tags": ["hide-input"], "ExecuteTime": {}, "execution": {"iopub.status": "x"}},
    )
    notebook.cells = [
        new_markdown_cell("# Counterfeit money!", id="9f8e7d6c"),
        cell,
        new_code_cell("def pretrain(d):\n    ...", id="3a1b2c3d"),
        new_code_cell("x", id="kept"),
        new_code_cell("x", id="kept"),
        new_code_cell("≈", id="5a1b2c3d"),
    ]
    normalise(notebook)
    assert set(notebook.metadata) == {"draw_book", "kernelspec", "language_info"}
    assert cell.metadata == {"tags": ["hide-input"]}
    ids = [cell.id for cell in notebook.cells]
    assert ids == [
        "counterfeit-money", "def-pretrain-d", "def-pretrain-d-2", "kept", "x", "code",
    ]  # fmt: skip
    again = nbformat.from_dict(notebook)
    normalise(again)
    assert again == notebook

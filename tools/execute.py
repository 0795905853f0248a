"""Run chapters from top to bottom and store their outputs: ``make execute [CHAPTER=…]``."""

from __future__ import annotations

import argparse
import math
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from drawlib.files import write_whole
from tools.kernels import CELL_TIMEOUT, clean_environment, kernel_of
from tools.project import ROOT, choose_chapters, label
from tools.setup_cell import update_setup_cell

_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
_CELL_METADATA = ("cellView", "jupyter", "mystnb", "tags")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_GENERATED_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f-]+)?")


class ChapterError(Exception):
    """A chapter that does not run: the text names the notebook and the cell, and says why."""


def read_notebook(path: Path, root: Path = ROOT) -> NotebookNode:
    """Read a notebook.

    Raises:
        ChapterError: If the file is no notebook.
    """
    try:
        return nbformat.read(path, as_version=4)
    except (ValueError, AttributeError, KeyError, nbformat.ValidationError) as error:
        raise ChapterError(f"{label(path, root)} is no notebook: {error}") from error


def write_notebook(notebook: NotebookNode, path: Path) -> None:
    """Check a notebook and write it, so that `path` holds the old or the new one whole."""
    nbformat.validate(notebook)
    text = nbformat.writes(notebook)
    write_whole(path, (text if text.endswith("\n") else text + "\n").encode())


def normalise(notebook: NotebookNode) -> None:
    """Leave in a notebook what the book uses, so that a second run gives an empty diff.

    Metadata of editors, time stamps and Colab's own keys go; cells without a readable
    id get one.

    Args:
        notebook: Changed in place.
    """
    book = dict(notebook.metadata.get("draw_book", {}))
    notebook.metadata = nbformat.from_dict(
        {"draw_book": book, "kernelspec": _KERNEL, "language_info": {"name": "python"}}
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    taken: set[str] = set()
    for cell in notebook.cells:
        kept = {key: cell.metadata[key] for key in _CELL_METADATA if key in cell.metadata}
        cell.metadata = nbformat.from_dict(kept)
        cell.id = _readable_id(cell, taken)
        taken.add(cell.id)
        for output in cell.get("outputs", []):
            output.get("metadata", {}).pop("needs_background", None)


def _readable_id(cell: NotebookNode, taken: set[str]) -> str:
    """Keep a cell's id if it says something, or make one from the cell's first line."""
    known = cell.get("id", "")
    if known and known not in taken and not _GENERATED_ID.fullmatch(known):
        return known
    words = re.findall(r"[a-z0-9]+", cell.source.lower())
    stem = "-".join(words[:4])[:40] or cell.cell_type
    return next(
        name
        for number in range(1, len(taken) + 2)
        if (name := stem if number == 1 else f"{stem}-{number}") not in taken
    )


def run_notebook(
    notebook: NotebookNode,
    path: Path,
    *,
    kernel: type[AsyncKernelManager] | None = None,
    allow_errors: bool = False,
    show_progress: bool = True,
    root: Path = ROOT,
) -> float:
    """Run a notebook's cells in order, and put their outputs into it.

    Args:
        notebook: Changed in place.
        path: The notebook's file: the kernel works in its folder.
        kernel: The manager of the kernel; one of this environment's Python if not given.
        allow_errors: Go on after a cell that raises.
        show_progress: Print one line a cell.
        root: The project's folder.

    Returns:
        The seconds it took, the start of the kernel included.

    Raises:
        ChapterError: If a cell raises or takes too long, or the kernel dies.
    """
    begun = time.perf_counter()
    name, count = label(path, root), len(notebook.cells)
    current = [0]

    def on_cell_start(cell: NotebookNode, cell_index: int) -> None:
        current[0] = cell_index
        if show_progress and cell.cell_type == "code":
            elapsed = time.perf_counter() - begun
            print(f"{name}  {cell_index + 1:3d}/{count}  {elapsed:5.1f} s  {cell.id}", flush=True)

    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    client = NotebookClient(
        notebook,
        kernel_manager_class=kernel or kernel_of(sys.executable),
        timeout=CELL_TIMEOUT,
        allow_errors=allow_errors,
        record_timing=False,
        coalesce_streams=True,
        store_widget_state=False,
        resources={"metadata": {"path": str(path.parent)}},
        on_cell_start=on_cell_start,
    )
    with tempfile.TemporaryFile() as log:
        try:
            client.execute(stderr=log)
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            cell = notebook.cells[current[0]]
            where = f"{name}, cell {current[0] + 1} of {count} ({cell.id})"
            log.seek(0)
            last_words = log.read().decode(errors="replace")[-2000:]
            raise ChapterError(f"{where}:\n{_reason(error, cell, last_words)}") from error
    return time.perf_counter() - begun


def _reason(error: Exception, cell: NotebookNode, last_words: str) -> str:
    """Say in a few lines why a cell did not run."""
    if isinstance(error, CellExecutionError):
        traceback = next(
            ("\n".join(output.traceback) for output in cell.outputs if "traceback" in output), ""
        )
        return _COLOURS.sub("", traceback or f"{error.ename}: {error.evalue}")
    if isinstance(error, CellTimeoutError):
        return f"took longer than {CELL_TIMEOUT} s"
    return f"the kernel died; its last words:\n{last_words}"


def execute_in_place(path: Path, root: Path = ROOT) -> float:
    """Run one chapter and store it with its new outputs; on any failure leave it as it was.

    Returns:
        The seconds it took.

    Raises:
        ChapterError: If the chapter does not run.
    """
    notebook = read_notebook(path, root)
    update_setup_cell(notebook, root)
    normalise(notebook)
    _refuse_without_mnist(notebook, path, root)
    with clean_environment():
        seconds = run_notebook(notebook, path, root=root)
    normalise(notebook)
    _note_time(notebook.metadata["draw_book"], seconds)
    write_notebook(notebook, path)
    return seconds


def _refuse_without_mnist(notebook: NotebookNode, path: Path, root: Path) -> None:
    """Stored outputs are those on MNIST; those on other digits must not replace them."""
    from drawlib.data import digits_source  # lazily: most of this file needs no data

    if notebook.metadata["draw_book"].get("data") == "digits":
        source = digits_source()
        if not source.startswith("MNIST"):
            raise ChapterError(
                f"{label(path, root)} stores its outputs on MNIST, and the digits here are: "
                f"{source}. Set DRAWLIB_DATA to a folder that holds mnist.npz."
            )


def _note_time(book: dict[str, Any], seconds: float) -> None:
    """Write the measured time, unless the one that is there is right within 20 %."""
    known = book.get("seconds")
    if not isinstance(known, int) or abs(seconds - known) > 0.2 * known:
        book["seconds"] = math.ceil(seconds)


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Run the command.

    Returns:
        0 if every chapter ran, 1 otherwise.
    """
    parser = argparse.ArgumentParser(prog="make execute", description=__doc__)
    parser.add_argument("chapter", nargs="?", default="", help="a notebook; without one, all")
    wanted = parser.parse_args(arguments).chapter
    failures = []
    for path in choose_chapters(wanted, root):
        try:
            seconds = execute_in_place(path, root)
        except ChapterError as error:
            print(f"\n✗ {error}\n", file=sys.stderr)
            failures.append(label(path, root))
        else:
            size = path.stat().st_size / 1e6
            print(f"✓ {label(path, root)}: {seconds:.0f} s, {size:.2f} MB", flush=True)
    if failures:
        print(f"Left as they were: {', '.join(failures)}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

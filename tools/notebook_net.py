"""What pytest and nbval check in a notebook, and what nbval alone would let pass.

``pytest --nbval notebooks`` runs each notebook in a kernel of its own and compares every
output with the stored one. This plugin, loaded by the root ``conftest.py``, adds:

* images are compared by their pixels; in a cell tagged ``trained-figure``, whose pixels
  depend on the processor, their presence alone is checked;
* a cell's outputs must have the stored kinds in the stored order;
* a notebook that was never run, or not from top to bottom, fails;
* a notebook that stores what MNIST gave is compared where MNIST is at hand; elsewhere it is
  run, so that its claims are checked. The summary says which was done.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode
from nbval.plugin import IPyNbCell, IPyNbFile, get_sanitize_patterns
from PIL import Image, ImageSequence

from tools.kernels import clean_environment
from tools.project import ROOT

_SANITISING = ROOT / "tests" / "nbval_sanitize.cfg"
_EMBEDDED = re.compile(r"data:(image/[a-z]+);base64,([A-Za-z0-9+/=]+)")
_modes = pytest.StashKey[dict[str, str]]()


class CheckedNotebook(IPyNbFile):
    """A notebook as pytest collects it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        compared = ("image/png", "image/jpeg")
        self.skip_compare: tuple[str, ...] = tuple(set(self.skip_compare) - set(compared))

    def collect(self) -> Iterator[pytest.Item]:
        """Yield one check of the whole notebook, then one check a code cell."""
        try:
            notebook = nbformat.read(self.path, as_version=4)
        except Exception as error:
            raise self.CollectError(f"{self.path} is no notebook: {error}") from error
        self.compare_outputs, mode = _comparison(notebook, self.config)
        name = self.nodeid
        self.config.stash.setdefault(_modes, {})[name] = mode
        yield RunCheck.from_parent(self, name="run from top to bottom", notebook=notebook)
        for cell in super().collect():
            yield CheckedCell.from_parent(
                self,
                name=f"{cell.name} ({cell.cell.get('id', 'no id')})",
                cell_num=cell.cell_num,
                cell=cell.cell,
                options=cell.options,
            )

    def setup(self) -> None:
        """Start the notebook's kernel, away from the user's settings."""
        with clean_environment():
            super().setup()

    def setup_sanitize_files(self) -> None:
        """Read the project's sanitising file, in UTF-8 wherever we are."""
        for file in self.get_sanitize_files() or [_SANITISING]:
            text = Path(file).read_text(encoding="utf-8")
            self.sanitize_patterns.update(get_sanitize_patterns(text))


class RunCheck(pytest.Item):
    """A notebook's cells were all run once, in order, in one fresh kernel."""

    def __init__(self, *, notebook: NotebookNode, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.notebook = notebook

    def runtest(self) -> None:
        """Compare the execution counts with 1, 2, 3, …."""
        cells = [cell for cell in self.notebook.cells if cell.cell_type == "code"]
        for number, cell in enumerate(cells, start=1):
            if cell.execution_count != number:
                wanted = f"expected the stored execution count of cell {cell.get('id')} to be"
                pytest.fail(
                    f"{wanted} {number}; received {cell.execution_count}. Store the outputs "
                    "of one run from top to bottom: make execute CHAPTER=…",
                    pytrace=False,
                )

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:
        """Show the message alone."""
        return str(excinfo.value)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Name the notebook."""
        return self.path, 0, self.nodeid


class CheckedCell(IPyNbCell):
    """A code cell: run, and its outputs compared."""

    def reportinfo(self) -> tuple[Path, int, str]:
        """Name the notebook and the cell."""
        return self.path, 0, self.nodeid

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> str:
        """Begin nbval's report with the cell's name."""
        return f"{self.nodeid}\n{super().repr_failure(excinfo)}"

    def compare_outputs(self, test: list, ref: list, skip_compare: Any = None) -> bool:
        """Compare kinds and order first, then, as nbval does, the contents."""
        trained = "trained-figure" in self.cell.metadata.get("tags", [])
        stored, new = _kinds(ref), _kinds(test)
        if stored != new:
            self.comparison_traceback = [
                f"stored outputs:  {stored or 'none'}",
                f"running it gave: {new or 'none'}",
            ]
            return False
        return super().compare_outputs(
            [_without_encoding(output, trained) for output in test],
            [_without_encoding(output, trained) for output in ref],
            skip_compare,
        )


def _comparison(notebook: NotebookNode, config: pytest.Config) -> tuple[bool, str]:
    """Say whether a notebook's outputs are to be compared, and what the summary says of it."""
    if config.option.nbval_lax:
        return False, "run, claims checked; outputs not compared (--nbval-lax)"
    if notebook.metadata.get("draw_book", {}).get("data") == "digits":
        from drawlib.data import digits_source  # not on import: most of pytest's runs need none

        source = digits_source()
        if not source.startswith("MNIST"):
            return False, f"run, claims checked; outputs not compared (digits: {source})"
    return True, "run, all outputs compared"


def _kinds(outputs: list) -> list[str]:
    """Describe each output by its kind: the stream's name, the MIME types, the error's name."""
    return [
        output.get("name") or output.get("ename") or " + ".join(sorted(output["data"]))
        for output in outputs
    ]


def _without_encoding(output: NotebookNode, trained: bool) -> NotebookNode:
    """Copy an output with images told by their pixels and not by their compressed bytes."""
    if "data" not in output:
        return output
    data = {}
    for kind, content in output["data"].items():
        if kind in ("image/png", "image/jpeg"):
            content = _picture(content, trained)
        elif kind == "text/html":
            content = _EMBEDDED.sub(lambda match: _picture(match[2], trained), content)
        data[kind] = content
    return nbformat.from_dict({**output, "data": data})


def _picture(encoded: str, trained: bool) -> str:
    """Name a picture by its format, size and pixels; a trained one by its format alone."""
    picture = Image.open(io.BytesIO(base64.b64decode(encoded)))
    if trained:
        return f"a {picture.format} of trained results"
    digest = hashlib.sha256()
    for frame in ImageSequence.Iterator(picture):
        digest.update(f"{frame.info.get('duration')};".encode())
        digest.update(frame.convert("RGBA").tobytes())
    size = f"{picture.width}x{picture.height}"
    return f"a {picture.format} of {size}, pixels {digest.hexdigest()[:16]}"


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Any:
    """Put a `CheckedNotebook` where nbval collected a notebook."""
    collected = yield
    return [
        CheckedNotebook.from_parent(parent, path=file_path) if isinstance(c, IPyNbFile) else c
        for c in collected
    ]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say of each notebook what was compared."""
    modes = terminalreporter.config.stash.get(_modes, {})
    if modes:
        terminalreporter.section("notebooks")
        for name, mode in sorted(modes.items()):
            terminalreporter.write_line(f"{name}: {mode}")

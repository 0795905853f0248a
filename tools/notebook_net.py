"""What pytest and nbval check in a notebook, and what nbval alone would let pass.

``pytest --nbval notebooks`` runs each notebook in a kernel of its own and compares every
output with the stored one. This plugin, loaded by the root ``conftest.py``, adds:

* images are compared by their pixels, which may differ by one colour of a colour map, as two
  processors round differently; in a cell tagged ``trained-figure``, whose pixels depend on the
  processor throughout, their presence alone is checked, and of an explorable all but its data;
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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from nbformat import NotebookNode
from nbval.plugin import IPyNbCell, IPyNbFile, get_sanitize_patterns
from PIL import Image, ImageSequence

from tools.kernels import clean_environment
from tools.project import ROOT

_SANITISING = ROOT / "tests" / "nbval_sanitize.cfg"
# A value that falls to the other side of a boundary between two colours changes a pixel by at most
# this much of 255 in any of the colour maps of the book (RdBu, cividis; viridis by 3, gray by 2).
_ONE_COLOUR = 4
_EMBEDDED = re.compile(r"data:(image/[a-z]+);base64,([A-Za-z0-9+/=]+)")
# What a live part of a page shows: sizes that hang on it, and the data themselves.
_DATA = re.compile(
    r'(<div class="drawlib-explorable"[^>]*?) style="[^"]*"|(<script type="application/json">)[^<]*'
)
_PICTURES = ("image/png", "image/jpeg")
_modes = pytest.StashKey[dict[str, str]]()


class CheckedNotebook(IPyNbFile):
    """A notebook as pytest collects it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.skip_compare: tuple[str, ...] = tuple(set(self.skip_compare) - set(_PICTURES))

    def collect(self) -> Iterator[pytest.Item]:
        """Yield one check of the whole notebook, then one check a code cell."""
        try:
            notebook = nbformat.read(self.path, as_version=4)
        except Exception as error:
            raise self.CollectError(f"{self.path} is no notebook: {error}") from error
        self.compare_outputs, self.mode = _comparison(notebook, self.config)
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
        self.config.stash.setdefault(_modes, {})[self.nodeid] = self.mode
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
        pictures = [_pictures(output) for output in ref]
        return super().compare_outputs(
            [_named(*pair, trained) for pair in zip(test, pictures, strict=True)],
            [_named(*pair, trained) for pair in zip(ref, pictures, strict=True)],
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


@dataclass(frozen=True)
class _Picture:
    """A picture's format, the times of its frames in milliseconds, and their pixels."""

    kind: str
    durations: list[int]
    frames: list[np.ndarray]  # (H, W, 4), of bytes

    @classmethod
    def read(cls, encoded: str) -> _Picture:
        """Read a picture from its base64."""
        picture = Image.open(io.BytesIO(base64.b64decode(encoded)))
        durations, frames = [], []
        for frame in ImageSequence.Iterator(picture):
            durations.append(frame.info.get("duration", 0))
            frames.append(np.asarray(frame.convert("RGBA")))
        return cls(str(picture.format), durations, frames)

    def looks_like(self, other: _Picture) -> bool:
        """Say whether no pixel is further off than two neighbours of a colour map."""
        return (
            (self.kind, self.durations) == (other.kind, other.durations)
            and [frame.shape for frame in self.frames] == [frame.shape for frame in other.frames]
            and all(
                int(np.abs(mine.astype(int) - yours.astype(int)).max()) <= _ONE_COLOUR
                for mine, yours in zip(self.frames, other.frames, strict=True)
            )
        )

    @property
    def name(self) -> str:
        """Tell the picture by its format, size and pixels."""
        digest = hashlib.sha256(repr(self.durations).encode())
        for frame in self.frames:
            digest.update(frame.tobytes())
        height, width, _ = self.frames[0].shape
        return f"a {self.kind} of {width}x{height}, pixels {digest.hexdigest()[:16]}"


def _pictures(output: NotebookNode) -> list[_Picture]:
    """Read the pictures of an output, those embedded in HTML too, in their order."""
    found = []
    for kind, content in sorted(output.get("data", {}).items()):
        if kind in _PICTURES:
            found.append(_Picture.read(content))
        elif kind == "text/html":
            found += [_Picture.read(match[2]) for match in _EMBEDDED.finditer(content)]
    return found


def _named(output: NotebookNode, stored: list[_Picture], trained: bool) -> NotebookNode:
    """Copy an output with its pictures' names in place of their compressed bytes.

    A picture that looks like the stored one in its place has the stored one's name; a trained
    one has no name but its format, and a trained explorable no data.
    """
    if "data" not in output:
        return output
    places = iter(stored)

    def name(encoded: str) -> str:
        picture, place = _Picture.read(encoded), next(places, None)
        if trained:
            return f"a {picture.kind} of trained results"
        return place.name if place and picture.looks_like(place) else picture.name

    data = {}
    for kind, content in sorted(output["data"].items()):
        if kind in _PICTURES:
            content = name(content)
        elif kind == "text/html":
            content = _EMBEDDED.sub(lambda match: name(match[2]), content)
            content = _DATA.sub(r"\1\2", content) if trained else content
        data[kind] = content
    return nbformat.from_dict({**output, "data": data})


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

"""The net around the notebooks catches what it is there to catch."""

from __future__ import annotations

import copy
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tools.execute import run_notebook
from tools.kernels import clean_environment

ROOT = Path(__file__).resolve().parents[2]

BEGIN = """\
import base64, io
from IPython.display import HTML
from PIL import Image  # Matplotlib would take longer
from drawlib.claims import claim
from drawlib.explorable import _page_part

def moving(alt, colours, duration=100):
    file, frames = io.BytesIO(), [Image.new("RGB", (9, 9), colour) for colour in colours]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=duration)
    encoded = base64.b64encode(file.getvalue()).decode()
    return HTML(f'<img alt="{alt}" src="data:image/gif;base64,{encoded}">')

def live(data, script):
    return HTML(_page_part("scrubber", "it moves", b"", {"data": data}, {"long": str(data)})
                .replace('"use strict"', script))"""

# Every kind of output that a chapter has.
KINDS = {
    "seed": 'print("seed 0 · digits: MNIST (Keras cache)")',
    "loaded": 'print("digits: MNIST (Keras cache)")',
    "plain": 'print("exactly 12 bills")',
    "claims": 'claim("W1 is small", 0.031, at_most=0.05)\nclaim("steps", 1200, equals=1200)',
    "timed": 'print("took ≈ 3.2 s and reached ≈  0.31 nats")',
    "value": "2 + 2",
    "figure": 'display(Image.new("RGB", (9, 9), "red"))',
    "moving": 'moving("it blushes", ["white", "red"])',
    "trained": 'display(Image.new("RGB", (9, 9), "green"))',
    "trained-moving": 'moving("it pales", ["red", "white"])',
    "live": 'live([1, 2], "draw()")',
    "trained-live": 'live([3, 4], "play()")',
}
TRAINED = ("trained", "trained-moving", "trained-live")

Change = Callable[[NotebookNode], None]


def stored(old: str, new: str) -> Change:
    """Change what the notebook says was printed."""

    def change(cell: NotebookNode) -> None:
        [stream] = cell.outputs
        assert old in stream.text
        stream.text = stream.text.replace(old, new)

    return change


def source(old: str, new: str) -> Change:
    """Change the code, and not its stored output."""

    def change(cell: NotebookNode) -> None:
        assert old in cell.source
        cell.source = cell.source.replace(old, new)

    return change


def no_output(cell: NotebookNode) -> None:
    assert cell.outputs
    cell.outputs = []


def no_png(cell: NotebookNode) -> None:
    del cell.outputs[0].data["image/png"]


def text_moved(cell: NotebookNode) -> None:
    cell.outputs.append(new_output("stream", name="stdout", text="seen\n"))
    cell.source = 'print("seen")\n' + cell.source


@dataclass(frozen=True)
class Case:
    """One change to a cell that was good, and whether the cell's check must then fail."""

    name: str
    kind: str
    change: Change
    caught: bool

    @property
    def cell_id(self) -> str:
        return self.name.replace(" ", "-")


def may(name: str, kind: str, change: Change) -> Case:
    return Case(name, kind, change, caught=False)


def must_not(name: str, kind: str, change: Change) -> Case:
    return Case(name, kind, change, caught=True)


CASES = [
    *(may(f"untouched {kind}", kind, lambda cell: None) for kind in KINDS),
    may("measured digit", "claims", stored("0.031", "0.0299")),
    may("measured time", "timed", stored("3.2 s", "210 ms")),
    may("digits found elsewhere", "seed", stored("(Keras cache)", "(given path)")),
    may("digits downloaded", "loaded", stored("MNIST (", "not here\ndigits: MNIST (")),
    may("figure rounded elsewhere", "figure", source('"red"', "(252, 0, 0)")),
    may("animation rounded elsewhere", "moving", source('"red"])', "(255, 0, 4)])")),
    must_not("digits lost", "loaded", stored("digits", "letters")),
    may("trained figure changed", "trained", source("green", "blue")),
    may("trained animation", "trained-moving", source('"red",', '"red", "pink",')),
    may("trained explorable", "trained-live", source("[3, 4]", "[5, 6, 7]")),
    must_not("data of an explorable", "live", source("[1, 2]", "[1, 3]")),
    must_not("script of a trained explorable", "trained-live", source("play()", "stop()")),
    must_not("stored sentence", "claims", stored("W1 is small", "W1 is tiny")),
    must_not("stored bound", "claims", stored("0.05", "0.06")),
    must_not("bound loosened", "claims", source("0.05", "0.06")),
    must_not("false claim", "claims", source("0.031", "0.31")),
    must_not("infinite measure", "claims", stored("0.031", "inf")),
    must_not("stale output", "plain", source("12 bills", "13 bills")),
    must_not("stored number", "plain", stored("12", "13")),
    must_not("output deleted", "plain", no_output),
    must_not("raises", "plain", source("print(", "undefined(")),
    must_not("syntax error", "plain", source("print(", "= print(")),
    must_not("word after a number", "timed", stored("nats", "bits")),
    must_not("number that is none", "timed", stored("0.31", "nan")),
    must_not("other seed", "seed", stored("seed 0", "seed 1")),
    must_not("warns", "value", source("2 + 2", "import warnings; warnings.warn('x'); 2 + 2")),
    must_not("other value", "value", source("2 + 2", "2 + 3")),
    must_not("figure deleted", "figure", no_output),
    must_not("figure without its png", "figure", no_png),
    must_not("figure no longer drawn", "figure", source("display(", "str(")),
    must_not("figure changed", "figure", source('"red"', "(250, 0, 0)")),
    must_not("text before the figure", "figure", text_moved),
    must_not("trained figure deleted", "trained", no_output),
    must_not("trained figure not drawn", "trained", source("display(", "str(")),
    must_not("animation changed", "moving", source('"red"])', "(255, 0, 5)])")),
    must_not("animation slower", "moving", source('"red"])', '"red"], duration=200)')),
    must_not("alt of an animation", "trained-moving", source("it pales", "it fades")),
]  # fmt: skip


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> NotebookNode:
    """A notebook that was run, with one cell for each case."""
    notebook = new_notebook(metadata={"draw_book": {"data": "none"}})
    notebook.cells.append(new_code_cell(BEGIN, id="begin"))
    for case in CASES:
        tags = {"tags": ["trained-figure"]} if case.kind in TRAINED else {}
        notebook.cells.append(new_code_cell(KINDS[case.kind], id=case.cell_id, metadata=tags))
    folder = tmp_path_factory.mktemp("good")
    with clean_environment():
        run_notebook(notebook, folder / "good.ipynb", show_progress=False, root=folder)
    return notebook


@dataclass(frozen=True)
class Report:
    """What pytest said: its output, and for each notebook the checks that failed."""

    output: str
    failed: dict[str, set[str]]


def run_pytest(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on a folder's notebooks with the project's real conftest, settings and net."""
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    base = {name: value for name, value in os.environ.items() if name != "DRAWLIB_DATA"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", "--junitxml=report.xml", "--color=no", "."],
        cwd=folder,
        env={**base, "PYTHONPATH": str(ROOT), "KERAS_HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def check(folder: Path, notebooks: dict[str, NotebookNode], **environment: str) -> Report:
    """Write notebooks to a folder, and let pytest judge them."""
    for name, notebook in notebooks.items():
        nbformat.write(notebook, folder / f"{name}.ipynb")
    done = run_pytest(folder, **environment)
    assert (folder / "report.xml").exists(), done.stdout + done.stderr
    failed: dict[str, set[str]] = {name: set() for name in notebooks}
    seen = dict.fromkeys(notebooks, 0)
    for test in ET.parse(folder / "report.xml").iter("testcase"):
        name = test.attrib["classname"].removesuffix(".ipynb")
        seen[name] += 1
        if len(test):  # a failure or an error
            failed[name].add(test.attrib["name"])
    cells = {name: len(notebook.cells) for name, notebook in notebooks.items()}
    assert seen == {name: count + 1 for name, count in cells.items()}, done.stdout
    return Report(done.stdout, failed)


def find(notebook: NotebookNode, cell_id: str) -> NotebookNode:
    return next(cell for cell in notebook.cells if cell.id == cell_id)


def small(good: NotebookNode, *cell_ids: str) -> NotebookNode:
    """A notebook of the first cell and some others, run as well."""
    notebook = new_notebook(metadata=copy.deepcopy(good.metadata))
    notebook.cells = [copy.deepcopy(find(good, name)) for name in ("begin", *cell_ids)]
    for number, cell in enumerate(notebook.cells, start=1):
        cell.execution_count = number
    return notebook


@pytest.fixture(scope="module")
def report(good: NotebookNode, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """One run of pytest over the notebooks of most of the tests here."""
    changed = copy.deepcopy(good)
    for case in CASES:
        case.change(find(changed, case.cell_id))
    never_run = small(good, "stored-number")
    for cell in never_run.cells:
        cell.outputs, cell.execution_count = [], None
    out_of_order = small(good, "stored-number")
    out_of_order.cells[0].execution_count, out_of_order.cells[1].execution_count = 2, 1
    digits = small(good, "stored-number", "false-claim")
    digits.metadata["draw_book"]["data"] = "digits"
    stored("12", "13")(digits.cells[1])
    source("0.031", "0.31")(digits.cells[2])
    notebooks = {
        "changed": changed,
        "never_run": never_run,
        "out_of_order": out_of_order,
        "digits": digits,
    }
    return check(tmp_path_factory.mktemp("net"), notebooks)


@pytest.mark.parametrize("case", CASES, ids=[case.cell_id for case in CASES])
def test_change(case: Case, report: Report) -> None:
    number = CASES.index(case) + 1
    caught = f"Cell {number} ({case.cell_id})" in report.failed["changed"]
    assert caught is case.caught, report.output


def test_a_notebook_in_which_nothing_changed_passes(good: NotebookNode, tmp_path: Path) -> None:
    report = check(tmp_path, {"good": good})
    assert report.failed == {"good": set()}, report.output
    assert "good.ipynb: run, all outputs compared" in report.output


def test_never_run(report: Report) -> None:
    assert report.failed["never_run"] == {"run from top to bottom"}
    assert (
        "expected the stored execution count of cell begin to be 1; received None" in report.output
    )


def test_out_of_order(report: Report) -> None:
    assert report.failed["out_of_order"] == {"run from top to bottom"}


def test_without_mnist_outputs_are_not_compared_but_claims_are(report: Report) -> None:
    [failed] = report.failed["digits"]
    assert "(false-claim)" in failed


def test_the_summary_says_what_was_compared(report: Report) -> None:
    assert "changed.ipynb: run, all outputs compared" in report.output
    assert "digits.ipynb: run, claims checked; outputs not compared (digits: " in report.output


def test_a_report_names_notebook_and_cell(report: Report) -> None:
    number = [case.name for case in CASES].index("syntax error") + 1
    assert f"changed.ipynb::Cell {number} (syntax-error)" in report.output
    assert "SyntaxError" in report.output


def test_with_mnist_outputs_are_compared(good: NotebookNode, tmp_path: Path) -> None:
    notebook = small(good, "stored-number")
    notebook.metadata["draw_book"]["data"] = "digits"
    stored("12", "13")(notebook.cells[1])
    (tmp_path / "mnist.npz").write_bytes(b"stands for it: no cell reads it")
    report = check(tmp_path, {"digits": notebook}, DRAWLIB_DATA=str(tmp_path))
    assert "digits.ipynb: run, all outputs compared" in report.output
    assert report.failed["digits"] == {"Cell 1 (stored-number)"}


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.ipynb").write_text("{ this is no JSON", encoding="utf-8")
    done = run_pytest(tmp_path)
    assert done.returncode != 0
    assert "broken.ipynb is no notebook" in done.stdout
    assert "Traceback" not in done.stdout

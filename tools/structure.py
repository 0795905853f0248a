"""What every chapter owes its reader, as far as a program can see it: a list of problems."""

from __future__ import annotations

import ast
import base64
import copy
import re
import statistics
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import nbformat
from nbformat import NotebookNode

from tools.execute import normalise
from tools.project import ROOT, label
from tools.setup_cell import colab_link, setup_source

COSTS = {"under a minute": 60, "under two minutes": 120, "under five minutes": 300}  # seconds
TAGS = {"setup", "hide-input", "trained-figure"}
NOTEBOOK_BYTES, ANIMATION_BYTES = 1_500_000, 700_000
MEDIAN_LINES, MOST_LINES, MOST_SOLUTION_LINES = 8, 16, 20
SECTIONS = ("Summary", "Exercises", "References")

_MYST = re.compile(r"^\s*(?:```+|~~~+|:::+)\s*\{|\{[a-z][\w:-]*\}`|^\([\w-]+\)=\s*$", re.MULTILINE)
_MACHINE = re.compile(
    r"(?<![\w.])/(?:home|root|tmp|Users|work|opt|usr)/|\b[A-Z]:\\|file://|pypi|py\w+hosted|\.venv"
)
_LINK = re.compile(r"(!?)\[[^\]]*\]\(([^)\s]+)[^)]*\)")
_EMBEDDED = re.compile(r"data:image/[a-z]+;base64,([A-Za-z0-9+/=]+)")
_REMOTE_SOURCE = re.compile(r"(?:src|srcset)=[\"']?(?:https?:)?//|@import|url\(https?:", re.I)


def problems(path: Path, root: Path = ROOT) -> list[str]:
    """Look for what a notebook owes and does not have.

    Args:
        path: The notebook.
        root: The project's folder.

    Returns:
        One sentence a problem, each naming the cell; empty for a chapter as it should be.
    """
    notebook = nbformat.read(path, as_version=4)
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        return [f"the notebook is not valid: {error}"]
    found = [*_of_the_file(notebook, path, root)]
    for check in (_setup, _opening, _sections, _lengths, _solutions, _errata, _budget):
        found += check(notebook, label(path, root), root)
    for number, cell in enumerate(notebook.cells, start=1):
        found += [f"cell {number} ({cell.id}): {text}" for text in _of_a_cell(cell, path)]
    return found


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """List a notebook's code cells."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def is_solution(cell: NotebookNode) -> bool:
    """Say whether a cell holds the solution of an exercise."""
    return cell.source.startswith("#@title Solution")


def _tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def _lines(cell: NotebookNode) -> int:
    return sum(bool(line.strip()) for line in cell.source.splitlines())


def _of_the_file(notebook: NotebookNode, path: Path, root: Path) -> Iterator[str]:
    if (size := path.stat().st_size) > NOTEBOOK_BYTES:
        yield f"expected at most {NOTEBOOK_BYTES:,} bytes; received {size:,}"
    tidy = copy.deepcopy(notebook)
    normalise(tidy)
    if tidy != notebook:
        yield f"expected normalised metadata: run make execute CHAPTER={label(path, root)}"
    counts = [cell.execution_count for cell in code_cells(notebook)]
    if counts != list(range(1, len(counts) + 1)):
        yield f"expected execution counts 1 to {len(counts)} in order; received {counts}"


def _setup(notebook: NotebookNode, chapter: str, root: Path) -> Iterator[str]:
    tagged = [cell for cell in notebook.cells if "setup" in _tags(cell)]
    cells = code_cells(notebook)
    if len(tagged) != 1 or tagged[0] is not cells[0]:
        yield "expected the first code cell, and no other, to be tagged setup"
    elif tagged[0].source != setup_source(root):
        yield "expected the setup cell to be the generated one: run make execute"


def _opening(notebook: NotebookNode, chapter: str, root: Path) -> Iterator[str]:
    prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    if notebook.cells[0].cell_type != "markdown" or not prose[0].startswith("# "):
        yield "expected the first cell to begin with the chapter's title"
        return
    titles = sum(len(re.findall(r"^# ", text, re.MULTILINE)) for text in prose)
    if titles != 1:
        yield f"expected one title; received {titles}"
    if colab_link(chapter, root) not in prose[0]:
        yield f"expected the first cell to hold {colab_link(chapter, root)}"
    links = re.findall(r"colab\.research\.google\.com/github", "\n".join(prose))
    if len(links) > 1:
        yield f"expected one link to Colab, the chapter's own; received {len(links)}"
    cost = notebook.metadata["draw_book"].get("cost")
    if f"Runs in {cost} on two cores." not in prose[0]:
        yield f"expected the first cell to say: Runs in {cost} on two cores."


def _sections(notebook: NotebookNode, chapter: str, root: Path) -> Iterator[str]:
    headings = [
        heading
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for heading in re.findall(r"^## (.+)$", cell.source, re.MULTILINE)
    ]
    have = [name for heading in headings for name in SECTIONS if heading.startswith(name)]
    if have != [*SECTIONS]:
        yield f"expected the sections {', '.join(SECTIONS)} in this order; received {have}"
    # The heading of this one is free; its cell's id is not.
    tables = [
        cell
        for cell in notebook.cells
        if cell.id == "departures"
        and re.search(r"^\|(?:[^|\n]+\|){4}\s*$", cell.source, re.MULTILINE)
    ]
    if not tables:
        yield "expected a cell with id departures that holds a table of four columns"


def _lengths(notebook: NotebookNode, chapter: str, root: Path) -> Iterator[str]:
    cells = [cell for cell in code_cells(notebook) if "setup" not in _tags(cell)]
    if not cells:
        yield "expected code cells beside the setup cell; received none"
        return
    median = statistics.median(_lines(cell) for cell in cells)
    if median > MEDIAN_LINES:
        yield f"expected a median of at most {MEDIAN_LINES} lines a code cell; received {median:g}"
    for cell in cells:
        most = MOST_SOLUTION_LINES if is_solution(cell) else MOST_LINES
        if _lines(cell) > most:
            yield f"expected at most {most} lines in cell {cell.id}; received {_lines(cell)}"


def _solutions(notebook: NotebookNode, chapter: str, root: Path) -> Iterator[str]:
    solutions = [cell for cell in code_cells(notebook) if is_solution(cell)]
    if len(solutions) < 2:
        yield f"expected at least two exercises with solutions; received {len(solutions)}"
    for cell in code_cells(notebook):
        if is_solution(cell) != ("hide-input" in _tags(cell)):
            yield (
                f"expected cell {cell.id} to begin with '#@title Solution …' and to be tagged "
                "hide-input, or neither"
            )
    for cell in solutions:
        if not _ends_in_a_check(cell.source):
            yield f"expected solution {cell.id} to end in claim(…) or assert_allclose(…)"


def _ends_in_a_check(source: str) -> bool:
    try:
        last = ast.parse(source).body[-1]
    except (SyntaxError, IndexError):
        return False
    names = {node.id for node in ast.walk(last) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(last) if isinstance(node, ast.Attribute)}
    return "claim" in names or any(name.startswith("assert_") for name in names)


def _errata(notebook: NotebookNode, chapter: str, root: Path) -> Iterator[str]:
    for cell, following in zip(notebook.cells, [*notebook.cells[1:], None], strict=True):
        if cell.cell_type != "markdown" or "**Erratum**" not in cell.source:
            continue
        if not re.search(r"^> \*\*Erratum\*\* — \S", cell.source, re.MULTILINE):
            yield f"expected {cell.id} to begin its quote with '> **Erratum** — title.'"
        for part in ("**Source.**", "**True.**"):
            if part not in cell.source:
                yield f"expected erratum {cell.id} to hold {part}"
        if following is None or following.cell_type != "code":
            yield f"expected a code cell that shows the erratum right after {cell.id}"


def _budget(notebook: NotebookNode, chapter: str, root: Path) -> Iterator[str]:
    book = notebook.metadata["draw_book"]
    if book.get("cost") not in COSTS:
        yield f"expected the cost to be one of {', '.join(COSTS)}; received {book.get('cost')}"
    elif not isinstance(book.get("seconds"), int) or book["seconds"] >= COSTS[book["cost"]]:
        yield f"expected draw_book.seconds to be {book['cost']}; received {book.get('seconds')}"
    if book.get("data") not in ("none", "digits"):
        yield f"expected draw_book.data to be none or digits; received {book.get('data')}"


def _of_a_cell(cell: NotebookNode, path: Path) -> Iterator[str]:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", cell.id):
        yield f"expected an id of lower-case words with hyphens; received {cell.id!r}"
    if unknown := set(_tags(cell)) - TAGS:
        yield f"expected tags among {', '.join(sorted(TAGS))}; received {', '.join(unknown)}"
    if not cell.source.strip():
        yield "expected some content; received an empty cell"
    yield from _unwanted(cell.source)
    yield from (_of_prose if cell.cell_type == "markdown" else _of_code)(cell, path)


def _unwanted(text: str) -> Iterator[str]:
    if machine := _MACHINE.search(text):
        yield f"expected nothing that names this machine or a registry; received {machine[0]!r}"


def _of_prose(cell: NotebookNode, path: Path) -> Iterator[str]:
    if directive := _MYST.search(cell.source):
        yield f"expected plain Markdown, which Colab shows as well; received {directive[0]!r}"
    for image, target in _LINK.findall(cell.source):
        if re.match(r"(?:https?:)?//", target):
            if image:
                yield f"expected no picture from elsewhere; received {target}"
        elif not target.startswith(("#", "attachment:", "mailto:")):
            file = path.parent / unquote(target.partition("#")[0])
            if not file.exists():
                yield f"expected relative links to lead to a file; received {target}"


def _of_code(cell: NotebookNode, path: Path) -> Iterator[str]:
    if re.search(r"#\s*(?:NBVAL|PYTEST_VALIDATE)_", cell.source):
        yield "expected no comment that switches nbval's checks off"
    shows_figure = False
    for output in cell.outputs:
        if output.output_type == "error" or output.get("name") == "stderr":
            yield f"expected no {output.get('name') or output.ename} among the stored outputs"
        for kind, content in output.get("data", {}).items():
            shows_figure = shows_figure or kind.startswith("image/")
            if kind.startswith("text/"):
                yield from _of_output_text(content)
        yield from _unwanted(output.get("text", ""))
    alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
    if shows_figure and len(alt.split()) < 4:
        yield f"expected alternative text that says what the figure shows; received {alt!r}"
    if alt and not shows_figure:
        yield "expected a figure where there is alternative text; received none"
    if "trained-figure" in _tags(cell) and not shows_figure:
        yield "expected a figure in a cell tagged trained-figure; received none"


def _of_output_text(content: str) -> Iterator[str]:
    for encoded in _EMBEDDED.findall(content):
        if (size := len(base64.b64decode(encoded))) > ANIMATION_BYTES:
            yield f"expected an animation of at most {ANIMATION_BYTES:,} bytes; received {size:,}"
    text = _EMBEDDED.sub("", content)
    yield from _unwanted(text)
    if remote := _REMOTE_SOURCE.search(text):
        yield f"expected nothing fetched from elsewhere; received {remote[0]!r}"

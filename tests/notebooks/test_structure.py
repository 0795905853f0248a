"""Every chapter has what a chapter owes; and what it owes is noticed when it is missing."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from tools.execute import main as execute
from tools.new_chapter import create_chapter
from tools.project import ROOT, chapters, label
from tools.structure import problems


@pytest.mark.parametrize("path", chapters(), ids=label)
def test_chapter(path: Path) -> None:
    assert problems(path) == []


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of one chapter, begun from the template and run."""
    root = tmp_path_factory.mktemp("project")
    for name in ("pyproject.toml", "_toc.yml"):
        shutil.copy(ROOT / name, root / name)
    path = create_chapter("gan/my_chapter", root)
    assert execute([label(path, root)], root) == 0
    return root


def test_the_template_owes_nothing(project: Path) -> None:
    assert problems(project / "notebooks" / "gan" / "my_chapter.ipynb", project) == []


def cell(notebook: NotebookNode, cell_id: str) -> NotebookNode:
    return next(cell for cell in notebook.cells if cell.id == cell_id)


def edit(cell_id: str, old: str, new: str) -> Callable[[NotebookNode], None]:
    def change(notebook: NotebookNode) -> None:
        assert old in cell(notebook, cell_id).source
        cell(notebook, cell_id).source = cell(notebook, cell_id).source.replace(old, new)

    return change


def put(cell_id: str, **values: object) -> Callable[[NotebookNode], None]:
    return lambda notebook: cell(notebook, cell_id).update(nbformat.from_dict(values))


def drop(cell_id: str) -> Callable[[NotebookNode], None]:
    return lambda notebook: notebook.cells.remove(cell(notebook, cell_id))


def book(**values: object) -> Callable[[NotebookNode], None]:
    return lambda notebook: notebook.metadata["draw_book"].update(values)


def html(markup: str) -> list[dict]:
    return [{"output_type": "display_data", "data": {"text/html": markup}, "metadata": {}}]


HEAVY = base64.b64encode(bytes(700_001)).decode()
MISSING = {
    "execution count": (put("first-claim", execution_count=9), "execution counts 1 to 6"),
    "metadata": (put("picture", metadata={"collapsed": True}), "normalised metadata"),
    "generated id": (put("picture", id="0a1b2c3d"), "normalised metadata"),
    "id": (put("picture", id="Picture_1"), "an id of lower-case words"),
    "setup changed": (edit("setup", "SEED", "seed"), "the setup cell to be the generated one"),
    "setup untagged": (put("setup", metadata={}), "to be tagged setup"),
    "no title": (edit("title", "# My chapter", "My chapter"), "begin with the chapter's title"),
    "two titles": (edit("summary", "## Summary", "# Summary"), "expected one title; received 2"),
    "link": (edit("title", "my_chapter.ipynb", "other.ipynb"), "expected the first cell to hold"),
    "repository": (edit("title", "/github/", "/github/somebody/"), "first cell to hold [Open in"),
    "cost unsaid": (edit("title", "Runs in under", "Takes under"), "the first cell to say"),
    "cost unknown": (book(cost="a while"), "expected the cost to be one of"),
    "cost exceeded": (book(seconds=60), "draw_book.seconds to be under a minute; received 60"),
    "cost unmeasured": (book(seconds=None), "draw_book.seconds to be under a minute"),
    "data": (book(data="cats"), "draw_book.data to be none or digits"),
    "section": (edit("summary", "## Summary", "## In short"), "expected the sections"),
    "order": (edit("summary", "## Summary", "## Exercises"), "expected the sections"),
    "departures": (put("departures", id="differences"), "a cell with id departures"),
    "no table": (edit("departures", "|", "/"), "a table of four columns"),
    "long cell": (put("picture", source="x = 1\n" * 17), "at most 16 lines in cell picture"),
    "long solution": (
        put("solution-1", source="#@title Solution 1\n" + "x = 1\n" * 19 + "drawlib.claim(1)"),
        "at most 20 lines in cell solution-1",
    ),
    "one exercise": (drop("solution-2"), "at least two exercises"),
    "solution unfolded": (put("solution-1", metadata={}), "tagged hide-input, or neither"),
    "folded otherwise": (put("picture", metadata={"tags": ["hide-input"]}), "or neither"),
    "unchecked": (put("solution-1", source="#@title Solution 1\nclaim = 1\nprint(1)"), "to end in"),
    "erratum's form": (edit("erratum", "** — a", "**: a"), "to begin its quote with"),
    "erratum's truth": (edit("erratum", "**True.**", "True:"), "to hold **True.**"),
    "erratum unshown": (drop("erratum-shown"), "expected a code cell that shows the erratum"),
    "alt": (put("picture", metadata={}), "expected alternative text"),
    "short alt": (
        put("picture", metadata={"mystnb": {"image": {"alt": "A figure"}}}),
        "expected alternative text",
    ),
    "no figure": (put("picture", outputs=[]), "expected a figure where there is alternative text"),
    "trained": (put("first-claim", metadata={"tags": ["trained-figure"]}), "a figure in a cell"),
    "tag": (put("first-claim", metadata={"tags": ["nbval-skip"]}), "expected tags among"),
    "comment": (edit("first-claim", "drawlib", "# NBVAL_SKIP\ndrawlib"), "no comment that"),
    "empty": (put("first-seen", source="\n"), "received an empty cell"),
    "directive": (put("first-seen", source="```{note}\nSeen.\n```"), "expected plain Markdown"),
    "colon directive": (put("first-seen", source=":::{tip}\nx\n:::"), "expected plain Markdown"),
    "role": (put("first-seen", source="See {cite:p}`goodfellow`."), "expected plain Markdown"),
    "label": (put("first-seen", source="(a-label)=\n## Seen"), "expected plain Markdown"),
    "dead link": (put("first-seen", source="[next](gone.ipynb)"), "received gone.ipynb"),
    "remote picture": (
        put("first-seen", source="![x](https://example.com/x.png)"),
        "no picture from elsewhere",
    ),
    "machine's path": (edit("picture", "plt.show()", "open('/home/me/x')"), "names this machine"),
    "path printed": (
        put("picture", outputs=[{"output_type": "stream", "name": "stdout", "text": "/home/me/x"}]),
        "names this machine",
    ),
    "registry": (edit("first-seen", "What", "See pypi. What"), "names this machine"),
    "stderr": (
        put("picture", outputs=[{"output_type": "stream", "name": "stderr", "text": "warning"}]),
        "expected no stderr",
    ),
    "remote script": (
        put("picture", outputs=html('<script src="https://example.com/x.js"></script>')),
        "nothing fetched from elsewhere",
    ),
    "heavy animation": (
        put("picture", outputs=html(f'<img src="data:image/gif;base64,{HEAVY}">')),
        "an animation of at most 700,000 bytes; received 700,001",
    ),
    "heavy notebook": (put("first-seen", source="x" * 1_500_000), "at most 1,500,000 bytes"),
}  # fmt: skip


def changed(project: Path, folder: Path, change: Callable[[NotebookNode], None]) -> list[str]:
    """Change a copy of the good chapter, and look for problems in it."""
    path = Path("notebooks") / "gan" / "my_chapter.ipynb"
    notebook = nbformat.read(project / path, as_version=4)
    change(notebook)
    shutil.copy(project / "pyproject.toml", folder)
    (folder / path).parent.mkdir(parents=True)
    nbformat.write(notebook, folder / path)
    return problems(folder / path, folder)


@pytest.mark.parametrize("name", MISSING)
def test_what_is_missing_is_noticed(name: str, project: Path, tmp_path: Path) -> None:
    change, message = MISSING[name]
    found = changed(project, tmp_path, change)
    assert any(message in text for text in found), found


def test_a_long_median_is_noticed(project: Path, tmp_path: Path) -> None:
    def lengthen(notebook: NotebookNode) -> None:
        for name in ("picture", "first-claim", "erratum-shown"):
            cell(notebook, name).source = "x = 1\n" * 9

    found = changed(project, tmp_path, lengthen)
    assert "expected a median of at most 8 lines a code cell; received 9" in found

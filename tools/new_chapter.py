"""Begin a chapter with all that a chapter owes: ``make chapter NAME=gan/my_chapter``."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from drawlib.files import write_whole
from tools.execute import normalise, write_notebook
from tools.project import ROOT, label
from tools.setup_cell import colab_link, setup_source

_FIGURE = {"mystnb": {"image": {"alt": "A curve through four points, each higher than the last."}}}
_SOLUTION = {"tags": ["hide-input"]}

# Each cell: its id, its source, and a code cell's metadata (none: Markdown).
_CELLS: list[tuple[str, str, dict | None]] = [
    (
        "title",
        """\
# {title}

One sentence that promises what you can do at the end of this chapter.

**What you need to know.** Python and a little calculus.

Runs in under a minute on two cores.

{link}""",
        None,
    ),
    ("setup", "{setup}", {"tags": ["setup"]}),
    ("picture-first", "## What we build\n\nA picture first: what is seen here?", None),
    (
        "picture",
        """\
import matplotlib.pyplot as plt
import numpy as np

x = np.arange(4)
plt.plot(x, x**2)
plt.show()""",
        _FIGURE,
    ),
    (
        "first-idea",
        "## The first idea\n\nOne idea, then a question: what will the next cell print?",
        None,
    ),
    (
        "first-claim",
        'drawlib.claim("the squares of 0 to 3 add up", int((x**2).sum()), equals=14)',
        {},
    ),
    ("first-seen", "What was seen, in a sentence.", None),
    (
        "erratum",
        """\
> **Erratum** — a title of a few words.
> **Source.** What the source says.
> **True.** What is true.""",
        None,
    ),
    ("erratum-shown", 'drawlib.claim("2 + 2, counted", 2 + 2, equals=4)', {}),
    (
        "departures",
        """\
## Departures

| source | here | why | measured effect |
|---|---|---|---|
| what it does | what we do | the reason | the cell that measures it |""",
        None,
    ),
    ("summary", "## Summary\n\n- What we built.\n- What we learned from it.", None),
    (
        "exercises",
        "## Exercises\n\n**1.** Predict the sum of the squares of 0 to 4, then run it.",
        None,
    ),
    (
        "solution-1",
        """\
#@title Solution 1
drawlib.claim("the squares of 0 to 4 add up", sum(k**2 for k in range(5)), equals=30)""",
        _SOLUTION,
    ),
    ("exercise-2", "**2.** Which power of 2 is the first above 1,000?", None),
    (
        "solution-2",
        """\
#@title Solution 2
first = next(k for k in range(20) if 2**k > 1000)
drawlib.claim("the first power of 2 above 1,000", first, equals=10)""",
        _SOLUTION,
    ),
    ("references", "## References\n\n- Author (year). *Title*. Link, equation numbers.", None),
]


def create_chapter(name: str, root: Path = ROOT) -> Path:
    """Write a new notebook, and list it in the table of contents after the other chapters.

    Args:
        name: ``folder/chapter``, in lower case, for example ``gan/my_chapter``.
        root: The project's folder.

    Returns:
        The notebook's path.

    Raises:
        ValueError: If `name` is no such name, or the chapter exists. Nothing is changed then.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*/[a-z][a-z0-9_]*", name):
        raise ValueError(f"expected NAME to be folder/chapter in lower case; received {name!r}")
    path = root / "notebooks" / f"{name}.ipynb"
    chapter = label(path, root)
    if path.exists():
        raise ValueError(f"expected NAME to be a new chapter; received {name!r}: {chapter} exists")
    words = {
        "{title}": path.stem.replace("_", " ").capitalize(),
        "{link}": colab_link(chapter, root),
        "{setup}": setup_source(root),
    }
    notebook = new_notebook(metadata={"draw_book": {"cost": "under a minute", "data": "none"}})
    for cell_id, source, metadata in _CELLS:
        for place, text in words.items():
            source = source.replace(place, text)
        notebook.cells.append(
            new_markdown_cell(source, id=cell_id)
            if metadata is None
            else new_code_cell(source, id=cell_id, metadata=metadata)
        )
    normalise(notebook)
    contents = _with_entry(root / "_toc.yml", f"notebooks/{name}")
    write_notebook(notebook, path)
    write_whole(root / "_toc.yml", contents.encode())
    return path


def _with_entry(toc: Path, entry: str) -> str:
    """Return the table of contents with one more chapter, after the last one of its folder.

    The text is edited, not parsed and written, so that comments and order stay.
    """
    lines = toc.read_text(encoding="utf-8").splitlines()
    folder = entry.rpartition("/")[0]
    for prefix in (f"{folder}/", "notebooks/"):
        places = [k for k, line in enumerate(lines) if re.match(rf"\s*- file: {prefix}", line)]
        if places:
            last = places[-1]
            indent = lines[last][: lines[last].index("-")]
            lines.insert(last + 1, f"{indent}- file: {entry}")
            return "\n".join(lines) + "\n"
    raise ValueError("expected _toc.yml to list a notebook already; received none")


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Run the command.

    Returns:
        0, or 1 if there is something wrong with the name.
    """
    parser = argparse.ArgumentParser(prog="make chapter", description=__doc__)
    parser.add_argument("name", help="folder/chapter, for example gan/my_chapter")
    try:
        path = create_chapter(parser.parse_args(arguments).name, root)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    chapter = label(path, root)
    print(f"Wrote {chapter} and listed it in _toc.yml.")
    print(f"Edit it, then: make execute CHAPTER={chapter}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

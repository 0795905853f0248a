"""The chapters that the book lists, as the generated pages read them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Chapter:
    """A notebook that the table of contents lists.

    Attributes:
        path: Its path below the book's folder, for example ``notebooks/gan/x.ipynb``.
        notebook: Its content.
        part: The part of the book that it belongs to; empty in a book without parts.
    """

    path: str
    notebook: dict[str, Any]
    part: str = ""

    @property
    def title(self) -> str:
        """The text of the first heading."""
        for cell in self.notebook["cells"]:
            if cell["cell_type"] == "markdown":
                for line in text_of(cell["source"]).splitlines():
                    if line.startswith("# "):
                        return line[2:].strip()
        raise ValueError(f"expected {self.path} to begin with a title; received none")

    def cell_link(self, cell_id: str) -> str:
        """The target under which the book's pages know a cell."""
        return f"#{Path(self.path).stem}-cell-{cell_id}"


def read_contents(root: Path) -> list[tuple[str, list[str]]]:
    """Read ``_toc.yml``.

    Returns:
        The captions of the parts, each with the names of its pages, in order. The first is the
        cover's, without a caption.
    """
    contents = yaml.safe_load((root / "_toc.yml").read_text("utf-8"))
    parts = [(part.get("caption", ""), part) for part in contents.get("parts", [contents])]
    return [
        ("", [contents["root"]]),
        *((caption, list(_listed_files(part))) for caption, part in parts),
    ]


def read_chapters(root: Path) -> list[Chapter]:
    """Read the notebooks that ``_toc.yml`` lists, in its order.

    Raises:
        ValueError: If a listed notebook is missing or is no notebook.
    """
    chapters = []
    for part, names in read_contents(root):
        for name in names:
            if name.startswith("notebooks/"):
                chapters.append(
                    Chapter(f"{name}.ipynb", _read_notebook(root, f"{name}.ipynb"), part)
                )
    return chapters


def _read_notebook(root: Path, name: str) -> dict[str, Any]:
    try:
        return json.loads((root / name).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"expected {name} to be a notebook; received {error}") from error


def text_of(value: str | list[str]) -> str:
    """Join what a notebook stores as one string or as a list of lines."""
    return value if isinstance(value, str) else "".join(value)


def _listed_files(node: Any) -> Iterator[str]:
    """Yield every ``file:`` of a table of contents, in order."""
    if isinstance(node, dict):
        if isinstance(node.get("file"), str):
            yield node["file"]
        for value in node.values():
            yield from _listed_files(value)
    elif isinstance(node, list):
        for value in node:
            yield from _listed_files(value)

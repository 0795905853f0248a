"""The setup cell that every notebook begins with: one template, nowhere else."""

from __future__ import annotations

from pathlib import Path

from nbformat import NotebookNode

from tools.project import ROOT, repository

_TEMPLATE = """\
#@title Setup
import sys

if "google.colab" in sys.modules:
    %pip install --quiet --no-deps "draw-book @ git+https://github.com/{repository}"

import drawlib

SEED = drawlib.begin_chapter()"""


def setup_source(root: Path = ROOT) -> str:
    """Write the source of the setup cell for the configured repository."""
    return _TEMPLATE.format(repository=repository(root))


def colab_link(chapter: str, root: Path = ROOT) -> str:
    """Write the Markdown link that opens a chapter in Colab.

    Args:
        chapter: The notebook's path from the project's folder, with forward slashes.
        root: The project's folder.
    """
    address = "https://colab.research.google.com/github"
    return f"[Open in Colab]({address}/{repository(root)}/blob/main/{chapter})"


def update_setup_cell(notebook: NotebookNode, root: Path = ROOT) -> bool:
    """Bring the cell tagged ``setup`` up to date, in place.

    Returns:
        Whether the cell's source changed.
    """
    changed = False
    for cell in notebook.cells:
        if "setup" in cell.metadata.get("tags", []) and cell.source != setup_source(root):
            cell.source = setup_source(root)
            changed = True
    return changed

"""Sphinx extension: what a chapter's page has beyond its notebook.

A line below the title with the measured time, the link to Colab and the notebook itself;
claims and errata that stand out, and under how many seeds a claim held; folded cells under
their own titles; and an anchor on every code cell, ``cell-<id>``, for the pages of claims and
errata.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from itertools import groupby
from pathlib import Path
from typing import Any, cast

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.domains.std import StandardDomain

SEEDS = "book/generated/seeds.json"  # what tools/pages.py has written
COLAB = "https://colab.research.google.com/"
TITLE = "#@title"
ALIGNED = re.compile(r"\S {2,}\S")  # columns, which wrapping would tear apart


def read_notebook(app: Sphinx, docname: str) -> dict[str, Any] | None:
    """Return the notebook behind a page as its JSON, or None where it is no notebook."""
    path = Path(app.env.doc2path(docname))
    return json.loads(path.read_text("utf-8")) if path.suffix == ".ipynb" else None


def add_chapter_parts(app: Sphinx, doctree: nodes.document) -> None:
    """Give a chapter's page its line, its boxes and its anchors."""
    docname = app.env.docname
    notebook = read_notebook(app, docname)
    if notebook is None:
        return
    for node in doctree.findall(nodes.container):
        if node.get("nb_element") == "cell_code":
            cell = notebook["cells"][node["cell_index"]]
            anchor_cell(app, docname, node, cell)
            fold_cell(node, cell)
    held = read_seeds(app, docname)
    for block in list(doctree.findall(nodes.literal_block)):
        if block.parent.get("nb_element") == "cell_code_output":
            mark_claims(block, held)
    for quote in doctree.findall(nodes.block_quote):
        if quote.astext().startswith("Erratum"):
            quote["classes"].append("erratum")
    colab = take_colab_link(doctree)
    add_card(doctree, docname, notebook["metadata"].get("draw_book", {}), colab)


def anchor_cell(app: Sphinx, docname: str, node: nodes.container, cell: dict[str, Any]) -> None:
    """Let other pages link to a cell, as ``#<page>-cell-<id>``."""
    anchor = f"cell-{cell['id']}"
    node["ids"].append(anchor)
    label = f"{docname.rpartition('/')[2]}-{anchor}"
    labels = cast(StandardDomain, app.env.get_domain("std"))
    labels.labels[label] = (docname, anchor, label)
    labels.anonlabels[label] = (docname, anchor)


def fold_cell(node: nodes.container, cell: dict[str, Any]) -> None:
    """Fold the setup cell as well, and show each folded cell under its ``#@title``."""
    if "setup" in cell["metadata"].get("tags", []):
        node["hide_mode"] = "input"
    first_line = "".join(cell["source"]).partition("\n")[0]
    if node.get("hide_mode") and first_line.startswith(TITLE):
        title = first_line.removeprefix(TITLE).strip()
        node["prompt_show"] = node["prompt_hide"] = title


def read_seeds(app: Sphinx, docname: str) -> dict[str, Any]:
    """Read how a chapter's claims fared under many seeds; the page is made anew if that changes."""
    path = Path(app.srcdir, SEEDS)
    app.env.note_dependency(str(path))
    return json.loads(path.read_text("utf-8"))[docname]


def mark_claims(block: nodes.literal_block, held: dict[str, Any]) -> None:
    """Take the lines with a claim out of a printed output, to be set in their own style.

    Args:
        block: The output.
        held: The label of the chapter's table of claims (``page``), and by line under how
            many seeds a claim held (``claims``).
    """
    parts: list[nodes.Element] = []
    for is_claim, lines in groupby(block.astext().splitlines(), lambda line: line[:1] == "✓"):
        if not is_claim:
            part = block.copy()
            part.rawsource = text = "\n".join(lines)
            part.append(nodes.Text(text))
            if ALIGNED.search(text):
                part["classes"] = [*part["classes"], "aligned"]
        else:
            part = nodes.container(classes=["claims"])
            for line in lines:
                mark = nodes.inline("", "✓", classes=["claim-mark"])
                claim = nodes.paragraph("", "", mark, nodes.Text(line[1:].lstrip()))
                if line in held["claims"]:
                    words = nodes.inline("", f"{held['claims'][line]} seeds")
                    options = {"refdomain": "std", "reftype": "ref", "refexplicit": True}
                    link = pending_xref("", words, reftarget=held["page"], **options)
                    claim += [nodes.Text(" "), nodes.inline("", "", link, classes=["seeds-held"])]
                part.append(claim)
        parts.append(part)
    block.replace_self(parts)


def take_colab_link(doctree: nodes.document) -> str | None:
    """Remove the paragraph that holds nothing but the link to Colab, and return the link.

    Notebooks need it where they are read outside the book; here it stands in the line.
    """
    for paragraph in doctree.findall(nodes.paragraph):
        links = list(paragraph.findall(nodes.reference))
        if len(links) == 1 and links[0].astext() == paragraph.astext():
            target = links[0].get("refuri", "")
            if target.startswith(COLAB):
                paragraph.parent.remove(paragraph)
                return target
    return None


def add_card(
    doctree: nodes.document, docname: str, facts: dict[str, Any], colab: str | None
) -> None:
    """Add the line below the title."""
    parts = []
    if "seconds" in facts:
        parts.append(f"Runs in about {facts['seconds']:.0f} s on two cores")
    if colab:
        parts.append(f'<a href="{html.escape(colab)}">Open in Colab</a>')
    source = f"{'../' * docname.count('/')}_sources/{docname}.ipynb"
    parts.append(f'<a href="{html.escape(source)}" download>Download the notebook</a>')
    card = f'<p class="chapter-card">{" <span>·</span> ".join(parts)}</p>'
    for title in doctree.findall(nodes.title):
        title.parent.insert(title.parent.index(title) + 1, nodes.raw("", card, format="html"))
        return


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the extension."""
    # A change of these extensions changes what is made of every page: read them again.
    sources = sorted(Path(__file__).parent.glob("*.py"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    app.add_config_value("draw_book_extensions", digest, "env", str)
    app.connect("doctree-read", add_chapter_parts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""What Chromium's PDF lacks: bookmarks that say each heading once, and a lighter structure."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from pypdf import PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    NumberObject,
    TextStringObject,
)


def finish(path: Path) -> None:
    """Mend a PDF that Chromium has printed with an outline and tags, in its place."""
    logging.getLogger("pypdf").setLevel(logging.ERROR)  # Chromium miscounts its objects
    writer = PdfWriter(clone_from=path)
    mend_bookmarks(writer)
    lighten_structure(writer)
    writer.write(path)


def mend_bookmarks(writer: PdfWriter) -> None:
    """Say each heading once: Chromium says one twice that begins a page."""
    waiting: list[Any] = [writer.get_outline_root()]
    while waiting:
        item = waiting.pop()
        title = str(item.get("/Title", ""))
        half = title[: len(title) // 2]
        if half and title == 2 * half:
            item[NameObject("/Title")] = TextStringObject(half)
        waiting += [item[key] for key in ("/First", "/Next") if key in item]


def lighten_structure(writer: PdfWriter) -> None:
    """Let pieces of text belong to their paragraph itself.

    Each has an element around it that says nothing (``NonStruct``), an object of its own: a
    quarter of the bytes of a book full of code. The structure's parent tree (ISO 32000-1,
    14.7.4.4) lists for each page whose the pieces are; a piece is an integer there, its MCID.
    """
    root: Any = writer.root_object["/StructTreeRoot"]
    for entry in root["/ParentTree"]["/Nums"][1::2]:
        owners = entry.get_object()
        if not isinstance(owners, ArrayObject):
            continue  # of a link, not of a page
        for number, owner in enumerate(owners):
            if (parent := _take_out(owner)) is not None:
                owners[number] = parent
                writer._objects[owner.idnum - 1] = None


def _take_out(reference: IndirectObject) -> IndirectObject | None:
    """Put an element's one piece in its place, if it says nothing; return its parent."""
    element: Any = reference.get_object()
    upward = element.raw_get("/P")
    parent: Any = upward.get_object()
    piece, siblings = element["/K"], parent["/K"]
    if isinstance(piece, ArrayObject) and len(piece) == 1:
        piece = piece[0]
    if element["/S"] != "/NonStruct" or not isinstance(piece, NumberObject):
        return None
    if "/S" not in parent or not isinstance(siblings, ArrayObject):
        return None
    page = element.raw_get("/Pg")
    if "/Pg" not in parent:
        parent[NameObject("/Pg")] = page
    if parent.raw_get("/Pg") != page:  # then the piece has to name its page
        names = {"/Type": NameObject("/MCR"), "/Pg": page, "/MCID": piece}
        piece = DictionaryObject({NameObject(name): value for name, value in names.items()})
    siblings[siblings.index(reference)] = piece
    return upward

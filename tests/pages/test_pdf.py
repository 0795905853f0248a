"""The PDF: a few pages of the book, printed by Chromium."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from pypdf import PdfReader

from tests.pages.conftest import CHROMIUM
from tests.pages.project import Book
from tools.pdf import document, main, print_pdf

CHAPTER = "notebooks/draw/filterbanks"  # formulas, errata, solutions, an animation, an explorable
PARTS = [("", ["book/index"]), ("Begin", ["book/explore"]), ("A part", [CHAPTER])]


@pytest.fixture(scope="module")
def markup(book: Book) -> str:
    # What these pages cite and lead to is not among them: of such links the text stays.
    parts = [*PARTS, ("Behind", ["book/references"])]
    return document(book.html, parts)


@pytest.fixture(scope="module")
def pdf(markup: str, tmp_path_factory: pytest.TempPathFactory) -> PdfReader:
    if CHROMIUM is None:
        pytest.skip("no chromium here: nothing is printed")
    path = tmp_path_factory.mktemp("pdf") / "few.pdf"
    with ThreadPoolExecutor(1) as thread:  # in this one runs the browser of the other tests
        size = thread.submit(print_pdf, markup, path, CHROMIUM).result()
    assert size == path.stat().st_size < 4_000_000
    return PdfReader(path)


@pytest.fixture(scope="module")
def texts(pdf: PdfReader) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in pdf.pages]


def bookmarks(pdf: PdfReader, items: Any = None, depth: int = 0) -> Iterator[tuple[int, str, int]]:
    for item in pdf.outline if items is None else items:
        if isinstance(item, list):
            yield from bookmarks(pdf, item, depth + 1)
        else:
            yield depth, item.title, pdf.get_destination_page_number(item)


def test_the_bookmarks_are_parts_chapters_and_sections_in_order(
    pdf: PdfReader, texts: list[str]
) -> None:
    found = list(bookmarks(pdf))
    top = [title for depth, title, _ in found if depth == 0]
    assert top == ["Draw Book", "Contents", "Begin", "A part", "Behind"]
    below = [title for depth, title, _ in found if depth == 1]
    assert below[-3:] == ["Explore", "Filterbanks", "References"]
    sections = [title for depth, title, _ in found if depth == 2]
    assert sections[-3:] == ["Exercises", "References", "Solutions"]
    pages = [page for _, _, page in found]
    assert pages == sorted(pages)
    for _, title, page in found:
        assert " ".join(title.split()) in texts[page], title


def test_explorables_are_pictures_and_solutions_open_at_the_end(
    book: Book, markup: str, pdf: PdfReader, texts: list[str]
) -> None:
    soup = BeautifulSoup(markup, "html.parser")
    assert not soup.select("[data-explorable], details, picture, template, article script")
    assert "image/gif" not in markup
    window = soup.select_one("#page-book-explore img[src^='data:image/png']")
    assert window is not None
    place = {title: page for _, title, page in bookmarks(pdf)}
    assert len(pdf.pages[place["The window"]].images) >= 1
    text = " ".join(texts[place["Solutions"] :])
    notebook = json.loads((book.root / f"{CHAPTER}.ipynb").read_text("utf-8"))
    cells = ["".join(cell["source"]) for cell in notebook["cells"]]
    solutions = [cell.splitlines()[0] for cell in cells if cell.startswith("#@title Solution")]
    assert len(solutions) >= 2
    assert [text.index(title) for title in solutions] == sorted(map(text.index, solutions))
    last = max(k for k, cell in enumerate(cells) if cell.startswith("#@title Solution"))
    assert "".join(cells[last].split())[-30:] in "".join(text.split())


def test_links_lead_inside_it_or_out(pdf: PdfReader, texts: list[str]) -> None:
    inside, outside = 0, set()
    for page in pdf.pages:
        for reference in page.get("/Annots", []):
            link = reference.get_object()
            if "/Dest" in link:
                assert link["/Dest"] in pdf.named_destinations
                inside += 1
            else:
                outside.add(link["/A"]["/URI"])
    assert inside > 10
    assert any(url.startswith("https://arxiv.org") for url in outside)
    assert not any(url.startswith(("file:", "/")) for url in outside)
    numbers = [text.split()[-1] for text in texts]
    assert numbers == [str(k + 1) for k in range(len(numbers))]


def test_the_structure_owns_every_piece(pdf: PdfReader) -> None:
    """Pieces of text belong to who the parent tree says they belong to."""
    tree: Any = pdf.trailer["/Root"]["/StructTreeRoot"]
    pieces = single = 0
    for entry in tree["/ParentTree"]["/Nums"][1::2]:
        owners = entry.get_object()
        for number, owner in enumerate(owners if isinstance(owners, list) else []):
            kids = owner.get_object()["/K"]
            mine = [
                kid.get_object().get("/MCID") if hasattr(kid.get_object(), "get") else kid
                for kid in (kids if isinstance(kids, list) else [kids])
            ]
            assert number in mine
            pieces += 1
            single += owner.get_object()["/S"] == "/NonStruct" and len(mine) == 1
    assert pieces > 1000
    assert single < 0.2 * pieces  # Chromium's have two thirds, each an object that says nothing


def test_what_is_missing_is_said(
    book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (book.html / "book/reading.html").read_text("utf-8")
    broken = re.sub(r'href="claims\.html"', 'href="#nowhere"', page)
    assert broken != page
    (tmp_path / "book").mkdir()
    (tmp_path / "book/reading.html").write_text(broken, encoding="utf-8")
    with pytest.raises(ValueError, match=r"expected every link to lead .*--nowhere"):
        document(tmp_path, [("", ["book/reading"])])
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert main(tmp_path) == 1
    assert "expected Chromium to be installed" in capsys.readouterr().err
    monkeypatch.setattr("shutil.which", lambda name: "chromium")
    assert main(tmp_path) == 1
    assert "The book was not printed" in capsys.readouterr().err

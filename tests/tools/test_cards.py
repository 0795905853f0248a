"""A chapter's card: found in its metadata, or where these say nothing; and its small picture."""

from __future__ import annotations

import base64
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tests.tools.notebooks import FIGURE, PNG, chapter, code, markdown, printed, shown
from tools.cards import THUMBNAIL, Card, card_of, encode, thumbnail
from tools.chapters import Chapter
from tools.gallery_page import gallery_page

OTHER = encode(Image.new("RGB", (3, 2), "blue"), "png")


def of(*cells: dict, **facts: object) -> Chapter:
    made = chapter(*cells)
    made.notebook["metadata"] = {"draw_book": facts}
    return replace(made, part="A part")


def pictures() -> list[dict]:
    other = shown(png=base64.b64encode(OTHER).decode())
    return [
        code("first", FIGURE, mystnb={"image": {"alt": "the first"}}),
        code("second", printed("words"), other, mystnb={"image": {"alt": "the second"}}),
    ]


def test_the_metadata_name_picture_and_promise() -> None:
    card = card_of(of(*pictures(), cover="second", promise="One line.", seconds=7))
    assert card == Card(
        page="notebooks/gan/one",
        part="A part",
        title="One",
        promise="One line.",
        seconds=7,
        picture=OTHER,
        alt="the second",
    )
    assert card.name == "gan-one"


def test_without_metadata_it_is_the_first_picture_and_the_first_sentence() -> None:
    made = of(*pictures())
    source = "# One\n\nIt *shows*\n[a thing](x.ipynb). And `more`.\n\nElse."
    made.notebook["cells"][0] = markdown("title", source)
    card = card_of(made)
    assert (card.picture, card.alt, card.seconds) == (PNG, "the first", None)
    assert card.promise == "It shows a thing."


def test_a_cover_that_is_no_picture_is_named() -> None:
    words = code("words", printed("no picture"))
    for cover in ("words", "nowhere"):
        with pytest.raises(ValueError, match=f"draw_book.cover of .*one.ipynb .* '{cover}'"):
            card_of(of(*pictures(), words, cover=cover))


def test_a_small_picture_is_the_figure_on_white_paper_in_its_middle() -> None:
    figure = np.full((300, 700, 4), 255, np.uint8)
    figure[100:200, 50:650] = (0, 0, 200, 255)
    figure[:40] = 0  # transparent: paper as well
    small = thumbnail(encode(Image.fromarray(figure), "png"))
    seen = np.asarray(Image.open(io.BytesIO(small)).convert("RGB")).astype(int)
    assert seen.shape == (THUMBNAIL[1], THUMBNAIL[0], 3)
    ink = np.argwhere(seen[..., 0] < 128)
    (top, left), (bottom, right) = ink.min(0), ink.max(0)
    assert left == pytest.approx(12, abs=2)
    assert left + right == pytest.approx(THUMBNAIL[0], abs=3)
    assert top + bottom == pytest.approx(THUMBNAIL[1], abs=3)
    assert (right - left) / (bottom - top) == pytest.approx(6, rel=0.05)


def test_a_small_picture_is_light_whatever_it_shows() -> None:
    coarse = np.random.default_rng(0).integers(0, 256, (38, 70, 3), np.uint8)
    busy = Image.fromarray(coarse).resize(THUMBNAIL)
    assert len(encode(busy, "webp", quality=80)) > 20_000
    assert 5_000 < len(thumbnail(encode(busy, "png"))) <= 20_000
    assert thumbnail(PNG)


def test_the_gallery_has_the_parts_in_order_and_escapes() -> None:
    card = card_of(of(*pictures(), cover="first", promise="1 < 2.", seconds=51.6))
    cards = [card, card, replace(card, part="B", title='"A" & B', alt='an "alt"', seconds=None)]
    page = gallery_page(cards)
    assert page.count("<li>") == 3
    assert page.index("### A part") < page.index("### B")
    assert page.count("### ") == 2
    assert "<span>1 &lt; 2.</span><small>Runs in about 52 s</small>" in page
    assert 'alt="an &quot;alt&quot;"' in page
    assert '<a href="../notebooks/gan/one.html">&quot;A&quot; &amp; B</a>' in page
    assert "###" not in gallery_page([replace(card, part="")])

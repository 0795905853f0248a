"""What is shown where somebody shares a page's address: a picture with the title, and a line.

`book/_ext/draw_book_social.py` writes them into the pages' heads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten, wrap

import matplotlib
from PIL import Image, ImageDraw, ImageFont

from tools.cards import Card, encode, on_paper

SIZE = (1200, 630)  # pixels, as Open Graph wants it
BAND = 232  # of which the words take these, at the bottom
INK, MUTED, STRIPE = "#22272e", "#48566b", "#00639c"
BOOK_TITLE = "Draw Book"
BOOK_LINE = (
    "Generative models, rebuilt from scratch in TensorFlow, NumPy and Matplotlib, "
    "with every number checked by a program."
)
BOOK_ALT = "Figures from the chapters, side by side"


@dataclass(frozen=True)
class SocialCard:
    """A page's title, line and picture.

    Attributes:
        title: The page's title.
        line: One sentence.
        name: The picture's file name.
        image: A JPEG of the size `SIZE`.
        alt: What the picture shows.
    """

    title: str
    line: str
    name: str
    image: bytes
    alt: str

    @property
    def facts(self) -> dict[str, str]:
        """What the page's head says of it."""
        return {"title": self.title, "line": self.line, "image": self.name, "alt": self.alt}


def social_cards(cards: Sequence[Card]) -> dict[str, SocialCard]:
    """Make the pictures.

    Args:
        cards: The chapters' cards, in the book's order.

    Returns:
        One for each chapter, under its page's name; and one for all other pages, under "".
    """
    room = (SIZE[0], SIZE[1] - BAND)
    made = {"": _social_card(BOOK_TITLE, BOOK_LINE, "draw-book", _side_by_side(cards), BOOK_ALT)}
    for card in cards:
        figure = on_paper(card.picture, room)
        made[card.page] = _social_card(card.title, card.promise, card.name, figure, card.alt)
    return made


def _social_card(title: str, line: str, name: str, figure: Image.Image, alt: str) -> SocialCard:
    """Set the words below a figure."""
    sheet = Image.new("RGB", SIZE, "white")
    sheet.paste(figure, (0, 0))
    draw = ImageDraw.Draw(sheet)
    top = SIZE[1] - BAND
    draw.rectangle((0, top, SIZE[0], top + 5), fill=STRIPE)
    width = draw.textlength(title, _font("DejaVuSans-Bold", 54))
    size = 54 * min(1, 920 / width)
    draw.text((48, top + 86), title, INK, _font("DejaVuSans-Bold", size), anchor="ls")
    for k, text in enumerate(wrap(shorten(line, 130, placeholder=" …"), 66)[:2]):
        draw.text((48, top + 118 + 42 * k), text, MUTED, _font("DejaVuSans", 30))
    if title != BOOK_TITLE:
        name_of_book = _font("DejaVuSans-Bold", 26)
        draw.text((SIZE[0] - 48, top + 86), BOOK_TITLE, STRIPE, name_of_book, anchor="rs")
    return SocialCard(title, line, f"{name}.jpg", encode(sheet, "jpeg", quality=82), alt)


def _side_by_side(cards: Sequence[Card]) -> Image.Image:
    """Lay up to six chapters' figures out in two rows."""
    sheet = Image.new("RGB", (SIZE[0], SIZE[1] - BAND), "white")
    cell = (SIZE[0] // 3, (SIZE[1] - BAND) // 2)
    for k, card in enumerate(cards[:6]):
        sheet.paste(on_paper(card.picture, cell), (k % 3 * cell[0], k // 3 * cell[1]))
    return sheet


def _font(name: str, size: float) -> ImageFont.FreeTypeFont:
    """Load a font that Matplotlib carries, so that the pictures are the same everywhere."""
    return ImageFont.truetype(
        Path(matplotlib.get_data_path(), "fonts", "ttf", f"{name}.ttf").as_posix(), size
    )

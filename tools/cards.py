"""A chapter's card: the picture, the title and the line that stand for it elsewhere.

The notebook's metadata name both: ``draw_book.cover`` the cell whose picture it is,
``draw_book.promise`` the line. Without the first it is the picture that `find_picture` finds,
without the second the first sentence of the chapter.
"""

from __future__ import annotations

import base64
import io
import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from PIL import Image, ImageChops

from tools.chapters import Chapter, text_of
from tools.cover_page import find_picture

THUMBNAIL = (560, 304)  # pixels: twice what a card is wide, for sharp screens
THUMBNAIL_BYTES = 20_000
MARGIN = 12


@dataclass(frozen=True)
class Card:
    """What stands for a chapter on the cover and where somebody shares its page.

    Attributes:
        page: The page below the book's folder, without ``.html``.
        part: The part of the book.
        title: The chapter's title.
        promise: One line on what happens in it.
        seconds: The measured time, or None.
        picture: A PNG from its own outputs.
        alt: What the picture shows.
    """

    page: str
    part: str
    title: str
    promise: str
    seconds: int | None
    picture: bytes
    alt: str

    @property
    def name(self) -> str:
        """The name of the card's files, as ``gan-counterfeit_money``."""
        return "-".join(PurePosixPath(self.page).parts[1:])


def card_of(chapter: Chapter) -> Card:
    """Collect a chapter's card.

    Raises:
        ValueError: If the chapter shows no picture, or none in the cell that it names.
    """
    facts = chapter.notebook["metadata"].get("draw_book", {})
    picture, alt = _picture(chapter, facts.get("cover"))
    return Card(
        page=chapter.path.removesuffix(".ipynb"),
        part=chapter.part,
        title=chapter.title,
        promise=facts.get("promise") or _first_sentence(chapter),
        seconds=facts.get("seconds"),
        picture=picture,
        alt=alt,
    )


def thumbnail(picture: bytes) -> bytes:
    """Make a card's small picture: all of the figure, on white, without its own margins.

    Returns:
        A WebP of the size `THUMBNAIL`, as good as `THUMBNAIL_BYTES` allow.
    """
    paper = on_paper(picture, THUMBNAIL)
    for quality in (80, 60, 40, 20):
        small = encode(paper, "webp", quality=quality, method=6)
        if len(small) <= THUMBNAIL_BYTES:
            break
    return small


def on_paper(picture: bytes, size: tuple[int, int]) -> Image.Image:
    """Fit a figure into a white sheet, cut to what is not white."""
    figure = Image.open(io.BytesIO(picture)).convert("RGBA")
    sheet = Image.new("RGBA", figure.size, "white")
    sheet.alpha_composite(figure)
    figure = sheet.convert("RGB")
    ink = ImageChops.difference(figure, Image.new("RGB", figure.size, "white")).getbbox()
    figure = figure.crop(ink)
    room = (size[0] - 2 * MARGIN, size[1] - 2 * MARGIN)
    scale = min(room[0] / figure.width, room[1] / figure.height)
    fitted = (max(1, round(figure.width * scale)), max(1, round(figure.height * scale)))
    figure = figure.resize(fitted, Image.Resampling.LANCZOS)
    paper = Image.new("RGB", size, "white")
    paper.paste(figure, ((size[0] - fitted[0]) // 2, (size[1] - fitted[1]) // 2))
    return paper


def encode(image: Image.Image, kind: str, **options: int) -> bytes:
    """Encode a picture."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _picture(chapter: Chapter, cover: str | None) -> tuple[bytes, str]:
    if cover is None:
        _, picture, alt = find_picture(chapter)
        return picture, alt
    for cell in chapter.notebook["cells"]:
        for output in cell.get("outputs", []) if cell["id"] == cover else []:
            if "image/png" in output.get("data", {}):
                alt = cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "")
                return base64.b64decode(text_of(output["data"]["image/png"])), alt
    raise ValueError(
        f"expected draw_book.cover of {chapter.path} to be the id of a cell that shows a "
        f"picture; received {cover!r}"
    )


def _first_sentence(chapter: Chapter) -> str:
    """Read the first sentence below the title, without its markup."""
    opening = text_of(chapter.notebook["cells"][0]["source"])
    paragraphs = [text for text in opening.split("\n\n") if not text.startswith("# ")]
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(paragraphs[:1]))
    text = re.sub(r"\*\*?|`", "", " ".join(text.split()))
    return re.split(r"(?<=[.!?])\s", text)[0]

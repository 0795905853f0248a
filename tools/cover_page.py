"""The cover's picture: what the first chapter names, or its first animation or figure."""

from __future__ import annotations

import base64
import html
from html.parser import HTMLParser

from tools.chapters import Chapter, text_of


def find_picture(chapter: Chapter) -> tuple[bytes | None, bytes, str]:
    """Find the picture for the cover: the first animation, or else the first figure.

    Where the notebook's metadata name a cell as ``draw_book.cover``, it is that cell's.

    Returns:
        The animation's GIF (None for a figure), the still PNG and the alternative text.

    Raises:
        ValueError: If the chapter shows no picture.
    """
    figure = None
    named = chapter.notebook.get("metadata", {}).get("draw_book", {}).get("cover")
    cells = chapter.notebook["cells"]
    for cell in [cell for cell in cells if cell["id"] == named] if named else cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/png" not in data:
                continue
            still = base64.b64decode(text_of(data["image/png"]))
            alt = cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "")
            animation = _AnimationParser.gif(text_of(data.get("text/html", "")))
            if animation is not None:
                gif, alt = animation
                return gif, still, alt
            figure = figure or (None, still, alt)
    if figure is None:
        raise ValueError(f"expected {chapter.path} to show a picture; received none")
    return figure


def cover_page(gif: bool, alt: str) -> str:
    """Write the HTML that shows the cover's picture; its files lie among the static ones."""
    still = "../_static/cover-still.png"
    moving = "../_static/cover.gif" if gif else still
    return (
        f'<picture class="cover"><source media="(prefers-reduced-motion: reduce)" '
        f'srcset="{still}"><img src="{moving}" alt="{html.escape(alt)}"></picture>\n'
    )


class _AnimationParser(HTMLParser):
    """Takes the GIF and its alternative text out of what an `Animation` displays."""

    def __init__(self) -> None:
        super().__init__()
        self.found: tuple[bytes, str] | None = None

    @classmethod
    def gif(cls, markup: str) -> tuple[bytes, str] | None:
        parser = cls()
        parser.feed(markup)
        return parser.found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        prefix, _, data = (values.get("src") or "").partition(",")
        if tag == "img" and prefix == "data:image/gif;base64":
            self.found = base64.b64decode(data), values.get("alt") or ""

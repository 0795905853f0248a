"""The gallery on the cover: a card a chapter, under the book's parts."""

from __future__ import annotations

import html
from collections.abc import Sequence
from itertools import groupby

from tools.cards import THUMBNAIL, Card


def gallery_page(cards: Sequence[Card]) -> str:
    """Write the gallery as Markdown: a heading a part, a list of cards below it.

    Args:
        cards: The chapters' cards, in the book's order.
    """
    lines = []
    for part, members in groupby(cards, lambda card: card.part):
        lines += [f"### {part}", ""] if part else []
        lines += ['<ul class="gallery">', *map(_item, members), "</ul>", ""]
    return "\n".join(lines)


def _item(card: Card) -> str:
    """Write a card; the link is on its title alone, and the style spreads it over the card."""
    width, height = THUMBNAIL
    time = "" if card.seconds is None else f"<small>Runs in about {card.seconds:.0f} s</small>"
    return (
        f'<li><picture><img src="../_static/cards/{card.name}.webp" width="{width}" '
        f'height="{height}" alt="{html.escape(card.alt)}"></picture>'
        f'<a href="../{card.page}.html">{html.escape(card.title)}</a>'
        f"<span>{html.escape(card.promise)}</span>{time}</li>"
    )

"""Sphinx extension: what a page says of itself to a site where its address is shared.

Open Graph's tags, which Twitter's readers and others know as well. The words and pictures are
those that `tools/social_cards.py` has made. A picture has to be named by its whole address:
without ``html: baseurl`` in the settings the pages name none.
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

CARDS = "book/generated/social.json"
FOLDER = "_static/social"

_MARKUP = re.compile(r"<[^>]+>")


def read_cards(app: Sphinx, config: Config) -> None:
    """Read what was made before the build."""
    path = Path(app.srcdir, CARDS)
    cards = json.loads(path.read_text("utf-8")) if path.exists() else {}
    config.draw_book_social_cards = cards


def tags(name: str, title: str, cards: dict[str, dict[str, str]], base: str) -> str:
    """Write a page's tags.

    Args:
        name: The page's name, without ``.html``.
        title: Its title, for a page without a card of its own.
        cards: The cards by the pages' names; that of all other pages under "".
        base: The book's address, or an empty string.
    """
    card = cards.get(name) or cards[""] | {"title": title}
    facts = {
        "og:type": "article" if name in cards else "website",
        "og:site_name": cards[""]["title"],
        "og:title": card["title"],
        "og:description": card["line"],
    }
    named = {"description": card["line"], "twitter:card": "summary_large_image"}
    if base:
        base = base.rstrip("/")
        facts["og:url"] = f"{base}/{name}.html"
        facts["og:image"] = f"{base}/{FOLDER}/{card['image']}"
        facts["og:image:alt"] = card["alt"]
        facts |= {"og:image:width": "1200", "og:image:height": "630"}
    lines = [f'<meta property="{key}" content="{html.escape(facts[key])}" />' for key in facts]
    lines += [f'<meta name="{key}" content="{html.escape(named[key])}" />' for key in named]
    return "\n".join(lines) + "\n"


def add_tags(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Add the tags to a page's head."""
    cards = app.config.draw_book_social_cards
    if doctree is not None and "" in cards:
        title = html.unescape(_MARKUP.sub("", context["title"]))
        base = app.config.html_baseurl or ""
        context["metatags"] = context.get("metatags", "") + tags(pagename, title, cards, base)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the extension."""
    app.add_config_value("draw_book_social_cards", {}, "html")
    app.connect("config-inited", read_cards)
    app.connect("html-page-context", add_tags)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

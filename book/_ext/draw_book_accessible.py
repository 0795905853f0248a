"""Sphinx extension: what the theme's markup tells a screen reader is made right.

Each is a finding of axe, an accessibility checker, which a test runs on every page.
"""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

MENDED = [
    # A label takes the place of the words that are seen: of "Search Ctrl+K" …
    (re.compile(r'(<button class="btn search-button-field[^>]*) aria-label="[^"]*"'), r"\1"),
    # … and of a folded cell's title.
    (re.compile(r'<summary aria-label="[^"]*">'), "<summary>"),
    # The book's name and the search are in no landmark.
    (
        re.compile(r'<div class="bd-sidebar-primary bd-sidebar'),
        '<div role="navigation" aria-label="Book" class="bd-sidebar-primary bd-sidebar',
    ),
    # A list must not hold the links that lie between its items; and the role is deprecated.
    (re.compile(r'<div role="list" class="citation-list">'), '<div class="citation-list">'),
    (re.compile(r'(<div class="citation"[^>]*) role="doc-biblioentry"'), r"\1"),
]


def mend(markup: str) -> str:
    """Replace what is wrong in a page's markup."""
    for wrong, right in MENDED:
        markup = wrong.sub(right, markup)
    return markup


def offer_mend(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Give the template the function."""
    context["accessible"] = mend


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the extension."""
    app.connect("html-page-context", offer_mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

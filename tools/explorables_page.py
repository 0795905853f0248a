"""The explorables for the gallery: taken out of the chapters' stored outputs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tools.chapters import Chapter, text_of

_KIND = re.compile(r'<div class="drawlib-explorable" data-explorable="([a-z0-9-]+)"')


def find_explorables(chapters: Sequence[Chapter]) -> dict[str, str]:
    """Find the first explorable of each kind.

    Args:
        chapters: The chapters, in the order in which they are searched.

    Returns:
        The HTML of each, under its kind.
    """
    found: dict[str, str] = {}
    for chapter in chapters:
        for cell in chapter.notebook["cells"]:
            for output in cell.get("outputs", []):
                markup = text_of(output.get("data", {}).get("text/html", ""))
                if kind := _KIND.match(markup):
                    found.setdefault(kind[1], markup)
    return found

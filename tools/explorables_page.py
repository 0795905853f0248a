"""The explorables for the gallery: those that chapters store, and one too heavy for a chapter."""

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


def make_explorables() -> dict[str, str]:
    """Make those that no chapter stores: the dream machine is more than half of a notebook.

    Returns:
        The HTML of each, under its kind.
    """
    from drawlib.chapter import import_tensorflow_quietly

    import_tensorflow_quietly()  # the package needs it, as does the reference, later
    from drawlib.dream_machine import dream_machine

    return {"dream-machine": dream_machine().html}

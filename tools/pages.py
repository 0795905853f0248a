"""Write what is generated: errata, claims, the API's modules, the cover, cards, explorables.

Run ``python -m tools.pages`` before the book is built. Everything comes from the stored
notebooks and goes to ``book/generated``, which git does not keep; only the README's picture,
``book/_static/cover.png``, is kept, because GitHub shows it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from drawlib.files import write_whole
from tools.cards import card_of, thumbnail
from tools.chapters import read_chapters
from tools.claims_page import anchor, claims_page, seeds_held
from tools.cover_page import cover_page, find_picture
from tools.errata_page import errata_page
from tools.explorables_page import find_explorables, make_explorables
from tools.gallery_page import gallery_page
from tools.social_cards import social_cards
from tools.sweep_results import read_results

NONE: Mapping[str, str] = MappingProxyType({})


def write_pages(root: Path, made: Mapping[str, str] = NONE) -> None:
    """Write all generated pages of the book in the folder `root`.

    Args:
        root: The folder.
        made: Explorables beside those that the chapters store, by their kinds.

    Raises:
        ValueError: If there is no chapter, or one from which nothing can be made.
    """
    chapters = read_chapters(root)
    if not chapters:
        raise ValueError("expected _toc.yml to list a chapter below notebooks/; received none")
    swept = read_results(root / "book" / "claims.json")
    gif, still, alt = find_picture(chapters[0])
    cards = [card_of(chapter) for chapter in chapters]

    generated = root / "book" / "generated"
    _write(generated / "errata.md", errata_page(chapters).encode())
    _write(generated / "claims.md", claims_page(chapters, swept).encode())
    held = {
        chapter.path.removesuffix(".ipynb"): {
            "page": anchor(chapter),
            "claims": seeds_held(chapter, swept),
        }
        for chapter in chapters
    }
    _write(generated / "seeds.json", json.dumps(held, ensure_ascii=False, indent=1).encode())
    _write(generated / "api.md", api_page(root / "drawlib").encode())
    _write(generated / "cover.html", cover_page(gif is not None, alt).encode())
    _write(generated / "static" / "cover-still.png", still)
    if gif is not None:
        _write(generated / "static" / "cover.gif", gif)
    _write(root / "book" / "_static" / "cover.png", still)
    _write(generated / "gallery.md", gallery_page(cards).encode())
    for card in cards:
        _write(generated / "static" / "cards" / f"{card.name}.webp", thumbnail(card.picture))
    social = social_cards(cards)
    facts = {page: card.facts for page, card in social.items()}
    _write(generated / "social.json", json.dumps(facts, ensure_ascii=False, indent=1).encode())
    for picture in social.values():
        _write(generated / "static" / "social" / picture.name, picture.image)
    for kind, markup in {**made, **find_explorables(chapters)}.items():
        _write(generated / "explorables" / f"{kind}.html", markup.encode())


def api_page(package: Path) -> str:
    """Write one section a module of the package, for Sphinx to fill from the docstrings."""
    lines = []
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        if any(part.startswith("_") for part in parts):
            continue
        name = ".".join(parts)
        lines += [
            f"## `{name}`",
            "",
            "```{eval-rst}",
            f".. automodule:: {name}",
            "   :members:",
            "```",
            "",
        ]
    return "\n".join(lines)


def _write(path: Path, content: bytes) -> None:
    """Write a file, but only if that changes it: the next build then reads nothing twice."""
    if path.exists() and path.read_bytes() == content:
        return
    write_whole(path, content)


def main() -> int:
    """Write the pages; on an error say which notebook is to be mended."""
    try:
        write_pages(Path.cwd(), make_explorables())
    except ValueError as error:
        print(f"tools.pages: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

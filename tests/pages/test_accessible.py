"""What axe, the accessibility checker, finds on every page of the book."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe

from tests.pages.project import Book

# The coloured words of listings are thousands of elements, and would take most of the time.
# Formulas stay as they are written, for the same reason.
EMPTY_LISTINGS = "document.querySelectorAll('.highlight pre').forEach(pre => pre.replaceChildren())"
# A colour on its way from one theme to the other is not the colour that is read.
STILL = "* { transition: none !important }"
ONLY_FINDINGS = {"resultTypes": ["violations"]}


def test_axe_finds_nothing_on_any_page(book: Book, browser: Any) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.route("**/mathjax/**", lambda route: route.abort())
    found, dark = {}, {"book/index", "book/explore"}
    for name in book.pages:
        if name == "index":
            continue  # it only leads to the cover
        page = context.new_page()
        page.emulate_media(color_scheme="dark" if name in dark else "light")
        page.goto((book.html / f"{name}.html").as_uri())
        page.evaluate(EMPTY_LISTINGS)
        page.add_style_tag(content=STILL)
        for violation in Axe().run(page, options=ONLY_FINDINGS).response["violations"]:
            where = violation["nodes"][0]["html"][:200]
            found[name, violation["id"]] = f"{violation['impact']}: {where}"
        page.close()
    context.close()
    assert found == {}

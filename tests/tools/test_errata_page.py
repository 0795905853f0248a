"""The page of errata, on small notebooks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.notebooks import ERRATUM, chapter, code, markdown
from tools.errata_page import errata_page, find_errata


def test_errata_are_found_with_the_cell_that_shows_them() -> None:
    [erratum] = find_errata(chapter(markdown("e", f"Before.\n\n{ERRATUM}"), code("proof")))
    assert erratum.title == "The sort that returns nothing"
    assert erratum.source == "The listing feeds `x.sort()`.\nIt says so twice."
    assert erratum.true == (
        "It is `None`; see [the other](/notebooks/gan/two.ipynb) and [there](https://x.org)."
    )
    assert erratum.cell_id == "proof"


def test_other_blockquotes_are_no_errata() -> None:
    assert find_errata(chapter(markdown("e", "> A quotation.\n\nText."), code("c"))) == []


@pytest.mark.parametrize(
    "quote", ["> **Erratum** — No parts.", ERRATUM.replace("**True.**", "**Right.**")]
)
def test_an_erratum_in_another_form_is_refused(quote: str) -> None:
    with pytest.raises(
        ValueError, match=r"expected the erratum in notebooks/gan/one\.ipynb, cell e"
    ):
        find_errata(chapter(markdown("e", quote), code("c")))


@pytest.mark.parametrize("following", [[], [markdown("m", "Text.")]])
def test_an_erratum_without_its_cell_is_refused(following: list[dict[str, Any]]) -> None:
    with pytest.raises(ValueError, match="followed by the code cell"):
        find_errata(chapter(markdown("e", ERRATUM), *following))


def test_the_page_of_errata_links_to_the_cell() -> None:
    page = errata_page([chapter(markdown("e", ERRATUM), code("proof"))])
    assert page.startswith("## One\n\n### The sort that returns nothing\n")
    assert "(#one-cell-proof)" in page
    assert errata_page([chapter(code("c"))]) == ""

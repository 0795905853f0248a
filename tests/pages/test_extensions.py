"""What the book's own Sphinx extensions do, in their smallest pieces."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.errors import ExtensionError

from tests.pages.project import ROOT


@pytest.fixture(scope="module", autouse=True)
def _extensions() -> Iterator[None]:
    folder = str(ROOT / "book" / "_ext")
    sys.path.insert(0, folder)
    yield
    sys.path.remove(folder)


@pytest.mark.parametrize(
    ("line", "escaped"),
    [
        ("x: Shape (*lead, M, 1).", r"x: Shape (\*lead, M, 1)."),
        ("The distance |a - b|.", r"The distance \|a - b\|."),
        ("A name with a bar_ after it.", r"A name with a bar\_ after it."),
        ("p_data and F_x stay.", "p_data and F_x stay."),
        ("``2**32``, `*args` and *lead", r"``2**32``, `*args` and \*lead"),
        (":math:`a_{(i)} |b|` is math", ":math:`a_{(i)} |b|` is math"),
    ],
)
def test_stars_and_bars_of_a_docstring_are_no_markup(line: str, escaped: str) -> None:
    from draw_book_api import escape_markup

    assert escape_markup([line]) == [escaped]


@pytest.mark.parametrize(
    "block",
    [
        [".. math:: |a_{(i)} - b_{(i)}|"],
        [".. math::", "", "    |a_{(i)}|", "", "    *b*"],
        ["As it was::", "", "    a * b | c_"],
        [">>> f(*shape)", "'a | b'"],
    ],
)
def test_what_is_literal_stays(block: list[str]) -> None:
    from draw_book_api import escape_markup

    assert escape_markup([*block, "", "after |x|"]) == [*block, "", r"after \|x\|"]


def test_claims_are_taken_out_of_what_a_cell_prints() -> None:
    from draw_book_chapters import mark_claims

    text = "seed 0\n✓ a: 1 (equals 1)\n✓ b: 2 (at least 1)\n≈ 3.2 s\n"
    block = nodes.literal_block(text, text, classes=["output"], language="none")
    output = nodes.container("", block)
    held = {"page": "claims-x", "claims": {"✓ b: 2 (at least 1)": "19 of 20"}}
    mark_claims(block, held)
    before, claims, after = output.children
    assert (before.astext(), after.astext()) == ("seed 0", "≈ 3.2 s")
    assert before["classes"] == after["classes"] == ["output"]
    assert claims["classes"] == ["claims"]
    assert [claim.astext() for claim in claims.children] == [
        "✓a: 1 (equals 1)",
        "✓b: 2 (at least 1) 19 of 20 seeds",
    ]
    [link] = claims.findall(pending_xref)
    assert link["reftarget"] == "claims-x"


@pytest.mark.parametrize(
    ("text", "classes"),
    [("mu/w  (256, 10)  mu", ["output", "aligned"]), ("one, two and three", ["output"])],
)
def test_columns_are_told_from_sentences(text: str, classes: list[str]) -> None:
    from draw_book_chapters import mark_claims

    block = nodes.literal_block(text, text, classes=["output"], language="none")
    output = nodes.container("", block)
    mark_claims(block, {"page": "claims-x", "claims": {}})
    assert output.children[0]["classes"] == classes
    assert block["classes"] == ["output"]


def test_without_mathjax_the_build_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    import draw_book_offline

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ExtensionError, match="expected sphinx-mathjax-offline to be installed"):
        draw_book_offline.mathjax_folder()


def test_the_mathjax_that_is_installed_has_what_the_pages_load(tmp_path: Path) -> None:
    from draw_book_offline import MATHJAX_LOADS, copy_mathjax, mathjax_folder

    copy_mathjax(mathjax_folder(), tmp_path)
    assert all((tmp_path / f"{part}.js").stat().st_size > 1_000 for part in MATHJAX_LOADS)
    assert len(list((tmp_path / "output/chtml/fonts").rglob("*.woff"))) > 20


def test_the_preloads_go_and_the_styles_stay() -> None:
    from draw_book_offline import _PRELOADS

    head = (
        '<link href="all.min.css" rel="stylesheet" />\n'
        '<link rel="preload" as="font" type="font/woff2" crossorigin href="a.woff2" />'
        '<script src="vendor/fontawesome/6.5.2/js/all.min.js?digest=1"></script>'
        '<script src="bootstrap.js"></script>'
    )
    assert _PRELOADS.sub("", head) == (
        '<link href="all.min.css" rel="stylesheet" />\n<script src="bootstrap.js"></script>'
    )


def test_what_is_seen_is_what_a_screen_reader_says() -> None:
    from draw_book_accessible import mend

    page = (
        '<button class="btn search-button-field x" title="Search" aria-label="Search" y="">'
        '<summary aria-label="Toggle hidden content"><p>Setup</p></summary>'
        '<div class="bd-sidebar-primary bd-sidebar hide-on-wide">'
        '<div role="list" class="citation-list"><a id="a"></a>'
        '<div class="citation" id="id1" role="doc-biblioentry"><p role="note">'
        '<nav aria-label="Main"><button aria-label="Close">'
    )
    assert mend(page) == (
        '<button class="btn search-button-field x" title="Search" y="">'
        "<summary><p>Setup</p></summary>"
        '<div role="navigation" aria-label="Book" class="bd-sidebar-primary bd-sidebar '
        'hide-on-wide"><div class="citation-list"><a id="a"></a>'
        '<div class="citation" id="id1"><p role="note">'
        '<nav aria-label="Main"><button aria-label="Close">'
    )


def test_what_a_page_says_where_it_is_shared() -> None:
    from draw_book_social import tags

    book = {"title": "Draw Book", "line": "All of it.", "image": "draw-book.jpg", "alt": "Many"}
    one = {"title": "One", "line": '"1" < 2', "image": "gan-one.jpg", "alt": "a picture"}
    cards = {"": book, "notebooks/gan/one": one}
    said = tags("notebooks/gan/one", "ignored", cards, "https://me.github.io/b/")
    for line in (
        '<meta property="og:title" content="One" />',
        '<meta property="og:type" content="article" />',
        '<meta property="og:description" content="&quot;1&quot; &lt; 2" />',
        '<meta property="og:url" content="https://me.github.io/b/notebooks/gan/one.html" />',
        '<meta property="og:image" content="https://me.github.io/b/_static/social/gan-one.jpg" />',
        '<meta property="og:image:alt" content="a picture" />',
        '<meta name="twitter:card" content="summary_large_image" />',
    ):
        assert line in said.splitlines()
    said = tags("book/reading", "How & why", cards, "")
    assert '<meta property="og:title" content="How &amp; why" />' in said
    assert 'content="All of it."' in said
    assert "og:image" not in said  # nobody knows where it would be
    assert "og:url" not in said


def test_a_title_with_code_in_it_is_shared_as_words() -> None:
    from draw_book_social import add_tags

    card = {"title": "Draw Book", "line": "All of it.", "image": "draw-book.jpg", "alt": "Many"}
    app: Any = SimpleNamespace(
        config=SimpleNamespace(draw_book_social_cards={"": card}, html_baseurl="")
    )
    context = {"title": 'The <code class="x"><span>package</span></code> &amp; more'}
    add_tags(app, "book/api", "page.html", context, nodes.document)
    assert '<meta property="og:title" content="The package &amp; more" />' in context["metatags"]

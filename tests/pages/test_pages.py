"""Every page, opened from disk in a browser."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from PIL import Image

from tests.pages.project import ROOT, Book
from tools.chapters import read_chapters
from tools.project import repository

PHONE, DESKTOP = 390, 1280
PAGE_LIMIT = 3_000_000  # bytes, with everything the page loads

CONTRAST = """
(selector) => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b]
    .map((c) => c / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const background = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = channels(getComputedStyle(e).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll(selector)].map((element) => {
    const text = luminance(channels(getComputedStyle(element).color));
    const paper = luminance(background(element));
    const ratio = (Math.max(text, paper) + 0.05) / (Math.min(text, paper) + 0.05);
    return [ratio, element.textContent.trim().slice(0, 40)];
  });
}
"""


# What of a page is looked at, in one visit.
OBSERVE = """
() => ({
  width: document.documentElement.scrollWidth,
  theme: document.documentElement.dataset.theme,
  text: document.querySelector("main").innerText,
  formulas: document.querySelectorAll(".math").length,
  rendered: document.querySelectorAll("mjx-container").length,
  errors: document.querySelectorAll("mjx-merror").length,
  images: [...document.querySelectorAll("article img")].map((i) => [i.alt, i.naturalWidth]),
  outside: [...document.querySelectorAll("article :is(p, h1, h2, h3, ul, blockquote)")]
    .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
    .filter((e) => !e.closest(".pst-scrollable-table-container, pre, .math, .wide-math"))
    .map((e) => e.textContent.slice(0, 60)),
})
"""


@dataclass
class Visit:
    """What happened while a page opened, and what was seen on it."""

    requests: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    seen: dict[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """The bytes of all files that were loaded, each counted once."""
        paths = {unquote(urlsplit(url).path) for url in self.requests if url.startswith("file:")}
        return sum(path.stat().st_size for path in map(Path, paths) if path.exists())


def visit(page: Any, book: Book, name: str, query: str = "") -> Visit:
    visit = Visit()
    page.on("request", lambda request: visit.requests.append(request.url))
    page.on("requestfailed", lambda request: visit.problems.append(f"failed: {request.url}"))
    page.on("pageerror", lambda error: visit.problems.append(str(error)))
    page.on(
        "console",
        lambda message: message.type == "error" and visit.problems.append(message.text),
    )
    page.goto((book.html / f"{name}.html").as_uri() + query)
    if name == "index":
        page.wait_for_url("**/book/index.html")  # it only leads there
    page.wait_for_load_state("load")
    if page.locator("script[src*='mathjax']").count():
        # Where a part of it is missing, MathJax waits for ever: the page then counts as it is.
        page.evaluate(
            "Promise.race([MathJax.startup.promise, new Promise(end => setTimeout(end, 5000))])"
        )
    page.wait_for_timeout(150)  # for what a script asks for after that
    visit.seen = page.evaluate(OBSERVE)
    return visit


@pytest.fixture(scope="module")
def page_at(browser: Any) -> Iterator[Callable[..., Any]]:
    """Make pages of a given width and colour scheme."""
    contexts: dict[tuple[int, str], Any] = {}

    def make(width: int = DESKTOP, scheme: str = "light") -> Any:
        if (width, scheme) not in contexts:
            viewport = {"width": width, "height": 900}
            contexts[width, scheme] = browser.new_context(viewport=viewport, color_scheme=scheme)
        return contexts[width, scheme].new_page()

    yield make
    for context in contexts.values():
        context.close()


def visit_all(book: Book, make: Callable[[], Any]) -> dict[str, Visit]:
    visits = {}
    for name in book.pages:
        page = make()
        visits[name] = visit(page, book, name)
        page.close()
    return visits


@pytest.fixture(scope="module")
def visits(book: Book, page_at) -> dict[str, Visit]:
    """Every page, opened on a large screen in the light."""
    return visit_all(book, page_at)


def chapters(book: Book) -> list[str]:
    return [name for name in book.pages if name.startswith("notebooks/")]


def in_order(book: Book) -> list[str]:
    """The chapters, in the book's order."""
    return [chapter.path.removesuffix(".ipynb") for chapter in read_chapters(book.root)]


def test_all_pages_are_there(book: Book) -> None:
    assert {"index", "search", "book/index", "book/api"} <= set(book.pages)
    assert len(chapters(book)) >= 2


def test_no_request_leaves_the_machine(visits: dict[str, Visit]) -> None:
    for name, visit in visits.items():
        assert len(visit.requests) > 3, name
        outside = [url for url in visit.requests if not url.startswith(("file:", "data:"))]
        assert outside == [], name


def test_nothing_is_missing_and_nothing_complains(visits: dict[str, Visit]) -> None:
    assert {name: visit.problems for name, visit in visits.items() if visit.problems} == {}


def test_no_page_is_heavier_than_it_may_be(visits: dict[str, Visit]) -> None:
    heavy = {name: visit.size for name, visit in visits.items() if visit.size > PAGE_LIMIT}
    assert heavy == {}


def test_math_is_rendered(book: Book, visits: dict[str, Visit]) -> None:
    with_math = {name for name, visit in visits.items() if visit.seen["formulas"]}
    assert with_math >= {"book/notation", *chapters(book)}
    for name in with_math:
        seen = visits[name].seen
        assert seen["rendered"] == seen["formulas"], name
        assert seen["errors"] == 0, name
        assert not re.search(r"\\\(|\\\[|\$\$|\\frac|\\mathbb", seen["text"]), name


def test_no_formula_is_taken_for_prose(book: Book) -> None:
    """A dollar sign left in the prose is a formula that Markdown did not see."""
    for name in chapters(book):
        html = (book.html / f"{name}.html").read_text("utf-8")
        prose = re.sub(r"<(pre|code|script|style)\b.*?</\1>", "", html, flags=re.DOTALL)
        assert "$" not in prose, name


def test_the_search_finds_wasserstein(book: Book, page_at) -> None:
    page = page_at()
    found = visit(page, book, "search", query="?q=Wasserstein")
    page.wait_for_selector("ul.search li a", timeout=15_000)
    links = page.locator("ul.search li a").evaluate_all("links => links.map(l => l.href)")
    assert any("manifold_alignment.html" in link for link in links)
    assert found.problems == []
    page.close()


def test_a_phone_in_the_dark_never_scrolls_sideways(book: Book, page_at) -> None:
    for name, visit in visit_all(book, lambda: page_at(PHONE, "dark")).items():
        assert visit.seen["theme"] == "dark"
        assert visit.seen["width"] <= PHONE, name
        assert visit.seen["outside"] == [], name


def test_every_picture_is_described_and_shown(book: Book, visits: dict[str, Visit]) -> None:
    for name in ("book/index", *chapters(book)):
        assert visits[name].seen["images"], name
    for name, visit in visits.items():
        for alt, width in visit.seen["images"]:
            assert len(alt.split()) >= 3, f"{name}: an image is described as {alt!r}"
            assert not alt.endswith(".png"), name
            assert width > 0, f"{name}: {alt}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast(book: Book, page_at, scheme: str) -> None:
    """WCAG's AA: 4.5 for text, in both schemes."""
    parts = (
        "article p, article li, article a, article code, article h1, article h2, article th, "
        "article td, .claims p, .claim-mark, blockquote.erratum strong, summary p, "
        ".chapter-card, .bd-sidebar-primary a"
    )
    for name in ["book/index", "book/claims", *chapters(book)]:
        page = page_at(DESKTOP, scheme)
        visit(page, book, name)
        assert page.evaluate("document.documentElement.dataset.theme") == scheme
        ratios = page.evaluate(CONTRAST, parts)
        assert len(ratios) > 10
        faint = [(round(ratio, 2), text) for ratio, text in ratios if ratio < 4.5]
        assert faint == [], name
        page.close()


def test_a_figure_keeps_its_white_paper_in_the_dark(book: Book, page_at) -> None:
    page = page_at(DESKTOP, "dark")
    visit(page, book, chapters(book)[0])
    styles = page.locator("article .cell_output img").evaluate_all(
        "images => images.map(getComputedStyle).map(s => [s.backgroundColor, s.filter])"
    )
    assert styles
    assert {tuple(style) for style in styles} == {("rgb(255, 255, 255)", "none")}
    page.close()


def test_colab_opens_the_chapter_itself(book: Book) -> None:
    settings = (ROOT / "pyproject.toml").read_text("utf-8")
    repository = re.search(r'^repository = "https://github.com/([^"]+)"', settings, re.MULTILINE)
    assert repository
    for name in chapters(book):
        html = (book.html / f"{name}.html").read_text("utf-8")
        links = set(re.findall(r'href="(https://colab\.research\.google\.com/[^"]+)"', html))
        own = f"https://colab.research.google.com/github/{repository[1]}/blob/main/{name}.ipynb"
        assert links == {own}
        assert html.count(own) == 2  # below the title, and the launch button


def test_a_chapter_says_how_long_it_runs_and_gives_itself_away(book: Book) -> None:
    for name in chapters(book):
        notebook = json.loads((book.root / f"{name}.ipynb").read_text("utf-8"))
        seconds = notebook["metadata"]["draw_book"]["seconds"]
        html = (book.html / f"{name}.html").read_text("utf-8")
        assert f"Runs in about {seconds:.0f} s on two cores" in html
        target = re.search(r'<a href="([^"]+\.ipynb)" download', html)
        assert target
        given = (book.html / name).parent / target[1]
        assert json.loads(given.read_text("utf-8"))["cells"] == notebook["cells"]


def test_claims_and_errata_lead_to_their_cells(book: Book) -> None:
    for name in ("book/claims", "book/errata"):
        path = book.html / f"{name}.html"
        links = re.findall(r'href="([^"#]*)#([^"]*-?cell-[^"]+)"', path.read_text("utf-8"))
        assert links, name
        for target, anchor in links:
            html = (path.parent / target).resolve().read_text("utf-8")
            assert f'id="{anchor}"' in html, f"{target}#{anchor}"


def test_claims_and_errata_stand_out_in_a_chapter(book: Book) -> None:
    for name in chapters(book):
        notebook = json.loads((book.root / f"{name}.ipynb").read_text("utf-8"))
        html = (book.html / f"{name}.html").read_text("utf-8")
        stored = json.dumps(notebook, ensure_ascii=False)
        claims = sum(
            line.startswith("✓")
            for cell in notebook["cells"]
            for output in cell.get("outputs", [])
            for line in "".join(output.get("text", "")).splitlines()
        )
        assert claims > 0
        assert html.count('class="claim-mark"') == claims
        assert html.count('class="erratum"') == stored.count("> **Erratum**")


def test_the_built_book_carries_nothing_it_does_not_use(book: Book) -> None:
    static = book.html / "_static"
    assert (static / "mathjax" / "startup.js").exists()
    assert sum(p.stat().st_size for p in (static / "mathjax").rglob("*")) < 2_500_000
    assert not list(static.rglob("*.map"))
    assert not list(static.glob("vendor/fontawesome/*/js/*"))


def test_the_cover_has_a_card_for_every_chapter(book: Book, page_at) -> None:
    page = page_at(PHONE, "dark")
    visit(page, book, "book/index")
    cards = page.locator("ul.gallery li")
    assert cards.locator("a").evaluate_all("links => links.map(link => link.href)") == [
        (book.html / f"{name}.html").as_uri() for name in in_order(book)
    ]
    for k, name in enumerate(in_order(book)):
        notebook = json.loads((book.root / f"{name}.ipynb").read_text("utf-8"))
        words = cards.nth(k).inner_text()
        assert f"Runs in about {notebook['metadata']['draw_book']['seconds']} s" in words
        assert len(words.splitlines()) >= 3
        picture = cards.nth(k).locator("img").get_attribute("src")
        assert (book.html / "book" / picture).stat().st_size <= 20_000, name
    # The title's link covers the card: a press on the picture follows it.
    cards.first.locator("img").click(force=True)
    page.wait_for_url(f"**/{in_order(book)[0]}.html")
    page.close()


def test_every_page_says_what_it_is_where_it_is_shared(book: Book) -> None:
    owner, name = repository(book.root).split("/")
    site = f"https://{owner.lower()}.github.io/{name}/"
    pictures = {}
    for page in book.pages:
        if page in ("index", "search"):
            continue
        html = (book.html / f"{page}.html").read_text("utf-8")
        said = dict(re.findall(r'<meta property="(og:[^"]+)" content="([^"]+)" />', html))
        assert said["og:url"] == f"{site}{page}.html"
        assert f"<h1>{said['og:title']}<" in html
        assert len(said["og:description"]) > 30
        assert said["og:image"].startswith(f"{site}_static/")
        pictures[page] = book.html / said["og:image"].removeprefix(site)
        with Image.open(pictures[page]) as picture:
            assert picture.size == (1200, 630)
    assert len({pictures[name] for name in chapters(book)}) == len(chapters(book))
    assert pictures["book/index"] == pictures["book/reading"] != pictures[chapters(book)[0]]


def test_the_readme_shows_the_chapters_own_picture(book: Book) -> None:
    """The picture is written when the book is built: commit it when this fails."""
    committed = (ROOT / "book/_static/cover.png").read_bytes()
    assert committed == (book.root / "book/_static/cover.png").read_bytes()
    assert len(committed) < 60_000

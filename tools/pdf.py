"""The book as one PDF: ``make pdf`` prints the built pages with Chromium.

The pages' articles become one document, in the book's order: links between them lead inside
it, explorables and animations are their still pictures, and the solutions stand unfolded at
the end of their chapter, near enough to turn to and too far to be seen while one still thinks.
"""

from __future__ import annotations

import posixpath
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bs4 import BeautifulSoup, Tag

from drawlib.files import write_whole
from tools.chapters import read_contents
from tools.pdf_file import finish

PDF = "_build/draw-book.pdf"
LIMIT = 15_000_000  # bytes
TIMEOUT = 600_000  # milliseconds, for a busy machine

# Of a page, what is of no use on paper.
UNUSED = "script, style, a.headerlink, .cover-buttons, a[download], .tag_setup details"

# Words of code that have no colour of their own, or hardly: each would be a structure of the PDF.
PLAIN = "code span.pre, " + ", ".join(
    f".{block} span.{kind}" for block in ("highlight", "sig") for kind in ("n", "nn", "o", "p", "w")
)

_FOOTER = (
    '<div style="width: 100%; font: 8px sans-serif; color: #48566b; text-align: center">'
    '<span class="pageNumber"></span></div>'
)
# To a reader's voice a formula is its source, not a hundred signs; the PDF is lighter for it.
_LABEL_FORMULAS = """
for (const formula of MathJax.startup.document.math) {
  formula.typesetRoot.setAttribute("role", "img");
  formula.typesetRoot.setAttribute("aria-label", formula.math);
  formula.typesetRoot.firstElementChild.setAttribute("aria-hidden", "true");
}
"""
_DOCUMENT = """<!doctype html>
<html lang="en" data-theme="light"><head><meta charset="utf-8"><title>{title}</title>
{styles}
<style>{style}</style>
<script>window.MathJax = {{"loader": {{"load": ["input/tex", "output/chtml"]}}, "options":
{{"processHtmlClass": "tex2jax_process|mathjax_process|math|output_area"}}}}</script>
<script src="{static}/mathjax/startup.js"></script></head>
<body><main class="bd-content">{body}</main></body></html>
"""


def document(html: Path, parts: Sequence[tuple[str, Sequence[str]]]) -> str:
    """Join built pages into one, for print.

    Args:
        html: The folder of the built book.
        parts: The parts' captions, each with its pages' names, in order. Pages of a part
            without a caption come without a heading of their own.

    Returns:
        The document, which loads styles, fonts and pictures from that folder.

    Raises:
        ValueError: If a link in it leads nowhere.
    """
    names = [name for _, members in parts for name in members]
    whole = BeautifulSoup("", "html.parser")
    title, styles = "", ""
    for caption, members in parts:
        for k, name in enumerate(members):
            page = BeautifulSoup((html / f"{name}.html").read_text("utf-8"), "html.parser")
            article = _article(page, name, names, html)
            if not styles:
                title = _one(article, "h2").get_text()
                styles = "\n".join(_styles(page, html / name))
                article.append(_contents(parts, html))
            elif k == 0 and caption:
                divider = page.new_tag("div", attrs={"class": "part"})
                heading = page.new_tag("h1")
                heading.string = caption
                divider.append(heading)
                whole.append(divider)
            whole.append(article)
    targets = {tag["id"] for tag in whole.select("[id]")}
    links = {str(a["href"])[1:] for a in whole.select("a[href^='#']")}
    if lost := sorted(links - targets):
        raise ValueError(f"expected every link to lead to a part of the book; received {lost[:5]}")
    style = Path(__file__).with_suffix(".css").read_text("utf-8")
    static = (html.resolve() / "_static").as_uri()
    body = whole.decode(formatter="minimal")
    return _DOCUMENT.format(title=title, styles=styles, style=style, static=static, body=body)


def _article(page: BeautifulSoup, name: str, names: Sequence[str], html: Path) -> Tag:
    """Take a page's article, and make it fit to stand among the others."""
    article = _one(page, "article.bd-article")
    article.attrs = {"class": "bd-article", "id": _anchor(name)}
    for tag in article.select(UNUSED):
        tag.decompose()
    for host in article.select("[data-explorable]"):
        host.replace_with(_one(host, ":scope > img"))
    for picture in article.select("picture"):
        image = _one(picture, "img")
        if source := picture.select_one("source"):
            image["src"] = str(source["srcset"])  # the still picture
        picture.replace_with(image)
    _unfold(page, article)
    for word in article.select(PLAIN):
        word.unwrap()
    for level in range(5, 0, -1):
        for heading in article.select(f"h{level}"):
            heading.name = f"h{level + 1}"  # parts are the first level
    for tag in article.select("[id]"):
        if tag is not article:
            tag["id"] = _anchor(name, str(tag["id"]))
    for link in article.select("a[href]"):
        _lead(link, name, names)
    for image in article.select("img"):
        if not urlsplit(str(image["src"])).scheme:
            image["src"] = (html / name).parent.joinpath(str(image["src"])).resolve().as_uri()
    return article


def _unfold(page: BeautifulSoup, article: Tag) -> None:
    """Put folded cells into the open; those with solutions behind all that the page has."""
    solutions = page.new_tag("section", id="pdf-solutions")
    heading = page.new_tag("h2")
    heading.string = "Solutions"
    solutions.append(heading)
    for details in article.select("details"):
        title = _one(details, "summary").get_text(" ", strip=True).split("  ")[0]
        if label := details.select_one("summary .collapsed"):
            title = label.get_text(strip=True)
        details.name, details.attrs = "div", {"class": "unfolded"}
        summary = _one(details, "summary")
        summary.clear()
        summary.name, summary.string = "p", title
        cell = details.find_parent("div", class_="cell")
        if cell is None or not title.startswith("Solution"):
            continue
        pointer = page.new_tag("p", attrs={"class": "pdf-pointer"})
        link = page.new_tag("a", href=f"#{cell['id']}")
        link.string = f"{title} is at the end of the chapter."
        pointer.append(link)
        cell.replace_with(pointer)
        solutions.append(cell)
    if solutions.select_one(".cell"):
        _one(article, "section").append(solutions)


def _lead(link: Tag, name: str, names: Sequence[str]) -> None:
    """Let a link lead into the document, or be no link where it would leave it for a file."""
    target = urlsplit(str(link["href"]))
    if target.scheme:
        return
    page = name
    if target.path:
        page = posixpath.normpath(posixpath.join(posixpath.dirname(name), target.path))
        page = page.removesuffix(".html")
    if page in names:
        link["href"] = f"#{_anchor(page, target.fragment)}"
    else:
        link.unwrap()


def _contents(parts: Sequence[tuple[str, Sequence[str]]], html: Path) -> Tag:
    """List the pages behind the first one."""
    soup = BeautifulSoup('<nav class="pdf-contents"><h2>Contents</h2></nav>', "html.parser")
    contents = _one(soup, "nav")
    for caption, members in parts[1:]:
        label, rows = soup.new_tag("p"), soup.new_tag("ul")
        label.string = caption
        for name in members:
            page = BeautifulSoup((html / f"{name}.html").read_text("utf-8"), "html.parser")
            heading = _one(page, "article h1")
            for mark in heading.select("a.headerlink"):
                mark.decompose()
            row, link = soup.new_tag("li"), soup.new_tag("a", href=f"#{_anchor(name)}")
            link.string = heading.get_text()
            row.append(link)
            rows.append(row)
        contents.extend([label, rows])
    return contents


def _styles(page: BeautifulSoup, path: Path) -> list[str]:
    """Link a page's style sheets by their whole addresses."""
    found = []
    for link in page.select("link[rel~=stylesheet]"):
        address = path.parent.joinpath(urlsplit(str(link["href"])).path).resolve().as_uri()
        found.append(f'<link rel="stylesheet" href="{address}">')
    return found


def _anchor(name: str, fragment: str = "") -> str:
    """Name a place of the document: a page, or an element of it."""
    anchor = "page-" + name.replace("/", "-")
    return f"{anchor}--{fragment}" if fragment else anchor


def _one(tag: Tag, selector: str) -> Tag:
    found = tag.select_one(selector)
    if found is None:
        raise ValueError(f"expected a page to hold {selector}; received none")
    return found


def print_pdf(markup: str, target: Path, chromium: str) -> int:
    """Print a document with Chromium.

    Args:
        markup: The document.
        target: The PDF to write; on any failure what was there stays.
        chromium: The browser's command.

    Returns:
        The number of bytes.

    Raises:
        ValueError: If it asks for something from elsewhere, if a picture is missing or a
            formula is wrong, or if the PDF is heavier than `LIMIT`.
    """
    from playwright.sync_api import sync_playwright  # lazily: only this needs it

    outside: list[str] = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        source, printed = Path(folder, "book.html"), Path(folder, "book.pdf")
        source.write_text(markup, encoding="utf-8")
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"], timeout=TIMEOUT
        )
        page = browser.new_page(reduced_motion="reduce", color_scheme="light")
        page.set_default_timeout(TIMEOUT)
        page.on("request", lambda request: _note_outside(request.url, outside))
        page.goto(source.as_uri())
        page.evaluate("MathJax.startup.promise")
        page.evaluate(_LABEL_FORMULAS)
        wrong = page.evaluate(
            """[...document.images].filter((i) => !i.naturalWidth).map((i) => i.alt)
                 .concat([...document.querySelectorAll("mjx-merror")].map((e) => e.title))"""
        )
        if outside or wrong:
            raise ValueError(f"expected all to be there; received {[*outside, *wrong][:5]}")
        page.pdf(
            path=printed,
            format="A4",
            margin={"top": "18mm", "right": "18mm", "bottom": "18mm", "left": "18mm"},
            print_background=True,
            display_header_footer=True,
            header_template="<span></span>",
            footer_template=_FOOTER,
            outline=True,
            tagged=True,
        )
        browser.close()
        finish(printed)
        if (size := printed.stat().st_size) > LIMIT:
            raise ValueError(f"expected the PDF to have at most {LIMIT:,} bytes; received {size:,}")
        write_whole(target, printed.read_bytes())
    return size


def _note_outside(url: str, outside: list[str]) -> None:
    if not url.startswith(("file:", "data:")):
        outside.append(url)


def main(root: Path | None = None, parts: Any = None) -> int:
    """Print the built book of the current folder.

    Returns:
        0, or 1 if there is no Chromium or no book, or if something is wrong with it.
    """
    root = root or Path.cwd()
    chromium = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    if chromium is None:
        print("make pdf: expected Chromium to be installed; found none", file=sys.stderr)
        return 1
    try:
        markup = document(root / "_build" / "html", parts or read_contents(root))
        size = print_pdf(markup, root / PDF, chromium)
    except (OSError, ValueError) as error:
        print(f"The book was not printed: {error}", file=sys.stderr)
        return 1
    print(f"{PDF}: {size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())

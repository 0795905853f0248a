"""Write the pages that are generated: errata, claims, the API's modules, the cover's picture.

Run ``python -m tools.pages`` before the book is built. Everything comes from the stored
notebooks and goes to ``book/generated``, which git does not keep; only the README's picture,
``book/_static/cover.png``, is kept, because GitHub shows it.
"""

from __future__ import annotations

import base64
import html
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import yaml

Notebook = dict[str, Any]

_ERRATUM = re.compile(
    r"\*\*Erratum\*\*\s*—\s*(?P<title>.+?)\s*"
    r"\*\*Source\.\*\*\s*(?P<source>.+?)\s*"
    r"\*\*True\.\*\*\s*(?P<true>.+)",
    re.DOTALL,
)
_CLAIM = re.compile(
    r"^✓ (?P<sentence>.+): (?P<measured>.+?) "
    r"\((?P<bound>(?:at most|at least|between|equals) [^()]*(?:\([^()]*\)[^()]*)*)\)$"
)
_RELATIVE_LINK = re.compile(r"\]\((?![a-z]+:|[/#])(?P<target>[^)\s]+)\)")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|$~])")


@dataclass(frozen=True)
class Chapter:
    """A notebook that the table of contents lists.

    Attributes:
        path: Its path below the book's folder, for example ``notebooks/gan/x.ipynb``.
        notebook: Its content.
    """

    path: str
    notebook: Notebook

    @property
    def title(self) -> str:
        """The text of the first heading."""
        for cell in self.notebook["cells"]:
            if cell["cell_type"] == "markdown":
                for line in _text(cell["source"]).splitlines():
                    if line.startswith("# "):
                        return line[2:].strip()
        raise ValueError(f"expected {self.path} to begin with a title; received none")

    def cell_link(self, cell_id: str) -> str:
        """The target under which the book's pages know a cell."""
        return f"#{Path(self.path).stem}-cell-{cell_id}"


@dataclass(frozen=True)
class Erratum:
    """What a source says, what is true, and the cell that shows it."""

    title: str
    source: str
    true: str
    cell_id: str


@dataclass(frozen=True)
class Claim:
    """A claim as a chapter's stored output prints it."""

    sentence: str
    measured: str
    bound: str
    cell_id: str


def read_chapters(root: Path) -> list[Chapter]:
    """Read the notebooks that ``_toc.yml`` lists, in its order.

    Raises:
        ValueError: If a listed notebook is missing or is no notebook.
    """
    contents = yaml.safe_load((root / "_toc.yml").read_text("utf-8"))
    chapters = []
    for name in _listed_files(contents):
        if not name.startswith("notebooks/"):
            continue
        path = root / f"{name}.ipynb"
        try:
            notebook = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise ValueError(f"expected {name}.ipynb to be a notebook; received {error}") from error
        chapters.append(Chapter(f"{name}.ipynb", notebook))
    return chapters


def find_errata(chapter: Chapter) -> list[Erratum]:
    """Collect the blockquotes that begin with **Erratum**.

    Raises:
        ValueError: If one of them is not in the form that CONTRIBUTING.md gives, or if no
            code cell follows it.
    """
    cells = chapter.notebook["cells"]
    errata = []
    for cell, following in zip(cells, [*cells[1:], None], strict=True):
        if cell["cell_type"] != "markdown":
            continue
        for quote in _quotes(_text(cell["source"])):
            if not quote.startswith("**Erratum**"):
                continue
            where = f"{chapter.path}, cell {cell['id']}"
            parts = _ERRATUM.fullmatch(quote)
            if parts is None:
                raise ValueError(
                    f"expected the erratum in {where} to read '**Erratum** — title. "
                    f"**Source.** … **True.** …'; received {quote[:80]!r}"
                )
            if following is None or following["cell_type"] != "code":
                raise ValueError(
                    f"expected the erratum in {where} to be followed by the code cell that "
                    "shows it; received none"
                )
            title, source, true = (
                _absolute_links(parts[name].strip(), chapter.path)
                for name in ("title", "source", "true")
            )
            errata.append(Erratum(title.rstrip("."), source, true, following["id"]))
    return errata


def find_claims(chapter: Chapter) -> list[Claim]:
    """Collect the ✓ lines of the stored outputs.

    Raises:
        ValueError: If a line begins with ✓ and is not one that `drawlib.claim` prints.
    """
    claims = []
    for cell in chapter.notebook["cells"]:
        for output in cell.get("outputs", []):
            for line in _text(output.get("text", "")).splitlines():
                if not line.startswith("✓"):
                    continue
                parts = _CLAIM.fullmatch(line)
                if parts is None:
                    raise ValueError(
                        f"expected {chapter.path}, cell {cell['id']}, to print claims as "
                        f"'✓ sentence: value (bound)'; received {line!r}"
                    )
                claims.append(Claim(**parts.groupdict(), cell_id=cell["id"]))
    return claims


def find_picture(chapter: Chapter) -> tuple[bytes | None, bytes, str]:
    """Find the picture for the cover: the first animation, or else the first figure.

    Returns:
        The animation's GIF (None for a figure), the still PNG and the alternative text.

    Raises:
        ValueError: If the chapter shows no picture.
    """
    figure = None
    for cell in chapter.notebook["cells"]:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/png" not in data:
                continue
            still = base64.b64decode(_text(data["image/png"]))
            alt = cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "")
            animation = _AnimationParser.gif(_text(data.get("text/html", "")))
            if animation is not None:
                gif, alt = animation
                return gif, still, alt
            figure = figure or (None, still, alt)
    if figure is None:
        raise ValueError(f"expected {chapter.path} to show a picture; received none")
    return figure


def errata_page(chapters: list[Chapter]) -> str:
    """Write the errata of all chapters as Markdown."""
    lines = []
    for chapter in chapters:
        errata = find_errata(chapter)
        if errata:
            lines += [f"## {chapter.title}", ""]
        for erratum in errata:
            lines += [
                f"### {erratum.title}",
                "",
                f"**The source says.** {erratum.source}",
                "",
                f"**What is true.** {erratum.true}",
                "",
                f"[See it run]({chapter.cell_link(erratum.cell_id)})",
                "",
            ]
    return "\n".join(lines)


def claims_page(chapters: list[Chapter], swept: dict[str, list[dict[str, Any]]]) -> str:
    """Write the claims of all chapters as Markdown tables.

    Args:
        chapters: The chapters.
        swept: What `make seeds` measured: for each chapter's path a list of records with
            ``sentence``, ``bound``, ``held``, ``of``, ``low``, ``median`` and ``high``.
    """
    lines = []
    for chapter in chapters:
        claims = find_claims(chapter)
        if not claims:
            continue
        records = {(r["sentence"], r["bound"]): r for r in swept.get(chapter.path, [])}
        head = ["Claim", "Measured", "Bound"]
        if records:
            head += ["Held", "Lowest – median – highest"]
        lines += [f"## {chapter.title}", "", _row(head), _row([":--"] * len(head))]
        for claim in claims:
            row = [
                f"[{_escape(claim.sentence)}]({chapter.cell_link(claim.cell_id)})",
                _escape(claim.measured),
                _escape(claim.bound),
            ]
            if records:
                record = records.get((claim.sentence, claim.bound))
                row.append(f"{record['held']} of {record['of']} seeds" if record else "–")
                row.append(_escape(_spread(record)) if record else "–")
            lines.append(_row(row))
        lines.append("")
    return "\n".join(lines)


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


def cover_page(gif: bool, alt: str) -> str:
    """Write the HTML that shows the cover's picture; its files lie among the static ones."""
    still = "../_static/cover-still.png"
    moving = "../_static/cover.gif" if gif else still
    return (
        f'<picture class="cover"><source media="(prefers-reduced-motion: reduce)" '
        f'srcset="{still}"><img src="{moving}" alt="{html.escape(alt)}"></picture>\n'
    )


def write_pages(root: Path) -> None:
    """Write all generated pages of the book in the folder `root`."""
    chapters = read_chapters(root)
    if not chapters:
        raise ValueError("expected _toc.yml to list a chapter below notebooks/; received none")
    results = root / "book" / "claims.json"
    swept = json.loads(results.read_text("utf-8")) if results.exists() else {}
    gif, still, alt = find_picture(chapters[0])

    generated = root / "book" / "generated"
    _write(generated / "errata.md", errata_page(chapters).encode())
    _write(generated / "claims.md", claims_page(chapters, swept).encode())
    _write(generated / "api.md", api_page(root / "drawlib").encode())
    _write(generated / "cover.html", cover_page(gif is not None, alt).encode())
    _write(generated / "static" / "cover-still.png", still)
    if gif is not None:
        _write(generated / "static" / "cover.gif", gif)
    _write(root / "book" / "_static" / "cover.png", still)


class _AnimationParser(HTMLParser):
    """Takes the GIF and its alternative text out of what an `Animation` displays."""

    def __init__(self) -> None:
        super().__init__()
        self.found: tuple[bytes, str] | None = None

    @classmethod
    def gif(cls, markup: str) -> tuple[bytes, str] | None:
        parser = cls()
        parser.feed(markup)
        return parser.found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        prefix, _, data = (values.get("src") or "").partition(",")
        if tag == "img" and prefix == "data:image/gif;base64":
            self.found = base64.b64decode(data), values.get("alt") or ""


def _listed_files(node: Any) -> Iterator[str]:
    """Yield every ``file:`` of a table of contents, in order."""
    if isinstance(node, dict):
        if isinstance(node.get("file"), str):
            yield node["file"]
        for value in node.values():
            yield from _listed_files(value)
    elif isinstance(node, list):
        for value in node:
            yield from _listed_files(value)


def _text(value: str | list[str]) -> str:
    """Join what a notebook stores as one string or as a list of lines."""
    return value if isinstance(value, str) else "".join(value)


def _quotes(markdown: str) -> Iterator[str]:
    """Yield the blockquotes of a Markdown text, without their marks."""
    lines: list[str] = []
    for line in [*markdown.splitlines(), ""]:
        if line.startswith(">"):
            lines.append(line[1:].removeprefix(" "))
        elif lines:
            yield "\n".join(lines).strip()
            lines = []


def _absolute_links(markdown: str, path: str) -> str:
    """Let links that are relative to a notebook work from another page."""
    folder = Path("/", path).parent.as_posix()
    return _RELATIVE_LINK.sub(lambda match: f"]({folder}/{match['target']})", markdown)


def _escape(text: str) -> str:
    """Escape what Markdown would not show as it stands."""
    return _MARKDOWN.sub(r"\\\1", text)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _spread(record: dict[str, Any]) -> str:
    """Say between what the measured values of a sweep lay."""
    values = [record.get(name) for name in ("low", "median", "high")]
    if any(not isinstance(value, int | float) for value in values):
        return "–"
    return " – ".join(f"{value:.3g}" for value in values)


def _write(path: Path, content: bytes) -> None:
    """Write a file, but only if that changes it: the next build then reads nothing twice."""
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def main() -> int:
    """Write the pages; on an error say which notebook is to be mended."""
    try:
        write_pages(Path.cwd())
    except ValueError as error:
        print(f"tools.pages: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

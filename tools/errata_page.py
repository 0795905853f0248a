"""The page of errata: what the sources say, what is true, and the cell that shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.chapters import Chapter, text_of

_ERRATUM = re.compile(
    r"\*\*Erratum\*\*\s*—\s*(?P<title>.+?)\s*"
    r"\*\*Source\.\*\*\s*(?P<source>.+?)\s*"
    r"\*\*True\.\*\*\s*(?P<true>.+)",
    re.DOTALL,
)
_RELATIVE_LINK = re.compile(r"\]\((?![a-z]+:|[/#])(?P<target>[^)\s]+)\)")


@dataclass(frozen=True)
class Erratum:
    """What a source says, what is true, and the cell that shows it."""

    title: str
    source: str
    true: str
    cell_id: str


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
        for quote in _quotes(text_of(cell["source"])):
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

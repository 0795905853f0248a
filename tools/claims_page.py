"""The page of claims: each with its value, its bound, and how it fared under many seeds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.chapters import Chapter, text_of
from tools.sweep_results import Results

_CLAIM = re.compile(
    r"^✓ (?P<sentence>.+): (?P<measured>.+?) "
    r"\((?P<bound>(?:at most|at least|between|equals) [^()]*(?:\([^()]*\)[^()]*)*)\)$"
)
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|$~])")


@dataclass(frozen=True)
class Claim:
    """A claim as a chapter's stored output prints it."""

    sentence: str
    measured: str
    bound: str
    cell_id: str
    line: str


def find_claims(chapter: Chapter) -> list[Claim]:
    """Collect the ✓ lines of the stored outputs.

    Raises:
        ValueError: If a line begins with ✓ and is not one that `drawlib.claim` prints.
    """
    claims = []
    for cell in chapter.notebook["cells"]:
        for output in cell.get("outputs", []):
            for line in text_of(output.get("text", "")).splitlines():
                if not line.startswith("✓"):
                    continue
                parts = _CLAIM.fullmatch(line)
                if parts is None:
                    raise ValueError(
                        f"expected {chapter.path}, cell {cell['id']}, to print claims as "
                        f"'✓ sentence: value (bound)'; received {line!r}"
                    )
                claims.append(Claim(**parts.groupdict(), cell_id=cell["id"], line=line))
    return claims


def claims_page(chapters: list[Chapter], swept: Results) -> str:
    """Write the claims of all chapters as Markdown tables.

    Args:
        chapters: The chapters.
        swept: What `make seeds` measured, as `tools.sweep_results.read_results` returns it.
    """
    lines = []
    for chapter in chapters:
        claims = find_claims(chapter)
        if not claims:
            continue
        records = _records(chapter, swept)
        head = ["Claim", "Measured", "Bound"]
        if records:
            head += ["Held", "Median (lowest to highest)"]
        lines += [f"({anchor(chapter)})=", f"## {chapter.title}", ""]
        lines += [_row(head), _row([":--"] * len(head))]
        for claim in claims:
            row = [
                f"[{_escape(claim.sentence)}]({chapter.cell_link(claim.cell_id)})",
                _figures(claim.measured),
                _figures(claim.bound),
            ]
            if records:
                record = records.get((claim.sentence, claim.bound))
                row.append(f"{record['held']} of {record['of']}" if record else "–")
                row.append(_figures(_spread(record)) if record else "–")
            lines.append(_row(row))
        lines.append("")
    return "\n".join(lines)


def seeds_held(chapter: Chapter, swept: Results) -> dict[str, str]:
    """Say of a chapter's claims how they fared, for the chapter's own page.

    Args:
        chapter: The chapter.
        swept: As for `claims_page`.

    Returns:
        By the line that the claim prints: for example ``20 of 20``.
    """
    records = _records(chapter, swept)
    claims = [(claim.line, (claim.sentence, claim.bound)) for claim in find_claims(chapter)]
    return {
        line: f"{records[key]['held']} of {records[key]['of']}"
        for line, key in claims
        if key in records
    }


def anchor(chapter: Chapter) -> str:
    """Return the label of a chapter's table on the page of claims."""
    return f"claims-{Path(chapter.path).stem}"


def _records(chapter: Chapter, swept: Results) -> dict[tuple[str, str], dict[str, Any]]:
    return {(r["sentence"], r["bound"]): r for r in swept.get(chapter.path, [])}


def _spread(record: dict[str, Any]) -> str:
    """Say where the measured values of a sweep lay."""
    values = [record[name] for name in ("low", "median", "high")]
    if None in values:
        return "–"
    low, median, high = (f"{value:.3g}" for value in values)
    return low if low == high else f"{median} ({low} to {high})"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _figures(text: str) -> str:
    """Write numbers with true minus signs: a line may break after a hyphen, as in 1e-06."""
    return _escape(re.sub(r"-(?=\d)", "−", text))


def _escape(text: str) -> str:
    """Escape what Markdown would not show as it stands."""
    return _MARKDOWN.sub(r"\\\1", text)

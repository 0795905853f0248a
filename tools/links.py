"""Look whether every link to the outside still leads somewhere: ``make links``.

Sphinx asks each address, up to three times. An address that answers with an error fails the
command; one that nobody could be reached at does not, as the network may be what is missing.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from tools.explorables_page import make_explorables
from tools.pages import write_pages

FOLDER = Path("_build", "links")
ANSWERS = FOLDER / "_build" / "html" / "output.json"  # where Jupyter Book puts it
_ANSWER = re.compile(r"\d{3} (Client|Server) Error")


@dataclass(frozen=True, order=True)
class Link:
    """What became of one link."""

    page: str
    line: int
    address: str
    status: str  # Sphinx's word for it
    reason: str

    @property
    def broken(self) -> bool:
        """Whether a server answered, and had no such page."""
        return self.status == "broken" and bool(_ANSWER.match(self.reason))

    @property
    def unreached(self) -> bool:
        """Whether no server answered."""
        return self.status in ("broken", "timeout") and not self.broken

    @property
    def place(self) -> str:
        """Where it stands: MyST-NB counts a notebook's lines from 10,000 times the cell."""
        cell, line = divmod(self.line, 10_000)
        return f"{self.page}, cell {cell}, line {line}" if cell else f"{self.page}:{line}"


def read_links(text: str) -> list[Link]:
    """Read the links to the outside from the lines of JSON that Sphinx writes."""
    fields = ("filename", "lineno", "uri", "status", "info")
    records = map(json.loads, text.splitlines())
    return sorted(
        {Link(*map(record.get, fields)) for record in records if record["uri"].startswith("http")}
    )


def report(links: list[Link]) -> str:
    """Say of each link that did not lead anywhere where it stands, and sum up."""
    lines = [
        f"{'✗' if link.broken else '?'} {link.place}: {link.address}: {link.reason}"
        for link in links
        if link.broken or link.unreached
    ]
    broken = sum(link.broken for link in links)
    unreached = sum(link.unreached for link in links)
    lines.append(f"{len(links)} links: {broken} broken, {unreached} not to be reached from here")
    if links and unreached == len(links):
        lines.append("Nobody was reached: there seems to be no network.")
    return "\n".join(lines)


def main() -> int:
    """Check the links of the book in the current folder.

    Returns:
        1 if a link is broken or the book cannot be read, 0 otherwise.
    """
    ANSWERS.unlink(missing_ok=True)
    try:
        write_pages(Path.cwd(), make_explorables())
        from jupyter_book.cli.main import main as jupyter_book  # after it: takes seconds

        command = ["build", ".", "--all", "--builder", "linkcheck", "--path-output", str(FOLDER)]
        jupyter_book([*command, "-q"], standalone_mode=False)
    except (ValueError, RuntimeError, SystemExit) as error:
        if not ANSWERS.exists():
            print(f"The links were not looked at: {error}", file=sys.stderr)
            return 1
    links = read_links(ANSWERS.read_text(encoding="utf-8"))
    print(report(links))
    return 1 if any(link.broken for link in links) else 0


if __name__ == "__main__":
    sys.exit(main())

"""Change the address that the book is published under: ``make set-repository REPO=owner/name``.

``pyproject.toml`` holds the address; this rewrites it there and in every place that shows it:
the notebooks' setup cells and links, the book's settings, the README, the citation.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from drawlib.files import write_whole
from tools.project import ROOT, label, project_files, repository

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?/[A-Za-z0-9._-]+")


def set_repository(new: str, root: Path = ROOT) -> list[str]:
    """Rewrite the address wherever it is shown.

    Args:
        new: ``owner/name``, as GitHub writes it.
        root: The project's folder.

    Returns:
        The files that changed.

    Raises:
        ValueError: If `new` is no such name. Nothing is changed then.
    """
    if not _NAME.fullmatch(new) or new.endswith((".git", "/.", "/..")):
        raise ValueError(f"expected REPO to be owner/name; received {new!r}")
    old = repository(root)
    address = _addresses(old)
    changed = {}
    for path in project_files(root):
        content = path.read_bytes()
        rewritten = address.sub(lambda match: _replacement(match, new), content)
        if rewritten != content:
            changed[path] = rewritten
    for path, content in changed.items():
        write_whole(path, content)
    return [label(path, root) for path in changed]


def _addresses(name: str) -> re.Pattern[bytes]:
    """Match GitHub's, Colab's and GitHub Pages' address of a repository."""
    owner, short = map(re.escape, name.split("/"))
    after = r"(?=\.git\b|\.?(?![\w.-]))"  # the name ends here; a full stop may follow
    return re.compile(
        rf"(?P<site>github\.com/|research\.google\.com/github/){owner}/{short}{after}"
        rf"|(?P<pages>\b){owner}\.github\.io/{short}{after}".encode()
    )


def _replacement(match: re.Match[bytes], new: str) -> bytes:
    if match["site"] is not None:
        return match["site"] + new.encode()
    owner, short = new.split("/")
    return f"{owner.lower()}.github.io/{short}".encode()


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Run the command.

    Returns:
        0, or 1 if the name is none.
    """
    parser = argparse.ArgumentParser(prog="make set-repository", description=__doc__)
    parser.add_argument("name", help="owner/name")
    try:
        changed = set_repository(parser.parse_args(arguments).name, root)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(changed) or "Nothing to change: that is the address already.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

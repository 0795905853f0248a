"""Build the book: ``python -m tools.book`` writes the generated pages, then all of it.

Warnings are errors: a broken link, label or citation fails the build.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tools.explorables_page import make_explorables
from tools.pages import write_pages

STRICT = ("-W", "-n", "--keep-going", "-q")


def main() -> int:
    """Build the book in the current folder, and say which page to open.

    Returns:
        0 if the book was built without a warning, 1 otherwise.
    """
    try:
        write_pages(Path.cwd(), make_explorables())
        from jupyter_book.cli.main import main as jupyter_book  # after it: takes seconds

        jupyter_book(["build", ".", *STRICT], standalone_mode=False)
    except (ValueError, RuntimeError) as error:
        print(f"The book was not built: {error}", file=sys.stderr)
        return 1
    except SystemExit as end:  # Jupyter Book has said what is wrong
        return 1 if end.code else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())

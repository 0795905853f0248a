"""`make links` tells a broken link from one that nobody could be reached at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.pages.project import copy_project
from tests.tools.notebooks import notebook
from tools.links import read_links, report

CONTENTS = "format: jb-book\nroot: book/page\nchapters:\n  - file: notebooks/gan/one\n"
NO_ANSWER = {"filename": "book/a.md", "lineno": 3, "status": "broken", "info": "no name"}


@pytest.fixture
def server() -> Iterator[str]:
    """A server with a page, one that comes at the third time of asking, and nothing else."""
    asked: dict[str, int] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked[self.path] = asked.get(self.path, 0) + 1
            late = self.path == "/late" and asked[self.path] < 3
            self.send_response(503 if late else 200 if self.path in ("/page", "/late") else 404)
            self.end_headers()

        do_HEAD = do_GET  # noqa: N815, the names that http.server asks for

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def links(root: Path, text: str) -> tuple[int, str]:
    """Ask for the links of a book of one page and one chapter."""
    book = copy_project(root)
    (book.root / "_toc.yml").write_text(CONTENTS)
    (book.root / "notebooks/gan/one.ipynb").write_text(json.dumps(notebook()))
    (book.root / "book/page.md").write_text(f"# A page\n\n{text}\n")
    done = subprocess.run(
        [sys.executable, "-m", "tools.links"],
        cwd=book.root,
        env=os.environ | {"PYTHONPATH": "."},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout


def test_a_broken_link_is_named_and_fails(tmp_path: Path, server: str) -> None:
    text = f"[here]({server}/page), [late]({server}/late), [gone]({server}/gone)"
    code, said = links(tmp_path, f"{text}, [nobody](http://127.0.0.1:9/)")
    assert code == 1
    assert "5 links: 1 broken, 2 not to be reached from here" in said
    assert f"✗ book/page.md:3: {server}/gone: 404" in said
    assert "? book/page.md:3: http://127.0.0.1:9/: " in said


def test_without_a_network_nothing_fails(tmp_path: Path) -> None:
    code, said = links(tmp_path, "[nobody](http://127.0.0.1:9/)")
    assert code == 0
    assert "Nobody was reached" in said


def test_the_same_link_is_told_once_and_other_links_are_left_out() -> None:
    there = NO_ANSWER | {"uri": "https://a.org", "status": "working", "info": ""}
    moved = there | {"uri": "https://b.org", "status": "redirected"}
    inside = there | {"uri": "#cell", "status": "unchecked"}
    text = "\n".join(map(json.dumps, [there, there, moved, inside]))
    assert report(read_links(text)) == "2 links: 0 broken, 0 not to be reached from here"


def test_a_place_in_a_notebook_is_told_by_its_cell() -> None:
    record = NO_ANSWER | {"uri": "https://a.org", "filename": "notebooks/a.ipynb", "lineno": 830005}
    [link] = read_links(json.dumps(record))
    assert link.place == "notebooks/a.ipynb, cell 83, line 5"
    assert link.unreached
    assert not link.broken

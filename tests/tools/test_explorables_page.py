"""The explorables that the gallery shows are those that the chapters store."""

from __future__ import annotations

import json
from pathlib import Path

from tests.tools.notebooks import FIGURE, chapter, code, notebook, shown, write_project
from tools.explorables_page import find_explorables
from tools.pages import write_pages

STILL = FIGURE["data"]["image/png"]


def explorable(kind: str, text: str) -> str:
    return f'<div class="drawlib-explorable" data-explorable="{kind}" style="">{text}</div>'


def test_the_first_of_each_kind_is_taken() -> None:
    first = chapter(
        code("a", shown(png="x", html="<p>no explorable</p>")),
        code("b", shown(png="x", html=explorable("window", "1"))),
        code("c", shown(png="x", html=explorable("window", "2"))),
    )
    second = chapter(code("d", shown(png="x", html=explorable("dream-machine", "3"))))
    assert find_explorables([first, second]) == {
        "window": explorable("window", "1"),
        "dream-machine": explorable("dream-machine", "3"),
    }
    assert find_explorables([chapter()]) == {}


def test_it_is_written_where_the_gallery_looks(tmp_path: Path) -> None:
    write_project(tmp_path)
    (tmp_path / "drawlib").mkdir()
    [path] = sorted((tmp_path / "notebooks").rglob("*.ipynb"))[:1]
    content = notebook()
    content["cells"].append(code("w", shown(png=STILL, html=explorable("window", "1"))))
    path.write_text(json.dumps(content), encoding="utf-8")
    write_pages(tmp_path, {"window": "made", "dream-machine": "made"})
    folder = tmp_path / "book" / "generated" / "explorables"
    assert (folder / "window.html").read_text("utf-8") == explorable("window", "1")
    assert (folder / "dream-machine.html").read_text("utf-8") == "made"

"""The generated pages together: all are written, and again only when they change."""

from __future__ import annotations

from pathlib import Path

from tests.tools.notebooks import write_project
from tools.pages import api_page, write_pages


def test_the_api_page_lists_every_public_module(tmp_path: Path) -> None:
    package = tmp_path / "drawlib"
    (package / "papers").mkdir(parents=True)
    for name in ("__init__", "_hidden", "claims", "papers/__init__", "papers/bert"):
        (package / f"{name}.py").touch()
    page = api_page(package)
    assert [line for line in page.splitlines() if line.startswith("##")] == [
        "## `drawlib.claims`",
        "## `drawlib.papers.bert`",
    ]


def test_pages_that_did_not_change_are_not_written_again(tmp_path: Path) -> None:
    write_project(tmp_path)
    (tmp_path / "drawlib").mkdir()
    write_pages(tmp_path)
    written = {p: p.stat().st_mtime_ns for p in (tmp_path / "book").rglob("*") if p.is_file()}
    assert {p.name for p in written} >= {"errata.md", "claims.md", "api.md", "cover.html"}
    write_pages(tmp_path)
    assert {p: p.stat().st_mtime_ns for p in written} == written

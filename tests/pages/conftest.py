"""Builds the book once, in a copy of the project, with the network cut off."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.pages.explorable import PAGE, Open
from tests.pages.project import Book, child_seconds, copy_project

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """The whole book, built in a folder whose name has a space in it."""
    copy = tmp_path_factory.mktemp("the book") / "a clone"
    copy.mkdir()
    book = copy_project(copy)
    start = child_seconds()
    done = book.build()
    seconds = child_seconds() - start
    assert done.returncode == 0, done.stdout + done.stderr
    return Book(book.root, done.stdout + done.stderr, seconds)


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """Headless Chromium."""
    if CHROMIUM is None:
        pytest.skip("no chromium here: the pages are not opened in a browser")
    from playwright.sync_api import sync_playwright

    quiet = ("background-networking", "component-update", "sync", "gpu")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", *(f"--disable-{feature}" for feature in quiet)],
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Any, tmp_path: Path) -> Iterator[Open]:
    """Open HTML as a file, and see to it that nothing is asked for and nothing complains."""
    contexts, quiet, seen = [], [], []

    def open_(body: str, *, width: int = 820, fails: bool = False, **options: Any) -> Any:
        path = tmp_path / f"page {len(contexts)}.html"
        path.write_text(PAGE.format(body=body), encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: seen.append(request.url))
        if not fails:
            page.on("pageerror", lambda error: quiet.append(str(error)))
            page.on("console", lambda m: m.type == "error" and quiet.append(m.text))
        page.goto(path.as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()
    outside = [url for url in seen if not url.startswith(("file:", "data:", "about:srcdoc"))]
    assert outside == []
    assert len([url for url in seen if url.startswith("file:")]) == len(contexts)
    assert quiet == []

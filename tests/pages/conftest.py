"""Builds the book once, in a copy of the project, with the network cut off."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

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

"""Take pictures of the explorables in telling states, to be looked at, and kept if they are good.

`python -m tools.explorable_pictures [NAME …]` opens what the chapters store in Chromium and writes
``docs/explorables/NAME.webp``, all of them or those that are named.
"""

from __future__ import annotations

import argparse
import io
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from tools.chapters import read_chapters
from tools.explorables_page import find_explorables, make_explorables
from tools.project import ROOT

FOLDER = ROOT / "docs" / "explorables"
MOST_BYTES = 60_000
PAGE = '<!doctype html><meta charset="utf-8"><body style="margin: 0; background: {paper}">{markup}'
PAPERS = {"light": "#ffffff", "dark": "#121212"}


@dataclass(frozen=True)
class View:
    """A state of an explorable, as somebody sees it.

    Attributes:
        kind: The explorable.
        does: What is called of its ``parts`` before the picture is taken.
        width: Of the page, in pixels.
        scheme: ``"light"`` or ``"dark"``.
    """

    kind: str
    does: str
    width: int = 900
    scheme: str = "light"


# In motion, an explorable jumps to the end for whoever prefers less of it, as we do here.
VIEWS = {
    "window": View("window", "set({})"),
    "window-listing": View("window", "set({listing: true, log_delta: -0.3})", scheme="dark"),
    "window-phone": View("window", "set({g_x: 0.6, log_sigma2: 2})", width=390),
    "dream-machine": View("dream-machine", "set({time: 4})"),
    "dream-machine-done": View("dream-machine", "set({time: 11})", scheme="dark"),
    "dream-machine-phone": View("dream-machine", "set({time: 11, place: [0.7, 0.2]})", width=390),
    "be-george-alike": View("be-george", "set({curve: Array(9).fill(-1)})"),
    "be-george-learnt": View("be-george", "learn()", scheme="dark"),
    "be-george-phone": View("be-george", "set({})", width=390),
    "scrubber-asleep": View("scrubber", "set({step: 20})"),
    "scrubber-end": View("scrubber", "set({step: 1e9})", scheme="dark"),
    "scrubber-phone": View("scrubber", "set({step: 4})", width=390),
}


def take(names: list[str], markup: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    """Take pictures.

    Args:
        names: Some of `VIEWS`.
        markup: The HTML of each explorable, under its kind.

    Yields:
        A name, and the bytes of a WebP.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for name in names:
            view = VIEWS[name]
            file = Path(folder, f"{name}.html")
            paper = PAPERS[view.scheme]
            file.write_text(PAGE.format(paper=paper, markup=markup[view.kind]), encoding="utf-8")
            page = browser.new_page(
                viewport={"width": view.width, "height": 1000},
                color_scheme="dark" if view.scheme == "dark" else "light",
                reduced_motion="reduce",
            )
            page.goto(file.as_uri())
            parts = "document.querySelector('[data-explorable]').explorable.parts"
            page.evaluate(f"() => {{ {parts}.{view.does}; }}")
            page.wait_for_timeout(500)
            ended = "({busy, playing, pending}) => !busy && !playing && !pending"
            page.wait_for_function(f"({ended})({parts}.state)", timeout=120_000)
            page.wait_for_timeout(200)
            yield name, small(page.locator("[data-explorable]").screenshot())
            page.close()
        browser.close()


def small(picture: bytes) -> bytes:
    """Return a picture as a WebP of at most `MOST_BYTES`, as good as that allows."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    for quality in (85, 70, 50, 30):
        file = io.BytesIO()
        image.save(file, "webp", quality=quality, method=6)
        if file.tell() <= MOST_BYTES:
            break
    return file.getvalue()


def main() -> None:
    """Read the command line and take the pictures."""
    parser = argparse.ArgumentParser("python -m tools.explorable_pictures", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*VIEWS, []], help="all, if none is named")
    names = parser.parse_args().names or list(VIEWS)
    markup = {**make_explorables(), **find_explorables(read_chapters(ROOT))}
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, picture in take(names, markup):
        (FOLDER / f"{name}.webp").write_bytes(picture)
        print(f"{name}: {len(picture):,} bytes")


if __name__ == "__main__":
    main()

"""What the tests of all explorables do with a page that shows one."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

HOST = "[data-explorable]"
LIVE = "document.querySelector('[data-explorable]').explorable"
WIDTHS = (320, 390, 500, 620, 820, 1600)

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>A page</title>
<meta name="viewport" content="width=device-width">
<style>body {{ margin: 0 }} canvas, .window, button {{ width: 7px; color: red }}</style></head>
<body><button id="before">before</button>{body}<button id="after">after</button></body></html>"""

Open = Callable[..., Any]


def part(page: Any, name: str) -> Any:
    return page.locator(f'[data-name="{name}"]').first


def settle(page: Any) -> None:
    """Wait until what is due has been drawn."""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def tab_to(page: Any, name: str) -> None:
    """Press Tab until the part of that name or label has the focus, and see that it shows."""
    focused = f"{LIVE}.root.activeElement"
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate(f"{focused}?.dataset.name ?? {focused}?.ariaLabel") == name:
            width = page.evaluate(f"getComputedStyle({focused}).outlineWidth")
            assert width == "3px", f"the focus on {name} is not seen"
            return
    raise AssertionError(f"no way to {name}")


def pixels(page: Any, name: str) -> np.ndarray:
    """Read a canvas, as it is, without what lies around it."""
    url = page.evaluate(
        f"name => {LIVE}.root.querySelector(`[data-name=${{name}}]`).toDataURL()", name
    )
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))))


def watch_frames(page: Any) -> None:
    """Begin to note when the browser shows a frame, and how long each drawing takes."""
    page.evaluate(
        f"""() => {{
          globalThis.times = [];
          globalThis.work = [];
          const draw = {LIVE}.draw;
          {LIVE}.draw = () => {{
            const start = performance.now();
            draw();
            work.push(performance.now() - start);
          }};
          const tick = (time) => {{ times.push(time); requestAnimationFrame(tick); }};
          requestAnimationFrame(tick);
        }}"""
    )


def check_frames(page: Any, *, drawings: int) -> None:
    """Print what was noted, by the browser's own clock, and hold it against generous bounds."""
    times, work = page.evaluate("[times, work]")
    gaps = np.diff(times)
    print(
        f"{len(work)} drawings, median {np.median(work):.1f} ms, longest {max(work):.1f} ms; "
        f"frames {np.median(gaps):.1f} ms apart, 95 % within {np.quantile(gaps, 0.95):.1f} ms"
    )
    assert len(work) > drawings
    assert np.median(work) < 33
    assert np.median(gaps) < 100

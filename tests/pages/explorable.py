"""What the tests of all explorables do with a page that shows one."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from drawlib.explorable import Explorable
from drawlib.scrubber import Arrows, Curves, Plot, Sheet, scrubber

HOST = "[data-explorable]"
LIVE = "document.querySelector('[data-explorable]').explorable"
WIDTHS = (320, 390, 500, 620, 820, 1600)

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>A page</title>
<meta name="viewport" content="width=device-width">
<style>body {{ margin: 0 }} canvas, .window, button {{ width: 7px; color: red }}</style></head>
<body><button id="before">before</button>{body}<button id="after">after</button></body></html>"""

Open = Callable[..., Any]


def film(moments: int = 40) -> Explorable:
    """Make a scrubber with panels of every kind; its numbers are of no real training."""
    rng = np.random.default_rng(7)
    x, time = np.linspace(-5, 5, 21), np.arange(moments)[:, None]
    bell = np.exp(-((x + 1) ** 2) / 2)
    lines = {"real notes": ("blue", bell), "Danielle": ("green", 0.5 + 0.4 * np.sin(x + time / 5))}
    plots = [
        Plot(
            name,
            lines,
            {"forged notes": ("orange", bell[:20] * time / moments)},
            y_ticks={0.5: "½"},
        )
        for name in ("equal pace", "quick Danielle")
    ]
    arrows = [Arrows(x, np.clip(x * rng.uniform(0, 1, (moments, 1)), -5, 5)) for _ in plots]
    error = 2.0 * 0.95 ** time[:, 0]
    curves = Curves("W₁", {"equal pace": ("ink", error)}, (0.1, 3), (0.1, 1), log=True)
    images = rng.random((moments, 20, 12, 12)) * (rng.random((20, 12, 12)) > 0.7)
    words = [f"At equal pace, W₁ is {value:.2f}, and so it goes." for value in error]
    rows = [plots, arrows, [Sheet("dreams", images)], [curves]]
    return scrubber(rows, range(0, 25 * moments, 25), words, unit="round", alt="A training.")


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

"""Pictures that a reader can turn in the hand: self-contained HTML for any page.

An explorable works in the static book, from a folder on disk, in Jupyter and in Colab. It asks
for nothing from anywhere, and shows a still picture where no script runs. Its JavaScript, style
and markup are source files in ``drawlib/explorable``: ``core.js`` and ``core.css`` for what all
share, and ``<kind>.js``, ``<kind>.css`` and ``<kind>.html`` for each kind.
"""

from __future__ import annotations

import base64
import html
import importlib
import io
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from drawlib import filterbank
from drawlib.checks import argument_error, check_array, check_integer
from drawlib.plots import BLUE, GREEN, INK, ORANGE

SIZE_LIMIT = 900_000  # bytes of HTML

_SOURCES = Path(__file__).parent / "explorable"
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w-]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async |const |function |class |let ))", re.MULTILINE)
_MODULE_WORD = re.compile(r"^\s*(?:import|export)\b.*", re.MULTILINE)


class Explorable:
    """Something to explore, as a notebook displays it: HTML, and a PNG of its first state.

    Attributes:
        kind: Which of the explorables it is; its sources are named after it.
        alt: What it shows, for those who cannot see it.
        still: Its first state as the bytes of a PNG.
        html: The whole of it: one element with its style, its script and its data.
    """

    def __init__(
        self,
        kind: str,
        *,
        alt: str,
        still: bytes,
        data: Mapping[str, Any],
        properties: Mapping[str, str] | None = None,
    ) -> None:
        """Put an explorable together.

        Args:
            kind: The name of its sources: ``<kind>.js``, ``<kind>.css`` and ``<kind>.html``.
            alt: A sentence that says what is seen.
            still: The bytes of a PNG.
            data: What its script is given, as JSON can hold it.
            properties: CSS custom properties that its size depends on, without the dashes:
                they are known before the script runs.

        Raises:
            ValueError: If there are no sources of that kind, or if it grows too heavy.
        """
        if not (_SOURCES / f"{kind}.js").is_file():
            raise argument_error("kind", "the name of a file in drawlib/explorable", kind)
        self.kind, self.alt, self.still = kind, alt, still
        self.html = _page_part(kind, alt, still, data, properties or {})
        if (size := len(self.html.encode())) > SIZE_LIMIT:
            raise ValueError(
                f"expected the explorable's HTML to have at most {SIZE_LIMIT:,} bytes; "
                f"received {size:,}"
            )

    def __repr__(self) -> str:
        return self.alt

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/html": self.html, "image/png": base64.b64encode(self.still).decode()}


def bundle(entry: str) -> str:
    """Join a script and all that it imports into one that a page can hold.

    Args:
        entry: A file of ``drawlib/explorable``. Of ES modules it uses two forms only:
            ``import { a, b } from "./file.js";`` and ``export`` before a declaration.

    Returns:
        The files in the order in which they need each other, without their imports and
        exports.

    Raises:
        ValueError: If a file uses another form.
    """
    order: dict[str, str] = {}
    entered: set[str] = set()

    def enter(name: str) -> None:
        if name in entered:
            return
        entered.add(name)
        source = (_SOURCES / name).read_text(encoding="utf-8")
        for needed in _IMPORT.findall(source):
            enter(needed)
        order[name] = _EXPORT.sub("", _IMPORT.sub("", source))

    enter(entry)
    for name, source in order.items():
        if left := _MODULE_WORD.search(source):
            raise ValueError(
                f"expected {name} to import and export in the two plain forms; "
                f"received {left[0].strip()!r}"
            )
    return "\n".join(order.values())


def _page_part(
    kind: str, alt: str, still: bytes, data: Mapping[str, Any], properties: Mapping[str, str]
) -> str:
    """Write an explorable's one element.

    Its inside is a declared shadow root, so that styles stay in it and out of it, and so that
    the page reserves its place before the script runs. The picture lies outside: it is what a
    place shows that knows neither.
    """
    style = "\n".join(_source(name) for name in ("core.css", f"{kind}.css"))
    size = "".join(f"--{name}:{value};" for name, value in properties.items())
    picture = base64.b64encode(still).decode()
    # As JSON has it, a "<" can only stand in a string, where it may be written as an escape.
    given = json.dumps(data, allow_nan=False, sort_keys=True).replace("<", "\\u003c")
    script = f'(() => {{\n"use strict";\n{bundle(f"{kind}.js")}}})();'
    return f"""\
<div class="drawlib-explorable" data-explorable="{kind}" data-lm-suppress-shortcuts="true" \
style="{html.escape(size)}">
<template shadowrootmode="open"><style>
{_inside("style", style)}</style>
<div class="frame" data-state="waiting" data-theme="light" role="group" \
aria-label="{html.escape(alt)}">
<div class="still"><slot></slot></div>
<p class="message" role="alert"></p>
<div class="live">
{_source(f"{kind}.html")}</div>
<p class="spoken" data-name="status" role="status"></p>
</div></template>
<img alt="{html.escape(alt)}" src="data:image/png;base64,{picture}">
<script type="application/json">{given}</script>
<script>{_inside("script", script)}</script>
</div>"""


def _source(name: str) -> str:
    return (_SOURCES / name).read_text(encoding="utf-8")


def _inside(element: str, text: str) -> str:
    """Return text that may stand inside an HTML element which holds no markup, or raise."""
    if found := re.search(rf"</{element}|<!--", text, re.IGNORECASE):
        raise ValueError(f"expected nothing in a {element} that ends it; received {found[0]!r}")
    return text


def __getattr__(name: str) -> Any:
    """Find `dream_machine` here too, though it stands a floor above, with the networks."""
    if name != "dream_machine":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module("drawlib.dream_machine").dream_machine


# The window

NUMBERS = ("g_x", "g_y", "log_sigma2", "log_delta", "log_gamma")
RANGES = {
    "g_x": (-1.3, 1.3),
    "g_y": (-1.3, 1.3),
    "log_sigma2": (-4.0, 5.0),
    "log_delta": (-4.0, 0.6),
    "log_gamma": (-2.0, 2.0),
    "size": (1, 12),
}
_MARGIN = 5  # pixels shown around an image, for a window that hangs over its edge
_MOST_IMAGES = 6  # so many buttons stand side by side on a phone


def window(
    images: Any,
    numbers: Any = (-0.4, -0.3, 0.0, -0.9, 0.0),
    *,
    size: int = 8,
    labels: Sequence[str] | None = None,
    listing: bool = False,
) -> Explorable:
    """Show DRAW's window on an image: its filters, its glimpse, and the glimpse written back.

    The reader moves and zooms the window, turns its five numbers and N, changes to the grid of
    the 2016 listing, and follows the slope. The equations are those of `drawlib.filterbank`.

    Args:
        images: One to six images to choose from, shape (C, H, W), H and W from 4 to 64; 0 is
            paper and 1 is ink. They are rounded to 256 grey levels.
        numbers: The five numbers at the start, as `drawlib.filterbank.window` takes them. What
            lies beyond a slider's end (see `RANGES`) is put at its end.
        size: N at the start, 1 to 12.
        labels: What each image is called; "digit 1", "digit 2", … where nothing is given.
        listing: Start with the grid of the 2016 listing.

    Returns:
        The explorable.

    Raises:
        ValueError: If an argument is not of its kind, or out of its range.
    """
    images = check_array("images", images, shape=("C", "H", "W"), at_least=0, at_most=1)
    count, height, width = images.shape
    if count > _MOST_IMAGES or min(height, width) < 4 or max(height, width) > 64:
        raise argument_error("images", "one to six, of 4 to 64 pixels a side", images)
    five = check_array("numbers", numbers, shape=(5,)).astype("float64")
    low, high = np.array([RANGES[name] for name in NUMBERS]).T
    five = np.clip(five, low, high)
    size = check_integer("size", size, at_least=1, at_most=int(RANGES["size"][1]))
    if labels is None:
        labels = [f"digit {number}" for number in range(1, count + 1)]
    if isinstance(labels, str) or len(labels) != count:
        raise argument_error("labels", f"{count} names, one for each image", labels)
    bytes_ = np.round(255 * images).astype(np.uint8)
    start = dict(zip(NUMBERS, five.tolist(), strict=True))
    return Explorable(
        "window",
        alt=(
            "A digit with a grid of orange dots on it, the window. Above it and beside it the "
            "filters over columns and rows; then the glimpse, and the glimpse written back."
        ),
        still=_window_still(bytes_[0] / 255, five, size, listing),
        data={
            "height": height,
            "width": width,
            "margin": _MARGIN,
            "images": [base64.b64encode(image.tobytes()).decode() for image in bytes_],
            "labels": [str(label) for label in labels],
            "ranges": RANGES,
            "start": {**start, "size": size, "image": 0, "listing": bool(listing)},
        },
        properties={
            "field": f"{width + 2 * _MARGIN}/{height + 2 * _MARGIN}",
            "image": f"{width}/{height}",
        },
    )


def _window_still(image: np.ndarray, five: np.ndarray, size: int, listing: bool) -> bytes:
    """Draw the window's first state, in the arrangement of the live one."""
    height, width = image.shape
    view = filterbank.window(five[None], size=size, height=height, width=width)
    delta = float(np.asarray(view.delta)[0, 0])
    middles = [float(np.asarray(g)[0, 0]) for g in (view.g_x, view.g_y)]
    if listing:  # its grid lies 1 + g̃ − δ pixels from ours
        middles = [g + 1 + tilde - delta for g, tilde in zip(middles, five[:2], strict=True)]
    offsets = (np.arange(size) - (size - 1) / 2) * delta
    F_x, F_y = (
        np.asarray(filterbank.filters((g + offsets)[None], view.sigma2, pixels))[0]
        for g, pixels in zip(middles, (width, height), strict=True)
    )
    gamma = float(np.asarray(view.gamma)[0, 0])
    glimpse = gamma * F_y @ image @ F_x.T
    back = F_y.T @ glimpse @ F_x / gamma
    with matplotlib.style.context("default", after_reset=True):
        figure = Figure(figsize=(7.2, 3.4), dpi=100)
        FigureCanvasAgg(figure)

        def panel(
            left: float, bottom: float, wide: float, high: float, values: Any, **options: Any
        ) -> Any:
            axes = figure.add_axes((left, bottom, wide, high))
            axes.imshow(values, aspect="auto", vmin=0, **options)
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_color("#d4d6d9")
            return axes

        digit = panel(0.01, 0.02, 0.38, 0.80, image, cmap="Greys", vmax=1)
        columns, rows = np.meshgrid(*(g + offsets for g in middles))
        digit.plot(columns, rows, ".", color=ORANGE, markersize=5)
        digit.set(xlim=(-3.5, width + 2.5), ylim=(height + 2.5, -3.5))
        for name, colour, values, place in (
            ("x", BLUE, F_x, (0.01, 0.84, 0.38, 0.14)),
            ("y", GREEN, F_y.T, (0.40, 0.02, 0.065, 0.80)),
        ):
            ramp = matplotlib.colors.LinearSegmentedColormap.from_list(name, ["white", colour])
            axes = panel(*place, values, cmap=ramp)
            axes.set(**{f"{name}lim": getattr(digit, f"get_{name}lim")()})
        figure.text(0.415, 0.885, "$F_x$", color=BLUE, fontsize=12)
        figure.text(0.415, 0.835, "$F_y$", color=GREEN, fontsize=12)
        panel(0.50, 0.30, 0.235, 0.50, glimpse, cmap="Greys", vmax=1)
        panel(0.755, 0.30, 0.235, 0.50, back, cmap="Greys")
        for left, label in ((0.6175, "the glimpse"), (0.8725, "written back")):
            figure.text(left, 0.25, label, ha="center", va="top", color=INK, fontsize=12)
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=100)
    # Few colours, and no dithering: an eighth of the bytes.
    picture = Image.open(file).convert("RGB").quantize(128, dither=Image.Dither.NONE)
    small = io.BytesIO()
    picture.save(small, "PNG", optimize=True)
    return small.getvalue()

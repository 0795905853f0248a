"""The window: DRAW's five numbers under the reader's hand.

Its page part is ``drawlib/browser/window.js``, its mathematics ``drawlib/browser/filterbank.js``.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.figure import Figure

from drawlib import filterbank
from drawlib.checks import argument_error, check_array, check_integer
from drawlib.explorable import Explorable, still_picture
from drawlib.plots import BLUE, GREEN, INK, ORANGE

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
        return still_picture(figure, colours=128)

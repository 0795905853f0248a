"""How the panels of a scrubber are laid out, and its still picture in that layout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.figure import Figure

from drawlib.explorable import still_picture
from drawlib.plots import BLUE, GREEN, GREY, INK, ORANGE

COLOURS = {"blue": BLUE, "green": GREEN, "orange": ORANGE, "ink": GREY}
GAP = 20  # pixels between two panels of a row, and below a row
LINE = 22  # pixels of a line of words above a panel
HEIGHTS = {"plot": 170, "arrows": 92, "curves": 140, "sheet": 0}
MARGIN = (40, 10)  # left and right of curves: the slider below keeps the same
_WIDTH, _SOFT = 720, "#5c6168"


def row_of(panels: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Lay out a row of panels.

    Args:
        panels: As `Plot.checked` and its like return them.

    Returns:
        The panels; the ``legend``, pairs of name and colour; ``titled``, whether there is a line
        of titles; and the row's height, ``fixed`` pixels and a ``share`` of the whole width.
    """
    legend: dict[str, str] = {}
    for panel in panels:
        for line in (*panel.get("bars", ()), *panel.get("lines", ())):
            legend.setdefault(line["name"], line["colour"])
    titled = any(panel.get("title") for panel in panels)
    height = max(HEIGHTS[panel["kind"]] for panel in panels)
    fixed, share = float(height + LINE * (titled + bool(legend)) + GAP), 0.0
    if sheets := [panel for panel in panels if panel["kind"] == "sheet"]:
        tall = max(_tall(sheet) for sheet in sheets)
        share = tall / len(panels)
        fixed -= round(tall * GAP * (len(panels) - 1) / len(panels), 2)
    return {
        "panels": list(panels),
        "legend": list(legend.items()),
        "titled": titled,
        "fixed": fixed,
        "share": share,
    }


def _tall(sheet: dict[str, Any]) -> float:
    """Return the height of a sheet, as a multiple of its width."""
    _, count, height, width = sheet["images"].shape
    return -(-count // sheet["across"]) * height / (sheet["across"] * width)


def ticks_of(times: Sequence[int]) -> list[int]:
    """Choose the moments whose times are written below the time line: round ones, far apart.

    Args:
        times: The times of all moments.

    Returns:
        Their places, the first and the last always among them.
    """
    last = len(times) - 1

    def roundness(k: int) -> tuple[int, bool, int]:
        digits = str(times[k]).rstrip("0")
        return len(digits), digits != "1", k

    found = [0, last]
    for k in sorted(range(1, last), key=roundness):
        if min(abs(k - other) for other in found) >= last / 6:
            found.append(k)
    return sorted(found)


def draw_still(rows: Sequence[dict[str, Any]], times: Sequence[int], unit: str) -> bytes:
    """Draw the last moment, in the arrangement of the live one.

    Args:
        rows: As `row_of` returns them.
        times: The times of all moments.
        unit: What they are counted in.

    Returns:
        The bytes of a PNG.
    """
    tall = sum(row["fixed"] + row["share"] * _WIDTH for row in rows) + LINE
    with matplotlib.style.context("default", after_reset=True):
        figure = Figure(figsize=(_WIDTH / 100, tall / 100), dpi=100)

        def words(x: float, y: float, text: str, colour: str = INK) -> None:
            figure.text(x / _WIDTH, 1 - (y + 16) / tall, text, color=colour, fontsize=11)

        top = 0.0
        for row in rows:
            columns = len(row["panels"])
            wide = (_WIDTH - GAP * (columns - 1)) / columns
            several = columns > 1 or not row["titled"]  # then the legend is for all of them
            x = 0.0
            for name, colour in row["legend"]:
                words(x, top + LINE * (not several), name, COLOURS[colour])
                x += 24 + 7 * len(name)
            start = top + LINE * (several and bool(row["legend"]))
            below = top + LINE * (row["titled"] + bool(row["legend"]))
            end = top + row["fixed"] - GAP + row["share"] * _WIDTH
            for k, panel in enumerate(row["panels"]):
                left = k * (wide + GAP)
                words(left, start, panel.get("title", ""))
                box = (left / _WIDTH, 1 - end / tall, wide / _WIDTH, (end - below) / tall)
                _DRAW[panel["kind"]](figure.add_axes(box), panel, times)
            top = end + GAP
        words(4, top - 6, f"{unit} {times[-1]:,} of {times[-1]:,}", _SOFT)
        return still_picture(figure, colours=32)


def _bare(axes: Any) -> None:
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def _draw_plot(axes: Any, panel: dict[str, Any], _: Sequence[int]) -> None:
    _bare(axes)
    low, high = panel["x"]
    for line in panel["bars"]:
        values = line["values"][-1]
        edges = np.linspace(low, high, len(values) + 1)
        axes.stairs(values, edges, fill=True, color=COLOURS[line["colour"]], alpha=0.55)
    for y, text in panel["ticks"]:
        axes.axhline(y, color="#b9bdc2", linewidth=1, linestyle=(0, (4, 4)))
        axes.text(panel["x"][0], y, text, color=_SOFT, fontsize=9, va="top")
    for line in panel["lines"]:
        values = line["values"][-1]
        x = np.linspace(low, high, len(values))
        axes.plot(x, values, color=COLOURS[line["colour"]], linewidth=2.2)
    axes.set(xlim=panel["x"], ylim=panel["y"])


def _draw_arrows(axes: Any, panel: dict[str, Any], _: Sequence[int]) -> None:
    _bare(axes)
    axes.plot([panel["z"][0], panel["x"][-1]], [0, 1], color=ORANGE, linewidth=1, alpha=0.8)
    for y, name in ((0.02, "z"), (0.84, "x")):
        axes.text(panel["ends"][0], y, name, fontstyle="italic", fontsize=12)
    axes.set(xlim=panel["ends"], ylim=(0, 1))


def _draw_curves(axes: Any, panel: dict[str, Any], times: Sequence[int]) -> None:
    axes.set_position(_inset(axes))
    for line in panel["lines"]:
        axes.plot(line["values"], color=COLOURS[line["colour"]], linewidth=2)
        axes.plot(len(times) - 1, line["values"][-1], "o", color=COLOURS[line["colour"]])
    axes.set(ylim=panel["y"], xlim=(0, len(times) - 1), yscale="log" if panel["log"] else "linear")
    axes.set_yticks(panel["ticks"], [f"{tick:g}" for tick in panel["ticks"]])
    axes.minorticks_off()
    places = ticks_of(times)
    axes.set_xticks(places, [f"{times[k]:,}" for k in places])
    axes.tick_params(length=0, labelsize=9, labelcolor=_SOFT)
    axes.get_xticklabels()[-1].set_horizontalalignment("right")
    axes.grid(axis="y", color="#e3e5e7")
    axes.spines[:].set_visible(False)


def _inset(axes: Any) -> tuple[float, float, float, float]:
    """Return a place with room for words beside and below it."""
    box, tall = axes.get_position(), axes.figure.get_figheight() * 100
    left, right = (margin / _WIDTH for margin in MARGIN)
    return (box.x0 + left, box.y0 + 20 / tall, box.width - left - right, box.height - 20 / tall)


def _draw_sheet(axes: Any, panel: dict[str, Any], _: Sequence[int]) -> None:
    images, across = panel["images"][-1], panel["across"]
    missing = -len(images) % across
    images = np.concatenate([images, np.zeros((missing, *images.shape[1:]), images.dtype)])
    count, height, width = images.shape
    whole = images.reshape(count // across, across, height, width).swapaxes(1, 2)
    _bare(axes)
    sheet = whole.reshape(-1, across * width)
    axes.imshow(sheet, cmap="Greys", aspect="auto", interpolation="nearest")


_DRAW = {
    "plot": _draw_plot,
    "arrows": _draw_arrows,
    "curves": _draw_curves,
    "sheet": _draw_sheet,
}

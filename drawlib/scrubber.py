"""The training scrubber: a recorded training on one time line, to be played and stepped through.

A recording is looked at in panels, arranged in rows: `Plot`, `Arrows`, `Curves` and `Sheet`. All
show the same moment; `Curves` show the whole training, with a mark at that moment. The page part
is ``drawlib/browser/scrubber.js``; the still picture is drawn by `drawlib.scrubber_still`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from drawlib.checks import argument_error, check_array, check_choice, check_integer
from drawlib.explorable import Explorable
from drawlib.quantize import packed
from drawlib.scrubber_still import COLOURS, draw_still, row_of, ticks_of

MOST_MOMENTS = 500
GREYS = 16  # levels of a picture on a sheet

Lines = Mapping[str, tuple[str, Any]]


@dataclass(frozen=True)
class Plot:
    """Curves and bars over x, as they are at each moment.

    Attributes:
        title: A few words above it; may be empty.
        lines: By name, a colour (``"blue"``, ``"green"``, ``"orange"`` or ``"ink"``) and the
            values at evenly spaced x, the ends included: shape (S, P), or (P,) for a line that
            stands still.
        bars: The same; values of evenly wide bars that fill the range of x.
        x: The range of x.
        y: The range of y; what lies beyond is cut off.
        y_ticks: What is written at which y.
    """

    title: str
    lines: Lines
    bars: Lines = field(default_factory=dict)
    x: tuple[float, float] = (-5.0, 5.0)
    y: tuple[float, float] = (0.0, 1.0)
    y_ticks: Mapping[float, str] = field(default_factory=dict)

    def checked(self, count: int) -> dict[str, Any]:
        """Return it as a dictionary of plain values and float arrays, or raise."""
        return {
            "kind": "plot",
            "title": str(self.title),
            "lines": _lines("lines", self.lines, count),
            "bars": _lines("bars", self.bars, count),
            "x": _range("x", self.x),
            "y": _range("y", self.y),
            "ticks": [[float(y), str(text)] for y, text in self.y_ticks.items()],
        }


@dataclass(frozen=True)
class Arrows:
    """Arrows from z, below, up to x.

    Attributes:
        z: Shape (N,).
        x: Where they lead at each moment, shape (S, N).
        ends: The range of both.
    """

    z: Any
    x: Any
    ends: tuple[float, float] = (-5.0, 5.0)

    def checked(self, count: int) -> dict[str, Any]:
        """Return it as a dictionary of plain values and float arrays, or raise."""
        z = check_array("z", self.z, shape=("N",))
        x = check_array("x", self.x, shape=(count, len(z)))
        return {"kind": "arrows", "z": z[None], "x": x, "ends": _range("ends", self.ends)}


@dataclass(frozen=True)
class Curves:
    """Numbers of every moment, as curves over the whole training.

    Attributes:
        title: What they measure.
        lines: By name, a colour and the values, shape (S,).
        y: The range of y; above 0 if it is logarithmic.
        y_ticks: Numbers to write beside it.
        log: Whether y is logarithmic.
    """

    title: str
    lines: Lines
    y: tuple[float, float]
    y_ticks: Sequence[float] = ()
    log: bool = False

    def checked(self, count: int) -> dict[str, Any]:
        """Return it as a dictionary of plain values and float arrays, or raise."""
        low, high = _range("y", self.y)
        if self.log and low <= 0:
            raise argument_error("y", "above 0 where it is logarithmic", self.y)
        lines = [
            {**_named(name, colour), "values": check_array(name, values, shape=(count,))}
            for name, (colour, values) in self.lines.items()
        ]
        return {
            "kind": "curves",
            "title": str(self.title),
            "lines": lines,
            "y": [low, high],
            "ticks": [float(tick) for tick in self.y_ticks],
            "log": bool(self.log),
        }


@dataclass(frozen=True)
class Sheet:
    """Small grey pictures, row by row.

    Attributes:
        title: What they are.
        images: Shape (S, N, H, W), or (N, H, W) where they stand still; 0 is paper and 1 is ink.
            They are rounded to 16 grey levels. W is even.
        across: How many stand in a row.
    """

    title: str
    images: Any
    across: int = 10

    def checked(self, count: int) -> dict[str, Any]:
        """Return it as a dictionary of plain values and arrays of grey levels, or raise."""
        across = check_integer("across", self.across, at_least=1, at_most=40)
        moving = np.ndim(self.images) == 4
        shape = (count, "N", "H", "W") if moving else ("N", "H", "W")
        images = check_array("images", self.images, shape=shape, at_least=0, at_most=1)
        if images.shape[-1] % 2:
            raise argument_error("images", "of an even number of columns", images)
        levels = np.round((GREYS - 1) * images).astype(np.uint8)
        if not levels.any():
            raise argument_error("images", "not all of them paper", images)
        return {
            "kind": "sheet",
            "title": str(self.title),
            "across": across,
            "images": levels if moving else levels[None],
        }


def scrubber(
    rows: Sequence[Sequence[Plot | Arrows | Curves | Sheet]],
    times: Any,
    words: Sequence[str],
    *,
    unit: str,
    alt: str,
) -> Explorable:
    """Show a recorded training on one time line, with play, pause and single steps.

    It opens at the last moment. All moments are equally far apart on the time line, whatever
    their times: a recording that gets sparser with time shows its beginning in detail.

    Args:
        rows: Panels, one row below another; those of a row stand side by side.
        times: When the S moments were: whole numbers that increase, shape (S,), S from 2 to 500.
        words: A sentence for each moment: what is to be seen there.
        unit: What time is counted in, for example ``"round"``.
        alt: What is seen at the last moment, for those who cannot see it.

    Returns:
        The explorable.

    Raises:
        ValueError: If an argument is not of its kind, or out of its range.
    """
    moments = _moments(times)
    count = len(moments)
    if isinstance(words, str) or len(words) != count or not all(map(_is_line, words)):
        raise argument_error("words", f"{count} sentences, one for each moment", words)
    for name, text in (("unit", unit), ("alt", alt)):
        if not _is_line(text):
            raise argument_error(name, "a few words", text)
    if not rows or not all(rows):
        raise argument_error("rows", "rows of at least one panel", rows)
    found = [row_of([panel.checked(count) for panel in row]) for row in rows]
    fixed, share = (sum(row[name] for row in found) for name in ("fixed", "share"))
    longest = max(words, key=len) + " —"  # and some room, for letters differ in width
    return Explorable(
        "scrubber",
        alt=alt,
        still=draw_still(found, moments, unit),
        data={
            "rows": [{**row, "panels": [_packed(one) for one in row["panels"]]} for row in found],
            "times": moments,
            "ticks": ticks_of(moments),
            "unit": unit,
            "words": list(words),
        },
        properties={
            "fixed": f"{fixed:g}px",
            "share": f"{100 * share:.6g}%",
            "longest": json.dumps(longest, ensure_ascii=False),
        },
    )


def _is_line(text: Any) -> bool:
    return isinstance(text, str) and text.isprintable() and bool(text.strip())


def _moments(times: Any) -> list[int]:
    found = check_array("times", times, shape=("S",))
    if not 2 <= len(found) <= MOST_MOMENTS or (found != np.round(found)).any():
        raise argument_error("times", f"2 to {MOST_MOMENTS} whole numbers", times)
    if found[0] < 0 or (np.diff(found) <= 0).any():
        raise argument_error("times", "at least 0, and increasing", times)
    return [int(time) for time in found]


def _range(name: str, ends: Any) -> list[float]:
    low, high = check_array(name, ends, shape=(2,)).tolist()
    if low >= high:
        raise argument_error(name, "a low end and a high one", ends)
    return [float(low), float(high)]


def _named(name: str, colour: str) -> dict[str, str]:
    return {"name": str(name), "colour": check_choice("colour", colour, tuple(COLOURS))}


def _lines(kind: str, lines: Lines, count: int) -> list[dict[str, Any]]:
    found = []
    for name, (colour, values) in lines.items():
        moving = np.ndim(values) == 2
        array = check_array(kind, values, shape=(count, "P") if moving else ("P",))
        found.append({**_named(name, colour), "values": array if moving else array[None]})
    return found


def _packed(panel: dict[str, Any]) -> dict[str, Any]:
    """Write a panel as JSON can hold it: ``film.js`` unpacks it."""

    def plain(value: Any) -> Any:
        if isinstance(value, list):
            return [plain(one) for one in value]
        if isinstance(value, dict):
            return _packed(value)
        if not isinstance(value, np.ndarray):
            return value
        if value.dtype != np.uint8:
            return packed(value)
        return {"shape": value.shape, **packed(changes(value))}

    return {name: plain(value) for name, value in panel.items()}


def changes(images: np.ndarray) -> np.ndarray:
    """Return how grey levels change from moment to moment, two pixels in one number.

    What does not change is 0, and most does not: so a few bits are enough.

    Args:
        images: Levels from 0 to 15, shape (S, N, H, W), uint8.

    Returns:
        Shape (S, N·H·W / 2), uint8: 16 times a pixel's change plus the next one's, each counted
        around the circle of 16 levels. The first moment changes from paper.
    """
    flat = images.reshape(len(images), -1).astype(int)
    change = np.diff(flat, axis=0, prepend=0) % GREYS
    return (GREYS * change[:, ::2] + change[:, 1::2]).astype(np.uint8)

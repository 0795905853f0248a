"""The book's one house style for figures, and its animations."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Iterable

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.figure import Figure
from PIL import Image

from drawlib.checks import argument_error, check_integer, check_number

# Okabe and Ito's palette: told apart with every common form of colour blindness.
BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"
YELLOW, SKY, PINK, INK, GREY = "#E69F00", "#56B4E9", "#CC79A7", "#222222", "#7A7A7A"
COLOURS = (BLUE, ORANGE, GREEN, PINK, YELLOW, SKY, INK)

# The same thing has the same colour in every chapter.
REAL, FORGED, JUDGE = BLUE, ORANGE, GREEN

_STYLE = {
    "figure.figsize": (7.0, 3.6),
    "figure.dpi": 110,
    "figure.constrained_layout.use": True,
    "savefig.dpi": 110,
    "font.size": 13,
    "axes.titlesize": 13,
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.grid": False,
    "lines.linewidth": 2.2,
    "legend.frameon": False,
    "image.cmap": "viridis",
    "figure.facecolor": "white",
    "axes.facecolor": "white",
}


def use_house_style() -> None:
    """Make the book's style the default of every figure that follows.

    The style is set for a phone: at 390 px the smallest text is still about 9 px high.
    """
    matplotlib.rcParams.update(_STYLE)


class Animation:
    """A moving picture that a notebook shows anywhere: no script, no request.

    It displays as a GIF with alternative text; where the reader prefers reduced motion,
    and where no HTML is shown, as its last frame.

    Attributes:
        gif: The file's bytes.
        still: The last frame as the bytes of a PNG.
        alt: The alternative text.
    """

    def __init__(self, gif: bytes, still: bytes, alt: str) -> None:
        self.gif, self.still, self.alt = gif, still, alt

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict:
        gif, still = (base64.b64encode(data).decode() for data in (self.gif, self.still))
        alt = html.escape(self.alt, quote=True)
        picture = (
            '<picture><source media="(prefers-reduced-motion: reduce)" '
            f'srcset="data:image/png;base64,{still}">'
            f'<img alt="{alt}" src="data:image/gif;base64,{gif}"></picture>'
        )
        return {"text/html": picture, "image/png": still, "text/plain": self.alt}


def animate(
    figure: Figure,
    draw: Callable[..., object],
    frames: Iterable,
    *,
    alt: str,
    fps: int = 10,
    hold: float = 2.0,
) -> Animation:
    """Draw a figure once a frame and collect the frames into an `Animation`.

    Args:
        figure: The figure that `draw` draws on; it is closed at the end.
        draw: Called with each of `frames`; updates `figure`.
        frames: What to call `draw` with, at least one.
        alt: What the animation shows, for those who cannot see it.
        fps: Frames a second, 1 to 50.
        hold: Seconds for which the last frame stays, before the loop begins again; 0 to 60.

    Returns:
        The animation, with at most 64 colours.

    Raises:
        ValueError: If an argument is not of its kind, or out of its range; if there is no
            frame.
    """
    if not isinstance(figure, Figure):
        raise argument_error("figure", "a Matplotlib figure", figure)
    if not callable(draw):
        raise argument_error("draw", "a function of one frame", draw)
    if not isinstance(frames, Iterable):
        raise argument_error("frames", "what `draw` is called with, one after another", frames)
    if not isinstance(alt, str) or not alt.strip():
        raise argument_error("alt", "a sentence that says what is seen", alt)
    check_integer("fps", fps, at_least=1, at_most=50)
    check_number("hold", hold, at_least=0, at_most=60)
    pictures = []
    try:
        for frame in frames:
            draw(frame)
            figure.canvas.draw()
            pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3]  # type: ignore[attr-defined]
            pictures.append(Image.fromarray(pixels.copy()))
    finally:
        plt.close(figure)  # or the notebook would show it once more, standing still
    if not pictures:
        raise argument_error("frames", "at least one frame", [])
    # One palette for all frames, taken from the first and the last, so that nothing flickers.
    both = Image.new("RGB", (pictures[0].width, 2 * pictures[0].height))
    both.paste(pictures[0], (0, 0))
    both.paste(pictures[-1], (0, pictures[0].height))
    palette = both.quantize(64, dither=Image.Dither.NONE)
    quantised = [p.quantize(palette=palette, dither=Image.Dither.NONE) for p in pictures]
    # Only now: with a white entry beside other pale ones, Pillow would map white to those.
    for picture in quantised:
        picture.putpalette(_with_white_paper(palette))
    durations = [round(1000 / fps)] * (len(quantised) - 1) + [round(1000 * hold)]
    gif, still = io.BytesIO(), io.BytesIO()
    quantised[0].save(
        gif, "GIF", save_all=True, append_images=quantised[1:], duration=durations, loop=0,
        optimize=False,
    )  # fmt: skip
    quantised[-1].save(still, "PNG", optimize=True)
    return Animation(gif.getvalue(), still.getvalue(), alt)


def _with_white_paper(palette: Image.Image) -> list[int]:
    """Return a palette's colours, with exact white where white is mapped to.

    An entry is the mean of the colours it stands for: white paper, averaged with the pale
    edges of lines, is tinted, and stands out from the white page around it.
    """
    white = Image.new("RGB", (1, 1), "white")
    entry = np.asarray(white.quantize(palette=palette, dither=Image.Dither.NONE)).item()
    colours = np.array(palette.getpalette()).reshape(-1, 3)
    if colours[entry].min() > 240:  # else the figure is dark, and has no white to mend
        colours[entry] = 255
    return colours.ravel().tolist()

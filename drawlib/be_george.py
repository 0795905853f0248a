"""Be George: the forger's curve under the reader's hand, against a Danielle who learns.

Its page part is ``drawlib/browser/be-george.js``, its mathematics ``drawlib/browser/game.js``
and, in Python, `drawlib.game`.
"""

from __future__ import annotations

from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.figure import Figure
from scipy.stats import norm

from drawlib import game
from drawlib.checks import check_array, check_choice
from drawlib.explorable import Explorable, still_picture
from drawlib.plots import FORGED, JUDGE, REAL


def be_george(curve: Any = None, *, recipe: str = "post", seed: int = 0) -> Explorable:
    """Let the reader forge: nine arrows from z to x, to be bent by hand.

    Danielle looks on and learns. Then George may learn by himself, from the reader's arrows on:
    by the post's recipe, where he follows Danielle's slope, or by optimal transport, where the
    sorted notes of both piles are paired. The game is that of `drawlib.game`.

    Args:
        curve: The note for each of nine z from −5 to 5, at the start; shape (9,), each from −5
            to 5. Without one, George prints z.
        recipe: The one chosen at the start, ``"post"`` or ``"transport"``.
        seed: For Danielle's weights and all notes, 0 to 4,294,967,295.

    Returns:
        The explorable.

    Raises:
        ValueError: If an argument is not of its kind, or out of its range.
    """
    low, high = game.ENDS
    nine = game.PLACES if curve is None else curve
    nine = check_array("curve", nine, shape=game.PLACES.shape, at_least=low, at_most=high)
    recipe = check_choice("recipe", recipe, game.RECIPES)
    first = game.new_game(seed, nine)
    return Explorable(
        "be-george",
        alt=(
            "Nine orange arrows, from random numbers z below to the notes x that they become. "
            "Above them the blue bell of real notes, orange bars for the forged ones, and the "
            "green curve of Danielle, who says how likely a note is real."
        ),
        still=_still(first),
        data={"start": {"curve": nine.tolist(), "recipe": recipe, "seed": seed}},
    )


def _still(first: game.Game) -> bytes:
    """Draw the first state, in the arrangement of the live one."""
    x = np.linspace(*game.ENDS, 401)
    z = -5 + 10 * (np.arange(40) + 0.5) / 40
    with matplotlib.style.context("default", after_reset=True):
        figure = Figure(figsize=(7.2, 4.2), dpi=100)
        above, below = (
            figure.add_axes((0.05, 0.5, 0.9, 0.42)),
            figure.add_axes((0.05, 0.07, 0.9, 0.4)),
        )
        bars = game.density(game.measure(first).notes)
        above.stairs(bars, np.linspace(*game.ENDS, 41), fill=True, color=FORGED, alpha=0.55)
        above.plot(x, norm.pdf(x, game.MU, game.SIGMA), color=REAL, linewidth=2.2)
        above.plot(x, 1 / (1 + np.exp(-game.logit(first.weights, x))), color=JUDGE, linewidth=2.2)
        above.axhline(0.5, color="#5c6168", linewidth=1, linestyle=(0, (4, 4)))
        above.set(ylim=(0, 1.03), yticks=[0.5, 1], yticklabels=["½", "1"])
        below.plot([z, game.forge(first.curve, z)], [0, 1], color=FORGED, linewidth=1, alpha=0.6)
        below.plot([game.PLACES, first.curve], [0, 1], color=FORGED, linewidth=2.6)
        middle = (game.PLACES + first.curve) / 2
        below.plot(middle, np.full(9, 0.5), "o", color=FORGED, mec="white", mew=2, markersize=11)
        below.set(ylim=(0, 1), yticks=[0.03, 0.97], yticklabels=["z", "x"])
        for axes in (above, below):
            axes.set(xlim=(-5.3, 5.3), xticks=[-4, -2, 0, 2, 4])
            axes.spines[["top", "right", "left"]].set_visible(False)
            axes.tick_params(length=0, labelsize=11, labelcolor="#5c6168")
        above.set(xticklabels=[])
        for left, label, colour in (
            (0.05, "real notes", REAL),
            (0.39, "forged notes", FORGED),
            (0.76, "Danielle, D(x)", JUDGE),
        ):
            figure.text(left, 0.95, label, color=colour, fontsize=12)
        return still_picture(figure, colours=64)

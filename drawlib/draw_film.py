"""A recording of DRAW while it learned: what it copied and what it dreamed, and at what cost.

It comes with the package, as ``pretrained/draw-film.npz``; ``python -m tools.draw_film`` makes it.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import NamedTuple

import numpy as np

from drawlib.checkpoints import read_checkpoint


class DrawFilm(NamedTuple):
    """What was seen of a network at S moments of its training.

    Attributes:
        steps: How many training steps it had had, shape (S,).
        digits: Ten test digits, 0 to 9, in black and white, shape (10, 28, 28).
        copies: What the network drew after looking at them, shape (S, 10, 28, 28), in 16 levels
            from 0 to 1.
        dreams: What it drew from twenty latents that stayed the same, (S, 20, 28, 28).
        Lx: Nats to correct a picture, shape (S,): the mean of up to a hundred steps before.
        Lz: Nats told, in the same way.
    """

    steps: np.ndarray
    digits: np.ndarray
    copies: np.ndarray
    dreams: np.ndarray
    Lx: np.ndarray
    Lz: np.ndarray


def draw_film() -> DrawFilm:
    """Read the recording of the network ``draw-attention``.

    Returns:
        The recording.

    Raises:
        CheckpointError: If its file is missing or damaged.
    """
    arrays, _ = read_checkpoint(film_file())
    pictures = {name: arrays[name] / 15 for name in ("digits", "copies", "dreams")}
    return DrawFilm(steps=arrays["steps"], Lx=arrays["Lx"], Lz=arrays["Lz"], **pictures)


def film_file() -> Path:
    """Return where the recording lies in the package."""
    return Path(str(resources.files("drawlib"))) / "pretrained" / "draw-film.npz"

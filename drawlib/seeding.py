"""One seed for everything that rolls dice."""

from __future__ import annotations

import os
import re

import numpy as np

from drawlib.checks import argument_error, check_integer


def seed_everything(seed: int | None = None) -> int:
    """Seed Python, NumPy and Keras, and return the seed.

    Called again, it begins the same numbers again. Keras also begins to count the names of
    its layers anew.

    Args:
        seed: A whole number from 0 to 2**32 - 1. Without one, the environment variable
            ``DRAWLIB_SEED`` is read, so that a sweep can run a chapter under many seeds;
            without that, the seed is 0.

    Returns:
        The seed that was used.

    Raises:
        ValueError: If the seed, or ``DRAWLIB_SEED``, is not such a number.
    """
    name = "seed"
    if seed is None:
        name, text = "DRAWLIB_SEED", os.environ.get("DRAWLIB_SEED") or "0"
        if not re.fullmatch("[0-9]{1,10}", text):
            raise argument_error(name, "a whole number from 0 to 2**32 - 1", text)
        seed = int(text)
    seed = check_integer(name, seed, at_least=0, at_most=2**32 - 1)
    import keras  # here and not above: `import drawlib.seeding` must not load TensorFlow

    # Keras' own generator outlives a new seed, so that a setup cell run twice would give other
    # numbers than one run once. Only this resets it.
    keras.utils.clear_session(free_memory=False)
    keras.utils.set_random_seed(seed)  # Python's and NumPy's global state as well
    return seed


def spawn_seeds(seed: int, count: int) -> list[int]:
    """Derive `count` distinct seeds from one.

    Args:
        seed: A whole number of at least 0.
        count: How many seeds, at least 1.

    Returns:
        `count` whole numbers below 2**31, the same for the same `seed`; a longer list
        begins with the shorter one.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
        >>> spawn_seeds(0, 2) == spawn_seeds(0, 3)[:2]
        True
    """
    seed = check_integer("seed", seed, at_least=0)
    count = check_integer("count", count, at_least=1)
    rng = np.random.default_rng(seed)
    seeds: dict[int, None] = {}  # an ordered set
    while len(seeds) < count:
        seeds[int(rng.integers(2**31))] = None
    return list(seeds)

"""Arrows from noise to data: how to draw them so that they do not cross."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from drawlib.checks import check_array, check_integer, check_number


def stratified(n: int, low: float, high: float, *, seed: int) -> np.ndarray:
    r"""Draw one uniform point in each of `n` equal strata.

    .. math:: z_i = low + (high - low) (i + u_i) / n, \quad u_i \sim U(0, 1), \; i = 0 … n - 1

    Each point taken alone is uniform over its stratum; the whole set is spread evenly.

    Args:
        n: How many, at least 1.
        low: The lower end.
        high: The upper end, above `low`.
        seed: For the points.

    Returns:
        Shape (n,), in rising order.

    Raises:
        ValueError: If an argument is out of its range.
    """
    n = check_integer("n", n, at_least=1)
    low = check_number("low", low)
    high = check_number("high", high, above=low)
    rng = np.random.default_rng(check_integer("seed", seed, at_least=0))
    share = (np.arange(n) + rng.random(n)) / n
    return low * (1 - share) + high * share


def crossings(z: Any, x: Any) -> int:
    """Count the pairs of arrows z_i → x_i that cross.

    Two arrows cross if their starts and their ends lie in opposite order; a tie is no
    crossing. Random pairing crosses half of the n (n - 1) / 2 pairs on average, the sorted
    pairing none.

    Args:
        z: Where the arrows start, shape (n,).
        x: Where they end, shape (n,).

    Returns:
        The number of crossing pairs.

    Raises:
        ValueError: If shapes differ or an array is not finite.

    Example:
        >>> crossings([0, 1, 2], [5, 7, 6])
        1
    """
    z = check_array("z", z, shape=("n",))
    x = check_array("x", x, shape=z.shape)
    # Comparisons and no differences: unsigned ones would wrap, large ones overflow.
    return int(((z[:, None] < z) & (x[:, None] > x)).sum())


def assign(a: Any, b: Any) -> np.ndarray:
    """Pair two equally large sets of points so that the squared arrows are shortest in all.

    The optimal transport between two minibatches, by the Hungarian algorithm of SciPy. In one
    dimension it is the sorted pairing.

    Args:
        a: Points, shape (n, d).
        b: Points, shape (n, d).

    Returns:
        Indices `j` of shape (n,): the partner of ``a[i]`` is ``b[j[i]]``.

    Raises:
        ValueError: If shapes differ or an array is not finite.
    """
    a = check_array("a", a, shape=("n", "d"))
    b = check_array("b", b, shape=a.shape)
    costs = ((a[:, None, :].astype(np.float64) - b) ** 2).sum(axis=-1)  # (n, n)
    return linear_sum_assignment(costs)[1]

"""How far one set of samples is from another, or from the truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from drawlib.checks import argument_error, check_array, check_integer, check_number


def wasserstein_1d(a: Any, b: Any) -> np.ndarray:
    r"""Return the Wasserstein-1 distance between two equally large sets of numbers.

    .. math:: W_1 = \tfrac1n \sum_i |a_{(i)} - b_{(i)}|

    with both sorted: in one dimension the sorted pairing is the optimal transport (Peyré and
    Cuturi 2019, remark 2.28). It is the mean distance that mass has to be carried.

    Args:
        a: Shape (..., n).
        b: Shape (..., n); leading axes broadcast.

    Returns:
        The distance, in the units of `a`, shape (...).

    Raises:
        ValueError: If an array is empty or not finite, or the two differ in n.

    Example:
        >>> float(wasserstein_1d([0.0, 1.0], [2.0, 1.0]))
        1.0
    """
    a, b = _check_pair(a, b, letters=("n",))
    return np.abs(np.sort(a, axis=-1) - np.sort(b, axis=-1)).mean(axis=-1)


def kolmogorov_smirnov(samples: Any, cdf: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    r"""Return the largest gap between the samples' distribution function and the true one.

    .. math:: \sup_x |F_n(x) - F(x)|

    Args:
        samples: Shape (..., n).
        cdf: The true distribution function, applied entry by entry; values in 0 to 1.

    Returns:
        The gap, 0 to 1, shape (...).

    Raises:
        ValueError: If `samples` is empty or not finite, or `cdf` leaves 0 to 1.
    """
    samples = np.sort(check_array("samples", samples, shape=(None, "n")), axis=-1)
    n = samples.shape[-1]
    true = check_array("cdf(samples)", cdf(samples), shape=samples.shape, at_least=0.0, at_most=1.0)
    # F_n jumps at each sample from (i - 1)/n to i/n: the gap is largest on one of both sides.
    below, above = np.arange(n) / n, np.arange(1, n + 1) / n
    return np.maximum(above - true, true - below).max(axis=-1)


def sliced_wasserstein(a: Any, b: Any, *, directions: int, seed: int) -> np.ndarray:
    """Return the mean Wasserstein-1 distance over random one-dimensional projections.

    Bonneel et al. (2015), with p = 1.

    Args:
        a: Points, shape (..., n, d).
        b: Points, shape (..., n, d); leading axes broadcast.
        directions: How many random directions, at least 1.
        seed: For the directions.

    Returns:
        The distance, in the units of `a`, shape (...).

    Raises:
        ValueError: If shapes do not fit or an array is not finite.
    """
    a, b = _check_pair(a, b, letters=("n", "d"))
    directions = check_integer("directions", directions, at_least=1)
    rng = np.random.default_rng(check_integer("seed", seed, at_least=0))
    axes = rng.standard_normal((a.shape[-1], directions))
    axes /= np.linalg.norm(axes, axis=0)
    along_a, along_b = (np.swapaxes(points @ axes, -1, -2) for points in (a, b))
    return wasserstein_1d(along_a, along_b).mean(axis=-1)


def mode_coverage(
    samples: Any, centres: Any, *, radius: float, share: float
) -> tuple[np.ndarray, np.ndarray]:
    """Count the modes that the samples found, and the samples that found a mode.

    A sample belongs to the nearest centre if it lies within `radius` of it.

    Args:
        samples: Points, shape (..., n, d).
        centres: The modes, shape (k, d).
        radius: Above 0, in the units of `samples`.
        share: A mode counts as covered if it holds at least this share of the samples that an
            even split would give it (n / k); above 0, at most 1.

    Returns:
        How many modes are covered, shape (...), 0 to k; and the fraction of samples within
        `radius` of a mode, shape (...), 0 to 1.

    Raises:
        ValueError: If an argument is out of its range.
    """
    samples = check_array("samples", samples, shape=(None, "n", "d"))
    centres = check_array("centres", centres, shape=("k", samples.shape[-1]))
    radius = check_number("radius", radius, above=0)
    share = check_number("share", share, above=0, at_most=1)
    gaps = np.linalg.norm(samples[..., None, :].astype(np.float64) - centres, axis=-1)  # (…, n, k)
    near = gaps.min(axis=-1) <= radius  # (..., n)
    owner = np.eye(len(centres))[gaps.argmin(axis=-1)] * near[..., None]  # (..., n, k)
    covered = owner.mean(axis=-2) >= share / len(centres)
    return covered.sum(axis=-1), near.mean(axis=-1)


def _check_pair(a: Any, b: Any, *, letters: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Check two sets of samples of one size, whose leading axes broadcast."""
    a = check_array("a", a, shape=(None, *letters))
    b = check_array("b", b, shape=(None, *a.shape[-len(letters) :]))
    try:
        np.broadcast_shapes(a.shape, b.shape)
    except ValueError as error:
        raise argument_error("b", f"of leading axes that fit a's, {a.shape}", b) from error
    return a.astype(np.float64), b.astype(np.float64)  # differences of unsigned ones would wrap

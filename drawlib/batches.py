"""The batches of a training that can be stopped and resumed: each depends on its number alone."""

from __future__ import annotations

import functools

import numpy as np


def dynamic_batch(
    images: np.ndarray, step: int, *, seed: int, size: int, noise: tuple[int, ...]
) -> dict[str, np.ndarray]:
    """Return the images of one step, binarised anew, and fresh noise for them.

    The images come in a new order in every epoch; what is left over at an epoch's end, too
    little for a batch, waits for the next order.

    Args:
        images: Grey levels in [0, 1], float32, shape (M, H, W).
        step: The number of the step, from 0.
        seed: For order, pixels and noise.
        size: B, images in a batch, at most M.
        noise: Shape of the noise for one image.

    Returns:
        ``x``, pixels 0 and 1, shape (B, H, W), and ``eps``, standard normal, shape
        (B, *noise); both float32.
    """
    epoch, place = divmod(step, len(images) // size)
    grey = images[_order(len(images), seed, epoch)[place * size : (place + 1) * size]]
    rng = np.random.default_rng([seed, 1, step])
    return {
        "x": (rng.random(grey.shape, np.float32) < grey).astype(np.float32),
        "eps": rng.standard_normal((size, *noise), np.float32),
    }


@functools.lru_cache(maxsize=2)  # the same for all steps of an epoch
def _order(count: int, seed: int, epoch: int) -> np.ndarray:
    return np.random.default_rng([seed, 0, epoch]).permutation(count)

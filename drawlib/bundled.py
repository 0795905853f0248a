"""The digits that are always there: scikit-learn's 1,797, placed on 28×28 as MNIST's are."""

from __future__ import annotations

import numpy as np

_TRAIN = 1_500  # the first 1,500 train, the other 297 test: the order of scikit-learn's file
_BOX = 20  # MNIST's digits fill a box of 20×20 …
_CENTRE = 14  # … and have their centre of mass here, in pixels counted from 0


def load_bundled() -> list[np.ndarray]:
    """Return scikit-learn's 8×8 digits in MNIST's layout.

    Each is enlarged to 20×20 by linear interpolation and put where its centre of mass comes
    to lie as near to MNIST's as whole pixels allow. All of it is whole-number arithmetic, so
    that every machine gets the same bytes.

    Returns:
        x_train (1500, 28, 28), y_train (1500,), x_test (297, 28, 28) and y_test (297,), all
        uint8: grey levels 0 … 255, digits 0 … 9.
    """
    from sklearn.datasets import load_digits  # takes a second, and few need it

    ink, labels = load_digits(return_X_y=True)
    small = ink.reshape(-1, 8, 8).astype(np.int64)  # (N, 8, 8), 0 … 16
    weights = _interpolation_weights()
    boxes = weights @ small @ weights.T  # (N, 20, 20), 0 … 1600
    boxes = (255 * boxes + 800) // 1600

    images = np.zeros((len(boxes), 28, 28), np.uint8)
    for image, box in zip(images, boxes, strict=True):
        top, left = _corner(box.sum(axis=1)), _corner(box.sum(axis=0))
        image[top : top + _BOX, left : left + _BOX] = box
    labels = labels.astype(np.uint8)
    return [images[:_TRAIN], labels[:_TRAIN], images[_TRAIN:], labels[_TRAIN:]]


def _interpolation_weights() -> np.ndarray:
    """Weights from 8 pixels to 20, in tenths: a whole-number matrix of shape (20, 8)."""
    # Pixel i of 20 has its centre at (i + ½)·8/20 - ½ = 0.4 i - 0.3 among the 8.
    position = np.clip(4 * np.arange(_BOX) - 3, 0, 70)
    return np.clip(10 - np.abs(position[:, None] - 10 * np.arange(8)), 0, None)


def _corner(profile: np.ndarray) -> int:
    """Return where, among 28 pixels, a box of 20 begins whose ink lies as `profile` says."""
    mass, moment = int(profile.sum()), int(profile @ np.arange(_BOX))
    nearest = (2 * _CENTRE * mass - 2 * moment + mass) // (2 * mass)  # _CENTRE - moment/mass
    return min(max(nearest, 0), 28 - _BOX)

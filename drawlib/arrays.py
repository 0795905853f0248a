"""Reading arrays from an archive that anybody may have written."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Sequence

import numpy as np

# Kinds of numbers, as NumPy names them: nothing that would have to be unpickled.
_NUMBERS = {"bool", "float16", "float32", "float64"} | {
    f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)
}


def byte_size(dtype: str, shape: Sequence[int]) -> int:
    """Return how many bytes an array holds.

    Args:
        dtype: One of NumPy's numbers, such as ``"float32"``.
        shape: Its shape.

    Returns:
        The size in bytes.

    Raises:
        ValueError: If it is no such number, or `shape` is not one of whole numbers of at least 0.

    Example:
        >>> byte_size("float32", (2, 3))
        24
    """
    if dtype not in _NUMBERS:
        raise ValueError(f"arrays should be of numbers, not {dtype!r}")
    if not all(type(length) is int and length >= 0 for length in shape):
        raise ValueError(f"an array cannot be of shape {shape}")
    return math.prod(shape) * np.dtype(dtype).itemsize


def read_array(archive: zipfile.ZipFile, name: str, dtype: str, shape: Sequence[int]) -> np.ndarray:
    """Read one array from an archive in NumPy's ``.npz`` layout.

    Its header is believed only where it promises what we expect, so that none can make us
    reserve a hundred gigabytes, or unpickle anything.

    Args:
        archive: The archive.
        name: The array's name.
        dtype: What it has to hold, one of NumPy's numbers.
        shape: The shape that it has to have.

    Returns:
        The array, which cannot be written to.

    Raises:
        Exception: If it is not there, or is anything else. A damaged archive raises a dozen
            different types.
    """
    size = byte_size(dtype, shape)
    with archive.open(f"{name}.npy") as member:
        version = np.lib.format.read_magic(member)
        if version != (1, 0):
            raise ValueError(f"{name} has the unknown version {version}")
        header = np.lib.format.read_array_header_1_0(member)
        if header != (tuple(shape), False, np.dtype(dtype)):
            raise ValueError(f"{name} should be {dtype} of shape {tuple(shape)}, not {header}")
        content = member.read(size)
    return np.frombuffer(content, dtype).reshape(shape)

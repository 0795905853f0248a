"""Errors about arguments, all in one form: ``expected …; received …``."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np


def describe(value: Any) -> str:
    """Say what a value is, in a few words that are safe to print.

    Args:
        value: Anything. Arrays are described by dtype and shape, never printed whole.

    Returns:
        One line, for example ``float32 array of shape (3, 4)``, ``'abc'`` or
        ``a list of 10 items``.
    """
    # Something else may have a `shape` too: a class, say, or a layer.
    with contextlib.suppress(Exception):
        shape = tuple(getattr(value, "shape", ()))
        if shape:  # a scalar says more by its value
            return f"{getattr(value.dtype, 'name', value.dtype)} array of shape {shape}"
    if isinstance(value, (list, tuple, set, frozenset, dict)) and len(value) > 6:
        return f"a {type(value).__name__} of {len(value)} items"
    try:
        text = " ".join(repr(value).split())
    except Exception:  # an error about an error would hide the first
        text = f"a {type(value).__name__}"
    return text if len(text) <= 80 else f"{text[:77]}..."


def argument_error(name: str, wanted: str, received: Any) -> ValueError:
    """Build the one error that bad arguments raise.

    Args:
        name: The argument's name, as the caller wrote it.
        wanted: What was expected of it, for example ``at least 1``.
        received: The value that came instead.

    Returns:
        A `ValueError` that reads ``expected <name> to be <wanted>; received <received>``.
    """
    return ValueError(f"expected {name} to be {wanted}; received {describe(received)}")


def check_integer(
    name: str, value: Any, *, at_least: int | None = None, at_most: int | None = None
) -> int:
    """Return `value` as an `int`, or raise.

    Args:
        name: The argument's name.
        value: A whole number; `bool` does not count as one.
        at_least: The smallest value allowed.
        at_most: The largest value allowed.

    Returns:
        The number.

    Raises:
        ValueError: If `value` is no whole number, or lies outside its limits.
    """
    wanted = _with_limits("a whole number", ("at least", at_least), ("at most", at_most))
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral):
        raise argument_error(name, wanted, value)
    number = int(value)
    if (at_least is not None and number < at_least) or (at_most is not None and number > at_most):
        raise argument_error(name, wanted, value)
    return number


def check_number(
    name: str,
    value: Any,
    *,
    above: float | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
) -> float:
    """Return `value` as a finite `float` within its limits, or raise.

    Args:
        name: The argument's name.
        value: A real number; `bool` does not count as one.
        above: A limit that `value` must exceed.
        at_least: The smallest value allowed.
        at_most: The largest value allowed.

    Returns:
        The number.

    Raises:
        ValueError: If `value` is no finite number, or lies outside its limits.
    """
    wanted = _with_limits(
        "a finite number", ("above", above), ("at least", at_least), ("at most", at_most)
    )
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        raise argument_error(name, wanted, value)
    try:
        number = float(value)
    except OverflowError:  # a whole number beyond all floats
        number = math.inf
    within = (
        math.isfinite(number)
        and (above is None or number > above)
        and (at_least is None or number >= at_least)
        and (at_most is None or number <= at_most)
    )
    if not within:
        raise argument_error(name, wanted, value)
    return number


def _with_limits(kind: str, *limits: tuple[str, float | None]) -> str:
    """Say ``a whole number, at least 1 and at most 50``, leaving out limits that are None."""
    said = " and ".join(f"{word} {limit}" for word, limit in limits if limit is not None)
    return f"{kind}, {said}" if said else kind


def check_choice(name: str, value: Any, choices: Sequence[str]) -> str:
    """Return `value` if it is one of `choices`, or raise.

    Args:
        name: The argument's name.
        value: The string that should be one of them.
        choices: The strings allowed.

    Returns:
        The string.

    Raises:
        ValueError: If it is none of them.
    """
    if not isinstance(value, str) or value not in choices:
        raise argument_error(name, "one of " + ", ".join(map(repr, choices)), value)
    return value


def check_array(
    name: str,
    value: Any,
    *,
    shape: Sequence[int | str | None],
    at_least: float | None = None,
    at_most: float | None = None,
) -> np.ndarray:
    """Return `value` as a finite NumPy array of real numbers, or raise.

    Args:
        name: The argument's name.
        value: An array, or anything `np.asarray` makes one of.
        shape: One entry a dimension: a number, or a letter for any size of at least 1
            (``("B", 28, 28)``); a letter that comes twice stands for one size. A leading
            ``...`` is written as `None` and stands for any number of dimensions.
        at_least: The smallest entry allowed.
        at_most: The largest entry allowed.

    Returns:
        The array, with the dtype it came with (`bool`, integer or floating).

    Raises:
        ValueError: If dtype, shape or an entry is not as expected.
    """
    any_lead = bool(shape) and shape[0] is None
    tail = list(shape[1:] if any_lead else shape)
    letters = ", ".join((["..."] if any_lead else []) + [str(size) for size in tail])
    wanted = f"an array of real numbers of shape ({letters})"
    try:
        array = np.asarray(value)
    except Exception as error:  # ragged lists, symbolic tensors: each library raises its own
        raise argument_error(name, wanted, value) from error
    if array.dtype.kind not in "biuf":
        raise argument_error(name, wanted, value if array.dtype.kind == "O" else array)
    lead = array.ndim - len(tail)
    if lead < 0 or (lead > 0 and not any_lead):
        raise argument_error(name, wanted, array)
    sizes: dict[str, int] = {}
    for size, have in zip(tail, array.shape[lead:], strict=True):
        known = sizes.setdefault(size, have) if isinstance(size, str) else size
        if have != known or have < 1:
            raise argument_error(name, wanted, array)
    if array.size and array.dtype.kind == "f" and not np.isfinite(array).all():
        raise argument_error(name, "finite everywhere", array)
    if array.size and at_least is not None and array.min() < at_least:
        raise ValueError(
            f"expected {name} to hold no entry below {at_least:g}; received {array.min():g}"
        )
    if array.size and at_most is not None and array.max() > at_most:
        raise ValueError(
            f"expected {name} to hold no entry above {at_most:g}; received {array.max():g}"
        )
    return array

"""Claims: the results of a chapter, each a sentence with a measured value and a bound."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np

from drawlib.checks import argument_error, check_number, describe

# What every record says of the run it comes from; `describe_run` fills it in.
_run: dict[str, Any] = {"seed": None, "data": None}


class ClaimError(AssertionError):
    """A claim that does not hold: its text gives the sentence, the value and the bound."""


def claim(
    sentence: str,
    measured: Any,
    *,
    at_most: float | None = None,
    at_least: float | None = None,
    between: tuple[float, float] | None = None,
    equals: Any = None,
    needs_mnist: str | None = None,
) -> None:
    """Check a result against its bound, and print both.

    Exactly one bound is given. Where the environment variable ``DRAWLIB_CLAIMS`` names a
    file, the claim is also appended to it as one line of JSON, held or not.

    Args:
        sentence: What is claimed, without a full stop; one line.
        measured: The value: a number, or for `equals` a string or a truth value as well.
        at_most: The claim holds if ``measured <= at_most``.
        at_least: The claim holds if ``measured >= at_least``.
        between: A pair; the claim holds if ``between[0] <= measured <= between[1]``.
        equals: The claim holds if ``measured == equals``.
        needs_mnist: Where the digits come from (`Digits.source`), for a claim that only makes
            sense on MNIST: on other digits it is not judged, and the line says so.

    Raises:
        ClaimError: If the claim does not hold. A measured NaN never holds.
        ValueError: If the sentence is empty or has several lines, if there is not exactly
            one bound, or if `measured` is no scalar.

    Example:
        >>> claim("D cannot tell real from forged", 0.0312, at_most=0.05)
        ✓ D cannot tell real from forged: 0.0312 (at most 0.05)
    """
    if not isinstance(sentence, str) or not sentence.strip() or len(sentence.splitlines()) > 1:
        raise argument_error("sentence", "one line of text", sentence)
    bounds = {"at_most": at_most, "at_least": at_least, "between": between, "equals": equals}
    given = {name: bound for name, bound in bounds.items() if bound is not None}
    if len(given) != 1:
        raise argument_error("the bound", f"exactly one of {', '.join(bounds)}", sorted(given))
    [(name, bound)] = given.items()
    value = _scalar("measured", measured, text_allowed=name == "equals")
    held, bound_text = _judge(value, name, bound)
    if needs_mnist is not None and not needs_mnist.startswith("MNIST"):
        print(f"– {sentence}: not measured, it needs MNIST ({bound_text})")
        return

    _record(sentence, value, bound_text, held)
    if not held:  # with all digits: 0.0504 must not read as 0.05, at most 0.05
        raise ClaimError(f"✗ {sentence}: {value} ({bound_text})")
    print(f"✓ {sentence}: {_show(value)} ({bound_text})")


def describe_run(*, seed: int, data: str) -> None:
    """Note under which seed, and on which data source, the claims to come are measured.

    Args:
        seed: The seed of the run.
        data: The name of the data source.
    """
    _run.update(seed=seed, data=data)


def _scalar(name: str, value: Any, *, text_allowed: bool) -> float | int | bool | str:
    """Turn a NumPy, TensorFlow or Python scalar into a plain Python one."""
    if text_allowed and isinstance(value, (str, bool)):
        return value
    try:
        array = np.asarray(value)
    except Exception as error:  # ragged lists, symbolic tensors: each library raises its own
        raise argument_error(name, "a single number", value) from error
    if array.shape != () or array.dtype.kind not in ("biuf" if text_allowed else "iuf"):
        raise argument_error(name, "a single number", value)
    return array.item()


def _judge(value: Any, name: str, bound: Any) -> tuple[bool, str]:
    """Say whether the claim holds, and how its bound reads."""
    if name == "equals":
        wanted = _scalar("equals", bound, text_allowed=True)
        text = f"{wanted:g}" if isinstance(wanted, float) else _show(wanted)
        return value == wanted, f"equals {text}"
    if name == "between":
        if not isinstance(bound, tuple) or len(bound) != 2:
            raise argument_error("between", "a pair (low, high)", bound)
        low = check_number("between[0]", bound[0])
        high = check_number("between[1]", bound[1], at_least=low)
        return low <= value <= high, f"between {low:g} and {high:g}"
    limit = check_number(name, bound)
    held = value <= limit if name == "at_most" else value >= limit
    return held, f"{name.replace('_', ' ')} {limit:g}"


def _show(value: float | int | bool | str) -> str:
    """Write a value as readers see it: three digits, and thousands set apart."""
    if isinstance(value, (str, bool)):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if 999.5 <= abs(value) < 1e6 else f"{value:.3g}"


def _record(sentence: str, value: Any, bound: str, held: bool) -> None:
    """Append the claim to the file that ``DRAWLIB_CLAIMS`` names, if it names one."""
    target = os.environ.get("DRAWLIB_CLAIMS")
    if not target:
        return
    finite = not isinstance(value, float) or math.isfinite(value)
    record = {
        "chapter": os.environ.get("DRAWLIB_CHAPTER", ""),
        "sentence": sentence,
        "measured": value if finite else describe(value),
        "bound": bound,
        "held": held,
        **_run,
    }
    # One write of one whole line: several chapters may append to the same file at once.
    line = (json.dumps(record, ensure_ascii=False) + "\n").encode()
    with Path(target).open("ab", buffering=0) as file:
        file.write(line)

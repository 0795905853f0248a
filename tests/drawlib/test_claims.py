import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawlib import claims, data
from drawlib.claims import ClaimError, claim, describe_run


@pytest.fixture
def records(monkeypatch, tmp_path):
    """Record claims; calling it gives the records so far."""
    file = tmp_path / "claims.jsonl"
    monkeypatch.setenv("DRAWLIB_CLAIMS", str(file))
    return lambda: [json.loads(line) for line in file.read_text().splitlines()]


@pytest.mark.parametrize(
    ("measured", "bound", "line"),
    [
        (0.0312, {"at_most": 0.05}, "✓ It holds: 0.0312 (at most 0.05)"),
        (0.05, {"at_most": 0.05}, "✓ It holds: 0.05 (at most 0.05)"),
        (20, {"at_least": 20}, "✓ It holds: 20 (at least 20)"),
        (0.5, {"between": (0.5, 0.6)}, "✓ It holds: 0.5 (between 0.5 and 0.6)"),
        (0.6, {"between": (0.5, 0.6)}, "✓ It holds: 0.6 (between 0.5 and 0.6)"),
        (13.5, {"equals": 13.5}, "✓ It holds: 13.5 (equals 13.5)"),
        (1797, {"equals": 1797}, "✓ It holds: 1,797 (equals 1,797)"),
        (True, {"equals": True}, "✓ It holds: True (equals True)"),
        (np.True_, {"equals": True}, "✓ It holds: True (equals True)"),
        ("None", {"equals": "None"}, "✓ It holds: None (equals None)"),
        (np.float32(0.25), {"at_most": 1}, "✓ It holds: 0.25 (at most 1)"),
        (np.array(3), {"at_most": np.int64(4)}, "✓ It holds: 3 (at most 4)"),
        (-np.inf, {"at_most": 0}, "✓ It holds: -inf (at most 0)"),
        (999.4, {"at_least": 0}, "✓ It holds: 999 (at least 0)"),
        (999.6, {"at_least": 0}, "✓ It holds: 1,000 (at least 0)"),
        (-12345.6, {"at_most": 0}, "✓ It holds: -12,346 (at most 0)"),
        (2.5e9, {"at_least": 0}, "✓ It holds: 2.5e+09 (at least 0)"),
    ],
)
def test_a_claim_that_holds_is_printed(capsys, measured, bound, line):
    claim("It holds", measured, **bound)
    assert capsys.readouterr().out == line + "\n"


def test_a_claim_that_needs_mnist_is_not_judged_on_other_digits(capsys, records):
    claim("It holds", 0.06, at_most=0.05, needs_mnist=data.BUNDLED)
    assert capsys.readouterr().out == "– It holds: not measured, it needs MNIST (at most 0.05)\n"
    with pytest.raises(ClaimError):
        claim("It holds", 0.06, at_most=0.05, needs_mnist=data.DOWNLOAD)
    claim("It holds", 0.04, at_most=0.05, needs_mnist=data.KERAS_CACHE)
    assert capsys.readouterr().out == "✓ It holds: 0.04 (at most 0.05)\n"
    assert [record["measured"] for record in records()] == [0.06, 0.04]


@pytest.mark.parametrize(
    ("measured", "bound", "line"),
    [
        (0.0504, {"at_most": 0.05}, "✗ It holds: 0.0504 (at most 0.05)"),
        (19, {"at_least": 20}, "✗ It holds: 19 (at least 20)"),
        (0.49999, {"between": (0.5, 0.6)}, "✗ It holds: 0.49999 (between 0.5 and 0.6)"),
        (0.7, {"between": (0.5, 0.6)}, "✗ It holds: 0.7 (between 0.5 and 0.6)"),
        (13.50001, {"equals": 13.5}, "✗ It holds: 13.50001 (equals 13.5)"),
        (False, {"equals": True}, "✗ It holds: False (equals True)"),
        ("none", {"equals": "None"}, "✗ It holds: none (equals None)"),
        (np.nan, {"at_most": 1}, "✗ It holds: nan (at most 1)"),
        (np.nan, {"at_least": 1}, "✗ It holds: nan (at least 1)"),
        (np.nan, {"between": (0, 1)}, "✗ It holds: nan (between 0 and 1)"),
        (np.inf, {"at_most": 1}, "✗ It holds: inf (at most 1)"),
    ],
)
def test_a_claim_that_fails_raises_with_sentence_value_and_bound(capsys, measured, bound, line):
    with pytest.raises(ClaimError) as caught:
        claim("It holds", measured, **bound)
    assert str(caught.value) == line
    assert isinstance(caught.value, AssertionError)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("arguments", "bound", "message"),
    [
        (("", 1), {"at_most": 2}, "expected sentence to be one line of text; received ''"),
        (("  ", 1), {"at_most": 2}, "expected sentence"),
        (("two\nlines", 1), {"at_most": 2}, "expected sentence"),
        (("two\u2028lines", 1), {"at_most": 2}, "expected sentence"),
        ((3, 1), {"at_most": 2}, "expected sentence"),
        (("It", 1), {}, "expected the bound to be exactly one of at_most, at_least, between, eq"),
        (("It", 1), {"at_most": 2, "at_least": 0}, r"received \['at_least', 'at_most'\]"),
        (("It", [1, 2]), {"at_most": 2}, "expected measured to be a single number; received"),
        (("It", np.zeros(1)), {"at_most": 2}, r"received float64 array of shape \(1,\)"),
        (("It", [[1], [2, 3]]), {"at_most": 2}, "expected measured"),
        (("It", "1"), {"at_most": 2}, "expected measured"),
        (("It", True), {"at_most": 2}, "expected measured"),
        (("It", None), {"at_most": 2}, "expected measured"),
        (("It", 1j), {"at_most": 2}, "expected measured"),
        (("It", object()), {"equals": 2}, "expected measured"),
        (("It", np.zeros(2)), {"equals": 2}, "expected measured"),
        (("It", 1), {"equals": [1]}, "expected equals to be a single number"),
        (("It", 1), {"at_most": "2"}, "expected at_most to be a finite number; received '2'"),
        (("It", 1), {"at_most": np.nan}, "expected at_most to be a finite number"),
        (("It", 1), {"at_least": -np.inf}, "expected at_least to be a finite number"),
        (("It", 1), {"between": (2, 0)}, r"expected between\[1\] to be .* at least 2"),
        (("It", 1), {"between": [0, 2]}, r"expected between to be a pair \(low, high\)"),
        (("It", 1), {"between": (0, 1, 2)}, "expected between"),
    ],
)
def test_what_is_no_claim_is_an_argument_error(records, arguments, bound, message):
    with pytest.raises(ValueError, match=message):
        claim(*arguments, **bound)
    with pytest.raises(FileNotFoundError):
        records()  # nothing was recorded


def test_a_tensor_can_be_claimed(capsys):
    import keras

    claim("It holds", keras.ops.convert_to_tensor(0.5), at_most=1)
    assert capsys.readouterr().out == "✓ It holds: 0.5 (at most 1)\n"


@given(st.floats(allow_nan=False), st.floats(allow_nan=False, allow_infinity=False))
def test_at_most_and_at_least_agree_with_the_order_of_numbers(measured, limit):
    for bound, held in (("at_most", measured <= limit), ("at_least", measured >= limit)):
        try:
            claim("It holds", measured, **{bound: limit})
        except ClaimError:
            assert not held
        else:
            assert held


# Records


def test_claims_are_recorded_held_or_not(records, monkeypatch, capsys):
    monkeypatch.setattr(claims, "_run", {"seed": None, "data": None})
    claim("Before", 1, at_most=2)
    monkeypatch.setenv("DRAWLIB_CHAPTER", "notebooks/gan/some.ipynb")
    describe_run(seed=7, data="MNIST (Keras cache)")
    claim("George’s σ is right", np.float32(0.25), between=(0, 1))
    with pytest.raises(ClaimError):
        claim("It fails", np.nan, at_most=0.05)
    claim("A word", "yes", equals="yes")
    chapter, later = "notebooks/gan/some.ipynb", {"seed": 7, "data": "MNIST (Keras cache)"}
    first = {"chapter": "", "sentence": "Before", "measured": 1, "bound": "at most 2"}
    assert records() == [
        {**first, "held": True, "seed": None, "data": None},
        {
            "chapter": chapter,
            "sentence": "George’s σ is right",
            "measured": 0.25,
            "bound": "between 0 and 1",
            "held": True,
            **later,
        },
        {
            "chapter": chapter,
            "sentence": "It fails",
            "measured": "nan",
            "bound": "at most 0.05",
            "held": False,
            **later,
        },
        {
            "chapter": chapter,
            "sentence": "A word",
            "measured": "yes",
            "bound": "equals yes",
            "held": True,
            **later,
        },
    ]


def test_nothing_is_recorded_unasked(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DRAWLIB_CLAIMS", "")
    claim("It holds", 1, at_most=2)
    assert list(tmp_path.iterdir()) == []


def test_two_processes_record_at_once(records):
    """Every line arrives whole, also lines longer than a buffer."""
    code = (
        "import sys; from drawlib.claims import claim\n"
        "for i in range(200): claim(sys.argv[1] * 9000, i, at_least=0)"
    )
    path = str(Path(claims.__file__).parents[1])
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, letter],
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"},
        )
        for letter in "ab"
    ]
    assert [process.wait(timeout=60) for process in processes] == [0, 0]
    lines = records()
    for letter in "ab":
        mine = [line["measured"] for line in lines if line["sentence"] == letter * 9000]
        assert mine == list(range(200))
    assert len(lines) == 400

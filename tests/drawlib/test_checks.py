from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from drawlib.checks import (
    argument_error,
    check_array,
    check_choice,
    check_integer,
    check_number,
    describe,
)


class Hostile:
    """It raises when it is looked at."""

    @property
    def shape(self):
        raise RuntimeError

    def __repr__(self):
        raise RuntimeError

    def __array__(self, *_, **__):
        raise RuntimeError


class OddShape:
    def __init__(self, shape, dtype="float32"):
        self.shape, self.dtype = shape, dtype

    def __repr__(self):
        return "odd"


# describe


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.zeros((3, 4), np.float32), "float32 array of shape (3, 4)"),
        (np.zeros((0,), bool), "bool array of shape (0,)"),
        (OddShape((2, None)), "float32 array of shape (2, None)"),
        (OddShape(3), "odd"),
        (OddShape(()), "odd"),
        (OddShape(None), "odd"),
        ("abc", "'abc'"),
        (None, "None"),
        ([1, 2], "[1, 2]"),
        (list(range(10)), "a list of 10 items"),
        (tuple(range(7)), "a tuple of 7 items"),
        (dict.fromkeys(range(7)), "a dict of 7 items"),
        ("x" * 200, "'" + "x" * 76 + "..."),
        ("two\nlines", r"'two\nlines'"),
        ([np.zeros((2, 1))], "[array([[0.], [0.]])]"),
    ],
)
def test_describe(value, text):
    assert describe(value) == text


def test_describe_gives_the_value_of_a_scalar():
    """An error that says "float32 array of shape ()" would hide what is wrong with it."""
    assert "nan" in describe(np.float32("nan"))
    assert "7.5" in describe(np.array(7.5))


def test_describe_survives_what_is_no_value():
    assert "ndarray" in describe(np.ndarray)  # the class has a `shape`, which is no shape
    assert describe(Hostile()) == "a Hostile"


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.binary()
        | hnp.arrays(hnp.scalar_dtypes(), hnp.array_shapes(min_dims=0, max_side=3)),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
        max_leaves=10,
    )
)  # fmt: skip
def test_describe_always_gives_one_short_line(value):
    text = describe(value)
    assert text
    assert len(text.splitlines()) == 1
    assert len(text) <= 120


def test_argument_error_reads_as_promised():
    error = argument_error("width", "at least 1", -3)
    assert isinstance(error, ValueError)
    assert str(error) == "expected width to be at least 1; received -3"


# Numbers


@pytest.mark.parametrize("value", [1, 5, np.int64(3), np.uint8(2)])
def test_check_integer_accepts(value):
    number = check_integer("n", value, at_least=1, at_most=5)
    assert number == value
    assert type(number) is int


@pytest.mark.parametrize(
    "value", [0, 6, True, np.True_, 2.0, np.float32(2), "2", None, [2], np.array(2), 10**400]
)
def test_check_integer_rejects(value):
    with pytest.raises(
        ValueError, match=r"expected n to be a whole number, at least 1 and at most 5; received"
    ):
        check_integer("n", value, at_least=1, at_most=5)


def test_check_integer_without_limits():
    assert check_integer("n", -(10**400)) == -(10**400)
    with pytest.raises(ValueError, match=r"expected n to be a whole number; received 0\.5"):
        check_integer("n", 0.5)


@pytest.mark.parametrize("value", [0.5, 1, np.float32(0.25), Fraction(1, 3), np.int64(1)])
def test_check_number_accepts(value):
    number = check_number("rate", value, above=0, at_most=1)
    assert number == float(value)
    assert type(number) is float


@pytest.mark.parametrize(
    "value",
    [0, -1, 1.5, np.nan, np.inf, -np.inf, 10**400, True, "0.5", None, 1j, [0.5], np.array([0.5])],
)
def test_check_number_rejects(value):
    with pytest.raises(
        ValueError, match=r"expected rate to be a finite number, above 0 and at most 1; received"
    ):
        check_number("rate", value, above=0, at_most=1)


def test_check_number_includes_at_least_and_excludes_above():
    assert check_number("x", 2, at_least=2) == 2
    with pytest.raises(ValueError, match=r"finite number, above 2; received 2"):
        check_number("x", 2, above=2)
    with pytest.raises(ValueError, match=r"finite number, at least 2; received 1\.9"):
        check_number("x", 1.9, at_least=2)


def test_a_limit_is_said_to_the_last_digit():
    with pytest.raises(ValueError, match=r"at most 4294967295; received 4294967296"):
        check_integer("seed", 2**32, at_most=2**32 - 1)


# Choices


def test_check_choice():
    assert check_choice("loss", "logistic", ["logistic", "hinge"]) == "logistic"
    for wrong in ("Logistic", "", None, 1, ["logistic"], np.array(["logistic", "hinge"])):
        with pytest.raises(
            ValueError, match=r"expected loss to be one of 'logistic', 'hinge'; received"
        ):
            check_choice("loss", wrong, ["logistic", "hinge"])


# Arrays


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (np.zeros((5, 28, 28)), ("B", 28, 28)),
        (np.zeros((5, 3, 3)), ("B", "N", "N")),
        (np.zeros((7, 6, 5, 4)), (None, 5, 4)),
        (np.zeros((5, 4)), (None, 5, 4)),
        (np.zeros((0, 3)), (None, 3)),
        (3.5, ()),
        ([[1, 2], [3, 4]], (2, 2)),
        (np.zeros(3, bool), ("B",)),
        (np.zeros(3, np.uint8), ("B",)),
        (np.zeros(3, np.float16), ("B",)),
    ],
)
def test_check_array_accepts(value, shape):
    array = check_array("x", value, shape=shape)
    np.testing.assert_array_equal(array, value)
    assert array.dtype == np.asarray(value).dtype


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (np.zeros((5, 28)), ("B", 28, 28)),
        (np.zeros((5, 28, 27)), ("B", 28, 28)),
        (np.zeros((2, 5, 28, 28)), ("B", 28, 28)),
        (np.zeros((5, 3, 4)), ("B", "N", "N")),
        (np.zeros((0, 28, 28)), ("B", 28, 28)),
        (np.zeros(4), (None, 5, 4)),
        (np.zeros(1), ()),
        (3.5, ("B",)),
        (np.zeros(3, complex), ("B",)),
        (np.array(["a", "b"]), ("B",)),
        (np.array([object()]), ("B",)),
        ([[1, 2], [3]], ("B", 2)),
        (None, ("B",)),
        ("text", ("B",)),
        (Hostile(), ("B",)),
    ],
)
def test_check_array_rejects_dtype_and_shape(value, shape):
    with pytest.raises(ValueError, match=r"expected x to be an array of real numbers of shape \("):
        check_array("x", value, shape=shape)


def test_check_array_says_the_shape_it_wants_and_got():
    with pytest.raises(
        ValueError, match=r"of shape \(\.\.\., B, 28\); received float64 array of shape \(3,\)"
    ):
        check_array("x", np.zeros(3), shape=(None, "B", 28))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_check_array_rejects_what_is_not_finite(bad):
    with pytest.raises(ValueError, match=r"expected x to be finite everywhere; received float64"):
        check_array("x", [0.0, bad], shape=("B",), at_least=0, at_most=1)


def test_check_array_says_the_entry_out_of_range():
    with pytest.raises(ValueError, match=r"no entry below 0; received -0\.25"):
        check_array("x", [1, -0.25], shape=("B",), at_least=0)
    with pytest.raises(ValueError, match=r"no entry above 1; received 255"):
        check_array("x", [1, 255], shape=("B",), at_most=1)


def test_check_array_rejects_a_symbolic_tensor():
    import keras

    with pytest.raises(ValueError, match="expected x to be an array of real numbers"):
        check_array("x", keras.Input((3,)), shape=("B", 3))


@given(
    hnp.arrays(
        st.sampled_from([np.float32, np.float64, np.int16, np.uint8, np.bool_]),
        hnp.array_shapes(min_dims=0, max_dims=4, max_side=4),
    )
)
def test_check_array_lets_through_exactly_what_is_finite(array):
    names = [f"n{axis}" for axis in range(array.ndim)]
    if np.isfinite(array).all():
        assert check_array("x", array, shape=names) is array
        assert check_array("x", array, shape=(None,)) is array
        assert check_array("x", array, shape=array.shape) is array
    else:
        with pytest.raises(ValueError, match="finite everywhere"):
            check_array("x", array, shape=names)

import random

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawlib.seeding import seed_everything, spawn_seeds


def rolls():
    """Roll each of the dice once."""
    tensor = keras.random.normal((3,))
    return [random.random(), np.random.rand(), *np.asarray(tensor).tolist()]  # noqa: NPY002


def test_one_seed_seeds_python_numpy_and_keras():
    """Also where Keras' own generator was in use before: a setup cell may be run twice."""
    rolls()
    seed_everything(5)
    first = rolls()
    seed_everything(5)
    assert rolls() == first
    seed_everything(6)
    assert not set(rolls()) & set(first)


def test_the_layers_of_keras_are_seeded():
    def weights():
        seed_everything(5)
        layer = keras.layers.Dense(4)
        layer.build((None, 3))
        return np.asarray(layer.kernel)

    np.testing.assert_array_equal(weights(), weights())


@pytest.mark.parametrize(
    ("variable", "seed"), [(None, 0), ("", 0), ("17", 17), ("007", 7), ("4294967295", 2**32 - 1)]
)
def test_the_environment_gives_the_seed(monkeypatch, variable, seed):
    if variable is not None:
        monkeypatch.setenv("DRAWLIB_SEED", variable)
    assert seed_everything() == seed
    assert seed_everything(3) == 3  # what is written in the code comes first


@pytest.mark.parametrize("text", ["-1", "1.5", "one", " 1", "1e3", "²", "4294967296", "9" * 5000])
def test_a_bad_seed_in_the_environment_is_named(monkeypatch, text):
    monkeypatch.setenv("DRAWLIB_SEED", text)
    with pytest.raises(ValueError, match="expected DRAWLIB_SEED to be a whole number"):
        seed_everything()


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "1", True])
def test_a_bad_seed_is_an_argument_error(seed):
    with pytest.raises(ValueError, match="expected seed to be a whole number, at least 0 and at"):
        seed_everything(seed)


@given(st.integers(0, 2**64), st.integers(1, 50), st.integers(1, 50))
def test_spawned_seeds_are_distinct_usable_and_begin_alike(seed, count, more):
    seeds = spawn_seeds(seed, count)
    assert len(set(seeds)) == count
    assert all(0 <= spawned < 2**31 for spawned in seeds)
    assert spawn_seeds(seed, count + more)[:count] == seeds


def test_spawned_seeds_skip_a_number_that_comes_twice(monkeypatch):
    class Repeating:
        def __init__(self, _):
            self.numbers = iter([4, 4, 9])

        def integers(self, _):
            return next(self.numbers)

    monkeypatch.setattr(np.random, "default_rng", Repeating)
    assert spawn_seeds(0, 2) == [4, 9]


def test_spawned_seeds_are_the_same_with_every_numpy():
    assert spawn_seeds(0, 3) == [1826701615, 1367864807, 1097657232]


def test_neighbouring_seeds_have_unlike_children():
    assert not set(spawn_seeds(0, 100)) & set(spawn_seeds(1, 100))


@pytest.mark.parametrize(
    ("seed", "count", "name"),
    [(-1, 1, "seed"), (0.5, 1, "seed"), (0, 0, "count"), (0, "2", "count")],
)
def test_spawn_seeds_says_what_is_wrong(seed, count, name):
    with pytest.raises(ValueError, match=f"expected {name} to be a whole number, at least"):
        spawn_seeds(seed, count)

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from drawlib.alignment import assign, crossings, stratified

SEEDS = st.integers(0, 2**32 - 1)


def numbers(n):
    return hnp.arrays(float, n, elements=st.floats(-100, 100, width=32))


def points(n, d):
    return hnp.arrays(float, (n, d), elements=st.floats(-100, 100, width=32))


@given(st.integers(1, 60), st.floats(-100, 100), st.floats(0.01, 200), SEEDS)
def test_each_point_lies_in_its_stratum(n, low, width, seed):
    z = stratified(n, low, low + width, seed=seed)
    borders = low + width * np.arange(n + 1) / n
    assert z.shape == (n,)
    assert (z >= borders[:-1] - 1e-9).all()
    assert (z <= borders[1:] + 1e-9).all()
    assert (np.diff(z) >= -1e-9).all()


def test_a_point_is_uniform_over_its_stratum():
    third = [stratified(5, -5, 5, seed=seed)[2] for seed in range(2_000)]
    assert stats.kstest(third, stats.uniform(-1, 2).cdf).pvalue > 1e-3


def test_strata_scatter_far_less_than_independent_points():
    """The mean of z over a minibatch: variance 1/(12 M) apart, 1/(12 M³) in strata."""
    means = [stratified(10, 0, 1, seed=seed).mean() for seed in range(4_000)]
    assert np.var(means) == pytest.approx(1 / (12 * 10**3), rel=0.15)


def test_same_seed_same_points():
    np.testing.assert_array_equal(stratified(7, 0, 1, seed=3), stratified(7, 0, 1, seed=3))
    assert (stratified(7, 0, 1, seed=3) != stratified(7, 0, 1, seed=4)).all()


def test_a_domain_as_wide_as_the_numbers_does_not_overflow():
    assert np.isfinite(stratified(4, -1.7e308, 1.7e308, seed=0)).all()


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"n": 0}, "n"),
        ({"n": 2.5}, "n"),
        ({"low": np.nan}, "low"),
        ({"high": 0}, "high"),
        ({"high": "1"}, "high"),
        ({"seed": -1}, "seed"),
        ({"seed": None}, "seed"),
    ],
)
def test_stratified_says_what_is_wrong(changed, name):
    with pytest.raises(ValueError, match=rf"^expected {name} to be .*; received "):
        stratified(**{"n": 3, "low": 0, "high": 1, "seed": 0, **changed})


def count_one_by_one(z, x):
    count = 0
    for i in range(len(z)):
        for j in range(i):
            count += (z[i] < z[j] and x[i] > x[j]) or (z[i] > z[j] and x[i] < x[j])
    return count


@given(st.integers(1, 12).flatmap(lambda n: st.tuples(numbers(n), numbers(n))))
def test_crossings_against_loops(pair):
    assert crossings(*pair) == count_one_by_one(*pair)


@given(st.integers(1, 12).flatmap(lambda n: st.tuples(numbers(n), numbers(n), SEEDS)))
def test_crossings_do_not_depend_on_order_or_direction(case):
    z, x, seed = case
    order = np.random.default_rng(seed).permutation(len(z))
    assert crossings(z[order], x[order]) == crossings(z, x)
    assert crossings(x, z) == crossings(z, x)
    assert crossings(-z, -x) == crossings(z, x)


@given(st.integers(1, 12).flatmap(lambda n: st.tuples(numbers(n), numbers(n))))
def test_the_sorted_pairing_has_no_crossing(pair):
    assert crossings(np.sort(pair[0]), np.sort(pair[1])) == 0


def test_opposite_order_crosses_every_pair():
    assert crossings(np.arange(10), -np.arange(10)) == 45


def test_kendalls_tau_counts_the_same():
    rng = np.random.default_rng(0)
    z, x = rng.normal(size=(2, 50))
    pairs = 50 * 49 / 2
    tau = stats.kendalltau(z, x).statistic
    assert crossings(z, x) == pytest.approx(pairs * (1 - tau) / 2)


def test_unsigned_and_huge_numbers_are_compared_rightly():
    assert crossings(np.array([0, 255], np.uint8), np.array([255, 0], np.uint8)) == 1
    assert crossings([-1.7e308, 1.7e308], [1.7e308, -1.7e308]) == 1


@pytest.mark.parametrize(
    ("z", "x", "name"),
    [
        ([], [], "z"),
        ([[1.0]], [1.0], "z"),
        ([1.0, 2.0], [1.0], "x"),
        ([1.0], [np.inf], "x"),
        (["a"], [1.0], "z"),
        (None, [1.0], "z"),
    ],
)
def test_crossings_says_what_is_wrong(z, x, name):
    with pytest.raises(ValueError, match=rf"^expected {name} to be .*; received "):
        crossings(z, x)


def bill(a, b, plan):
    return sum(((a[i] - b[j]) ** 2).sum() for i, j in enumerate(plan))


@given(
    st.tuples(st.integers(1, 5), st.integers(1, 3)).flatmap(
        lambda size: st.tuples(points(*size), points(*size))
    )
)
def test_no_plan_of_all_is_cheaper(pair):
    a, b = pair
    plan = assign(a, b)
    assert sorted(plan) == list(range(len(a)))
    least = min(bill(a, b, p) for p in itertools.permutations(range(len(a))))
    assert bill(a, b, plan) == pytest.approx(least)


def test_no_plan_of_720_is_cheaper():
    a, b = np.random.default_rng(1).normal(size=(2, 6, 2))
    least = min(bill(a, b, p) for p in itertools.permutations(range(6)))
    assert bill(a, b, assign(a, b)) == pytest.approx(least)


@given(st.integers(1, 30).flatmap(lambda n: st.tuples(numbers(n), numbers(n))))
def test_in_one_dimension_it_is_the_sorted_pairing(pair):
    a, b = pair
    paired = b[assign(a[:, None], b[:, None])]
    assert ((a - paired) ** 2).sum() == pytest.approx(((np.sort(a) - np.sort(b)) ** 2).sum())


@given(st.integers(1, 20), SEEDS)
def test_a_shuffled_set_finds_itself(n, seed):
    rng = np.random.default_rng(seed)
    a, order = rng.normal(size=(n, 2)), rng.permutation(n)
    np.testing.assert_array_equal(a[order][assign(a, a[order])], a)


def test_the_partner_is_b_of_the_index():
    a, b = np.array([[0.0], [10.0], [20.0]]), np.array([[21.0], [1.0], [11.0]])
    np.testing.assert_array_equal(assign(a, b), [1, 2, 0])


def test_unsigned_points_are_paired_by_their_true_distance():
    a, b = np.array([[0], [10]], np.uint8), np.array([[11], [1]], np.uint8)
    np.testing.assert_array_equal(assign(a, b), [1, 0])


@pytest.mark.parametrize(
    ("a", "b", "name"),
    [
        (np.zeros((0, 2)), np.zeros((0, 2)), "a"),
        (np.zeros(3), np.zeros(3), "a"),
        (np.zeros((3, 2)), np.zeros((4, 2)), "b"),
        (np.zeros((3, 2)), np.zeros((3, 1)), "b"),
        (np.full((3, 2), np.nan), np.zeros((3, 2)), "a"),
        (np.zeros((3, 2), complex), np.zeros((3, 2)), "a"),
    ],
)
def test_assign_says_what_is_wrong(a, b, name):
    with pytest.raises(ValueError, match=rf"^expected {name} to be .*; received "):
        assign(a, b)

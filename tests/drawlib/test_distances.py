import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from drawlib.distances import (
    kolmogorov_smirnov,
    mode_coverage,
    sliced_wasserstein,
    wasserstein_1d,
)

SEEDS = st.integers(0, 2**32 - 1)
NUMBERS = st.floats(-100, 100, width=32)


def same_size(count, *tail):
    """`count` arrays of one common size."""
    return st.integers(1, 15).flatmap(
        lambda n: st.tuples(*[hnp.arrays(float, (n, *tail), elements=NUMBERS)] * count)
    )


@given(same_size(2))
def test_w1_against_scipy(pair):
    assert wasserstein_1d(*pair) == pytest.approx(stats.wasserstein_distance(*pair), abs=1e-9)


@given(same_size(3), st.floats(-50, 50), st.floats(-5, 5))
def test_w1_is_a_distance(sets, shift, scale):
    a, b, c = sets
    w = wasserstein_1d(a, b)
    assert wasserstein_1d(b, a) == pytest.approx(w)
    assert wasserstein_1d(a, a[::-1]) == 0
    assert w <= wasserstein_1d(a, c) + wasserstein_1d(c, b) + 1e-9
    assert wasserstein_1d(a + shift, b + shift) == pytest.approx(w, abs=1e-9)
    assert wasserstein_1d(scale * a, scale * b) == pytest.approx(abs(scale) * w, abs=1e-9)
    assert wasserstein_1d(a, a + shift) == pytest.approx(abs(shift), abs=1e-9)
    assert w >= abs(a.mean() - b.mean()) - 1e-9


def test_w1_of_an_ensemble_is_that_of_each_member():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 3, 8)), rng.normal(size=8)
    together = wasserstein_1d(a, b)
    assert together.shape == (2, 3)
    for i, j in np.ndindex(2, 3):
        assert together[i, j] == pytest.approx(stats.wasserstein_distance(a[i, j], b))


def test_unsigned_numbers_do_not_wrap():
    assert wasserstein_1d(np.array([0, 1], np.uint8), np.array([255, 2], np.uint8)) == 128
    assert wasserstein_1d([True, False], [False, False]) == 0.5


@pytest.mark.parametrize(
    ("a", "b", "name"),
    [
        ([], [], "a"),
        (1.0, 1.0, "a"),
        ([1.0, 2.0], [1.0], "b"),
        ([np.nan], [1.0], "a"),
        ([1.0], [np.inf], "b"),
        ("ab", [1.0], "a"),
        (np.zeros((2, 4)), np.zeros((3, 4)), "b"),
    ],
)
def test_w1_says_what_is_wrong(a, b, name):
    with pytest.raises(ValueError, match=rf"^expected {name} to be .*; received "):
        wasserstein_1d(a, b)


@given(hnp.arrays(float, st.integers(1, 30), elements=st.floats(-4, 4, width=16)))
def test_ks_against_scipy(samples):  # of few different values, so with ties
    mine = kolmogorov_smirnov(samples, stats.norm.cdf)
    assert mine == pytest.approx(stats.kstest(samples, stats.norm.cdf).statistic)
    assert mine == kolmogorov_smirnov(samples[::-1], stats.norm.cdf)
    assert 1 / (2 * len(samples)) - 1e-12 <= mine <= 1


def test_ks_against_a_fine_grid():
    samples = np.array([-1.0, 0.2, 0.2, 3.0])
    grid = np.linspace(-6, 6, 200_001)
    steps = (samples <= grid[:, None]).mean(axis=1)
    gap = abs(steps - stats.norm.cdf(grid)).max()
    assert kolmogorov_smirnov(samples, stats.norm.cdf) == pytest.approx(gap, abs=1e-4)


def test_ks_of_an_ensemble_is_that_of_each_member():
    samples = np.random.default_rng(0).normal(size=(3, 20))
    together = kolmogorov_smirnov(samples, stats.norm.cdf)
    alone = [kolmogorov_smirnov(row, stats.norm.cdf) for row in samples]
    np.testing.assert_allclose(together, alone)


@pytest.mark.parametrize(
    ("samples", "cdf", "name"),
    [
        ([], stats.norm.cdf, "samples"),
        ([np.nan], stats.norm.cdf, "samples"),
        ([0.0], lambda x: 2 + x, r"cdf\(samples\)"),
        ([0.0], lambda x: x - 1, r"cdf\(samples\)"),
        ([0.0], lambda x: x * np.nan, r"cdf\(samples\)"),
        ([0.0, 1.0], lambda x: 0.5, r"cdf\(samples\)"),
    ],
)
def test_ks_says_what_is_wrong(samples, cdf, name):
    with pytest.raises(ValueError, match=rf"^expected {name} to .*; received "):
        kolmogorov_smirnov(samples, cdf)


def test_sliced_against_loops():
    a, b = np.random.default_rng(1).normal(size=(2, 9, 3))
    axes = np.random.default_rng(5).standard_normal((3, 7))
    total = 0.0
    for k in range(7):
        axis = axes[:, k] / np.sqrt((axes[:, k] ** 2).sum())
        along_a = [sum(p[i] * axis[i] for i in range(3)) for p in a]
        along_b = [sum(p[i] * axis[i] for i in range(3)) for p in b]
        total += stats.wasserstein_distance(along_a, along_b) / 7
    assert sliced_wasserstein(a, b, directions=7, seed=5) == pytest.approx(total)


@given(same_size(3, 2), SEEDS)
def test_sliced_is_a_distance_between_sets(sets, seed):
    a, b, c = sets

    def distance(p, q):
        return sliced_wasserstein(p, q, directions=5, seed=seed)

    w = distance(a, b)
    assert distance(b, a) == pytest.approx(w)
    assert distance(a, a[::-1]) == pytest.approx(0, abs=1e-9)
    assert w <= distance(a, c) + distance(c, b) + 1e-9
    assert distance(a + 3, b + 3) == pytest.approx(w, abs=1e-9)


def test_sliced_in_one_dimension_is_w1():
    a, b = np.random.default_rng(2).normal(size=(2, 12, 1))
    assert sliced_wasserstein(a, b, directions=4, seed=0) == pytest.approx(
        wasserstein_1d(a[:, 0], b[:, 0])
    )


def test_a_shift_in_the_plane_is_seen_by_its_mean_shadow():
    """The mean of |cos| over directions is 2/π."""
    a = np.random.default_rng(3).normal(size=(50, 2))
    distance = sliced_wasserstein(a, a + np.array([3.0, 0.0]), directions=20_000, seed=0)
    assert distance == pytest.approx(3 * 2 / np.pi, rel=0.02)


def test_sliced_of_an_ensemble_is_that_of_each_member():
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=(4, 10, 2)), rng.normal(size=(10, 2))
    together = sliced_wasserstein(a, b, directions=3, seed=1)
    alone = [sliced_wasserstein(one, b, directions=3, seed=1) for one in a]
    np.testing.assert_allclose(together, alone)


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"a": np.zeros(4)}, "a"),
        ({"b": np.zeros((5, 2))}, "b"),
        ({"b": np.zeros((4, 3))}, "b"),
        ({"a": np.zeros((2, 4, 2)), "b": np.zeros((3, 4, 2))}, "b"),
        ({"directions": 0}, "directions"),
        ({"directions": 2.0}, "directions"),
        ({"seed": -1}, "seed"),
    ],
)
def test_sliced_says_what_is_wrong(changed, name):
    right = {"a": np.zeros((4, 2)), "b": np.zeros((4, 2)), "directions": 3, "seed": 0}
    with pytest.raises(ValueError, match=rf"^expected {name} to be .*; received "):
        sliced_wasserstein(**{**right, **changed})


CENTRES = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])


def test_coverage_against_loops():
    rng = np.random.default_rng(6)
    samples = CENTRES[rng.choice(3, p=[0.7, 0.2, 0.1], size=60)] + rng.normal(size=(60, 2))
    counts, near = [0, 0, 0], 0
    for sample in samples:
        gaps = [np.hypot(*(sample - centre)) for centre in CENTRES]
        if min(gaps) <= 1.5:
            near += 1
            counts[gaps.index(min(gaps))] += 1
    for share in (0.1, 0.3, 0.6, 1.0):
        covered, fraction = mode_coverage(samples, CENTRES, radius=1.5, share=share)
        assert covered == sum(count >= share * 60 / 3 for count in counts)
        assert fraction == near / 60


def test_coverage_knows_all_some_and_none():
    assert mode_coverage(CENTRES, CENTRES, radius=0.1, share=1) == (3, 1)
    assert mode_coverage(np.tile(CENTRES[:1], (9, 1)), CENTRES, radius=0.1, share=1) == (1, 1)
    assert mode_coverage(CENTRES + 5, CENTRES, radius=0.1, share=0.1) == (0, 0)


def test_a_sample_belongs_to_one_mode_only():
    covered, near = mode_coverage([[4.0, 0.0]], CENTRES, radius=100, share=1)
    assert (covered, near) == (1, 1)


def test_coverage_of_an_ensemble_is_that_of_each_member():
    samples = np.random.default_rng(7).normal(5, 5, size=(2, 3, 40, 2))
    covered, near = mode_coverage(samples, CENTRES, radius=3, share=0.2)
    assert covered.shape == near.shape == (2, 3)
    for i, j in np.ndindex(2, 3):
        alone = mode_coverage(samples[i, j], CENTRES, radius=3, share=0.2)
        assert (covered[i, j], near[i, j]) == alone


def test_unsigned_samples_do_not_wrap():
    samples = np.array([[0, 0]], np.uint8)
    assert mode_coverage(samples, np.array([[1, 0]], np.uint8), radius=1, share=1) == (1, 1)


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"samples": np.zeros(2)}, "samples"),
        ({"samples": np.zeros((0, 2))}, "samples"),
        ({"centres": np.zeros((3, 3))}, "centres"),
        ({"centres": [[np.nan, 0.0]]}, "centres"),
        ({"radius": 0}, "radius"),
        ({"share": 0}, "share"),
        ({"share": 1.5}, "share"),
    ],
)
def test_coverage_says_what_is_wrong(changed, name):
    right = {"samples": CENTRES, "centres": CENTRES, "radius": 1, "share": 0.5}
    with pytest.raises(ValueError, match=rf"^expected {name} to be .*; received "):
        mode_coverage(**{**right, **changed})

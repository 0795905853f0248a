"""The window against nested loops, its limits, its gradient, and numbers far too large."""

import math

import hypothesis
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies as st

from drawlib import filterbank

RNG = np.random.default_rng(0)
H, W, N = 7, 11, 3


# --- the paper's equations, one number at a time: nothing here is shared with the package


def slow_window(five, n, height, width):
    g_x, g_y, log_sigma2, log_delta, log_gamma = five
    return (
        0.5 * (width - 1) * (g_x + 1),
        0.5 * (height - 1) * (g_y + 1),
        (max(height, width) - 1) / (n - 1) * math.exp(log_delta) if n > 1 else 0.0,
        math.exp(log_sigma2),
        math.exp(log_gamma),
    )


def slow_filters(g, delta, sigma2, n, pixels):
    rows = np.zeros((n, pixels))
    for i in range(n):
        mu = g + (i - (n - 1) / 2) * delta
        for a in range(pixels):
            rows[i, a] = math.exp(-((a - mu) ** 2) / (2 * sigma2))
        rows[i] /= sum(rows[i])
    return rows


def slow_read(image, F_y, F_x, gamma):
    n, glimpse = len(F_y), np.zeros((len(F_y), len(F_x)))
    for i in range(n):
        for j in range(n):
            for b in range(image.shape[0]):
                for a in range(image.shape[1]):
                    glimpse[i, j] += gamma * F_y[i, b] * image[b, a] * F_x[j, a]
    return glimpse


def slow_write(patch, F_y, F_x, gamma):
    height, width = F_y.shape[1], F_x.shape[1]
    image = np.zeros((height, width))
    for b in range(height):
        for a in range(width):
            for i in range(len(F_y)):
                for j in range(len(F_x)):
                    image[b, a] += F_y[i, b] * patch[i, j] * F_x[j, a] / gamma
    return image


def fast(parameters, n=N, height=H, width=W, dtype="float64"):
    """The window and its filters F_y and F_x, for parameters of shape (B, 5)."""
    sizes = {"size": n, "height": height, "width": width}
    view = filterbank.window(tf.cast(parameters, dtype), **sizes)
    return view, *filterbank.filterbank(view, **sizes)


@pytest.mark.parametrize(("n", "height", "width"), [(3, 7, 11), (4, 11, 7), (1, 6, 6), (2, 2, 5)])
def test_everything_equals_nested_loops(n, height, width):
    parameters = RNG.normal(0, 0.5, (4, 5))
    images = RNG.normal(size=(4, 2, height, width))
    patches = RNG.normal(size=(4, n, n))
    view, F_y, F_x = fast(parameters, n, height, width)
    glimpses = filterbank.read(tf.constant(images), F_y, F_x, view.gamma).numpy()
    canvas = filterbank.write(tf.constant(patches), F_y, F_x, view.gamma).numpy()
    assert glimpses.shape == (4, 2, n, n)
    assert canvas.shape == (4, height, width)
    for b, five in enumerate(parameters):
        g_x, g_y, delta, sigma2, gamma = slow_window(five, n, height, width)
        by_hand = (g_x, g_y, sigma2, gamma)
        mine = (view.g_x, view.g_y, view.sigma2, view.gamma)
        np.testing.assert_allclose([float(v[b, 0]) for v in mine], by_hand, rtol=1e-12)
        if n > 1:
            assert float(view.delta[b, 0]) == pytest.approx(delta, rel=1e-12)
        rows = slow_filters(g_y, delta, sigma2, n, height)
        columns = slow_filters(g_x, delta, sigma2, n, width)
        np.testing.assert_allclose(F_y[b], rows, atol=1e-13)
        np.testing.assert_allclose(F_x[b], columns, atol=1e-13)
        for c in range(2):
            expected = slow_read(images[b, c], rows, columns, gamma)
            np.testing.assert_allclose(glimpses[b, c], expected, atol=1e-12)
        expected = slow_write(patches[b], rows, columns, gamma)
        np.testing.assert_allclose(canvas[b], expected, atol=1e-12)


# --- limits


@pytest.mark.parametrize("n", [2, 3, 5, 12, 28])
def test_five_zeros_are_centred_and_cover_first_to_last_pixel(n):
    view, _, _ = fast(np.zeros((1, 5)), n, 28, 28)
    centres = filterbank.centres(view.g_x, view.delta, n).numpy()[0]
    assert (centres[0], centres[-1]) == pytest.approx((0, 27), abs=1e-12)
    assert centres.mean() == pytest.approx(13.5)
    np.testing.assert_allclose(np.diff(centres), 27 / (n - 1))
    assert [float(v[0, 0]) for v in (view.sigma2, view.gamma)] == [1, 1]


def test_a_window_of_one_filter_has_no_stride():
    parameters = np.array([[0.0, 0.0, 0.0, log_delta, 0.0] for log_delta in (-100.0, 0.0, 100.0)])
    view, F_y, F_x = fast(parameters, 1, 9, 9)
    np.testing.assert_array_equal(filterbank.centres(view.g_x, view.delta, 1), [[4.0]] * 3)
    assert np.isfinite(view.delta).all()
    for rows in (F_y, F_x):
        np.testing.assert_allclose(rows[1:], rows[:1].numpy().repeat(2, axis=0), rtol=1e-12)


def test_the_longer_side_sets_the_stride_and_each_side_its_own_centre():
    for height, width in ((5, 20), (20, 5)):
        view, F_y, F_x = fast(np.zeros((1, 5)), 3, height, width)
        assert float(view.g_y[0, 0]) == (height - 1) / 2
        assert float(view.g_x[0, 0]) == (width - 1) / 2
        assert float(view.delta[0, 0]) == 9.5
        assert (F_y.shape, F_x.shape) == ((1, 3, height), (1, 3, width))


def test_g_of_minus_one_and_one_are_the_first_and_the_last_pixel():
    ends = np.array([[-1.0, 1.0, 0, 0, 0], [1.0, -1.0, 0, 0, 0]])
    view, _, _ = fast(ends)
    np.testing.assert_array_equal(view.g_x[:, 0], [0, W - 1])
    np.testing.assert_array_equal(view.g_y[:, 0], [H - 1, 0])


def test_x_means_columns_and_y_means_rows():
    image = np.zeros((1, 1, H, W))
    image[0, 0, 1, 9] = 1  # row 1, column 9
    there = [[2 * 9 / (W - 1) - 1, 2 * 1 / (H - 1) - 1, -8, -8, 0]]
    view, F_y, F_x = fast(there, 1)
    glimpse = filterbank.read(tf.constant(image), F_y, F_x, view.gamma)
    assert float(glimpse[0, 0, 0, 0]) == pytest.approx(1)
    view, F_y, F_x = fast(there, 1)
    drawn = filterbank.write(tf.ones((1, 1, 1), tf.float64), F_y, F_x, view.gamma)
    np.testing.assert_allclose(drawn[0], image[0, 0], atol=1e-12)


def test_without_width_a_filter_samples_its_pixel():
    # 28 filters on 28 pixels, each narrower than a pixel: the glimpse is the image.
    image = RNG.normal(size=(1, 1, 28, 28))
    view, F_y, F_x = fast([[0, 0, -8, 0, 0]], 28, 28, 28)
    np.testing.assert_allclose(F_x[0], np.eye(28), atol=1e-12)
    glimpse = filterbank.read(tf.constant(image), F_y, F_x, view.gamma)
    np.testing.assert_allclose(glimpse, image, atol=1e-10)


def test_of_great_width_a_filter_takes_the_mean():
    image = RNG.normal(size=(1, 1, H, W))
    view, F_y, F_x = fast([[0, 0, 8, 0, 0]])
    glimpse = filterbank.read(tf.constant(image), F_y, F_x, view.gamma)
    np.testing.assert_allclose(glimpse, np.full((1, 1, N, N), image.mean()), atol=0.01)


def test_write_is_the_transpose_of_read():
    # <read(x), w> = γ² <x, write(w)>, for every x and w.
    view, F_y, F_x = fast(RNG.normal(0, 0.5, (5, 5)))
    x, w = RNG.normal(size=(5, H, W)), RNG.normal(size=(5, N, N))
    glimpse = filterbank.read(tf.constant(x[:, None]), F_y, F_x, view.gamma).numpy()[:, 0]
    drawn = filterbank.write(tf.constant(w), F_y, F_x, view.gamma).numpy()
    left, right = (glimpse * w).sum((1, 2)), (x * drawn).sum((1, 2))
    np.testing.assert_allclose(left, view.gamma[:, 0] ** 2 * right, rtol=1e-10)


def test_gamma_multiplies_what_is_read_and_divides_what_is_written():
    five = RNG.normal(0, 0.5, (1, 5))
    louder = five + np.array([0, 0, 0, 0, math.log(3)])
    x, w = tf.constant(RNG.normal(size=(1, 1, H, W))), tf.constant(RNG.normal(size=(1, N, N)))
    (v1, F_y, F_x), (v3, _, _) = fast(five), fast(louder)
    r1, r3 = (filterbank.read(x, F_y, F_x, v.gamma) for v in (v1, v3))
    w1, w3 = (filterbank.write(w, F_y, F_x, v.gamma) for v in (v1, v3))
    np.testing.assert_allclose(r3, 3 * r1)
    np.testing.assert_allclose(w3, w1 / 3)


def test_all_images_of_an_example_are_read_through_its_one_window():
    view, F_y, F_x = fast(RNG.normal(0, 0.5, (4, 5)))
    x = RNG.normal(size=(4, 3, H, W))
    together = filterbank.read(tf.constant(x), F_y, F_x, view.gamma)
    for c in range(3):
        alone = filterbank.read(tf.constant(x[:, c : c + 1]), F_y, F_x, view.gamma)
        np.testing.assert_allclose(together[:, c], alone[:, 0], atol=1e-13)


# --- the gradient


def glimpse_score(parameters, image, weights):
    """A number that depends on all of the glimpse and all of what is drawn back."""
    sizes = {"size": N, "height": H, "width": W}
    view = filterbank.window(parameters, **sizes)
    F_y, F_x = filterbank.filterbank(view, **sizes)
    glimpse = filterbank.read(image, F_y, F_x, view.gamma)
    drawn = filterbank.write(tf.sin(glimpse[:, 0]), F_y, F_x, view.gamma)
    return tf.reduce_sum(glimpse[:, 0] * weights) + tf.reduce_sum(drawn**2)


def test_tape_equals_finite_differences_for_each_of_the_five():
    five = tf.Variable(RNG.normal(0, 0.4, (3, 5)))
    image, weights = (tf.constant(RNG.normal(size=s)) for s in ((3, 1, H, W), (3, N, N)))
    with tf.GradientTape() as tape:
        score = glimpse_score(five, image, weights)
    slopes = tape.gradient(score, five).numpy()
    step = 1e-5
    for b in range(3):
        for k in range(5):
            up, down = five.numpy(), five.numpy()
            up[b, k] += step
            down[b, k] -= step
            difference = glimpse_score(up, image, weights) - glimpse_score(down, image, weights)
            assert slopes[b, k] == pytest.approx(float(difference) / (2 * step), rel=1e-6, abs=1e-8)
    assert (abs(slopes) > 1e-6).all()  # else the comparison would compare nothing


@pytest.mark.parametrize("g", [-4.0, -2.5, 2.5, 4.0])  # up to 40 pixels outside
def test_a_window_far_outside_still_feels_where_the_ink_is(g):
    # Ink on the left; a window on either side must be told to move to the left or right.
    image = np.linspace(1, 0, 28)[None, None, None, :].repeat(28, axis=2).astype("float32")
    five = tf.Variable([[g, 0.0, 0.0, -2.0, 0.0]])
    with tf.GradientTape() as tape:
        view, F_y, F_x = fast(five, 5, 28, 28, "float32")
        ink = tf.reduce_sum(filterbank.read(tf.constant(image), F_y, F_x, view.gamma))
    slope = tape.gradient(ink, five).numpy()[0, 0]
    assert np.isfinite(slope)
    assert slope < 0  # more ink to the left, wherever the window stands
    np.testing.assert_allclose(tf.reduce_sum(F_x, -1), np.ones((1, 5)), atol=1e-6)


# --- numbers far too large


def all_of_it(five, n, dtype):
    """Window, filters, glimpse, what is drawn back, and the gradient of their means."""
    five = tf.Variable(np.array([five]), dtype=dtype)
    pixels = np.linspace(0, 1, 28 * 28).astype("float16")  # the same numbers, whatever the type
    image = tf.cast(pixels.reshape(1, 1, 28, 28), dtype)
    with tf.GradientTape() as tape:
        view, F_y, F_x = fast(five, n, 28, 28, dtype)
        glimpse = filterbank.read(image, F_y, F_x, view.gamma)
        drawn = filterbank.write(glimpse[:, 0], F_y, F_x, view.gamma)
        total = tf.reduce_mean(glimpse) + tf.reduce_mean(drawn)
    return {**view._asdict(), "F_y": F_y, "F_x": F_x, "glimpse": glimpse, "drawn": drawn,
            "gradient": tape.gradient(total, five)}  # fmt: skip


@pytest.mark.parametrize(("dtype", "most"), [("float16", 65504), ("float32", 1e6)])
@hypothesis.settings(max_examples=30, deadline=None)
@hypothesis.given(data=st.data(), n=st.sampled_from([1, 2, 5, 28]))
def test_no_five_numbers_overflow(dtype, most, data, n):
    size = st.floats(0, math.log10(most)).map(lambda power: 10**power)
    number = st.one_of(st.just(0.0), st.just(most), size).flatmap(
        lambda x: st.sampled_from([x, -x])
    )
    five = np.array(data.draw(st.lists(number, min_size=5, max_size=5)), dtype)
    single = all_of_it(five.astype("float32"), n, "float32")
    for name, array in single.items():
        assert np.isfinite(array).all(), name
    if dtype == "float16":
        # It is computed in single. Only the gradient goes back to half precision, where a true
        # slope beyond 65,504 has no other name than infinity.
        half = all_of_it(five, n, dtype)
        gradient = half.pop("gradient")
        with np.errstate(over="ignore"):
            rounded = single["gradient"].numpy().astype("float16")
        np.testing.assert_allclose(gradient, rounded, rtol=2e-3, atol=1e-3)
        for name, array in half.items():
            np.testing.assert_array_equal(array, single[name], err_msg=name)


def test_far_outside_rounding_does_not_pose_as_a_gradient():
    # A million pixels away, each filter has all its weight on the last pixel, whatever its width.
    far = [0.0, 65504.0, 0.0, 0.0, 0.0]
    single, double = (all_of_it(far, 28, dtype)["gradient"] for dtype in ("float32", "float64"))
    np.testing.assert_allclose(single, double, atol=1e-5)


def test_half_precision_computes_in_single():
    five = np.array([[0.3, -0.2, 0.5, -0.4, 0.1]], "float16")
    half, single = (all_of_it(five[0], 5, dtype) for dtype in ("float16", "float32"))
    for name in ("F_y", "F_x", "g_x", "delta"):
        np.testing.assert_array_equal(half[name], single[name], err_msg=name)


PARAMETERS = st.lists(st.floats(-3, 3), min_size=5, max_size=5)


@hypothesis.settings(max_examples=30, deadline=None)
@hypothesis.given(PARAMETERS, st.sampled_from([1, 2, 3, 5]))
def test_rows_are_weights_and_the_glimpse_lies_between_darkest_and_lightest(five, n):
    view, F_y, F_x = fast([five], n)
    for rows in (F_y.numpy(), F_x.numpy()):
        assert (rows >= 0).all()
        np.testing.assert_allclose(rows.sum(-1), 1)
    image = np.random.default_rng(1).random((1, 1, H, W))
    glimpse = filterbank.read(tf.constant(image), F_y, F_x, view.gamma).numpy()
    glimpse /= view.gamma.numpy()
    assert glimpse.min() >= image.min() - 1e-12
    assert glimpse.max() <= image.max() + 1e-12


@hypothesis.settings(max_examples=30, deadline=None)
@hypothesis.given(PARAMETERS, st.sampled_from([1, 2, 3, 5]))
def test_a_mirrored_window_sees_the_mirrored_image_mirrored(five, n):
    # A grid that is off by a pixel, or by one stride, is not symmetric.
    image = np.random.default_rng(2).random((1, 1, H, W))
    mirrored = [-five[0], -five[1], *five[2:]]
    (view, *banks), (_, *mirrored_banks) = fast([five], n), fast([mirrored], n)
    glimpse = filterbank.read(tf.constant(image), *banks, view.gamma).numpy()
    other_way = tf.constant(image[:, :, ::-1, ::-1].copy())
    other = filterbank.read(other_way, *mirrored_banks, view.gamma).numpy()
    np.testing.assert_allclose(
        other[:, :, ::-1, ::-1], glimpse, atol=1e-9 * float(view.gamma[0, 0])
    )


@hypothesis.settings(max_examples=30, deadline=None)
@hypothesis.given(PARAMETERS)
def test_single_precision_agrees_with_double(five):
    single, double = (all_of_it(five, 5, dtype) for dtype in ("float32", "float64"))
    for name in ("F_y", "F_x"):
        np.testing.assert_allclose(single[name], double[name], atol=1e-3)
    scale = 1 + abs(double["gradient"].numpy()).max()
    np.testing.assert_allclose(single["gradient"] / scale, double["gradient"] / scale, atol=0.01)

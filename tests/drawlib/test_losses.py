"""The losses against sums written out, their limits, finite differences, and Monte Carlo."""

import math

import hypothesis
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies as st

from drawlib.losses import bernoulli_loss, discriminator_loss, gaussian_kl, generator_loss

RNG = np.random.default_rng(0)


def sigmoid(logit):
    return 1 / (1 + math.exp(-logit))


def test_discriminator_loss_is_the_sum_written_out():
    real, forged = RNG.normal(0, 2, (3, 7, 1)), RNG.normal(0, 2, (3, 7, 1))
    loss = discriminator_loss(tf.constant(real), tf.constant(forged)).numpy()
    assert loss.shape == (3,)
    for game in range(3):
        total = 0.0
        for i in range(7):
            total -= math.log(sigmoid(real[game, i, 0])) / 7
            total -= math.log(1 - sigmoid(forged[game, i, 0])) / 7
        assert loss[game] == pytest.approx(total, rel=1e-12)


def test_generator_loss_is_the_sum_written_out():
    forged = RNG.normal(0, 2, (3, 7, 1))
    loss = generator_loss(tf.constant(forged)).numpy()
    assert loss.shape == (3,)
    for game in range(3):
        total = -sum(math.log(sigmoid(logit)) for logit in forged[game, :, 0]) / 7
        assert loss[game] == pytest.approx(total, rel=1e-12)


def test_real_and_forged_minibatches_may_differ_in_size():
    real, forged = np.array([[1.0], [2.0], [3.0]]), np.array([[0.5]])
    loss = float(discriminator_loss(tf.constant(real), tf.constant(forged)))
    expected = -np.mean([math.log(sigmoid(a)) for a in real[:, 0]]) - math.log(1 - sigmoid(0.5))
    assert loss == pytest.approx(expected, rel=1e-12)


def test_undecided_is_2_log_2_and_log_2():
    undecided = tf.zeros((5, 1), tf.float64)
    assert float(discriminator_loss(undecided, undecided)) == pytest.approx(2 * math.log(2))
    assert float(generator_loss(undecided)) == pytest.approx(math.log(2))


@pytest.mark.parametrize(
    ("real", "forged", "value", "slopes"),
    [
        (1000.0, -1000.0, 0.0, (0.0, 0.0)),  # sure and right
        (-1000.0, 1000.0, 2000.0, (-1.0, 1.0)),  # sure and wrong: the slope does not die
    ],
)
def test_discriminator_loss_at_extreme_logits(real, forged, value, slopes):
    real, forged = tf.Variable([[real]]), tf.Variable([[forged]])
    with tf.GradientTape() as tape:
        loss = discriminator_loss(real, forged)
    assert float(loss) == value
    assert [g.numpy().item() for g in tape.gradient(loss, [real, forged])] == list(slopes)


@pytest.mark.parametrize(("logit", "value", "slope"), [(1000.0, 0.0, 0.0), (-1000.0, 1000.0, -1.0)])
def test_generator_loss_at_extreme_logits(logit, value, slope):
    forged = tf.Variable([[logit]])
    with tf.GradientTape() as tape:
        loss = generator_loss(forged)
    assert float(loss) == value
    assert tape.gradient(loss, forged).numpy().item() == slope


def test_gradients_equal_finite_differences():
    real, forged = RNG.normal(size=(4, 1)), RNG.normal(size=(4, 1))
    variables = [tf.Variable(real), tf.Variable(forged)]
    with tf.GradientTape(persistent=True) as tape:
        d_loss, g_loss = discriminator_loss(*variables), generator_loss(variables[1])
    d_real, d_forged = tape.gradient(d_loss, variables)
    g_forged = tape.gradient(g_loss, variables[1])
    step = 1e-5

    def slope(loss, logits, i):
        up, down = logits.copy(), logits.copy()
        up[i] += step
        down[i] -= step
        return float(loss(tf.constant(up)) - loss(tf.constant(down))) / (2 * step)

    for i in range(4):
        from_real = slope(lambda a: discriminator_loss(a, tf.constant(forged)), real, i)
        from_forged = slope(lambda a: discriminator_loss(tf.constant(real), a), forged, i)
        assert float(d_real[i, 0]) == pytest.approx(from_real, abs=1e-9)
        assert float(d_forged[i, 0]) == pytest.approx(from_forged, abs=1e-9)
        assert float(g_forged[i, 0]) == pytest.approx(slope(generator_loss, forged, i), abs=1e-9)


def test_the_best_discriminator_has_the_loss_of_the_theorem():
    # Goodfellow et al. (2014), theorem 1: 2 log 2 − 2 JSD(p, q), here for two known densities.
    x = np.linspace(-12, 12, 200_001)
    p = np.exp(-((x + 1) ** 2) / 2) / math.sqrt(2 * math.pi)
    q = np.exp(-((x - 1) ** 2) / 2) / math.sqrt(2 * math.pi)
    jsd = (
        np.trapezoid(p * np.log(2 * p / (p + q)), x) + np.trapezoid(q * np.log(2 * q / (p + q)), x)
    ) / 2
    rng = np.random.default_rng(1)
    best = lambda notes: tf.constant(-2.0 * notes[:, None])  # noqa: E731  log p(x) − log q(x)
    loss = discriminator_loss(best(rng.normal(-1, 1, 400_000)), best(rng.normal(1, 1, 400_000)))
    assert float(loss) == pytest.approx(2 * math.log(2) - 2 * jsd, abs=0.01)


# --- DRAW: what an image costs, and what its latents cost


def test_bernoulli_loss_is_the_sum_written_out():
    logits, x = RNG.normal(0, 3, (2, 4, 5)), RNG.integers(2, size=(2, 4, 5)).astype(float)
    loss = bernoulli_loss(tf.constant(logits), tf.constant(x)).numpy()
    assert loss.shape == (2,)
    for image in range(2):
        total = 0.0
        for row in range(4):
            for column in range(5):
                p = sigmoid(logits[image, row, column])
                total -= math.log(p if x[image, row, column] else 1 - p)
        assert loss[image] == pytest.approx(total, rel=1e-12)


def test_bernoulli_loss_leaves_leading_axes():
    logits, x = RNG.normal(size=(3, 2, 4, 5)), np.zeros((3, 2, 4, 5))
    assert bernoulli_loss(tf.constant(logits), tf.constant(x)).shape == (3, 2)


def test_bernoulli_loss_of_grey_canvas_is_log_2_a_pixel():
    x = RNG.integers(2, size=(1, 28, 28)).astype(float)
    loss = bernoulli_loss(tf.zeros((1, 28, 28), tf.float64), tf.constant(x))
    assert float(loss[0]) == pytest.approx(784 * math.log(2))


def test_bernoulli_losses_of_all_images_are_probabilities_that_sum_to_one():
    # exp(−loss) is a probability: over the 2⁴ images of four pixels it sums to one.
    images = np.array(list(np.ndindex(2, 2, 2, 2)), float).reshape(16, 2, 2)
    logits = np.broadcast_to(RNG.normal(0, 2, (2, 2)), (16, 2, 2))
    loss = bernoulli_loss(tf.constant(logits), tf.constant(images)).numpy()
    assert np.exp(-loss).sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("logit", "x", "value", "slope"),
    [
        (1e4, 1.0, 0.0, 0.0),  # sure and right
        (-1e4, 0.0, 0.0, 0.0),
        (1e4, 0.0, 1e4, 1.0),  # sure and wrong: no infinity, and the slope does not die
        (-1e4, 1.0, 1e4, -1.0),
        (20.0, 0.0, 20.0, 1.0),  # where log(1 − o + ε) is frozen
        (-20.0, 1.0, 20.0, -1.0),
    ],
)
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_bernoulli_loss_at_extreme_logits(logit, x, value, slope, dtype):
    logit = tf.Variable([[logit]], dtype=dtype)
    with tf.GradientTape() as tape:
        loss = bernoulli_loss(logit, tf.constant([[x]], dtype))
    assert loss.dtype == dtype
    assert float(loss) == pytest.approx(value, abs=1e-6)
    assert float(tape.gradient(loss, logit)[0, 0]) == pytest.approx(slope, abs=1e-6)


@hypothesis.settings(max_examples=50, deadline=None)
@hypothesis.given(st.floats(-1e6, 1e6), st.sampled_from([0.0, 1.0]))
def test_bernoulli_slope_is_what_the_canvas_says_less_what_is_there(logit, x):
    variable = tf.Variable([[logit]], dtype=tf.float64)
    with tf.GradientTape() as tape:
        loss = bernoulli_loss(variable, tf.constant([[x]], tf.float64))
    assert float(loss) >= 0
    p = 1 / (1 + math.exp(-logit)) if logit > -700 else 0.0
    assert float(tape.gradient(loss, variable)[0, 0]) == pytest.approx(p - x, abs=1e-9)


def test_gaussian_kl_is_the_sum_written_out():
    mu, log_sigma = RNG.normal(size=(2, 3, 4)), RNG.normal(0, 0.7, (2, 3, 4))
    kl = gaussian_kl(tf.constant(mu), tf.constant(log_sigma)).numpy()
    assert kl.shape == (2, 3)
    for index in np.ndindex(2, 3):
        total = 0.0
        for m, s in zip(mu[index], log_sigma[index], strict=True):
            total += (m**2 + math.exp(s) ** 2 - 1) / 2 - s
        assert kl[index] == pytest.approx(total, rel=1e-12)


@pytest.mark.parametrize("latent_size", [1, 10, 100])
def test_gaussian_kl_is_0_at_the_prior(latent_size):
    # Not −T(z − 1)/2 or some such: the constant counts once for each latent dimension.
    zeros = tf.zeros((3, latent_size))
    np.testing.assert_array_equal(gaussian_kl(zeros, zeros), np.zeros(3))


@hypothesis.settings(max_examples=50, deadline=None)
@hypothesis.given(st.lists(st.tuples(st.floats(-9, 9), st.floats(-4, 4)), min_size=1, max_size=5))
def test_gaussian_kl_is_positive_and_adds_up(numbers):
    mu, log_sigma = np.array(numbers).T
    kl = float(gaussian_kl(tf.constant(mu), tf.constant(log_sigma)))
    parts = [
        float(gaussian_kl(tf.constant(mu[d : d + 1]), tf.constant(log_sigma[d : d + 1])))
        for d in range(len(mu))
    ]
    assert min(parts) >= -1e-12
    assert kl == pytest.approx(sum(parts), abs=1e-9)


def test_gaussian_kl_equals_monte_carlo():
    # KL = E_q[log q(z) − log p(z)], each density written out.
    mu, log_sigma = np.array([0.8, -1.5, 0.0]), np.array([-0.7, 0.3, -2.0])
    sigma = np.exp(log_sigma)
    z = mu + sigma * np.random.default_rng(2).normal(size=(400_000, 3))
    log_q = -0.5 * ((z - mu) / sigma) ** 2 - np.log(sigma) - 0.5 * math.log(2 * math.pi)
    log_p = -0.5 * z**2 - 0.5 * math.log(2 * math.pi)
    samples = (log_q - log_p).sum(axis=1)
    error = samples.std() / math.sqrt(len(samples))
    exact = float(gaussian_kl(tf.constant(mu), tf.constant(log_sigma)))
    assert error < 0.01
    assert exact == pytest.approx(samples.mean(), abs=5 * error)


@pytest.mark.parametrize("log_sigma", [-8.0, 8.0])  # the network keeps it between these
def test_gaussian_kl_at_the_ends_of_log_sigma(log_sigma):
    value = tf.Variable([log_sigma])
    with tf.GradientTape() as tape:
        kl = gaussian_kl(tf.constant([1e3]), value)
    assert np.isfinite(kl)
    expected = math.exp(2 * log_sigma) - 1
    assert float(tape.gradient(kl, value)[0]) == pytest.approx(expected, rel=1e-5)


def test_gradients_of_both_equal_finite_differences():
    logits, mu, log_sigma = RNG.normal(0, 2, (3, 4)), RNG.normal(size=5), RNG.normal(size=5)
    x = tf.constant(RNG.integers(2, size=(3, 4)).astype(float))
    step = 1e-5
    for loss, point in (
        (lambda c: bernoulli_loss(c, x), logits),
        (lambda m: gaussian_kl(m, tf.constant(log_sigma)), mu),
        (lambda s: gaussian_kl(tf.constant(mu), s), log_sigma),
    ):
        variable = tf.Variable(point)
        with tf.GradientTape() as tape:
            value = loss(variable)
        slopes = tape.gradient(value, variable).numpy()
        for index in np.ndindex(*point.shape):
            up, down = point.copy(), point.copy()
            up[index] += step
            down[index] -= step
            difference = float(loss(tf.constant(up)) - loss(tf.constant(down))) / (2 * step)
            assert slopes[index] == pytest.approx(difference, abs=1e-8)

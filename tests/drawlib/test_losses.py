"""The GAN's losses against sums written out, their limits, and finite differences."""

import math

import numpy as np
import pytest
import tensorflow as tf

from drawlib.losses import discriminator_loss, generator_loss

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

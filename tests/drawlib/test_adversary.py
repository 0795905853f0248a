"""REINFORCE against the exact gradient: a tiny world where every trajectory can be counted.

Gauss-Hermite nodes stand for all draws of a Gaussian action. The exact gradient goes another
way than the estimator: it differentiates through the world, which in a test is known.
"""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from drawlib.adversary import GaussianPolicy, advantages, discounted_returns
from drawlib.dynamics import World

STEPS, SIGMA = 3, 0.5
NODES, WEIGHTS = np.polynomial.hermite.hermgauss(12)
PATHS = np.array(list(itertools.product(range(12), repeat=STEPS)))  # every trajectory
SHARES = np.prod(WEIGHTS[PATHS] / np.sqrt(np.pi), 1)  # and how probable it is


class Line(World):
    """A point on a line, moved by half its action."""

    name = "line"
    state_low, state_high = np.array([-4.0]), np.array([4.0])
    action_low, action_high = np.array([-1.0]), np.array([1.0])

    def start(self, rng, count):
        return np.full((count, 1), 0.4)

    def _step(self, states, actions, noise):
        return states + 0.5 * actions

    def _sharp(self, states, actions):
        return states[..., 0] > 3


def loss_of(s, u):
    """What a wrong model might lose: it hangs on place and action, and is not symmetric."""
    return (s - 1) ** 2 + 0.3 * s * u**2 + u


def policy(count=1):
    dice = [np.random.default_rng([seed]) for seed in range(count)]
    return GaussianPolicy(Line(), dice, hidden=(3,), sigma=SIGMA)


def network(s, weights):
    kernels, biases = weights[:2], weights[2:]
    hidden = tf.tanh(s / 4 * kernels[0] + biases[0])
    return tf.tanh(tf.reduce_sum(hidden * tf.transpose(kernels[1]), -1, keepdims=True) + biases[1])


def exact(pi, gamma):
    """Sum over t ≤ k of γ^(k−t) ∂E[loss at k] / ∂(weights used at t), by differentiation."""
    variables = [*pi.network.kernels, *pi.network.biases]
    with tf.GradientTape(persistent=True) as tape:
        copies = [[tf.identity(v[0]) for v in variables] for _ in range(STEPS)]
        for copy in copies:
            tape.watch(copy)
        s = tf.fill((len(PATHS), 1), 0.4)
        expected = []
        for t in range(STEPS):
            u = network(s, copies[t]) + np.float32(SIGMA * np.sqrt(2) * NODES[PATHS[:, t : t + 1]])
            expected.append(tf.reduce_sum(SHARES.astype("f4")[:, None] * loss_of(s, u)))
            s = s + 0.5 * u
    total = [0.0] * len(variables)
    for k, t in itertools.product(range(STEPS), range(STEPS)):
        if t <= k:
            parts = tape.gradient(expected[k], copies[t])
            total = [a + gamma ** (k - t) * b for a, b in zip(total, parts, strict=True)]
    return dict(zip([v.path for v in variables], [np.array(g) for g in total], strict=True))


def walked(pi, draws):
    """Return states, u and losses of episodes, for standard normal draws (R, B, H, 1)."""
    s = np.full((*draws.shape[:2], 1), 0.4)
    rows = []
    for t in range(STEPS):
        u = pi.means(s) + SIGMA * draws[:, :, t]
        rows.append((s, u, loss_of(s, u)[..., 0]))
        s = s + 0.5 * u
    return [np.stack(arrays, 2) for arrays in zip(*rows, strict=True)]


def by_path(pi, gradient):
    return dict(zip([v.path for v in pi.network.trainable_variables], gradient, strict=True))


@pytest.mark.parametrize("gamma", [1.0, 0.5, 0.0])
def test_its_expectation_is_the_exact_gradient(gamma):
    pi = policy()
    states, u, losses = walked(pi, np.sqrt(2) * NODES[PATHS][None, :, :, None])
    weighed = discounted_returns(losses, gamma) * SHARES[None, :, None] * len(PATHS)
    estimated = by_path(pi, pi.gradient(states, u, weighed))
    for path, wanted in exact(pi, gamma).items():
        np.testing.assert_allclose(estimated[path][0], wanted, atol=2e-4 * np.abs(wanted).max())
        assert np.abs(wanted).max() > 1e-3


def test_the_baseline_changes_no_expectation_and_calms_it():
    """2,000 rounds of eight robots, drawn at random, each with equal weights."""
    rounds = 2_000
    pi = policy(rounds)
    for v in pi.network.trainable_variables:
        v.assign(np.repeat(v.numpy()[:1], rounds, 0))
    draws = np.random.default_rng(0).standard_normal((rounds, 8, STEPS, 1))
    states, u, losses = walked(pi, draws)
    returns = discounted_returns(losses, 1.0)
    with_it, without = (
        by_path(pi, pi.gradient(states, u, weighed)) for weighed in (advantages(returns), returns)
    )
    spreads = []
    for path, wanted in exact(pi, 1.0).items():
        drawn, plain = with_it[path].numpy(), without[path].numpy()
        off = np.abs(drawn.mean(0) - wanted) / (drawn.std(0) / np.sqrt(rounds) + 1e-9)
        assert off.max() < 4.5
        spreads.append(drawn.std(0).mean() / plain.std(0).mean())
    assert np.mean(spreads) < 0.8


def test_going_uphill_finds_the_losses():
    pi = policy(4)
    rng = np.random.default_rng(0)
    before = walked(pi, rng.standard_normal((4, 400, STEPS, 1)))[2].mean((1, 2))
    for _ in range(60):
        states, u, losses = walked(pi, rng.standard_normal((4, 10, STEPS, 1)))
        pi.ascend(pi.gradient(states, u, advantages(discounted_returns(losses, 0.9))))
    after = walked(pi, rng.standard_normal((4, 400, STEPS, 1)))[2].mean((1, 2))
    assert (after > before + 0.2).all()


def test_means_are_those_of_the_network():
    pi = policy(3)
    states = np.random.default_rng(0).uniform(-4, 4, (3, 7, 1))
    features = tf.constant(states / 4, tf.float32)
    np.testing.assert_allclose(pi.means(states), tf.tanh(pi.network(features)), atol=1e-6)


def test_returns_and_advantages_by_hand():
    returns = discounted_returns(np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 4.0]]), 0.5)
    np.testing.assert_allclose(returns, [[2.75, 3.5, 3.0], [1.0, 2.0, 4.0]])
    np.testing.assert_allclose(advantages(returns), [[1.75, 1.5, -1.0], [-1.75, -1.5, 1.0]])


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="expected gamma to be"):
        discounted_returns(np.ones(3), 1.5)
    with pytest.raises(ValueError, match="expected losses to be finite everywhere"):
        discounted_returns(np.array([1.0, np.nan]), 0.5)
    with pytest.raises(ValueError, match=r"expected the number of robots to be .* at least 2"):
        advantages(np.ones((1, 3)))
    for field, value in {"sigma": 0.0, "learning_rate": -1.0}.items():
        with pytest.raises(ValueError, match=f"expected {field} to be"):
            GaussianPolicy(Line(), [np.random.default_rng(0)], **{field: value})

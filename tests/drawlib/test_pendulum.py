"""The pendulum is gymnasium's, and behaves as a pendulum does."""

import gymnasium
import numpy as np

from drawlib.pendulum import Pendulum

PENDULUM = Pendulum()


def test_every_step_is_gymnasiums():
    theirs = gymnasium.make("Pendulum-v1").unwrapped
    rng = np.random.default_rng(0)
    theirs.reset(seed=0)
    for _ in range(300):
        action = rng.uniform(-2, 2, 1)
        angle, speed = theirs.state
        state = np.array([(angle + np.pi) % (2 * np.pi) - np.pi, speed])
        ours = PENDULUM.step(state, action)
        seen = theirs.step(action)[0]
        np.testing.assert_allclose(ours[1], theirs.state[1], rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(PENDULUM.observe(ours), seen, atol=1e-6)  # theirs is float32
    assert abs(theirs.state[0]) > 1e-3


def test_limits_are_met_as_gymnasium_does():
    theirs = gymnasium.make("Pendulum-v1").unwrapped
    theirs.reset(seed=0)
    theirs.state = np.array([1.5, 7.9])
    theirs.step(np.array([2.0]))
    ours = PENDULUM.step([1.5, 7.9], [2.0])
    np.testing.assert_allclose(ours, theirs.state, rtol=1e-15)
    assert ours[1] == 8
    assert PENDULUM.sharp([1.5, 7.9], [2.0])
    assert not PENDULUM.sharp([1.5, 6.5], [2.0])


def test_one_moves_as_it_does_among_many():
    states, actions = PENDULUM.sample(np.random.default_rng(0), 200)
    alone = [PENDULUM.step(s, a) for s, a in zip(states, actions, strict=True)]
    np.testing.assert_allclose(PENDULUM.step(states, actions), alone, rtol=1e-13, atol=1e-15)


def test_the_mirror_image():
    states, actions = PENDULUM.sample(np.random.default_rng(0), 2_000)
    after, mirrored = PENDULUM.step(states, actions), PENDULUM.step(-states, -actions)
    np.testing.assert_allclose(np.cos(mirrored), np.cos(after), atol=1e-12)
    np.testing.assert_allclose(mirrored[:, 1], -after[:, 1], atol=1e-12)


def test_left_alone_it_keeps_its_energy():
    """A rod of 1 kg and 1 m swings freely for ten seconds: ½·⅓·θ̇² + 10·½·cos θ."""
    states = np.stack([np.linspace(1.6, 3.0, 20), np.zeros(20)], 1)

    def energy(states):
        return states[:, 1] ** 2 / 6 + 5 * np.cos(states[:, 0])

    before, off = energy(states), 0.0
    for _ in range(200):
        states = PENDULUM.step(states, np.zeros((20, 1)))
        off = max(off, np.abs(energy(states) - before).max())
    assert off < 0.6  # of the 10 J between hanging and standing: steps of 0.05 s are coarse


def test_angles_stay_on_the_circle():
    after = PENDULUM.step([3.1, 4.0], [0.0])
    assert -np.pi <= after[0] < -2.9

"""A world seen in part: the step is the world's own, and nobody sees more than two places."""

import numpy as np
import pytest

from drawlib.exploration import ExplorationConfig, explore, middles
from drawlib.explorers import EXPLORERS
from drawlib.hidden import Recalling
from drawlib.worlds import make_world

HIDDEN = make_world("arena-hidden")
WORLD = Recalling(HIDDEN)


def pairs(count=2_000):
    return WORLD.sample(np.random.default_rng(0), count)


def test_the_step_is_the_worlds_own_and_remembers():
    states, actions = pairs()
    after = WORLD.step(states, actions)
    np.testing.assert_array_equal(after[:, :4], HIDDEN.step(states[:, :4], actions))
    np.testing.assert_array_equal(after[:, 4:], states[:, :2])
    np.testing.assert_array_equal(
        WORLD.sharp(states, actions), HIDDEN.sharp(states[:, :4], actions)
    )
    np.testing.assert_array_equal(WORLD.observe(states), states[:, :2])


@pytest.mark.parametrize("drawn", [pairs(), WORLD.lattice(2_000)])
def test_every_state_has_a_past(drawn):
    states, actions = drawn
    assert states.shape == (2_000, 6)
    assert actions.shape == (2_000, 2)
    assert WORLD.contains(states).all()
    assert np.abs(states[:, :2] - states[:, 4:]).max() <= 0.1 + 1e-9  # 2 m/s for 0.05 s
    free = np.hypot(*(states[:, :2] - states[:, 4:] - 0.05 * states[:, 2:4]).T) < 1e-9
    assert 0.8 < free.mean() < 0.95  # a place and a speed tell where one was, but for a hit
    assert 0.05 < WORLD.sharp(states, actions).mean() < 0.15


def test_nobody_sees_the_velocity():
    states, _ = pairs()
    features = WORLD.features(states)
    assert features.shape == (2_000, 4)
    assert np.abs(features).max() < 1.2
    other = states.copy()
    other[:, 2:4] = 0
    np.testing.assert_array_equal(WORLD.features(other), features)
    np.testing.assert_array_equal(features[:, 0], states[:, 0] / HIDDEN.reach)


def test_a_change_is_of_what_is_seen():
    states, actions = pairs()
    after = WORLD.step(states, actions)
    change = WORLD.change(states, after)
    np.testing.assert_array_equal(change, after[:, :2] - states[:, :2])
    np.testing.assert_allclose(WORLD.changed(states, change), after[:, :2], atol=1e-12)
    assert WORLD.typical_change.shape == (2,)


def test_robots_begin_at_rest():
    for states in (WORLD.start(np.random.default_rng(0), 5), middles(WORLD)):
        np.testing.assert_array_equal(states[:, :2], states[:, 4:])
        np.testing.assert_array_equal(states[:, 2:4], 0)


@pytest.mark.parametrize("explorer", EXPLORERS)
def test_it_is_explored(explorer):
    config = ExplorationConfig(
        world="arena-hidden", explorer=explorer, budget=40, robots=4, horizon=5, updates=2,
        hidden=(8,), batch_size=16, points=100,
    )  # fmt: skip
    found = explore(config, [0, 1])
    assert found.errors["mean"].shape == (2, 2)
    assert np.isfinite(found.errors["p95"]).all()
    states = middles(found.predictor.world)[:3]
    seen = found.predictor.predict(states, np.zeros((3, 2)))
    assert seen.shape == (2, 3, 2)  # the next observations


def test_two_places_are_enough_in_free_flight():
    config = ExplorationConfig(
        world="arena-hidden", explorer="oracle", budget=2_000, updates=100, hidden=(32,), points=500
    )
    found = explore(config, [0])
    states, actions = WORLD.lattice(500)
    change = WORLD.change(states, WORLD.step(states, actions)) / WORLD.typical_change
    assert np.sqrt((change**2).mean(-1)).mean() > 0.8  # the error of who predicts no change
    assert found.errors["mean"][-1] < 0.4


def test_what_is_no_world_is_refused():
    with pytest.raises(ValueError, match="expected world to be a World; received 'arena'"):
        Recalling("arena")

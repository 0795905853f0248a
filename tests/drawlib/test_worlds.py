"""The worlds as gymnasium environments: its checker passes, and they are the same worlds."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from drawlib.arena import Arena
from drawlib.worlds import WORLDS, WorldEnv, make_world


def played(env, steps, seed):
    """Return what an episode of random actions shows."""
    observation, info = env.reset(seed=seed)
    env.action_space.seed(seed)
    seen, states, actions = [observation], [info["state"]], []
    for _ in range(steps):
        actions.append(env.action_space.sample())
        observation, reward, terminated, truncated, info = env.step(actions[-1])
        assert (reward, terminated, truncated) == (0, False, False)
        seen.append(observation)
        states.append(info["state"])
    return np.array(seen), np.array(states), np.array(actions)


# Pendulum-v1's torques go to ±2, and ours are to be the same.
@pytest.mark.filterwarnings("ignore:.*symmetric and normalized")
@pytest.mark.parametrize("name", WORLDS)
def test_gymnasiums_checker_finds_nothing(name):
    check_env(gymnasium.make(f"drawlib/{name}-v0", render_mode="rgb_array").unwrapped)


@pytest.mark.parametrize("name", ["pendulum", "arena", "arena-hidden"])
def test_an_episode_is_the_batched_world(name):
    env, world = WorldEnv(name), make_world(name)
    seen, states, actions = played(env, 100, seed=3)
    after = world.step(states[:-1], actions)  # the whole episode as one batch
    np.testing.assert_allclose(after, states[1:], rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(world.observe(states), seen, rtol=1e-13, atol=1e-15)
    assert all(env.observation_space.contains(observation) for observation in seen)


@pytest.mark.parametrize("name", WORLDS)
def test_a_seed_repeats_an_episode(name):
    one, again, other = (played(WorldEnv(name), 60, seed)[0] for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 1e-3


def test_the_patch_is_noisy_and_only_there():
    env = WorldEnv("arena-noisy")
    ends = {}
    for place in ((0.55, 0.0), (0.0, 0.0)):
        for seed in (0, 1):
            env.reset(seed=seed, options={"state": [*place, 0.0, 0.0]})
            ends[place, seed] = env.step(np.zeros(2))[4]["state"]
    assert np.abs(ends[(0.55, 0.0), 0] - ends[(0.55, 0.0), 1]).max() > 0.01
    np.testing.assert_array_equal(ends[(0.0, 0.0), 0], ends[(0.0, 0.0), 1])


def test_episodes_made_by_gymnasium_are_cut_off():
    env = gymnasium.make("drawlib/arena-v0")
    env.reset(seed=0)
    cut = [env.step(env.action_space.sample())[3] for _ in range(100)]
    assert cut == [False] * 99 + [True]


@pytest.mark.parametrize("name", WORLDS)
def test_a_picture_shows_the_state(name):
    env = WorldEnv(name, render_mode="rgb_array")
    pictures = []
    for step in range(2):
        env.reset(seed=0)
        for _ in range(20 * step):
            env.step(env.action_space.high)
        pictures.append(env.render())
    assert pictures[0].shape == (256, 256, 3)
    assert pictures[0].dtype == np.uint8
    assert 0.001 < (pictures[0] != pictures[1]).any(-1).mean() < 0.2
    assert WorldEnv(name).render() is None


def test_the_robot_is_drawn_where_it_is():
    env = WorldEnv(Arena(pillars=()), render_mode="rgb_array")
    env.reset(options={"state": [0.5, -0.25, 0.0, 0.0]})
    blue = np.argwhere(env.render()[..., 2] > env.render()[..., 0].astype(int) + 100)
    row, column = blue.mean(0)
    scale = 256 / 2.1
    assert abs(column - (127.5 + 0.5 * scale)) < 1
    assert abs(row - (127.5 + 0.25 * scale)) < 1


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="expected name to be one of"):
        WorldEnv("mars")
    with pytest.raises(ValueError, match="expected world to be a World"):
        WorldEnv(3)
    with pytest.raises(ValueError, match="expected render_mode to be one of 'rgb_array'"):
        WorldEnv("arena", render_mode="human")
    env = WorldEnv("arena", render_mode="rgb_array")
    for ask in (lambda: env.step(np.zeros(2)), env.render):
        with pytest.raises(gymnasium.error.ResetNeeded, match="expected reset to be called"):
            ask()
    with pytest.raises(ValueError, match="expected state to be a state of the arena"):
        env.reset(options={"state": [0.45, 0.45, 0, 0]})
    env.reset(seed=0)
    before = env.reset(seed=0)[0]
    for action, wanted in {
        (2.0, 0.0): r"between \[-1.0, -1.0\] and \[1.0, 1.0\]; received \[2.0",
        (np.nan, 0.0): "finite everywhere",
        (0.0,): "of shape",
    }.items():
        with pytest.raises(ValueError, match=wanted):
            env.step(np.array(action))
    np.testing.assert_array_equal(env.step(np.zeros(2))[0], before)  # at rest, where it began

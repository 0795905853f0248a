"""Every explorer brings back true transitions, the same for the same seed, and as it says."""

import numpy as np
import pytest

from drawlib.explorers import EXPLORERS, Adversary, Explorer, GreedyDisagreement
from drawlib.predictor import Predictor
from drawlib.worlds import make_world

SIZES = {"robots": 4, "horizon": 6}


def explored(name, seeds=(3, 4), world="arena", rounds=2, **sizes):
    """Return the last of a few rounds; the model learns nothing in between."""
    world = make_world(world)
    explorer = EXPLORERS[name](world, seeds, **{**SIZES, **sizes})
    model = Predictor(world, seeds, members=explorer.members, hidden=(8,))
    return [explorer.explore(model) for _ in range(rounds)][-1]


@pytest.mark.parametrize("name", EXPLORERS)
@pytest.mark.parametrize("world", ["arena", "pendulum"])
def test_transitions_are_true_and_actions_allowed(name, world):
    found, there = explored(name, world=world), make_world(world)
    assert found.states.shape == (2, 4, 6, there.state_size)
    assert found.actions.shape == (2, 4, 6, there.action_size)
    np.testing.assert_allclose(there.step(found.states, found.actions), found.after, atol=1e-12)
    if name != "oracle":  # a robot goes on from where it came to
        np.testing.assert_array_equal(found.states[:, :, 1:], found.after[:, :, :-1])


@pytest.mark.parametrize("name", EXPLORERS)
def test_a_seed_repeats_alone_and_in_company(name):
    found, again, alone = explored(name), explored(name), explored(name, seeds=(4,))
    np.testing.assert_array_equal(found.actions, again.actions)
    np.testing.assert_array_equal(found.after, again.after)
    np.testing.assert_allclose(found.actions[1:], alone.actions, atol=1e-4)
    assert np.abs(found.actions[0] - found.actions[1]).max() > 0.1


@pytest.mark.parametrize("name", EXPLORERS)
def test_rounds_differ(name):
    first, second = explored(name, rounds=1), explored(name, rounds=2)
    assert np.abs(first.actions - second.actions).max() > 0.1


def test_uniform_actions_are_uniform():
    actions = explored("uniform", robots=50, horizon=40).actions
    counts = np.histogram(actions, 10, (-1, 1))[0]
    assert abs(counts / counts.sum() - 0.1).max() < 0.01


def test_ornstein_uhlenbeck_remembers_and_keeps_its_spread():
    actions = explored("ornstein-uhlenbeck", robots=400, horizon=60).actions[:, :, 30:, 0]
    one, next_one = actions[..., :-1].ravel(), actions[..., 1:].ravel()
    assert 0.75 < np.corrcoef(one, next_one)[0, 1] < 0.9  # clipping takes a little of 0.85
    assert 0.4 < actions.std() < 0.3 / np.sqrt(1 - 0.85**2)


def test_random_networks_are_one_for_each_robot():
    found = explored("random-networks", robots=30, horizon=3)
    first = found.actions[:, :, 0]
    assert first.std(1).min() > 0.3
    np.testing.assert_allclose(found.actions[:, :, 1], first, atol=0.5)  # smooth in the state


def test_the_oracle_covers_everything():
    found = explored("oracle", robots=100, horizon=50).flat()
    world = make_world("arena")
    share = world.sharp(found.states, found.actions).mean()
    everywhere = world.sharp(*world.lattice(4_000)).mean()
    assert abs(share - everywhere) < 0.02


class Doubtful:
    """Stands in for a model: doubts most where the first action is largest."""

    def disagreement(self, states, actions):
        return actions[..., 0] + 0 * states[..., 0]


def test_greedy_disagreement_takes_what_is_doubted_most():
    explorer = GreedyDisagreement(make_world("arena"), [0, 1], **SIZES)
    actions = explorer.explore(Doubtful()).actions[..., 0]
    assert actions.mean() > 0.8  # the largest of 16 draws: 15/17 on average


class WrongInTheEast:
    """Stands in for a model: it is wrong where x is large."""

    def errors(self, states, actions, after):
        return np.sqrt(np.maximum(states[..., 0], 0))


def test_the_adversary_goes_where_the_model_is_wrong():
    seeds = range(4)
    explorer = Adversary(make_world("arena"), seeds, robots=10, horizon=30)
    places = [explorer.explore(WrongInTheEast()).states[..., 0].mean((1, 2)) for _ in range(40)]
    assert (np.mean(places[-5:], 0) > np.mean(places[:5], 0) + 0.15).all()


def test_a_round_without_distinction():
    found = explored("uniform")
    flat = found.flat()
    assert flat.states.shape == (2, 24, 4)
    np.testing.assert_array_equal(flat.actions[1, 7], found.actions[1, 1, 1])


def test_an_explorer_has_to_choose():
    with pytest.raises(TypeError, match="abstract"):
        Explorer(make_world("arena"), [0], **SIZES)

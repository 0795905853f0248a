"""What all worlds share: arguments are checked, S × A is sampled and covered evenly."""

import numpy as np
import pytest

from drawlib.worlds import WORLDS, make_world

HERE, PUSH = [0.0, 0.0, 0.1, 0.0], [0.5, 0.5]


@pytest.mark.parametrize("name", WORLDS)
def test_steps_stay_in_the_world_and_repeat(name):
    world = make_world(name)
    states, actions = world.sample(np.random.default_rng(0), 2_000)
    noise = np.random.default_rng(1).standard_normal((2_000, 2)) if world.noise_size else None
    after = world.step(states, actions, noise)
    assert after.shape == states.shape
    assert after.dtype == np.float64
    assert world.contains(after).all()
    np.testing.assert_array_equal(world.step(states, actions, noise), after)
    assert np.abs(world.features(states)).max() <= 1 + 1e-12


@pytest.mark.parametrize("name", WORLDS)
def test_samples_and_lattices_are_possible_and_even(name):
    world = make_world(name)
    for states, actions in (
        world.sample(np.random.default_rng(0), 4_000),
        world.lattice(4_000),
    ):
        assert states.shape == (4_000, world.state_size)
        assert actions.shape == (4_000, world.action_size)
        assert world.contains(states).all()
        unit = (actions - world.action_low) / (world.action_high - world.action_low)
        counts = np.histogram(unit[:, 0], 10, (0, 1))[0]
        assert abs(counts - 400).max() < 80
    states, _ = world.lattice(4_000)
    unit = (states - world.state_low) / (world.state_high - world.state_low)
    random = world.sample(np.random.default_rng(0), 4_000)[0]
    spread = (random - world.state_low) / (world.state_high - world.state_low)
    for entry in range(world.state_size):
        one, other = (np.histogram(u[:, entry], 10, (0, 1))[0] for u in (unit, spread))
        assert abs(one - other).max() < 80


def test_a_lattice_is_more_even_than_chance():
    world = make_world("pendulum")
    lattice, random = world.lattice(1_000), world.sample(np.random.default_rng(0), 1_000)
    uneven = [
        np.histogram2d(*states.T, 10, [[-np.pi, np.pi], [-8, 8]])[0].std()
        for states, _ in (lattice, random)
    ]
    assert uneven[0] < 0.8 * uneven[1]


def test_a_longer_lattice_begins_with_the_shorter():
    world = make_world("arena")
    for short, long in zip(world.lattice(37), world.lattice(200), strict=True):
        np.testing.assert_array_equal(short, long[:37])


def test_bad_arguments_are_refused():
    arena = make_world("arena")
    cases = {
        "states .* finite everywhere": ([np.nan, 0, 0, 0], PUSH),
        "states .* shape": ([0.0, 0, 0], PUSH),
        r"states to be states of the arena; received \[0.45": ([0.45, 0.45, 0, 0], PUSH),
        r"states to be states of the arena; received \[0.0, 0.0, 3": ([0.0, 0, 3, 0], PUSH),
        "actions .* finite everywhere": (HERE, [np.inf, 0]),
        r"actions to be between \[-1.0, -1.0\] and \[1.0, 1.0\]; received \[1.5": (HERE, [1.5, 0]),
        "actions .* shape": ([HERE, HERE], [PUSH]),
    }
    for wanted, arguments in cases.items():
        for ask in (arena.step, arena.sharp):
            with pytest.raises(ValueError, match=f"expected {wanted}"):
                ask(*arguments)
    with pytest.raises(ValueError, match=r"expected noise to be .* shape"):
        make_world("arena-noisy").step(HERE, PUSH, [1.0])
    with pytest.raises(ValueError, match="expected noise to be left out, as the arena has none"):
        arena.step(HERE, PUSH, [1.0, 1.0])
    with pytest.raises(ValueError, match=r"expected count to be .* at least 1; received 0"):
        arena.sample(np.random.default_rng(0), 0)
    with pytest.raises(ValueError, match=r"expected count to be .* at least 1; received 0"):
        arena.lattice(0)
    with pytest.raises(ValueError, match="expected name to be one of 'pendulum', 'arena'"):
        make_world("mars")

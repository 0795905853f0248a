"""Planning with the truth finds the way; with a wrong model it pays."""

import dataclasses

import numpy as np
import pytest

from drawlib import planning
from drawlib.planning import PlannerConfig, drive, improve, jolts, possible, success
from drawlib.worlds import make_world

ARENA, GOAL = make_world("arena"), (0.8, 0.8)
CONFIG = PlannerConfig(samples=32, iterations=2)
BEGIN = np.zeros((1, 2, 4))


def distances(path):
    return np.linalg.norm(path[..., :2] - GOAL, axis=-1)


def test_with_the_truth_it_gets_behind_the_pillar():
    path = drive(ARENA, ARENA.step, BEGIN, GOAL, steps=40, seeds=[0], config=CONFIG)
    assert path.shape == (1, 2, 41, 4)
    np.testing.assert_array_equal(path[:, :, 0], BEGIN)
    assert ARENA.contains(path).all()
    assert distances(path)[..., -5:].max() < 0.15


def test_with_a_model_that_knows_nothing_it_does_not():
    path = drive(ARENA, lambda s, a: s, BEGIN, GOAL, steps=40, seeds=[0], config=CONFIG)
    assert distances(path).min() > 0.2


def test_a_seed_repeats_alone_and_in_company():
    begin = np.zeros((2, 1, 4))
    both, again, alone = (
        drive(ARENA, ARENA.step, begin[: len(seeds)], GOAL, steps=3, seeds=seeds, config=CONFIG)
        for seeds in ([5, 6], [5, 6], [6])
    )
    np.testing.assert_array_equal(both, again)
    np.testing.assert_allclose(both[1:], alone, rtol=0, atol=1e-9)  # rounding
    assert np.abs(both[0] - both[1]).max() > 1e-3


def test_who_looks_seldom_plans_seldom(monkeypatch):
    looked = []

    def noted(plans, world, predict, states, *others):
        looked.append(states)
        return plans + 0.1

    monkeypatch.setattr(planning, "improve", noted)
    seldom = dataclasses.replace(CONFIG, every=3)
    path = drive(ARENA, ARENA.step, BEGIN, GOAL, steps=7, seeds=[0], config=seldom)
    assert len(looked) == 3
    for number, states in enumerate(looked):
        np.testing.assert_array_equal(states, path[:, :, 3 * number])
    assert (path[:, :, 3, 2] > path[:, :, 2, 2]).all()  # between looks it goes on as planned


def test_only_a_hit_is_a_jolt():
    states, actions = ARENA.sample(np.random.default_rng(0), 4_000)
    after = ARENA.step(states, actions)
    hit, felt = ARENA.sharp(states, actions), jolts(ARENA, states, after)
    assert felt[~hit].max() == 0
    assert (felt[hit] > 0).mean() > 0.9  # the others only grazed something
    wall = np.array([[0.9, 0.0, 1.5, 0.0]])
    after = ARENA.step(wall, np.zeros((1, 2)))
    slower = np.exp(-0.4 * 0.05) * 1.5
    expected = 1.5 + 0.7 * slower - planning.FREE_CHANGE
    np.testing.assert_allclose(jolts(ARENA, wall, after), expected, rtol=1e-6)


def truth(states, actions):
    """The step as it is, also from where only dreams can be."""
    return ARENA._step(states, actions, None)


def test_with_the_truth_it_touches_nothing():
    assert success(ARENA, truth, [0], careful=True, robots=2).all()
    assert not success(ARENA, lambda s, a: s, [0], careful=False, robots=2).any()


def test_who_touches_something_has_failed(monkeypatch):
    """With no price on jolts the shortest way leads by the pillar, and all touch it."""
    monkeypatch.setattr(planning, "JOLT_PRICE", 0.0)
    assert success(ARENA, truth, [0], careful=False, robots=2).all()
    assert not success(ARENA, truth, [0], careful=True, robots=2).any()


def price(plans):
    states, total = np.zeros((1, 1, 4)), 0.0
    for t in range(plans.shape[2]):
        states = ARENA.step(states, ARENA.as_actions(plans[:, :, t]))
        total += distances(states[:, :, None]).item()
    return total


def test_plans_get_better():
    plans = np.zeros((1, 1, 20, 2))
    prices = [price(plans)]
    dice, begin = [np.random.default_rng(0)], BEGIN[:, :1]
    for _ in range(4):
        plans = improve(plans, ARENA, ARENA.step, begin, np.array(GOAL), dice, CONFIG)
        prices.append(price(plans))
    assert prices[-1] < 0.85 * prices[0]  # from rest, round a pillar, 0.8 cannot be had
    assert prices[-1] <= prices[1]


def test_dreams_stay_in_the_room():
    np.testing.assert_allclose(possible(ARENA, np.array([5.0, 0, 0, -9.0])), [0.93, 0, 0, -2])


def test_bad_arguments_are_refused():
    for field, value in {
        "horizon": 0,
        "samples": 0,
        "iterations": 0,
        "elites": 0,
        "spread": 0,
        "every": 21,
        "jolt_price": -1.0,
    }.items():
        with pytest.raises(ValueError, match=f"expected {field} to be"):
            dataclasses.replace(CONFIG, **{field: value})
    with pytest.raises(ValueError, match=r"expected elites to be .* at most 32; received 33"):
        dataclasses.replace(CONFIG, elites=33)
    with pytest.raises(ValueError, match="expected steps to be"):
        drive(ARENA, ARENA.step, BEGIN, GOAL, steps=0, seeds=[0])
    with pytest.raises(ValueError, match=r"expected states .* shape \(2, E, 4\)"):
        drive(ARENA, ARENA.step, BEGIN, GOAL, steps=1, seeds=[0, 1])
    with pytest.raises(ValueError, match="expected robots to be"):
        success(ARENA, truth, [0], careful=True, robots=0)
    with pytest.raises(ValueError, match="expected goal to be finite everywhere"):
        drive(ARENA, ARENA.step, BEGIN, (np.nan, 0.0), steps=1, seeds=[0])

"""The whole game: rounds of exploring and learning, measured on the grid."""

import dataclasses

import numpy as np
import pytest

from drawlib import exploration
from drawlib.exploration import MEASURES, ExplorationConfig, Grid, cells_of, explore
from drawlib.predictor import Predictor
from drawlib.worlds import make_world

TINY = ExplorationConfig(
    world="pendulum", explorer="uniform", budget=80, robots=4, horizon=5, updates=3,
    hidden=(8,), batch_size=16, points=200,
)  # fmt: skip


def test_rounds_and_budget():
    assert TINY.rounds == 4
    assert TINY.transitions.tolist() == [20, 40, 60, 80]
    rounds = []
    found = explore(TINY, [0, 1, 2], report=rounds.append)
    assert rounds == [1, 2, 3, 4]
    assert {measure: e.shape for measure, e in found.errors.items()} == dict.fromkeys(
        MEASURES, (4, 3)
    )
    assert found.met.shape == (4, 3)
    assert found.visits.shape == (4, 3, 16, 16)
    assert (found.visits.sum((2, 3)) == 20).all()
    assert (found.visits_by_round.sum((2, 3)) == 20).all()
    assert found.error_maps.shape == (4, 3, 16, 16)
    assert found.policy is None
    assert found.models == {}
    assert found.error_map.shape == (3, 16, 16)


@pytest.mark.parametrize("explorer", ["uniform", "adversary"])
def test_a_seed_gives_the_same_alone_and_in_company(explorer):
    config = dataclasses.replace(TINY, world="arena", explorer=explorer)
    both, again, alone = explore(config, [7, 8]), explore(config, [7, 8]), explore(config, [8])
    for measure in MEASURES:
        np.testing.assert_array_equal(both.errors[measure], again.errors[measure])
        np.testing.assert_allclose(both.errors[measure][:, 1:], alone.errors[measure], atol=1e-3)
        assert np.abs(both.errors[measure][:, 0] - both.errors[measure][:, 1]).max() > 1e-3


def test_what_is_explored_is_learned():
    config = dataclasses.replace(TINY, explorer="oracle", budget=2_000, horizon=50, updates=60)
    found = explore(config, [0, 1])
    assert (found.errors["mean"][-1] < 0.4 * found.errors["mean"][0]).all()


def test_measures_by_hand():
    model = Predictor(make_world("arena"), [0, 1], hidden=(4,))
    grid = Grid(model, 300)
    errors = np.random.default_rng(0).random((2, 300))
    summary = grid.summary(errors)
    for seed in (0, 1):
        ordered = sorted(errors[seed])
        assert summary["worst"][seed] == ordered[-1]
        assert ordered[283] <= summary["p95"][seed] <= ordered[285]
        sharp = [e for e, s in zip(errors[seed], grid.sharp, strict=True) if s]
        assert 10 < len(sharp) < 100
        assert summary["mean"][seed] == pytest.approx(sum(ordered) / 300)
        assert summary["sharp"][seed] == pytest.approx(sum(sharp) / len(sharp))
    truth = model.errors(grid.states, grid.actions, grid.after)
    np.testing.assert_array_equal(grid.errors(model), truth)


def test_the_error_map_averages_by_place():
    model = Predictor(make_world("arena"), [0], hidden=(4,))
    grid = Grid(model, 2_000)
    east = grid.states[:, 0] >= 0
    shown = grid.error_map(np.where(east, 2.0, 1.0)[None])[0]
    assert np.nanmin(shown[8:]) == np.nanmax(shown[8:]) == 2
    assert np.nanmin(shown[:8]) == np.nanmax(shown[:8]) == 1


def test_a_grid_without_anything_sharp_says_so():
    grid = Grid(Predictor(make_world("arena"), [0], hidden=(4,)), 3)
    grid.sharp[:] = False
    assert np.isnan(grid.summary(np.ones((1, 3)))["sharp"]).all()


def test_cells_are_counted_from_the_corner():
    world = make_world("arena")
    corners = np.array([[-0.93, -0.93, 0, 0], [0.93, 0.93, 0, 0], [-0.93, 0.93, 0, 0]])
    assert cells_of(world, corners).tolist() == [0, 255, 15]


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("budget", 0, "expected budget to be a whole number, at least 1; received 0"),
        ("budget", 81, "expected budget to be a multiple of robots × horizon = 20; received 81"),
        ("world", "mars", "expected world to be one of 'pendulum', 'arena'"),
        ("explorer", "columbus", "expected explorer to be one of 'uniform'"),
        ("robots", 1, "expected robots to be a whole number, at least 2"),
        ("horizon", 0, "expected horizon to be"),
        ("updates", 0, "expected updates to be"),
        ("remember", 0, "expected remember to be a whole number, at least 1"),
        ("batch_size", 0, "expected batch_size to be"),
        ("points", 0, "expected points to be"),
        ("learning_rate", 0.0, "expected learning_rate to be"),
        ("hidden", 64, "expected hidden to be a tuple"),
    ],
)
def test_a_game_that_cannot_be_is_refused(field, value, wanted):
    with pytest.raises(ValueError, match=wanted):
        dataclasses.replace(TINY, **{field: value})


def test_what_is_forgotten_is_not_learned_again(monkeypatch):
    seen = []

    def noted(self, inputs, targets, updates):
        seen.append((inputs.shape[1], targets.shape[1]))

    monkeypatch.setattr(exploration.Predictor, "fit", noted)
    explore(TINY, [0])
    explore(dataclasses.replace(TINY, remember=2), [0])
    assert seen == [(20, 20), (40, 40), (60, 60), (80, 80), *[(20, 20)], *[(40, 40)] * 3]


def test_models_are_kept_as_they_were():
    found = explore(TINY, [0, 1], keep=[40, 80])
    model = Predictor(make_world("pendulum"), [5, 6], hidden=(8,), members=2)
    grid = Grid(model, TINY.points)
    for end, number in ((40, 1), (80, 3)):
        model.load_state(found.models[end])
        on_grid = grid.errors(model)
        np.testing.assert_allclose(on_grid.mean(1), found.errors["mean"][number], rtol=1e-5)
        np.testing.assert_allclose(grid.error_map(on_grid), found.error_maps[number], rtol=1e-5)
    with pytest.raises(ValueError, match=r"expected keep to be numbers .*; received \[50\]"):
        explore(TINY, [0], keep=[50])


def test_the_policy_is_watched():
    found = explore(dataclasses.replace(TINY, world="arena", explorer="adversary"), [0, 1])
    assert found.policy.shape == (4, 2, 16, 16, 2)
    assert np.abs(found.policy).max() <= 1
    assert np.abs(found.policy[1] - found.policy[0]).max() > 1e-4
    at = exploration.middles(make_world("arena")).reshape(16, 16, 4)
    np.testing.assert_allclose(at[0, 15], [-0.93 * 15 / 16, 0.93 * 15 / 16, 0, 0])


def test_a_model_that_becomes_nan_stops_the_game():
    config = dataclasses.replace(TINY, learning_rate=1e30)
    wanted = "of seed 3, after 20 transitions of 'pendulum' by 'uniform': a smaller learning_rate"
    with pytest.raises(FloatingPointError, match=wanted):
        explore(config, [3, 4])


def test_bad_seeds_are_refused():
    for seeds in ([], [1, 1], [-1], [0.5]):
        with pytest.raises(ValueError, match="expected seeds to be"):
            explore(TINY, seeds)
    with pytest.raises(ValueError, match="expected config to be an ExplorationConfig"):
        explore("arena", [0])


def test_the_periods_cover_the_time():
    assert exploration.PERIODS == 4
    found = explore(dataclasses.replace(TINY, budget=20), [0])
    assert found.visits.sum((1, 2, 3)).tolist() == [20, 0, 0, 0]

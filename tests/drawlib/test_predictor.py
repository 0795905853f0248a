"""The model of a world learns, and each seed's model is its own."""

import numpy as np
import pytest

from drawlib.predictor import Predictor
from drawlib.worlds import make_world

PENDULUM = make_world("pendulum")


def transitions(count, seed=0, seeds=1):
    states, actions = PENDULUM.sample(np.random.default_rng(seed), count)
    after = PENDULUM.step(states, actions)
    return [np.repeat(array[None], seeds, 0) for array in (states, actions, after)]


def taught(model, updates=20, count=500):
    states, actions, after = transitions(count, seeds=model.seeds)
    model.fit(model.inputs(states, actions), model.targets(states, after), updates)
    return model


def test_it_learns_the_pendulum():
    model = Predictor(PENDULUM, [0, 1])
    fresh = transitions(1_000, seed=1, seeds=2)
    before = model.errors(*fresh).mean(1)
    taught(model, updates=400, count=4_000)
    after = model.errors(*fresh).mean(1)
    assert before.min() > 0.5
    assert after.max() < 0.1


def test_an_error_is_what_it_says():
    model = Predictor(PENDULUM, [3])
    states, actions, after = transitions(50)
    off = PENDULUM.change(after, model.predict(states, actions)) / PENDULUM.typical_change
    by_hand = np.sqrt((off**2).mean(-1))
    np.testing.assert_allclose(model.errors(states, actions, after), by_hand, rtol=1e-4, atol=1e-5)


def test_the_unit_is_the_typical_change():
    states, _, after = transitions(20_000)
    spread = PENDULUM.change(states, after)[0].std(0) / PENDULUM.typical_change
    np.testing.assert_allclose(spread, 1, atol=0.03)


def test_the_angle_goes_the_short_way_round():
    states, after = np.array([[3.1, 1.0]]), np.array([[-3.1, 1.0]])
    np.testing.assert_allclose(PENDULUM.change(states, after), [[2 * np.pi - 6.2, 0]], atol=1e-12)
    np.testing.assert_allclose(
        PENDULUM.changed(states, PENDULUM.change(states, after)), after, atol=1e-12
    )


def test_a_model_learns_the_same_alone_and_in_company():
    many = taught(Predictor(PENDULUM, [5, 6], members=3))
    alone = taught(Predictor(PENDULUM, [6]))
    for name, value in alone.state().items():
        np.testing.assert_allclose(many.state()[name][1], value[0], atol=1e-5)
        assert np.abs(many.state()[name][0] - value[0]).max() > 1e-3


def test_members_disagree_where_there_are_some():
    states, actions, _ = transitions(100)
    alone, many = Predictor(PENDULUM, [0]), Predictor(PENDULUM, [0], members=3)
    assert np.abs(alone.disagreement(states, actions)).max() == 0
    members = many.predict_changes(states, actions)
    assert members.shape == (1, 3, 100, 2)
    by_hand = ((members - members.mean(1, keepdims=True)) ** 2).mean(1).sum(-1)
    np.testing.assert_allclose(many.disagreement(states, actions), by_hand, rtol=1e-4)
    taught(many, updates=200)
    assert many.disagreement(states, actions).mean() < 0.5 * by_hand.mean()


def test_a_plain_batch_is_for_all_seeds():
    model = Predictor(PENDULUM, [0, 1])
    states, actions, _ = transitions(10)
    one = model.predict_changes(states[0], actions[0])
    two = model.predict_changes(np.repeat(states, 2, 0), np.repeat(actions, 2, 0))
    np.testing.assert_allclose(one, two, atol=1e-6)


def test_weights_come_back():
    model, other = taught(Predictor(PENDULUM, [5, 6])), Predictor(PENDULUM, [7, 8], members=2)
    states, actions, _ = transitions(10)
    other.load_state(model.state())
    both = other.predict_changes(states[0], actions[0])
    one = model.predict_changes(states[0], actions[0])
    np.testing.assert_allclose(both, np.repeat(one, 2, 1), rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match=r"to be of shape \(2, 4, 64\); received \(1, 4, 64\)"):
        other.load_state(Predictor(PENDULUM, [5]).state())
    with pytest.raises(ValueError, match=r"expected state\['kernel.0'\] .* received None"):
        other.load_state({})


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="expected world to be a World"):
        Predictor("pendulum", [0])
    with pytest.raises(ValueError, match="expected seeds to be at least one seed"):
        Predictor(PENDULUM, [])
    for name in ("members", "batch_size"):
        with pytest.raises(ValueError, match=f"expected {name} to be .* at least 1; received 0"):
            Predictor(PENDULUM, [0], **{name: 0})

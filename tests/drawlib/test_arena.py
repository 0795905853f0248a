"""The arena moves as physics says: symmetry, energy, time run backwards, and a slow crawl."""

import numpy as np
import pytest

from drawlib.arena import Arena

ARENA = Arena()
NO_PUSH = np.zeros(2)


def drawn(arena, count, seed=0):
    return arena.sample(np.random.default_rng(seed), count)


def crawl(arena, state, pieces):
    """Glide in many tiny pieces, where a piece that would enter something is a bounce instead."""
    place, velocity = np.array(state[:2]), np.array(state[2:])
    velocity = velocity * np.exp(-arena.drag * arena.dt)
    apart, reach = arena.pillar_radius + arena.robot_radius, arena.half_width - arena.robot_radius
    for _ in range(pieces):
        ahead = place + velocity * arena.dt / pieces
        normals = [np.eye(2)[i] * -np.sign(ahead[i]) for i in (0, 1) if abs(ahead[i]) > reach]
        normals += [
            (place - pillar) / np.linalg.norm(place - pillar)
            for pillar in np.array(arena.pillars)
            if np.linalg.norm(ahead - pillar) < apart
        ]
        for normal in normals:
            velocity = velocity - (1 + arena.restitution) * min(velocity @ normal, 0) * normal
        place = place if normals else ahead
    return np.concatenate([place, velocity])


def test_a_step_is_what_a_slow_crawl_gives():
    states, actions = drawn(ARENA, 400)
    states = states[ARENA.sharp(states, 0 * actions)][:20]
    assert len(states) == 20
    slow = np.array([crawl(ARENA, state, 1_000) for state in states])
    np.testing.assert_allclose(ARENA.step(states, 0 * states[:, :2]), slow, atol=2e-3)


def test_without_collision_it_is_pushed_slowed_and_moved():
    after = ARENA.step([0.0, 0.0, 0.5, 0.0], [0.0, 1.0])
    v_x, v_y = 0.5 * np.exp(-0.4 * 0.05), 2.0 * 0.05
    np.testing.assert_allclose(after, [0.05 * v_x, 0.05 * v_y, v_x, v_y], rtol=1e-14)


def test_one_robot_moves_as_it_does_among_many():
    states, actions = drawn(ARENA, 300)
    together = ARENA.step(states, actions)
    alone = [ARENA.step(s, a) for s, a in zip(states, actions, strict=True)]
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-12)  # rounding, on any processor
    shaped = ARENA.step(states.reshape(3, 50, 2, 4), actions.reshape(3, 50, 2, 2))
    np.testing.assert_allclose(shaped.reshape(300, 4), together, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(
        ARENA.sharp(states, actions),
        [ARENA.sharp(s, a) for s, a in zip(states, actions, strict=True)],
    )


def test_what_it_is_given_stays_as_it_was():
    states, actions = drawn(ARENA, 50)
    kept = states.copy(), actions.copy()
    ARENA.step(states, actions)
    np.testing.assert_array_equal(states, kept[0])
    np.testing.assert_array_equal(actions, kept[1])


@pytest.mark.parametrize("restitution", [0.0, 0.3, 0.7, 1.0])
def test_energy_never_grows_by_itself(restitution):
    arena = Arena(restitution=restitution, drag=0.0, dt=1.0)
    states, _ = drawn(arena, 5_000)
    before, after = arena.energy(states), arena.energy(arena.step(states, 0 * states[:, :2]))
    assert (after <= before * (1 + 1e-12)).all()
    hit = arena.sharp(states, 0 * states[:, :2])
    np.testing.assert_allclose(after[~hit], before[~hit], rtol=1e-12)
    if restitution == 1:
        np.testing.assert_allclose(after, before, rtol=1e-12)
    else:
        assert (after[hit] < before[hit]).mean() > 0.99


def test_drag_alone_takes_its_share_of_energy():
    states, _ = drawn(ARENA, 1_000)
    free = ~ARENA.sharp(states, 0 * states[:, :2])
    after = ARENA.energy(ARENA.step(states, 0 * states[:, :2]))
    share = np.exp(-2 * 0.4 * 0.05)
    np.testing.assert_allclose(after[free], share * ARENA.energy(states)[free], rtol=1e-12)


def test_time_runs_backwards():
    """Without losses, a robot that turns round goes back where it came from."""
    arena = Arena(restitution=1.0, drag=0.0, dt=0.5)
    states, _ = drawn(arena, 2_000)
    forward = arena.step(states, 0 * states[:, :2])
    turned = forward * [1, 1, -1, -1]
    back = arena.step(turned, 0 * states[:, :2]) * [1, 1, -1, -1]
    assert arena.sharp(states, 0 * states[:, :2]).mean() > 0.5
    np.testing.assert_allclose(back, states, atol=1e-9)


QUARTER, MIRROR = np.array([[0, -1], [1, 0]]), np.array([[-1, 0], [0, 1]])


@pytest.mark.parametrize("turn", [QUARTER, MIRROR, QUARTER @ MIRROR, QUARTER @ QUARTER])
def test_a_turned_or_mirrored_robot_moves_turned_or_mirrored(turn):
    states, actions = drawn(ARENA, 2_000)
    both = np.kron(np.eye(2), turn)
    turned = ARENA.step(states @ both.T, actions @ turn.T)
    np.testing.assert_allclose(turned, ARENA.step(states, actions) @ both.T, atol=1e-12)


@pytest.mark.parametrize("speed", [2.0, 50.0, 1e4])
def test_nothing_is_entered_at_any_speed(speed):
    arena = Arena(top_speed=speed, dt=1.0)
    states, actions = drawn(arena, 5_000)
    for _ in range(3):
        states = arena.step(states, actions)
        assert arena.contains(states).all()


def test_a_pillar_in_the_way_is_not_jumped_over():
    arena = Arena(pillars=((0.0, 0.0),), restitution=0.0, drag=0.0, top_speed=1e6)
    after = arena.step([-0.9, 0.0, 1e6, 0.0], NO_PUSH)
    np.testing.assert_allclose(after, [-0.25, 0, 0, 0], atol=1e-9)


def test_a_room_without_pillars():
    arena = Arena(pillars=(), drag=0.0)
    after = arena.step([0.9, 0.0, 2.0, 0.0], NO_PUSH)  # 0.03 to the wall, 0.07 to go, at 0.7
    np.testing.assert_allclose(after, [0.93 - 0.7 * 0.07, 0, -1.4, 0], atol=1e-12)


def test_top_speed_holds():
    after = ARENA.step([0.0, 0.0, 2.0, 0.0], [1.0, 0.0])
    np.testing.assert_allclose(after[2:], [2.0, 0.0], rtol=1e-12)


def test_the_patch_shakes_only_those_on_it():
    arena = Arena(patch=(0.5, 0.0, 0.2, 0.3))
    states, noise = np.array([[0.5, 0.0, 0, 0], [0, 0, 0, 0]]), np.ones((2, 2))
    shaken = arena.step(states, np.zeros((2, 2)), noise)
    np.testing.assert_allclose(shaken[0, 2:], [0.3, 0.3])
    np.testing.assert_array_equal(shaken[1], states[1])
    np.testing.assert_array_equal(arena.step(states, np.zeros((2, 2))), states)


def test_hidden_velocity_is_not_seen():
    arena = Arena(hidden_velocity=True)
    assert arena.observe(np.arange(4.0)).tolist() == [0, 1]
    assert arena.seen_high.shape == (2,)


def test_collisions_are_rare_where_random_robots_go():
    rng = np.random.default_rng(0)
    states, met = ARENA.start(rng, 500), []
    for _ in range(50):
        actions = rng.uniform(-1, 1, (500, 2))
        met.append(ARENA.sharp(states, actions).mean())
        states = ARENA.step(states, actions)
    everywhere = ARENA.sharp(*drawn(ARENA, 20_000)).mean()
    assert np.mean(met) < everywhere / 5


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("dt", 0, "expected dt to be a finite number, above 0"),
        ("top_speed", -1.0, "expected top_speed to be"),
        ("restitution", 1.1, "expected restitution to be .* at most 1"),
        ("drag", float("nan"), "expected drag to be"),
        ("robot_radius", 1.0, "expected robot_radius to be below half_width"),
        ("pillars", ((1.0,),), r"expected pillars to be pairs \(x, y\)"),
        ("patch", (0, 0), "expected patch to be"),
    ],
)
def test_a_room_that_cannot_be_is_refused(field, value, wanted):
    with pytest.raises(ValueError, match=wanted):
        Arena(**{field: value})

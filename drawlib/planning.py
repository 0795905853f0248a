"""Planning with a model: the cross-entropy method, thinking anew at every step.

A plan is a sequence of actions. Many are drawn, the model says where each would lead, the best
few say where to draw next (Rubinstein 1999). Only the first action is taken: then one looks
where one is, and plans again from what is left of the plan.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from drawlib.checks import check_array, check_integer, check_number
from drawlib.dynamics import World

GOAL, NEAR, STEPS = (0.8, 0.8), 0.12, 60  # behind a pillar, in metres; 3 seconds
JOLT_PRICE = 1.0  # a metre for a jolt of 1 m/s
FREE_CHANGE = 0.2  # m/s: more than pushes and drag can do in a step of the arena
Predict = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class PlannerConfig:
    """How hard to think.

    Attributes:
        horizon: H, how many steps to look ahead.
        samples: Plans that are drawn at a time.
        elites: Of these, how many say where to draw next.
        iterations: How often that is done for one step.
        spread: The standard deviation of the first draw, where an action reaches from −1 to 1.
        every: How many steps of a plan are taken before the robot looks where it is, and thinks
            again.
        jolt_price: What a jolt of 1 m/s costs, next to the distance to the goal in metres.
    """

    horizon: int = 20
    samples: int = 48
    elites: int = 6
    iterations: int = 3
    spread: float = 0.7
    every: int = 1
    jolt_price: float = 0.0

    def __post_init__(self) -> None:
        """Check every field.

        Raises:
            ValueError: If a field is out of its range.
        """
        for name in ("horizon", "samples", "iterations"):
            check_integer(name, getattr(self, name), at_least=1)
        check_integer("elites", self.elites, at_least=1, at_most=self.samples)
        check_integer("every", self.every, at_least=1, at_most=self.horizon)
        check_number("spread", self.spread, above=0)
        check_number("jolt_price", self.jolt_price, at_least=0)


def drive(
    world: World,
    predict: Predict,
    states: np.ndarray,
    goal: Sequence[float],
    *,
    steps: int,
    seeds: Sequence[int],
    config: PlannerConfig | None = None,
) -> np.ndarray:
    """Drive robots towards a place, each step planned with a model and taken in the world.

    A plan's price is the sum, over its steps, of the distance to the goal, and of what jolts cost.

    Args:
        world: The true world.
        predict: The model, as `Predictor.predict`: states (R, N, state_size) and actions to
            next states. `world.step` plans with the truth.
        states: Where the robots begin, shape (R, E, state_size): R models, E robots each.
        goal: Where to: what the state's first entries should be.
        steps: How many steps, at least 1.
        seeds: One for each of the R models, for the draws.
        config: How hard to think; by default a `PlannerConfig` as it comes.

    Returns:
        Where they went, shape (R, E, steps + 1, state_size).

    Raises:
        ValueError: If an argument is out of its range.
    """
    config = config or PlannerConfig()
    states = check_array("states", states, shape=(len(seeds), "E", world.state_size))
    target = check_array("goal", goal, shape=("n",))
    steps = check_integer("steps", steps, at_least=1)
    dice = [np.random.default_rng([seed, 3]) for seed in seeds]
    plans = np.zeros((*states.shape[:2], config.horizon, world.action_size))
    path = [states]
    for t in range(steps):
        if t % config.every == 0:
            plans = improve(plans, world, predict, path[-1], target, dice, config)
        path.append(world.step(path[-1], world.as_actions(plans[:, :, 0])))
        plans = np.concatenate([plans[:, :, 1:], 0 * plans[:, :, :1]], 2)
    return np.stack(path, 2)


def improve(
    plans: np.ndarray,
    world: World,
    predict: Predict,
    states: np.ndarray,
    goal: np.ndarray,
    dice: Sequence[np.random.Generator],
    config: PlannerConfig,
) -> np.ndarray:
    """Improve plans by the cross-entropy method.

    Args:
        plans: The plans to begin with, shape (R, E, H, action_size), −1 to 1.
        world: Says what actions there are.
        predict: As for `drive`.
        states: Where the robots are, shape (R, E, state_size).
        goal: As for `drive`.
        dice: One generator for each of the R models.
        config: How hard to think.

    Returns:
        Better plans, of the same shape.
    """
    models, robots, horizon, size = plans.shape
    samples = config.samples
    deviation = np.full_like(plans, config.spread)
    for _ in range(config.iterations):
        shape = (robots, samples, horizon, size)
        draws = np.stack([generator.standard_normal(shape) for generator in dice])
        tried = np.clip(plans[:, :, None] + deviation[:, :, None] * draws, -1, 1)
        tried[:, :, 0] = plans  # what was best so far has its chance too
        there = np.repeat(states, samples, 1)  # (R, E · samples, state_size)
        actions = world.as_actions(tried).reshape(models, -1, horizon, size)
        price = np.zeros(there.shape[:2])
        for t in range(horizon):
            here, there = there, possible(world, predict(there, actions[:, :, t]))
            price += np.linalg.norm(there[..., : len(goal)] - goal, axis=-1)
            if config.jolt_price:
                price += config.jolt_price * jolts(world, here, there)
        order = price.reshape(models, robots, samples).argsort(-1)[:, :, : config.elites]
        best = np.take_along_axis(tried, order[..., None, None], 2)
        plans, deviation = best.mean(2), best.std(2) + 0.05
    return plans


def jolts(world: World, states: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return by how much the velocity changed, in m/s, beyond what a push and drag can do.

    Args:
        world: An arena, or one like it: the last half of a state is a velocity.
        states: Shape (..., state_size).
        after: The next states, shape (..., state_size).

    Returns:
        Shape (...); 0 in free flight, where a full push changes it by thrust · Δt · √2.
    """
    half = world.state_size // 2
    change = np.linalg.norm(after[..., half:] - states[..., half:], axis=-1)
    return np.maximum(change - FREE_CHANGE, 0)


def success(
    world: World, predict: Predict, seeds: Sequence[int], *, careful: bool, robots: int = 4
) -> np.ndarray:
    """Send robots from the middle of the arena to a place behind a pillar, and see who arrives.

    Args:
        world: The arena.
        predict: The model that they plan with, as for `drive`.
        seeds: One for each of the R models.
        careful: Whether jolts have a price, and whoever touches anything has failed.
        robots: E, how many a model drives.

    Returns:
        Who came within `NEAR` metres of `GOAL` in `STEPS` steps, shape (R, E); if careful, without
        having touched anything.

    Raises:
        ValueError: If an argument is out of its range.
    """
    robots = check_integer("robots", robots, at_least=1)
    begin = np.stack([world.start(np.random.default_rng([seed, 4]), robots) for seed in seeds])
    config = PlannerConfig(jolt_price=JOLT_PRICE if careful else 0.0)
    path = drive(world, predict, begin, GOAL, steps=STEPS, seeds=seeds, config=config)
    near = np.linalg.norm(path[:, :, 1:, : len(GOAL)] - GOAL, axis=-1) < NEAR
    touched = jolts(world, path[:, :, :-1], path[:, :, 1:]) > 0
    if careful:
        near &= ~np.logical_or.accumulate(touched, -1)
    return near.any(-1)


def possible(world: World, states: np.ndarray) -> np.ndarray:
    """Return states within the world's bounds: a model's dreams may leave them."""
    return np.clip(states, world.state_low, world.state_high)

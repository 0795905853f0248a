r"""Adversarial exploration: a model and an explorer, in turns, and how wrong the model is left.

A round reads as the game does: the explorer goes out and brings back transitions; if it is the
adversary, it learns where the model was wrong; then the model learns from all that was ever
brought back,

.. math::
    \min_\tau \max_\rho \; \mathbb E_{\pi_\rho} \sum_t \gamma^t \,
        \lVert \hat f_\tau(s_t, a_t) - f(s_t, a_t) \rVert^2 .

The true f is known in these worlds, so that the error is measured on a fixed grid over S × A,
wherever the robot has been.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from drawlib.checks import argument_error, check_choice, check_integer, check_number
from drawlib.dynamics import World
from drawlib.explorers import EXPLORERS
from drawlib.hidden import Recalling
from drawlib.predictor import Predictor
from drawlib.worlds import WORLDS, make_world

MEASURES = ("mean", "p95", "worst", "sharp")
PERIODS, CELLS = 4, 16  # how finely visits are counted: quarters of the time, cells a side


@dataclass(frozen=True)
class ExplorationConfig:
    """What is explored, by whom, and at which price.

    Attributes:
        world: A name out of `WORLDS`. Of ``"arena-hidden"`` the model and the policy see two
            observations, now and a step ago: `drawlib.hidden`.
        explorer: A name out of `EXPLORERS`.
        budget: Transitions sampled for each seed; a multiple of robots × horizon, above 0.
        robots: B, sent out together in a round.
        horizon: H, steps that each takes.
        updates: Steps of Adam that the model takes after each round.
        remember: How many rounds back the replay reaches, the newest counted; None for all.
        hidden: Units in each of the model's hidden layers.
        batch_size: Transitions in a minibatch.
        learning_rate: Of the model.
        points: On the grid over S × A, where errors are measured.
    """

    world: str = "arena"
    explorer: str = "adversary"
    budget: int = 20_000
    robots: int = 10
    horizon: int = 50
    updates: int = 600
    remember: int | None = None
    hidden: tuple[int, ...] = (64, 64)
    batch_size: int = 256
    learning_rate: float = 3e-3
    points: int = 4_096

    def __post_init__(self) -> None:
        """Check every field.

        Raises:
            ValueError: If a field is out of its range.
        """
        check_choice("world", self.world, WORLDS)
        check_choice("explorer", self.explorer, tuple(EXPLORERS))
        check_integer("robots", self.robots, at_least=2)
        for name in ("horizon", "updates", "batch_size", "points"):
            check_integer(name, getattr(self, name), at_least=1)
        if self.remember is not None:
            check_integer("remember", self.remember, at_least=1)
        check_number("learning_rate", self.learning_rate, above=0)
        if not isinstance(self.hidden, tuple):
            raise argument_error("hidden", "a tuple of layer sizes", self.hidden)
        check_integer("budget", self.budget, at_least=1)
        if self.budget % (self.robots * self.horizon):
            wanted = f"a multiple of robots × horizon = {self.robots * self.horizon}"
            raise argument_error("budget", wanted, self.budget)

    @property
    def rounds(self) -> int:
        """How often the robots are sent out."""
        return self.budget // (self.robots * self.horizon)

    @property
    def transitions(self) -> np.ndarray:
        """How many transitions were sampled after each round, shape (rounds,)."""
        return self.robots * self.horizon * np.arange(1, self.rounds + 1)


@dataclass(frozen=True)
class Exploration:
    """What came of an exploration, for R seeds.

    Attributes:
        errors: By measure (see `grid_errors`), shape (rounds, R).
        met: The share of transitions that were sharp (collisions), shape (rounds, R).
        visits_by_round: How often each cell of the state's first two entries was visited in each
            round, shape (rounds, R, CELLS, CELLS).
        error_maps: The error by such cells after each round, root mean square over the grid, NaN
            where the grid has no point, shape (rounds, R, CELLS, CELLS).
        policy: The adversary's mean action at rest in the middle of each cell, −1 to 1, as it was
            when each round began, shape (rounds, R, CELLS, CELLS, action_size); None for
            explorers without a policy.
        models: The models as they were at the numbers of transitions that were asked for, for
            `Predictor.load_state`.
        predictor: The model, as it is at the end.
    """

    errors: dict[str, np.ndarray]
    met: np.ndarray
    visits_by_round: np.ndarray
    error_maps: np.ndarray
    policy: np.ndarray | None
    models: dict[int, dict[str, np.ndarray]]
    predictor: Predictor

    @property
    def visits(self) -> np.ndarray:
        """How often each cell was visited in each quarter, shape (PERIODS, R, CELLS, CELLS)."""
        return in_periods(self.visits_by_round)

    @property
    def error_map(self) -> np.ndarray:
        """The final error by cell, shape (R, CELLS, CELLS)."""
        return self.error_maps[-1]


class Grid:
    """A fixed grid over S × A, with the truth at every point."""

    def __init__(self, predictor: Predictor, points: int) -> None:
        """Lay the grid.

        Args:
            predictor: A model of the world in question.
            points: How many points, at least 1.
        """
        world = predictor.world
        self.states, self.actions = world.lattice(points)
        self.after = world.step(self.states, self.actions)
        self.sharp = world.sharp(self.states, self.actions)
        self.cells = cells_of(predictor.world, self.states)

    def errors(self, predictor: Predictor) -> np.ndarray:
        """Measure a model's error at every point, shape (R, points)."""
        return predictor.errors(self.states, self.actions, self.after)

    def summary(self, errors: np.ndarray) -> dict[str, np.ndarray]:
        """Sum up errors.

        Args:
            errors: What `errors` gave.

        Returns:
            ``mean``, ``p95`` (the 95th percentile), ``worst``, and ``sharp``, the mean over the
            points whose step is sharp (NaN where there is none), each of shape (R,).
        """
        sharp = errors[:, self.sharp]
        return {
            "mean": errors.mean(1),
            "p95": np.quantile(errors, 0.95, axis=1),
            "worst": errors.max(1),
            "sharp": sharp.mean(1) if sharp.size else np.full(len(errors), np.nan),
        }

    def error_map(self, errors: np.ndarray) -> np.ndarray:
        """Average squared errors by cell, and take the root: shape (R, CELLS, CELLS)."""
        counts = np.bincount(self.cells, minlength=CELLS**2)
        sums = [np.bincount(self.cells, weights=e**2, minlength=CELLS**2) for e in errors]
        with np.errstate(invalid="ignore"):
            return np.sqrt(np.array(sums) / counts).reshape(-1, CELLS, CELLS)


def cells_of(world: World, states: np.ndarray) -> np.ndarray:
    """Return the number of the cell that each state's first two entries lie in, shape (...)."""
    low, high = world.state_low[:2], world.state_high[:2]
    place = np.floor((states[..., :2] - low) / (high - low) * CELLS).astype(int)
    place = np.clip(place, 0, CELLS - 1)
    return place[..., 0] * CELLS + place[..., 1]


def in_periods(visits_by_round: np.ndarray) -> np.ndarray:
    """Add up visits by quarters of the time: (rounds, ...) becomes (PERIODS, ...)."""
    visits = np.zeros((PERIODS, *visits_by_round.shape[1:]), np.int64)
    rounds = len(visits_by_round)
    for number, visited in enumerate(visits_by_round):
        visits[number * PERIODS // rounds] += visited
    return visits


def middles(world: World) -> np.ndarray:
    """Return the state at rest in the middle of each cell, shape (CELLS², state_size)."""
    x, y = np.divmod(np.arange(CELLS**2), CELLS)
    low, high = world.state_low[:2], world.state_high[:2]
    return world.resting(low + (np.stack([x, y], 1) + 0.5) / CELLS * (high - low))


def explore(
    config: ExplorationConfig,
    seeds: Sequence[int],
    *,
    keep: Sequence[int] = (),
    report: Callable[[int], object] = lambda done: None,
) -> Exploration:
    """Explore, learn, and measure, for many seeds at once.

    Args:
        config: What, by whom, at which price.
        seeds: One for each of R explorations; each ends as it would have ended alone, up to
            rounding.
        keep: Numbers of transitions after which the models are to be kept, each the end of a
            round.
        report: Called after each round with the number of rounds done.

    Returns:
        What came of it.

    Raises:
        ValueError: If `config` is no `ExplorationConfig`, or a seed no whole number of at least
            0, or given twice, or if no round ends where a model is to be kept.
        FloatingPointError: If a model becomes NaN or infinite; the error says which and when.
    """
    if not isinstance(config, ExplorationConfig):
        raise argument_error("config", "an ExplorationConfig", config)
    seeds = [check_integer("seeds", seed, at_least=0) for seed in seeds]
    if not seeds or len(set(seeds)) < len(seeds):
        raise argument_error("seeds", "different whole numbers, at least one", seeds)
    if not set(keep) <= set(config.transitions.tolist()):
        raise argument_error("keep", "numbers of transitions at which a round ends", list(keep))
    world = make_world(config.world)
    if world.observe(world.state_low).size < world.state_size:
        world = Recalling(world)
    explorer = EXPLORERS[config.explorer](
        world, seeds, robots=config.robots, horizon=config.horizon
    )
    predictor = Predictor(
        world, seeds, hidden=config.hidden, members=explorer.members,
        learning_rate=config.learning_rate, batch_size=config.batch_size,
    )  # fmt: skip
    grid = Grid(predictor, config.points)
    inputs = np.zeros((len(seeds), config.budget, predictor.network.input_size), np.float32)
    targets = np.zeros((len(seeds), config.budget, world.typical_change.size), np.float32)
    errors: dict[str, list[np.ndarray]] = {measure: [] for measure in MEASURES}
    met, visits, maps, policy, models = [], [], [], [], {}
    size = config.robots * config.horizon
    for number, end in enumerate(config.transitions.tolist()):
        if explorer.policy is not None:
            policy.append(explorer.policy.means(middles(world)))
        found = explorer.explore(predictor).flat()
        here = slice(end - size, end)
        inputs[:, here] = predictor.inputs(found.states, found.actions)
        targets[:, here] = predictor.targets(found.states, found.after)
        replay = slice(0 if config.remember is None else max(0, end - config.remember * size), end)
        predictor.fit(inputs[:, replay], targets[:, replay], config.updates)

        on_grid = grid.errors(predictor)
        for seed, finite in zip(seeds, np.isfinite(on_grid).all(1), strict=True):
            if not finite:
                raise FloatingPointError(
                    f"expected a finite model; received one that is not, of seed {seed}, after "
                    f"{end:,} transitions of {config.world!r} by {config.explorer!r}: a smaller "
                    f"learning_rate than {config.learning_rate} may help"
                )
        for measure, value in grid.summary(on_grid).items():
            errors[measure].append(value)
        met.append(world.sharp(found.states, found.actions).mean(1))
        rows = cells_of(world, found.states)
        visits.append([np.bincount(row, minlength=CELLS**2) for row in rows])
        maps.append(grid.error_map(on_grid))
        if end in keep:
            models[end] = predictor.state()
        report(number + 1)
    by_cell = (config.rounds, len(seeds), CELLS, CELLS)
    return Exploration(
        {measure: np.array(values) for measure, values in errors.items()},
        np.array(met),
        np.array(visits).reshape(by_cell),
        np.array(maps),
        np.array(policy).reshape(*by_cell, -1) if policy else None,
        models,
        predictor,
    )

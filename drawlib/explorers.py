"""Six ways to explore a world, with one interface and one budget.

Each is asked for a round of transitions at a time, for all seeds at once, and may look at the
model as it is; all but the oracle send robots, which begin where the world says.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from drawlib.adversary import GaussianPolicy, advantages, discounted_returns
from drawlib.dynamics import World
from drawlib.predictor import Predictor


@dataclass(frozen=True)
class Round:
    """The transitions of one round.

    Attributes:
        states: Shape (R, B, H, state_size): seeds, robots, steps.
        actions: Shape (R, B, H, action_size).
        after: The next states, shape (R, B, H, state_size).
    """

    states: np.ndarray
    actions: np.ndarray
    after: np.ndarray

    def flat(self) -> Round:
        """Return the same without distinction of robots and steps: arrays (R, B·H, ...)."""
        arrays = (self.states, self.actions, self.after)
        return Round(*(array.reshape(len(array), -1, array.shape[-1]) for array in arrays))


class Explorer(ABC):
    """Whoever decides what is tried next.

    Attributes:
        members: How many members it wants the model to have.
        policy: The policy that it learns; None for who learns none.
    """

    members = 1
    policy: GaussianPolicy | None = None

    def __init__(self, world: World, seeds: Sequence[int], *, robots: int, horizon: int) -> None:
        """Get ready.

        Args:
            world: The world to explore.
            seeds: One for each of R explorations.
            robots: B, how many robots a round sends out.
            horizon: H, how many steps each takes.
        """
        self.world, self.robots, self.horizon = world, robots, horizon
        self.dice = [np.random.default_rng([seed, 1]) for seed in seeds]
        self._chance = [np.random.default_rng([seed, 2]) for seed in seeds]  # the world's own

    def drawn(self, kind: str, *shape: int) -> np.ndarray:
        """Draw random numbers, each seed from dice of its own, shape (R, *shape).

        Args:
            kind: ``"standard_normal"``, or ``"uniform"`` for between −1 and 1.
            shape: For one seed.
        """
        if kind == "uniform":
            return np.stack([dice.uniform(-1, 1, shape) for dice in self.dice])
        return np.stack([dice.standard_normal(shape) for dice in self.dice])

    def explore(self, predictor: Predictor) -> Round:
        """Send the robots out for one round.

        Args:
            predictor: The model as it is.

        Returns:
            What they met.
        """
        world, steps = self.world, []
        states = np.stack([world.start(chance, self.robots) for chance in self._chance])
        shape = (self.horizon, self.robots, world.noise_size)
        noise = np.stack([chance.standard_normal(shape) for chance in self._chance], 1)
        self.begin()
        for t in range(self.horizon):
            actions = world.as_actions(self.act(t, states, predictor))
            after = world.step(states, actions, noise[t] if world.noise_size else None)
            steps.append((states, actions, after))
            states = after
        done = Round(*(np.stack(arrays, 2) for arrays in zip(*steps, strict=True)))
        self.learn(done, predictor)
        return done

    @abstractmethod
    def act(self, t: int, states: np.ndarray, predictor: Predictor) -> np.ndarray:
        """Choose actions.

        Args:
            t: The step of the episode, from 0.
            states: Where the robots are, shape (R, B, state_size).
            predictor: The model as it is.

        Returns:
            Shape (R, B, action_size), −1 to 1 in each entry; what lies outside is clipped.
        """

    def begin(self) -> None:  # noqa: B027 (most need nothing)
        """Prepare for a round."""

    def learn(self, done: Round, predictor: Predictor) -> None:  # noqa: B027
        """Learn from a round, before the model does."""


class UniformActions(Explorer):
    """Every action is drawn uniformly from the action space."""

    def act(self, t: int, states: np.ndarray, predictor: Predictor) -> np.ndarray:
        """Draw; see `Explorer.act`."""
        return self.drawn("uniform", self.robots, self.world.action_size)


class OrnsteinUhlenbeck(Explorer):
    """Actions wander: x ← x − 0.15 x + 0.3 ε, the noise of Lillicrap et al. (2015), wider."""

    def begin(self) -> None:
        """Begin at rest."""
        self._x: np.ndarray = np.zeros((len(self.dice), self.robots, self.world.action_size))

    def act(self, t: int, states: np.ndarray, predictor: Predictor) -> np.ndarray:
        """Wander on; see `Explorer.act`."""
        noise = self.drawn("standard_normal", self.robots, self.world.action_size)
        self._x = 0.85 * self._x + 0.3 * noise
        return self._x


class RandomNetworks(Explorer):
    """Each robot obeys a network with random weights, a new one each round."""

    hidden = 32

    def begin(self) -> None:
        """Draw a network for each robot."""
        n_in = self.world.features(self.world.state_high).shape[-1]
        shapes = [(n_in, self.hidden), (1, self.hidden)]
        shapes += [(self.hidden, self.world.action_size), (1, self.world.action_size)]
        scales = [1.5 / np.sqrt(n_in), 0.5, 1.5 / np.sqrt(self.hidden), 0.5]
        self._weights = [
            scale * self.drawn("standard_normal", self.robots, *shape)
            for shape, scale in zip(shapes, scales, strict=True)
        ]

    def act(self, t: int, states: np.ndarray, predictor: Predictor) -> np.ndarray:
        """Obey; see `Explorer.act`."""
        w_1, b_1, w_2, b_2 = self._weights
        x = np.tanh(self.world.features(states)[:, :, None] @ w_1 + b_1)
        return np.tanh(x @ w_2 + b_2)[:, :, 0]


class GreedyDisagreement(Explorer):
    """Of a few random actions, take the one over whose outcome an ensemble disagrees most."""

    members, candidates = 3, 16

    def act(self, t: int, states: np.ndarray, predictor: Predictor) -> np.ndarray:
        """Look one step ahead; see `Explorer.act`."""
        world, count = self.world, self.candidates
        tried = self.drawn("uniform", self.robots, count, world.action_size)
        seeds = len(self.dice)
        actions = world.as_actions(tried).reshape(seeds, -1, world.action_size)
        doubt = predictor.disagreement(np.repeat(states, count, 1), actions)
        best = doubt.reshape(seeds, self.robots, count).argmax(-1)
        return np.take_along_axis(tried, best[..., None, None], 2)[:, :, 0]


class Adversary(Explorer):
    """A policy that learns to go where the model is wrong: `drawlib.adversary`."""

    gamma = 0.95
    policy: GaussianPolicy

    def __init__(self, world: World, seeds: Sequence[int], *, robots: int, horizon: int) -> None:
        """Get ready; see `Explorer`."""
        super().__init__(world, seeds, robots=robots, horizon=horizon)
        self.policy = GaussianPolicy(world, self.dice)

    def begin(self) -> None:
        """Keep room for what is drawn."""
        self._u: list[np.ndarray] = []

    def act(self, t: int, states: np.ndarray, predictor: Predictor) -> np.ndarray:
        """Draw from the policy; see `Explorer.act`."""
        noise = self.drawn("standard_normal", self.robots, self.world.action_size)
        self._u.append(self.policy.means(states) + self.policy.sigma * noise)
        return self._u[-1]

    def learn(self, done: Round, predictor: Predictor) -> None:
        """Take one step of REINFORCE on the model's loss, before the model learns of it."""
        flat = done.flat()
        losses = predictor.errors(flat.states, flat.actions, flat.after) ** 2
        losses = losses.reshape(done.states.shape[:3])
        advantage = advantages(discounted_returns(losses, self.gamma))
        advantage /= advantage.std((1, 2), keepdims=True) + 1e-8  # losses fall as the model learns
        self.policy.ascend(self.policy.gradient(done.states, np.stack(self._u, 2), advantage))


class Oracle(Explorer):
    """No robot: states and actions are drawn uniformly from S × A, as only a god could."""

    def explore(self, predictor: Predictor) -> Round:
        """Draw a round of transitions; see `Explorer.explore`."""
        pairs = [self.world.sample(dice, self.robots * self.horizon) for dice in self.dice]
        shape = (len(pairs), self.robots, self.horizon)
        states, actions = (np.stack(a).reshape(*shape, -1) for a in zip(*pairs, strict=True))
        size = self.world.noise_size
        noise = self.drawn("standard_normal", self.robots, self.horizon, size) if size else None
        return Round(states, actions, self.world.step(states, actions, noise))

    def act(self, t: int, states: np.ndarray, predictor: Predictor) -> np.ndarray:
        """Never asked: the oracle sends no robots."""
        raise NotImplementedError


EXPLORERS: dict[str, type[Explorer]] = {
    "uniform": UniformActions,
    "ornstein-uhlenbeck": OrnsteinUhlenbeck,
    "random-networks": RandomNetworks,
    "disagreement": GreedyDisagreement,
    "adversary": Adversary,
    "oracle": Oracle,
}

"""A world that is seen in part, made one that can be learned: what was seen a step ago is kept.

The model of such a world sees two observations and an action, (o_t, o_{t−1}, a_t), and predicts
the next observation. Two places tell a robot how fast it is, unless it hit something between.
"""

from __future__ import annotations

import numpy as np

from drawlib.checks import argument_error
from drawlib.dynamics import World


class Recalling(World):
    """A world whose state is widened by the observation before: s = (the world's own, o_{t−1}).

    Features are o_t and o_t − o_{t−1}; what changes, and is to be predicted, is the observation.

    Attributes:
        world: The world that is seen in part.
    """

    def __init__(self, world: World) -> None:
        """Widen a world.

        Args:
            world: One whose observations are the first entries of its states.

        Raises:
            ValueError: If `world` is no world.
        """
        if not isinstance(world, World):
            raise argument_error("world", "a World", world)
        self.world, self.name, self.noise_size = world, world.name, world.noise_size
        self._own, self._seen = world.state_size, len(world.seen_low)
        self.state_low = np.concatenate([world.state_low, world.seen_low])
        self.state_high = np.concatenate([world.state_high, world.seen_high])
        self.action_low, self.action_high = world.action_low, world.action_high

    def start(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Begin as the world does, as if one had been there a step ago, too."""
        own = self.world.start(rng, count)
        return np.concatenate([own, self.world.observe(own)], -1)

    def resting(self, places: np.ndarray) -> np.ndarray:
        """Return the states at rest in places; there a step ago, too."""
        own = self.world.resting(places)
        return np.concatenate([own, self.world.observe(own)], -1)

    def observe(self, states: np.ndarray) -> np.ndarray:
        """Return what is seen now, o_t."""
        return self.world.observe(states[..., : self._own])

    def features(self, states: np.ndarray) -> np.ndarray:
        """Return o_t and o_t − o_{t−1}, scaled to between about −1 and 1."""
        low, high = self.world.seen_low, self.world.seen_high
        now, before = self.observe(states), states[..., self._own :]
        place = (now - (high + low) / 2) / ((high - low) / 2)
        return np.concatenate([place, (now - before) / (2 * self.typical_change)], -1)

    def change(self, states: np.ndarray, after: np.ndarray) -> np.ndarray:
        """Return what a step has changed of what is seen, o_{t+1} − o_t."""
        return self.observe(after) - self.observe(states)

    def changed(self, states: np.ndarray, change: np.ndarray) -> np.ndarray:
        """Return the next observation."""
        return self.observe(states) + change

    def contains(self, states: np.ndarray) -> np.ndarray:
        """Say which states are possible."""
        return super().contains(states) & self.world.contains(states[..., : self._own])

    @property
    def _dimensions(self) -> int:
        """One action more than in the world: states are those one step after the world's own."""
        return self.world._dimensions + self.action_size

    def _pairs(self, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        size = self.action_size
        before, first, kept = self.world._pairs(unit[:, :-size])
        second = self.as_actions(2 * unit[kept, -size:] - 1)
        return self._step(before, first, None), second, kept

    def _step(
        self, states: np.ndarray, actions: np.ndarray, noise: np.ndarray | None
    ) -> np.ndarray:
        own = states[..., : self._own]
        after = self.world._step(own, actions, noise)
        return np.concatenate([after, self.world.observe(own)], -1)

    def _sharp(self, states: np.ndarray, actions: np.ndarray) -> np.ndarray:
        return self.world._sharp(states[..., : self._own], actions)

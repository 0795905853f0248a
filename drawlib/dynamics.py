"""What every small world has: how it moves, where it begins, and which states there are.

A world is a pure function: states and actions in, next states out, for as many robots at once
as one likes. As it is known everywhere, so is the error of whatever a robot has learned of it.
"""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from drawlib.checks import argument_error, check_array, check_integer


class World(ABC):
    """A continuous world with known dynamics, f: S × A → S.

    Attributes:
        name: What it is called, for example ``"arena"``.
        state_low: The smallest state, entry by entry, shape (state_size,).
        state_high: The largest.
        action_low: The smallest action, shape (action_size,).
        action_high: The largest.
        noise_size: How many standard normal numbers a step may use; 0 in a world without noise.
    """

    name: str
    state_low: np.ndarray
    state_high: np.ndarray
    action_low: np.ndarray
    action_high: np.ndarray
    noise_size: int = 0

    @property
    def state_size(self) -> int:
        """How many numbers a state has."""
        return len(self.state_low)

    @property
    def action_size(self) -> int:
        """How many numbers an action has."""
        return len(self.action_low)

    def step(self, states: Any, actions: Any, noise: Any = None) -> np.ndarray:
        """Move on by one step of time: s' = f(s, a).

        Args:
            states: Shape (..., state_size), all of them possible in this world.
            actions: Shape (..., action_size), within the action space.
            noise: Standard normal numbers, shape (..., noise_size); without them the step is
                that of the world without noise.

        Returns:
            The next states, float64, shape (..., state_size).

        Raises:
            ValueError: If a shape does not fit, if an entry is not finite, if an action lies
                outside the action space, or a state where none can be.
        """
        states, actions, noise = self._check(states, actions, noise)
        return self._step(states, actions, noise)

    def sharp(self, states: Any, actions: Any) -> np.ndarray:
        """Say where the coming step is of the sharp, rare kind: a collision, in the arena.

        Args:
            states: As for `step`.
            actions: As for `step`.

        Returns:
            Truth values, shape (...).

        Raises:
            ValueError: As `step`.
        """
        states, actions, _ = self._check(states, actions, None)
        return self._sharp(states, actions)

    @property
    def seen_low(self) -> np.ndarray:
        """The smallest observation, entry by entry."""
        return self.state_low

    @property
    def seen_high(self) -> np.ndarray:
        """The largest observation."""
        return self.state_high

    def observe(self, states: np.ndarray) -> np.ndarray:
        """Return what the robot sees of its state, shape (..., any); here, all of it."""
        return states

    def resting(self, places: np.ndarray) -> np.ndarray:
        """Return the states whose first entries are `places`, (..., any), and the others 0."""
        others = np.zeros((*places.shape[:-1], self.state_size - places.shape[-1]))
        return np.concatenate([places, others], -1)

    def features(self, states: np.ndarray) -> np.ndarray:
        """Return the state as a network is to see it: numbers between about −1 and 1."""
        middle = (self.state_high + self.state_low) / 2
        return (states - middle) / ((self.state_high - self.state_low) / 2)

    def as_actions(self, chosen: np.ndarray) -> np.ndarray:
        """Return actions for numbers from −1 to 1; what lies outside is clipped to them."""
        middle, half = (self.action_high + self.action_low) / 2, self.action_high - self.action_low
        return middle + half / 2 * np.clip(chosen, -1, 1)

    def scaled_actions(self, actions: np.ndarray) -> np.ndarray:
        """Return numbers from −1 to 1 for actions: the inverse of `as_actions`."""
        middle, half = (self.action_high + self.action_low) / 2, self.action_high - self.action_low
        return (actions - middle) / (half / 2)

    def change(self, states: np.ndarray, after: np.ndarray) -> np.ndarray:
        """Return what a step has changed, s' − s, shape (..., state_size)."""
        return after - states

    def changed(self, states: np.ndarray, change: np.ndarray) -> np.ndarray:
        """Return the states after a change, shape (..., state_size): the inverse of `change`."""
        return states + change

    @functools.cached_property
    def typical_change(self) -> np.ndarray:
        """The standard deviation of each entry's change over S × A: a unit for errors."""
        states, actions = self.lattice(4_096)
        return self.change(states, self.step(states, actions)).std(0)

    def contains(self, states: np.ndarray) -> np.ndarray:
        """Say which states are possible, shape (...); rounding is forgiven."""
        slack = 1e-9 * (self.state_high - self.state_low)
        within = (states >= self.state_low - slack) & (states <= self.state_high + slack)
        return within.all(-1)

    @abstractmethod
    def start(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Draw the states in which episodes begin, shape (count, state_size)."""

    @abstractmethod
    def _step(self, states: np.ndarray, actions: np.ndarray, noise: np.ndarray | None) -> Any:
        """Move on by one step; the arguments are checked, and have one leading axis."""

    @abstractmethod
    def _sharp(self, states: np.ndarray, actions: np.ndarray) -> np.ndarray:
        """Say where the coming step is of the sharp kind; the arguments are checked."""

    def sample(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw states and actions uniformly from S × A.

        Args:
            rng: Where the numbers come from.
            count: How many pairs, at least 1.

        Returns:
            States, shape (count, state_size), and actions, shape (count, action_size).

        Raises:
            ValueError: If `count` is no whole number of at least 1.
        """
        count = check_integer("count", count, at_least=1)
        found, missing = [], count
        while missing > 0:
            states, actions, _ = self._pairs(rng.random((2 * missing, self._dimensions)))
            found.append((states[:missing], actions[:missing]))
            missing -= len(found[-1][0])
        return _joined(found)

    def lattice(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Return a fixed grid over S × A: the points of a lattice, spread evenly.

        The i-th point lies at i·(φ⁻¹, φ⁻², …) modulo 1, where φ > 1 solves φᵈ⁺¹ = φ + 1
        (d dimensions): evenly spread in any number of dimensions, where a rectangular grid
        would need a power of it (Roberts 2018). Points that are no possible states are left out.

        Args:
            count: How many points, at least 1.

        Returns:
            States, shape (count, state_size), and actions, shape (count, action_size).

        Raises:
            ValueError: If `count` is no whole number of at least 1.
        """
        count = check_integer("count", count, at_least=1)
        size = self._dimensions
        phi = 2.0
        for _ in range(60):
            phi = (1 + phi) ** (1 / (size + 1))
        steps = phi ** -np.arange(1.0, size + 1)
        found, begun, missing = [], 0, count
        while missing > 0:
            index = np.arange(begun, begun + 2 * missing)[:, None]
            states, actions, _ = self._pairs((0.5 + index * steps) % 1)
            found.append((states[:missing], actions[:missing]))
            begun, missing = begun + 2 * missing, missing - len(found[-1][0])
        return _joined(found)

    @property
    def _dimensions(self) -> int:
        """How many numbers choose a state and an action."""
        return self.state_size + self.action_size

    def _pairs(self, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return states and actions for points of the unit cube, and which points have some."""
        low = np.concatenate([self.state_low, self.action_low])
        high = np.concatenate([self.state_high, self.action_high])
        pairs = low + (high - low) * unit
        kept = self.contains(pairs[:, : self.state_size])
        return pairs[kept, : self.state_size], pairs[kept, self.state_size :], kept

    def _check(self, states: Any, actions: Any, noise: Any) -> tuple[Any, Any, Any]:
        """Return the arguments of `step` as float64 arrays, or raise."""
        states = check_array("states", states, shape=(None, self.state_size)).astype(np.float64)
        lead = states.shape[:-1]
        actions = check_array("actions", actions, shape=(*lead, self.action_size))
        actions = actions.astype(np.float64)
        outside = (actions < self.action_low) | (actions > self.action_high)
        if outside.any():
            low, high = self.action_low.tolist(), self.action_high.tolist()
            first = actions[outside.any(-1)][0].tolist()
            raise argument_error("actions", f"between {low} and {high}", first)
        possible = self.contains(states)
        if not possible.all():
            first = states[~possible][0].tolist()
            raise argument_error("states", f"states of the {self.name}", first)
        if noise is not None and not self.noise_size:
            raise argument_error("noise", f"left out, as the {self.name} has none", noise)
        if noise is not None:
            noise = check_array("noise", noise, shape=(*lead, self.noise_size)).astype(np.float64)
        return states, actions, noise


def _joined(found: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    states, actions = zip(*found, strict=True)
    return np.concatenate(states), np.concatenate(actions)

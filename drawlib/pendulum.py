"""The pendulum: a rod that a weak motor swings, the smoothest of the small worlds."""

from __future__ import annotations

import numpy as np

from drawlib.dynamics import World

TOP_SPEED, TOP_TORQUE = 8.0, 2.0  # radians a second, newton metres
GRAVITY, MASS, LENGTH, DT = 10.0, 1.0, 1.0, 0.05  # SI units


class Pendulum(World):
    r"""Gymnasium's ``Pendulum-v1``: a state is (θ, θ̇), an action is (torque,).

    .. math::
        \dot\theta' &= \operatorname{clip}\bigl(\dot\theta
            + (\tfrac{3g}{2l} \sin\theta + \tfrac{3}{ml^2} u)\, \Delta t\bigr) \\
        \theta' &= \theta + \dot\theta' \Delta t

    θ is 0 where the rod stands upright, and is brought back to [−π, π) after each step, which
    gymnasium leaves to the eye. Its sharp part is the speed limit.
    """

    name = "pendulum"
    state_low, state_high = np.array([-np.pi, -TOP_SPEED]), np.array([np.pi, TOP_SPEED])
    seen_low, seen_high = np.array([-1.0, -1.0, -TOP_SPEED]), np.array([1.0, 1.0, TOP_SPEED])
    action_low, action_high = np.array([-TOP_TORQUE]), np.array([TOP_TORQUE])

    def start(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Hang at rest, a little off the lowest point: shape (count, 2)."""
        hanging = rng.uniform([np.pi - 0.1, -0.1], [np.pi + 0.1, 0.1], (count, 2))
        return self._wrapped(hanging)

    def observe(self, states: np.ndarray) -> np.ndarray:
        """Return (cos θ, sin θ, θ̇), as gymnasium does, shape (..., 3)."""
        angle, speed = states[..., 0], states[..., 1]
        return np.stack([np.cos(angle), np.sin(angle), speed], -1)

    def features(self, states: np.ndarray) -> np.ndarray:
        """Return (cos θ, sin θ, θ̇/8), shape (..., 3): on a circle, nothing is at the edge."""
        return self.observe(states) / np.array([1, 1, TOP_SPEED])

    def change(self, states: np.ndarray, after: np.ndarray) -> np.ndarray:
        """Return what a step has changed, the angle the short way round, shape (..., 2)."""
        return self._wrapped(after - states)

    def changed(self, states: np.ndarray, change: np.ndarray) -> np.ndarray:
        """Return the states after a change, their angles in [−π, π), shape (..., 2)."""
        return self._wrapped(states + change)

    def _step(
        self, states: np.ndarray, actions: np.ndarray, noise: np.ndarray | None
    ) -> np.ndarray:
        speed = np.clip(self._pushed(states, actions), -TOP_SPEED, TOP_SPEED)
        return self._wrapped(np.stack([states[..., 0] + speed * DT, speed], -1))

    def _sharp(self, states: np.ndarray, actions: np.ndarray) -> np.ndarray:
        return np.abs(self._pushed(states, actions)) > TOP_SPEED

    @staticmethod
    def _pushed(states: np.ndarray, actions: np.ndarray) -> np.ndarray:
        """Return θ̇ after the step, were there no limit to it."""
        falling = 3 * GRAVITY / (2 * LENGTH) * np.sin(states[..., 0])
        return states[..., 1] + (falling + 3 / (MASS * LENGTH**2) * actions[..., 0]) * DT

    @staticmethod
    def _wrapped(states: np.ndarray) -> np.ndarray:
        states[..., 0] = (states[..., 0] + np.pi) % (2 * np.pi) - np.pi
        return states

"""The arena: a robot with momentum among walls and pillars.

Between collisions it glides in a straight line, so that the moment of the next collision has a
formula. The robot is moved from one to the next: nothing is stepped over at any speed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drawlib.checks import argument_error, check_number
from drawlib.dynamics import World

MOST_BOUNCES = 8  # in one step; a robot that has more, in a wedge, rests till the step is over


@dataclass(frozen=True)
class Arena(World):
    """A square room with pillars, and a round robot that is pushed around in it.

    A state is (x, y, v_x, v_y), an action the push (a_x, a_y), each between −1 and 1. A step of
    Δt seconds: v ← e^(−drag·Δt) v + thrust·Δt·a, no faster than the top speed; then the robot
    glides, and each time it meets a wall or a pillar with normal n, v ← v − (1 + restitution)
    (v·n) n, while v·n < 0. With no push, energy never grows.

    Attributes:
        half_width: From the middle of the room to a wall, in metres.
        robot_radius: Of the robot.
        pillars: The middles (x, y) of the pillars. As they are set, the room looks the same
            turned by a quarter, and in a mirror.
        pillar_radius: Of every pillar.
        dt: Seconds in a step.
        thrust: The acceleration of a full push along one axis, in m/s².
        drag: What momentum loses, per second.
        top_speed: In m/s.
        restitution: The share of the speed towards an obstacle that a bounce gives back, 0 to 1.
        patch: (x, y, radius, strength) of a patch of ice with a mind of its own: a robot on it
            is pushed by strength (in m/s) times noise, each step. None for a room without.
        hidden_velocity: Whether the robot sees only where it is, not how fast it moves.
    """

    half_width: float = 1.0
    robot_radius: float = 0.07
    pillars: tuple[tuple[float, float], ...] = (
        (0.45, 0.45), (0.45, -0.45), (-0.45, 0.45), (-0.45, -0.45),
    )  # fmt: skip
    pillar_radius: float = 0.18
    dt: float = 0.05
    thrust: float = 2.0
    drag: float = 0.4
    top_speed: float = 2.0
    restitution: float = 0.7
    patch: tuple[float, float, float, float] | None = None
    hidden_velocity: bool = False

    def __post_init__(self) -> None:
        """Check every field.

        Raises:
            ValueError: If a field is out of its range.
        """
        for name in ("half_width", "dt", "top_speed"):
            check_number(name, getattr(self, name), above=0)
        for name in ("robot_radius", "pillar_radius", "thrust", "drag"):
            check_number(name, getattr(self, name), at_least=0)
        check_number("restitution", self.restitution, at_least=0, at_most=1)
        if self.reach <= 0:
            raise argument_error("robot_radius", "below half_width", self.robot_radius)
        for pillar in self.pillars:
            if not isinstance(pillar, tuple) or len(pillar) != 2:
                raise argument_error("pillars", "pairs (x, y)", pillar)
            for number in pillar:
                check_number("pillars", number)
        if self.patch is not None:
            if not isinstance(self.patch, tuple) or len(self.patch) != 4:
                raise argument_error("patch", "(x, y, radius, strength), or None", self.patch)
            for number in self.patch:
                check_number("patch", number)

    @property
    def name(self) -> str:  # type: ignore[override]
        """``"arena"``, and what is special about it."""
        return "arena" + "-noisy" * (self.patch is not None) + "-hidden" * self.hidden_velocity

    @property
    def reach(self) -> float:
        """How far from the middle the robot's own middle can be, along an axis."""
        return self.half_width - self.robot_radius

    @property
    def state_low(self) -> np.ndarray:  # type: ignore[override]
        """The smallest state."""
        return -self.state_high

    @property
    def state_high(self) -> np.ndarray:  # type: ignore[override]
        """The largest state."""
        return np.array([self.reach, self.reach, self.top_speed, self.top_speed])

    @property
    def action_low(self) -> np.ndarray:  # type: ignore[override]
        """The smallest action."""
        return np.array([-1.0, -1.0])

    @property
    def action_high(self) -> np.ndarray:  # type: ignore[override]
        """The largest action."""
        return np.array([1.0, 1.0])

    @property
    def seen_low(self) -> np.ndarray:
        """The smallest observation."""
        return -self.seen_high

    @property
    def seen_high(self) -> np.ndarray:
        """The largest observation."""
        return self.observe(self.state_high)

    @property
    def noise_size(self) -> int:  # type: ignore[override]
        """2 where there is a patch."""
        return 2 if self.patch else 0

    def contains(self, states: np.ndarray) -> np.ndarray:
        """Say which states are possible: in the room, in no pillar, and not too fast."""
        x, y, v_x, v_y = np.moveaxis(states, -1, 0)
        possible = super().contains(states) & (np.hypot(v_x, v_y) <= self.top_speed * (1 + 1e-9))
        for p_x, p_y in self.pillars:
            possible &= (x - p_x) ** 2 + (y - p_y) ** 2 >= (self._apart * (1 - 1e-9)) ** 2
        return possible

    def start(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Stand in the middle of the room, or within a tenth of it: shape (count, 4)."""
        place = rng.uniform(-0.1 * self.half_width, 0.1 * self.half_width, (count, 2))
        return np.concatenate([place, np.zeros((count, 2))], 1)

    def observe(self, states: np.ndarray) -> np.ndarray:
        """Return what the robot sees: shape (..., 4), or (..., 2) if velocity is hidden."""
        return states[..., :2] if self.hidden_velocity else states

    def energy(self, states: np.ndarray) -> np.ndarray:
        """Return the kinetic energy of a robot of 1 kg, in joules, shape (...)."""
        return 0.5 * (states[..., 2] ** 2 + states[..., 3] ** 2)

    @property
    def _apart(self) -> float:
        """How far from a pillar's middle the robot's own must stay."""
        return self.pillar_radius + self.robot_radius

    def _step(
        self, states: np.ndarray, actions: np.ndarray, noise: np.ndarray | None
    ) -> np.ndarray:
        place, velocity = self._pushed(states, actions, noise)
        place, velocity, _ = self._glide(place, velocity)
        return np.concatenate([place, velocity]).T.reshape(states.shape)

    def _sharp(self, states: np.ndarray, actions: np.ndarray) -> np.ndarray:
        first, _ = self._first_hit(*self._pushed(states, actions, None))
        return (first < self.dt).reshape(states.shape[:-1])

    def _pushed(
        self, states: np.ndarray, actions: np.ndarray, noise: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return place and velocity, each (2, B), with the step's push and before its glide."""
        flat = np.ascontiguousarray(states.reshape(-1, 4).T)
        place, velocity = flat[:2], flat[2:]
        push = actions.reshape(-1, 2).T
        velocity = np.exp(-self.drag * self.dt) * velocity + self.thrust * self.dt * push
        if self.patch is not None and noise is not None:
            x, y, radius, strength = self.patch
            on_it = (place[0] - x) ** 2 + (place[1] - y) ** 2 < radius**2
            velocity = velocity + strength * on_it * noise.reshape(-1, 2).T
        speed = np.sqrt(velocity[0] ** 2 + velocity[1] ** 2)
        slower = self.top_speed / np.maximum(speed, self.top_speed)
        return place, velocity * slower

    def _glide(
        self, place: np.ndarray, velocity: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Glide for a step; returns place and velocity, each (2, B), and the bounces, (B,)."""
        place, velocity = place.copy(), velocity.copy()
        bounces = np.zeros(place.shape[1], int)
        robots: slice | np.ndarray = slice(None)  # those who still move, at first all
        p, v = place, velocity
        left: np.ndarray = np.full(place.shape[1], self.dt)
        for _ in range(MOST_BOUNCES):
            first, obstacle = self._first_hit(p, v)
            p = p + v * np.minimum(first, left)
            place[:, robots], velocity[:, robots] = p, v
            hits = np.flatnonzero(first < left)
            if not hits.size:
                break
            robots = hits if isinstance(robots, slice) else robots[hits]
            p, left = p[:, hits], (left - first)[hits]
            v = self._bounced(p, v[:, hits], obstacle[hits])
            velocity[:, robots] = v
            bounces[robots] += 1
        np.clip(place, -self.reach, self.reach, out=place)  # only rounding is cut off
        return place, velocity, bounces

    def _first_hit(self, place: np.ndarray, velocity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the seconds till the next hit (inf for none), (B,), and on which obstacle.

        Obstacles 0 and 1 are the walls across x and y, 2 and above the pillars.
        """
        seconds = np.full((2 + len(self.pillars), place.shape[1]), np.inf)
        to_wall = np.copysign(self.reach, velocity) - place
        np.divide(to_wall, velocity, out=seconds[:2], where=velocity != 0)
        middles = np.array(self.pillars).reshape(-1, 2)
        x, y = place[0] - middles[:, :1], place[1] - middles[:, 1:]  # (pillars, B)
        towards = -(x * velocity[0] + y * velocity[1])
        gap = x**2 + y**2 - self._apart**2
        # The smaller root of |v|² t² − 2 towards t + gap = 0, without cancellation.
        under_root = towards**2 - (velocity[0] ** 2 + velocity[1] ** 2) * gap
        meets = (towards > 0) & (under_root > 0)
        divisor = towards + np.sqrt(np.maximum(under_root, 0))
        np.divide(gap, divisor, out=seconds[2:], where=meets)
        np.maximum(seconds, 0, out=seconds)  # rounding can leave a robot a hair inside
        obstacle = seconds.argmin(0)
        return seconds.min(0), obstacle

    def _bounced(self, place: np.ndarray, velocity: np.ndarray, obstacle: np.ndarray) -> np.ndarray:
        """Return the velocity after a hit at `place`, (2, B)."""
        middles = np.concatenate([np.zeros((2, 2)), np.array(self.pillars).reshape(-1, 2)])
        normal = (place - middles[obstacle].T) / self._apart
        for axis in (0, 1):  # a wall pushes back along its axis alone
            wall = obstacle == axis
            normal[:, wall] = 0
            normal[axis, wall] = -np.sign(velocity[axis, wall])
        normal /= np.sqrt(normal[0] ** 2 + normal[1] ** 2)
        towards = np.minimum(velocity[0] * normal[0] + velocity[1] * normal[1], 0)
        return velocity - (1 + self.restitution) * towards * normal

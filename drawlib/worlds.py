"""The small worlds by name, and each as a gymnasium environment.

An environment moves one robot by the very function that moves a batch of them: `World.step`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from PIL import Image, ImageDraw

from drawlib.arena import Arena
from drawlib.checks import argument_error, check_array, check_choice
from drawlib.dynamics import World
from drawlib.pendulum import Pendulum

PATCH = (0.7, 0.0, 0.3, 1.0)  # x, y, radius in metres, strength in m/s
_MAKERS: dict[str, Callable[[], World]] = {
    "pendulum": Pendulum,
    "arena": Arena,
    "arena-noisy": lambda: Arena(patch=PATCH),
    "arena-hidden": lambda: Arena(hidden_velocity=True),
}
WORLDS = tuple(_MAKERS)
EPISODE = 100  # steps, when an environment is made by `gymnasium.make`
_SIDE, _FINER = 256, 4  # pixels; drawn so many times finer, for smooth edges


def make_world(name: str) -> World:
    """Make one of the worlds.

    Args:
        name: ``"pendulum"``; ``"arena"``; ``"arena-noisy"``, with a patch of ice whose noise
            cannot be learned; or ``"arena-hidden"``, where the robot does not see its velocity.

    Returns:
        The world.

    Raises:
        ValueError: If there is no world of that name.
    """
    return _MAKERS[check_choice("name", name, WORLDS)]()


class WorldEnv(gymnasium.Env):
    """A world with one robot in it, as a gymnasium environment.

    Observations are what the robot sees, as float64. The reward is always 0: these worlds are
    to be learned, not to be won. Episodes do not end by themselves; an environment that
    `gymnasium.make` makes is cut off after 100 steps.

    Example:
        >>> env = WorldEnv("arena")
        >>> observation, info = env.reset(seed=0)
        >>> observation, reward, terminated, truncated, info = env.step(np.array([1.0, 0.0]))
        >>> bool(observation[2] > 0)
        True
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 20}  # noqa: RUF012

    def __init__(self, world: World | str, *, render_mode: str | None = None) -> None:
        """Make the environment.

        Args:
            world: A world, or the name of one.
            render_mode: ``"rgb_array"``, or None if nothing is to be drawn.

        Raises:
            ValueError: If an argument is not of its kind.
        """
        self.world = make_world(world) if isinstance(world, str) else world
        if not isinstance(self.world, World):
            raise argument_error("world", "a World, or the name of one", world)
        if render_mode is not None:
            check_choice("render_mode", render_mode, ("rgb_array",))
        self.render_mode = render_mode
        low, high = self.world.seen_low, self.world.seen_high
        self.observation_space = spaces.Box(low, high, dtype=np.float64)
        low, high = (a.astype(np.float32) for a in (self.world.action_low, self.world.action_high))
        self.action_space = spaces.Box(low, high, dtype=np.float32)
        self._state: np.ndarray | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin an episode.

        Args:
            seed: For where it begins, and for the noise of a world that has some; without one
                the dice that were seeded before roll on.
            options: ``{"state": …}`` begins in that state; else it is drawn.

        Returns:
            The observation, and ``{"state": …}``, which in a world with hidden velocity is
            more than the robot sees.

        Raises:
            ValueError: If the state given is none of this world.
        """
        super().reset(seed=seed)
        if options and "state" in options:
            state = check_array("state", options["state"], shape=(self.world.state_size,))
            if not self.world.contains(state):
                raise argument_error("state", f"a state of the {self.world.name}", state.tolist())
            self._state = state.astype(np.float64)
        else:
            self._state = self.world.start(self.np_random, 1)[0]
        return self._seen(), {"state": self._state.copy()}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Move on by one step.

        Args:
            action: Within the action space, shape (action_size,).

        Returns:
            The observation, the reward 0, twice False (the episode goes on), and
            ``{"state": …}``.

        Raises:
            ValueError: If the action is not in the action space.
            gymnasium.error.ResetNeeded: If no episode was begun.
        """
        if self._state is None:
            raise gymnasium.error.ResetNeeded("expected reset to be called before step")
        action = check_array("action", action, shape=(self.world.action_size,))
        size = self.world.noise_size
        noise = self.np_random.standard_normal((1, size)) if size else None
        self._state = self.world.step(self._state[None], action[None], noise)[0]
        return self._seen(), 0.0, False, False, {"state": self._state.copy()}

    def _seen(self) -> np.ndarray:
        seen = self.world.observe(np.asarray(self._state))
        return np.clip(seen, self.world.seen_low, self.world.seen_high)  # rounding is cut off

    def render(self) -> np.ndarray | None:  # type: ignore[override]
        """Draw the world as it is.

        Returns:
            Pixels from 0 to 255, shape (256, 256, 3), or None without a render mode.

        Raises:
            gymnasium.error.ResetNeeded: If no episode was begun.
        """
        if self.render_mode is None:
            return None
        if self._state is None:
            raise gymnasium.error.ResetNeeded("expected reset to be called before render")
        side = _SIDE * _FINER
        picture = Image.new("RGB", (side, side), "white")
        draw = ImageDraw.Draw(picture)
        if isinstance(self.world, Arena):
            _draw_arena(draw, self.world, self._state)
        else:
            _draw_pendulum(draw, self._state)
        return np.asarray(picture.resize((_SIDE, _SIDE), Image.Resampling.BOX))


def _draw_arena(draw: ImageDraw.ImageDraw, arena: Arena, state: np.ndarray) -> None:
    """Draw the room from above, y upwards: pillars, patch, the robot and where it is going."""
    from drawlib.plots import BLUE, GREY, INK, YELLOW  # only those who draw need Matplotlib

    side = _SIDE * _FINER
    scale = side / (2.1 * arena.half_width)

    def pixel(x: float, y: float) -> tuple[float, float]:
        return side / 2 + scale * x, side / 2 - scale * y

    def disc(x: float, y: float, radius: float, colour: str) -> None:
        (left, bottom), (right, top) = pixel(x - radius, y - radius), pixel(x + radius, y + radius)
        draw.ellipse((left, top, right, bottom), fill=colour)

    draw.rectangle((0, 0, side, side), fill=INK)
    edge = scale * 0.05 * arena.half_width
    draw.rectangle((edge, edge, side - edge, side - edge), fill="white")
    if arena.patch is not None:
        disc(*arena.patch[:3], YELLOW)
    for x, y in arena.pillars:
        disc(x, y, arena.pillar_radius, GREY)
    x, y, v_x, v_y = state.tolist()
    disc(x, y, arena.robot_radius, BLUE)
    draw.line((pixel(x, y), pixel(x + 0.2 * v_x, y + 0.2 * v_y)), fill=BLUE, width=3 * _FINER)


def _draw_pendulum(draw: ImageDraw.ImageDraw, state: np.ndarray) -> None:
    """Draw the rod, from its hinge."""
    from drawlib.plots import BLUE, INK

    middle = _SIDE * _FINER / 2
    length, end = 0.8 * middle, np.array([np.sin(state[0]), -np.cos(state[0])])
    tip = tuple((middle + length * end).tolist())
    draw.line(((middle, middle), tip), fill=BLUE, width=14 * _FINER)
    radius = 7 * _FINER
    for (x, y), colour in ((tip, BLUE), ((middle, middle), INK)):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def _register() -> None:
    """Let `gymnasium.make` find the worlds, once: ``drawlib/arena-v0`` and so on."""
    for name in WORLDS:
        if f"drawlib/{name}-v0" not in gymnasium.registry:
            gymnasium.register(
                f"drawlib/{name}-v0",
                entry_point="drawlib.worlds:WorldEnv",
                kwargs={"world": name},
                max_episode_steps=EPISODE,
            )


_register()

"""The small worlds, many robots at once against one after another: `make bench`.

All run in turn in one process, on one thread; the medians' ratio says what a batch saves.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

from drawlib.worlds import WorldEnv, make_world

BATCH, SINGLE_STEPS, ROUNDS = 4_000, 500, 15


def batched(name: str) -> Callable[[], int]:
    """Return a function that moves a batch by one step, and says how many robots that are."""
    world = make_world(name)
    states, actions = world.sample(np.random.default_rng(0), BATCH)

    def run() -> int:
        world.step(states, actions)
        return BATCH

    return run


def single(name: str) -> Callable[[], int]:
    """Return a function that takes an environment through an episode, and counts its steps."""
    env = WorldEnv(name)
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(SINGLE_STEPS)]

    def run() -> int:
        env.reset(seed=0)
        for action in actions:
            env.step(action)
        return SINGLE_STEPS

    return run


def main() -> None:
    """Measure both kinds of both worlds in turn, several times, and print medians and ratios."""
    for name in ("arena", "pendulum"):
        runners = {"batched": batched(name), "environment": single(name)}
        rates: dict[str, list[float]] = {kind: [] for kind in runners}
        for _ in range(ROUNDS):  # interleaved: what else the machine does hits both alike
            for kind, run in runners.items():
                begun = time.perf_counter()
                steps = run()
                rates[kind].append(steps / (time.perf_counter() - begun))
        median = {kind: statistics.median(rate) for kind, rate in rates.items()}
        for kind, rate in median.items():
            print(f"{name}, {kind:<12} {rate:>12,.0f} transitions a second")
        print(f"{name}: batched / environment: {median['batched'] / median['environment']:.0f}")


if __name__ == "__main__":
    main()

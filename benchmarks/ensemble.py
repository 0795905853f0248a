"""Twenty games side by side against twenty games one after another: `make bench`.

The ratio says what an ensemble saves; the last line says whether XLA would save more.
"""

from __future__ import annotations

import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

import keras
import tensorflow as tf

from drawlib.gan import GAN, GANConfig

STEPS, ROUNDS, GAMES, M = 200, 5, 20, 200


def game(ensemble: int, *, jit_compile: bool) -> tuple[GAN, tf.data.Dataset]:
    """Make a GAN, or an ensemble of them, and the notes it learns from."""
    gan = GAN(GANConfig(ensemble=ensemble), seed=0)
    gan.compile(
        keras.optimizers.Adam(1e-2),
        keras.optimizers.Adam(1e-3),
        steps_per_execution=50,
        jit_compile=jit_compile,
    )
    shape = (*gan.config.lead, M, 1)
    notes = tf.data.Dataset.range(10**9).map(lambda i: tf.random.stateless_normal(shape, (0, i)))
    gan.fit(notes, steps_per_epoch=50, verbose=0)  # compiles
    return gan, notes


def main() -> None:
    """Measure the three in turn, several times over, and print medians and ratios."""
    runners = {
        "one game": game(0, jit_compile=False),
        "twenty at once": game(GAMES, jit_compile=False),
        "twenty at once, XLA": game(GAMES, jit_compile=True),
    }
    taken: dict[str, list[float]] = {name: [] for name in runners}
    for _ in range(ROUNDS):  # interleaved: what else the machine does hits all alike
        for name, (gan, notes) in runners.items():
            begun = time.perf_counter()
            gan.fit(notes, steps_per_epoch=STEPS, verbose=0)
            taken[name].append((time.perf_counter() - begun) / STEPS * 1e3)
    median = {name: statistics.median(times) for name, times in taken.items()}
    for name, milliseconds in median.items():
        print(f"{name}: {milliseconds:.2f} ms a step")
    side_by_side = median["twenty at once"]
    print(f"twenty one by one / at once: {GAMES * median['one game'] / side_by_side:.1f}")
    print(f"at once, XLA / without: {median['twenty at once, XLA'] / side_by_side:.1f}")


if __name__ == "__main__":
    main()

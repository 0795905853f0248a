"""What a training step of DRAW costs, against T, N, the batch and the image's size.

`python benchmarks/draw_cost.py` measures each setting in a process of its own, prints milliseconds
and megabytes, and draws them: `benchmarks/draw_cost.svg`.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

BASE = {"steps": 10, "size": 5, "batch": 100, "side": 28}
SWEEPS = {
    "steps": (5, 10, 20, 40),
    "size": (2, 5, 10, 20),
    "batch": (50, 100, 200, 400),
    "side": (14, 28, 56, 112),
}
LABELS = {
    "steps": "T, steps of drawing",
    "size": "N, filters a side",
    "batch": "images in a batch",
    "side": "pixels a side",
}
TAKEN = 12  # steps that are timed


def measure(steps: int, size: int, batch: int, side: int) -> dict[str, float]:
    """Train for a few steps in this process.

    Returns:
        ``ms``, the median step, and ``mb``, what the process needed at most beyond what it
        needed before the network was made.
    """
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as in training
    from drawlib.chapter import import_tensorflow_quietly

    import_tensorflow_quietly()
    import keras
    import numpy as np
    import tensorflow as tf

    from drawlib.draw import DRAW
    from drawlib.draw_network import DRAWConfig

    config = DRAWConfig(height=side, width=side, read_size=size, write_size=size, steps=steps)
    model, optimizer = DRAW(config, seed=0), keras.optimizers.Adam(1e-3, global_clipnorm=5.0)
    variables = model.trainable_variables
    optimizer.build(variables)
    rng = np.random.default_rng(0)
    given = {
        "x": tf.constant((rng.random((batch, side, side)) < 0.2).astype("float32")),
        "eps": tf.constant(rng.standard_normal((batch, steps, config.latent_size), "float32")),
    }

    # Not under XLA: the peak of memory would be that of its compiler.
    @tf.function
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            losses = model(given)
            loss = tf.reduce_mean(losses["Lx"] + losses["Lz"])
        optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    graph = step.get_concrete_function()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    times = []
    for _ in range(TAKEN + 2):
        begun = time.perf_counter()
        graph().numpy()
        times.append((time.perf_counter() - begun) * 1e3)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"ms": statistics.median(times[2:]), "mb": (after - before) / 1024}


def draw(costs: dict[str, list[dict[str, float]]], file: Path) -> None:
    """Draw milliseconds and megabytes against each size, each axis from zero."""
    import matplotlib.pyplot as plt

    plt.rcParams["svg.hashsalt"] = "draw_cost"
    figure, axes = plt.subplots(2, 4, figsize=(11, 5), sharey="row", layout="constrained")
    for column, (name, values) in enumerate(SWEEPS.items()):
        for row, kind in enumerate(("ms", "mb")):
            axis = axes[row, column]
            axis.plot(values, [cost[kind] for cost in costs[name]], "o-", color="#0072B2")
            axis.set(xlim=(0, None), ylim=(0, None))
        axes[1, column].set_xlabel(LABELS[name])
    axes[0, 0].set_ylabel("ms a step")
    axes[1, 0].set_ylabel("MB")
    figure.savefig(file, metadata={"Date": None})


def main() -> None:
    """Measure every setting in a process of its own, print a table, and draw it."""
    if sys.argv[1:]:
        print(json.dumps(measure(**json.loads(sys.argv[1]))))
        return
    costs: dict[str, list[dict[str, float]]] = {}
    known: dict[str, dict[str, float]] = {}
    for name, values in SWEEPS.items():
        print(f"{LABELS[name]:<22}{'ms a step':>10}{'MB':>8}")
        for value in values:
            setting = json.dumps({**BASE, name: value})
            if setting not in known:  # the base is in every sweep
                command = [sys.executable, __file__, setting]
                printed = subprocess.run(command, check=True, capture_output=True, text=True)
                known[setting] = json.loads(printed.stdout)
            costs.setdefault(name, []).append(known[setting])
            print(f"{value:<22}{known[setting]['ms']:>10.1f}{known[setting]['mb']:>8.0f}")
    draw(costs, Path(__file__).with_suffix(".svg"))


if __name__ == "__main__":
    main()

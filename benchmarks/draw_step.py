"""One training step of DRAW, six ways: `python benchmarks/draw_step.py`.

The post's settings: 10 steps of drawing, windows of 5×5, 256 units, 10 latents, 100 images. A
step begins with grey images, as `python -m drawlib train` takes it: it binarises them, draws
noise, and ends with new weights. All variants run in turn in one process; the medians' ratios are
what counts. With TF_ENABLE_ONEDNN_OPTS=0 it measures what chapters see.
"""

from __future__ import annotations

import itertools
import os
import statistics
import time
from collections.abc import Callable

from drawlib.chapter import import_tensorflow_quietly

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as in training
import_tensorflow_quietly()

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

from drawlib.batches import dynamic_batch  # noqa: E402
from drawlib.draw import DRAW  # noqa: E402
from drawlib.draw_network import DRAWConfig  # noqa: E402

v1 = tf.compat.v1
ROUNDS, BATCH = 25, 100
CONFIG = DRAWConfig()
GFLOP = 2 * BATCH * (562 + 266) * 1024 * CONFIG.steps * 3 / 1e9  # forward, and back twice


IMAGES = np.random.default_rng(0).random((20 * BATCH, 28, 28), np.float32) ** 3
STEPS = itertools.count()


def batch() -> dict[str, np.ndarray]:
    """Return the next images and noise, as training does."""
    noise = (CONFIG.steps, CONFIG.latent_size)
    return dynamic_batch(IMAGES, next(STEPS), seed=0, size=BATCH, noise=noise)


def ours(
    *, run_eagerly: bool = False, jit_compile: bool = False, noise_inside: bool = False
) -> Callable[[], object]:
    """Return a step of `drawlib.DRAW`, with Keras' Adam."""
    model = DRAW(CONFIG, seed=0)
    optimizer = keras.optimizers.Adam(1e-3, beta_1=0.5, global_clipnorm=5.0)
    optimizer.build(model.trainable_variables)
    grey = tf.constant(IMAGES[:BATCH])

    def step(given: dict[str, tf.Tensor] | tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            losses = model(given)
            loss = tf.reduce_mean(losses["Lx"] + losses["Lz"])
        variables = model.trainable_variables
        optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    compiled = step if run_eagerly else tf.function(step, jit_compile=jit_compile)
    if noise_inside:
        return lambda: compiled(grey).numpy()
    return lambda: compiled({n: tf.constant(a) for n, a in batch().items()}).numpy()


def as_in_2016() -> Callable[[], object]:
    """Return a step of the same model as a graph in a session, built step by step."""
    graph = v1.Graph()
    with graph.as_default():
        v1.set_random_seed(0)
        x = v1.placeholder(tf.float32, (BATCH, 784))

        def linear(inputs: tf.Tensor, n_out: int, name: str) -> tf.Tensor:
            with v1.variable_scope(name, reuse=v1.AUTO_REUSE):
                w = v1.get_variable("w", (inputs.shape[1], n_out))
                b = v1.get_variable("b", n_out, initializer=v1.zeros_initializer())
                return tf.matmul(inputs, w) + b

        def lstm(inputs: tf.Tensor, state: tuple, name: str) -> tuple:
            gates = linear(tf.concat([inputs, state[1]], 1), 4 * CONFIG.units, name)
            i, g, f, o = tf.split(gates, 4, axis=1)
            c = tf.sigmoid(f + 1.0) * state[0] + tf.sigmoid(i) * tf.tanh(g)
            return c, tf.sigmoid(o) * tf.tanh(c)

        def filters(h_dec: tf.Tensor, name: str) -> tuple:
            n, pixels = 5, tf.range(28, dtype=tf.float32)
            g_x, g_y, log_s2, log_d, log_gamma = tf.split(linear(h_dec, 5, name), 5, axis=1)
            offsets = (tf.range(n, dtype=tf.float32) - (n - 1) / 2) * (27 / (n - 1) * tf.exp(log_d))
            rows = []
            for g in (g_x, g_y):
                mu = tf.expand_dims(27 / 2 * (g + 1) + offsets, 2)
                bumps = tf.exp(-((pixels - mu) ** 2) / (2 * tf.expand_dims(tf.exp(log_s2), 2)))
                rows.append(bumps / tf.maximum(tf.reduce_sum(bumps, 2, keepdims=True), 1e-8))
            return rows[0], rows[1], tf.exp(log_gamma)

        def glimpse(image: tf.Tensor, F_x: tf.Tensor, F_y: tf.Tensor) -> tf.Tensor:
            picture = tf.reshape(image, (BATCH, 28, 28))
            seen = tf.matmul(F_y, tf.matmul(picture, F_x, transpose_b=True))
            return tf.reshape(seen, (BATCH, 25))

        canvas, h_dec = tf.zeros((BATCH, 784)), tf.zeros((BATCH, CONFIG.units))
        enc, dec, Lz = (h_dec, h_dec), (h_dec, h_dec), 0.0
        for _ in range(CONFIG.steps):
            F_x, F_y, gamma = filters(h_dec, "read")
            x_hat = x - tf.sigmoid(canvas)
            r = gamma * tf.concat([glimpse(x, F_x, F_y), glimpse(x_hat, F_x, F_y)], 1)
            enc = lstm(tf.concat([r, h_dec], 1), enc, "encoder")
            mu, log_sigma = linear(enc[1], 10, "mu"), linear(enc[1], 10, "sigma")
            sigma = tf.exp(log_sigma)
            z = mu + sigma * tf.random.normal((BATCH, 10))
            dec = lstm(z, dec, "decoder")
            h_dec = dec[1]
            patch = tf.reshape(linear(h_dec, 25, "patch"), (BATCH, 5, 5))
            F_x, F_y, gamma = filters(h_dec, "write")
            stroke = tf.matmul(F_y, tf.matmul(patch, F_x), transpose_a=True)
            canvas += tf.reshape(stroke, (BATCH, 784)) / gamma
            Lz += 0.5 * tf.reduce_sum(mu**2 + sigma**2 - 2 * log_sigma - 1, 1)
        o = tf.sigmoid(canvas)
        Lx = -tf.reduce_sum(x * tf.math.log(o + 1e-8) + (1 - x) * tf.math.log(1 - o + 1e-8), 1)
        loss = tf.reduce_mean(Lx + Lz)
        optimizer = v1.train.AdamOptimizer(1e-3, beta1=0.5)
        pairs = [(tf.clip_by_norm(g, 5.0), v) for g, v in optimizer.compute_gradients(loss)]
        train = optimizer.apply_gradients(pairs)
        session = v1.Session()
        session.run(v1.global_variables_initializer())
    return lambda: session.run([loss, train], {x: batch()["x"].reshape(BATCH, 784)})


def products_only() -> Callable[[], object]:
    """Return nothing but the matrix products of both LSTMs, forward and back, under XLA."""
    rng = np.random.default_rng(0)
    shapes = [(562, 1024), (266, 1024)]
    weights = [tf.Variable(rng.normal(size=s, scale=0.01).astype("float32")) for s in shapes]
    inputs = [tf.constant(rng.normal(size=(BATCH, s[0])).astype("float32")) for s in shapes]

    @tf.function(jit_compile=True)
    def step() -> tf.Tensor:
        total = tf.constant(0.0)
        for t in range(CONFIG.steps):  # scaled by t, so that no product is computed once for all
            for a, w in zip(inputs, weights, strict=True):
                out = tf.matmul(a * (1.0 + 0.1 * t), w)
                total += tf.reduce_sum(tf.matmul(out, w, transpose_b=True) ** 2)
                total += tf.reduce_sum(tf.matmul(a, out * (1.0 + t), transpose_a=True) ** 2)
        return total

    return lambda: step().numpy()


def main() -> None:
    """Measure all in turn, several times over, and print medians and ratios."""
    runners = {
        "2016: graph and session": as_in_2016(),
        "eager": ours(run_eagerly=True),
        "tf.function": ours(),
        "XLA": ours(jit_compile=True),
        "XLA, noise by Keras": ours(jit_compile=True, noise_inside=True),
        "matrix products alone": products_only(),
    }
    taken: dict[str, list[float]] = {name: [] for name in runners}
    for _ in range(ROUNDS + 3):  # interleaved: what else the machine does hits all alike
        for name, step in runners.items():
            begun = time.perf_counter()
            step()
            taken[name].append((time.perf_counter() - begun) * 1e3)
    median = {name: statistics.median(times[3:]) for name, times in taken.items()}
    for name, milliseconds in median.items():
        print(f"{name:<24} {milliseconds:6.1f} ms a step")
    best = median["XLA"]
    limit = median["matrix products alone"]
    print(f"{GFLOP:.2f} GFLOP of products: {GFLOP / limit * 1e3:.0f} GFLOP/s at the limit")
    print(f"as fast as the graph of 2016: {median['2016: graph and session'] / best:.2f} times")
    print(f"of the speed of the limit: {limit / best:.2f}")


if __name__ == "__main__":
    main()

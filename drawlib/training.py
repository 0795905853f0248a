"""Long training of DRAW: with a log, checkpoints, and a way back after any interruption.

Batch and noise of a step depend on the seed and on the number of the step alone. What was
stopped and resumed therefore ends with the very weights that it would have had.
"""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import hashlib
import io
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from drawlib import checkpoints
from drawlib.batches import dynamic_batch
from drawlib.checks import argument_error, check_array, check_integer, check_number
from drawlib.draw import DRAW
from drawlib.draw_network import DRAWConfig
from drawlib.files import write_whole

CHUNK = 100  # steps between two lines of the log; a checkpoint is always at the end of one
SAVE_EVERY_S = 60.0
CHECKPOINT, LOG = "checkpoint.npz", "log.csv"


class TrainingError(RuntimeError):
    """Training that cannot go on; its text says where it stopped and what is still good."""


@dataclass(frozen=True)
class Recipe:
    """How to train: what must be the same when training is resumed.

    Attributes:
        config: The sizes of the network.
        seed: For weights, batches and noise.
        batch_size: Images a step.
        learning_rate: Of Adam, with β₁ = 0.5 as in the post.
        clip: The norm that the gradient of all variables together is clipped to.
        keep: How much of the running mean of the weights is kept every 100 steps; the mean is
            what training returns (Polyak and Juditsky 1992). 0 takes the last weights.
    """

    config: DRAWConfig
    seed: int = 0
    batch_size: int = 100
    learning_rate: float = 1e-3
    clip: float = 5.0
    keep: float = 0.9

    def __post_init__(self) -> None:
        """Check every field.

        Raises:
            ValueError: If a field is out of its range.
        """
        if not isinstance(self.config, DRAWConfig):
            raise argument_error("config", "a DRAWConfig", self.config)
        check_integer("seed", self.seed, at_least=0)
        check_integer("batch_size", self.batch_size, at_least=1)
        check_number("learning_rate", self.learning_rate, above=0)
        check_number("clip", self.clip, above=0)
        check_number("keep", self.keep, at_least=0, at_most=0.9999)


def train(
    recipe: Recipe,
    images: Any,
    *,
    steps: int,
    out: Path,
    resume: bool = False,
    mirrored: bool = False,
    facts: dict | None = None,
    report: Callable[[int, float, float], object] = lambda step, nats, seconds_left: None,
) -> DRAW:
    """Train a network, keep a log and a checkpoint in a folder, and return it.

    Every 100 steps a line goes to the log; every minute, and at the end, log and checkpoint are
    written: ``log.csv`` and ``checkpoint.npz``, which `checkpoints.load_draw` reads.

    Args:
        recipe: How to train.
        images: Grey images in [0, 1], shape (M, H, W), at least a batch of them.
        steps: How many steps in all, those before a resumption included.
        out: The folder; made where it is missing.
        resume: Whether to go on from the checkpoint in `out`.
        mirrored: Whether to share each batch among all devices (`tf.distribute`).
        facts: More for the card: the command, the data source.
        report: Called every 100 steps with the step, its nats and the seconds left.

    Returns:
        The network, with the running mean of the weights.

    Raises:
        ValueError: If an argument is out of its range; if `out` holds a checkpoint and `resume`
            is not set, or the other way round, or the checkpoint is of another recipe.
        TrainingError: If a loss is not finite, or the checkpoint cannot be written.
    """
    size = (recipe.config.height, recipe.config.width)
    images = check_array("images", images, shape=("M", *size), at_least=0, at_most=1)
    check_integer("the number of images", len(images), at_least=recipe.batch_size)
    steps = check_integer("steps", steps, at_least=1)
    run = _Run(recipe, images.astype(np.float32), out / CHECKPOINT, facts or {}, mirrored)
    # The steps that TensorFlow takes between two looks from Python; on several devices its loop
    # over steps fails to place its counters (TensorFlow 2.21).
    run.compile(1 if mirrored else math.gcd(20, steps))
    if resume:
        run.restore()
    elif run.file.exists():
        raise ValueError(
            f"expected out to be a folder without a checkpoint, or resume; received {str(out)!r}"
        )
    else:
        run.save()  # finds out now, not in a minute, whether the folder can be written to
    begun, begun_at, saved = time.monotonic(), run.step, time.monotonic()
    while run.step < steps:
        run.advance(min(steps, (run.step // CHUNK + 1) * CHUNK))
        now = time.monotonic()
        if run.step == steps or now - saved >= SAVE_EVERY_S:
            run.save()
            saved = now
        left = (now - begun) / (run.step - begun_at) * (steps - run.step)
        report(run.step, run.log[-1]["loss"], left)
    checkpoints.set_weights(run.model, run.mean)
    return run.model


class _Run:
    """The state of a training: all that a checkpoint keeps."""

    def __init__(
        self, recipe: Recipe, images: np.ndarray, file: Path, facts: dict, mirrored: bool
    ) -> None:
        self.recipe, self.images, self.file = recipe, images, file
        self.facts = {**facts, "images_sha256": hashlib.sha256(images.tobytes()).hexdigest()}
        self.mirrored = mirrored
        self.scope: Callable[[], Any] = contextlib.nullcontext
        if mirrored:
            devices = [device.name for device in tf.config.list_logical_devices()]
            self.scope = tf.distribute.MirroredStrategy(devices).scope
        with self.scope():
            self.model = DRAW(recipe.config, seed=recipe.seed)
            self.optimizer = keras.optimizers.Adam(
                recipe.learning_rate, beta_1=0.5, global_clipnorm=recipe.clip
            )
            self.optimizer.build(self.model.trainable_variables)
        self.mean = checkpoints.weights(self.model)
        self.step, self.seconds = 0, 0.0
        self.log: list[dict[str, float]] = []

    def compile(self, steps_per_execution: int) -> None:
        """Prepare the network for `fit`."""
        with self.scope():
            self.model.compile(
                self.optimizer,
                steps_per_execution=steps_per_execution,
                jit_compile=not self.mirrored,
            )

    def advance(self, stop: int) -> None:
        """Train up to step `stop`, and add a line to the log."""
        start, before, begun = self.step, self._state(), time.monotonic()
        history = self.model.fit(self._batches(start, stop), epochs=1, verbose=0).history
        means = {name: values[0] for name, values in history.items()}
        weights = checkpoints.weights(self.model)
        if not all(np.isfinite(value).all() for value in [means["loss"], *weights.values()]):
            self._set_state(before)
            raise TrainingError(self._explain(start, stop))
        if stop % CHUNK == 0 or stop < CHUNK:  # the same wherever a run was stopped
            keep = self.recipe.keep if start >= CHUNK else 0.0
            for name, value in weights.items():
                self.mean[name] = keep * self.mean[name] + (1 - keep) * value
        self.step, self.seconds = stop, self.seconds + time.monotonic() - begun
        names = ["loss", "Lx", "Lz", *(f"kl_{t}" for t in range(1, self.recipe.config.steps + 1))]
        line = {"step": stop, "seconds": round(self.seconds, 1)}
        self.log.append({**line, **{name: round(means[name], 4) for name in names}})

    def save(self) -> None:
        """Write checkpoint and log; what was there before stays until the new one is whole."""
        columns = list(self.log[0]) if self.log else []
        card = {
            "model": "draw",
            **self._identity(),
            "steps": self.step,
            "seconds": round(self.seconds),
            **self.facts,
            "log": {name: [line[name] for line in self.log] for name in columns},
        }
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.log)
        try:
            checkpoints.write_checkpoint(self.file, {**self.mean, **self._state()}, card)
            write_whole(self.file.with_name(LOG), text.getvalue().encode())
        except OSError as error:
            raise TrainingError(
                f"the checkpoint of step {self.step:,} cannot be written to "
                f"{str(self.file.parent)!r}: {error.strerror}. {self._what_is_good()}"
            ) from error

    def restore(self) -> None:
        """Go back to where the checkpoint was written."""
        arrays, card = checkpoints.read_checkpoint(self.file)
        for name, value in {**self._identity(), **self.facts}.items():
            if name in ("config", "recipe", "images_sha256") and card.get(name) != value:
                raise ValueError(
                    f"expected the {name} that the checkpoint was written with, "
                    f"{card.get(name)}; received {value}"
                )
        self._set_state(arrays)
        self.mean = {name: arrays[name] for name in self.mean}
        self.step, self.seconds = card["steps"], float(card["seconds"])
        columns = card["log"]
        self.log = [dict(zip(columns, line, strict=True)) for line in zip(*columns.values())]  # noqa: B905

    def _identity(self) -> dict[str, dict]:
        """Return what says whether a checkpoint is of this training."""
        recipe = dataclasses.asdict(self.recipe)
        return {"config": recipe.pop("config"), "recipe": recipe}

    def _variables(self) -> list:
        return [*self.model.trainable_variables, *self.optimizer.variables]

    def _state(self) -> dict[str, np.ndarray]:
        """Return copies of the weights and of the optimiser's state."""
        return {f"state.{i}": variable.numpy() for i, variable in enumerate(self._variables())}

    def _set_state(self, arrays: dict[str, np.ndarray]) -> None:
        for i, variable in enumerate(self._variables()):
            variable.assign(arrays[f"state.{i}"])

    def _batch(self, step: int) -> dict[str, np.ndarray]:
        config, recipe = self.recipe.config, self.recipe
        noise = (config.steps, config.latent_size)
        size = recipe.batch_size
        return dynamic_batch(self.images, step, seed=recipe.seed, size=size, noise=noise)

    def _batches(self, start: int, stop: int) -> tf.data.Dataset:
        """Return the batches of the steps from `start` to `stop`, the last one excluded."""
        kinds = {name: tf.TensorSpec(a.shape, a.dtype) for name, a in self._batch(start).items()}
        batches = tf.data.Dataset.from_generator(
            lambda: (self._batch(step) for step in range(start, stop)), output_signature=kinds
        )
        options = tf.data.Options()
        options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
        counted = batches.apply(tf.data.experimental.assert_cardinality(stop - start))
        return counted.with_options(options).prefetch(4)

    def _explain(self, start: int, stop: int) -> str:
        """Go from `start` step by step, and say where the first number is not finite."""
        where = f"between step {start + 1:,} and step {stop:,}"
        variables = self.model.trainable_variables
        for step in range(start, stop if not self.mirrored else start):
            with tf.GradientTape() as tape:
                losses = self.model(self._batch(step))
                loss = tf.reduce_mean(losses["Lx"] + losses["Lz"])
            gradients = tape.gradient(loss, variables)
            broken = [
                v.path for v, g in zip(variables, gradients, strict=True)
                if not np.isfinite(np.array(g)).all()
            ]  # fmt: skip
            if broken or not np.isfinite(loss):
                where = f"at step {step + 1:,}"
                where += f", where the gradient of {broken[0]} is not finite" if broken else ""
                break
            self.optimizer.apply(gradients, variables)
        return f"the loss is no longer finite {where}. {self._what_is_good()}"

    def _what_is_good(self) -> str:
        try:
            step = checkpoints.read_checkpoint(self.file)[1]["steps"]
        except checkpoints.CheckpointError:
            return "There is no good checkpoint."
        return f"The last good checkpoint is of step {step:,}: {str(self.file)!r}."

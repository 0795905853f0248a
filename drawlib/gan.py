"""A generative adversarial network of two small perceptrons, alone or many at once.

One step reads as the game does: Danielle (D) sees real and forged notes and learns; then
George (G) forges, asks her, and learns. With `ensemble` set, that many independent games
are played side by side in one computation: it is how a chapter affords twenty seeds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from drawlib.checks import (
    argument_error,
    check_array,
    check_choice,
    check_integer,
    check_number,
)
from drawlib.losses import discriminator_loss, generator_loss
from drawlib.perceptron import ACTIVATIONS, Perceptron


@dataclass(frozen=True)
class GANConfig:
    """The sizes of a GAN.

    Attributes:
        data_size: Numbers in one example (1 for a banknote with one number on it).
        latent_size: Numbers in one z.
        hidden: Units in each hidden layer, the same for D and G.
        activation: Of the hidden layers, ``"tanh"`` or ``"relu"``.
        latent_range: z is uniform between these two.
        ensemble: How many independent GANs to train side by side; 0 for a single one,
            whose arrays have no ensemble axis.
    """

    data_size: int = 1
    latent_size: int = 1
    hidden: tuple[int, ...] = (6, 5)
    activation: str = "tanh"
    latent_range: tuple[float, float] = (-5.0, 5.0)
    ensemble: int = 0

    def __post_init__(self) -> None:
        """Check every field.

        Raises:
            ValueError: If a field is out of its range.
        """
        check_integer("data_size", self.data_size, at_least=1)
        check_integer("latent_size", self.latent_size, at_least=1)
        if not isinstance(self.hidden, tuple) or not self.hidden:
            raise argument_error("hidden", "a tuple of layer sizes", self.hidden)
        for size in self.hidden:
            check_integer("hidden", size, at_least=1)
        check_choice("activation", self.activation, ACTIVATIONS)
        if not isinstance(self.latent_range, tuple) or len(self.latent_range) != 2:
            raise argument_error("latent_range", "a pair (low, high)", self.latent_range)
        low = check_number("latent_range[0]", self.latent_range[0])
        check_number("latent_range[1]", self.latent_range[1], above=low)
        check_integer("ensemble", self.ensemble, at_least=0)

    @property
    def lead(self) -> tuple[int, ...]:
        """The leading shape of every array: ``(ensemble,)``, or ``()`` for a single GAN."""
        return (self.ensemble,) if self.ensemble else ()


class GAN(keras.Model):
    """Danielle and George: algorithm 1 of Goodfellow et al. (2014), with one D step a G step.

    `compile` takes the two optimisers, `fit` a dataset that yields real minibatches of shape
    (*lead, M, data_size); `History` holds ``d_loss`` and ``g_loss``, averaged over the ensemble.

    Example:
        >>> import numpy as np, tensorflow as tf
        >>> gan = GAN(GANConfig(), seed=0)
        >>> gan.compile(keras.optimizers.Adam(1e-3), keras.optimizers.Adam(1e-3))
        >>> notes = tf.data.Dataset.from_tensors(np.zeros((64, 1), "float32")).repeat()
        >>> history = gan.fit(notes, steps_per_epoch=2, verbose=0)
        >>> gan.generate(5).shape
        (5, 1)
    """

    def __init__(self, config: GANConfig, *, seed: int | None = None) -> None:
        """Make D and G.

        Args:
            config: The sizes.
            seed: For the initial weights and for z; without one, both differ at every call.

        Raises:
            ValueError: If `config` is no `GANConfig`, or `seed` no whole number of at least 0.
        """
        super().__init__(name="gan")
        if not isinstance(config, GANConfig):
            raise argument_error("config", "a GANConfig", config)
        if seed is not None:
            seed = check_integer("seed", seed, at_least=0)
        self.config = config
        seeds = np.random.default_rng(seed).integers(2**31, size=3).tolist()
        shared: dict[str, Any] = {"activation": config.activation, "lead": config.lead}
        d_sizes = (config.data_size, *config.hidden, 1)
        g_sizes = (config.latent_size, *config.hidden, config.data_size)
        self.discriminator = Perceptron(d_sizes, seed=seeds[0], name="discriminator", **shared)
        self.generator = Perceptron(g_sizes, seed=seeds[1], name="generator", **shared)
        self.noise = keras.random.SeedGenerator(seeds[2])
        self.d_tracker = keras.metrics.Mean(name="d_loss")
        self.g_tracker = keras.metrics.Mean(name="g_loss")
        self.built = True

    @property
    def metrics(self) -> list:
        """The two losses; Keras resets them at the start of an epoch."""
        return [self.d_tracker, self.g_tracker]

    def compile(self, d_optimizer: Any, g_optimizer: Any, **options: Any) -> None:
        """Set the two optimisers.

        Args:
            d_optimizer: Keras optimiser for D.
            g_optimizer: Keras optimiser for G, another object than D's.
            **options: Passed on to `keras.Model.compile`, for example ``steps_per_execution``.

        Raises:
            ValueError: If one is no Keras optimiser, or if both are the same object: an
                optimiser keeps state per network.
        """
        for name, optimizer in (("d_optimizer", d_optimizer), ("g_optimizer", g_optimizer)):
            if not isinstance(optimizer, keras.optimizers.Optimizer):
                raise argument_error(name, "a Keras optimiser", optimizer)
        if d_optimizer is g_optimizer:
            raise argument_error("g_optimizer", "another object than d_optimizer", "the same one")
        super().compile(**options)
        self.d_optimizer, self.g_optimizer = d_optimizer, g_optimizer
        self.d_optimizer.build(self.discriminator.trainable_variables)
        self.g_optimizer.build(self.generator.trainable_variables)

    def sample_latent(self, n: int) -> Any:
        """Draw z, uniform over ``latent_range``.

        Args:
            n: How many, at least 1.

        Returns:
            Shape (*lead, n, latent_size).
        """
        low, high = self.config.latent_range
        shape = (*self.config.lead, n, self.config.latent_size)
        return keras.random.uniform(shape, low, high, seed=self.noise)

    def train_step(self, x: Any) -> dict:
        """Play one round: D learns, then G learns.

        Args:
            x: Real examples, shape (*lead, M, data_size).

        Returns:
            The running means of both losses.

        Raises:
            ValueError: If `x` is of another shape.
        """
        self._check_examples(x)
        m = tf.shape(x)[-2]
        d_weights = self.discriminator.trainable_variables
        g_weights = self.generator.trainable_variables

        z = self.sample_latent(m)
        with tf.GradientTape() as tape:
            forged = self.generator(z)
            d_loss = discriminator_loss(self.discriminator(x), self.discriminator(forged))
            # Summed over the ensemble: each game gets just the gradient it would get alone.
            d_total = ops.sum(d_loss)
        self.d_optimizer.apply(tape.gradient(d_total, d_weights), d_weights)

        z = self.sample_latent(m)
        with tf.GradientTape() as tape:
            g_loss = generator_loss(self.discriminator(self.generator(z)))
            g_total = ops.sum(g_loss)
        self.g_optimizer.apply(tape.gradient(g_total, g_weights), g_weights)

        self.d_tracker.update_state(d_loss)
        self.g_tracker.update_state(g_loss)
        return {tracker.name: tracker.result() for tracker in self.metrics}

    def test_step(self, x: Any) -> dict:
        """Measure both losses on real examples, for `evaluate`.

        Args:
            x: Real examples, shape (*lead, M, data_size).

        Returns:
            The running means of both losses.

        Raises:
            ValueError: If `x` is of another shape.
        """
        self._check_examples(x)
        forged_logits = self.discriminator(self.generator(self.sample_latent(tf.shape(x)[-2])))
        self.d_tracker.update_state(discriminator_loss(self.discriminator(x), forged_logits))
        self.g_tracker.update_state(generator_loss(forged_logits))
        return {tracker.name: tracker.result() for tracker in self.metrics}

    def _check_examples(self, x: Any) -> None:
        """Raise unless `x` is of shape (*lead, M, data_size), where a size may be unknown yet."""
        lead, data_size = self.config.lead, self.config.data_size
        wanted = [*lead, None, data_size]
        if len(x.shape) != len(wanted) or any(
            None not in (have, size) and have != size
            for have, size in zip(x.shape, wanted, strict=True)
        ):
            sizes = ", ".join([*map(str, lead), "M", str(data_size)])
            raise argument_error("x", f"of shape ({sizes})", x)

    def call(self, z: Any) -> Any:
        """Forge: the same as ``generator(z)``.

        Args:
            z: Shape (*lead, M, latent_size).

        Returns:
            Shape (*lead, M, data_size).
        """
        return self.generator(z)

    def generate(self, n: int) -> np.ndarray:
        """Forge examples from fresh noise.

        Args:
            n: How many, at least 1.

        Returns:
            Array of shape (*lead, n, data_size).

        Raises:
            ValueError: If `n` is no whole number of at least 1.
        """
        n = check_integer("n", n, at_least=1)
        return ops.convert_to_numpy(self.generator(self.sample_latent(n)))

    def judge(self, x: Any) -> np.ndarray:
        """Ask D for the probability that each example is real.

        Args:
            x: Shape (*lead, M, data_size).

        Returns:
            Array of shape (*lead, M, 1), each entry between 0 and 1.

        Raises:
            ValueError: If `x` is of another shape, or not finite.
        """
        x = check_array("x", x, shape=(*self.config.lead, "M", self.config.data_size))
        return ops.convert_to_numpy(ops.sigmoid(self.discriminator(x.astype("float32"))))

"""The one network of the GAN's chapters: a small perceptron, alone or many at once.

With `lead`, many perceptrons with weights of their own are computed side by side, as one
batched product of matrices a layer: it is how a chapter affords twenty seeds.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from drawlib.checks import argument_error, check_choice, check_integer

ACTIVATIONS = ("tanh", "relu")


class Perceptron(keras.layers.Layer):
    """A multilayer perceptron, or an ensemble of them with weights of their own.

    Hidden layers apply the activation, the last layer is linear. Weights start uniform in
    ±sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010), biases at zero.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        activation: str = "tanh",
        lead: tuple[int, ...] = (),
        seed: int | None = None,
        name: str | None = None,
    ) -> None:
        """Make the weights.

        Args:
            sizes: Units from input to output, at least two numbers: ``(1, 6, 5, 1)``.
            activation: Of the hidden layers, ``"tanh"`` or ``"relu"``.
            lead: The ensemble's shape: ``(R,)``, or ``()`` for a single perceptron.
            seed: For the initial weights; without one they differ at every call.
            name: The layer's name.

        Raises:
            ValueError: If an argument is out of its range.
        """
        super().__init__(name=name)
        if len(sizes) < 2:
            raise argument_error("sizes", "at least two layer sizes", sizes)
        for size in sizes:
            check_integer("sizes", size, at_least=1)
        self.activation = getattr(ops, check_choice("activation", activation, ACTIVATIONS))
        self.input_size = sizes[0]
        generator = keras.random.SeedGenerator(seed)
        self.kernels, self.biases = [], []
        for n_in, n_out in itertools.pairwise(sizes):
            limit = float(np.sqrt(6 / (n_in + n_out)))
            uniform = keras.initializers.RandomUniform(-limit, limit, seed=generator)
            self.kernels.append(self.add_weight(shape=(*lead, n_in, n_out), initializer=uniform))
            self.biases.append(self.add_weight(shape=(*lead, 1, n_out), initializer="zeros"))
        self.built = True

    def call(self, x: Any) -> Any:
        """Map inputs to outputs.

        Args:
            x: Shape (*lead, M, sizes[0]); without the leading axes, all perceptrons of an
                ensemble get the same inputs.

        Returns:
            Shape (*lead, M, sizes[-1]).

        Raises:
            ValueError: If `x` has fewer than two axes, or its last is not ``sizes[0]`` long.
        """
        if len(x.shape) < 2 or x.shape[-1] != self.input_size:
            raise argument_error("x", f"of shape (..., M, {self.input_size})", x)
        *hidden, last = zip(self.kernels, self.biases, strict=True)
        for kernel, bias in hidden:
            x = self.activation(ops.matmul(x, kernel) + bias)
        return ops.matmul(x, last[0]) + last[1]

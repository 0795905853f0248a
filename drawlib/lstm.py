"""The LSTM that remembers from one step of drawing to the next."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class LSTM(keras.layers.Layer):
    r"""One step of an LSTM, with one matrix for everything.

    .. math::
        (i, f, g, o) &= [x, h]\, W + b \\
        c' &= \sigma(f) \odot c + \sigma(i) \odot \tanh g \\
        h' &= \sigma(o) \odot \tanh c'

    Hochreiter and Schmidhuber (1997), with the forget gate of Gers et al. (2000), as in
    `keras.layers.LSTMCell`. That one keeps a matrix for x and another for h; one product of
    both together makes a training step of DRAW a sixth faster (``benchmarks/draw_step.py``).
    """

    def __init__(self, n_in: int, units: int, *, seeds: tuple[int, int], **options: Any) -> None:
        """Make the layer, with its variables.

        Args:
            n_in: Numbers in x.
            units: Numbers in h, and in c.
            seeds: For the rows of W that x meets, and for those that h meets.
            **options: ``name`` and ``dtype``, passed on to `keras.layers.Layer`.
        """
        super().__init__(**options)
        self.units = units
        glorot = keras.initializers.GlorotUniform(seeds[0])
        orthogonal = keras.initializers.Orthogonal(seed=seeds[1])

        def kernel(shape: tuple[int, int], dtype: str) -> Any:
            halves = glorot((n_in, shape[1]), dtype), orthogonal((units, shape[1]), dtype)
            return ops.concatenate(halves)

        def bias(shape: tuple[int], dtype: str) -> Any:
            # 1 for the forget gate: it begins by remembering (Jozefowicz et al. 2015).
            return ops.cast(ops.arange(shape[0]) // units == 1, dtype)

        self.kernel = self.add_weight((n_in + units, 4 * units), kernel, name="kernel")
        self.bias = self.add_weight((4 * units,), bias, name="bias")
        self.built = True

    def call(self, x: Any, state: tuple[Any, Any]) -> tuple[Any, Any]:
        """Take one step.

        Args:
            x: Shape (B, n_in).
            state: h and c of the step before, each of shape (B, units).

        Returns:
            The next h and c. h is the layer's output.
        """
        h, c = state
        gates = ops.matmul(ops.concatenate([x, h], axis=-1), self.kernel) + self.bias
        i, f, g, o = ops.split(gates, 4, axis=-1)
        c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
        return ops.sigmoid(o) * ops.tanh(c), c

"""The model of a world, f̂: S × A → S: small networks that learn from transitions.

Many models are trained at once: one for each seed, and for each seed a few members with other
weights and other minibatches, so that an explorer can ask where they disagree.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from drawlib.checks import argument_error, check_integer
from drawlib.dynamics import World
from drawlib.perceptron import Perceptron


class Predictor:
    """f̂_τ, for R seeds with K members each.

    A network sees a state's features and the action, and predicts the change of the state, each
    entry in units of its typical change over S × A. What is measured is member 0; it learns the
    same whether it has company or not.

    Attributes:
        world: The world that is learned.
        seeds: How many seeds, R.
        members: How many members a seed has, K.
    """

    def __init__(
        self,
        world: World,
        seeds: Sequence[int],
        *,
        hidden: tuple[int, ...] = (64, 64),
        members: int = 1,
        learning_rate: float = 3e-3,
        batch_size: int = 256,
    ) -> None:
        """Make the networks.

        Args:
            world: The world that is to be learned.
            seeds: One for each of the R models: for weights and minibatches.
            hidden: Units in each hidden layer; these are tanh.
            members: K, at least 1.
            learning_rate: Of Adam.
            batch_size: M, transitions in a minibatch.

        Raises:
            ValueError: If an argument is out of its range.
        """
        if not isinstance(world, World):
            raise argument_error("world", "a World", world)
        if not len(seeds):
            raise argument_error("seeds", "at least one seed", seeds)
        self.world, self.seeds = world, len(seeds)
        self.members = check_integer("members", members, at_least=1)
        self._batch_size = check_integer("batch_size", batch_size, at_least=1)
        n_in = world.features(world.state_high).shape[-1] + world.action_size
        sizes = (n_in, *hidden, world.typical_change.size)
        self.network = Perceptron(sizes, activation="tanh", lead=(len(seeds), members))
        # A generator for each member of each seed: no model hangs on what runs beside it.
        self._dice = [
            [np.random.default_rng([seed, 0, member]) for member in range(members)]
            for seed in seeds
        ]
        for kernel in self.network.kernels:
            limit = np.sqrt(6 / sum(kernel.shape[-2:]))  # as Perceptron begins
            kernel.assign(
                [
                    [dice.uniform(-limit, limit, kernel.shape[-2:]) for dice in row]
                    for row in self._dice
                ]
            )
        self.optimizer = keras.optimizers.Adam(learning_rate)
        self.optimizer.build(self.network.trainable_variables)
        self._fit = tf.function(self._fit_batches, reduce_retracing=True)
        self._fit_long = tf.function(self._fit_batches, jit_compile=True)
        self._predict = tf.function(self.network, reduce_retracing=True)

    def inputs(self, states: np.ndarray, actions: np.ndarray) -> np.ndarray:
        """Return what a network sees, float32, shape (..., n_in)."""
        seen = [self.world.features(states), self.world.scaled_actions(actions)]
        return np.concatenate(seen, -1).astype(np.float32)

    def targets(self, states: np.ndarray, after: np.ndarray) -> np.ndarray:
        """Return what a network is to predict, float32, shape (..., entries that change)."""
        change = self.world.change(states, after) / self.world.typical_change
        return change.astype(np.float32)

    def fit(self, inputs: np.ndarray, targets: np.ndarray, updates: int) -> None:
        """Take steps of Adam on the squared error of minibatches drawn from all transitions.

        Args:
            inputs: What `inputs` gave for all N transitions, shape (R, N, n_in).
            targets: What `targets` gave, shape (R, N, state_size).
            updates: How many steps.
        """
        size = (updates, self._batch_size)
        draws = [[d.integers(inputs.shape[1], size=size) for d in row] for row in self._dice]
        index = np.moveaxis(np.array(draws), 2, 0)  # (updates, R, K, M)
        seed = np.arange(self.seeds)[:, None, None]
        # Compiled as a whole, an update takes half the time and less; but that takes a second.
        fit = self._fit_long if updates >= 100 else self._fit
        fit(tf.constant(inputs[seed, index]), tf.constant(targets[seed, index]))

    def _fit_batches(self, inputs: tf.Tensor, targets: tf.Tensor) -> None:
        weights = self.network.trainable_variables
        for i in tf.range(tf.shape(inputs)[0]):
            with tf.GradientTape() as tape:
                error = tf.reduce_mean((self.network(inputs[i]) - targets[i]) ** 2, (-2, -1))
                total = tf.reduce_sum(error)  # each network gets the gradient it would get alone
            self.optimizer.apply(tape.gradient(total, weights), weights)

    def predict_changes(self, states: np.ndarray, actions: np.ndarray) -> np.ndarray:
        """Predict changes, in units of the typical change.

        Args:
            states: Shape (R, N, state_size), or (N, state_size) for the same ones for all seeds.
            actions: Shape (R, N, action_size), or (N, action_size).

        Returns:
            Shape (R, K, N, state_size).
        """
        inputs = self.inputs(states, actions)
        inputs = np.broadcast_to(inputs, (self.seeds, *inputs.shape[-2:]))
        return self._predict(tf.constant(inputs[:, None])).numpy()

    def predict(self, states: np.ndarray, actions: np.ndarray) -> np.ndarray:
        """Predict the next states, f̂(s, a), by member 0; in a world seen in part, observations.

        Args:
            states: As for `predict_changes`.
            actions: As for `predict_changes`.

        Returns:
            Shape (R, N, state_size).
        """
        change = self.predict_changes(states, actions)[:, 0] * self.world.typical_change
        return self.world.changed(states, change)

    def errors(self, states: np.ndarray, actions: np.ndarray, after: np.ndarray) -> np.ndarray:
        """Measure the error of member 0: root mean square over the entries of the state.

        Args:
            states: As for `predict_changes`.
            actions: As for `predict_changes`.
            after: The true next states, of the shape of `states`.

        Returns:
            Shape (R, N); 1 is as wrong as a change is large, typically.
        """
        missed = self.predict_changes(states, actions)[:, 0] - self.targets(states, after)
        return np.sqrt((missed**2).mean(-1))

    def disagreement(self, states: np.ndarray, actions: np.ndarray) -> np.ndarray:
        """Return the variance of the members' predictions, summed over entries, shape (R, N)."""
        return self.predict_changes(states, actions).var(1).sum(-1)

    def state(self) -> dict[str, Any]:
        """Return copies of member 0's weights by name, each (R, n_in, n_out)."""
        weights = zip(self.network.kernels, self.network.biases, strict=True)
        return {
            f"{kind}.{i}": variable.numpy()[:, 0]
            for i, pair in enumerate(weights)
            for kind, variable in zip(("kernel", "bias"), pair, strict=True)
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Give every member the weights that `state` returned, of as many seeds and units.

        Args:
            state: Weights by name, each (R, n_in, n_out).

        Raises:
            ValueError: If a weight is missing, or of another shape.
        """
        for name, have in self.state().items():
            received = state[name].shape if name in state else None
            if received != have.shape:
                raise argument_error(f"state[{name!r}]", f"of shape {have.shape}", received)
        for i, pair in enumerate(zip(self.network.kernels, self.network.biases, strict=True)):
            for kind, variable in zip(("kernel", "bias"), pair, strict=True):
                one = state[f"{kind}.{i}"][:, None]
                variable.assign(np.broadcast_to(one, variable.shape))

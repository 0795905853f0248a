r"""The adversarial policy π_ρ: it is rewarded where the model is wrong, and learns by REINFORCE.

The model's loss ℓ_t at step t is a number that the world hands out: there is no way to
differentiate it through the unknown f. The likelihood-ratio estimator (Williams 1992) needs
none. With actions u_t drawn from N(μ_ρ(s_t), σ²),

.. math::
    \nabla_\rho J \approx \frac{1}{B} \sum_{b,t}
        \nabla_\rho \log \pi_\rho(u_t \mid s_t) \, (G_t - \bar G_t), \qquad
    G_t = \sum_{k \ge t} \gamma^{k - t} \ell_k,

where the baseline Ḡ_t of a robot is the mean return of the *other* robots at the same step: it
does not hang on the robot's own action, so that it changes no expectation.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from drawlib.checks import check_array, check_number
from drawlib.dynamics import World
from drawlib.perceptron import Perceptron


def discounted_returns(losses: np.ndarray, gamma: float) -> np.ndarray:
    """Add up what is still to come: G_t = ℓ_t + γ G_{t+1}.

    Args:
        losses: ℓ, the steps of an episode along the last axis, shape (..., H).
        gamma: The discount γ, 0 to 1.

    Returns:
        G, shape (..., H).

    Raises:
        ValueError: If an argument is out of its range.

    Example:
        >>> discounted_returns(np.array([1.0, 0.0, 4.0]), 0.5).tolist()
        [2.0, 2.0, 4.0]
    """
    losses = check_array("losses", losses, shape=(None, "H"))
    gamma = check_number("gamma", gamma, at_least=0, at_most=1)
    returns = np.zeros(losses.shape)
    ahead = np.zeros(losses.shape[:-1])
    for t in reversed(range(losses.shape[-1])):
        ahead = losses[..., t] + gamma * ahead
        returns[..., t] = ahead
    return returns


def advantages(returns: np.ndarray) -> np.ndarray:
    """Compare each robot's return with the mean of the others' at the same step.

    Args:
        returns: G, shape (..., B, H), of at least two robots.

    Returns:
        G − Ḡ, shape (..., B, H).

    Raises:
        ValueError: If there is but one robot, or a return is not finite.
    """
    returns = check_array("returns", returns, shape=(None, "B", "H"))
    robots = returns.shape[-2]
    check_number("the number of robots", robots, at_least=2)
    others = (returns.sum(-2, keepdims=True) - returns) / (robots - 1)
    return returns - others


class GaussianPolicy:
    """π_ρ for R seeds: a = clip(u), u ~ N(tanh(network(s)), σ²), in units of the action space.

    The world sees the clipped action; the estimator needs the density of u alone.
    """

    def __init__(
        self,
        world: World,
        dice: Sequence[np.random.Generator],
        *,
        hidden: tuple[int, ...] = (32, 32),
        sigma: float = 0.5,
        learning_rate: float = 1e-2,
    ) -> None:
        """Make the networks.

        Args:
            world: The world to act in.
            dice: For the weights; one for each of R seeds.
            hidden: Units in each hidden layer; these are tanh.
            sigma: σ, above 0; an action space reaches from −1 to 1.
            learning_rate: Of Adam.

        Raises:
            ValueError: If an argument is out of its range.
        """
        self.world = world
        self.sigma = check_number("sigma", sigma, above=0)
        n_in = world.features(world.state_high).shape[-1]
        sizes = (n_in, *hidden, world.action_size)
        self.network = Perceptron(sizes, activation="tanh", lead=(len(dice),))
        for kernel in self.network.kernels:
            limit = np.sqrt(6 / sum(kernel.shape[-2:]))
            kernel.assign([d.uniform(-limit, limit, kernel.shape[-2:]) for d in dice])
        self.optimizer = keras.optimizers.Adam(
            check_number("learning_rate", learning_rate, above=0)
        )
        self.optimizer.build(self.network.trainable_variables)
        self._gradient = tf.function(self._gradient_of, reduce_retracing=True)

    def means(self, states: np.ndarray) -> np.ndarray:
        """Return μ_ρ(s), each entry between −1 and 1, float32, shape (R, B, action_size).

        In NumPy: an episode asks for it at every step, each time for a few robots only.
        """
        x = self.world.features(states).astype(np.float32)
        *hidden, last = [
            (kernel.numpy(), bias.numpy())
            for kernel, bias in zip(self.network.kernels, self.network.biases, strict=True)
        ]
        for kernel, bias in hidden:
            x = np.tanh(x @ kernel + bias)
        return np.tanh(x @ last[0] + last[1])

    def log_density(self, features: tf.Tensor, u: tf.Tensor) -> tf.Tensor:
        """Return log π_ρ(u | s), but for a constant, shape (R, N)."""
        mu = tf.tanh(self.network(features))
        return -tf.reduce_sum((u - mu) ** 2, -1) / (2 * self.sigma**2)

    def gradient(self, states: np.ndarray, u: np.ndarray, advantage: np.ndarray) -> list[tf.Tensor]:
        """Estimate the gradient of the return, ∇_ρ J, averaged over the robots.

        Args:
            states: Where the robots were, shape (R, B, H, state_size).
            u: What they drew, shape (R, B, H, action_size).
            advantage: What came of it, compared, shape (R, B, H).

        Returns:
            One gradient a weight, each with the leading axis R.
        """
        seeds, robots = u.shape[:2]
        flat = [
            np.reshape(array, (seeds, -1, *array.shape[3:])).astype(np.float32)
            for array in (self.world.features(states), u, advantage)
        ]
        return self._gradient(*flat, tf.constant(1 / robots, tf.float32))

    def _gradient_of(
        self, features: tf.Tensor, u: tf.Tensor, advantage: tf.Tensor, share: tf.Tensor
    ) -> list[tf.Tensor]:
        weights = self.network.trainable_variables
        with tf.GradientTape() as tape:
            weighed = share * tf.reduce_sum(self.log_density(features, u) * advantage)
        return tape.gradient(weighed, weights)

    def ascend(self, gradient: list[tf.Tensor]) -> None:
        """Take a step of Adam uphill."""
        self.optimizer.apply([-g for g in gradient], self.network.trainable_variables)

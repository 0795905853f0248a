"""DRAW as its user meets it: a Keras model to `fit`, and to ask for drawings and bounds.

The equations are in `drawlib.draw_network`. Gregor et al., "DRAW: A recurrent neural network for
image generation" (2015).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from drawlib.checks import argument_error, check_array, check_integer
from drawlib.draw_network import DRAWConfig, DRAWNetwork
from drawlib.losses import bernoulli_loss


class Drawing(NamedTuple):
    """A batch of images as they were drawn, and the windows if they were asked for.

    Attributes:
        canvases: Probability of ink after each step, shape (T, B, H, W).
        read_windows: g_x, g_y, delta, sigma2 and gamma of each step, shape (T, B, 5), in pixels
            (sigma2 in square pixels); None where no window reads, or none was asked for.
        write_windows: Likewise of the window that writes.
    """

    canvases: np.ndarray
    read_windows: np.ndarray | None
    write_windows: np.ndarray | None


class Latents(NamedTuple):
    """What the encoder makes of a batch: three arrays of shape (T, B, latent_size).

    Attributes:
        z: The latents, drawn from Q.
        mu: The means of Q.
        log_sigma: The logarithms of its standard deviations.
    """

    z: np.ndarray
    mu: np.ndarray
    log_sigma: np.ndarray


@keras.saving.register_keras_serializable("drawlib")
class DRAW(DRAWNetwork):
    """The network: `compile` it with an optimiser, `fit` it on images in [0, 1], `generate`.

    A pixel between 0 and 1 is read as the probability of ink, and becomes 0 or 1 anew each time
    it is seen; one that is 0 or 1 stays so. Therefore `fit` on grey images trains with dynamic
    binarisation, and `evaluate` on images that were binarised once measures on those.

    `History` holds ``loss`` = ``Lx`` + ``Lz``, a bound in nats on −log p(x), and ``kl_1`` …
    ``kl_T``, the part of ``Lz`` that each step adds.

    Example:
        >>> import numpy as np
        >>> model = DRAW(DRAWConfig(steps=2, units=8), seed=0)
        >>> model.compile(keras.optimizers.Adam(1e-3))
        >>> history = model.fit(np.zeros((4, 28, 28), "float32"), verbose=0)
        >>> model.generate(3).canvases.shape
        (2, 3, 28, 28)
    """

    def __init__(self, config: DRAWConfig, *, seed: int | None = None, **options: Any) -> None:
        """Make the network.

        Args:
            config: The sizes.
            seed: For the initial weights and for all noise; without one, both differ at every
                call.
            **options: ``name`` and ``dtype``, passed on to `keras.Model`.

        Raises:
            ValueError: If `config` is no `DRAWConfig`, or `seed` no whole number of at least 0.
        """
        super().__init__(config, seed=seed, **options)
        kls = [f"kl_{t}" for t in range(1, config.steps + 1)]
        self.trackers = [keras.metrics.Mean(name=name) for name in ("Lx", "Lz", *kls)]
        self._traced = _compiled(self.trace)
        self._traced_decoder = _compiled(self.trace_decoder)
        self._measured = _compiled(self._measure)

    # --- training: what `fit` and `evaluate` call ----------------------------------------

    def call(self, x: Any) -> dict:
        """Draw images once: what training and evaluation look at.

        Args:
            x: Images in [0, 1], shape (B, H, W); or a dictionary of images ``x`` and standard
                normal noise ``eps``, shape (B, T, latent_size), where the noise is given.

        Returns:
            ``Lx``, ``Lz`` and the part of ``Lz`` that each step adds, ``kl_1`` … ``kl_T``: nats,
            each of shape (B,).

        Raises:
            ValueError: If `x` is of another shape.
        """
        x, eps = (x["x"], x["eps"]) if isinstance(x, dict) else (x, None)
        size = (self.config.height, self.config.width)
        if len(x.shape) != 3 or tuple(x.shape[1:]) != size:
            raise argument_error("x", f"of shape (B, {size[0]}, {size[1]})", x)
        x = ops.cast(x, self.compute_dtype)
        if eps is None:
            # Black with the probability that the grey value says; 0 and 1 stay what they are.
            x = ops.cast(keras.random.uniform(ops.shape(x), seed=self.noise) < x, x.dtype)
            eps = self._sample(ops.shape(x)[0], self.noise)
        else:
            eps = ops.transpose(eps, (1, 0, 2))  # (T, B, latent_size)
        traced = self.trace(x, eps)
        kls = {f"kl_{t}": traced["kl"][t - 1] for t in range(1, self.config.steps + 1)}
        Lx, Lz = bernoulli_loss(traced["canvases"][-1], x), ops.sum(traced["kl"], axis=0)
        self.add_loss(ops.mean(Lx + Lz))
        return {"Lx": Lx, "Lz": Lz, **kls}

    def fit(self, x: Any = None, *args: Any, **options: Any) -> Any:
        """Train, as `keras.Model.fit` does, on images in [0, 1] of shape (B, H, W).

        Raises:
            ValueError: If `x` is an array, and not of such images.
        """
        return super().fit(self._checked(x), *args, **options)

    def evaluate(self, x: Any = None, *args: Any, **options: Any) -> Any:
        """Measure, as `keras.Model.evaluate` does, on images in [0, 1] of shape (B, H, W).

        Raises:
            ValueError: If `x` is an array, and not of such images.
        """
        return super().evaluate(self._checked(x), *args, **options)

    def _checked(self, x: Any) -> Any:
        return self._check_images(x) if isinstance(x, np.ndarray) else x

    def compute_metrics(
        self, x: Any, y: Any, y_pred: dict, sample_weight: Any = None
    ) -> dict[str, Any]:
        """Add a batch to the means that `fit` and `evaluate` report."""
        for tracker in self.trackers:
            tracker.update_state(y_pred[tracker.name])
        return self.get_metrics_result()

    # --- the network's own verbs ---------------------------------------------------------

    def generate(self, n: int, *, windows: bool = False, seed: int | None = None) -> Drawing:
        """Draw images that nobody has seen: latents from the prior, N(0, I) in each step.

        Args:
            n: How many, at least 1.
            windows: Whether to return the windows that write.
            seed: For the latents; without one, they come from the network's own stream.

        Returns:
            The drawing.

        Raises:
            ValueError: If an argument is out of its range.
        """
        n = check_integer("n", n, at_least=1)
        return self._drawing(self._traced_decoder(self._sample(n, self._stream(seed))), windows)

    def decode(self, z: Any, *, windows: bool = False) -> Drawing:
        """Draw from given latents.

        Args:
            z: Shape (T, B, latent_size).
            windows: Whether to return the windows that write.

        Returns:
            The drawing.

        Raises:
            ValueError: If `z` is of another shape, or not finite.
        """
        z = check_array("z", z, shape=(self.config.steps, "B", self.config.latent_size))
        return self._drawing(self._traced_decoder(self._tensor(z)), windows)

    def encode(self, x: Any, *, seed: int | None = None) -> Latents:
        """Ask the encoder for the latents of given images.

        Args:
            x: Images in [0, 1], shape (B, H, W); a pixel of 0.5 or more counts as ink.
            seed: For the noise; without one, it comes from the network's own stream.

        Returns:
            The latents.

        Raises:
            ValueError: If `x` is not such an array.
        """
        traced = self._trace(x, seed)
        return Latents(*(ops.convert_to_numpy(traced[name]) for name in Latents._fields))

    def reconstruct(self, x: Any, *, windows: bool = False, seed: int | None = None) -> Drawing:
        """Draw given images after looking at them.

        Args:
            x: Images in [0, 1], shape (B, H, W); a pixel of 0.5 or more counts as ink.
            windows: Whether to return the windows as well.
            seed: For the noise; without one, it comes from the network's own stream.

        Returns:
            The drawing.

        Raises:
            ValueError: If `x` is not such an array.
        """
        return self._drawing(self._trace(x, seed), windows)

    def bound(
        self, x: Any, *, samples: int = 1, batch_size: int = 500, seed: int | None = None
    ) -> np.ndarray:
        r"""Bound −log p(x) from above, in nats an image.

        With one sample it is Lx + Lz, the negative ELBO (equation 12 of Gregor et al. 2015);
        with more the importance-weighted bound of Burda et al. (2015, equation 8), tighter
        the more samples:

        .. math:: -\log \tfrac1k \sum_{i=1}^k \frac{p(x, z_i)}{q(z_i \mid x)}

        Args:
            x: Images of 0 and 1, shape (B, H, W).
            samples: k, at least 1.
            batch_size: Images at a time, at least 1; memory grows with it, not with B or k.
            seed: For the noise; without one, it comes from the network's own stream.

        Returns:
            Nats, float64, shape (B,).

        Raises:
            ValueError: If an argument is out of its range, or a pixel neither 0 nor 1.
        """
        x = self._check_images(x)
        if not np.isin(x, (0, 1)).all():
            raise ValueError("expected x to hold only 0 and 1; received values between them")
        samples = check_integer("samples", samples, at_least=1)
        batch_size = check_integer("batch_size", batch_size, at_least=1)
        stream, bounds = self._stream(seed), []
        for start in range(0, len(x), batch_size):
            batch = self._tensor(x[start : start + batch_size])
            total = np.full(len(batch), -np.inf)  # log of the sum of the weights so far
            for _ in range(samples):
                elbo, log_weight = self._measured(batch, self._sample(len(batch), stream))
                chosen = ops.convert_to_numpy(elbo if samples == 1 else log_weight)
                total = np.logaddexp(total, chosen.astype(np.float64))
            bounds.append(np.log(samples) - total)
        return np.concatenate(bounds)

    def _measure(self, x: Any, eps: Any) -> tuple[Any, Any]:
        """Return −(Lx + Lz) and log p(x, z)/q(z | x) for one z, each of shape (B,)."""
        traced = self.trace(x, eps)
        log_p_x = -bernoulli_loss(traced["canvases"][-1], x)
        # log p(z) − log q(z | x): the constants cancel, and (z − mu)/sigma is eps.
        log_ratio = 0.5 * (eps**2 - traced["z"] ** 2) + traced["log_sigma"]
        return log_p_x - ops.sum(traced["kl"], 0), log_p_x + ops.sum(log_ratio, (0, 2))

    def _trace(self, x: Any, seed: int | None) -> dict:
        """Check and binarise images, and trace them."""
        x = self._tensor(self._check_images(x) >= 0.5)
        return self._traced(x, self._sample(len(x), self._stream(seed)))

    def _drawing(self, traced: dict, windows: bool) -> Drawing:
        """Make what the reader gets of what was traced."""
        views = [traced.get(name) if windows else None for name in Drawing._fields[1:]]
        canvases = ops.convert_to_numpy(ops.sigmoid(traced["canvases"]))
        return Drawing(canvases, *(v if v is None else ops.convert_to_numpy(v) for v in views))

    def _check_images(self, x: Any) -> np.ndarray:
        shape = ("B", self.config.height, self.config.width)
        return check_array("x", x, shape=shape, at_least=0, at_most=1)

    def _tensor(self, array: np.ndarray) -> Any:
        return ops.convert_to_tensor(array, dtype=self.compute_dtype)

    def _sample(self, n: Any, stream: Any) -> Any:
        """Draw fresh standard normal noise for each step, shape (T, n, latent_size)."""
        shape = (self.config.steps, n, self.config.latent_size)
        return keras.random.normal(shape, dtype=self.compute_dtype, seed=stream)

    def _stream(self, seed: int | None) -> keras.random.SeedGenerator:
        if seed is None:
            return self.noise
        return keras.random.SeedGenerator(check_integer("seed", seed, at_least=0))

    # --- saving --------------------------------------------------------------------------

    def get_config(self) -> dict:
        """Return what `keras.saving.load_model` needs to make the network again."""
        return {"config": dataclasses.asdict(self.config), "name": self.name}

    @classmethod
    def from_config(cls, config: dict, custom_objects: Any = None) -> DRAW:
        """Make the network that `get_config` described."""
        return cls(DRAWConfig(**config["config"]), name=config["name"])


def _compiled(function: Callable) -> Callable:
    """Compile a function for TensorFlow; other backends run it as it is."""
    if keras.backend.backend() != "tensorflow":
        return function
    import tensorflow as tf

    return tf.function(function, reduce_retracing=True)

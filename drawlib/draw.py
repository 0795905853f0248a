"""DRAW: a network that draws an image step by step, looking and writing through a window.

Gregor, Danihelka, Graves, Rezende and Wierstra, "DRAW: A recurrent neural network for image
generation" (2015). One step reads: pixels and canvas → error image → glimpse → encoder →
latent → decoder → patch → canvas.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from drawlib import filterbank
from drawlib.checks import argument_error, check_array, check_integer
from drawlib.losses import bernoulli_loss, gaussian_kl
from drawlib.lstm import LSTM


@dataclass(frozen=True)
class DRAWConfig:
    """The sizes of a DRAW network; the defaults are those of the blog post of 2016.

    Attributes:
        height: H of the images, in pixels.
        width: W of the images, in pixels.
        read_size: N of the window that reads, at most the shorter side of the image.
        write_size: N of the window that writes, likewise.
        units: Units of the encoder's LSTM, and of the decoder's.
        latent_size: Numbers in one step's z.
        steps: T, how many times the network draws.
        read_attention: Whether it reads through a window; otherwise it sees every pixel.
        write_attention: Whether it writes through a window; otherwise on every pixel.
    """

    height: int = 28
    width: int = 28
    read_size: int = 5
    write_size: int = 5
    units: int = 256
    latent_size: int = 10
    steps: int = 10
    read_attention: bool = True
    write_attention: bool = True

    def __post_init__(self) -> None:
        """Check every field.

        Raises:
            ValueError: If a field is out of its range.
        """
        for name in ("height", "width", "units", "latent_size", "steps"):
            check_integer(name, getattr(self, name), at_least=1)
        for name in ("read_size", "write_size"):
            check_integer(
                name, getattr(self, name), at_least=1, at_most=min(self.height, self.width)
            )
        for name in ("read_attention", "write_attention"):
            if not isinstance(getattr(self, name), bool):
                raise argument_error(name, "True or False", getattr(self, name))

    @property
    def glimpse_size(self) -> int:
        """Numbers that one reading gives: the image's part and the error image's."""
        return 2 * (self.read_size**2 if self.read_attention else self.height * self.width)


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
class DRAW(keras.Model):
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
        super().__init__(**options)
        if not isinstance(config, DRAWConfig):
            raise argument_error("config", "a DRAWConfig", config)
        if seed is not None:
            seed = check_integer("seed", seed, at_least=0)
        self.config = config
        seeds = iter(np.random.default_rng(seed).integers(2**31, size=16).tolist())
        units, latent = config.units, config.latent_size

        def linear(n_in: int, n_out: int, name: str) -> keras.layers.Dense:
            glorot = keras.initializers.GlorotUniform(next(seeds))
            layer = keras.layers.Dense(
                n_out, kernel_initializer=glorot, dtype=self.dtype_policy, name=name
            )
            layer.build((None, n_in))
            return layer

        def lstm(n_in: int, name: str) -> LSTM:
            both = (next(seeds), next(seeds))
            return LSTM(n_in, units, seeds=both, dtype=self.dtype_policy, name=name)

        if config.read_attention:
            self.read_window = linear(units, 5, "read_window")
        self.encoder = lstm(config.glimpse_size + units, "encoder")
        self.mu = linear(units, latent, "mu")
        self.log_sigma = linear(units, latent, "log_sigma")
        self.decoder = lstm(latent, "decoder")
        if config.write_attention:
            self.write_window = linear(units, 5, "write_window")
            self.write_patch = linear(units, config.write_size**2, "write_patch")
        else:
            self.write_patch = linear(units, config.height * config.width, "write_patch")
        self.noise = keras.random.SeedGenerator(next(seeds))
        kls = [f"kl_{t}" for t in range(1, config.steps + 1)]
        self.trackers = [keras.metrics.Mean(name=name) for name in ("Lx", "Lz", *kls)]
        self.built = True
        self._traced = _compiled(self.trace)
        self._traced_decoder = _compiled(self._decode)
        self._measured = _compiled(self._measure)

    # --- one step, in the order in which the network draws -------------------------------

    def look(self, x: Any, canvas: Any, h_dec: Any) -> tuple[Any, filterbank.Window | None]:
        """Read the image, and what is still wrong with the canvas: equations 3, 4 and 27.

        Args:
            x: Images of 0 and 1, shape (B, H, W).
            canvas: Logits, shape (B, H, W).
            h_dec: Output of the decoder in the step before, shape (B, units).

        Returns:
            The glimpse, shape (B, glimpse_size): the image's part, then the error image's; and
            the window, None without attention.
        """
        x_hat = x - ops.sigmoid(canvas)
        images = ops.stack([x, x_hat], axis=1)  # (B, 2, H, W)
        view = None
        if self.config.read_attention:
            view, F_y, F_x = self._filters(self.read_window(h_dec), self.config.read_size)
            images = filterbank.read(images, F_y, F_x, view.gamma)  # (B, 2, N, N)
        return ops.reshape(images, (-1, self.config.glimpse_size)), view

    def encode_step(self, glimpse: Any, h_dec: Any, state: tuple) -> tuple[Any, Any, tuple]:
        """Say which latents the glimpse suggests: equations 1, 2 and 5.

        Args:
            glimpse: Shape (B, glimpse_size).
            h_dec: Output of the decoder in the step before, shape (B, units).
            state: The encoder's h and c, each of shape (B, units).

        Returns:
            Mean and logarithm of the standard deviation of Q, each (B, latent_size), and the
            encoder's next state.
        """
        state = self.encoder(ops.concatenate([glimpse, h_dec], axis=-1), state)
        h_enc, limit = state[0], filterbank.LOG_LIMIT
        return self.mu(h_enc), ops.clip(self.log_sigma(h_enc), -limit, limit), state

    def draw_step(self, z: Any, canvas: Any, state: tuple) -> tuple:
        """Draw once more: equations 7, 8, 18 and 29.

        Args:
            z: Latents, shape (B, latent_size).
            canvas: Logits, shape (B, H, W).
            state: The decoder's h and c, each of shape (B, units).

        Returns:
            The canvas, the decoder's next h and c, and the window, None without attention.
        """
        state = self.decoder(z, state)
        h_dec, view = state[0], None
        patch = self.write_patch(h_dec)
        if self.config.write_attention:
            size = self.config.write_size
            view, F_y, F_x = self._filters(self.write_window(h_dec), size)
            patch = filterbank.write(ops.reshape(patch, (-1, size, size)), F_y, F_x, view.gamma)
        return canvas + ops.reshape(patch, ops.shape(canvas)), state, view

    def _filters(self, parameters: Any, size: int) -> tuple[filterbank.Window, Any, Any]:
        """Return the window that five numbers describe, with its filters F_y and F_x."""
        sizes = {"size": size, "height": self.config.height, "width": self.config.width}
        view = filterbank.window(parameters, **sizes)
        return view, *filterbank.filterbank(view, **sizes)

    # --- all steps -----------------------------------------------------------------------

    def trace(self, x: Any, eps: Any) -> dict:
        """Draw given images, and keep everything that happens on the way.

        Args:
            x: Images of 0 and 1, shape (B, H, W).
            eps: Standard normal noise, shape (T, B, latent_size).

        Returns:
            ``canvases`` (logits after each step), ``z``, ``mu``, ``log_sigma``, and with
            attention ``read_windows`` and ``write_windows``, each (T, B, …); and ``kl``, each
            step's divergence in nats, shape (T, B).
        """
        steps: dict[str, list] = {}
        canvas, encoder_state, decoder_state = ops.zeros_like(x), self._blank(x), self._blank(x)
        for t in range(self.config.steps):
            h_dec = decoder_state[0]
            glimpse, reading = self.look(x, canvas, h_dec)
            mu, log_sigma, encoder_state = self.encode_step(glimpse, h_dec, encoder_state)
            z = mu + ops.exp(log_sigma) * eps[t]
            canvas, decoder_state, writing = self.draw_step(z, canvas, decoder_state)
            happened = {"canvases": canvas, "z": z, "mu": mu, "log_sigma": log_sigma}
            happened["kl"] = gaussian_kl(mu, log_sigma)
            _keep(steps, happened, reading, writing)
        return {name: ops.stack(values) for name, values in steps.items()}

    def _decode(self, z: Any) -> dict:
        """Draw from given latents, shape (T, B, latent_size); see `trace`."""
        steps: dict[str, list] = {}
        canvas = ops.zeros((ops.shape(z)[1], self.config.height, self.config.width), z.dtype)
        state = self._blank(canvas)
        for t in range(self.config.steps):
            canvas, state, writing = self.draw_step(z[t], canvas, state)
            _keep(steps, {"canvases": canvas}, None, writing)
        return {name: ops.stack(values) for name, values in steps.items()}

    def _blank(self, like: Any) -> tuple[Any, Any]:
        """Return the h and c that both LSTMs begin with, for a batch like `like`."""
        zeros = ops.zeros((ops.shape(like)[0], self.config.units), dtype=like.dtype)
        return zeros, zeros

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


def _keep(steps: dict, happened: dict, reading: Any, writing: Any) -> None:
    """Append what happened in one step to the lists of all steps."""
    for name, view in (("read_windows", reading), ("write_windows", writing)):
        if view is not None:
            happened[name] = ops.concatenate(view, axis=-1)  # (B, 5)
    for name, value in happened.items():
        steps.setdefault(name, []).append(value)


def _compiled(function: Callable) -> Callable:
    """Compile a function for TensorFlow; other backends run it as it is."""
    if keras.backend.backend() != "tensorflow":
        return function
    import tensorflow as tf

    return tf.function(function, reduce_retracing=True)

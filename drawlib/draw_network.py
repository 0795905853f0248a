"""The network of DRAW: its layers and its equations.

Gregor, Danihelka, Graves, Rezende and Wierstra, "DRAW: A recurrent neural network for image
generation" (2015). One step reads: pixels and canvas → error image → glimpse → encoder →
latent → decoder → patch → canvas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from drawlib import filterbank
from drawlib.checks import argument_error, check_integer
from drawlib.losses import gaussian_kl
from drawlib.lstm import LSTM

MOST = 10_000  # of anything in a configuration: more is a mistake


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
            check_integer(name, getattr(self, name), at_least=1, at_most=MOST)
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

    @property
    def parameters(self) -> int:
        """How many numbers the network's weights are."""
        encoder = self.glimpse_size + 2 * self.units + 1  # what one gate of an LSTM reads, and 1
        decoder = self.latent_size + self.units + 1
        patch = self.write_size**2 if self.write_attention else self.height * self.width
        windows = 5 * (self.read_attention + self.write_attention)
        read_out = 2 * self.latent_size + windows + patch
        return 4 * self.units * (encoder + decoder) + (self.units + 1) * read_out


class DRAWNetwork(keras.Model):
    """The layers of DRAW, and what they compute: one step of drawing, and all T."""

    def __init__(self, config: DRAWConfig, *, seed: int | None = None, **options: Any) -> None:
        """Make the layers; the arguments are those of `drawlib.draw.DRAW`."""
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
        self.built = True

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

    def trace_decoder(self, z: Any) -> dict:
        """Draw from given latents, without an image to look at.

        Args:
            z: Shape (T, B, latent_size).

        Returns:
            ``canvases``, and with attention ``write_windows``, as `trace` returns them.
        """
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


def _keep(steps: dict, happened: dict, reading: Any, writing: Any) -> None:
    """Append what happened in one step to the lists of all steps."""
    for name, view in (("read_windows", reading), ("write_windows", writing)):
        if view is not None:
            happened[name] = ops.concatenate(view, axis=-1)  # (B, 5)
    for name, value in happened.items():
        steps.setdefault(name, []).append(value)

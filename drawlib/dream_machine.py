"""The dream machine: DRAW's decoder, small enough to run in a page, and the page's numbers.

The two networks that come with the package, their decoders alone, are kept once more in
``pretrained/dream-machine.npz``, with 6 or 7 bits for most of their numbers (see
`drawlib.quantize`). ``python -m tools.dream_weights`` makes that file.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import matplotlib.style
import numpy as np
from matplotlib.figure import Figure

from drawlib.checkpoints import read_checkpoint
from drawlib.checks import check_integer, check_number
from drawlib.explorable import Explorable, still_picture
from drawlib.filterbank import LOG_LIMIT
from drawlib.plots import INK
from drawlib.quantize import packed

NETWORKS = ("draw-attention", "draw-no-attention")
DREAMS = 16
TEMPERATURES = (0.0, 2.0)
MOST_SEED = 2**32 - 1


def dream_machine(seed: int = 0, *, temperature: float = 1.0) -> Explorable:
    """Let the two trained networks dream digits in a page, with a window and without.

    The reader asks for dreams and sees them drawn step by step, turns the temperature, bends a
    dream along two latent directions, and tells it to a friend by its seed; `latents` gives the
    same latents in Python.

    Args:
        seed: Of the dreams at the start, 0 to 4,294,967,295.
        temperature: What the latents are multiplied with at the start, 0 to 2.

    Returns:
        The explorable.

    Raises:
        ValueError: If an argument is out of its range.
    """
    seed = check_integer("seed", seed, at_least=0, at_most=MOST_SEED)
    low, high = TEMPERATURES
    temperature = check_number("temperature", temperature, at_least=low, at_most=high)
    networks = [decoder(name) for name in NETWORKS]
    z = latents(seed, temperature=temperature)
    return Explorable(
        "dream-machine",
        alt=(
            "Two sheets of sixteen handwritten digits each, dreamt by two networks from the same "
            "random numbers: on the left one that draws through a window, on the right one "
            "without."
        ),
        still=_still([draw(weights, z)[0][-1] for weights, _ in networks]),
        data={
            "networks": [_packed(weights, card) for weights, card in networks],
            "temperatures": TEMPERATURES,
            "start": {"seed": seed, "temperature": temperature},
        },
    )


def decoder(name: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read the rounded decoder of a network that comes with the package.

    Args:
        name: One of `NETWORKS`.

    Returns:
        Its weights by name, and what is said of it: ``config``, and ``bound`` in nats. A kernel
        that holds whole numbers has a ``…_scale`` beside it, one for each of its columns.
    """
    file = Path(str(resources.files("drawlib"))) / "pretrained" / "dream-machine.npz"
    arrays, card = read_checkpoint(file)
    own = {key.partition("/")[2]: array for key, array in arrays.items() if _of(key) == name}
    return own, card["networks"][name]


def _of(key: str) -> str:
    return key.partition("/")[0]


def kernels(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return what rounded weights stand for, under the names that `DRAW` has for them.

    Args:
        weights: As `decoder` returns them.

    Returns:
        ``decoder.kernel``, ``decoder.bias``, ``write_patch.kernel`` and so on, float64.
    """

    def whole(name: str) -> np.ndarray:
        scale = weights.get(f"{name}_scale")
        return weights[name].astype(np.float64) * (1 if scale is None else scale)

    found = {
        "decoder.kernel": np.concatenate([whole("decoder_z"), whole("decoder_h")]),
        "decoder.bias": whole("decoder_bias"),
    }
    for layer in ("write_patch", "write_window"):
        if layer in weights:
            found |= {f"{layer}.kernel": whole(layer), f"{layer}.bias": whole(f"{layer}_bias")}
    return found


def latents(seed: int, *, temperature: float = 1.0) -> np.ndarray:
    """Return the latents that the page draws from, so that a dream can be told from there.

    The generator is mulberry32 with the Box-Muller transform: the same numbers in every
    language that counts to 2³².

    Args:
        seed: 0 to 4,294,967,295, as the page shows it.
        temperature: What they are multiplied with; 1 is the prior.

    Returns:
        Shape (T, 16, latent_size) = (10, 16, 10), as `DRAW.decode` takes them.

    Raises:
        ValueError: If an argument is out of its range.
    """
    state = check_integer("seed", seed, at_least=0, at_most=MOST_SEED)
    temperature = check_number("temperature", temperature, at_least=0)
    steps = latent_size = 10
    uniform = np.empty(DREAMS * steps * latent_size)
    ones = 2**32 - 1
    for k in range(len(uniform)):
        state = state + 0x6D2B79F5 & ones
        mixed = (state ^ state >> 15) * (state | 1) & ones
        mixed ^= mixed + ((mixed ^ mixed >> 7) * (mixed | 61) & ones) & ones
        uniform[k] = (mixed ^ mixed >> 14) / 2**32
    radius, angle = np.sqrt(-2 * np.log(1 - uniform[::2])), 2 * np.pi * uniform[1::2]
    pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return temperature * pairs.reshape(DREAMS, steps, latent_size).swapaxes(0, 1)


def draw(weights: dict[str, np.ndarray], z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Draw from latents in float64, so that every machine draws the same picture.

    It is `DRAWNetwork.trace_decoder`, without Keras: equations 7, 8, 18 and 29.

    Args:
        weights: As `decoder` returns them.
        z: Shape (T, B, latent_size).

    Returns:
        The probability of ink after each step, shape (T, B, 28, 28); and the LSTM's input in
        each step and after the last, the decoder's h, shape (T + 1, B, units).
    """
    return draw_with(kernels(weights), z)


def draw_with(found: dict[str, np.ndarray], z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Draw as `draw` does, with weights under the names that `DRAW` has for them."""
    units = len(found["decoder.bias"]) // 4
    batch, side = z.shape[1], 28
    h = c = np.zeros((batch, units))
    canvas = np.zeros((batch, side, side))
    canvases, outputs = [], [h]
    for z_t in z:
        gates = np.concatenate([z_t, h], axis=1) @ found["decoder.kernel"] + found["decoder.bias"]
        i, f, g, o = np.split(gates, 4, axis=1)
        c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
        h = _sigmoid(o) * np.tanh(c)
        patch = h @ found["write_patch.kernel"] + found["write_patch.bias"]
        if "write_window.kernel" in found:
            five = h @ found["write_window.kernel"] + found["write_window.bias"]
            patch = _write(patch, five, side)
        canvas = canvas + patch.reshape(canvas.shape)
        canvases.append(_sigmoid(canvas))
        outputs.append(h)
    return np.stack(canvases), np.stack(outputs)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(x, -500, 500)))


def _write(patch: np.ndarray, five: np.ndarray, side: int) -> np.ndarray:
    """Put patches on the canvas through their windows: equations 19-26 and 29."""
    size = round(patch.shape[1] ** 0.5)
    sigma2, delta, gamma = np.exp(np.clip(five[:, 2:], -LOG_LIMIT, LOG_LIMIT)).T
    delta = delta * (side - 1) / max(size - 1, 1)
    grid = np.arange(size) - (size - 1) / 2
    a = np.arange(side)

    def filters(tilde: np.ndarray) -> np.ndarray:
        mu = (side - 1) / 2 * (tilde[:, None] + 1) + grid * delta[:, None]
        nearest = np.clip(mu, 0, side - 1)
        squares = (a - nearest[..., None]) * (a + nearest[..., None] - 2 * mu[..., None])
        weights = np.exp(-squares / (2 * sigma2[:, None, None]))
        return weights / weights.sum(axis=-1, keepdims=True)

    grids = patch.reshape(-1, size, size)
    written = np.einsum("bnh,bnm,bmw->bhw", filters(five[:, 1]), grids, filters(five[:, 0]))
    return written / gamma[:, None, None]


def _packed(weights: dict[str, np.ndarray], card: dict[str, Any]) -> dict[str, Any]:
    """Write a decoder as JSON can hold it: ``decoder.js`` unpacks it."""
    config = card["config"]
    return {
        "layers": {name: packed(array) for name, array in weights.items()},
        "steps": config["steps"],
        "latent": config["latent_size"],
        "units": config["units"],
        "side": config["height"],
        "size": config["write_size"] if config["write_attention"] else 0,
        "bound": card["bound"],
    }


def _still(dreams: list[np.ndarray]) -> bytes:
    """Draw the finished dreams of both networks, side by side."""
    with matplotlib.style.context("default", after_reset=True):
        figure = Figure(figsize=(7.2, 3.9), dpi=100)
        for left, title, images in zip(
            (0.005, 0.515), ("with a window", "without"), dreams, strict=True
        ):
            axes = figure.add_axes((left, 0.005, 0.48, 0.48 * 7.2 / 3.9))
            tiles = np.pad(images, ((0, 0), (1, 1), (1, 1)))
            sheet = tiles.reshape(4, 4, 30, 30).swapaxes(1, 2).reshape(120, 120)
            axes.imshow(sheet, cmap="Greys", vmin=0, vmax=1, interpolation="nearest")
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_color("#d4d6d9")
            figure.text(left, 0.93, title, color=INK, fontsize=12)
        return still_picture(figure, colours=32)

"""The differentiable magnifying glass: a grid of Gaussian filters that reads and writes.

Section 3.2 of Gregor et al., "DRAW: A recurrent neural network for image generation" (2015).
Pixels are counted from 0, so that the centre of an image of width W lies at (W − 1)/2.

=========  ================================================================================
symbol     meaning
=========  ================================================================================
B, H, W    batch, height and width of the image, in pixels
N          width of the window, in filters: a glimpse is N×N
g_x, g_y   centre of the window, in pixels: column and row
delta      stride: the distance from one filter to the next, in pixels
sigma2     variance of each filter, in square pixels
gamma      intensity: what a glimpse is multiplied with
F_x, F_y   the filters over columns, (B, N, W), and over rows, (B, N, H)
=========  ================================================================================
"""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
from keras import ops

# Each exponential takes a logarithm between −8 and 8: from a three-thousandth to three
# thousand. No picture needs more, and float32 overflows only beyond 88.
LOG_LIMIT = 8.0


class Window(NamedTuple):
    """Where a window lies and what it does: five arrays of shape (B, 1)."""

    g_x: Any
    g_y: Any
    delta: Any
    sigma2: Any
    gamma: Any


def positive(log_value: Any) -> Any:
    """Return exp of a logarithm that is kept between −8 and 8, so that it cannot overflow.

    Args:
        log_value: Any shape.

    Returns:
        The same shape, between 0.000335 and 2,981.
    """
    return ops.exp(ops.clip(log_value, -LOG_LIMIT, LOG_LIMIT))


def window(parameters: Any, *, size: int, height: int, width: int) -> Window:
    r"""Turn the five numbers of a linear layer into a window: equations 21-24.

    .. math::
        g_x = \tfrac{W - 1}{2} (\tilde g_x + 1), \quad
        g_y = \tfrac{H - 1}{2} (\tilde g_y + 1), \quad
        \delta = \tfrac{\max(H, W) - 1}{N - 1} \tilde\delta

    The paper has W + 1 and H + 1, for pixels counted from 1. With five zeros the window covers
    the longer side of the image, from the first pixel to the last.

    Args:
        parameters: :math:`(\tilde g_x, \tilde g_y, \log\sigma^2, \log\tilde\delta, \log\gamma)`,
            shape (B, 5).
        size: N, the filters along each side, at least 1. A window of one filter has no stride,
            so that its delta has no effect.
        height: H, in pixels.
        width: W, in pixels.

    Returns:
        The window, in float32 where `parameters` are of half precision.
    """
    if keras.backend.standardize_dtype(parameters.dtype) in ("float16", "bfloat16"):
        # The square of 256 pixels overflows float16; bfloat16 has 1/16 of a pixel at 27.
        parameters = ops.cast(parameters, "float32")
    g_x, g_y, log_sigma2, log_delta, log_gamma = ops.split(parameters, 5, axis=-1)  # (B, 1) each
    return Window(
        g_x=(width - 1) / 2 * (g_x + 1),
        g_y=(height - 1) / 2 * (g_y + 1),
        delta=(max(height, width) - 1) / max(size - 1, 1) * positive(log_delta),
        sigma2=positive(log_sigma2),
        gamma=positive(log_gamma),
    )


def centres(g: Any, delta: Any, size: int) -> Any:
    r"""Return where the filters lie along one axis: equations 19-20, counted from 0.

    .. math:: \mu_i = g + (i - \tfrac{N - 1}{2}) \delta, \quad i = 0 \dots N - 1

    Args:
        g: Centre of the window, in pixels, shape (B, 1).
        delta: Stride, in pixels, shape (B, 1).
        size: N, at least 1.

    Returns:
        Shape (B, N), in pixels.
    """
    return g + (ops.arange(size, dtype=delta.dtype) - (size - 1) / 2) * delta


def filters(mu: Any, sigma2: Any, pixels: int) -> Any:
    r"""Return one row of weights over the pixels for each filter: equations 25-26.

    .. math:: F[i, a] = \tfrac1Z \exp\!\left(-\tfrac{(a - \mu_i)^2}{2\sigma^2}\right),
        \quad \sum_a F[i, a] = 1

    The normalisation is a softmax, so that a filter far outside the image still has weights, on
    the nearest pixels. It has a gradient, too, that can bring it back, unless it is so sharp
    that one pixel has all the weight that float32 can tell: d pixels outside, that is where
    sigma2 is below about (2d + 1)/175.

    Args:
        mu: Where the filters lie, in pixels, shape (B, N).
        sigma2: Their variance, in square pixels, shape (B, 1).
        pixels: How many pixels the axis has, at least 1.

    Returns:
        Shape (B, N, pixels); each row sums to one.
    """
    a, mu = ops.arange(pixels, dtype=mu.dtype), ops.expand_dims(mu, -1)
    # (a − mu)² less the square at the nearest point of the image. A softmax forgets what all
    # pixels share; far outside, that part is huge, and its rounding would drown the gradient.
    nearest = ops.stop_gradient(ops.clip(mu, 0, pixels - 1))
    squares = (a - nearest) * (a + nearest - 2 * mu)  # (B, N, pixels)
    return ops.softmax(-squares / (2 * ops.expand_dims(sigma2, -1)), axis=-1)


def filterbank(view: Window, *, size: int, height: int, width: int) -> tuple[Any, Any]:
    """Return the filters of a window over the rows and over the columns of an image.

    Args:
        view: The window.
        size: N, at least 1.
        height: H, in pixels.
        width: W, in pixels.

    Returns:
        F_y, shape (B, N, H), and F_x, shape (B, N, W).
    """
    F_y = filters(centres(view.g_y, view.delta, size), view.sigma2, height)
    F_x = filters(centres(view.g_x, view.delta, size), view.sigma2, width)
    return F_y, F_x


def read(images: Any, F_y: Any, F_x: Any, gamma: Any) -> Any:
    r"""Take a glimpse of several images through one window: equation 27.

    .. math:: \text{read}(x) = \gamma F_y\, x\, F_x^\top

    Args:
        images: C images for each example, shape (B, C, H, W).
        F_y: Filters over the rows, shape (B, N, H).
        F_x: Filters over the columns, shape (B, N, W).
        gamma: Intensity, shape (B, 1).

    Returns:
        Shape (B, C, N, N).
    """
    # Columns first, along the pixels that lie side by side in memory: a tenth faster than rows.
    columns = ops.einsum("bchw,bmw->bchm", images, F_x)
    return ops.reshape(gamma, (-1, 1, 1, 1)) * ops.einsum("bnh,bchm->bcnm", F_y, columns)


def write(patch: Any, F_y: Any, F_x: Any, gamma: Any) -> Any:
    r"""Put a patch back onto an image: equation 29.

    .. math:: \text{write}(w) = \tfrac1\gamma F_y^\top w\, F_x

    Args:
        patch: What to draw, shape (B, N, N).
        F_y: Filters over the rows, shape (B, N, H).
        F_x: Filters over the columns, shape (B, N, W).
        gamma: Intensity, shape (B, 1).

    Returns:
        Shape (B, H, W).
    """
    rows = ops.einsum("bnh,bnm->bhm", F_y, patch)
    return ops.einsum("bhm,bmw->bhw", rows, F_x) / ops.expand_dims(gamma, -1)

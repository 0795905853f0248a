"""The objectives that the models minimise: all from logits, all in nats."""

from __future__ import annotations

from typing import Any

from keras import ops


def discriminator_loss(real_logits: Any, forged_logits: Any) -> Any:
    r"""Return what a discriminator minimises: the cross entropy of telling real from forged.

    .. math:: L_D = -\tfrac1M \sum_i \log D(x_i) - \tfrac1M \sum_i \log(1 - D(G(z_i)))

    with :math:`D = \sigma(\text{logit})`: equation 1 of Goodfellow et al. (2014), negated.
    At :math:`D = ½` it is 2 log 2 = 1.386.

    Args:
        real_logits: D's logits on real examples, shape (..., M, 1).
        forged_logits: D's logits on forged examples, shape (..., M, 1).

    Returns:
        The loss in nats, averaged over the minibatch, shape (...).
    """
    # −log σ(a) = softplus(−a) and −log(1 − σ(a)) = softplus(a): no logarithm of zero, and
    # a gradient however sure D is.
    real = ops.mean(ops.softplus(-real_logits), axis=(-2, -1))
    return real + ops.mean(ops.softplus(forged_logits), axis=(-2, -1))


def generator_loss(forged_logits: Any) -> Any:
    r"""Return what a generator minimises: −log D on its forgeries ("non-saturating").

    .. math:: L_G = -\tfrac1M \sum_i \log D(G(z_i))

    Goodfellow et al. (2014), end of section 3. At :math:`D = ½` it is log 2 = 0.693.

    Args:
        forged_logits: D's logits on forged examples, shape (..., M, 1).

    Returns:
        The loss in nats, averaged over the minibatch, shape (...).
    """
    return ops.mean(ops.softplus(-forged_logits), axis=(-2, -1))


def bernoulli_loss(logits: Any, x: Any) -> Any:
    r"""Return how many nats a black-and-white image costs, given the logit of each pixel.

    .. math:: -\log p(x) = \sum_a \log(1 + e^{c_a}) - x_a c_a

    The cross entropy between x and :math:`\sigma(c)`, computed so that no logarithm of zero
    can occur: equation 9 of Gregor et al. (2015).

    Args:
        logits: c, shape (..., H, W).
        x: Pixels, each 0 or 1, shape (..., H, W).

    Returns:
        The loss in nats, summed over the pixels, shape (...).
    """
    return ops.sum(ops.softplus(logits) - x * logits, axis=(-2, -1))


def gaussian_kl(mu: Any, log_sigma: Any) -> Any:
    r"""Return the divergence of independent Gaussians from the standard normal.

    .. math:: \mathrm{KL} = \tfrac12 \sum_d \mu_d^2 + \sigma_d^2 - 2\log\sigma_d - 1

    One step of equation 11 of Gregor et al. (2015), with the constant once per latent
    dimension, so that it is 0 where the two agree.

    Args:
        mu: Means, shape (..., Z).
        log_sigma: Logarithms of the standard deviations, shape (..., Z).

    Returns:
        The divergence in nats, shape (...).
    """
    sigma2 = ops.exp(2 * log_sigma)
    return 0.5 * ops.sum(mu**2 + sigma2 - 2 * log_sigma - 1, axis=-1)

"""The perceptron: against sums written out, its start, its seeds, and an ensemble of it."""

import numpy as np
import pytest

from drawlib.perceptron import Perceptron

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_perceptron_is_the_sums_written_out(activation):
    net = Perceptron((2, 3, 4, 1), activation=activation, seed=0)
    for bias in net.biases:
        bias.assign(RNG.normal(size=bias.shape))
    x = RNG.normal(size=(5, 2)).astype("float32")
    bend = {"tanh": np.tanh, "relu": lambda a: max(a, 0.0)}[activation]
    kernels, biases = [k.numpy() for k in net.kernels], [b.numpy() for b in net.biases]
    for row, output in zip(x, net(x).numpy(), strict=True):
        values = list(row)
        for layer, (kernel, bias) in enumerate(zip(kernels, biases, strict=True)):
            sums = [
                sum(values[i] * kernel[i, j] for i in range(len(values))) + bias[0, j]
                for j in range(kernel.shape[1])
            ]
            values = sums if layer == 2 else [bend(a) for a in sums]
        np.testing.assert_allclose(output, values, rtol=1e-5, atol=1e-6)


def test_perceptron_starts_as_glorot_proposed():
    net = Perceptron((40, 60, 1), lead=(50,), seed=0)
    limit = np.sqrt(6 / 100)
    kernel = net.kernels[0].numpy()
    assert kernel.shape == (50, 40, 60)
    assert abs(kernel).max() <= limit
    assert kernel.std() == pytest.approx(limit / np.sqrt(3), rel=0.01)
    assert all(not bias.numpy().any() for bias in net.biases)
    assert not np.array_equal(kernel[0], kernel[1])  # every game has weights of its own


def test_perceptron_is_the_same_for_the_same_seed():
    for one, other in zip(
        *(Perceptron((1, 6, 5, 1), seed=3).get_weights() for _ in "ab"), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    assert Perceptron((1, 6, 1)).get_weights()[0].any()
    assert len({float(Perceptron((1, 6, 1)).get_weights()[0][0, 0]) for _ in range(4)}) == 4


def test_perceptrons_of_an_ensemble_may_share_inputs():
    net = Perceptron((1, 3, 1), lead=(4,), seed=0)
    x = RNG.normal(size=(7, 1)).astype("float32")
    np.testing.assert_allclose(net(x), net(np.stack([x] * 4)), rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"sizes": (1,)}, "sizes"),
        ({"sizes": (1, 0, 1)}, "sizes"),
        ({"sizes": (1, 2.5, 1)}, "sizes"),
        ({"sizes": (1, 6, 1), "activation": "sine"}, "activation"),
    ],
)
def test_perceptron_refuses(arguments, named):
    with pytest.raises(ValueError, match=f"expected {named} to be .*; received"):
        Perceptron(**arguments)


@pytest.mark.parametrize("shape", [(5, 2), (1,)])
def test_perceptron_refuses_inputs_of_another_size(shape):
    with pytest.raises(ValueError, match=r"expected x to be of shape \(\.\.\., M, 1\); received"):
        Perceptron((1, 6, 1))(np.zeros(shape, "float32"))

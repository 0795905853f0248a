"""Rounded layers, 16-bit numbers, and Huffman's code."""

from __future__ import annotations

import numpy as np
import pytest

from drawlib.quantize import fine, round_layer, shortest_code, to_16_bits


def layer(seed=0, n_in=24, n_out=30):
    """A layer whose inputs go up and down together, with means that are not 0."""
    rng = np.random.default_rng(seed)
    kernel, bias = rng.standard_normal((n_in, n_out)), rng.standard_normal(n_out)
    inputs = rng.standard_normal((500, 4)) @ rng.standard_normal((4, n_in)) + 0.3
    inputs += 0.05 * rng.standard_normal(inputs.shape)
    return kernel, bias, np.append(inputs, np.ones((500, 1)), 1)


def changed(kernel, bias, inputs, rounded):
    before = inputs @ np.vstack([kernel, bias])
    after = inputs @ np.vstack([rounded.numbers * rounded.scale, rounded.bias])
    return np.sqrt(np.mean((before - after) ** 2))


@pytest.mark.parametrize("bits", [2, 5, 8])
def test_what_rounding_changes_is_made_good(bits):
    kernel, bias, inputs = layer()
    rounded = round_layer(kernel, bias, inputs, bits=bits)
    assert rounded.numbers.dtype == np.int8
    assert abs(rounded.numbers).max() <= 2 ** (bits - 1) - 1
    plain = rounded._replace(numbers=np.round(kernel / rounded.scale), bias=bias)
    assert changed(kernel, bias, inputs, rounded) < 0.4 * changed(kernel, bias, inputs, plain)


def test_where_nothing_can_be_made_good_it_is_plain_rounding():
    kernel, bias, _ = layer()
    alone = np.eye(25) * 5.0  # one input at a time
    rounded = round_layer(kernel, bias, alone, bits=6)
    np.testing.assert_array_equal(rounded.numbers, np.round(kernel / rounded.scale))
    np.testing.assert_allclose(rounded.bias, bias)


def test_a_layer_with_an_output_that_is_always_nought():
    kernel, bias, inputs = layer()
    kernel[:, 3] = 0
    rounded = round_layer(kernel, bias, inputs, bits=6)
    assert (rounded.numbers[:, 3] == 0).all()
    assert np.isfinite(rounded.bias).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"bits": 1}, "bits to be a whole number, at least 2"),
        ({"bits": 9}, "bits to be a whole number"),
        ({"bias": np.zeros(3)}, r"bias to be .* shape \(30\)"),
        ({"inputs": np.zeros((5, 24))}, r"inputs to be .* shape \(K, 25\)"),
        ({"kernel": np.full((24, 30), np.nan)}, "kernel to be finite"),
    ],
)
def test_bad_arguments(change, said):
    kernel, bias, inputs = layer()
    given = {"kernel": kernel, "bias": bias, "inputs": inputs, "bits": 6, **change}
    with pytest.raises(ValueError, match=f"expected {said}.*; received"):
        round_layer(**given)


def test_sixteen_bits():
    array = np.random.default_rng(1).standard_normal((7, 5))
    numbers, unit = to_16_bits(array)
    assert numbers.dtype == np.int16
    assert abs(numbers).max() == 32767
    np.testing.assert_allclose(fine(array), array, atol=unit / 2 * 1.000001, rtol=0)
    np.testing.assert_array_equal(to_16_bits(np.zeros(3))[0], 0)


def read_back(code, length):
    """Read a code as slowly and plainly as can be: from a table of all words."""
    table, word, symbols = {}, 0, iter(code.symbols)
    for size, count in enumerate(code.counts, 1):
        word <<= 1
        for _ in range(count):
            table[f"{word:0{size}b}"] = next(symbols)
            word += 1
    assert word == 1 << len(code.counts), "the words do not fill the tree"
    bits, found, at = "".join(f"{byte:08b}" for byte in code.words), [], 0
    for _ in range(length):
        size = next(n for n in range(1, 40) if bits[at : at + n] in table)
        found.append(table[bits[at : at + size]])
        at += size
    assert len(bits) - at < 8
    return found, at


@pytest.mark.parametrize("spread", [0.2, 1, 9, 40])
def test_a_code_is_read_back_and_short(spread):
    numbers = np.round(np.random.default_rng(2).normal(0, spread, 3000)).astype(int)
    code = shortest_code(numbers.reshape(30, 100))
    found, bits = read_back(code, numbers.size)
    np.testing.assert_array_equal(found, numbers)
    share = np.unique(numbers, return_counts=True)[1] / numbers.size
    entropy = -(share * np.log2(share)).sum()
    assert entropy <= bits / numbers.size <= entropy + max(share) + 0.09  # Gallager 1978


def test_a_code_needs_two_kinds_of_numbers():
    code = shortest_code(np.array([5, 5, -3]))
    assert (code.counts, code.symbols, code.words) == ([2], [-3, 5], bytes([0b11000000]))
    with pytest.raises(ValueError, match="expected numbers to be of two kinds at least"):
        shortest_code(np.ones((3, 3)))


def test_long_words():
    """Frequencies that grow as Fibonacci's numbers give the deepest tree there is."""
    counts = [1, 1]
    while len(counts) < 20:
        counts.append(counts[-1] + counts[-2])
    numbers = np.repeat(np.arange(20), counts)
    code = shortest_code(numbers)
    assert len(code.counts) == 19
    assert read_back(code, numbers.size)[0] == numbers.tolist()

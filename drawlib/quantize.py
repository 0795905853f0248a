"""Weights with few bits a number, for places where a megabyte is a lot."""

from __future__ import annotations

import base64
import heapq
from typing import Any, NamedTuple

import numpy as np

from drawlib.checks import argument_error, check_array, check_integer

FINE = 32767  # the largest of 16 bits with a sign


class Rounded(NamedTuple):
    """A linear layer whose kernel is whole numbers times one scale for each output.

    Attributes:
        numbers: Shape (n_in, n_out), int8.
        scale: Shape (n_out,): the kernel is ``numbers * scale``.
        bias: Shape (n_out,).
    """

    numbers: np.ndarray
    scale: np.ndarray
    bias: np.ndarray


def round_layer(kernel: np.ndarray, bias: np.ndarray, inputs: np.ndarray, *, bits: int) -> Rounded:
    """Round a layer's kernel so that what it says of its usual inputs changes least.

    One row of the kernel is rounded after the other. What the rounding changes in the layer's
    outputs, the rows that are still to come, and the bias, make good as well as they can: the
    inputs go up and down together, so that much of it can be made good. It is the method of
    Frantar et al., "GPTQ" (2022), section 3.

    Args:
        kernel: Shape (n_in, n_out).
        bias: Shape (n_out,). It is not rounded.
        inputs: Examples of what the layer meets, shape (K, n_in + 1); the last column is what
            the bias is multiplied with, 1 for a layer that is used once.
        bits: Bits of a number, 2 to 8.

    Returns:
        The layer, rounded.

    Raises:
        ValueError: If an argument is out of its range.
    """
    bits = check_integer("bits", bits, at_least=2, at_most=8)
    kernel = check_array("kernel", kernel, shape=("n_in", "n_out")).astype(np.float64)
    n_in, n_out = kernel.shape
    bias = check_array("bias", bias, shape=(n_out,)).astype(np.float64)
    inputs = check_array("inputs", inputs, shape=("K", n_in + 1)).astype(np.float64)
    most = 2 ** (bits - 1) - 1
    largest = abs(kernel).max(axis=0)
    scale = fine(np.where(largest > 0, largest, 1) / most)

    moments = inputs.T @ inputs / len(inputs)
    # The rows that matter most come first, while there are many left to make good.
    order = np.append(np.argsort(-np.diag(moments)[:-1], kind="stable"), n_in)
    moments = moments[np.ix_(order, order)]
    moments[np.diag_indices(n_in)] += 3e-4 * np.trace(moments[:-1, :-1]) / n_in + 1e-12
    moments[n_in, n_in] += 1e-9
    spread = np.linalg.cholesky(np.linalg.inv(moments)).T
    rows = np.vstack([kernel, bias])[order]
    numbers = np.zeros((n_in, n_out), np.int8)
    for row in range(n_in):
        whole = np.clip(np.round(rows[row] / scale), -most, most)
        numbers[order[row]] = whole
        error = (rows[row] - whole * scale) / spread[row, row]
        rows[row + 1 :] -= spread[row, row + 1 :, None] * error
    return Rounded(numbers, scale, rows[-1])


def fine(array: np.ndarray) -> np.ndarray:
    """Round to 16 bits a number, with one unit for all: the largest divided by 32,767."""
    numbers, unit = to_16_bits(array)
    return numbers * unit


def to_16_bits(array: np.ndarray) -> tuple[np.ndarray, float]:
    """Return whole numbers (int16, of the array's shape) and the unit that they count."""
    array = np.asarray(array, np.float64)
    unit = float(abs(array).max()) / FINE or 1.0
    return np.round(array / unit).astype(np.int16), unit


class Code(NamedTuple):
    """Whole numbers written with Huffman's code, short words for frequent numbers.

    The words are canonical: those of a length count up, and those of the next length go on
    from there with a 0 at the end. So the lengths are enough to know them all.

    Attributes:
        counts: How many words there are of 1 bit, of 2 bits, and so on.
        symbols: What the words stand for, the shortest first.
        words: The numbers' words, one after another, the first bit the highest of its byte.
    """

    counts: list[int]
    symbols: list[int]
    words: bytes


def shortest_code(numbers: np.ndarray) -> Code:
    """Write whole numbers with as few bits as a word for each of them can have.

    Args:
        numbers: Any shape, at least one entry, at least two different.

    Returns:
        The numbers, row by row, and the code.

    Raises:
        ValueError: If all are the same.
    """
    numbers = np.asarray(numbers).ravel()
    symbols, places, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    if len(symbols) < 2:
        raise argument_error("numbers", "of two kinds at least", numbers)
    # Huffman's tree: the two rarest become one, until there is one. Ties go by age.
    heap = [(int(count), k, [k]) for k, count in enumerate(counts)]
    heapq.heapify(heap)
    lengths = np.zeros(len(symbols), int)
    age = len(symbols)
    while len(heap) > 1:
        (few, _, left), (more, _, right) = heapq.heappop(heap), heapq.heappop(heap)
        lengths[left + right] += 1
        heapq.heappush(heap, (few + more, age, left + right))
        age += 1
    order = np.lexsort((np.arange(len(symbols)), lengths))
    words = np.zeros(len(symbols), np.int64)
    word, length = 0, 0
    for k in order:
        word <<= int(lengths[k]) - length
        length = int(lengths[k])
        words[k] = word
        word += 1
    sizes = lengths[places]
    which = np.repeat(np.arange(len(numbers)), sizes)  # whose bit each bit is
    place = np.arange(len(which)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    bits = words[places][which] >> (sizes[which] - 1 - place) & 1
    return Code(
        counts=np.bincount(lengths)[1:].tolist(),
        symbols=symbols[order].tolist(),
        words=np.packbits(bits.astype(np.uint8)).tobytes(),
    )


def packed(array: np.ndarray) -> dict[str, Any]:
    """Write an array as JSON can hold it; ``unpacked`` in ``browser/packing.js`` reads it.

    Args:
        array: Shape (columns,) or (rows, columns). Whole numbers of 8 bits are written in
            Huffman's code, others with 16 bits and one unit for all.

    Returns:
        ``rows``, ``columns``, ``bytes`` in base64, and what it takes to read them.
    """
    rows, columns = (1, *array.shape)[-2:]
    key: dict[str, Any]
    if array.dtype in (np.int8, np.uint8):
        code = shortest_code(array)
        words, key = code.words, {"counts": code.counts, "symbols": code.symbols}
    else:
        numbers, unit = to_16_bits(array)
        words, key = numbers.astype("<i2").tobytes(), {"unit": unit}
    return {"rows": rows, "columns": columns, **key, "bytes": base64.b64encode(words).decode()}

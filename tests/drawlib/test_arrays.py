"""An array is read only where it is what was expected."""

import io
import zipfile

import numpy as np
import pytest

from drawlib.arrays import byte_size, read_array


def archive(**arrays):
    content = io.BytesIO()
    np.savez(content, **arrays)
    return zipfile.ZipFile(content)


@pytest.mark.parametrize("dtype", ["float32", "uint8", "bool", "int64", "float16"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3)])
def test_an_array_comes_back(dtype, shape):
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    again = read_array(archive(x=array), "x", dtype, shape)
    assert again.dtype == array.dtype
    np.testing.assert_array_equal(again, array)
    assert byte_size(dtype, shape) == array.nbytes


@pytest.mark.parametrize(
    ("array", "what"),
    [
        (np.zeros((3, 2), "float32"), r"x should be float32 of shape \(2, 3\), not"),
        (np.zeros((2, 3)), "x should be float32"),
        (np.zeros((2, 3), ">f4"), "x should be float32"),
        (np.zeros((2, 3), "float32", order="F"), "x should be float32"),
    ],
)
def test_another_array_is_refused(array, what):
    with pytest.raises(ValueError, match=what):
        read_array(archive(x=array), "x", "float32", (2, 3))


def test_one_that_is_not_there():
    with pytest.raises(KeyError):
        read_array(archive(y=np.zeros(1)), "x", "float32", (1,))


@pytest.mark.parametrize("dtype", ["object", "O", "<f4", "str", "datetime64[s]", "complex64"])
def test_only_numbers_are_read(dtype):
    with pytest.raises(ValueError, match="arrays should be of numbers, not"):
        byte_size(dtype, (1,))


@pytest.mark.parametrize("shape", [(-1,), (2.0,), ("2",), (True,), (None,)])
def test_a_shape_that_cannot_be(shape):
    with pytest.raises(ValueError, match="an array cannot be of shape"):
        byte_size("float32", shape)

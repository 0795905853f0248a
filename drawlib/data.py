"""Handwritten digits: MNIST where it can be had, scikit-learn's digits elsewhere."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from drawlib import bundled, download
from drawlib.arrays import read_array
from drawlib.checks import check_array, check_integer
from drawlib.files import write_whole

MNIST_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
MNIST_SHA256 = "06b0d1f124c4e5fa796686ade41a9b778edacc8622f2195a352ef479ad44fc16"
_MNIST_SHAPES = {
    "x_train": (60_000, 28, 28),
    "y_train": (60_000,),
    "x_test": (10_000, 28, 28),
    "y_test": (10_000,),
}
_FILE_NAME = "mnist.npz"
_SIZE_LIMIT = 16_000_000  # bytes; MNIST, compressed, is 11.5 million

# What a source is called. A name begins with "MNIST" exactly where the digits are MNIST.
GIVEN_PATH = "MNIST (given path)"
DATA_FOLDER = "MNIST (DRAWLIB_DATA)"
KERAS_CACHE = "MNIST (Keras cache)"
DOWNLOAD = "MNIST (download)"
BUNDLED = "scikit-learn's 1,797 digits (bundled)"
NOT_HERE_YET = "not here yet (MNIST by download, else the bundled digits)"


@dataclass(frozen=True, eq=False, repr=False)
class Digits:
    """Handwritten digits, split into training and test.

    Attributes:
        x_train: Images, float32 in [0, 1], shape (N, 28, 28); 0 is paper and 1 is ink.
        y_train: The digit on each image, int64 in 0 … 9, shape (N,).
        x_test: Images as in `x_train`, shape (M, 28, 28).
        y_test: Digits as in `y_train`, shape (M,).
        source: Where they come from; begins with ``MNIST`` exactly where they are MNIST.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    source: str

    def __repr__(self) -> str:
        sizes = f"{len(self.x_train):,} + {len(self.x_test):,}"
        return f"Digits({sizes} images, source={self.source!r})"


def load_mnist(path: str | os.PathLike[str] | None = None) -> Digits:
    """Load handwritten digits from the first source that there is, and print which one.

    In this order: `path`; ``mnist.npz`` in the folder that the environment variable
    ``DRAWLIB_DATA`` names; Keras' cache; a download into that cache; and last scikit-learn's
    1,797 digits, placed on 28×28 like MNIST's (see `drawlib.bundled`).

    A download that fails (given up after 8 s where the server hangs) leaves nothing behind,
    and the bundled digits follow, with the reason printed. Where the download succeeds but
    the cache cannot be written, MNIST is used all the same, and that is printed too.

    Args:
        path: A file in the layout of Keras' ``mnist.npz``, or a folder that holds one.

    Returns:
        The digits. Their content is verified: what is called MNIST is MNIST to the byte.

    Raises:
        ValueError: If `path`, or ``DRAWLIB_DATA``, names nothing that exists; or if a file
            that was found, in the cache too, is truncated, altered or unreadable. Such a
            file is left as it is, and no other source is tried.
    """
    file, source = _locate(path)
    if file is not None:
        try:
            arrays = _read_mnist(file)
        except Exception as error:  # a damaged archive raises a dozen different types
            raise ValueError(
                f"expected {str(file)!r} to be MNIST in Keras' layout; received a file that is "
                f"truncated, altered or unreadable ({_reason(error)}). It was left as it is: "
                "move it away, or name another"
            ) from error
        note = ""
    else:
        arrays, source, note = _download_or_bundled(_cached_file())
    print(f"digits: {source}{note}")
    x_train, y_train, x_test, y_test = arrays
    return Digits(_grey(x_train), _labels(y_train), _grey(x_test), _labels(y_test), source)


def digits_source(path: str | os.PathLike[str] | None = None) -> str:
    """Name the source that `load_mnist` would use, without reading or downloading it.

    Args:
        path: As for `load_mnist`.

    Returns:
        A name such as ``MNIST (Keras cache)``. It begins with ``MNIST`` exactly where a file
        is there; otherwise it says that a download would be tried.

    Raises:
        ValueError: If `path`, or ``DRAWLIB_DATA``, names nothing that exists.
    """
    return _locate(path)[1]


def binarize(images: Any, seed: int) -> np.ndarray:
    """Sample black-and-white images from grey ones: each pixel is 1 with its grey level's chance.

    ``binarize(x_test, seed=0)`` is a fixed test set; a new seed for every epoch of training
    is dynamic binarisation (Salakhutdinov and Murray, 2008).

    Args:
        images: Grey levels in [0, 1], any shape.
        seed: A whole number of at least 0. The same seed gives the same pixels.

    Returns:
        Pixels 0 and 1 as float32, in the shape of `images`.

    Raises:
        ValueError: If `images` are not real numbers in [0, 1], or `seed` is no such number.

    Example:
        >>> binarize([[0.0, 1.0]], seed=0)
        array([[0., 1.]], dtype=float32)
    """
    grey = check_array("images", images, shape=(None,), at_least=0, at_most=1)
    rng = np.random.default_rng(check_integer("seed", seed, at_least=0))
    return (rng.random(grey.shape, dtype=np.float32) < grey).astype(np.float32)


def _locate(path: str | os.PathLike[str] | None) -> tuple[Path | None, str]:
    """Find the file that `load_mnist` would read (None: there is none), and its source's name."""
    if path is not None:
        return _named_file("path", path), GIVEN_PATH
    folder = os.environ.get("DRAWLIB_DATA")
    if folder:
        return _named_file("DRAWLIB_DATA", folder), DATA_FOLDER
    cached = _cached_file()
    return (cached, KERAS_CACHE) if os.path.isfile(cached) else (None, NOT_HERE_YET)  # noqa: PTH113


def _named_file(name: str, path: Any) -> Path:
    """Return the file that somebody named, or raise: what is asked for is never replaced."""
    wanted = f"expected {name} to be a file, or a folder that holds {_FILE_NAME}"
    if not isinstance(path, (str, os.PathLike)):
        raise ValueError(f"{wanted}; received {path!r}")
    file = Path(path)
    if os.path.isdir(file):  # noqa: PTH112  unlike Path.is_dir, no error where one may not look
        file /= _FILE_NAME
    if not os.path.isfile(file):  # noqa: PTH113
        raise ValueError(f"{wanted}; received {str(path)!r}, and there is no file {str(file)!r}")
    return file


def _cached_file() -> Path:
    """Return where Keras keeps MNIST, by Keras' own rule (importing Keras would take seconds)."""
    home = os.environ.get("KERAS_HOME")
    if not home:
        base = os.path.expanduser("~")  # noqa: PTH111  Path.home() raises where there is none
        home = str(Path(base if os.access(base, os.W_OK) else tempfile.gettempdir()) / ".keras")
    return Path(os.path.expanduser(home)) / "datasets" / _FILE_NAME  # noqa: PTH111


def _read_mnist(file: Path | io.BytesIO) -> list[np.ndarray]:
    """Read the four arrays, uint8, and verify that they are MNIST; damage raises anything."""
    arrays, digest = [], hashlib.sha256()
    with zipfile.ZipFile(file) as archive:
        for name, shape in _MNIST_SHAPES.items():
            arrays.append(read_array(archive, name, "uint8", shape))
            digest.update(arrays[-1].data)
    if digest.hexdigest() != MNIST_SHA256:
        raise ValueError("its images and labels are not MNIST's")
    return arrays


def _download_or_bundled(cached: Path) -> tuple[list[np.ndarray], str, str]:
    """Fetch MNIST and keep it, or fall back; return arrays, source and what else to say."""
    print("digits: no MNIST here yet, so it is downloaded (11 MB)", flush=True)
    try:
        content = download.fetch(MNIST_URL, size_limit=_SIZE_LIMIT)
    except download.DownloadError as error:
        return bundled.load_bundled(), BUNDLED, f", for the download of MNIST failed: {error}"
    try:
        arrays = _read_mnist(io.BytesIO(content))
    except Exception as error:  # a sign-in page of a hotel, for example
        return (
            bundled.load_bundled(),
            BUNDLED,
            f", for what the download brought is no MNIST: {_reason(error)}",
        )
    try:
        write_whole(cached, content)
    except OSError as error:
        return arrays, DOWNLOAD, f", used but not kept: {error.strerror}"
    return arrays, DOWNLOAD, ""


def _grey(images: np.ndarray) -> np.ndarray:
    return images.astype(np.float32) / np.float32(255)


def _labels(labels: np.ndarray) -> np.ndarray:
    return labels.astype(np.int64)


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__

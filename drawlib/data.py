"""Handwritten digits: MNIST where it can be had, scikit-learn's digits elsewhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

_FILE_NAME = "mnist.npz"

# What a source is called. A name begins with "MNIST" where MNIST is at hand.
GIVEN_PATH = "MNIST (given path)"
DATA_FOLDER = "MNIST (DRAWLIB_DATA)"
KERAS_CACHE = "MNIST (Keras cache)"
NOT_HERE_YET = "not here yet (MNIST by download, else the bundled digits)"


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
    file = file / _FILE_NAME if file.is_dir() else file
    if not file.is_file():
        raise ValueError(f"{wanted}; received {str(path)!r}, and there is no file {str(file)!r}")
    return file


def _cached_file() -> Path:
    """Return where Keras keeps MNIST, by Keras' own rule (importing Keras would take seconds)."""
    home = os.environ.get("KERAS_HOME")
    if home is None:
        base = os.path.expanduser("~")  # noqa: PTH111  Path.home() raises where there is no home
        home = str(Path(base if os.access(base, os.W_OK) else "/tmp") / ".keras")
    return Path(home) / "datasets" / _FILE_NAME

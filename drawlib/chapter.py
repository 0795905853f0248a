"""What the setup cell of every chapter does: it quiets TensorFlow, seeds, sets the style."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path


def begin_chapter() -> int:
    """Prepare a notebook: quiet TensorFlow, seed everything, set the house style.

    Prints the seed and the source of the digits that `load_mnist` would use.

    Returns:
        The seed: 0, or what the environment variable ``DRAWLIB_SEED`` says.

    Raises:
        ValueError: If ``DRAWLIB_SEED`` is not a whole number from 0 to 2**32 - 1, or
            ``DRAWLIB_DATA`` names nothing that exists.
    """
    from drawlib import claims, data, plots, seeding

    source = data.digits_source()
    import_tensorflow_quietly()
    seed = seeding.seed_everything()
    claims.describe_run(seed=seed, data=source)
    plots.use_house_style()
    print(f"seed {seed} · digits: {source}")
    return seed


def import_tensorflow_quietly() -> None:
    """Import TensorFlow, by way of Keras, if that was not done yet: in silence, without oneDNN.

    Settings that somebody made in the environment stay.
    """
    if "tensorflow" in sys.modules:
        return
    # TensorFlow reads these once, on import. With oneDNN two runs of one seed can differ.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    with _no_native_stderr():
        importlib.import_module("keras")


@contextlib.contextmanager
def _no_native_stderr() -> Iterator[None]:
    """Drop what native code writes to standard error.

    While it is imported, TensorFlow logs which drivers it misses, whatever its log level,
    and the stamped lines would be stored with the notebook.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)

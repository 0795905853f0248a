"""What the setup cell of every chapter does."""

from __future__ import annotations

import os
import sys


def begin_chapter() -> int:
    """Prepare a notebook: quiet TensorFlow, seed everything, set the house style.

    Prints the seed and the source of the digits that `load_mnist` would use.

    Returns:
        The seed: 0, or what the environment variable ``DRAWLIB_SEED`` says.

    Raises:
        ValueError: If ``DRAWLIB_SEED`` is not a whole number from 0 to 2**32 - 1.
    """
    if "tensorflow" not in sys.modules:
        # TensorFlow reads these once, on import. Without the second it logs in spite of
        # the first, and with oneDNN two runs of one seed can differ.
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    from drawlib import claims, data, plots, seeding  # after the environment is set

    seed = seeding.seed_everything()
    source = data.digits_source()
    claims.describe_run(seed=seed, data=source)
    plots.use_house_style()
    print(f"seed {seed} · digits: {source}")
    return seed

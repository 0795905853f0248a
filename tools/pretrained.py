"""Make a checkpoint that comes with the package out of one that training left.

`python -m tools.pretrained runs/draw-attention draw-attention` measures its bound on the whole
binarised test set, writes that on the card, and keeps half precision if nothing is lost by it.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import math
from pathlib import Path

import numpy as np

MOST_LOST = 0.05  # nats, by half precision
PARTS = ("config", "recipe", "steps", "seconds", "command", "data", "images_sha256", "log")


def main() -> None:
    """Read the command line, measure, and write."""
    parser = argparse.ArgumentParser("python -m tools.pretrained", description=__doc__)
    parser.add_argument("run", type=Path, help="the folder that training wrote to")
    parser.add_argument("name", help="one of drawlib.checkpoints.PRETRAINED")
    options = parser.parse_args()

    from drawlib.chapter import import_tensorflow_quietly

    import_tensorflow_quietly()
    from drawlib import checkpoints
    from drawlib.data import binarize, load_mnist
    from drawlib.draw import DRAW

    digits = load_mnist()
    if not digits.source.startswith("MNIST"):
        raise SystemExit("the bound on a card is of MNIST, which is not here")
    images = binarize(digits.x_test, seed=0)
    file = checkpoints.pretrained_file(options.name)
    model, card = checkpoints.load_draw(options.run / "checkpoint.npz")

    def measure(network: DRAW) -> np.ndarray:
        return network.bound(images, seed=0)

    whole = measure(model)
    checkpoints.save_draw(file, model, {}, half=True)
    nats = measure(checkpoints.load_draw(file)[0])
    lost = abs(nats.mean() - whole.mean())
    print(f"{whole.mean():.3f} nats; half precision moves them by {lost:.4f}")
    if lost >= MOST_LOST:
        nats = whole
    bound = {
        "test": round(float(nats.mean()), 3),
        "standard_error": round(float(nats.std()) / math.sqrt(len(nats)), 3),
        "first_500": round(float(nats[:500].mean()), 3),
        "half_precision_moves": round(float(lost), 4),
    }
    versions = {name: importlib.metadata.version(name) for name in ("tensorflow", "keras", "numpy")}
    facts = {part: card[part] for part in PARTS}
    facts |= {"bound": bound, "versions": versions}
    checkpoints.save_draw(file, model, facts, half=lost < MOST_LOST)
    print(f"{file.name}: {file.stat().st_size / 1e6:.2f} MB, {bound}")


if __name__ == "__main__":
    main()

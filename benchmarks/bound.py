"""How many nats a digit costs: every network of the package on the binarised test set.

`python benchmarks/bound.py` measures the ELBO on all 10,000 test images of MNIST, and the
importance-weighted bound with 50 samples on the first 1,000; beside them what others report.
"""

from __future__ import annotations

import math

from drawlib.chapter import import_tensorflow_quietly

import_tensorflow_quietly()

from drawlib import checkpoints  # noqa: E402
from drawlib.data import binarize, load_mnist  # noqa: E402

# Gregor et al. (2015), table 2: bounds on the negative log-likelihood of binarised MNIST. Their
# binarised test set is another draw than ours.
REPORTED = {
    "DRAW, 64 glimpses (the paper)": "≤ 80.97",
    "DRAW without attention (the paper)": "≤ 87.40",
    "DARN": "≤ 88.30",
    "NADE": "88.33",
    "DBN": "≈ 84.55",
}


def main() -> None:
    """Measure, and print a table."""
    digits = load_mnist()
    if not digits.source.startswith("MNIST"):
        print("the bounds are of MNIST, which is not here")
        return
    images = binarize(digits.x_test, seed=0)
    for name in checkpoints.PRETRAINED:
        model = checkpoints.load_pretrained(name)
        nats = model.bound(images, seed=0)
        error = nats.std() / math.sqrt(len(nats))
        tighter = model.bound(images[:1000], samples=50, seed=0).mean()
        print(
            f"{name:<36} ≤ {nats.mean():.2f} ± {error:.2f}; first 1,000: "
            f"≤ {nats[:1000].mean():.2f}, with 50 samples ≤ {tighter:.2f}"
        )
    for name, bound in REPORTED.items():
        print(f"{name:<36} {bound}")


if __name__ == "__main__":
    main()

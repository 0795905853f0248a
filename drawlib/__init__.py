"""The package behind Draw Book: what several chapters share, and nothing else.

Importing `drawlib` loads neither TensorFlow nor Matplotlib, opens no connection and
writes nothing: each public name is imported from its module on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Public name -> the module that holds it.
_HOMES = {
    "DRAW": "draw",
    "DRAWConfig": "draw_network",
    "begin_chapter": "chapter",
    "binarize": "data",
    "claim": "claims",
    "load_mnist": "data",
    "load_pretrained": "checkpoints",
    "seed_everything": "seeding",
    "spawn_seeds": "seeding",
}

__all__ = [
    "DRAW",
    "DRAWConfig",
    "__version__",
    "begin_chapter",
    "binarize",
    "claim",
    "load_mnist",
    "load_pretrained",
    "seed_everything",
    "spawn_seeds",
]

if TYPE_CHECKING:
    from drawlib.chapter import begin_chapter
    from drawlib.checkpoints import load_pretrained
    from drawlib.claims import claim
    from drawlib.data import binarize, load_mnist
    from drawlib.draw import DRAW
    from drawlib.draw_network import DRAWConfig
    from drawlib.seeding import seed_everything, spawn_seeds


def __getattr__(name: str) -> Any:
    """Import the home of a public name when the name is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'drawlib' has no attribute {name!r}")
    return getattr(importlib.import_module(f"drawlib.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)

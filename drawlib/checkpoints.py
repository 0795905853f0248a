"""Checkpoints: weights with a card, verified when they are loaded.

A checkpoint is one file, a zip archive in NumPy's ``.npz`` layout: ``card.json``, which says
what the arrays are and where they come from, and the arrays. Nothing in it is ever unpickled.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import zipfile
from importlib import resources
from pathlib import Path

import numpy as np

from drawlib.arrays import byte_size, read_array
from drawlib.checks import check_choice
from drawlib.draw import DRAW
from drawlib.draw_network import DRAWConfig
from drawlib.files import write_whole

FORMAT = 1
# More than this is no checkpoint of ours, and could be a file made to fill the memory.
MOST_BYTES = 256_000_000  # of all arrays; draw-large in training has 19 million
MOST_CARD_BYTES = 2_000_000
PRETRAINED = ("draw-attention", "draw-no-attention", "draw-large")
_CARD = "card.json"


class CheckpointError(ValueError):
    """A file that is no checkpoint of ours, is damaged, or belongs to something else."""


def write_checkpoint(file: Path, arrays: dict[str, np.ndarray], card: dict) -> None:
    """Write a checkpoint whole, or leave what was there before.

    Args:
        file: Where to write.
        arrays: What to keep, by name.
        card: What to say of it: anything that JSON can hold. ``format``, ``arrays`` and
            ``sha256`` are added.

    Raises:
        CheckpointError: If the arrays have more than `MOST_BYTES` in all.
        OSError: If it cannot be written; what was there before is still there.
    """
    _check_size({name: array.nbytes for name, array in arrays.items()})
    shapes = {name: [str(array.dtype), *array.shape] for name, array in arrays.items()}
    card = {"format": FORMAT, **card, "arrays": shapes, "sha256": _digest(arrays)}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, _CARD, (json.dumps(card, indent=1, ensure_ascii=False) + "\n").encode())
        for name, array in arrays.items():
            member = io.BytesIO()
            np.save(member, array, allow_pickle=False)
            _add(archive, f"{name}.npy", member.getvalue())
    write_whole(file, content.getvalue())


def read_checkpoint(file: str | os.PathLike[str]) -> tuple[dict[str, np.ndarray], dict]:
    """Read a checkpoint and verify that every array is what its card says.

    Args:
        file: What `write_checkpoint` wrote.

    Returns:
        The arrays by name, and the card.

    Raises:
        CheckpointError: If the file is missing, cut short, altered or from a newer version, or
            if its arrays have more than `MOST_BYTES` in all.
    """
    path = Path(file)
    if not path.is_file():
        raise CheckpointError(f"expected a checkpoint; there is no file {str(path)!r}")
    try:
        with zipfile.ZipFile(path) as archive:
            card = _read_card(archive)
            if card["format"] > FORMAT:
                raise CheckpointError(
                    f"expected a checkpoint of format {FORMAT} or less; received format "
                    f"{card['format']} in {str(path)!r}, which a newer drawlib has written"
                )
            kinds = card["arrays"].items()
            _check_size({name: byte_size(dtype, shape) for name, (dtype, *shape) in kinds})
            arrays = {
                name: read_array(archive, name, dtype, shape) for name, (dtype, *shape) in kinds
            }
        if _digest(arrays) != card["sha256"]:
            raise ValueError("the arrays are not those that the card was written for")
    except CheckpointError:
        raise
    except Exception as error:  # a damaged archive raises nearly anything
        raise CheckpointError(
            f"expected a whole checkpoint; received {str(path)!r}, which is damaged: {error}"
        ) from error
    return arrays, card


def save_draw(file: Path, model: DRAW, card: dict, *, half: bool = False) -> None:
    """Write the weights of a DRAW network, with its configuration on the card.

    Args:
        file: Where to write.
        model: The network.
        card: What else to say: how it was trained, and how good it is.
        half: Whether to keep half precision, 16 bits a number.

    Raises:
        OSError: If it cannot be written.
    """
    kind = np.float16 if half else np.float32
    arrays = {name: value.astype(kind) for name, value in weights(model).items()}
    config = dataclasses.asdict(model.config)
    write_checkpoint(file, arrays, {"model": "draw", "config": config, **card})


def load_draw(file: str | os.PathLike[str]) -> tuple[DRAW, dict]:
    """Make the network that a checkpoint holds.

    Args:
        file: What `save_draw` wrote, or a checkpoint that training left.

    Returns:
        The network and its card.

    Raises:
        CheckpointError: If the file is missing, damaged, of a newer version, or if what it
            holds is no DRAW network.
    """
    arrays, card = read_checkpoint(file)
    if card.get("model") != "draw":
        raise CheckpointError(f"expected a DRAW network; received {card.get('model')!r}")
    model = DRAW(_config(card, arrays), seed=0)
    set_weights(model, arrays)
    return model, card


def load_pretrained(name: str) -> DRAW:
    """Load a network that comes with the package; `read_card` says how it was made.

    Args:
        name: One of `PRETRAINED`, for example ``"draw-attention"``.

    Returns:
        The network.

    Raises:
        ValueError: If there is none of that name.
        CheckpointError: If its file is damaged.
    """
    return load_draw(pretrained_file(name))[0]


def read_card(name: str) -> dict:
    """Return the card of a network that comes with the package.

    Args:
        name: As for `load_pretrained`.

    Returns:
        The card: ``config``, ``command``, ``steps``, ``bound`` and more.

    Raises:
        ValueError: If there is none of that name.
        CheckpointError: If its file is damaged.
    """
    return read_checkpoint(pretrained_file(name))[1]


def pretrained_file(name: str) -> Path:
    """Return where the checkpoint of that name lies in the package."""
    name = check_choice("name", name, PRETRAINED)
    return Path(str(resources.files("drawlib"))) / "pretrained" / f"{name}.npz"


def weights(model: DRAW) -> dict[str, np.ndarray]:
    """Return copies of the trainable weights by layer and name, ``encoder.kernel``."""
    return {
        f"{layer.name}.{weight.name}": weight.numpy()
        for layer in model.layers
        for weight in layer.trainable_weights
    }


def set_weights(model: DRAW, arrays: dict[str, np.ndarray]) -> None:
    """Give a network the weights that `weights` returned.

    Args:
        model: The network.
        arrays: Its weights by name; others are ignored.

    Raises:
        CheckpointError: If one is missing, or of another shape.
    """
    for layer in model.layers:
        for weight in layer.trainable_weights:
            name = f"{layer.name}.{weight.name}"
            have = arrays[name].shape if name in arrays else None
            if have != tuple(weight.shape):
                raise CheckpointError(
                    f"expected {name} to be of shape {tuple(weight.shape)}; received {have}"
                )
            weight.assign(arrays[name].astype(np.float32))


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    # A fixed date: the same weights give the same file.
    archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def _check_size(sizes: dict[str, int]) -> None:
    """Refuse more than `MOST_BYTES`, in a file as in a network that is to be kept."""
    if (size := sum(sizes.values())) > MOST_BYTES:
        raise CheckpointError(
            f"expected a checkpoint's arrays to have at most {MOST_BYTES:,} bytes; "
            f"received {size:,}"
        )


def _read_card(archive: zipfile.ZipFile) -> dict:
    with archive.open(_CARD) as member:
        content = member.read(MOST_CARD_BYTES + 1)
    if len(content) > MOST_CARD_BYTES:
        raise ValueError(f"its card has more than {MOST_CARD_BYTES:,} bytes")
    return json.loads(content)


def _config(card: dict, arrays: dict[str, np.ndarray]) -> DRAWConfig:
    """Read the configuration on a card, and believe its sizes only where the arrays have them."""
    try:
        config = DRAWConfig(**card["config"])
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"expected a configuration of DRAW on the card: {error}") from error
    have = sum(array.size for array in arrays.values())
    if config.parameters > have:
        raise CheckpointError(
            f"expected {config.parameters:,} weights, as the configuration says; received {have:,}"
        )
    return config


def _digest(arrays: dict[str, np.ndarray]) -> str:
    """Return the SHA-256 of names, kinds and bytes of all arrays."""
    digest = hashlib.sha256()
    for name, array in arrays.items():
        digest.update(f"{name} {array.dtype} {array.shape} ".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()

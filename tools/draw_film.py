"""Record DRAW while it learns: what it copies and what it dreams, after more and more steps.

`python -m tools.draw_film` trains the network draw-attention once more, by the recipe on its
card, for 2,000 steps, and looks at it now and then; the last look is at the network that comes
with the package, after all 10,000. It keeps what it has in ``runs/draw-film``, goes on from
there when it is called again, and writes ``drawlib/pretrained/draw-film.npz``.
"""

from __future__ import annotations

import argparse
import importlib.metadata
from pathlib import Path
from typing import Any

import numpy as np

NAME = "draw-attention"
STOPS = (20, 40, 60, 80, *range(100, 1000, 100), *range(1000, 2001, 200))
DIGITS, DREAMS = 10, 20
LEVELS = 15


def main() -> None:
    """Read the command line, train, look and write."""
    argparse.ArgumentParser("python -m tools.draw_film", description=__doc__).parse_args()

    from drawlib.chapter import import_tensorflow_quietly

    import_tensorflow_quietly()
    from drawlib import checkpoints, training
    from drawlib.data import binarize, load_mnist
    from drawlib.draw import DRAW
    from drawlib.draw_film import film_file
    from drawlib.draw_network import DRAWConfig

    digits = load_mnist()
    if not digits.source.startswith("MNIST"):
        raise SystemExit("the recording is of MNIST, which is not here")
    card = checkpoints.read_card(NAME)
    recipe = training.Recipe(DRAWConfig(**card["config"]), **card["recipe"])
    folder = Path("runs/draw-film")
    folder.mkdir(parents=True, exist_ok=True)
    run = training._Run(recipe, digits.x_train, folder / training.CHECKPOINT, {}, False)
    run.compile(20)
    first = [int(np.argmax(digits.y_test == label)) for label in range(DIGITS)]
    originals = binarize(digits.x_test[first], seed=0)

    def look(model: DRAW, losses: dict[str, Any]) -> dict[str, np.ndarray]:
        return {
            "copies": model.reconstruct(originals, seed=0).canvases[-1],
            "dreams": model.generate(DREAMS, seed=0).canvases[-1],
            **{name: np.array(losses[name], np.float32).mean() for name in ("Lx", "Lz")},
        }

    moments: dict[int, dict[str, np.ndarray]] = {}
    seen = folder / "seen.npz"
    if seen.exists():
        with np.load(seen) as kept:
            for k, step in enumerate(kept["steps"]):
                moments[int(step)] = {name: kept[name][k] for name in kept.files if name != "steps"}
        run.restore()
    else:
        moments[0] = look(run.model, run.model(run._batch(0)))
    model = DRAW(recipe.config, seed=0)
    for stop in STOPS:
        while run.step < stop:
            run.advance(min(stop, (run.step // training.CHUNK + 1) * training.CHUNK))
        if stop in moments:
            continue
        checkpoints.set_weights(model, run.mean)
        moments[stop] = look(model, run.log[-1])
        run.save()
        np.savez(seen, allow_pickle=False, **together(moments))
        print(f"step {stop:,}: {run.log[-1]['loss']:.1f} nats", flush=True)
    whole = {name: values[-1] for name, values in card["log"].items()}
    moments[card["steps"]] = look(checkpoints.load_pretrained(NAME), whole)

    arrays = together(moments)
    for name in ("copies", "dreams"):
        arrays[name] = np.round(LEVELS * arrays[name]).astype(np.uint8)
    arrays["digits"] = (LEVELS * originals).astype(np.uint8)
    versions = {name: importlib.metadata.version(name) for name in ("tensorflow", "keras", "numpy")}
    facts = {name: card[name] for name in ("config", "recipe", "data", "images_sha256")}
    facts |= {"command": "python -m tools.draw_film", "versions": versions}
    checkpoints.write_checkpoint(film_file(), arrays, {"recording": NAME, **facts})
    print(f"{film_file().name}: {film_file().stat().st_size:,} bytes")


def together(moments: dict[int, dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Return all moments in one array for each kind of thing that was seen, and their steps."""
    steps = sorted(moments)
    arrays = {name: np.stack([moments[step][name] for step in steps]) for name in moments[0]}
    return {"steps": np.array(steps, np.int32), **arrays}


if __name__ == "__main__":
    main()

"""The command line: ``python -m drawlib train | evaluate | generate | study``."""

from __future__ import annotations

import argparse
import io
import math
import os
import shlex
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

BAR = 20  # characters


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: What was typed after ``python -m drawlib``; without it, what really was.

    Returns:
        The exit status: 0, 1 after an error, which is then said in a line, 130 if interrupted.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(arguments)
    # The command that makes the same network in one go.
    typed = shlex.join(word for word in arguments if word != "--resume")
    options.command = f"python -m drawlib {typed}"
    # A quarter faster, and on one machine still the same result each time. TensorFlow reads it
    # once, on import; chapters do without, to print the same on every machine.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", options.onednn)
    from drawlib.chapter import import_tensorflow_quietly

    import_tensorflow_quietly()
    from drawlib.training import TrainingError

    try:
        options.run(options)
    except (ValueError, OSError, FloatingPointError, TrainingError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\nstopped; {options.goes_on}", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m drawlib", description="Train and use DRAW; run studies."
    )
    parser.set_defaults(onednn="1", goes_on="nothing was written")
    commands = parser.add_subparsers(required=True, metavar="train | evaluate | generate | study")

    train = commands.add_parser("train", help="train a network, with log and checkpoints")
    train.set_defaults(run=_train, goes_on="--resume goes on from the last checkpoint")
    train.add_argument("model", choices=["draw"])
    train.add_argument("--out", type=Path, required=True, help="folder for log and checkpoint")
    train.add_argument("--steps", type=int, default=10_000, help="training steps (%(default)s)")
    train.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    train.add_argument("--distribute", choices=["mirrored"], help="share batches among devices")
    train.add_argument("--no-attention", action="store_true", help="read and write all pixels")
    sizes = {"glimpses": 10, "latent-size": 10, "read-size": 5, "write-size": 5, "units": 256}
    for name, size in sizes.items():
        train.add_argument(f"--{name}", type=int, default=size, metavar="N", help="(%(default)s)")
    train.add_argument("--seed", type=int, default=0, metavar="N", help="(%(default)s)")
    train.add_argument("--batch-size", type=int, default=100, metavar="N", help="(%(default)s)")
    train.add_argument("--learning-rate", type=float, default=1e-3, metavar="X", help="(0.001)")
    train.add_argument("--keep", type=float, default=0.9, metavar="X", help="(%(default)s)")

    evaluate = commands.add_parser("evaluate", help="bound -log p(x) of the binarised test set")
    evaluate.set_defaults(run=_evaluate)
    evaluate.add_argument("checkpoint", help="a file, or the name of one in the package")
    evaluate.add_argument("--samples", type=int, default=1, help="importance samples (1: ELBO)")
    evaluate.add_argument("--images", type=int, default=10_000, help="the first so many")
    evaluate.add_argument("--seed", type=int, default=0, help="for the noise")

    generate = commands.add_parser("generate", help="draw digits that nobody has seen")
    generate.set_defaults(run=_generate)
    generate.add_argument("checkpoint", help="a file, or the name of one in the package")
    generate.add_argument("--out", type=Path, required=True, help="the picture, a PNG file")
    generate.add_argument("--count", type=int, default=100, help="how many digits (%(default)s)")
    generate.add_argument("--seed", type=int, default=0, help="for the latents")

    study = commands.add_parser("study", help="run a study of many seeds, in parts")
    # Without oneDNN, as the chapter that runs parts of it again.
    study.set_defaults(run=_study, onednn="0", goes_on="the same command goes on where it was")
    study.add_argument("study", choices=["exploration"])
    study.add_argument("--out", type=Path, required=True, help="folder for the parts and results")
    study.add_argument("--seeds", type=int, default=20, metavar="N", help="(%(default)s)")
    study.add_argument("--budget", type=int, metavar="N", help="(20000 in the arena, else 10000)")
    study.add_argument("--updates", type=int, metavar="N", help="of the model, a round (600)")
    study.add_argument("--no-plans", action="store_true", help="leave out planning in the arena")
    study.add_argument("--worlds", nargs="+", metavar="NAME", help="(all)")
    study.add_argument("--explorers", nargs="+", metavar="NAME", help="(all)")
    return parser


def _train(options: argparse.Namespace) -> None:
    from drawlib.data import load_mnist
    from drawlib.draw_network import DRAWConfig
    from drawlib.training import Recipe, train

    config = DRAWConfig(
        read_size=options.read_size, write_size=options.write_size, units=options.units,
        latent_size=options.latent_size, steps=options.glimpses,
        read_attention=not options.no_attention, write_attention=not options.no_attention,
    )  # fmt: skip
    recipe = Recipe(
        config, seed=options.seed, batch_size=options.batch_size,
        learning_rate=options.learning_rate, keep=options.keep,
    )  # fmt: skip
    digits = load_mnist()

    def report(step: int, nats: float, seconds_left: float) -> None:
        said = f"step {step:,} of {options.steps:,} · {nats:.1f} nats"
        _show_progress(step / options.steps, said, seconds_left)

    train(
        recipe, digits.x_train, steps=options.steps, out=options.out, resume=options.resume,
        mirrored=options.distribute == "mirrored", report=report,
        facts={"command": options.command, "data": digits.source},
    )  # fmt: skip
    print(f"\ntrained; the checkpoint is in {options.out}")


def _show_progress(share: float, said: str, seconds_left: float) -> None:
    filled = int(BAR * share)
    bar = "█" * filled + "·" * (BAR - filled)
    line = f"{bar} {said} · {math.ceil(seconds_left / 60)} min left"
    print(f"\r{line:<79}", end="", flush=True)


def _study(options: argparse.Namespace) -> None:
    from drawlib.exploration import ExplorationConfig
    from drawlib.explorers import EXPLORERS
    from drawlib.study import BUDGETS, run_study

    def report(done: int, of: int, seconds_left: float) -> None:
        _show_progress(done / of, f"round {done:,} of {of:,}", seconds_left)

    given = {name: getattr(options, name) for name in ("budget", "updates")}
    given = {name: value for name, value in given.items() if value is not None}
    configs = [
        ExplorationConfig(
            **{"world": world, "budget": BUDGETS.get(world, 0), **given, "explorer": explorer}
        )
        for world in options.worlds or BUDGETS
        for explorer in options.explorers or EXPLORERS
    ]
    file = run_study(
        options.out, configs, seeds=options.seeds, plan=not options.no_plans,
        command=options.command, report=report,
    )  # fmt: skip
    print(f"\nthe results are in {file}")


def _evaluate(options: argparse.Namespace) -> None:
    from drawlib.data import binarize, load_mnist

    model = _model(options.checkpoint)
    images = binarize(load_mnist().x_test, seed=0)[: options.images]
    nats = model.bound(images, samples=options.samples, seed=options.seed)
    error = nats.std() / math.sqrt(len(nats))
    print(f"{nats.mean():.2f} ± {error:.2f} nats, {len(nats):,} images, {options.samples} samples")


def _generate(options: argparse.Namespace) -> None:
    from drawlib.checks import check_integer
    from drawlib.files import write_whole

    count = check_integer("count", options.count, at_least=1)
    images = _model(options.checkpoint).generate(count, seed=options.seed).canvases[-1]
    across = math.ceil(math.sqrt(count))
    down = math.ceil(count / across)
    height, width = images.shape[1:]
    sheet = np.zeros((down * across, height, width))
    sheet[:count] = images
    sheet = sheet.reshape(down, across, height, width).swapaxes(1, 2)
    pixels = np.round(255 * sheet.reshape(down * height, across * width)).astype(np.uint8)
    picture = io.BytesIO()
    Image.fromarray(255 - pixels).save(picture, "PNG")
    write_whole(options.out, picture.getvalue())
    print(f"{count} digits in {options.out}")


def _model(checkpoint: str) -> Any:
    """Load a network by the name of one in the package, or from a file."""
    from drawlib import checkpoints

    if checkpoint in checkpoints.PRETRAINED:
        return checkpoints.load_pretrained(checkpoint)
    return checkpoints.load_draw(checkpoint)[0]


if __name__ == "__main__":
    sys.exit(main())

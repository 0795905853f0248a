"""The command line, from training to a picture, on a few digits."""

import re

import numpy as np
import pytest
from PIL import Image

from drawlib import checkpoints, data
from drawlib.__main__ import main
from drawlib.bundled import load_bundled

SIZES = ["--glimpses", "1", "--latent-size", "2", "--units", "4", "--batch-size", "20"]


@pytest.fixture
def few_digits(monkeypatch):
    """Let `load_mnist` find fifty digits, whatever there is."""
    images, labels = (array[:50] for array in load_bundled()[:2])
    grey = (images / 255).astype("float32")
    digits = data.Digits(grey, labels, grey, labels, data.BUNDLED)
    monkeypatch.setattr(data, "load_mnist", lambda: digits)


@pytest.fixture
def trained(few_digits, tmp_path):
    assert main(["train", "draw", "--out", str(tmp_path / "run"), "--steps", "2", *SIZES]) == 0
    return tmp_path / "run" / "checkpoint.npz"


def test_train_says_how_far_it_is_and_notes_the_command(few_digits, tmp_path, capsys):
    assert main(["train", "draw", "--out", str(tmp_path), "--steps", "2", *SIZES]) == 0
    said = capsys.readouterr().out
    assert "█ step 2 of 2 · " in said
    assert " nats · 0 min left" in said
    card = checkpoints.read_checkpoint(tmp_path / "checkpoint.npz")[1]
    assert card["command"].startswith("python -m drawlib train draw --out ")
    assert card["data"] == data.BUNDLED
    assert card["config"]["latent_size"] == 2
    assert card["config"]["read_attention"] is True


def test_resume_goes_on_and_the_card_names_the_command_of_one_go(trained, capsys):
    out = str(trained.parent)
    assert main(["train", "draw", "--out", out, "--steps", "4", *SIZES]) == 1
    assert "without a checkpoint, or resume" in capsys.readouterr().err
    assert main(["train", "draw", "--out", out, "--steps", "4", *SIZES, "--resume"]) == 0
    card = checkpoints.read_checkpoint(trained)[1]
    assert card["steps"] == 4
    assert "--resume" not in card["command"]


def test_without_attention_there_are_no_windows(few_digits, tmp_path):
    command = ["train", "draw", "--no-attention", "--steps", "1", "--out", str(tmp_path)]
    assert main([*command, *SIZES]) == 0
    model, card = checkpoints.load_draw(tmp_path / "checkpoint.npz")
    assert not card["config"]["read_attention"]
    assert model.generate(1, windows=True, seed=0).write_windows is None


def test_evaluate_prints_the_bound(trained, capsys):
    assert main(["evaluate", str(trained), "--images", "30", "--samples", "2"]) == 0
    said = capsys.readouterr().out
    model, _ = checkpoints.load_draw(trained)
    images = data.binarize(data.load_mnist().x_test, seed=0)[:30]
    nats = model.bound(images, samples=2, seed=0).mean()
    assert f"{nats:.2f} ± " in said
    assert said.endswith("nats, 30 images, 2 samples\n")


def test_generate_writes_a_sheet_of_digits_black_on_white(trained, tmp_path, capsys):
    picture = tmp_path / "sheet.png"
    command = ["generate", str(trained), "--count", "5", "--seed", "3", "--out", str(picture)]
    assert main(command) == 0
    assert "5 digits in " in capsys.readouterr().out
    pixels = np.asarray(Image.open(picture))
    assert pixels.shape == (2 * 28, 3 * 28)
    model, _ = checkpoints.load_draw(trained)
    digits = model.generate(5, seed=3).canvases[-1]
    np.testing.assert_allclose(pixels[28:, :28], 255 * (1 - digits[3]), atol=0.51)
    assert (pixels[28:, 56:] == 255).all()  # the sixth place is empty paper


@pytest.mark.parametrize(
    ("command", "wanted"),
    [
        (
            "train draw --out X --batch-size 20 --steps 0",
            "expected steps to be a whole number, at least 1",
        ),
        ("train draw --out X --glimpses 0", "expected steps to be"),
        ("train draw --out X --read-size 29", "expected read_size to be .*at most 28"),
        ("train draw --out X --batch-size 51", "expected the number of images to be .* 51"),
        ("evaluate nothing.npz", "there is no file 'nothing.npz'"),
        ("generate nothing.npz --out a.png", "there is no file"),
    ],
)
def test_errors_are_one_line_and_status_1(
    few_digits, tmp_path, monkeypatch, capsys, command, wanted
):
    monkeypatch.chdir(tmp_path)
    assert main(command.split()) == 1
    error = capsys.readouterr().err.strip()
    assert "\n" not in error
    assert re.search(wanted, error)
    assert list(tmp_path.iterdir()) == []


def test_interrupted_it_says_how_to_go_on(few_digits, tmp_path, monkeypatch, capsys):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("drawlib.training.train", interrupt)
    assert main(["train", "draw", "--out", str(tmp_path)]) == 130
    assert "--resume goes on from the last checkpoint" in capsys.readouterr().err


def test_a_command_is_needed(capsys):
    with pytest.raises(SystemExit):
        main([])
    assert "train | evaluate | generate" in capsys.readouterr().err

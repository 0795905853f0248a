"""Checkpoints: what is written comes back, and what is damaged never does."""

import errno
import json
import zipfile

import numpy as np
import pytest

from drawlib import checkpoints
from drawlib.checkpoints import CheckpointError
from drawlib.data import binarize, load_mnist
from drawlib.draw import DRAW
from drawlib.draw_network import DRAWConfig

CONFIG = DRAWConfig(height=6, width=8, read_size=3, write_size=2, units=7, latent_size=3, steps=2)


@pytest.fixture(scope="module")
def model():
    return DRAW(CONFIG, seed=0)


@pytest.fixture
def file(tmp_path, model):
    checkpoints.save_draw(tmp_path / "a.npz", model, {"steps": 5})
    return tmp_path / "a.npz"


def rewrite(file, change):
    """Write the archive again, with its members changed."""
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def with_card(file, **entries):
    def change(members):
        members["card.json"] = json.dumps({**json.loads(members["card.json"]), **entries}).encode()

    rewrite(file, change)


def test_a_network_comes_back_exactly(file, model):
    again, card = checkpoints.load_draw(file)
    assert again.config == CONFIG
    assert card["steps"] == 5
    x = np.ones((4, 6, 8), "float32")
    np.testing.assert_array_equal(again.bound(x, seed=0), model.bound(x, seed=0))


def test_half_precision_is_half_as_long_and_nearly_the_same(tmp_path, model):
    checkpoints.save_draw(tmp_path / "half.npz", model, {}, half=True)
    arrays, _ = checkpoints.read_checkpoint(tmp_path / "half.npz")
    assert {array.dtype for array in arrays.values()} == {np.dtype("float16")}
    for name, value in checkpoints.weights(model).items():
        np.testing.assert_allclose(arrays[name], value, rtol=1e-3, atol=1e-6)
    again, _ = checkpoints.load_draw(tmp_path / "half.npz")
    assert again.mu.kernel.dtype == "float32"


def test_the_same_weights_give_the_same_file(file, tmp_path, model):
    checkpoints.save_draw(tmp_path / "b.npz", model, {"steps": 5})
    assert file.read_bytes() == (tmp_path / "b.npz").read_bytes()


@pytest.mark.parametrize("part", [0.0, 0.01, 0.3, 0.7, 0.99])
def test_a_file_cut_short_is_refused_and_left_alone(file, part):
    whole = file.read_bytes()
    short = whole[: int(part * len(whole))]
    file.write_bytes(short)
    with pytest.raises(CheckpointError, match=r"a\.npz.* which is damaged"):
        checkpoints.load_draw(file)
    assert file.read_bytes() == short


def test_an_altered_weight_is_noticed(file):
    def change(members):
        content = bytearray(members["mu.kernel.npy"])
        content[-1] ^= 1
        members["mu.kernel.npy"] = bytes(content)

    rewrite(file, change)
    with pytest.raises(CheckpointError, match="not those that the card was written for"):
        checkpoints.load_draw(file)


def test_any_flipped_byte_is_noticed_or_harmless(file, model):
    whole, rng = file.read_bytes(), np.random.default_rng(0)
    refused = 0
    for place in rng.integers(len(whole), size=60):
        altered = bytearray(whole)
        altered[place] ^= 0xFF
        file.write_bytes(altered)
        try:
            arrays, _ = checkpoints.read_checkpoint(file)
        except CheckpointError:
            refused += 1
            continue
        for name, value in checkpoints.weights(model).items():
            np.testing.assert_array_equal(arrays[name], value)
    assert refused > 30


def test_pickled_arrays_are_never_opened(file):
    def change(members):
        import io

        content = io.BytesIO()
        np.save(content, np.array([print], dtype=object), allow_pickle=True)
        members["mu.kernel.npy"] = content.getvalue()

    rewrite(file, change)
    with pytest.raises(CheckpointError, match="damaged"):
        checkpoints.load_draw(file)


def test_a_newer_format_is_named(file):
    with_card(file, format=checkpoints.FORMAT + 1)
    with pytest.raises(CheckpointError, match=r"format 1 or less; received format 2"):
        checkpoints.load_draw(file)


def test_another_model_is_refused(file):
    with_card(file, model="gan")
    with pytest.raises(CheckpointError, match="expected a DRAW network; received 'gan'"):
        checkpoints.load_draw(file)


def test_weights_of_another_configuration_are_refused(file):
    with_card(file, config={**json.loads(json.dumps(CONFIG.__dict__)), "units": 6})
    with pytest.raises(CheckpointError, match=r"expected \S+ to be of shape .*; received"):
        checkpoints.load_draw(file)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"there is no file .*none\.npz"):
        checkpoints.load_draw(tmp_path / "none.npz")


def test_a_failed_write_leaves_the_old_checkpoint(file, model, monkeypatch):
    whole = file.read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("drawlib.files.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        checkpoints.save_draw(file, model, {"steps": 6})
    assert file.read_bytes() == whole
    assert [path.name for path in file.parent.iterdir()] == ["a.npz"]


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="expected name to be one of 'draw-attention'"):
        checkpoints.load_pretrained("draw")


# --- those that come with the package --------------------------------------------------------


def test_the_package_carries_at_most_25_mb():
    files = [checkpoints.pretrained_file(name) for name in checkpoints.PRETRAINED]
    assert sum(file.stat().st_size for file in files) <= 25e6


@pytest.mark.parametrize("name", checkpoints.PRETRAINED)
def test_a_pretrained_network_is_what_its_card_says(name):
    card = checkpoints.read_card(name)
    model = checkpoints.load_pretrained(name)
    assert model.generate(2, seed=0).canvases.shape == (card["config"]["steps"], 2, 28, 28)
    assert card["command"].startswith("python -m drawlib train draw ")
    assert card["log"]["step"][-1] == card["steps"]
    assert {"data", "images_sha256", "recipe", "versions", "bound"} <= set(card)


@pytest.mark.parametrize("name", checkpoints.PRETRAINED)
def test_the_bound_on_the_card_is_measured_again(name, real_mnist):
    images = binarize(load_mnist(real_mnist).x_test, seed=0)[:500]
    nats = checkpoints.load_pretrained(name).bound(images, seed=0)
    assert abs(nats.mean() - checkpoints.read_card(name)["bound"]["first_500"]) < 0.05

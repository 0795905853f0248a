"""Long training: interrupted anywhere it ends the same; what goes wrong is said."""

import dataclasses
import resource
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from drawlib import checkpoints, training
from drawlib.bundled import load_bundled
from drawlib.draw_network import DRAWConfig
from drawlib.training import Recipe, TrainingError, train

CONFIG = DRAWConfig(read_size=2, write_size=2, units=6, latent_size=2, steps=2)
RECIPE = Recipe(CONFIG, seed=1, batch_size=8)
# As quick to compile as can be, for the tests that begin a process, or ten.
QUICK = Recipe(
    DRAWConfig(units=4, latent_size=2, steps=1, read_attention=False, write_attention=False),
    seed=1,
    batch_size=8,
)


@pytest.fixture(scope="module")
def images():
    return (load_bundled()[0][:60] / np.float32(255)).astype("float32")


def state(folder):
    """Return the arrays of a checkpoint, and the steps of its card."""
    arrays, card = checkpoints.read_checkpoint(folder / "checkpoint.npz")
    return arrays, card["steps"]


def same(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[k], other[k]) for k in one)


def test_it_leaves_a_log_a_checkpoint_and_a_network_that_learned(images, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "CHUNK", 20)
    heard = []
    recipe = dataclasses.replace(RECIPE, learning_rate=1e-2)
    model = train(
        recipe, images, steps=50, out=tmp_path, facts={"command": "typed"},
        report=lambda *line: heard.append(line),
    )  # fmt: skip
    loaded, card = checkpoints.load_draw(tmp_path / "checkpoint.npz")
    x = (images[:9] > 0.5).astype("float32")
    np.testing.assert_array_equal(loaded.bound(x, seed=0), model.bound(x, seed=0))
    assert card["command"] == "typed"
    assert card["log"]["step"] == [20, 40, 50] == [step for step, _, _ in heard]
    assert card["log"]["loss"][2] < card["log"]["loss"][0]
    assert heard[-1][2] == 0
    lines = (tmp_path / "log.csv").read_text().splitlines()
    assert lines[0] == "step,seconds,loss,Lx,Lz,kl_1,kl_2"
    assert len(lines) == 4


def test_it_returns_the_running_mean_of_the_weights(images, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "CHUNK", 10)
    seen = []
    original = checkpoints.weights
    monkeypatch.setattr(checkpoints, "weights", lambda m: seen.append(original(m)) or seen[-1])
    model = train(dataclasses.replace(RECIPE, keep=0.75), images, steps=30, out=tmp_path)
    _, first, second, third = (weights["mu.kernel"] for weights in seen[:4])
    mean = 0.75 * (0.75 * first + 0.25 * second) + 0.25 * third
    np.testing.assert_allclose(original(model)["mu.kernel"], mean, rtol=1e-6)
    assert np.abs(mean - third).max() > 0


KILLED = """
import sys
from pathlib import Path
from drawlib.chapter import import_tensorflow_quietly
import_tensorflow_quietly()
from drawlib import training
from tests.drawlib.test_training import QUICK
from drawlib.bundled import load_bundled
import numpy as np
training.CHUNK, training.SAVE_EVERY_S = 5, 0.0
images = (load_bundled()[0][:60] / np.float32(255)).astype("float32")
out, steps = Path(sys.argv[1]), int(sys.argv[2])
resume = (out / "checkpoint.npz").exists()
training.train(QUICK, images, steps=steps, out=out, resume=resume,
               report=lambda *line: print(*line, flush=True))
"""


def test_killed_ten_times_at_random_it_ends_as_if_never_stopped(tmp_path):
    """`kill -9`, at moments from before the first step to between two checkpoints."""
    steps, rng = 1500, np.random.default_rng(0)
    command = [sys.executable, "-c", KILLED]
    quiet, killed = tmp_path / "quiet", tmp_path / "killed"
    began, kills = [], 0
    while kills < 10:
        run = subprocess.Popen([*command, killed, str(steps)], stdout=subprocess.PIPE, text=True)
        first = run.stdout.readline() if kills else ""  # the first kill may come before any step
        time.sleep(rng.uniform(0, 1.0))
        assert run.poll() is None, "the run ended before it was killed: give it more steps"
        run.send_signal(signal.SIGKILL)
        run.communicate()
        kills += 1
        began.append(first)
    assert any(began)
    for folder in (killed, quiet):
        subprocess.run([*command, folder, str(steps)], check=True, capture_output=True)
    (one, step), (other, _) = state(killed), state(quiet)
    assert step == steps
    assert same(one, other)


def test_it_resumes_only_what_is_the_same(images, tmp_path):
    train(RECIPE, images, steps=2, out=tmp_path)
    before = (tmp_path / "checkpoint.npz").read_bytes()
    with pytest.raises(ValueError, match="expected out to be a folder without a checkpoint"):
        train(RECIPE, images, steps=4, out=tmp_path)
    wider = dataclasses.replace(RECIPE, config=dataclasses.replace(CONFIG, units=7))
    with pytest.raises(ValueError, match=r"expected the config that the checkpoint .*'units': 6"):
        train(wider, images, steps=4, out=tmp_path, resume=True)
    faster = dataclasses.replace(RECIPE, learning_rate=0.5)
    with pytest.raises(ValueError, match="expected the recipe that the checkpoint"):
        train(faster, images, steps=4, out=tmp_path, resume=True)
    with pytest.raises(ValueError, match="expected the images_sha256 that the checkpoint"):
        train(RECIPE, images * 0.5, steps=4, out=tmp_path, resume=True)
    assert (tmp_path / "checkpoint.npz").read_bytes() == before
    with pytest.raises(checkpoints.CheckpointError, match="there is no file"):
        train(RECIPE, images, steps=4, out=tmp_path / "elsewhere", resume=True)


def test_what_was_trained_long_enough_is_returned_as_it_is(images, tmp_path):
    model = train(RECIPE, images, steps=4, out=tmp_path)
    again = train(RECIPE, images, steps=4, out=tmp_path, resume=True)
    assert same(checkpoints.weights(model), checkpoints.weights(again))


def test_a_loss_that_is_not_finite_stops_it_at_the_step(images, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "CHUNK", 10)
    monkeypatch.setattr(training, "SAVE_EVERY_S", 0.0)
    run = training._Run
    batch = run._batch

    def poisoned(self, step):
        good = batch(self, step)
        return good if step < 13 else {**good, "eps": good["eps"] * np.float32(np.inf)}

    monkeypatch.setattr(run, "_batch", poisoned)
    with pytest.raises(TrainingError) as error:
        train(RECIPE, images, steps=40, out=tmp_path)
    message = str(error.value)
    assert "no longer finite at step 14, where the gradient of" in message
    assert "The last good checkpoint is of step 10:" in message
    arrays, step = state(tmp_path)
    assert step == 10
    assert all(np.isfinite(array).all() for array in arrays.values())


def test_a_full_disk_stops_it_and_the_checkpoint_before_stays_good(images, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "CHUNK", 5)
    monkeypatch.setattr(training, "SAVE_EVERY_S", 0.0)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(step, *_):
        if step == 10:  # from here on no file may grow beyond a kilobyte: a real refusal
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))

    try:
        with pytest.raises(TrainingError, match=r"step 15 cannot be written .* step 10"):
            train(RECIPE, images, steps=20, out=tmp_path, report=fill)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert state(tmp_path)[1] == 10


def test_a_folder_that_cannot_be_written_is_found_out_at_once(images, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(TrainingError, match=r"step 0 cannot be written .* no good checkpoint"):
        train(RECIPE, images, steps=20, out=tmp_path / "file" / "out")


MIRRORED = """
import sys, json
from pathlib import Path
from drawlib.chapter import import_tensorflow_quietly
import_tensorflow_quietly()
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from drawlib import training
from tests.drawlib.test_training import RECIPE
from drawlib.bundled import load_bundled
import numpy as np
training.CHUNK = 5
images = (load_bundled()[0][:60] / np.float32(255)).astype("float32")
training.train(RECIPE, images, steps=20, out=Path(sys.argv[1]), mirrored=sys.argv[2] == "two")
assert len(tf.config.list_logical_devices()) == 2
"""


def test_two_devices_train_like_one(tmp_path):
    logs = {}
    for devices in ("one", "two"):
        out = tmp_path / devices
        run = subprocess.run(
            [sys.executable, "-c", MIRRORED, out, devices], capture_output=True, text=True
        )
        assert run.returncode == 0, run.stderr[-2000:]
        logs[devices] = checkpoints.read_checkpoint(out / "checkpoint.npz")[1]["log"]
    for name in ("loss", "Lx", "Lz", "kl_1", "kl_2"):
        np.testing.assert_allclose(logs["two"][name], logs["one"][name], rtol=1e-4)


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("config", None, "expected config to be a DRAWConfig"),
        ("seed", -1, "expected seed to be"),
        ("batch_size", 0, "expected batch_size to be"),
        ("learning_rate", 0.0, "expected learning_rate to be"),
        ("clip", -1, "expected clip to be"),
        ("keep", 1.0, "expected keep to be"),
    ],
)
def test_a_recipe_out_of_range_is_refused(field, value, wanted):
    with pytest.raises(ValueError, match=wanted):
        dataclasses.replace(RECIPE, **{field: value})


def test_bad_images_and_zero_steps_are_refused(images, tmp_path):
    with pytest.raises(ValueError, match="expected images to hold no entry above 1; received 255"):
        train(RECIPE, images * 255, steps=1, out=tmp_path)
    with pytest.raises(ValueError, match=r"expected images .* shape \(M, 28, 28\)"):
        train(RECIPE, images[:, :20], steps=1, out=tmp_path)
    with pytest.raises(ValueError, match=r"expected the number of images .* at least 8"):
        train(RECIPE, images[:7], steps=1, out=tmp_path)
    with pytest.raises(ValueError, match=r"expected steps to be .* at least 1; received 0"):
        train(RECIPE, images, steps=0, out=tmp_path)
    assert list(tmp_path.iterdir()) == []

import importlib
import os
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest

import drawlib
from drawlib import claims
from drawlib.chapter import _no_native_stderr, begin_chapter

SOURCE = "not here yet (MNIST by download, else the bundled digits)"


@pytest.fixture(autouse=True)
def as_before(monkeypatch):
    """Leave the style, the run's description and the environment as they were."""
    monkeypatch.setattr(claims, "_run", {"seed": None, "data": None})
    with matplotlib.rc_context():
        yield


def test_it_seeds_describes_the_run_sets_the_style_and_says_so(monkeypatch, capsys):
    monkeypatch.setenv("DRAWLIB_SEED", "12")
    assert begin_chapter() == 12
    drawn = np.random.rand(3)  # noqa: NPY002
    assert capsys.readouterr().out == f"seed 12 · digits: {SOURCE}\n"
    assert claims._run == {"seed": 12, "data": SOURCE}
    assert matplotlib.rcParams["axes.spines.top"] is False
    begin_chapter()
    np.testing.assert_array_equal(np.random.rand(3), drawn)  # noqa: NPY002


def test_the_seed_is_zero_unless_the_environment_says_otherwise(capsys):
    assert begin_chapter() == 0
    assert capsys.readouterr().out.startswith("seed 0 · ")


def test_it_names_the_digits_that_are_here(cached, capsys):
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"not read yet")
    begin_chapter()
    assert capsys.readouterr().out == "seed 0 · digits: MNIST (Keras cache)\n"


@pytest.mark.parametrize(("name", "value"), [("DRAWLIB_SEED", "x"), ("DRAWLIB_DATA", "missing")])
def test_a_wrong_variable_is_named(monkeypatch, capsys, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=f"expected {name} to be"):
        begin_chapter()
    assert capsys.readouterr().out == ""


def test_settings_of_tensorflow_that_somebody_made_stay(monkeypatch):
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)  # as if it were to be imported
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "1")
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "")
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL")
    begin_chapter()
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == "1"
    assert os.environ["TF_CPP_MIN_LOG_LEVEL"] == "3"


def test_tensorflow_starts_without_a_word_and_without_onednn(tmp_path):
    """In a fresh process: one printed line, nothing on standard error, however it is written."""
    code = (
        "import os, drawlib; drawlib.begin_chapter(); import tensorflow as tf; tf.zeros(1)\n"
        "print(os.environ['TF_ENABLE_ONEDNN_OPTS'])\n"
        "os.write(2, b'native code is heard again')"
    )
    env = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    env["PYTHONPATH"] = str(Path(drawlib.__file__).parents[1])
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=env, cwd=tmp_path
    )
    assert result.stderr == "native code is heard again"
    assert result.stdout == f"seed 0 · digits: {SOURCE}\n0\n"


def test_an_error_on_the_way_is_not_swallowed(capfd):
    with pytest.raises(ModuleNotFoundError), _no_native_stderr():
        importlib.import_module("no_such_module")
    os.write(2, b"heard again")
    assert capfd.readouterr().err == "heard again"

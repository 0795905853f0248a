import dataclasses
import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drawlib import bundled, data, download
from drawlib.data import binarize, digits_source, load_mnist

DAMAGED = "truncated, altered or unreadable"


def put(file, content):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def contents(folder):
    return sorted(path.name for path in folder.iterdir())


def assert_is_small(digits, small):
    np.testing.assert_array_equal(np.rint(digits.x_train * 255), small.arrays["x_train"])
    np.testing.assert_array_equal(digits.y_train, small.arrays["y_train"])
    np.testing.assert_array_equal(np.rint(digits.x_test * 255), small.arrays["x_test"])
    np.testing.assert_array_equal(digits.y_test, small.arrays["y_test"])


# What is returned.


def test_images_and_labels_have_the_promised_form(small, tmp_path):
    digits = load_mnist(put(tmp_path / "some.npz", small.content))
    assert_is_small(digits, small)
    for images in (digits.x_train, digits.x_test):
        assert images.dtype == np.float32
    for labels in (digits.y_train, digits.y_test):
        assert labels.dtype == np.int64
    with pytest.raises(dataclasses.FrozenInstanceError):
        digits.source = "elsewhere"
    assert repr(digits) == "Digits(6 + 4 images, source='MNIST (given path)')"


def test_black_is_one_and_white_is_zero():
    grey = data._grey(np.array([0, 51, 255], np.uint8))
    np.testing.assert_array_equal(grey, np.array([0, 0.2, 1], np.float32))


# Which source is used, and that it is said.


def test_a_path_comes_first(small, tmp_path, monkeypatch, cached, capsys):
    put(cached, b"not looked at")
    monkeypatch.setenv("DRAWLIB_DATA", str(cached.parent))
    file = put(tmp_path / "folder" / "mnist.npz", small.content)
    for path in (file, str(file), file.parent):
        assert digits_source(path) == "MNIST (given path)"
        assert_is_small(load_mnist(path), small)
        assert capsys.readouterr().out == "digits: MNIST (given path)\n"


def test_the_folder_of_the_environment_comes_second(small, tmp_path, monkeypatch, cached, capsys):
    put(cached, b"not looked at")
    put(tmp_path / "mnist.npz", small.content)
    monkeypatch.setenv("DRAWLIB_DATA", str(tmp_path))
    assert digits_source() == "MNIST (DRAWLIB_DATA)"
    assert_is_small(load_mnist(), small)
    assert capsys.readouterr().out == "digits: MNIST (DRAWLIB_DATA)\n"


def test_the_cache_comes_third(small, monkeypatch, cached, capsys):
    put(cached, small.content)
    monkeypatch.setenv("DRAWLIB_DATA", "")  # empty is unset
    assert digits_source() == "MNIST (Keras cache)"
    assert_is_small(load_mnist(), small)
    assert capsys.readouterr().out == "digits: MNIST (Keras cache)\n"


def test_the_download_comes_fourth_and_is_kept(small, serve, monkeypatch, cached, capsys):
    monkeypatch.setattr(data, "MNIST_URL", serve(lambda handler: handler.send(small.content)))
    assert not digits_source().startswith("MNIST")
    assert_is_small(load_mnist(), small)
    assert capsys.readouterr().out == (
        "digits: no MNIST here yet, so it is downloaded (11 MB)\ndigits: MNIST (download)\n"
    )
    assert contents(cached.parent) == ["mnist.npz"]
    assert cached.read_bytes() == small.content
    assert load_mnist().source == "MNIST (Keras cache)"


def test_the_bundled_digits_come_last_and_the_reason_is_said(cached, capsys):
    digits = load_mnist()
    assert digits.source == "scikit-learn's 1,797 digits (bundled)"
    assert digits.x_train.shape == (1500, 28, 28)
    assert digits.x_test.shape == (297, 28, 28)
    said = capsys.readouterr().out.splitlines()[-1]
    assert said.startswith(f"digits: {digits.source}, for the download of MNIST failed: ")
    assert "refused" in said
    assert not cached.parent.exists()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda handler: handler.send_error(404), "HTTP Error 404"),
        (lambda handler: handler.send(b"PK" * 500, promise=2000), "cut off after 1,000 of 2,000"),
        (lambda handler: handler.send(b"<html>Sign in</html>"), "is no MNIST: File is not a zip"),
        (lambda handler: handler.send(b""), "is no MNIST: File is not a zip"),
        (lambda handler: handler.closing.wait(), "too slow|timed out"),
    ],
    ids=["404", "truncated", "a page", "nothing", "hanging"],
)
def test_a_download_that_fails_leaves_nothing(serve, monkeypatch, cached, capsys, answer, reason):
    monkeypatch.setattr(download, "PATIENCE_S", 1.0)
    monkeypatch.setattr(data, "MNIST_URL", serve(answer))
    assert load_mnist().source == data.BUNDLED
    assert re.search(reason, capsys.readouterr().out)
    assert not cached.parent.exists()


def test_a_download_of_other_digits_is_not_taken(small, serve, monkeypatch, cached, capsys):
    altered = small.arrays["x_test"].copy()
    altered[0, 0, 0] ^= 1
    content = small.packed(x_test=altered)
    monkeypatch.setattr(data, "MNIST_URL", serve(lambda handler: handler.send(content)))
    assert load_mnist().source == data.BUNDLED
    assert "its images and labels are not MNIST's" in capsys.readouterr().out
    assert not cached.parent.exists()


@pytest.mark.parametrize(
    ("keras_home", "folder"), [("", ".keras"), ("~/other", "other"), ("{}/third", "third")]
)
def test_the_cache_lies_where_keras_keeps_it(monkeypatch, tmp_path, keras_home, folder):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", keras_home.format(tmp_path))
    assert data._cached_file() == tmp_path / folder / "datasets" / "mnist.npz"


def test_a_home_that_is_not_ours_is_left_alone(monkeypatch, tmp_path):
    """As Keras does: a user without a home keeps the cache among the temporary files."""
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "missing"))
    monkeypatch.setattr(data.tempfile, "gettempdir", lambda: str(tmp_path))
    assert data._cached_file() == tmp_path / ".keras" / "datasets" / "mnist.npz"


# What is named and not there, and what is there and damaged.


@pytest.mark.parametrize("path", ["missing.npz", "empty", 3, b"mnist.npz"])
def test_a_path_that_names_nothing_is_an_error(small, tmp_path, cached, path):
    put(cached, small.content)  # never a silent fallback
    (tmp_path / "empty").mkdir()
    wrong = tmp_path / path if isinstance(path, str) else path
    for function in (digits_source, load_mnist):
        with pytest.raises(ValueError, match="expected path to be a file, or a folder that holds"):
            function(wrong)


def test_a_folder_of_the_environment_that_is_missing_is_an_error(
    small, tmp_path, monkeypatch, cached
):
    put(cached, small.content)
    monkeypatch.setenv("DRAWLIB_DATA", str(tmp_path / "missing"))
    for function in (digits_source, load_mnist):
        with pytest.raises(ValueError, match=r"expected DRAWLIB_DATA to be .*missing"):
            function()


def damaged_files(small):
    """Yield a name, the content and a word of the error for each kind of damage."""
    yield "empty", b"", "not a zip"
    yield "text", b"hello" * 1000, "not a zip"
    yield "truncated", small.content[: len(small.content) // 2], "not a zip"
    yield "an array short", small.content.replace(b"y_test", b"z_test"), "y_test"
    altered = small.arrays["y_train"].copy()
    altered[0] ^= 1
    yield "altered", small.packed(y_train=altered), "not MNIST's"
    yield "other shape", small.packed(x_test=small.arrays["x_test"][:3]), "shape"
    yield "other type", small.packed(x_test=small.arrays["x_test"].astype(float)), "uint8"
    yield "other order", small.packed(x_test=np.asfortranarray(small.arrays["x_test"])), "True"


@pytest.mark.parametrize("kind", range(8))
def test_a_damaged_file_is_an_error_and_stays_as_it_is(
    small, tmp_path, monkeypatch, cached, kind, capsys
):
    _, content, word = list(damaged_files(small))[kind]
    for file, arrange in (
        (tmp_path / "mine.npz", lambda file: (file,)),
        (tmp_path / "mnist.npz", lambda _: monkeypatch.setenv("DRAWLIB_DATA", str(tmp_path))),
        (cached, lambda _: monkeypatch.delenv("DRAWLIB_DATA")),
    ):
        put(file, content)
        arguments = arrange(file) or ()
        with pytest.raises(ValueError, match=DAMAGED) as caught:
            load_mnist(*arguments)
        assert str(file) in str(caught.value)
        assert word in str(caught.value)
        assert file.read_bytes() == content
    assert capsys.readouterr().out == ""  # no other source was tried


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(chance=st.data())
def test_damage_anywhere_is_noticed(small, tmp_path, chance):
    """Cut at any byte, or change any: either it is MNIST still, or there is an error."""
    content = bytearray(small.content)
    if chance.draw(st.booleans()):
        del content[chance.draw(st.integers(0, len(content) - 1)) :]
    else:
        at = chance.draw(st.integers(0, len(content) - 1))
        content[at] ^= chance.draw(st.integers(1, 255))
    file = put(tmp_path / "mine.npz", bytes(content))
    error = ""
    try:
        assert_is_small(load_mnist(file), small)
    except ValueError as damage:
        error = str(damage)
    assert not error or (DAMAGED in error and str(file) in error)
    assert file.read_bytes() == content


def npy(array_bytes, header):
    """Return the bytes of an .npy file with any header."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + array_bytes


def zipped(**members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return file.getvalue()


def test_a_header_that_promises_a_hundred_gigabytes_reserves_nothing(small, tmp_path):
    header = {"descr": "|u1", "fortran_order": False, "shape": (127_000_000, 28, 28)}
    file = put(tmp_path / "mine.npz", zipped(x_train=npy(b"few", header)))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=DAMAGED):
            load_mnist(file)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_an_array_shorter_than_its_header_is_an_error(small, tmp_path):
    header = {"descr": "|u1", "fortran_order": False, "shape": (6, 28, 28)}
    file = put(tmp_path / "mine.npz", zipped(x_train=npy(b"few", header)))
    with pytest.raises(ValueError, match=DAMAGED):
        load_mnist(file)


def test_a_later_version_of_the_format_is_an_error(small, tmp_path):
    array = io.BytesIO()
    np.lib.format.write_array(array, small.arrays["x_train"], version=(2, 0))
    with pytest.raises(ValueError, match="unknown version"):
        load_mnist(put(tmp_path / "mine.npz", zipped(x_train=array.getvalue())))


class Trap:
    def __reduce__(self):
        return os.mkdir, ("sprung",)


def test_nothing_is_unpickled(small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trap = np.array([Trap()], dtype=object)
    with pytest.raises(ValueError, match=DAMAGED):
        load_mnist(put(tmp_path / "mine.npz", small.packed(x_train=trap)))
    assert not Path("sprung").exists()


# A cache that cannot be written.


def test_a_file_where_the_cache_should_be(small, serve, monkeypatch, tmp_path, capsys):
    (tmp_path / "keras").write_text("in the way")
    monkeypatch.setattr(data, "MNIST_URL", serve(lambda handler: handler.send(small.content)))
    assert_is_small(load_mnist(), small)
    assert "digits: MNIST (download), used but not kept: " in capsys.readouterr().out
    assert (tmp_path / "keras").read_text() == "in the way"


def test_a_full_disk(small, serve, monkeypatch, cached, capsys):
    def fail(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    monkeypatch.setattr(data, "MNIST_URL", serve(lambda handler: handler.send(small.content)))
    assert_is_small(load_mnist(), small)
    assert "used but not kept: No space left on device" in capsys.readouterr().out
    assert contents(cached.parent) == []


_PROGRAM = """
import os, resource, sys, time
from drawlib import data
data.MNIST_URL, data.MNIST_SHA256, data._MNIST_SHAPES = {url!r}, {sha256!r}, {shapes!r}
{first}
digits = data.load_mnist()
assert digits.source == "MNIST (download)", digits.source
"""


@pytest.fixture
def start(small, serve, tmp_path):
    """Start a process that loads the small MNIST from a local server."""
    processes = []

    def start(first="", answer=lambda handler, small: handler.send(small.content)):
        url = serve(lambda handler: answer(handler, small))
        code = _PROGRAM.format(url=url, sha256=small.sha256, shapes=small.shapes, first=first)
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(data.__file__).parents[1])},
            cwd=tmp_path,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def test_a_disk_that_takes_no_more_bytes(start, cached):
    """A real limit of the system, where the test above pretends."""
    limit = "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))"
    said, trouble = start(limit).communicate(timeout=60)
    assert "used but not kept: File too large" in said, trouble
    assert contents(cached.parent) == []


_AS_NOBODY = """
os.environ["KERAS_HOME"] = "readonly"  # from the working folder: nobody may look above it
def write_as_nobody(*arguments, write=data.write_whole):
    if os.geteuid() == 0:
        os.seteuid(65534)
    write(*arguments)
data.write_whole = write_as_nobody
"""


def test_a_cache_that_may_not_be_written(start, tmp_path):
    """Without root's rights, since root may write everywhere."""
    cache = tmp_path / "readonly" / "datasets"
    cache.mkdir(parents=True)
    for folder in (cache, cache.parent, tmp_path):
        folder.chmod(0o555)
    try:
        said, trouble = start(_AS_NOBODY).communicate(timeout=60)
    finally:
        tmp_path.chmod(0o755)
        cache.parent.chmod(0o755)
        cache.chmod(0o755)
    assert "digits: MNIST (download), used but not kept: Permission denied" in said, trouble
    assert contents(cache) == []


# Killed half-way, and two at once.


def wait_for(what, seconds=30):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def test_killed_while_it_receives(small, serve, monkeypatch, start, cached):
    half_way = threading.Event()

    def answer(handler, small):
        handler.send(small.content[:2000], promise=len(small.content))
        half_way.set()
        handler.closing.wait()

    process = start(answer=answer)
    assert half_way.wait(30)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not cached.parent.exists()

    monkeypatch.setattr(data, "MNIST_URL", serve(lambda handler: handler.send(small.content)))
    assert_is_small(load_mnist(), small)


def test_killed_while_it_writes(small, serve, monkeypatch, start, cached):
    process = start("os.fsync = lambda _: time.sleep(60)")
    wait_for(lambda: list(cached.parent.glob(".*.part")))
    process.send_signal(signal.SIGKILL)
    process.wait()
    [leftover] = contents(cached.parent)
    assert leftover != "mnist.npz"

    monkeypatch.setattr(data, "MNIST_URL", serve(lambda handler: handler.send(small.content)))
    assert_is_small(load_mnist(), small)
    assert load_mnist().source == "MNIST (Keras cache)"
    assert contents(cached.parent) == sorted([leftover, "mnist.npz"])  # too fresh to sweep


def test_two_processes_at_once(small, start, cached):
    both = threading.Barrier(2)

    def answer(handler, small):
        handler.send(small.content[:2000], promise=len(small.content))
        both.wait(30)
        handler.wfile.write(small.content[2000:])

    for process in [start(answer=answer), start(answer=answer)]:
        said, trouble = process.communicate(timeout=60)
        assert process.returncode == 0, trouble
        assert said.endswith("digits: MNIST (download)\n")
    assert contents(cached.parent) == ["mnist.npz"]
    assert cached.read_bytes() == small.content


# MNIST itself.


def test_mnist_is_mnist(real_mnist):
    digits = load_mnist(real_mnist)
    assert digits.x_train.shape == (60_000, 28, 28)
    assert digits.x_test.shape == (10_000, 28, 28)
    assert digits.y_train[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert digits.y_test[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert digits.x_train.min() == 0
    assert digits.x_train.max() == 1
    assert digits.x_train.mean() == pytest.approx(0.1307, abs=1e-4)  # the number everybody uses


def test_mnist_by_download(real_mnist, serve, monkeypatch, cached, capsys):
    content = real_mnist.read_bytes()
    monkeypatch.setattr(data, "MNIST_URL", serve(lambda handler: handler.send(content)))
    assert load_mnist().source == "MNIST (download)"
    assert cached.read_bytes() == content
    assert load_mnist().source == "MNIST (Keras cache)"


def test_a_single_altered_pixel_of_mnist_is_noticed(real_mnist, tmp_path):
    with np.load(real_mnist) as archive:
        arrays = dict(archive)
    arrays["x_train"][31_415, 14, 14] ^= 1
    np.savez(tmp_path / "mnist.npz", **arrays)
    with pytest.raises(ValueError, match="not MNIST's"):
        load_mnist(tmp_path)


# The bundled digits.


def test_bundled_digits_lie_as_mnist_does():
    x_train, y_train, x_test, y_test = bundled.load_bundled()
    assert (len(y_train), len(y_test)) == (1500, 297)
    images = np.concatenate([x_train, x_test]).astype(float)
    assert images.max() == 255
    ink = images > 0
    tall, wide = ink.any(axis=2).sum(axis=1), ink.any(axis=1).sum(axis=1)
    assert max(tall.max(), wide.max()) <= 20
    mass = images.sum(axis=(1, 2))
    for axis in (1, 2):
        centre = images.sum(axis=axis) @ np.arange(28) / mass
        assert np.abs(centre - 14).max() <= 0.5 + 1e-9  # no box met the edge
    assert set(y_train) == set(y_test) == set(range(10))


def test_bundled_digits_are_enlarged_as_scipy_does():
    from scipy.ndimage import map_coordinates
    from sklearn.datasets import load_digits

    small = load_digits().images[7]
    at = (np.arange(20) + 0.5) * 8 / 20 - 0.5
    expected = map_coordinates(small, np.meshgrid(at, at, indexing="ij"), order=1, mode="nearest")
    image = bundled.load_bundled()[0][7]
    rows, columns = np.nonzero(image)
    ink = image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    rows, columns = np.nonzero(np.rint(expected * 255 / 16))
    expected = expected[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    np.testing.assert_allclose(ink, expected * 255 / 16, atol=0.5 + 1e-9)


@pytest.mark.parametrize(("ink", "corner"), [(0, 8), (4, 8), (6, 8), (10, 4), (14, 0), (19, 0)])
def test_the_box_is_moved_until_its_mass_is_centred_or_it_meets_the_edge(ink, corner):
    assert bundled._corner(np.eye(20, dtype=int)[ink]) == corner


# Binarisation.


def test_binarize_keeps_shape_and_gives_zeros_and_ones():
    for shape in [(28, 28), (3, 28, 28), (2, 3, 4, 1), ()]:
        pixels = binarize(np.full(shape, 0.5), seed=1)
        assert pixels.shape == shape
        assert pixels.dtype == np.float32
        assert np.isin(pixels, [0, 1]).all()


def test_binarize_is_certain_about_black_and_white():
    images = np.repeat([0.0, 1.0], 100_000)
    np.testing.assert_array_equal(binarize(images, seed=0), images)


def test_binarize_gives_one_as_often_as_the_pixel_is_grey():
    for grey in (0.1, 0.5, 0.9):
        share = binarize(np.full(40_000, grey), seed=0).mean()
        assert share == pytest.approx(grey, abs=4 * np.sqrt(grey * (1 - grey) / 40_000))


def test_binarize_repeats_itself_for_one_seed_only():
    images = np.full((5, 28, 28), 0.5, np.float32)
    np.testing.assert_array_equal(binarize(images, seed=3), binarize(images, seed=3))
    assert (binarize(images, seed=3) != binarize(images, seed=4)).mean() > 0.4


def test_binarize_gives_the_same_pixels_with_every_numpy():
    """A fixed test set is fixed only if no new version of NumPy draws it differently."""
    pixels = binarize(np.full(24, 0.5), seed=0).astype(int)
    assert "".join(map(str, pixels)) == "000111111000000000001001"


@pytest.mark.parametrize(
    ("images", "seed", "message"),
    [
        ([0.5, 1.1], 0, "images to hold no entry above 1; received 1.1"),
        ([-0.5, 1.0], 0, "images to hold no entry below 0; received -0.5"),
        (np.array([0, 255], np.uint8), 0, "images to hold no entry above 1; received 255"),
        ([np.nan], 0, "images to be finite everywhere"),
        (["a"], 0, "images to be an array of real numbers"),
        (None, 0, "images to be an array of real numbers"),
        ([0.5], -1, "seed to be a whole number, at least 0; received -1"),
        ([0.5], 0.5, "seed to be a whole number"),
        ([0.5], None, "seed to be a whole number"),
    ],
)
def test_binarize_says_what_is_wrong(images, seed, message):
    with pytest.raises(ValueError, match=f"expected {message}"):
        binarize(images, seed)

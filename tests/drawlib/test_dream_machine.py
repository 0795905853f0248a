"""The dream machine's weights, what it draws, and the mathematics in its script, run by node."""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess

import numpy as np
import pytest
from PIL import Image

from drawlib import checkpoints, dream_machine, explorables
from drawlib.dream_machine import NETWORKS, decoder, draw, kernels, latents
from drawlib.explorable import bundle
from tests.drawlib.test_explorables import NODE, needs_node


@pytest.fixture(scope="module")
def shown():
    return dream_machine.dream_machine()


def given_of(html):
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', html)[1])


@pytest.fixture(scope="module")
def packed(shown):
    return given_of(shown.html)["networks"]


def node(code, given=None, *, fails=False):
    """Run code after the whole script, with `given` in scope; return what it returns."""
    program = (
        f"{bundle('dream-machine.js')}\nconst given = {json.dumps(given)};\n"
        f"process.stdout.write(JSON.stringify((() => {{ {code} }})()));"
    )
    done = subprocess.run(
        [NODE, "--input-type=module", "-"], input=program, capture_output=True, text=True
    )
    assert (done.returncode == 0) != fails, done.stderr
    return done.stderr if fails else json.loads(done.stdout)


# The object


def test_it_is_light_and_asks_for_nothing(shown, packed):
    size = len(shown.html.encode())
    weights = sum(
        len(base64.b64decode(layer["bytes"]))
        for network in packed
        for layer in network["layers"].values()
    )
    print(f"{size:,} bytes of HTML, of which {weights:,} bytes of weights before base64")
    assert weights <= 600_000
    assert size <= 900_000
    assert "http" not in shown.html
    with Image.open(io.BytesIO(shown.still)) as still:
        assert still.width > still.height > 300
    assert len(shown.still) < 30_000


def test_it_is_found_among_the_explorables():
    assert explorables.dream_machine is dream_machine.dream_machine


def test_it_is_the_same_each_time(shown):
    again = dream_machine.dream_machine(0, temperature=1)
    assert (again.html, again.still) == (shown.html, shown.still)
    other = dream_machine.dream_machine(1, temperature=0.5)
    assert given_of(other.html)["start"] == {"seed": 1, "temperature": 0.5}
    assert other.still != shown.still


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": -1}, "seed to be a whole number, at least 0"),
        ({"seed": 2**32}, "seed to be a whole number"),
        ({"seed": 1.5}, "seed to be a whole number"),
        ({"temperature": np.nan}, "temperature to be a finite number"),
        ({"temperature": 2.5}, "temperature to be a finite number, at least 0.0 and at most 2.0"),
    ],
)
def test_bad_arguments(change, said):
    with pytest.raises(ValueError, match=f"expected {said}.*; received"):
        dream_machine.dream_machine(**change)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_weights_are_those_of_the_network_that_is_shipped(name):
    card, whole = decoder(name)[1], checkpoints.read_card(name)
    assert card["sha256"] == whole["sha256"], "run python -m tools.dream_weights again"
    assert card["config"] == whole["config"]
    assert card["bound"] == whole["bound"]["test"]


# Agreement


CANVASES = """
const {packed, z} = given;
const network = networkOf(packed);
const canvases = new Float32Array(11 * 784);
const windows = new Float64Array(50);
return z.map((one) => {
  drawDream(network, one, canvases, windows);
  return [[...canvases].map((logit) => Math.round(1e5 * sigmoid(logit)) / 1e5), [...windows]];
});"""


@needs_node
@pytest.mark.parametrize("which", [0, 1])
def test_fifty_dreams_agree_with_the_package(packed, which):
    """With DRAW.decode of the same weights within 0.02; of the weights before within 0.05."""
    name = NETWORKS[which]
    z = np.random.default_rng(11).standard_normal((10, 50, 10)).astype("float32")
    given = {"packed": packed[which], "z": z.swapaxes(0, 1).reshape(50, 100).tolist()}
    canvases, windows = zip(*node(CANVASES, given), strict=True)
    pages = np.reshape(canvases, (50, 11, 28, 28)).swapaxes(0, 1)
    assert (pages[0] == 0.5).all()
    model = checkpoints.load_pretrained(name)
    whole = model.decode(z).canvases
    weights = decoder(name)[0]
    checkpoints.set_weights(model, {**checkpoints.weights(model), **kernels(weights)})
    rounded = model.decode(z, windows=True)
    to_rounded, to_whole = abs(pages[1:] - rounded.canvases), abs(pages[1:] - whole)
    print(
        f"{name}: to the same weights {to_rounded.max():.1e}; to the weights before "
        f"{to_whole.max():.3f} at most, {to_whole.mean():.5f} on average"
    )
    assert to_rounded.max() < 1e-3  # the issue asks for 0.02
    assert to_whole.max() < 0.05
    assert abs(draw(weights, z)[0] - rounded.canvases).max() < 1e-3
    if rounded.write_windows is not None:
        shown = np.reshape(windows, (50, 10, 5)).swapaxes(0, 1)
        np.testing.assert_allclose(shown, rounded.write_windows, rtol=1e-3, atol=1e-3)
    else:
        assert not np.any(windows)


@needs_node
@pytest.mark.parametrize("seed", [0, 1, 4711, 2**32 - 1])
def test_a_dream_can_be_told(seed):
    code = """const dreams = Array.from({length: 16}, () => new Float64Array(100));
    fillNormal(given, dreams);
    return dreams.map((dream) => [...dream]);"""
    z = np.reshape(node(code, seed), (16, 10, 10)).swapaxes(0, 1)
    np.testing.assert_allclose(latents(seed, temperature=0.5), 0.5 * z, atol=1e-12)


@needs_node
def test_the_random_numbers_are_mulberry32_and_normal():
    code = "const next = uniforms(0); return [next(), next(), next()];"
    # As its author's C gives them.
    np.testing.assert_allclose(
        np.array(node(code)) * 2**32, [1144304738, 1416247, 958946056], atol=0.5
    )
    z = np.concatenate([latents(seed).ravel() for seed in range(40)])
    assert abs(z.mean()) < 4 / np.sqrt(z.size)
    assert abs(z.var() - 1) < 4 * np.sqrt(2 / z.size)
    assert abs((z**4).mean() - 3) < 4 * np.sqrt(96 / z.size)
    with pytest.raises(ValueError, match="expected temperature to be a finite number"):
        latents(0, temperature=np.inf)


@needs_node
def test_every_place_of_the_pad_is_as_likely():
    rng = np.random.default_rng(3)
    z, u, v = rng.standard_normal((3, 4000))
    places = [[0, 0], [1, 0], [0, 1], [0.6, 0.5], [-0.3, -0.2], [-0.6, 0.8]]
    code = """const out = new Float64Array(given.z.length);
    const {z, u, v} = given;
    return given.places.map((place) => [...mixed(out, z, u, v, place, 2)]);"""
    given = {"z": z.tolist(), "u": u.tolist(), "v": v.tolist(), "places": places}
    found = np.array(node(code, given)) / 2
    np.testing.assert_allclose(found[:3], [z, u, v], atol=1e-12)
    np.testing.assert_allclose(found.std(axis=1), 1, atol=0.06)


# Bad input


BROKEN = [
    ("packed.layers.write_patch.rows = 25", "expected write_patch to be 256×25; received 25×25"),
    ("delete packed.layers.decoder_z", "expected decoder_z to be 10×1024; received nothing"),
    ("packed.units = 255", "to be 10×1020; received 10×1024"),
    ("packed.units = NaN", "expected units to be a whole number; received NaN"),
    ("packed.layers.decoder_h.bytes = packed.layers.decoder_h.bytes.slice(400)", "and no more"),
    (
        "packed.layers.decoder_h.bytes = 'AAAA' + packed.layers.decoder_h.bytes",
        "expected 262144 numbers; received more",
    ),
    (
        "packed.layers.decoder_z.bytes = 'AAAA' + packed.layers.decoder_z.bytes",
        "expected 20480 bytes for decoder_z; received",
    ),
]


@needs_node
@pytest.mark.parametrize(("change", "said"), BROKEN)
def test_weights_that_do_not_fit_are_refused(packed, change, said):
    assert said in node(
        f"const packed = given; {change}; networkOf(packed);", packed[0], fails=True
    )


@needs_node
def test_no_state_is_too_bad_to_be_shown():
    code = """
    const bad = [NaN, undefined, null, "7", {}, [], true, Infinity, -Infinity, 1e300, -1e300, 0.1];
    const start = {seed: 5, temperature: 1.5};
    const limits = {steps: 10, temperatures: [0, 2]};
    return bad.map((value) => soundDream({seed: value, temperature: value, time: value,
      chosen: value, place: [value, value]}, start, limits))
      .concat(bad.map((value) => soundDream({place: value}, start, limits)));"""
    states = node(code)
    for state in states:
        assert state["seed"] == int(state["seed"])
        assert 0 <= state["seed"] < 2**32
        assert 0 <= state["temperature"] <= 2
        assert 0 <= state["time"] <= 11
        assert state["chosen"] in range(16)
        assert np.hypot(*state["place"]) < 1.0001
    assert all((state["seed"], state["temperature"]) == (5, 1.5) for state in states[:7])


@needs_node
def test_seeds_are_read():
    good = ["0", " 4711 ", "#12", "4294967295", "007"]
    bad = ["", "4294967296", "1.5", "-1", "1e3", "NaN", "seven", "99999999999"]
    assert node("return given.map(parseSeed);", good + bad) == [0, 4711, 12, 4294967295, 7] + [
        None
    ] * len(bad)


@needs_node
def test_the_window_glides_and_the_ink_follows():
    times = np.linspace(0, 11, 221).tolist()
    moments = node("return given.map((time) => between(time, 10));", times)
    assert moments[0] == {"step": 1, "ink": 0, "glide": 0, "frame": 0}
    for time, moment in zip(times, moments, strict=True):
        assert moment["step"] == min(max(np.ceil(round(time, 6)), 1), 10)
        assert 0 <= moment["ink"] <= moment["glide"] <= 1
        if 0 < time <= 10 and round(time, 6) == round(time):
            assert moment["ink"] == moment["glide"] == moment["frame"] == 1
    assert moments[-1] == {"step": 10, "ink": 1, "glide": 1, "frame": 0}

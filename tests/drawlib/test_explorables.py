"""The HTML that an explorable is, and the mathematics in its script, run by node."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from drawlib import explorable, filterbank
from drawlib.explorable import Explorable, bundle
from drawlib.explorables import window
from drawlib.window_explorable import NUMBERS, RANGES

SOURCES = Path(explorable.__file__).parent / "browser"
SCRIPTS = sorted(path.name for path in SOURCES.glob("*.js"))
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(
    NODE is None, reason="no node here: JavaScript is not run by itself"
)


def images(count=2, height=28, width=28, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, height, width)) / 255


def node(code, given=None):
    """Run code after the window's whole script, with `given` in scope; return what it returns."""
    program = (
        f"{bundle('window.js')}\nconst given = {json.dumps(given)};\n"
        f"process.stdout.write(JSON.stringify((() => {{ {code} }})()));"
    )
    done = subprocess.run(
        [NODE, "--input-type=module", "-"], input=program, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# The object


@pytest.fixture(scope="module")
def shown():
    return window(images(3), labels=["a", "b", "c"])


def test_it_displays_as_html_and_png(shown):
    bundle_ = shown._repr_mimebundle_()
    assert set(bundle_) == {"text/html", "image/png"}
    with Image.open(io.BytesIO(base64.b64decode(bundle_["image/png"]))) as still:
        assert still.format == "PNG"
        assert still.width > still.height > 300
    assert len(shown.still) < 40_000
    assert repr(shown) == shown.alt


def test_the_html_is_one_element_that_asks_for_nothing(shown):
    html = shown.html
    assert html.startswith("<div ")
    assert html.endswith("</div>")
    assert len(html.encode()) < 100_000
    assert "http" not in html
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|import\(", html)
    [picture] = re.findall(r'src="([^"]{0,30})', html)
    assert picture.startswith("data:image/png;base64,")
    assert base64.b64encode(shown.still).decode() in html
    assert len(re.findall("<script", html)) == len(re.findall("</script", html)) == 2


def test_it_is_the_same_each_time(shown):
    again = window(images(3), labels=["a", "b", "c"])
    assert again.html == shown.html
    assert again.still == shown.still
    assert window(images(3), size=5).html != shown.html


def test_neither_data_nor_words_break_out():
    nasty = "</script><!--<script>\"'&\u2028</template>"
    made = Explorable("window", alt=nasty, still=b"x", data={"label": nasty})
    assert nasty not in made.html
    assert len(re.findall("<script|<!--", made.html)) == 2
    [given] = re.findall(r'<script type="application/json">(.*?)</script>', made.html)
    assert json.loads(given) == {"label": nasty}


@pytest.mark.parametrize("element", ["script", "style"])
def test_a_source_that_would_end_its_element_is_refused(element):
    for text in (f"a = '</{element}>'", f"</{element.upper()} >", "x <!-- y"):
        with pytest.raises(ValueError, match=f"expected nothing in a {element} that ends it"):
            explorable._inside(element, text)


def test_what_is_not_a_number_is_no_data():
    with pytest.raises(ValueError, match="not JSON compliant"):
        Explorable("window", alt="a", still=b"x", data={"x": float("nan")})


def test_there_is_a_limit_to_its_weight():
    with pytest.raises(ValueError, match=r"expected .* at most 900,000 bytes; received"):
        Explorable("window", alt="a", still=b"x", data={"x": "a" * 900_000})
    with pytest.raises(ValueError, match="expected kind to be the name of a file"):
        Explorable("mirror", alt="a", still=b"x", data={})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"images": np.zeros((28, 28))}, r"images to be .* shape \(C, H, W\)"),
        ({"images": np.zeros((7, 28, 28))}, "images to be one to six"),
        ({"images": np.zeros((1, 3, 28))}, "images to be one to six"),
        ({"images": np.full((1, 28, 28), 2.0)}, "images to hold no entry above 1"),
        ({"images": np.full((1, 28, 28), np.nan)}, "images to be finite"),
        ({"numbers": [0, 0, 0, 0]}, r"numbers to be .* shape \(5\)"),
        ({"numbers": [0, 0, np.inf, 0, 0]}, "numbers to be finite"),
        ({"size": 0}, "size to be a whole number, at least 1 and at most 12"),
        ({"size": 13}, "size to be a whole number"),
        ({"labels": ["one"]}, "labels to be 2 names"),
        ({"labels": "ab"}, "labels to be 2 names"),
    ],
)
def test_bad_arguments(change, said):
    with pytest.raises(ValueError, match=f"expected {said}.*; received"):
        window(**{"images": images(2), **change})


def test_numbers_beyond_the_sliders_are_put_at_their_ends():
    far = window(images(1), [9, -9, 99, -99, 9])
    near = window(images(1), [1.3, -1.3, 5.0, -4.0, 2.0])
    assert far.html == near.html


@pytest.mark.parametrize("listing", [False, True])
@pytest.mark.parametrize("size", [1, 2, 12])
def test_every_start_has_a_still_picture(size, listing):
    made = window(images(1, 20, 30), [1.3, -1.3, -4, 0.6, 2], size=size, listing=listing)
    assert made.still.startswith(b"\x89PNG")


# The sources


def test_scripts_are_joined_in_the_order_of_their_needs():
    joined = bundle("window.js")
    assert joined.index("class Frame") < joined.index("function build")
    assert joined.count("function clamp(") == joined.count("function filters(") == 1
    assert not re.search(r"^(import|export)\b", joined, re.MULTILINE)


@pytest.mark.parametrize(
    "line", ['import x from "./core.js";', "export default 1;", 'export * from "./core.js";']
)
def test_other_forms_of_modules_are_refused(line, tmp_path, monkeypatch):
    monkeypatch.setattr(explorable, "_SOURCES", tmp_path)
    (tmp_path / "new.js").write_text(f"{line}\n")
    with pytest.raises(ValueError, match=r"expected new\.js to import and export"):
        bundle("new.js")


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_are_tidy(name):
    source = (SOURCES / name).read_text("utf-8")
    code = re.sub(r"^\s*//.*$", "", source, flags=re.MULTILINE)
    for imported in re.findall(r"import \{([^}]*)\}", code):
        for word in filter(None, map(str.strip, imported.split(","))):
            assert len(re.findall(rf"\b{word}\b", code)) > 1, f"{word} is imported, never used"
    for word in re.findall(r"^(?:export )?(?:function|const|class) (\w+)", code, re.MULTILINE):
        everywhere = "".join((SOURCES / other).read_text("utf-8") for other in SCRIPTS)
        assert len(re.findall(rf"\b{word}\b", everywhere)) > 1, f"{word} is never used"
    assert not re.search(r"\b(var|eval|innerHTML|debugger|alert|console\.log)\b|[^=!]==[^=]", code)
    assert max(map(len, source.splitlines())) <= 100


@needs_node
@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_are_javascript(name):
    for text in ((SOURCES / name).read_text("utf-8"), f'"use strict";\n{bundle(name)}'):
        done = subprocess.run(
            [NODE, "--check", "--input-type=module", "-"], input=text, capture_output=True,
            text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


# The mathematics, against drawlib.filterbank


def settings(count=200, seed=1):
    """Random images, windows and N; some on the sliders' ends and beyond them."""
    rng = np.random.default_rng(seed)
    low, high = np.array([RANGES[name] for name in NUMBERS]).T
    found = []
    for k in range(count):
        height, width = (28, 28) if k % 2 else rng.integers(4, 40, 2)
        five = rng.uniform(low, high) if k % 5 else rng.choice([-9.0, *low, *high, 9.0], 5)
        image = rng.integers(0, 256, (height, width)) / 255
        found.append({"image": image, "five": five, "size": int(rng.integers(1, 13))})
    return found


def as_json(found):
    return [
        {
            "rows": one["image"].shape[0],
            "columns": one["image"].shape[1],
            "data": one["image"].ravel().tolist(),
            "five": one["five"].tolist(),
            "size": one["size"],
        }
        for one in found
    ]


def by_the_package(one):
    sizes = dict(zip(("height", "width"), one["image"].shape, strict=True), size=one["size"])
    view = filterbank.window(one["five"][None], **sizes)
    F_y, F_x = filterbank.filterbank(view, **sizes)
    glimpse = filterbank.read(one["image"][None, None], F_y, F_x, view.gamma)[:, 0]
    back = filterbank.write(glimpse, F_y, F_x, view.gamma)
    return [np.asarray(array)[0] for array in (F_x, F_y, glimpse, back)]


LOOK = """
const found = (one) => look({rows: one.rows, columns: one.columns, data: one.data}, one.five, one.size);
return given.map(found).map((s) => [s.F_x, s.F_y, s.glimpse, s.back].map((m) => [...m.data]));
"""  # noqa: E501


@needs_node
def test_filters_glimpse_and_writing_agree_with_the_package():
    found = settings()
    worst = 0.0
    for one, arrays in zip(found, node(LOOK, as_json(found)), strict=True):
        for wanted, got in zip(by_the_package(one), arrays, strict=True):
            worst = max(worst, abs(wanted.ravel() - got).max())
    print(f"largest gap in {len(found)} settings: {worst:.1e}")
    assert worst < 1e-9


@needs_node
def test_the_slope_is_the_gradient():
    found = settings(40, seed=2)
    code = """return given.map(({five, size, ...image}) => {
      const poster = look(image, [0.1, -0.1, ...five.slice(2)], size).glimpse;
      return mismatch(image, look(image, five, size), poster);
    });"""
    for one, slope in zip(found, node(code, as_json(found)), strict=True):
        sizes = dict(zip(("height", "width"), one["image"].shape, strict=True), size=one["size"])

        def glimpse(numbers, one=one, sizes=sizes):
            view = filterbank.window(numbers, **sizes)
            F_y, F_x = filterbank.filterbank(view, **sizes)
            return filterbank.read(one["image"][None, None], F_y, F_x, view.gamma)

        numbers = tf.Variable(one["five"][None])
        poster = glimpse(np.array([[0.1, -0.1, *one["five"][2:]]]))
        with tf.GradientTape() as tape:
            value = keras.ops.sum((glimpse(numbers) - poster) ** 2)
        by_tape = tape.gradient(value, numbers)[0, :2].numpy()
        per_pixel = by_tape / (np.array([sizes["width"], sizes["height"]]) - 1) * 2
        np.testing.assert_allclose(slope["value"], value, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose([slope["x"], slope["y"]], per_pixel, rtol=1e-6, atol=1e-8)


@needs_node
def test_the_listing_of_2016_is_off_by_what_we_say():
    found = settings(40, seed=3)
    code = """return given.map(({five, size, ...image}) => {
      const [ours, theirs] = [false, true].map((listing) => look(image, five, size, listing));
      return {
        mu: [...theirs.muX],
        F: [...theirs.F_x.data],
        moved: [theirs.middleX - ours.middleX, theirs.middleY - ours.middleY],
        said: [shift2016(five[0], ours.delta), shift2016(five[1], ours.delta)],
        again: [tildeOf(theirs.middleX, image.columns, ours.delta, true),
                tildeOf(ours.middleX, image.columns, ours.delta, false)],
      };
    });"""
    for one, got in zip(found, node(code, as_json(found)), strict=True):
        (height, width), size = one["image"].shape, one["size"]
        view = filterbank.window(one["five"][None], size=size, height=height, width=width)
        delta = float(view.delta[0, 0])
        mu = (width + 1) / 2 * (one["five"][0] + 1) + (np.arange(size) - size / 2 - 0.5) * delta
        np.testing.assert_allclose(got["mu"], mu, atol=1e-9)
        F = filterbank.filters(mu[None], np.asarray(view.sigma2), width)
        np.testing.assert_allclose(got["F"], np.ravel(F), atol=1e-9)
        np.testing.assert_allclose(got["moved"], got["said"], atol=1e-9)
        np.testing.assert_allclose(got["again"], one["five"][[0, 0]], atol=1e-9)


@needs_node
def test_a_blurred_window_walks_home_and_never_uphill():
    y, x = np.mgrid[:28, :28]
    image = np.exp(-((x - 13.5) ** 2 + (y - 13.5) ** 2) / 30)
    one = {"image": image, "five": np.array([-0.7, 0.6, 3.0, -0.9, 0.0]), "size": 6}
    code = """const {five: start, size, ...image} = given[0];
    const path = [];
    let [five, pace] = [start, 0.3];
    const poster = look(image, [0, 0, ...five.slice(2)], size).glimpse;
    for (let k = 0; k < 300 && pace > 0.001; k++) {
      const seen = look(image, five, size);
      path.push([seen.middleX, seen.middleY, mismatch(image, seen, poster).value]);
      ({five, pace} = descend(image, five, size, false, poster, pace));
    }
    return path;"""
    path = np.array(node(code, as_json([one])))
    assert np.hypot(*(path[0, :2] - 13.5)) > 10
    assert np.hypot(*(path[-1, :2] - 13.5)) < 0.05
    assert (np.diff(path[:, 2]) <= 0).all()
    assert np.hypot(*np.diff(path[:, :2], axis=0).T).max() < 0.3001


@needs_node
def test_no_state_is_too_bad_to_be_shown():
    start = {**dict.fromkeys(NUMBERS, 0.25), "size": 5, "image": 1, "listing": False}
    given = {"start": start, "ranges": RANGES}
    code = """
    const bad = [NaN, undefined, null, "7", {}, [], true, Infinity, -Infinity, 1e300, -1e300, 0.1];
    return bad.map((value) => {
      const state = Object.fromEntries(Object.keys(given.start).map((name) => [name, value]));
      return soundState(state, given.start, given.ranges, 3);
    });"""
    states = node(code, given)
    for state in states:
        for name, (low, high) in RANGES.items():
            assert low <= state[name] <= high
        assert state["image"] in (0, 1, 2)
        assert isinstance(state["listing"], bool)
    assert all(state["g_x"] == 0.25 for state in states[:7])
    assert [state["g_x"] for state in states[7:]] == [1.3, -1.3, 1.3, -1.3, 0.1]


@needs_node
def test_five_numbers_are_read_out_of_what_was_pasted():
    good = ["0.1, -0.2, 0.3, -.4, 5e-1", "[[0.1 −0.2 0.3 –.4 .5]]", "0.1;-0.2;0.3;-0.4;0.5"]
    bad = ["", "1 2 3 4", "1 2 3 4 5 6", "1 2 3 4 NaN", "1 2 3 4 Infinity", "1 2 3 4 five"]
    read = node("return given.map(parseFive);", [*good, *bad])
    assert read == [[0.1, -0.2, 0.3, -0.4, 0.5]] * 3 + [None] * 6


@needs_node
def test_numbers_and_themes():
    assert node("return [-0.004, -1.5, 2, 13.46].map((x) => shown(x));") == [
        "0.00", "−1.50", "2.00", "13.46",
    ]  # fmt: skip
    code = """
    const page = ([html, body, theme]) => themeOf({
      documentElement: {dataset: html, getAttribute: () => theme ?? null},
      body: body && {dataset: body},
    }, given.prefersDark);
    return given.pages.map(page);"""
    pages = [
        [{"theme": "light"}, {}],
        [{"theme": "dark"}, {}],
        [{}, {"jpThemeLight": "true"}],
        [{}, {"jpThemeLight": "false"}],
        [{}, {}, "dark"],
        [{}, {"vscodeThemeKind": "vscode-light"}],
        [{"theme": "solar"}, None],
    ]
    told = ["light", "dark", "light", "dark", "dark", "light"]
    assert node(code, {"pages": pages, "prefersDark": True}) == [*told, "dark"]
    assert node(code, {"pages": pages, "prefersDark": False}) == [*told, "light"]

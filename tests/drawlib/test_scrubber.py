"""The training scrubber: what it is given, what it packs, and its script against NumPy."""

from __future__ import annotations

import io
import json
import re
import subprocess

import numpy as np
import pytest
from PIL import Image

from drawlib import explorables, scrubber, scrubber_still
from drawlib.explorable import bundle
from drawlib.quantize import packed
from drawlib.scrubber import Arrows, Curves, Plot, Sheet, changes
from tests.drawlib.test_explorables import NODE, needs_node

S = 24
RNG = np.random.default_rng(7)
TIMES = [0, 1, 2, 5, *range(10, 100, 10), *range(100, 1200, 100)]
IMAGES = np.cumsum(RNG.integers(-2, 3, (S, 3, 8, 6)), axis=0).clip(0, 15) / 15
BARS, D, X = RNG.random((S, 40)), RNG.random((S, 21)), RNG.uniform(-5, 5, (S, 9))
Z = np.linspace(-4, 4, 9)
ERROR = RNG.uniform(0.02, 2, S)
WORDS = [f"W₁ is {error:.2f}." for error in ERROR]


def rows():
    lines = {"real": ("blue", D[0]), "D": ("green", D)}
    plot = Plot("left", lines, {"forged": ("orange", BARS)}, y_ticks={0.5: "½"})
    curves = Curves("W₁", {"one": ("orange", ERROR)}, (0.01, 3), (0.1, 1), log=True)
    return [[plot, plot], [Arrows(Z, X), Arrows(Z, X)], [curves], [Sheet("dreams", IMAGES, 2)]]


def made(**changes):
    given = {"rows": rows(), "times": TIMES, "words": WORDS, "unit": "round", "alt": "A film."}
    return scrubber.scrubber(**{**given, **changes})


def given_of(shown):
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', shown.html)[1])


@pytest.fixture(scope="module")
def shown():
    return made()


def node(code, given=None, *, fails=False):
    """Run code after the whole script, with `given` in scope; return what it returns."""
    program = (
        f"{bundle('scrubber.js')}\nconst given = {json.dumps(given)};\n"
        f"process.stdout.write(JSON.stringify((() => {{ {code} }})()));"
    )
    done = subprocess.run(
        [NODE, "--input-type=module", "-"], input=program, capture_output=True, text=True
    )
    assert (done.returncode == 0) != fails, done.stderr
    return done.stderr if fails else json.loads(done.stdout)


# The object


def test_it_is_light_and_asks_for_nothing(shown):
    size = len(shown.html.encode())
    print(f"{size:,} bytes of HTML, of which {len(shown.still):,} a picture before base64")
    assert size < 80_000
    assert "http" not in shown.html
    with Image.open(io.BytesIO(shown.still)) as still:
        assert still.width > 700
        assert still.height > 500
    assert explorables.scrubber is scrubber.scrubber
    assert "drawDream" not in shown.html  # of the dream machine it has the unpacking alone


def test_it_is_the_same_each_time(shown):
    assert (made().html, made().still) == (shown.html, shown.still)
    assert made(unit="lesson").still != shown.still


def test_the_sentences_do_not_break_out_of_the_style():
    nasty = '"; } </style><b>\\ —'
    html = made(words=[nasty] * S).html
    assert "</style><b>" not in html
    [style] = re.findall(r'style="(--fixed[^"]*)"', html)
    assert style.endswith("&quot;\\&quot;; } &lt;/style&gt;&lt;b&gt;\\\\ — —&quot;;")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"times": TIMES[:1]}, "times to be 2 to 500 whole numbers"),
        ({"times": [0.5, *TIMES[1:]]}, "times to be 2 to 500 whole numbers"),
        ({"times": [-1, *TIMES[1:]]}, "times to be at least 0, and increasing"),
        ({"times": [2, *TIMES[1:]]}, "times to be at least 0, and increasing"),
        ({"times": [np.nan, *TIMES[1:]]}, "times to be finite"),
        ({"words": WORDS[:-1]}, "words to be 24 sentences, one for each moment"),
        ({"words": [*WORDS[:-1], " "]}, "words to be 24 sentences"),
        ({"words": [*WORDS[:-1], "a\nb"]}, "words to be 24 sentences"),
        ({"words": "word"}, "words to be 24 sentences"),
        ({"unit": ""}, "unit to be a few words"),
        ({"alt": None}, "alt to be a few words"),
        ({"rows": []}, "rows to be rows of at least one panel"),
        ({"rows": [[]]}, "rows to be rows of at least one panel"),
        ({"rows": [[Arrows(Z, X[1:])]]}, r"x to be .* shape \(24, 9\)"),
        ({"rows": [[Arrows(Z, X, (5, -5))]]}, "ends to be a low end and a high one"),
        ({"rows": [[Plot("", {"D": ("green", D[1:])})]]}, r"lines to be .* shape \(24, P\)"),
        ({"rows": [[Plot("", {"D": ("green", D * np.inf)})]]}, "lines to be finite"),
        ({"rows": [[Plot("", {"D": ("red", D)})]]}, "colour to be"),
        ({"rows": [[Curves("", {"a": ("ink", ERROR[1:])}, (0, 1))]]}, r"a to be .* shape \(24\)"),
        ({"rows": [[Curves("", {}, (0, 1), log=True)]]}, "y to be above 0 where"),
        ({"rows": [[Sheet("", IMAGES[1:])]]}, r"images to be .* shape \(24, N, H, W\)"),
        ({"rows": [[Sheet("", 2 * IMAGES)]]}, "images to hold no entry above 1"),
        ({"rows": [[Sheet("", IMAGES[..., :5])]]}, "images to be of an even number of columns"),
        ({"rows": [[Sheet("", 0 * IMAGES)]]}, "images to be not all of them paper"),
        ({"rows": [[Sheet("", IMAGES, 0)]]}, "across to be a whole number, at least 1"),
    ],
)
def test_bad_arguments(change, said):
    with pytest.raises(ValueError, match=f"expected {said}.*; received"):
        made(**change)


def test_ticks_are_round_and_apart():
    linear = scrubber_still.ticks_of(range(0, 1201, 25))
    assert [25 * k for k in linear] == [0, 200, 400, 600, 800, 1000, 1200]
    found = scrubber_still.ticks_of(TIMES)
    assert [TIMES[k] for k in found] == [0, 10, 50, 100, 500, 1100]
    assert scrubber_still.ticks_of([3, 7]) == [0, 1]


def test_changes_can_be_undone():
    levels = np.round(15 * IMAGES).astype(np.uint8)
    pairs = changes(levels)
    both = np.stack([pairs // 16, pairs % 16], axis=-1).reshape(levels.shape)
    np.testing.assert_array_equal(np.cumsum(both, axis=0) % 16, levels)
    assert (changes(np.repeat(levels[:1], 3, axis=0))[1:] == 0).all()


# The script, against NumPy


@needs_node
def test_what_is_unpacked_is_what_was_packed(shown):
    code = """const film = filmOf(given);
    const [[plot], [arrows], [curves], [sheet]] = film.rows.map((row) => row.panels);
    const moments = [0, 5, film.count - 1];
    const all = (values) => moments.map((k) => [...values.at(k)]);
    return {
      real: all(plot.lines[0].values), D: all(plot.lines[1].values), bars: all(plot.bars[0].values),
      z: [...arrows.z], x: all(arrows.x), error: [...curves.lines[0].values],
      levels: [...sheet.images.levels],
    };"""
    got = node(code, given_of(shown))
    some = [0, 5, S - 1]
    np.testing.assert_allclose(got["real"], D[[0, 0, 0]], atol=1 / 32767)
    np.testing.assert_allclose(got["D"], D[some], atol=1 / 32767)
    np.testing.assert_allclose(got["bars"], BARS[some], atol=1 / 32767)
    np.testing.assert_allclose(got["x"], X[some], atol=5 / 32767)
    np.testing.assert_allclose(got["z"], Z, atol=5 / 32767)
    np.testing.assert_allclose(got["error"], ERROR, atol=2 / 32767)
    np.testing.assert_array_equal(got["levels"], np.round(15 * IMAGES).ravel())


@needs_node
def test_numbers_have_their_heights():
    values = [-1, 0.001, 0.01, 0.1, 1, 2.5, 9]
    code = "return given.map((x) => [heightOf(x, [0.01, 3], true), heightOf(x, [-1, 4])]);"
    log, linear = np.transpose(node(code, values))
    inside = np.log(np.clip(values, 0.01, 3))
    np.testing.assert_allclose(log, (inside - np.log(0.01)) / np.log(300), atol=1e-12)
    np.testing.assert_allclose(linear, (np.clip(values, -1, 4) + 1) / 5, atol=1e-12)


@needs_node
@pytest.mark.parametrize("width", [300, 820])
def test_the_panels_fill_the_place_that_is_kept_for_them(shown, width):
    """The page's own reckoning, in CSS, is that of Python; here the script's is held to it."""
    code = """let top = 0;
    const found = filmOf(given.data).rows.map((row) => {
      const places = placesOf(row, given.width, top, LAYOUT);
      top = places.next;
      return places;
    });
    return {top, found};"""
    got = node(code, {"data": given_of(shown), "width": width})
    fixed, share = re.search(r"--fixed:([\d.]+)px;--share:([\d.]+)%", shown.html).groups()
    assert got["top"] == pytest.approx(float(fixed) + float(share) / 100 * width, abs=0.01)
    plots, arrows, [curves], [sheet] = (places["boxes"] for places in got["found"])
    assert [box[0] for box in plots] == [box[0] for box in arrows] == [0, width / 2 + 10]
    assert plots[0][1:] == plots[1][1:]
    assert sheet[2:] == [width, pytest.approx(width * 2 * 8 / (2 * 6))]  # pixels stay square
    assert curves[3] == scrubber_still.HEIGHTS["curves"]
    for above, below in zip(got["found"], got["found"][1:], strict=False):
        ends = [box[1] + box[3] for box in above["boxes"]]
        assert max(ends) < min(below["title"], below["legend"])


@needs_node
def test_no_moment_is_too_bad_to_be_shown():
    code = """const bad = [NaN, undefined, null, "7", {}, [], Infinity, -Infinity, 1e9, 2.4, -0.1];
    return bad.map((value) => soundStep(value, 5, 24));"""
    assert node(code) == [5, 5, 5, 5, 5, 5, 23, 0, 23, 2, 0]


BROKEN = [
    ("film.words.pop()", "expected a sentence for each of 24 moments; received 23"),
    ("film.times = [1]", "expected a sentence for each of 1 moments"),
    ("film.rows[0].panels[0].kind = 'pie'", "expected a panel of a known kind; received pie"),
    ("film.rows[0].panels[0].bars[0].values.rows = 23", "expected forged to be 24×40"),
    ("film.rows[0].panels[0].bars[0].values.bytes += 'AAAA'", "bytes for forged; received"),
    ("delete film.rows[1].panels[0].x", "expected x to be 24×undefined; received nothing"),
    ("film.rows[2].panels[0].lines[0].values.columns = 9", "expected one to be 1×24; received 1×9"),
    ("film.rows[3].panels[0].images.shape[1] = 4", "expected dreams to be 24×96; received 24×72"),
    ("film.rows[3].panels[0].images.shape[0] = 0.5", "expected dreams to be 0.5×72"),
    ("film.rows[3].panels[0].images.bytes = 'AAAA'", "and no more"),
]


@needs_node
@pytest.mark.parametrize(("change", "said"), BROKEN)
def test_a_film_that_does_not_fit_is_refused(shown, change, said):
    assert said in node(f"const film = given; {change}; filmOf(film);", given_of(shown), fails=True)


def test_packing_says_what_it_packed():
    assert packed(np.zeros(3)) == {"rows": 1, "columns": 3, "unit": 1.0, "bytes": "AAAAAAAA"}
    assert packed(np.uint8([[1, 1], [1, 9]]))["symbols"] in ([1, 9], [9, 1])

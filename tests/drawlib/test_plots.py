import base64
import io
import itertools
import re

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from drawlib import plots
from drawlib.plots import Animation, animate, use_house_style


@pytest.fixture(autouse=True)
def as_before():
    """Draw without a window, and leave style and figures as they were."""
    backend = matplotlib.get_backend()
    plt.switch_backend("agg")
    with matplotlib.rc_context():
        yield
    plt.close("all")
    plt.switch_backend(backend)


@pytest.fixture
def scene():
    """A small figure, and a function that fills a frame's share of it."""
    figure = plt.figure(figsize=(1, 0.5), dpi=40)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()

    def draw(share):
        axes.clear()
        axes.set_axis_off()
        axes.set(xlim=(0, 1), ylim=(0, 1))
        axes.fill_between([0, share], 0, 1, color=plots.BLUE, linewidth=0, antialiased=False)

    return figure, draw


def frames_of(gif):
    """Return every frame as an array, and its duration in milliseconds."""
    with Image.open(io.BytesIO(gif)) as image:
        assert image.format == "GIF"
        frames, durations = [], []
        for frame in range(image.n_frames):
            image.seek(frame)
            frames.append(np.asarray(image.convert("RGB")))
            durations.append(image.info["duration"])
        return frames, durations, image.info["loop"]


SHARES = [0.1, 0.35, 0.6, 0.9]


def test_an_animation_holds_every_frame_and_repeats(scene):
    animation = animate(*scene, SHARES, alt="A bar grows.", fps=20, hold=1.5)
    frames, durations, loop = frames_of(animation.gif)
    assert durations == [50, 50, 50, 1500]
    assert loop == 0  # for ever
    for frame, share in zip(frames, SHARES, strict=True):
        assert frame.shape == (20, 40, 3)
        blue = np.abs(frame - 255 * np.array(to_rgb(plots.BLUE))).max(axis=-1) < 8
        assert blue.mean() == pytest.approx(share, abs=0.03)


def test_the_still_is_the_last_frame(scene):
    animation = animate(*scene, SHARES, alt="A bar grows.")
    with Image.open(io.BytesIO(animation.still)) as image:
        assert image.format == "PNG"
        still = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(still, frames_of(animation.gif)[0][-1])


def test_frames_are_drawn_one_by_one_as_they_come(scene):
    """So that a generator can train a model between two frames."""
    figure, draw = scene
    order = []

    def train():
        for share in SHARES[:2]:
            order.append(f"train {share}")
            yield share

    def note(share):
        order.append(f"draw {share}")
        draw(share)

    animate(figure, note, train(), alt="A bar grows.")
    assert order == ["train 0.1", "draw 0.1", "train 0.35", "draw 0.35"]


def test_one_frame_is_enough(scene):
    frames, _, _ = frames_of(animate(*scene, [0.5], alt="A bar.").gif)
    assert len(frames) == 1


def test_the_same_frames_give_the_same_bytes():
    def once():
        figure, axes = plt.subplots(figsize=(1, 1))
        return animate(figure, lambda x: axes.plot([0, x]), [1, 2], alt="Lines.")

    first, second = once(), once()
    assert first.gif == second.gif
    assert first.still == second.still


def test_white_paper_stays_white():
    """Where a palette averages, the pale edges of lines tint it."""
    figure, axes = plt.subplots(figsize=(2, 1.5), facecolor="white")
    animation = animate(figure, lambda x: axes.plot([0, x], alpha=0.5), [1, 2, 3], alt="Lines.")
    frames, _, _ = frames_of(animation.gif)
    for frame in frames:
        assert (frame == 255).all(axis=-1).mean() > 0.5


def test_a_dark_figure_gets_no_white():
    figure = plt.figure(figsize=(1, 1), facecolor="#333333")
    [frame], _, _ = frames_of(animate(figure, lambda _: None, [0], alt="Night.").gif)
    assert (frame == 0x33).all()


def test_the_figure_is_closed_also_when_drawing_fails(scene):
    figure, _ = scene

    def fail(_):
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        animate(figure, fail, SHARES, alt="A bar grows.")
    assert not plt.fignum_exists(figure.number)


def test_the_page_gets_a_picture_that_moves_only_for_those_who_want_it():
    bundle = Animation(b"gif's bytes", b"png's bytes", "D's surface")._repr_mimebundle_()
    assert set(bundle) == {"text/html", "image/png", "text/plain"}
    html = bundle["text/html"]
    [still] = re.findall(
        r'<source media="\(prefers-reduced-motion: reduce\)" srcset="data:image/png;base64,(.*?)">',
        html,
    )
    [gif] = re.findall(r'<img [^>]*src="data:image/gif;base64,(.*?)">', html)
    assert base64.b64decode(still) == b"png's bytes"
    assert base64.b64decode(gif) == b"gif's bytes"
    assert base64.b64decode(bundle["image/png"]) == b"png's bytes"
    assert bundle["text/plain"] == "D's surface"
    assert "<script" not in html
    assert "http" not in html


def test_the_alternative_text_cannot_break_out():
    alt = 'He said "<b>p_data</b> & p_g"'
    bundle = Animation(b"", b"", alt)._repr_mimebundle_()
    [shown] = re.findall(r'<img alt="([^"]*)"', bundle["text/html"])
    assert shown == "He said &quot;&lt;b&gt;p_data&lt;/b&gt; &amp; p_g&quot;"
    assert bundle["text/plain"] == alt


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"alt": ""}, "alt to be a sentence that says what is seen; received ''"),
        ({"alt": None}, "alt to be a sentence"),
        ({"fps": 0}, "fps to be a whole number, at least 1 and at most 50; received 0"),
        ({"fps": 51}, "fps to be"),
        ({"fps": 12.5}, "fps to be"),
        ({"hold": -1}, "hold to be a finite number, at least 0 and at most 60; received -1"),
        ({"hold": 61}, "hold to be"),
        ({"frames": []}, "frames to be at least one frame"),
        ({"frames": 20}, "frames to be what `draw` is called with, one after another; received 20"),
        ({"draw": "bar"}, "draw to be a function of one frame; received 'bar'"),
        ({"figure": None}, "figure to be a Matplotlib figure; received None"),
    ],
)
def test_animate_says_what_is_wrong(scene, changed, message):
    arguments = {"figure": scene[0], "draw": scene[1], "frames": SHARES, "alt": "A bar grows."}
    with pytest.raises(ValueError, match=f"expected {message}"):
        animate(**{**arguments, **changed})


def test_the_house_style_holds_for_new_figures():
    use_house_style()
    figure, axes = plt.subplots()
    line = axes.plot([0, 1])[0]
    assert line.get_color() == plots.BLUE
    assert not axes.spines["top"].get_visible()
    assert figure.get_layout_engine() is not None
    figure.canvas.draw()
    points = min(text.get_size() for text in figure.findobj(matplotlib.text.Text))
    width = figure.get_figwidth() * 72  # in points too
    assert points / width * 390 > 9  # on a phone, 390 px wide, every letter is 9 px high


def linear(colour):
    """Undo the display's gamma: sRGB to light."""
    channels = np.array(to_rgb(colour))
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


@pytest.mark.parametrize("colour", [plots.REAL, plots.FORGED, plots.JUDGE, plots.INK, plots.GREY])
def test_what_carries_meaning_stands_out_from_white(colour):
    luminance = linear(colour) @ [0.2126, 0.7152, 0.0722]
    assert 1.05 / (luminance + 0.05) >= 3  # the bound of WCAG 2 for graphics


# What is seen without one kind of cone (Machado, Oliveira and Fernandes, 2009).
BLINDNESS = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def lab(light):
    """CIE L*a*b*, where a distance of about 2.3 is just noticed."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.array(to_xyz) @ np.clip(light, 0, 1) / [0.9505, 1, 1.089]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("kind", BLINDNESS)
def test_the_three_roles_are_told_apart_by_the_colour_blind(kind):
    roles = [plots.REAL, plots.FORGED, plots.JUDGE]
    seen = [lab(np.array(BLINDNESS[kind]) @ linear(colour)) for colour in roles]
    for one, other in itertools.combinations(seen, 2):
        assert np.linalg.norm(one - other) > 15

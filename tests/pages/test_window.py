"""Explorables in a browser: by pointer, touch and keys; narrow, dark, sandboxed, broken."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest

from drawlib import explorables, filterbank
from drawlib.bundled import load_bundled
from drawlib.explorable import Explorable
from drawlib.window_explorable import NUMBERS, RANGES
from tests.pages.explorable import (
    HOST,
    LIVE,
    WIDTHS,
    Open,
    check_frames,
    part,
    pixels,
    settle,
    tab_to,
    watch_frames,
)


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    x_train, y_train = load_bundled()[:2]
    return np.stack([x_train[y_train == label][0] for label in (3, 0, 7, 8, 5)]) / 255


@pytest.fixture(scope="module")
def window(digits: np.ndarray) -> Explorable:
    return explorables.window(digits, labels=[f"digit {label}" for label in (3, 0, 7, 8, 5)])


def state(page: Any) -> dict[str, Any]:
    return page.evaluate(f"{LIVE}.parts.state")


def seen(page: Any, *names: str) -> list[float]:
    return page.evaluate(f"names => names.map(name => {LIVE}.parts.seen[name])", list(names))


def put(page: Any, **changes: Any) -> None:
    page.evaluate(f"changes => {LIVE}.parts.set(changes)", changes)
    settle(page)


def stage_at(page: Any, column: float, row: float) -> tuple[float, float]:
    """Return where on the page a pixel of the image lies."""
    box = part(page, "stage").bounding_box()
    unit = box["width"] / 38  # 28 pixels, and 5 on each side
    return box["x"] + (column + 5.5) * unit, box["y"] + (row + 5.5) * unit


def test_it_opens_at_once_and_asks_for_nothing(open_page: Open, window: Any) -> None:
    page = open_page(window.html)
    assert page.evaluate(f"{LIVE}.box.dataset.state") == "live"
    assert pixels(page, "stage").std() > 10
    ready = page.evaluate("performance.getEntriesByType('navigation')[0].domInteractive")
    print(f"usable {ready:.0f} ms after the page was asked for")
    assert ready < 5000
    assert not page.locator("img").is_visible()  # the still picture has made way


def test_what_the_page_shows_agrees_with_the_package(
    open_page: Open, window: Any, digits: np.ndarray
) -> None:
    rng = np.random.default_rng(5)
    low, high = np.array([RANGES[name] for name in NUMBERS]).T
    settings = [
        {"image": int(rng.integers(5)), "size": int(rng.integers(1, 13))}
        | dict(zip(NUMBERS, np.round(rng.uniform(low, high), 3).tolist(), strict=True))
        for _ in range(200)
    ]
    page = open_page(window.html)
    shown = page.evaluate(
        f"""settings => settings.map((one) => {{
          {LIVE}.parts.set(one);
          const {{F_x, F_y, glimpse, back}} = {LIVE}.parts.seen;
          return [F_x, F_y, glimpse, back].map((matrix) => [...matrix.data]);
        }})""",
        settings,
    )
    worst = 0.0
    for one, arrays in zip(settings, shown, strict=True):
        sizes = {"size": one["size"], "height": 28, "width": 28}
        view = filterbank.window(np.array([[one[name] for name in NUMBERS]]), **sizes)
        F_y, F_x = filterbank.filterbank(view, **sizes)
        glimpse = filterbank.read(digits[one["image"]][None, None], F_y, F_x, view.gamma)[:, 0]
        back = filterbank.write(glimpse, F_y, F_x, view.gamma)
        for wanted, got in zip((F_x, F_y, glimpse, back), arrays, strict=True):
            worst = max(worst, abs(np.ravel(wanted) - got).max())
    print(f"largest gap in 200 settings: {worst:.1e}")
    assert worst < 1e-4


def test_dragged_by_the_pointer(open_page: Open, window: Any) -> None:
    page = open_page(window.html)
    before, at = pixels(page, "stage"), seen(page, "middleX", "middleY")
    page.mouse.move(*stage_at(page, *at))
    page.mouse.down()
    page.mouse.move(*stage_at(page, at[0] + 6, at[1] + 3), steps=4)
    page.mouse.up()
    settle(page)
    np.testing.assert_allclose(seen(page, "middleX", "middleY"), [at[0] + 6, at[1] + 3], atol=0.1)
    assert (before != pixels(page, "stage")).any()
    page.mouse.move(*stage_at(page, 2, 2))  # the button is up: no more
    page.mouse.click(*stage_at(page, 25, 24))  # beside the window: it jumps there
    np.testing.assert_allclose(seen(page, "middleX", "middleY"), [25, 24], atol=0.1)
    put(page, listing=True)
    page.mouse.click(
        *stage_at(page, 4, 5)
    )  # in the grid of 2016 too, what is clicked is the middle
    np.testing.assert_allclose(seen(page, "middleX", "middleY"), [4, 5], atol=0.1)


def test_the_wheel_zooms_only_where_it_is_wanted(open_page: Open, window: Any) -> None:
    page = open_page(window.html + '<div style="height: 2000px"></div>')
    part(page, "stage").hover()
    page.mouse.wheel(0, 100)
    page.wait_for_function("scrollY > 0")  # somebody who scrolls past
    start = state(page)["log_delta"]
    assert start == -0.9
    part(page, "stage").click()
    at = page.evaluate("scrollY")
    page.mouse.wheel(0, 100)
    page.wait_for_function(f"{LIVE}.parts.state.log_delta > {start}")
    page.mouse.wheel(0, -100)
    page.mouse.wheel(0, -100)
    page.wait_for_function(f"{LIVE}.parts.state.log_delta < {start}")
    assert page.evaluate("scrollY") == at


def test_two_fingers_zoom_and_one_moves(open_page: Open, window: Any) -> None:
    page = open_page(window.html, width=390, has_touch=True)
    touch = page.context.new_cdp_session(page)

    def fingers(kind: str, *places: tuple[float, float]) -> None:
        points = [
            dict(zip("xy", stage_at(page, *place), strict=True), id=k)
            for k, place in enumerate(places)
        ]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    put(page, g_x=0, g_y=0)
    fingers("touchStart", (13.5, 13.5))
    fingers("touchMove", (16.5, 12.5))
    fingers("touchEnd")
    settle(page)
    np.testing.assert_allclose(seen(page, "middleX", "middleY"), [16.5, 12.5], atol=0.2)
    before = state(page)["log_delta"]
    fingers("touchStart", (14.5, 12.5), (18.5, 12.5))
    fingers("touchMove", (12.5, 12.5), (20.5, 12.5))
    fingers("touchEnd")
    settle(page)
    assert state(page)["log_delta"] == pytest.approx(before + np.log(2), abs=0.1)
    np.testing.assert_allclose(seen(page, "middleX", "middleY"), [16.5, 12.5], atol=0.3)


def test_by_keys_alone(open_page: Open, window: Any) -> None:
    page = open_page(window.html)

    page.locator("#before").focus()
    tab_to(page, "stage")
    x, y, delta = seen(page, "middleX", "middleY", "delta")
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "Shift+ArrowRight", "+"):
        page.keyboard.press(key)
    now = seen(page, "middleX", "middleY", "delta")
    np.testing.assert_allclose(now, [x + 4, y + 0.5, delta * np.exp(-0.1)], atol=0.02)
    page.keyboard.press("-")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowUp")
    np.testing.assert_allclose(
        seen(page, "middleX", "middleY", "delta"), [x + 3.5, y, delta], atol=0.02
    )
    tab_to(page, "digit 0")
    page.keyboard.press("Enter")
    assert state(page)["image"] == 1
    settle(page)
    assert page.get_by_role("button", name="digit 0").get_attribute("aria-pressed") == "true"
    tab_to(page, "glimpse")
    without = pixels(page, "filters-x")
    page.keyboard.press("ArrowRight")
    settle(page)
    assert (pixels(page, "filters-x") != without).any()  # the spot's filter is framed
    page.keyboard.press("Escape")
    settle(page)
    assert (pixels(page, "filters-x") == without).all()
    tab_to(page, "listing")
    page.keyboard.press("Space")
    settle(page)
    assert re.search(r"Off by .*:\n.* px left", part(page, "listing-note").inner_text())
    for name in (*NUMBERS, "size"):
        tab_to(page, name)
        before = state(page)[name]
        page.keyboard.press("ArrowLeft")
        assert state(page)[name] == pytest.approx(
            before - (1 if name == "size" else 0.01), abs=6e-3
        )
    tab_to(page, "five")
    page.keyboard.press("Control+a")
    page.keyboard.type("0.5, -0.5, 1, -1, 0.25")
    page.keyboard.press("Enter")
    assert [state(page)[name] for name in NUMBERS] == [0.5, -0.5, 1, -1, 0.25]
    page.locator("#before").focus()
    tab_to(page, "reset")
    page.keyboard.press("Space")
    assert [state(page)[name] for name in (*NUMBERS, "size")] == [-0.4, -0.3, 0, -0.9, 0, 8]
    assert state(page)["listing"] is False


def test_the_controls_have_names_and_say_what_they_mean(open_page: Open, window: Any) -> None:
    page = open_page(window.html)
    for control in page.locator(f"{HOST} :is(button, input, [tabindex])").all():
        name = control.evaluate("e => e.ariaLabel || e.labels?.[0]?.innerText || e.innerText")
        assert len(name) >= 5
        box = control.evaluate("e => (e.closest('.check') ?? e).getBoundingClientRect().height")
        assert box >= 44, name
    assert part(page, "log_delta").get_attribute("aria-valuetext") == "δ = 1.57 px"
    assert part(page, "g_x-value").inner_text() == "x = 8.1 px"
    part(page, "stage").press("ArrowRight")
    page.wait_for_function(
        f"{LIVE}.root.querySelector('[role=status]').textContent.startsWith('Middle at column 8.6')"
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_no_width_scrolls_sideways_and_nothing_moves(
    open_page: Open, window: Any, width: int
) -> None:
    """The place that is kept before the script runs is the one that is needed after."""
    page = open_page(window.html, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    height = page.locator(HOST).evaluate("e => e.offsetHeight")
    shifts = page.evaluate(
        """new Promise((done) => {
          new PerformanceObserver((list) => done(list.getEntries().map((e) => e.value)))
            .observe({type: "layout-shift", buffered: true});
          setTimeout(() => done([]), 100);
        })"""
    )
    assert shifts == []
    long = {"listing": True, "log_gamma": 2, "log_sigma2": -4, "log_delta": 0.6, "size": 12}
    for change in (long, {"g_x": -1.3, "g_y": -1.3}, {"g_x": 1.3, "g_y": 1.3, "log_delta": -4}):
        put(page, **change)
        assert page.locator(HOST).evaluate("e => e.offsetHeight") == height
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    without_script = re.sub(r"<script>.*</script>", "", window.html, flags=re.DOTALL)
    waiting = open_page(without_script, width=width)
    assert waiting.locator(HOST).evaluate("e => e.offsetHeight") == height


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark(open_page: Open, window: Any, scheme: Any) -> None:
    page = open_page(window.html, color_scheme=scheme)

    def paper() -> str:
        settle(page)
        return "light" if pixels(page, "glimpse")[2, 2, :3].min() > 200 else "dark"

    assert paper() == scheme
    for theme in ("dark", "light"):
        page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        assert paper() == theme
    page.evaluate("delete document.documentElement.dataset.theme")
    assert paper() == scheme
    for light, theme in (("true", "light"), ("false", "dark")):
        page.evaluate("light => document.body.dataset.jpThemeLight = light", light)
        assert paper() == theme
    page.evaluate("delete document.body.dataset.jpThemeLight")
    page.emulate_media(color_scheme="dark" if scheme == "light" else "light")
    assert paper() != scheme


def test_it_walks_or_it_is_there(open_page: Open, window: Any) -> None:
    """Whoever prefers less motion sees the end of the walk at once."""
    far = {"g_x": -0.8, "g_y": 0.6, "log_sigma2": 3.5}
    page = open_page(window.html, reduced_motion="reduce")
    put(page, **far)
    part(page, "follow").click()
    assert abs(state(page)["g_x"]) < 0.05
    assert abs(state(page)["g_y"]) < 0.05
    assert part(page, "follow").inner_text() == "Follow the arrow"

    page = open_page(window.html, reduced_motion="no-preference")
    put(page, **far)
    part(page, "follow").click()
    assert abs(state(page)["g_x"]) > 0.3  # on its way
    page.wait_for_function(f"Math.abs({LIVE}.parts.state.g_x) < 0.05")
    put(page, **far)
    part(page, "follow").click()
    part(page, "stage").press("ArrowRight")  # a hand stops it
    settle(page)
    stopped = state(page)
    settle(page)
    assert state(page) == stopped
    assert part(page, "follow").inner_text() == "Follow the arrow"


def test_bad_states_are_put_right_or_refused_in_a_sentence(open_page: Open, window: Any) -> None:
    page = open_page(window.html)
    bad = "[NaN, Infinity, -Infinity, undefined, null, 'x', {}, 1e308, -1e308]"
    names = json.dumps([*NUMBERS, "size", "image"])
    page.evaluate(
        f"""for (const value of {bad}) for (const name of {names}) {{
          {LIVE}.parts.set({{[name]: value}}); {LIVE}.draw();
        }}
        {LIVE}.parts.set(null); {LIVE}.parts.set("nothing"); {LIVE}.draw();"""
    )
    assert all(np.isfinite(state(page)[name]) for name in NUMBERS)
    put(page, g_x=0)
    for words in ("1, 2, 3", "NaN, 0, 0, 0, 0", "0, 0, 0, 0, Infinity", "<b>"):
        part(page, "five").fill(words)
        part(page, "five").press("Enter")
        settle(page)
        assert (
            part(page, "five-problem").inner_text() == f"Expected five numbers; received “{words}”."
        )
        assert state(page)["g_x"] == 0
    part(page, "five").fill("7 0 0 0 0")
    part(page, "five").press("Enter")
    assert state(page)["g_x"] == 1.3
    assert "put there" in part(page, "five-problem").inner_text()
    assert page.evaluate(f"{LIVE}.box.dataset.state") == "live"


def test_frames_while_dragging(open_page: Open, window: Any) -> None:
    page = open_page(window.html)
    put(page, size=12, listing=True)
    at = seen(page, "middleX", "middleY")
    watch_frames(page)
    page.mouse.move(*stage_at(page, *at))
    page.mouse.down()
    for k in range(60):
        turn = 2 * np.pi * k / 30
        page.mouse.move(*stage_at(page, at[0] + 8 * np.sin(turn), at[1] + 8 - 8 * np.cos(turn)))
    page.mouse.up()
    check_frames(page, drawings=10)

"""The training scrubber in a browser: played, stepped, dragged, by keys, by touch, narrow, calm."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from drawlib.explorable import Explorable
from tests.pages.explorable import (
    HOST,
    LIVE,
    WIDTHS,
    Open,
    check_frames,
    film,
    part,
    pixels,
    settle,
    tab_to,
    watch_frames,
)

MARGIN = (40, 10)  # of the curves, whose mark stands above the slider's thumb
LAST = 39


@pytest.fixture(scope="module")
def scrubber() -> Explorable:
    return film()


def state(page: Any) -> dict[str, Any]:
    return page.evaluate(f"{LIVE}.parts.state")


def put(page: Any, step: int) -> None:
    page.evaluate(f"step => {LIVE}.parts.set({{step}})", step)
    settle(page)


def place_of(page: Any, step: float) -> float:
    """Return how far from the picture's left edge a moment lies."""
    width = part(page, "view").bounding_box()["width"]
    return MARGIN[0] + (width - sum(MARGIN)) * step / LAST


def words(page: Any) -> str:
    return part(page, "words").inner_text()


def test_it_opens_at_rest_at_the_end_and_asks_for_nothing(open_page: Open, scrubber: Any) -> None:
    page = open_page(scrubber.html, reduced_motion="no-preference")
    ready = page.evaluate("performance.getEntriesByType('navigation')[0].domInteractive")
    print(f"usable {ready:.0f} ms after the page was asked for")
    assert ready < 5000
    settle(page)
    assert pixels(page, "view").std() > 10
    page.wait_for_timeout(300)
    assert state(page) == {"step": LAST, "playing": False, "time": 975}
    assert part(page, "step-value").inner_text() == "round 975 of 975"
    assert words(page) == "At equal pace, W₁ is 0.27, and so it goes."
    assert not page.locator("img").is_visible()


def test_it_plays_from_the_beginning_and_pauses(open_page: Open, scrubber: Any) -> None:
    page = open_page(scrubber.html, reduced_motion="no-preference")
    part(page, "play").click()
    page.wait_for_function(f"{LIVE}.parts.state.step > 3 && {LIVE}.parts.state.step < {LAST}")
    part(page, "play").press("Enter")
    now = state(page)
    assert not now["playing"]
    settle(page)
    assert part(page, "play").inner_text() == "Play"
    assert part(page, "step-value").inner_text() == f"round {now['time']} of 975"
    page.wait_for_timeout(300)
    assert state(page) == now
    part(page, "play").press("Enter")  # on from there
    settle(page)
    assert part(page, "play").inner_text() == "Pause"
    assert state(page)["step"] >= now["step"]
    put(page, 36)
    part(page, "play").press("Enter")
    page.wait_for_function(f"{LIVE}.parts.state.step === {LAST} && !{LIVE}.parts.state.playing")


def test_single_steps_and_the_way_back(open_page: Open, scrubber: Any) -> None:
    page = open_page(scrubber.html)
    before = pixels(page, "view")
    part(page, "back").click()
    part(page, "back").click()
    settle(page)
    assert state(page)["step"] == LAST - 2
    assert (pixels(page, "view") != before).any()
    part(page, "on").click()
    assert state(page)["step"] == LAST - 1
    part(page, "reset").click()
    settle(page)
    assert state(page)["step"] == LAST
    assert (pixels(page, "view") == before).all()
    part(page, "on").click()  # there is nothing after the last
    assert state(page)["step"] == LAST
    put(page, 0)
    part(page, "back").click()
    assert state(page)["step"] == 0


def test_a_hand_on_the_picture_goes_where_the_mark_would_be(open_page: Open, scrubber: Any) -> None:
    page = open_page(scrubber.html)
    box = part(page, "view").bounding_box()
    height = box["y"] + box["height"] - 60
    page.mouse.move(box["x"] + place_of(page, 10), height)
    page.mouse.down()
    assert state(page)["step"] == 10
    for step in (11, 17, 30):
        page.mouse.move(box["x"] + place_of(page, step + 0.3), height)
        assert state(page)["step"] == step
    page.mouse.move(box["x"] - 50, height)  # beyond its edge
    assert state(page)["step"] == 0
    page.mouse.up()
    page.mouse.move(box["x"] + place_of(page, 20), height)
    assert state(page)["step"] == 0
    put(page, 13)
    seen = pixels(page, "view")[-60]  # a row of pixels through the curves
    ink = np.flatnonzero((seen[:, :3] < 60).all(axis=1) & (seen[:, 3] > 200))
    np.testing.assert_allclose(ink.mean(), place_of(page, 13), atol=2)  # the mark
    thumb = part(page, "step").bounding_box()
    at = thumb["x"] + 10 + (thumb["width"] - 20) * 13 / LAST
    np.testing.assert_allclose(at - box["x"], place_of(page, 13), atol=1)


def test_what_is_drawn_is_what_was_recorded(open_page: Open, scrubber: Any) -> None:
    """The dreams as they are, and the mark of W1 at its height."""
    page = open_page(scrubber.html, width=874)
    read = f"{LIVE}.parts.film.rows.map((row) => row.panels[0])"
    sheet = page.evaluate(f"(({{...i}}) => [...i.levels])({read}[2].images)")
    levels = np.reshape(sheet, (40, 2, 10, 12, 12))[5].swapaxes(1, 2).reshape(24, 120)
    put(page, 5)
    view = pixels(page, "view")
    width = view.shape[1]
    top = 22 + 22 + 170 + 20 + 92 + 20 + 22  # above the sheet: two rows, and its title
    drawn = view[top : top + round(width / 5), :, 3] / 255
    rows = (np.arange(24) + 0.5) * drawn.shape[0] / 24
    columns = (np.arange(120) + 0.5) * width / 120
    seen = drawn[np.ix_(rows.astype(int), columns.astype(int))]
    inner = np.s_[1:-1, 1:-1]  # a frame is drawn around it
    assert np.corrcoef(seen[inner].ravel(), levels[inner].ravel())[0, 1] > 0.95
    other = np.reshape(sheet, (40, 2, 10, 12, 12))[20].swapaxes(1, 2).reshape(24, 120)
    assert np.corrcoef(seen[inner].ravel(), other[inner].ravel())[0, 1] < 0.95


def test_by_touch(open_page: Open, scrubber: Any) -> None:
    page = open_page(scrubber.html, width=390, has_touch=True)
    part(page, "step").scroll_into_view_if_needed()
    box = part(page, "view").bounding_box()
    height = box["y"] + box["height"] - 60
    touch = page.context.new_cdp_session(page)
    for kind, step in (("touchStart", 5), ("touchMove", 12), ("touchMove", 22), ("touchEnd", None)):
        points = [] if step is None else [{"x": box["x"] + place_of(page, step), "y": height}]
        if not points:
            page.wait_for_timeout(200)  # lifted in full swing, it flings, which the next tap stops
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    settle(page)
    assert abs(state(page)["step"] - 22) <= 1
    assert part(page, "view").evaluate("e => getComputedStyle(e).touchAction") == "pan-y"
    part(page, "reset").tap()
    assert state(page)["step"] == LAST


def test_by_keys_alone(open_page: Open, scrubber: Any) -> None:
    page = open_page(scrubber.html, reduced_motion="no-preference")
    page.locator("#before").focus()
    tab_to(page, "step")
    for key in ("ArrowLeft", "ArrowLeft", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    assert state(page)["step"] == LAST - 2
    page.keyboard.press("Home")
    assert state(page)["step"] == 0
    settle(page)
    assert part(page, "step").get_attribute("aria-valuetext") == "round 0 of 975"
    tab_to(page, "play")
    page.keyboard.press("Space")
    page.wait_for_function(f"{LIVE}.parts.state.step > 1")
    page.keyboard.press("Space")
    assert not state(page)["playing"]
    put(page, 20)
    tab_to(page, "back")
    page.keyboard.press("Enter")
    tab_to(page, "on")
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    assert state(page)["step"] == 21
    tab_to(page, "reset")
    page.keyboard.press("Enter")
    assert state(page)["step"] == LAST


def test_the_controls_have_names_and_say_what_they_mean(open_page: Open, scrubber: Any) -> None:
    page = open_page(scrubber.html)
    for control in page.locator(f"{HOST} :is(button, input)").all():
        name = control.evaluate("e => e.ariaLabel || e.innerText")
        assert len(name) >= 4
        box = control.bounding_box()
        assert min(box["height"], box["width"]) >= 44, name
    assert part(page, "view").get_attribute("aria-label") == "A training."
    part(page, "step").press("Home")
    said = "round 0. At equal pace, W₁ is 2.00, and so it goes."
    page.wait_for_function(
        f"said => {LIVE}.root.querySelector('[role=status]').textContent === said", arg=said
    )


def test_whoever_prefers_less_motion_sees_a_dozen_moments(open_page: Open, scrubber: Any) -> None:
    """A second each, when asked; the clock is the test's own."""
    page = open_page(scrubber.html, reduced_motion="reduce")
    page.evaluate(
        f"""() => {{
          globalThis.seen = [];
          const draw = {LIVE}.draw;
          {LIVE}.draw = () => {{ seen.push({LIVE}.parts.state.step); draw(); }};
        }}"""
    )
    assert not state(page)["playing"]
    part(page, "play").press("Enter")
    page.wait_for_function("seen.at(-1) === 8", timeout=20_000)
    part(page, "play").press("Enter")
    assert page.evaluate("[...new Set(seen)]") == [0, 4, 8]


@pytest.mark.parametrize("width", WIDTHS)
def test_no_width_scrolls_sideways_and_nothing_moves(
    open_page: Open, scrubber: Any, width: int
) -> None:
    page = open_page(scrubber.html, width=width, reduced_motion="reduce")
    host = page.locator(HOST)
    height = host.evaluate("e => e.offsetHeight")
    for step in (0, 1, 20, LAST):
        put(page, step)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert host.evaluate("e => e.offsetHeight") == height
        for row in page.locator(f"{HOST} :is(button, .actions, .words)").all():
            assert row.evaluate("e => e.scrollWidth <= e.clientWidth"), row.inner_text()
    part(page, "play").press("Enter")
    settle(page)
    assert host.evaluate("e => e.offsetHeight") == height
    without_script = re.sub(r"<script>.*</script>", "", scrubber.html, flags=re.DOTALL)
    waiting = open_page(without_script, width=width)
    assert waiting.locator(HOST).evaluate("e => e.offsetHeight") == height


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark(open_page: Open, scrubber: Any, scheme: Any) -> None:
    page = open_page(scrubber.html, color_scheme=scheme)
    settle(page)
    mark = [34, 34, 34] if scheme == "light" else [236, 239, 243]
    row = pixels(page, "view")[-60]
    assert (row[:, :3] == mark).all(axis=1).any()


def test_frames_while_dragging(open_page: Open, scrubber: Any) -> None:
    page = open_page(scrubber.html)
    watch_frames(page)
    box = part(page, "view").bounding_box()
    height = box["y"] + box["height"] - 60
    page.mouse.move(box["x"] + place_of(page, 20), height)
    page.mouse.down()
    for k in range(60):
        page.mouse.move(box["x"] + place_of(page, 20 + 18 * np.sin(k / 5)), height)
    page.mouse.up()
    check_frames(page, drawings=10)

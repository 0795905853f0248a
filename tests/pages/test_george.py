"""Be George in a browser: bent, watched, taught by both recipes, narrow, calm, hidden, broken."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from drawlib import game
from drawlib.be_george import be_george
from drawlib.explorable import Explorable
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

CANVASES = ("view", "arrows", "chart")


@pytest.fixture(scope="module")
def george() -> Explorable:
    return be_george()


def state(page: Any) -> dict[str, Any]:
    return page.evaluate(f"{LIVE}.parts.state")


def put(page: Any, **changes: Any) -> None:
    page.evaluate(f"changes => {LIVE}.parts.set(changes)", changes)
    settle(page)


def until(page: Any, condition: str) -> None:
    """Wait until something holds of the state, which is called `s`."""
    page.wait_for_function(f"(({{...s}}) => {condition})({LIVE}.parts.state)", timeout=60_000)
    settle(page)


def handle(page: Any, k: int) -> tuple[float, float]:
    """Return where the handle of arrow k is on the screen."""
    box = page.locator("[data-name=handles] input").nth(k).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def unit(page: Any) -> float:
    """Return how many pixels wide 1 of x is."""
    return (part(page, "arrows").bounding_box()["width"] - 32) / 10


def press(page: Any, name: str) -> None:
    """Press a button now: a pointer's way there may take a second, in which George learns."""
    page.evaluate(f"name => {LIVE}.root.querySelector(`[data-name=${{name}}]`).click()", name)


def verdict(page: Any) -> str:
    return f"{part(page, 'danielle').inner_text()} {part(page, 'measured').inner_text()}"


def test_it_opens_at_rest_and_asks_for_nothing(open_page: Open, george: Any) -> None:
    page = open_page(george.html, reduced_motion="no-preference")
    ready = page.evaluate("performance.getEntriesByType('navigation')[0].domInteractive")
    print(f"usable {ready:.0f} ms after the page was asked for")
    assert ready < 5000
    assert page.evaluate(f"{LIVE}.box.dataset.state") == "live"
    settle(page)
    for name in CANVASES:
        assert pixels(page, name).std() > 5
    page.wait_for_timeout(300)
    now = state(page)
    assert (now["round"], now["busy"]) == (game.SCHOOL_ROUNDS, False)  # nothing plays by itself
    first = game.new_game(0)
    seen = game.measure(first)
    np.testing.assert_allclose(now["weights"], first.weights, atol=1e-9)
    np.testing.assert_allclose([now["w1"], now["says"]], [seen.w1, seen.says], atol=1e-9)
    assert verdict(page).startswith("Danielle sees through your notes: she says 0.31 to them.")
    assert "W₁ = 1.84: the notes are too far apart" in verdict(page)
    assert not page.locator("img").is_visible()


def test_an_arrow_is_bent_and_danielle_learns(open_page: Open, george: Any) -> None:
    page = open_page(george.html, reduced_motion="no-preference")
    before = {name: pixels(page, name) for name in CANVASES}
    x, y = handle(page, 8)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 1.5 * unit(page), y, steps=5)  # at half height an arrow goes twice as far
    np.testing.assert_allclose(state(page)["curve"], [*game.PLACES[:8], 2.0], atol=0.05)
    page.mouse.up()
    page.mouse.move(x, y)
    np.testing.assert_allclose(state(page)["curve"][8], 2.0, atol=0.05)
    first = state(page)
    until(page, f"s.round > {first['round']} + 30")
    assert state(page)["weights"] != first["weights"]
    for name in CANVASES:
        assert (pixels(page, name) != before[name]).any()
    x, y = handle(page, 0)
    page.mouse.move(x + 2, y - 60)  # an arrow is grasped anywhere
    page.mouse.down()
    page.mouse.move(x + 900, y, steps=3)  # and goes no farther than its end
    assert state(page)["curve"][0] == 5
    page.mouse.up()


def test_what_danielle_learns_is_what_python_says(open_page: Open, george: Any) -> None:
    """Where less motion is preferred, thirty lessons at once; then ten for a step."""
    page = open_page(george.html, reduced_motion="reduce")
    part(page, "alike").click()
    twin = game.new_game(0, [-1] * 9)
    for _ in range(30):
        game.play_round(twin, 0)
    np.testing.assert_allclose(state(page)["weights"], twin.weights, atol=1e-6)
    part(page, "step").click()
    for _ in range(10):
        game.play_round(twin, 0)
    now, seen = state(page), game.measure(twin)
    np.testing.assert_allclose(now["weights"], twin.weights, atol=1e-6)
    np.testing.assert_allclose([now["w1"], now["says"]], [seen.w1, seen.says], atol=1e-6)
    settle(page)
    assert f"W₁ = {seen.w1:.2f}: the notes are too alike" in verdict(page)
    assert f"says {seen.says:.2f} to" in verdict(page)


def test_fooled_and_yet_all_alike(open_page: Open, george: Any) -> None:
    """What the chapter says of D = ½, seen at once: she has not noticed yet."""
    page = open_page(george.html, reduced_motion="no-preference")
    part(page, "pause").click()
    part(page, "alike").click()
    settle(page)
    assert verdict(page).startswith("Danielle is fooled: she says 0.80 to your notes.")
    assert verdict(page).endswith("But W₁ = 0.80: the notes are too alike.")
    assert part(page, "crossed").inner_text() == "0 of 780 cross"
    part(page, "pause").click()
    until(page, "s.says < 0.5")
    part(page, "tangled").click()
    settle(page)
    assert re.fullmatch(r"[34]\d\d of 780 cross", part(page, "crossed").inner_text())


def test_george_learns_by_both_recipes(open_page: Open, george: Any) -> None:
    page = open_page(george.html, reduced_motion="no-preference")
    part(page, "learn").click()
    until(page, "s.learnt > 40")
    press(page, "pause")
    now = state(page)
    page.wait_for_timeout(150)
    assert state(page)["learnt"] == now["learnt"]
    assert 40 < now["learnt"] < 600
    assert part(page, "race").inner_text() == f"Round {now['learnt']} of 600."
    part(page, "step").click()
    assert state(page)["learnt"] == now["learnt"] + 10
    post = state(page)["curve"]
    told = pixels(page, "view")
    part(page, "transport").click()
    settle(page)
    assert state(page)["curve"] != post
    assert (pixels(page, "view") != told).any()
    assert "sorted and paired" in part(page, "why").inner_text()
    assert part(page, "transport").get_attribute("aria-pressed") == "true"
    part(page, "pause").click()
    until(page, "s.learnt === 600")
    assert not state(page)["busy"]
    assert state(page)["w1"] < 0.1
    assert part(page, "race").inner_text() == "After 600 rounds, transport is closer."
    assert verdict(page).endswith("rightly so, it is good money.")
    scores = [float(part(page, f"score-{name}").inner_text()) for name in ("post", "transport")]
    assert scores[1] < scores[0] < 0.4
    part(page, "learn").click()  # once more: from the same arrows
    press(page, "pause")
    assert state(page)["learnt"] < 600
    assert page.evaluate(f"{LIVE}.parts.record.post[0]") == pytest.approx(1.836, abs=1e-3)


def test_whoever_prefers_less_motion_sees_the_end(open_page: Open, george: Any) -> None:
    """And the end is the one that Python comes to."""
    page = open_page(george.html, reduced_motion="reduce")
    drawings = f"{LIVE}.draw = ((draw) => () => {{ globalThis.drawn = (globalThis.drawn ?? 0) + 1; draw(); }})({LIVE}.draw)"  # noqa: E501
    page.evaluate(drawings)
    part(page, "learn").click()
    until(page, "s.learnt === 600")
    assert page.evaluate("drawn") <= 4
    record = page.evaluate(f"{LIVE}.parts.record")
    for recipe in game.RECIPES:
        part(page, recipe).click()
        twin = game.new_game(0)
        ends = [game.measure(twin).w1]
        for k in range(600):
            game.play_round(twin, 0, recipe)
            if k % 4 == 3:
                ends.append(game.measure(twin).w1)
        np.testing.assert_allclose(record[recipe], ends, atol=1e-3)
        np.testing.assert_allclose(state(page)["curve"], twin.curve, atol=1e-2)
    page.wait_for_function(
        f"{LIVE}.root.querySelector('[role=status]').textContent.startsWith('Blue: both piles')"
    )


def test_the_hand_takes_over(open_page: Open, george: Any) -> None:
    page = open_page(george.html, reduced_motion="no-preference")
    part(page, "transport").click()
    part(page, "learn").click()
    until(page, "s.learnt > 30")
    page.locator("[data-name=handles] input").nth(4).press("ArrowRight")
    now = state(page)
    assert not now["learning"]
    assert now["curve"][0] > -4.9  # what he had learnt is kept
    settle(page)
    assert part(page, "learn").inner_text() == "Let George learn"
    assert part(page, "score-post").inner_text() == "–"


def test_a_seed_tells_the_game(open_page: Open, george: Any) -> None:
    page = open_page(george.html, reduced_motion="reduce")
    part(page, "seed").fill("4711")
    part(page, "seed").press("Enter")
    np.testing.assert_allclose(state(page)["weights"], game.new_game(4711).weights, atol=1e-9)
    for words in ("seven", "-1", "4294967296", "NaN"):
        part(page, "seed").fill(words)
        part(page, "seed").press("Enter")
        said = part(page, "seed-problem").inner_text()
        assert said == f"Expected a number from 0 to 4294967295; received “{words}”."
        assert state(page)["seed"] == 4711
    part(page, "tangled").click()
    part(page, "transport").click()
    part(page, "reset").click()
    now = state(page)
    assert (now["seed"], now["recipe"], now["curve"]) == (0, "post", list(game.PLACES))
    settle(page)
    assert part(page, "seed").input_value() == "0"
    assert part(page, "seed-problem").inner_text() == ""


def test_by_touch(open_page: Open, george: Any) -> None:
    page = open_page(george.html, width=390, has_touch=True)
    part(page, "arrows").scroll_into_view_if_needed()
    touch = page.context.new_cdp_session(page)
    x, y = handle(page, 2)
    for kind, away in (("touchStart", 0), ("touchMove", 25), ("touchMove", 50), ("touchEnd", None)):
        points = [] if away is None else [{"x": x + away, "y": y}]
        if not points:
            page.wait_for_timeout(200)  # lifted in full swing, it flings, which the next tap stops
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    settle(page)
    wanted = game.PLACES[2] + 2 * 50 / unit(page)
    np.testing.assert_allclose(state(page)["curve"][2], wanted, atol=0.3)
    assert page.locator(".hand").evaluate("e => getComputedStyle(e).touchAction") == "pan-y"
    part(page, "learn").tap()
    until(page, "s.learnt > 5")


def test_by_keys_alone(open_page: Open, george: Any) -> None:
    page = open_page(george.html, reduced_motion="reduce")

    page.locator("#before").focus()
    tab_to(page, "The note for z = −5.00")
    page.keyboard.press("Tab")
    for key in ("ArrowUp", "ArrowRight", "ArrowUp", "ArrowDown"):
        page.keyboard.press(key)
    np.testing.assert_allclose(state(page)["curve"][:3], [-5, -3.55, -2.5], atol=0.051)
    page.keyboard.press("PageUp")
    assert state(page)["curve"][1] > -3
    page.keyboard.press("End")
    assert state(page)["curve"][1] == 5
    page.keyboard.press("Home")
    assert state(page)["curve"][1] == -5
    settle(page)
    focused = f"{LIVE}.root.activeElement"
    assert page.evaluate(f"{focused}.getAttribute('aria-valuetext')") == "x = −5.0"
    tab_to(page, "alike")
    page.keyboard.press("Space")
    assert state(page)["curve"] == [-1] * 9
    tab_to(page, "transport")
    page.keyboard.press("Enter")
    assert state(page)["recipe"] == "transport"
    tab_to(page, "learn")
    page.keyboard.press("Enter")
    until(page, "s.learnt === 600")
    tab_to(page, "pause")
    page.keyboard.press("Space")
    assert state(page)["paused"]
    tab_to(page, "seed")
    page.keyboard.press("Control+a")
    page.keyboard.type("12")
    page.keyboard.press("Enter")
    assert state(page)["seed"] == 12
    page.locator("#after").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")  # reset is the last
    assert state(page)["seed"] == 0


def test_the_controls_have_names_and_say_what_they_mean(open_page: Open, george: Any) -> None:
    page = open_page(george.html)
    for control in page.locator(f"{HOST} :is(button, input)").all():
        name = control.evaluate("e => e.ariaLabel || e.labels?.[0]?.innerText || e.innerText")
        assert len(name) >= 4
        # An arrow is grasped anywhere on its length; its slider is there for the keys.
        least = 24 if name.startswith("The note") else 44
        assert control.bounding_box()["height"] >= least, name
    part(page, "straight").click()
    page.wait_for_function(
        f"{LIVE}.root.querySelector('[role=status]').textContent.startsWith('Danielle ')"
    )


@pytest.mark.parametrize("width", [*WIDTHS, 728])  # the last: beside the book's two columns
def test_no_width_scrolls_sideways_and_nothing_moves(
    open_page: Open, george: Any, width: int
) -> None:
    page = open_page(george.html, width=width, reduced_motion="reduce")
    host = page.locator(HOST)
    height = host.evaluate("e => e.offsetHeight")
    acts = (
        "",
        "set({curve: [5, 5, 5, 5, 5, 5, 5, 5, 5], recipe: 'transport', seed: 4294967295})",
        "set({curve: [-5, -5, -5, -5, -4, -5, -5, -5, -5], recipe: 'post'})",
        "set({curve: [-1, -1, -1, -1, -1, -1, -1, -1, -1]})",
        "learn()",
        "step()",
    )
    for act in acts:
        page.evaluate(f"() => {{ {f'{LIVE}.parts.{act}' if act else ''} }}")
        settle(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert host.evaluate("e => e.offsetHeight") == height, act
        for row in page.locator(f"{HOST} :is(button, .starts, .scores, .title, .legend)").all():
            assert row.evaluate("e => e.scrollWidth <= e.clientWidth"), row.inner_text()
        title = page.locator(".title").bounding_box()["height"]
        assert title < 30, "the chart's title is on two lines"
    # Every sentence, in its longest form.
    long = {
        "danielle": "Danielle sees through George's notes: she says 0.31 to them.",
        "measured": "But W₁ = 0.80: the notes are not where real ones are.",
        "race": "After 600 rounds, the post's recipe is closer.",
        "seed-problem": "Expected a number from 0 to 4294967295; received “some seed of”.",
    }
    for name, words in long.items():
        part(page, name).evaluate("(e, words) => { e.textContent = words; }", words)
        assert host.evaluate("e => e.offsetHeight") == height, name
        part(page, "seed-problem").evaluate("e => { e.textContent = ''; }")
    without_script = re.sub(r"<script>.*</script>", "", george.html, flags=re.DOTALL)
    waiting = open_page(without_script, width=width)
    assert waiting.locator(HOST).evaluate("e => e.offsetHeight") == height


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark(open_page: Open, george: Any, scheme: Any) -> None:
    page = open_page(george.html, color_scheme=scheme)
    settle(page)
    papers = {"light": (255, 255, 255), "dark": (23, 27, 33)}  # around words and handles
    inked = pixels(page, "arrows")[..., :3]
    assert {name for name, paper in papers.items() if (inked == paper).all(-1).any()} == {scheme}


def test_bad_states_are_put_right(open_page: Open, george: Any) -> None:
    page = open_page(george.html, reduced_motion="reduce")
    page.evaluate(
        f"""for (const value of [NaN, Infinity, -Infinity, undefined, null, "x", {{}}, 1e308]) {{
          for (const name of ["seed", "recipe", "curve"]) {{
            {LIVE}.parts.set({{[name]: value}}); {LIVE}.draw();
          }}
          {LIVE}.parts.set({{curve: [value, value, 0, 0, value, 0, 0, 0, value]}}); {LIVE}.draw();
        }}
        {LIVE}.parts.set(null); {LIVE}.parts.set("nothing"); {LIVE}.draw();"""
    )
    now = state(page)
    assert page.evaluate(f"{LIVE}.box.dataset.state") == "live"
    assert np.isfinite([*now["curve"], *now["weights"], now["w1"], now["says"], now["seed"]]).all()
    part(page, "learn").click()
    until(page, "s.learnt === 600")
    assert np.isfinite(state(page)["w1"])


def test_frames_while_bending_and_learning(open_page: Open, george: Any) -> None:
    page = open_page(george.html, reduced_motion="no-preference")
    watch_frames(page)
    x, y = handle(page, 6)
    page.mouse.move(x, y)
    page.mouse.down()
    for k in range(60):
        page.mouse.move(x + 60 * np.sin(k / 5), y)
    page.mouse.up()
    check_frames(page, drawings=10)
    page.evaluate("() => { times.length = work.length = 0; }")
    part(page, "learn").click()
    until(page, "s.learnt > 150")
    check_frames(page, drawings=20)

"""The dream machine in a browser: pressed, scrubbed, bent, told, narrow, calm, broken."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from drawlib import dream_machine
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

QUIET = f"{LIVE}.parts && !{LIVE}.parts.state.playing && !{LIVE}.parts.state.pending"


@pytest.fixture(scope="module")
def machine() -> Explorable:
    return dream_machine.dream_machine()


def state(page: Any) -> dict[str, Any]:
    return page.evaluate(f"{LIVE}.parts.state")


def put(page: Any, **changes: Any) -> None:
    page.evaluate(f"changes => {LIVE}.parts.set(changes)", changes)
    rest(page)


def rest(page: Any) -> None:
    """Wait until all is dreamt and drawn."""
    page.wait_for_function(QUIET)
    settle(page)


def canvases(page: Any, network: int, dream: int) -> np.ndarray:
    """Return the probabilities of ink, after each step, of one dream on the page."""
    read = f"([n, k]) => [...{LIVE}.parts.dreamt(n, k)[0]]"
    logits = np.array(page.evaluate(read, [network, dream]))
    return (1 / (1 + np.exp(-logits))).reshape(11, 28, 28)


def drawn(seed: int, network: int, *, temperature: float = 1) -> np.ndarray:
    weights = dream_machine.decoder(dream_machine.NETWORKS[network])[0]
    return dream_machine.draw(weights, dream_machine.latents(seed, temperature=temperature))[0]


def test_it_opens_with_dreams_and_asks_for_nothing(open_page: Open, machine: Any) -> None:
    page = open_page(machine.html)
    ready = page.evaluate("performance.getEntriesByType('navigation')[0].domInteractive")
    rest(page)
    done = page.evaluate("performance.now()")
    print(f"usable {ready:.0f} ms after the page was asked for; all is dreamt at {done:.0f} ms")
    assert ready < 5000
    assert page.evaluate(f"{LIVE}.box.dataset.state") == "live"
    for network in (0, 1):
        assert pixels(page, f"sheet-{network}").std() > 10
        wanted = drawn(0, network)
        for dream in (0, 7, 15):
            np.testing.assert_allclose(
                canvases(page, network, dream)[1:], wanted[:, dream], atol=1e-3
            )
    assert part(page, "bound-0").inner_text() == "93.55 nats"
    assert not page.locator("img").is_visible()


def test_a_press_draws_new_dreams_stroke_by_stroke(open_page: Open, machine: Any) -> None:
    page = open_page(machine.html, reduced_motion="no-preference")
    rest(page)
    before = pixels(page, "sheet-0")
    part(page, "dream").click()
    assert state(page)["playing"]
    assert part(page, "play").inner_text() in ("Play", "Pause")  # drawn in the next frame
    page.wait_for_function(f"{LIVE}.parts.state.time > 2.5")
    part(page, "play").click()
    rest(page)
    now = state(page)
    assert 2.5 < now["time"] < 10
    assert part(page, "step-value").inner_text() == f"step {int(np.ceil(now['time']))} of 10"
    half = pixels(page, "sheet-0")
    assert ((half[..., 0] > 190) & (half[..., 2] < 60)).sum() > 500  # the windows, in orange
    without = pixels(page, "sheet-1")
    assert ((without[..., 0] > 190) & (without[..., 2] < 60)).sum() == 0
    put(page, time=9.5)
    part(page, "play").click()
    page.wait_for_function(f"{LIVE}.parts.state.time === 11", timeout=20_000)
    rest(page)
    after = pixels(page, "sheet-0")
    assert ((after[..., 0] > 190) & (after[..., 2] < 60)).sum() == 0  # gone when all is drawn
    assert (after != before).any()
    assert part(page, "seed").input_value() == str(state(page)["seed"])


def test_a_dream_is_told_by_its_seed(open_page: Open, machine: Any) -> None:
    page = open_page(machine.html, reduced_motion="reduce")
    part(page, "seed").fill("4711")
    part(page, "seed").press("Enter")
    rest(page)
    told = pixels(page, "sheet-1")
    np.testing.assert_allclose(canvases(page, 1, 3)[1:], drawn(4711, 1)[:, 3], atol=1e-3)
    for words in ("seven", "-1", "4294967296", "1.5"):
        part(page, "seed").fill(words)
        part(page, "seed").press("Enter")
        said = part(page, "seed-problem").inner_text()
        assert said == f"Expected a number from 0 to 4294967295; received “{words}”."
        assert state(page)["seed"] == 4711
    part(page, "dream").click()
    rest(page)
    assert part(page, "seed-problem").inner_text() == ""
    assert state(page)["seed"] != 4711
    part(page, "seed").fill("4711")
    part(page, "seed").press("Enter")
    rest(page)
    assert (pixels(page, "sheet-1") == told).all()


def test_whoever_prefers_less_motion_sees_the_end(open_page: Open, machine: Any) -> None:
    page = open_page(machine.html, reduced_motion="reduce")
    part(page, "dream").click()
    assert not state(page)["playing"]
    assert state(page)["time"] == 11
    said = f"Dream {state(page)['seed']} is drawn."
    page.wait_for_function(
        f"said => {LIVE}.root.querySelector('[role=status]').textContent === said", arg=said
    )


def test_many_presses_are_one_dream(open_page: Open, machine: Any) -> None:
    """No press starts a second clock beside the one that runs."""
    page = open_page(machine.html, reduced_motion="no-preference")
    rest(page)
    page.evaluate(
        f"""() => {{
          for (let k = 0; k < 20; k++) {LIVE}.parts.dream(k);
          globalThis.asked = 0;
          const ask = requestAnimationFrame;
          globalThis.requestAnimationFrame = (action) => {{ asked++; return ask(action); }};
        }}"""
    )
    page.wait_for_function(f"{LIVE}.parts.state.time > 0.5")
    page.evaluate("() => { asked = 0; }")
    settle(page)
    assert page.evaluate("asked") <= 12  # a clock, a drawing and `settle`, in a few frames
    page.wait_for_function(f"{LIVE}.parts.state.time === 11", timeout=20_000)


def test_temperature(open_page: Open, machine: Any) -> None:
    page = open_page(machine.html)
    part(page, "temperature").press("Home")
    rest(page)
    first, last = canvases(page, 0, 0), canvases(page, 0, 15)
    assert (first == last).all()  # without noise there is one dream
    part(page, "temperature").press("End")
    rest(page)
    assert part(page, "temperature-value").inner_text() == "2.00"
    np.testing.assert_allclose(
        canvases(page, 0, 15)[1:], drawn(0, 0, temperature=2)[:, 15], atol=1e-3
    )


def test_one_dream_is_bent_by_the_pointer(open_page: Open, machine: Any) -> None:
    page = open_page(machine.html)
    box = part(page, "sheet-1").bounding_box()
    page.mouse.click(box["x"] + 0.4 * box["width"], box["y"] + 0.6 * box["height"])
    assert state(page)["chosen"] == 9
    rest(page)
    before = [canvases(page, network, dream) for network in (0, 1) for dream in (9, 10)]
    pad = part(page, "pad").bounding_box()
    middle = (pad["x"] + pad["width"] / 2, pad["y"] + pad["height"] / 2)
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 0.23 * pad["width"], middle[1] - 0.23 * pad["width"], steps=5)
    rest(page)
    np.testing.assert_allclose(state(page)["place"], [0.5, 0.5], atol=0.02)
    page.mouse.move(middle[0] + pad["width"], middle[1])  # off the disc: to its rim
    page.mouse.up()
    rest(page)
    np.testing.assert_allclose(state(page)["place"], [1, 0], atol=0.02)
    page.mouse.move(*middle)  # the button is up: no more
    np.testing.assert_allclose(state(page)["place"], [1, 0], atol=0.02)
    after = [canvases(page, network, dream) for network in (0, 1) for dream in (9, 10)]
    changed = [abs(a - b).max() > 0.5 for a, b in zip(after, before, strict=True)]
    assert changed == [True, False, True, False]
    put(page, chosen=3)
    assert state(page)["place"] == [0, 0]
    put(page, chosen=9)
    np.testing.assert_allclose(state(page)["place"], [1, 0], atol=0.02)
    part(page, "reset").click()
    rest(page)
    assert state(page)["place"] == [0, 0]
    assert (canvases(page, 0, 9) == before[0]).all()


def test_by_touch(open_page: Open, machine: Any) -> None:
    page = open_page(machine.html, width=390, has_touch=True)
    page.locator("[data-name=dream]").tap()
    page.wait_for_function(f"{LIVE}.parts.state.time > 1")
    part(page, "pad").scroll_into_view_if_needed()
    pad = part(page, "pad").bounding_box()
    touch = page.context.new_cdp_session(page)
    for kind, shares in (
        ("touchStart", [(0.5, 0.5)]),
        ("touchMove", [(0.5, 0.9)]),
        ("touchEnd", []),
    ):
        points = [
            {"x": pad["x"] + x * pad["width"], "y": pad["y"] + y * pad["height"]} for x, y in shares
        ]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    settle(page)
    np.testing.assert_allclose(state(page)["place"], [0, -0.87], atol=0.03)


def test_by_keys_alone(open_page: Open, machine: Any) -> None:
    page = open_page(machine.html, reduced_motion="reduce")

    page.locator("#before").focus()
    tab_to(page, "dream")
    page.keyboard.press("Enter")
    tab_to(page, "seed")
    page.keyboard.press("Control+a")
    page.keyboard.type("12")
    page.keyboard.press("Tab")
    assert state(page)["seed"] == 12
    page.locator("#before").focus()
    tab_to(page, "temperature")
    page.keyboard.press("ArrowRight")
    assert state(page)["temperature"] == pytest.approx(1.05)
    tab_to(page, "sheet-0")
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowLeft", "ArrowLeft", "ArrowDown"):
        page.keyboard.press(key)
    assert state(page)["chosen"] == 12
    tab_to(page, "pad")
    for key in ("ArrowRight", "Shift+ArrowUp", "ArrowDown"):
        page.keyboard.press(key)
    np.testing.assert_allclose(state(page)["place"], [0.05, 0.2], atol=1e-9)
    page.keyboard.press("Escape")
    assert state(page)["place"] == [0, 0]
    tab_to(page, "play")
    page.keyboard.press("Space")
    assert state(page)["time"] == 11  # at once, for whoever prefers it so
    tab_to(page, "step")
    page.keyboard.press("ArrowLeft")
    assert state(page)["time"] == 9
    rest(page)
    assert part(page, "step").get_attribute("aria-valuetext") == "step 9 of 10"
    tab_to(page, "reset")
    page.keyboard.press("Enter")
    now = state(page)
    assert [now[name] for name in ("seed", "temperature", "time", "chosen")] == [0, 1, 11, 0]


def test_the_controls_have_names(open_page: Open, machine: Any) -> None:
    page = open_page(machine.html)
    for control in page.locator(f"{HOST} :is(button, input, [tabindex])").all():
        name = control.evaluate("e => e.ariaLabel || e.labels?.[0]?.innerText || e.innerText")
        assert len(name) >= 4
        assert control.bounding_box()["height"] >= 44, name
    part(page, "sheet-0").press("ArrowRight")
    page.wait_for_function(
        f"{LIVE}.root.querySelector('[role=status]').textContent === 'Dream 2 of 16 is framed.'"
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_no_width_scrolls_sideways_and_nothing_moves(
    open_page: Open,
    machine: Any,
    width: int,
) -> None:
    page = open_page(machine.html, width=width, reduced_motion="reduce")
    height = page.locator(HOST).evaluate("e => e.offsetHeight")
    for act in ("", "dream('x')", "set({time: 3, place: [9, 9]})", "set({seed: 4294967295})"):
        page.evaluate(f"() => {{ {f'{LIVE}.parts.{act}' if act else ''} }}")
        rest(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator(HOST).evaluate("e => e.offsetHeight") == height
    part(page, "seed").fill("a word that is long")
    part(page, "seed").press("Enter")
    assert part(page, "seed-problem").inner_text() != ""
    assert page.locator(HOST).evaluate("e => e.offsetHeight") == height
    without_script = re.sub(r"<script>.*</script>", "", machine.html, flags=re.DOTALL)
    waiting = open_page(without_script, width=width)
    assert waiting.locator(HOST).evaluate("e => e.offsetHeight") == height


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark(open_page: Open, machine: Any, scheme: Any) -> None:
    page = open_page(machine.html, color_scheme=scheme)
    rest(page)
    brightness = pixels(page, "sheet-1")[..., :3].mean()
    assert (brightness > 128) == (scheme == "light")


def test_frames_while_it_draws(open_page: Open, machine: Any) -> None:
    page = open_page(machine.html, reduced_motion="no-preference")
    rest(page)
    watch_frames(page)
    page.evaluate(f"{LIVE}.parts.dream(5)")
    page.wait_for_function(f"{LIVE}.parts.state.time > 4", timeout=20_000)
    check_frames(page, drawings=20)

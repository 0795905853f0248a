"""The dream machine in a browser: pressed, scrubbed, bent, told, narrow, calm, broken."""

from __future__ import annotations

import html
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
from tests.pages.project import Book

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


def test_two_on_one_page_are_two(open_page: Open, machine: Any) -> None:
    page = open_page(machine.html + dream_machine.dream_machine(8).html, reduced_motion="reduce")
    page.locator("[data-name=step]").last.press("Home")
    read = f"[...document.querySelectorAll('{HOST}')].map((e) => e.explorable.parts.state)"
    assert [(s["seed"], s["time"]) for s in page.evaluate(read)] == [(0, 11), (8, 0)]


def test_in_a_sandbox_as_colab_has_it(open_page: Open, machine: Any) -> None:
    frame = html.escape(f"<!doctype html><body>{machine.html}</body>")
    page = open_page(
        f'<iframe sandbox="allow-scripts" style="width: 800px; height: 850px" '
        f'srcdoc="{frame}"></iframe>'
    )
    inside = page.frame_locator("iframe")
    inside.locator("[data-name=step]").press("Home")
    inside.locator("[data-name=play]").click()
    inside.locator("[data-name=step-value]", has_text="step 2 of 10").wait_for()
    assert inside.locator(".frame").get_attribute("data-state") == "live"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"columns": 1024', '"columns": 1023', "expected decoder_bias to be 1×1024"),
        ('"units": 256', '"units": 0', "expected units to be a whole number; received 0"),
        ('"networks"', '"notworks"', "Something went wrong here"),
    ],
)
def test_weights_that_do_not_fit_show_a_sentence_and_the_still(
    open_page: Open,
    machine: Any,
    old: str,
    new: str,
    said: str,
) -> None:
    assert old in machine.html
    page = open_page(machine.html.replace(old, new, 1), fails=True)
    settle(page)
    assert page.locator("img").is_visible()
    assert not part(page, "dream").is_visible()
    message = page.locator(".message").inner_text()
    assert said in message
    assert message.endswith("The picture shows how it began.")


def test_bad_states_are_put_right(open_page: Open, machine: Any) -> None:
    page = open_page(machine.html)
    page.evaluate(
        f"""for (const value of [NaN, Infinity, -Infinity, undefined, null, "x", {{}}, 1e308]) {{
          for (const name of ["seed", "temperature", "time", "chosen"]) {{
            {LIVE}.parts.set({{[name]: value}}); {LIVE}.draw();
          }}
          {LIVE}.parts.set({{place: [value, value]}}); {LIVE}.parts.set({{place: value}});
        }}
        {LIVE}.parts.set(null); {LIVE}.parts.set("nothing"); {LIVE}.draw();"""
    )
    rest(page)
    assert page.evaluate(f"{LIVE}.box.dataset.state") == "live"
    assert np.isfinite(state(page)["temperature"])


def test_hidden_and_narrowed_while_it_runs(open_page: Open, machine: Any) -> None:
    page = open_page(f"<details open><summary>More</summary>{machine.html}</details>")
    part(page, "dream").click()
    page.wait_for_function(f"{LIVE}.parts.state.time > 1")
    page.locator("summary").click()
    page.set_viewport_size({"width": 450, "height": 900})
    settle(page)
    page.locator("summary").click()
    page.wait_for_function(f"{LIVE}.parts.state.time > 3")
    page.evaluate(f"document.querySelector('{HOST}').remove()")
    settle(page)


def test_two_hundred_dreams_leave_nothing_behind(open_page: Open, machine: Any) -> None:
    page = open_page(machine.html)
    rest(page)
    devtools = page.context.new_cdp_session(page)

    def size() -> tuple[float, float]:
        settle(page)
        devtools.send("HeapProfiler.collectGarbage")
        heap = devtools.send("Runtime.getHeapUsage")["usedSize"]
        return heap, devtools.send("Memory.getDOMCounters")["jsEventListeners"]

    press = f"""async count => {{
      const button = {LIVE}.root.querySelector("[data-name=dream]");
      for (let k = 0; k < count; k++) {{
        button.click();
        if (k % 4 === 0) await new Promise(requestAnimationFrame);
      }}
    }}"""
    page.evaluate(press, 20)
    put(page, time=11)
    heap, listeners = size()
    page.evaluate(press, 200)
    put(page, time=11)
    heap_after, listeners_after = size()
    print(f"heap {heap / 1e6:.2f} MB, after 200 presses {heap_after / 1e6:.2f} MB")
    assert listeners_after == listeners
    assert heap_after - heap < 500_000
    assert page.evaluate(f"{LIVE}.box.dataset.state") == "live"


def test_frames_while_it_draws(open_page: Open, machine: Any) -> None:
    page = open_page(machine.html, reduced_motion="no-preference")
    rest(page)
    watch_frames(page)
    page.evaluate(f"{LIVE}.parts.dream(5)")
    page.wait_for_function(f"{LIVE}.parts.state.time > 4", timeout=20_000)
    check_frames(page, drawings=20)


@pytest.mark.parametrize("name", ["book/index", "book/explore"])
def test_in_the_book(book: Book, browser: Any, name: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800}, reduced_motion="reduce")
    page = context.new_page()
    page.goto((book.html / f"{name}.html").as_uri(), wait_until="commit")
    live = "document.querySelector('[data-explorable=dream-machine]')?.explorable"
    ready = f"{live}?.box.dataset.state === 'live' && performance.now()"
    usable = page.wait_for_function(ready).json_value()
    print(f"{name}: usable after {usable:.0f} ms")
    assert usable < 5000
    before = page.evaluate(f"{live}.parts.state.seed")
    page.locator("[data-name=dream]").click()
    assert page.evaluate(f"{live}.parts.state.seed") != before
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()

"""What holds of every explorable: in a sandbox, twice on a page, hidden, broken, on paper."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from drawlib.be_george import be_george
from drawlib.bundled import load_bundled
from drawlib.dream_machine import dream_machine
from drawlib.explorable import Explorable
from drawlib.explorables import window
from drawlib.window_explorable import NUMBERS
from tests.pages.explorable import HOST, LIVE, Open, film, part, pixels, settle
from tests.pages.project import Book

FAILED = "Something went wrong here ("


@dataclass(frozen=True)
class Kind:
    """One explorable, and what the tests that all have in common need to know of it.

    Attributes:
        name: As its files are named.
        make: Makes one, and makes another that differs from it.
        picture: One of its canvases.
        handle: A part that is not to be seen where it has failed.
        ink: What every drawing does, a function of a canvas' context.
        state: The numbers of its state, to be set to what is no number.
        act: Does something that changes its state, as a call of ``parts``.
        press: Buttons to press again and again, of which the last stops what the others began.
        rest: Brings it to rest, a call of ``parts``; and what then holds of the state ``s``.
        start: The button that sets it in motion.
        progress: How far it has come, of the state ``s``, and two marks on that way.
        waits: Whether it stands still while nobody can see it.
        damage: What to put in the place of what, and what is then said.
        pages: Where it is in the book.
    """

    name: str
    make: Callable[[], tuple[Explorable, Explorable]]
    picture: str
    handle: str
    ink: str
    state: tuple[str, ...]
    act: str
    press: tuple[str, ...]
    rest: tuple[str, str]
    start: str
    progress: tuple[str, float, float]
    waits: bool
    damage: tuple[tuple[str, str, str], ...]
    pages: tuple[str, ...]


def _windows() -> tuple[Explorable, Explorable]:
    x_train, y_train = load_bundled()[:2]
    digits = np.stack([x_train[y_train == label][0] for label in (3, 0, 7, 8, 5)]) / 255
    return window(digits), window(digits[1:], [0, 0, 1, -0.5, 0], size=3)


KINDS = (
    Kind(
        "window",
        _windows,
        picture="stage",
        handle="stage",
        ink="drawImage",
        state=(*NUMBERS, "size", "image"),
        act="set({g_x: 0.5})",
        press=("reset", "listing", "follow", "follow"),
        rest=("set({g_x: 0})", "s.g_x === 0"),
        start="follow",
        progress=("s.g_x", -0.39, -0.2),
        waits=False,
        damage=(
            ('"height": 28', '"height": 27', "expected an image of 27×28; received 784 pixels"),
            ('{"height"', '"height"', "JSON"),
            ('"ranges"', '"changes"', FAILED),
            ('data-name="stage"', 'data-name="scene"', FAILED),
        ),
        pages=("book/explore", "notebooks/draw/filterbanks"),
    ),
    Kind(
        "dream-machine",
        lambda: (dream_machine(), dream_machine(8)),
        picture="sheet-0",
        handle="dream",
        ink="drawImage",
        state=("seed", "temperature", "time", "chosen", "place"),
        act="dream(4711)",
        press=("dream", "play", "dream"),
        rest=("set({time: 11})", "!s.playing && !s.pending"),
        start="dream",
        progress=("s.time", 1, 3),
        waits=False,
        damage=(
            ('"columns": 1024', '"columns": 1023', "expected decoder_bias to be 1×1024"),
            ('"units": 256', '"units": 0', "expected units to be a whole number; received 0"),
            ('"networks"', '"notworks"', FAILED),
            ('data-name="pad"', 'data-name="pod"', FAILED),
        ),
        pages=("book/index", "book/explore"),
    ),
    Kind(
        "be-george",
        lambda: (be_george(), be_george([-1] * 9, recipe="transport", seed=8)),
        picture="arrows",
        handle="learn",
        ink="stroke",
        state=("seed", "recipe", "curve"),
        act="set({curve: Array(9).fill(1)})",
        press=("tangled", "learn", "step", "transport", "pause", "post", "alike", "step"),
        rest=("set({})", "true"),
        start="learn",
        progress=("s.learnt", 10, 20),
        waits=True,
        damage=(
            ('"start"', '"stop"', FAILED),
            ('{"start": {"curve"', '{"start": "curve"', FAILED),
            ('data-name="arrows"', 'data-name="darts"', FAILED),
        ),
        pages=("book/explore", "notebooks/gan/counterfeit_money"),
    ),
    Kind(
        "scrubber",
        lambda: (film(), film(moments=12)),
        picture="view",
        handle="play",
        ink="stroke",
        state=("step",),
        act="set({step: 3})",
        press=("play", "back", "play", "on", "reset"),
        rest=("set({step: 0})", "s.step === 0 && !s.playing"),
        start="play",
        progress=("s.step % 39", 1, 3),
        waits=True,
        damage=(
            ('"times": [0, ', '"times": [', "expected a sentence for each of 39 moments"),
            ('"kind": "arrows"', '"kind": "pie"', "expected a panel of a known kind"),
            ('"shape": [40', '"shape": [41', "expected dreams to be 41×"),
            ('"rows": [', '"rues": [', FAILED),
            ('data-name="view"', 'data-name="vue"', FAILED),
        ),
        pages=(
            "book/explore",
            "notebooks/gan/counterfeit_money",
            "notebooks/gan/manifold_alignment",
            "notebooks/draw/dreaming",
        ),
    ),
)


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    return request.param


@pytest.fixture(scope="module")
def made(kind: Kind) -> tuple[Explorable, Explorable]:
    return kind.make()


@pytest.fixture
def shown(made: tuple[Explorable, Explorable]) -> str:
    return made[0].html


def do(page: Any, call: str) -> None:
    page.evaluate(f"() => {{ {LIVE}.parts.{call}; }}")
    settle(page)


def until(page: Any, condition: str) -> None:
    """Wait until something holds of the state, which is called `s`."""
    page.wait_for_function(f"(({{...s}}) => {condition})({LIVE}.parts.state)", timeout=60_000)
    settle(page)


def rest(page: Any, kind: Kind) -> None:
    do(page, kind.rest[0])
    until(page, kind.rest[1])


def click(page: Any, name: str) -> None:
    page.evaluate(f"name => {LIVE}.root.querySelector(`[data-name=${{name}}]`).click()", name)


def failed(page: Any, kind: Kind) -> str:
    """See that it has failed as it should, and return what it says."""
    settle(page)
    assert page.locator("img").is_visible()
    assert page.locator("img").bounding_box()["width"] > 600
    assert not part(page, kind.handle).is_visible()
    message = page.locator(".message").inner_text()
    assert message.startswith(FAILED)
    assert message.endswith("The picture shows how it began.")
    return message


def test_two_on_one_page_are_two(open_page: Open, kind: Kind, made: Any) -> None:
    page = open_page(made[0].html + made[1].html, reduced_motion="reduce")
    read = f"[...document.querySelectorAll('{HOST}')].map((e) => e.explorable.parts.state)"
    before = page.evaluate(read)
    assert len(before) == 2
    assert before[0] != before[1]
    second = f"[...document.querySelectorAll('{HOST}')][1].explorable.parts"
    page.evaluate(f"() => {{ {second}.{kind.act}; }}")
    settle(page)
    after = page.evaluate(read)
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, False]


def test_in_a_sandbox_as_colab_has_it(open_page: Open, kind: Kind, shown: str) -> None:
    frame = html.escape(f"<!doctype html><body>{shown}</body>")
    page = open_page(
        f'<iframe sandbox="allow-scripts" style="width: 860px; height: 1100px" '
        f'srcdoc="{frame}"></iframe>'
    )
    inside = page.frame_locator("iframe")
    assert inside.locator(".frame").get_attribute("data-state") == "live"
    own = page.frames[1]
    before = own.evaluate(f"{LIVE}.parts.state")
    inside.locator(f"[data-name={kind.start}]").click()
    own.wait_for_function(f"old => JSON.stringify({LIVE}.parts.state) !== old", arg=to_json(before))
    assert inside.locator(".frame").get_attribute("data-state") == "live"


def to_json(state: Any) -> str:
    """Write a state as the browser does."""
    return json.dumps(state, separators=(",", ":"), ensure_ascii=False)


def test_put_into_a_page_that_is_there_already(open_page: Open, kind: Kind, shown: str) -> None:
    """As notebooks do: the template is no shadow root yet, and scripts are made again."""
    page = open_page('<div id="output"></div>')
    page.evaluate(
        """(html) => {
          const output = document.querySelector("#output");
          output.innerHTML = html;
          for (const old of output.querySelectorAll("script")) {
            const script = document.createElement("script");
            script.type = old.type;
            script.textContent = old.textContent;
            old.replaceWith(script);
          }
        }""",
        shown,
    )
    settle(page)
    assert page.evaluate(f"{LIVE}.box.dataset.state") == "live"
    assert pixels(page, kind.picture).std() > 3
    page.evaluate("document.querySelector('#output').replaceChildren()")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")  # nobody is there: no error
    settle(page)


def test_styles_stay_inside_and_outside(open_page: Open, kind: Kind, shown: str) -> None:
    page, bare = open_page(shown), open_page("")
    assert part(page, kind.picture).bounding_box()["width"] > 200  # the page says 7px
    read = "e => { const s = getComputedStyle(e); return [s.width, s.color, s.minHeight, s.font]; }"
    assert page.locator("#after").evaluate(read) == bare.locator("#after").evaluate(read)
    names = "Object.getOwnPropertyNames(globalThis).sort()"
    assert page.evaluate(names) == bare.evaluate(names)


def test_without_scripts_and_on_paper_there_is_the_still_picture(
    open_page: Open, kind: Kind, shown: str
) -> None:
    for on_paper in (False, True):
        page = open_page(shown, java_script_enabled=on_paper)
        if on_paper:
            page.emulate_media(media="print")
        assert page.locator("img").is_visible()
        assert page.locator("img").bounding_box()["width"] > 600
        assert not part(page, kind.handle).is_visible()


@pytest.mark.parametrize(
    ("kind", "old", "new", "said"),
    [(kind, *damage) for kind in KINDS for damage in kind.damage],
    ids=lambda value: value.name if isinstance(value, Kind) else str(value)[:24],
    indirect=["kind"],
)
def test_damaged_data_show_a_sentence_and_the_still(
    open_page: Open, kind: Kind, shown: str, old: str, new: str, said: str
) -> None:
    assert old in shown
    page = open_page(shown.replace(old, new, 1), fails=True)
    assert said in failed(page, kind)


def test_an_error_later_shows_a_sentence_and_the_still(
    open_page: Open, kind: Kind, shown: str
) -> None:
    page = open_page(shown, fails=True)
    page.evaluate(
        "name => { CanvasRenderingContext2D.prototype[name] = () => { throw Error('no ink'); }; }",
        kind.ink,
    )
    page.evaluate(f"() => {{ {LIVE}.parts.{kind.act}; }}")
    page.wait_for_function(f"{LIVE}.failed")
    assert "(no ink)" in failed(page, kind)


def test_bad_states_are_put_right(open_page: Open, kind: Kind, shown: str) -> None:
    page = open_page(shown, reduced_motion="reduce")
    page.evaluate(
        f"""(names) => {{
          const parts = {LIVE}.parts;
          for (const value of [NaN, Infinity, -Infinity, undefined, null, "x", {{}}, 1e308, -1e308]) {{
            for (const name of names) {{
              for (const given of [value, [value], Array(9).fill(value), Array(99).fill(value)]) {{
                parts.set({{[name]: given}});
                {LIVE}.draw();
              }}
            }}
          }}
          parts.set(null);
          parts.set("nothing");
          {LIVE}.draw();
        }}""",  # noqa: E501
        list(kind.state),
    )
    settle(page)
    assert page.evaluate(f"{LIVE}.box.dataset.state") == "live"
    finite = "(v) => typeof v !== 'number' || Number.isFinite(v)"
    flat = f"Object.values({LIVE}.parts.state).flat().every({finite})"
    assert page.evaluate(flat)
    assert pixels(page, kind.picture).std() > 3


def test_hidden_and_narrowed_while_it_runs(open_page: Open, kind: Kind, shown: str) -> None:
    page = open_page(
        f"<details open><summary>More</summary>{shown}</details>", reduced_motion="no-preference"
    )
    progress, some, more = kind.progress
    click(page, kind.start)
    until(page, f"{progress} > {some}")
    page.evaluate("() => { document.querySelector('details').open = false; }")
    if kind.waits:
        page.wait_for_function(f"!({LIVE}.parts.state.busy ?? {LIVE}.parts.state.playing)")
        hidden = page.evaluate(f"{LIVE}.parts.state")
        page.wait_for_timeout(150)
        assert page.evaluate(f"{LIVE}.parts.state") == hidden
    page.set_viewport_size({"width": 450, "height": 900})
    settle(page)
    page.locator("summary").click()
    if kind.waits and "playing" in hidden:
        click(page, kind.start)  # it does not go on by itself
    until(page, f"{progress} > {more}")
    page.wait_for_function(
        f"""(name) => {{
          const canvas = {LIVE}.root.querySelector(`[data-name=${{name}}]`);
          return Math.abs(canvas.width - canvas.getBoundingClientRect().width) <= 1;
        }}""",
        arg=kind.picture,
    )
    page.evaluate(f"document.querySelector('{HOST}').remove()")
    settle(page)


def test_without_room_it_waits(open_page: Open, kind: Kind, shown: str) -> None:
    page = open_page(f"<details><summary>More</summary>{shown}</details>")
    page.evaluate(f"{LIVE}.draw()")
    page.locator("summary").click()
    page.wait_for_function(
        f"name => {LIVE}.root.querySelector(`[data-name=${{name}}]`).width > 200",
        arg=kind.picture,
    )
    settle(page)
    assert pixels(page, kind.picture).std() > 3


def test_two_hundred_presses_leave_nothing_behind(open_page: Open, kind: Kind, shown: str) -> None:
    page = open_page(shown, reduced_motion="no-preference")
    rest(page, kind)
    devtools = page.context.new_cdp_session(page)

    def size() -> tuple[float, float]:
        rest(page, kind)
        devtools.send("HeapProfiler.collectGarbage")
        heap = devtools.send("Runtime.getHeapUsage")["usedSize"]
        return heap, devtools.send("Memory.getDOMCounters")["jsEventListeners"]

    press = f"""async ([names, count]) => {{
      for (let k = 0; k < count; k++) {{
        for (const name of names) {LIVE}.root.querySelector(`[data-name=${{name}}]`).click();
        if (k % 4 === 0) await new Promise(requestAnimationFrame);
      }}
    }}"""
    page.evaluate(press, [list(kind.press), 20])
    heap, listeners = size()
    page.evaluate(press, [list(kind.press), 200])
    heap_after, listeners_after = size()
    print(f"{kind.name}: heap {heap / 1e6:.2f} MB, after 200 rounds {heap_after / 1e6:.2f} MB")
    assert listeners_after == listeners
    assert heap_after - heap < 500_000
    assert page.evaluate(f"{LIVE}.box.dataset.state") == "live"


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, name) for kind in KINDS for name in kind.pages],
    ids=lambda value: value.name if isinstance(value, Kind) else value.split("/")[-1],
    indirect=["kind"],
)
def test_in_the_book(book: Book, browser: Any, kind: Kind, name: str) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 800}, reduced_motion="reduce", color_scheme="dark"
    )
    page = context.new_page()
    page.goto((book.html / f"{name}.html").as_uri(), wait_until="commit")
    live = f"document.querySelector('[data-explorable={kind.name}]')?.explorable"
    ready = f"{live}?.box.dataset.state === 'live' && performance.now()"
    usable = page.wait_for_function(ready).json_value()
    print(f"{kind.name} on {name}: usable after {usable:.0f} ms")
    assert usable < 5000
    page.wait_for_load_state("load")
    pictures = []
    for theme in ("dark", "light"):
        page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        settle(page)
        assert page.evaluate(f"{live}.box.dataset.theme") == theme
        read = f"name => {live}.root.querySelector(`[data-name=${{name}}]`).toDataURL()"
        pictures.append(page.evaluate(read, kind.picture))
    assert pictures[0] != pictures[1]
    before = page.evaluate(f"{live}.parts.state")
    start = page.locator(f"[data-explorable={kind.name}] [data-name={kind.start}]").first
    start.click()
    assert page.evaluate(f"{live}.parts.state") != before
    box = page.locator(f"[data-explorable={kind.name}]").first.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()

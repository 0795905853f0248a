"""What all explorables have in common: self-contained HTML for any page, and a picture.

An explorable works in the static book, from a folder on disk, in Jupyter and in Colab. It asks
for nothing from anywhere, and shows a still picture where no script runs. Its JavaScript, style
and markup are source files in ``drawlib/browser``: ``core.js`` and ``core.css`` for what all
share, and ``<kind>.js``, ``<kind>.css`` and ``<kind>.html`` for each kind.
"""

from __future__ import annotations

import base64
import html
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from drawlib.checks import argument_error

SIZE_LIMIT = 900_000  # bytes of HTML

_SOURCES = Path(__file__).parent / "browser"
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w-]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async |const |function |class |let ))", re.MULTILINE)
_MODULE_WORD = re.compile(r"^\s*(?:import|export)\b.*", re.MULTILINE)


class Explorable:
    """Something to explore, as a notebook displays it: HTML, and a PNG of its first state.

    Attributes:
        kind: Which of the explorables it is; its sources are named after it.
        alt: What it shows, for those who cannot see it.
        still: Its first state as the bytes of a PNG.
        html: The whole of it: one element with its style, its script and its data.
    """

    def __init__(
        self,
        kind: str,
        *,
        alt: str,
        still: bytes,
        data: Mapping[str, Any],
        properties: Mapping[str, str] | None = None,
    ) -> None:
        """Put an explorable together.

        Args:
            kind: The name of its sources: ``<kind>.js``, ``<kind>.css`` and ``<kind>.html``.
            alt: A sentence that says what is seen.
            still: The bytes of a PNG.
            data: What its script is given, as JSON can hold it.
            properties: CSS custom properties that its size depends on, without the dashes:
                they are known before the script runs.

        Raises:
            ValueError: If there are no sources of that kind, or if it grows too heavy.
        """
        if not (_SOURCES / f"{kind}.js").is_file():
            raise argument_error("kind", "the name of a file in drawlib/browser", kind)
        self.kind, self.alt, self.still = kind, alt, still
        self.html = _page_part(kind, alt, still, data, properties or {})
        if (size := len(self.html.encode())) > SIZE_LIMIT:
            raise ValueError(
                f"expected the explorable's HTML to have at most {SIZE_LIMIT:,} bytes; "
                f"received {size:,}"
            )

    def __repr__(self) -> str:
        return self.alt

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/html": self.html, "image/png": base64.b64encode(self.still).decode()}


def still_picture(figure: Figure, colours: int) -> bytes:
    """Return a figure as a PNG of few colours, without dithering: an eighth of the bytes.

    Args:
        figure: What to show where no script runs.
        colours: How many colours it may have.

    Returns:
        The bytes of the PNG.
    """
    file, small = io.BytesIO(), io.BytesIO()
    FigureCanvasAgg(figure).print_png(file)
    with Image.open(file) as picture:
        few = picture.convert("RGB").quantize(colours, dither=Image.Dither.NONE)
    few.save(small, "PNG", optimize=True)
    return small.getvalue()


def bundle(entry: str) -> str:
    """Join a script and all that it imports into one that a page can hold.

    Args:
        entry: A file of ``drawlib/browser``. Of ES modules it uses two forms only:
            ``import { a, b } from "./file.js";`` and ``export`` before a declaration.

    Returns:
        The files in the order in which they need each other, without their imports and
        exports.

    Raises:
        ValueError: If a file uses another form.
    """
    order: dict[str, str] = {}
    entered: set[str] = set()

    def enter(name: str) -> None:
        if name in entered:
            return
        entered.add(name)
        source = (_SOURCES / name).read_text(encoding="utf-8")
        for needed in _IMPORT.findall(source):
            enter(needed)
        order[name] = _EXPORT.sub("", _IMPORT.sub("", source))

    enter(entry)
    for name, source in order.items():
        if left := _MODULE_WORD.search(source):
            raise ValueError(
                f"expected {name} to import and export in the two plain forms; "
                f"received {left[0].strip()!r}"
            )
    return "\n".join(order.values())


def _page_part(
    kind: str, alt: str, still: bytes, data: Mapping[str, Any], properties: Mapping[str, str]
) -> str:
    """Write an explorable's one element.

    Its inside is a declared shadow root, so that styles stay in it and out of it, and so that
    the page reserves its place before the script runs. The picture lies outside: it is what a
    place shows that knows neither.
    """
    style = "\n".join(_source(name) for name in ("core.css", f"{kind}.css"))
    size = "".join(f"--{name}:{value};" for name, value in properties.items())
    picture = base64.b64encode(still).decode()
    # As JSON has it, a "<" can only stand in a string, where it may be written as an escape.
    given = json.dumps(data, allow_nan=False, sort_keys=True).replace("<", "\\u003c")
    script = f'(() => {{\n"use strict";\n{bundle(f"{kind}.js")}}})();'
    return f"""\
<div class="drawlib-explorable" data-explorable="{kind}" data-lm-suppress-shortcuts="true" \
style="{html.escape(size)}">
<template shadowrootmode="open"><style>
{_inside("style", style)}</style>
<div class="frame" data-state="waiting" data-theme="light" role="group" \
aria-label="{html.escape(alt)}">
<div class="still"><slot></slot></div>
<p class="message" role="alert"></p>
<div class="live">
{_source(f"{kind}.html")}</div>
<p class="spoken" data-name="status" role="status"></p>
</div></template>
<img alt="{html.escape(alt)}" src="data:image/png;base64,{picture}">
<script type="application/json">{given}</script>
<script>{_inside("script", script)}</script>
</div>"""


def _source(name: str) -> str:
    return (_SOURCES / name).read_text(encoding="utf-8")


def _inside(element: str, text: str) -> str:
    """Return text that may stand inside an HTML element which holds no markup, or raise."""
    if found := re.search(rf"</{element}|<!--", text, re.IGNORECASE):
        raise ValueError(f"expected nothing in a {element} that ends it; received {found[0]!r}")
    return text

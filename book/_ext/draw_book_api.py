"""Sphinx extension: the package's docstrings, read as their authors meant them.

They are written for those who read the source. A star there belongs to a shape, as in
``(*lead, M, 1)``, and a bar to an absolute value; to reStructuredText both are markup.
"""

from __future__ import annotations

import re

from sphinx.application import Sphinx

from drawlib.chapter import import_tensorflow_quietly

_LITERAL = re.compile(r"(``.+?``|`[^`]+`)")
_DIRECTIVE = re.compile(r"\s*\.\. [\w-]+::")
_MARKUP = re.compile(r"[*|]|(?<=\w)_(?!\w)")


def escape_markup(lines: list[str]) -> list[str]:
    """Escape stars, bars and trailing underscores, except in literals, math and examples.

    Args:
        lines: A docstring's lines.

    Returns:
        As many lines.
    """
    escaped = []
    opened_at: int | None = None  # the indent of what opened the literal block we are in
    in_example = False
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if opened_at is not None and line.strip() and indent <= opened_at:
            opened_at = None
        in_example = line.lstrip().startswith(">>>") or (in_example and bool(line.strip()))
        is_directive = _DIRECTIVE.match(line) is not None
        if opened_at is not None or in_example or is_directive:
            escaped.append(line)
        else:
            parts = _LITERAL.split(line)
            parts[::2] = [_MARKUP.sub(r"\\\g<0>", part) for part in parts[::2]]
            escaped.append("".join(parts))
        if opened_at is None and (is_directive or line.rstrip().endswith("::")):
            opened_at = indent
    return escaped


def process_docstring(
    app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    """Let autodoc see the escaped docstring (before napoleon reads its sections)."""
    lines[:] = escape_markup(lines)


def load_tensorflow(app: Sphinx, docname: str, source: list[str]) -> None:
    """Import TensorFlow, which the package's page needs, without its words on the terminal."""
    if docname == "book/api":
        import_tensorflow_quietly()


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the extension."""
    app.connect("source-read", load_tensorflow)
    app.connect("autodoc-process-docstring", process_docstring, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""The cover's picture, found in small notebooks."""

from __future__ import annotations

import base64

import pytest

from tests.tools.notebooks import FIGURE, GIF, PNG, chapter, code, shown
from tools.cover_page import find_picture


def test_the_picture_is_the_first_animation_or_else_the_first_figure() -> None:
    still = base64.b64encode(PNG).decode()
    gif = base64.b64encode(GIF).decode()
    markup = f'<picture><img alt="a &amp; b" src="data:image/gif;base64,{gif}"></picture>'
    figure = code("f", FIGURE, mystnb={"image": {"alt": "a figure"}})
    animation = code("a", shown(png=still, html=markup))
    assert find_picture(chapter(figure)) == (None, PNG, "a figure")
    assert find_picture(chapter(figure, animation)) == (GIF, PNG, "a & b")
    named = chapter(figure, animation)
    named.notebook["metadata"] = {"draw_book": {"cover": "f"}}
    assert find_picture(named) == (None, PNG, "a figure")
    named.notebook["metadata"] = {"draw_book": {"cover": "nowhere"}}
    for bare in (chapter(), named):
        with pytest.raises(ValueError, match="to show a picture"):
            find_picture(bare)

"""The pictures that are shown where a page's address is shared."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from tools.cards import Card, encode
from tools.social_cards import BAND, SIZE, SocialCard, social_cards

RED = encode(Image.new("RGB", (60, 40), "red"), "png")
CARD = Card("notebooks/gan/one", "A part", "One", "A promise.", 3, RED, "a red sheet")


def pixels(card: SocialCard) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(card.image)).convert("RGB")).astype(int)


def test_a_chapter_has_its_own_and_the_book_one_for_the_rest() -> None:
    made = social_cards([CARD, replace(CARD, page="notebooks/gan/two", title="Two")])
    assert [card.title for card in made.values()] == ["Draw Book", "One", "Two"]
    assert made["notebooks/gan/one"].facts == {
        "title": "One",
        "line": "A promise.",
        "image": "gan-one.jpg",
        "alt": "a red sheet",
    }
    for card in made.values():
        seen = pixels(card)
        assert seen.shape == (SIZE[1], SIZE[0], 3)
        assert len(card.image) < 200_000
        red = (seen[..., 0] > 200) & (seen[..., 1] < 60)
        assert red[: SIZE[1] - BAND].sum() > 10_000
        assert not red[SIZE[1] - BAND :].any()


@pytest.mark.parametrize("title", ["W" * 60, "i"])
def test_the_words_stay_on_the_sheet_and_apart(title: str) -> None:
    [_, card] = social_cards([replace(CARD, title=title, promise="word " * 80)]).values()
    words = pixels(card)[SIZE[1] - BAND + 10 :].min(axis=2) < 128
    assert not words[:, :40].any()
    assert not words[:, -40:].any()
    assert not words[-20:].any()
    assert words[:90, :970].any()
    assert not words[:90, 972:984].any()  # the book's name begins behind it

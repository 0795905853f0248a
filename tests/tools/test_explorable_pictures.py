"""The pictures of explorables that are kept are those that can be taken, and small."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from tools.explorable_pictures import FOLDER, MOST_BYTES, VIEWS, small
from tools.project import ROOT


def test_every_view_has_its_picture() -> None:
    assert {file.stem for file in FOLDER.glob("*.webp")} == set(VIEWS)


@pytest.mark.parametrize("name", VIEWS)
def test_a_picture_is_small_and_of_its_view(name: str) -> None:
    file = FOLDER / f"{name}.webp"
    assert file.stat().st_size <= MOST_BYTES
    assert (ROOT / "drawlib" / "browser" / f"{VIEWS[name].kind}.js").is_file()
    with Image.open(file) as picture:
        assert picture.width <= VIEWS[name].width
        dark = np.asarray(picture.convert("L"), float).mean() < 128
    assert dark == (VIEWS[name].scheme == "dark")


def test_a_heavy_picture_is_made_small() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "png")
    assert len(file.getvalue()) > MOST_BYTES >= len(small(file.getvalue()))

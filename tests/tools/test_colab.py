"""The parts of `make colab` that need no network. (The command itself is run on purpose.)"""

from __future__ import annotations

import re

from tools.colab import changes
from tools.project import ROOT


def test_changes() -> None:
    before = {"numpy": "2.1.3", "keras": "3.13.2", "gone": "1"}
    assert changes(before, {**before, "draw-book": "0.1"}) == []
    after = {"numpy": "2.2.0", "keras": "3.13.2", "new": "2"}
    assert changes(before, after) == [
        "gone: 1 before, absent after",
        "new: absent before, 2 after",
        "numpy: 2.1.3 before, 2.2.0 after",
        "draw-book: absent after, though the setup cells install it",
    ]


def test_the_versions_are_exact() -> None:
    text = (ROOT / "tests" / "colab" / "constraints.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z-]+==[0-9.]+", line) for line in lines)
    assert {"tensorflow==2.20.0", "keras==3.13.2", "numpy==2.1.3", "matplotlib==3.10.0"} <= set(
        lines
    )
    assert {"ipython==7.34.0", "ipykernel==6.17.1"} <= set(lines)

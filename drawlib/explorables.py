"""The explorables: each a call that returns something for the reader to turn in the hand.

What they have in common is `drawlib.explorable`.
"""

from __future__ import annotations

from drawlib.be_george import be_george
from drawlib.dream_machine import dream_machine
from drawlib.scrubber import Arrows, Curves, Plot, Sheet, scrubber
from drawlib.window_explorable import window

__all__ = [
    "Arrows",
    "Curves",
    "Plot",
    "Sheet",
    "be_george",
    "dream_machine",
    "scrubber",
    "window",
]

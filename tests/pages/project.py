"""A copy of the project that a test may build and break."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PARTS = ("_config.yml", "_toc.yml", "book", "drawlib", "notebooks", "pyproject.toml", "tools")

# Imported by every Python started with it: no connection leaves the machine.
NO_NETWORK = """
import socket

def refuse(self, address):
    raise OSError(f"the build asked for {address}")

socket.socket.connect = refuse
"""


@dataclass(frozen=True)
class Book:
    """A copy of the project, what building it said, and how long its processor worked."""

    root: Path
    output: str = ""
    seconds: float = 0.0

    @property
    def html(self) -> Path:
        return self.root / "_build" / "html"

    @property
    def pages(self) -> list[str]:
        """The names of all pages, without ``.html``."""
        found = self.html.rglob("*.html")
        names = (path.relative_to(self.html).with_suffix("").as_posix() for path in found)
        return sorted(name for name in names if not name.startswith("_static"))

    def build(self) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PYTHONPATH": f"{self.root / 'no_network'}{os.pathsep}."}
        return subprocess.run(
            [sys.executable, "-m", "tools.book"],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )


def child_seconds() -> float:
    """Processor time of all finished children: unlike the clock, the same on a busy machine."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def copy_project(target: Path) -> Book:
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            ignored = shutil.ignore_patterns("generated", "__pycache__", ".ipynb_checkpoints")
            shutil.copytree(source, target / part, ignore=ignored)
        else:
            shutil.copy(source, target / part)
    (target / "no_network").mkdir()
    (target / "no_network" / "sitecustomize.py").write_text(NO_NETWORK)
    return Book(target)

"""Run the chapters as Colab would: ``make colab [CHAPTER=…]``.

A fresh environment gets Colab's versions and a stand-in for ``google.colab``. Each notebook
then runs as it is stored: its setup cell installs draw-book with pip from its GitHub address,
which git is told to find in this checkout. Afterwards draw-book must be the only package that
is new, and no other may have changed. What is tested is the last commit, as in Colab.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

from drawlib.files import write_whole
from tools.execute import ChapterError, read_notebook, run_notebook
from tools.kernels import clean_environment, kernel_of
from tools.project import ROOT, choose_chapters, label, repository

PYTHONS = ("3.13", "3.12")
_PRESENT = "--IPKernelApp.exec_lines=import google.colab"


def find_python() -> str:
    """Find an interpreter of one of Colab's Python versions, on PATH or kept by pyenv.

    Raises:
        SystemExit: If there is none.
    """
    for version in PYTHONS:
        candidates = [shutil.which(f"python{version}"), *_from_pyenv(version)]
        for candidate in candidates:
            if candidate and _reported_version(candidate) == version:
                return candidate
    raise SystemExit(f"expected Python {' or '.join(PYTHONS)} on PATH or in pyenv; found neither")


def _from_pyenv(version: str) -> list[str]:
    if not shutil.which("pyenv"):
        return []
    listed = _output(["pyenv", "versions", "--bare"]).split()
    names = [name for name in listed if name.startswith(f"{version}.")]
    return [f"{_output(['pyenv', 'prefix', name]).strip()}/bin/python" for name in names]


def _reported_version(python: str) -> str:
    return _output([python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]).strip()


def _output(command: list[str]) -> str:
    """Run a command; what does not run gives an empty string."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


def prepare(folder: Path, constraints: Path) -> Path:
    """Make the environment with Colab's versions, or take the one made before.

    Args:
        folder: Where it is kept.
        constraints: The file of versions.

    Returns:
        Its interpreter.
    """
    python, stamp = folder / "bin" / "python", folder / ".ready"
    wanted = hashlib.sha256(constraints.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        base = find_python()
        print(f"Setting up Colab's versions on Python {_reported_version(base)}: 2 GB …")
        subprocess.run([base, "-m", "venv", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", str(constraints)], check=True)
        write_whole(stamp, wanted.encode())
    subprocess.run(
        [str(python), "-m", "pip", "uninstall", "--quiet", "--yes", "draw-book"], check=True
    )
    return python


def installed(python: Path) -> dict[str, str]:
    """List an environment's packages and their versions."""
    command = [str(python), "-m", "pip", "list", "--format=json", "--disable-pip-version-check"]
    done = subprocess.run(command, capture_output=True, check=True)
    return {package["name"]: package["version"] for package in json.loads(done.stdout)}


def changes(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Say which packages came, went, or changed their version; draw-book is to come."""
    differing = [
        f"{name}: {before.get(name, 'absent')} before, {after.get(name, 'absent')} after"
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name) and name != "draw-book"
    ]
    if "draw-book" not in after:
        differing.append("draw-book: absent after, though the setup cells install it")
    return differing


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Returns:
        0 if all chapters ran and no package changed, 1 otherwise.
    """
    parser = argparse.ArgumentParser(prog="make colab", description=__doc__)
    parser.add_argument("chapter", nargs="?", default="", help="a notebook; without one, all")
    chapters = choose_chapters(parser.parse_args(arguments).chapter)
    if _output(["git", "-C", str(ROOT), "status", "--porcelain", "drawlib", "pyproject.toml"]):
        print("Note: drawlib has changes that are not committed; they are not tested here.")
    stand_in = ROOT / "tests" / "colab"
    python = prepare(ROOT / "_build" / "colab", stand_in / "constraints.txt")
    before = installed(python)
    settings = {
        "PYTHONPATH": str(stand_in),
        "PYTHONNOUSERSITE": "1",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{ROOT}.insteadOf",
        "GIT_CONFIG_VALUE_0": f"https://github.com/{repository()}",
    }
    kernel = kernel_of(str(python), options=[_PRESENT])
    failures = 0
    for path in chapters:
        try:
            with clean_environment(**settings):
                seconds = run_notebook(read_notebook(path), path, kernel=kernel)
        except ChapterError as error:
            print(f"\n✗ {error}\n", file=sys.stderr)
            failures += 1
        else:
            print(f"✓ {label(path)}: {seconds:.0f} s", flush=True)
    differing = changes(before, installed(python))
    for line in differing:
        print(f"✗ {line}", file=sys.stderr)
    if not differing:
        print(f"✓ draw-book is new; the other {len(before)} packages are as they were")
    return 1 if failures or differing else 0


if __name__ == "__main__":
    sys.exit(main())

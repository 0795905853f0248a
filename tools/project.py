"""Where things are in the project, and the address it is published under."""

from __future__ import annotations

import os
import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]


def repository(root: Path = ROOT) -> str:
    """Read the repository's name from ``pyproject.toml``, the one place that holds it.

    Args:
        root: The project's folder.

    Returns:
        ``owner/name``.
    """
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    return settings["project"]["urls"]["repository"].removeprefix("https://github.com/")


def chapters(root: Path = ROOT) -> list[Path]:
    """List the notebooks of the book, in the order of their paths.

    Args:
        root: The project's folder.

    Returns:
        The paths of all notebooks under ``notebooks/``, checkpoints left out.
    """
    found = (root / "notebooks").rglob("*.ipynb")
    return sorted(path for path in found if ".ipynb_checkpoints" not in path.parts)


def choose_chapters(wanted: str, root: Path = ROOT) -> list[Path]:
    """Find the chapters a command is to work on.

    Args:
        wanted: The path of one notebook, from the project's folder; empty for all.
        root: The project's folder.

    Returns:
        The paths, at least one.

    Raises:
        SystemExit: If there is no such chapter; the message lists those there are.
    """
    known = chapters(root)
    if not wanted:
        if not known:
            raise SystemExit("There is no notebook under notebooks/ yet.")
        return known
    path = (root / wanted).resolve()
    if path in known:
        return [path]
    names = "\n".join(f"  {label(path, root)}" for path in known) or "  (none yet)"
    raise SystemExit(f"There is no chapter {wanted!r}. The chapters are:\n{names}")


def label(path: Path, root: Path = ROOT) -> str:
    """Give a chapter's path from the project's folder, with forward slashes."""
    return path.relative_to(root).as_posix()


def project_files(root: Path = ROOT) -> list[Path]:
    """List the project's own files: nothing built, and of hidden folders only the settings.

    Args:
        root: The project's folder, with or without git.

    Returns:
        The files in the order of their paths.
    """
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [
            name
            for name in folders
            if name not in ("_build", "build", "dist", "generated", "__pycache__")
            and (not name.startswith(".") or name in (".github", ".ci"))
            and not name.endswith(".egg-info")
        ]
        found += [Path(folder, name) for name in names]
    return sorted(path for path in found if path.is_file() and not path.is_symlink())

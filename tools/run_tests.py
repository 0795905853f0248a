"""Run all tests, or say that they passed and that nothing has changed since: ``make test``."""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from drawlib.files import write_whole
from tools.project import ROOT, project_files


def state(root: Path = ROOT) -> str:
    """Digest all that the tests' outcome depends on: the project's files, and where they run.

    Args:
        root: The project's folder.

    Returns:
        A digest that differs where a file, the Python version, the installed packages (by
        the set-up's stamp), the data folder or the presence of a browser differs.
    """
    digest = hashlib.sha256()
    stamp = root / ".venv" / ".ready"
    where = [
        sys.version,
        stamp.read_text(encoding="utf-8") if stamp.exists() else "",
        *(f"{name}={os.environ.get(name)}" for name in ("DRAWLIB_DATA", "KERAS_HOME")),
        str(shutil.which("chromium") or shutil.which("google-chrome")),
    ]
    digest.update("\n".join(where).encode())
    for path in project_files(root):
        content = path.read_bytes()
        digest.update(f"\n{path.relative_to(root).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Run the command.

    Returns:
        pytest's exit status; 0 where nothing changed since all tests passed.
    """
    parser = argparse.ArgumentParser(prog="make test", description=__doc__)
    parser.add_argument("--again", action="store_true", help="run even if nothing changed")
    again = parser.parse_args(arguments).again
    passed = root / "_build" / ".tests-passed"
    before = state(root)
    if not again and passed.exists() and passed.read_text(encoding="utf-8") == before:
        print("All tests passed, and nothing has changed since. To run them: make test AGAIN=1")
        return 0
    passed.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "--nbval"]
    status = subprocess.run(command, cwd=root, check=False).returncode
    if status == 0 and state(root) == before:
        write_whole(passed, before.encode())
    return status


if __name__ == "__main__":
    sys.exit(main())

"""Set-up says in one sentence what is missing, and leaves nothing half-made."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tools.project import ROOT

# A stand-in for Python: VERSION is what it says it is; MODULES are those that it has.
FAKE = """\
#!/bin/sh
case "$2" in
    *version_info*) [ "{version}" = good ] ;;
    *ensurepip*) [ "{venv}" = yes ] ;;
    *"import pip"*) true ;;
    *) {action} ;;
esac
"""
# What `-m venv .venv` and `-m pip install` do: the second is noted.
MAKES_VENV = """\
if [ "$2" = venv ]; then mkdir -p .venv/bin && cp "$0" .venv/bin/python
else echo "$@" >> log; fi"""
BREAKS = "mkdir -p .venv/bin; exit 1"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The set-up's files in a folder with a space in its name, and an empty PATH beside it."""
    folder = tmp_path / "with a space"
    (folder / "tools").mkdir(parents=True)
    (folder / "bin").mkdir()
    shutil.copy(ROOT / "tools" / "setup.sh", folder / "tools")
    for name in ("requirements.lock", "pyproject.toml"):
        (folder / name).write_text("", encoding="utf-8")
    for tool in ("sh", "cat", "cksum", "mkdir", "cp", "rm"):
        (folder / "bin" / tool).symlink_to(str(shutil.which(tool)))
    return folder


def python(
    project: Path, name: str, *, version: str = "good", venv: str = "yes", action: str = MAKES_VENV
) -> None:
    fake = project / "bin" / name
    fake.write_text(FAKE.format(version=version, venv=venv, action=action), encoding="utf-8")
    fake.chmod(0o755)


def set_up(project: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(shutil.which("sh")), "tools/setup.sh"],
        cwd=project,
        env={"PATH": str(project / "bin"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def installs(project: Path) -> int:
    log = project / "log"
    return len(log.read_text(encoding="utf-8").splitlines()) if log.exists() else 0


def test_set_up_once(project: Path) -> None:
    python(project, "python3")
    done = set_up(project)
    assert done.returncode == 0, done.stderr
    log = (project / "log").read_text(encoding="utf-8")
    assert "--require-hashes -r requirements.lock" in log
    assert "--no-deps --no-build-isolation --no-index -e ." in log
    again = set_up(project)
    assert (again.returncode, again.stdout, installs(project)) == (0, "", 2)


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml"])
def test_set_up_again_where_something_changed(project: Path, name: str) -> None:
    python(project, "python3")
    set_up(project)
    (project / name).write_text("changed", encoding="utf-8")
    assert set_up(project).returncode == 0
    assert installs(project) == 4


def test_set_up_again_where_the_folder_moved(project: Path) -> None:
    python(project, "python3")
    set_up(project)
    moved = project.rename(project.with_name("elsewhere"))
    assert set_up(moved).returncode == 0
    assert installs(moved) == 4


def test_an_older_python_is_passed_over(project: Path) -> None:
    python(project, "python3", version="old")
    python(project, "python3.12")
    assert set_up(project).returncode == 0


def test_no_python(project: Path) -> None:
    python(project, "python3", version="old")
    done = set_up(project)
    assert done.returncode == 1
    assert done.stderr.startswith("make: found no Python 3.10 to 3.13; install one, or name it")
    assert not (project / ".venv").exists()


def test_a_named_python_that_will_not_do(project: Path) -> None:
    python(project, "python3")
    python(project, "old python", version="old", action="echo Python 3.9.1")
    done = set_up(project, PYTHON=str(project / "bin" / "old python"))
    assert done.returncode == 1
    assert "expected PYTHON to be Python 3.10 to 3.13; received" in done.stderr
    assert "(Python 3.9.1)" in done.stderr
    assert not (project / ".venv").exists()


def test_without_the_venv_module(project: Path) -> None:
    python(project, "python3", venv="no")
    done = set_up(project)
    assert done.returncode == 1
    assert done.stderr == (
        "make: python3 lacks the venv module; on Debian or Ubuntu, install it with: "
        "sudo apt-get install python3-venv\n"
    )
    assert not (project / ".venv").exists()


def test_another_python_that_has_venv_is_taken(project: Path) -> None:
    python(project, "python3", venv="no")
    python(project, "python3.11")
    assert set_up(project).returncode == 0


def test_nothing_half_made_is_left(project: Path) -> None:
    python(project, "python3", action=BREAKS)
    done = set_up(project)
    assert done.returncode == 1
    assert done.stderr.endswith("make: python3 could not make .venv\n")
    assert not (project / ".venv").exists()


def test_an_interrupted_set_up_goes_on(project: Path) -> None:
    python(project, "python3", action=f'[ "$2" = pip ] && exit 1; {MAKES_VENV}')
    assert set_up(project).returncode == 1
    assert not (project / ".venv" / ".ready").exists()
    python(project, "python3")
    shutil.copy(project / "bin" / "python3", project / ".venv" / "bin" / "python")
    assert set_up(project).returncode == 0
    assert (project / ".venv" / ".ready").exists()


def test_make_lists_its_commands() -> None:
    if not shutil.which("make"):
        pytest.skip("make is not installed")
    environment = {**os.environ, "MAKEFLAGS": ""}
    done = subprocess.run(
        ["make", "help"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    for command in ("book", "test", "test-notebooks", "execute", "serve", "lint", "seeds", "colab"):
        assert f"make {command} " in done.stdout

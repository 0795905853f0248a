"""requirements.lock is whole: versions that fit, hashes for all, and no address of a registry."""

from __future__ import annotations

import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.project import ROOT, tomllib

LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
BLOCKS = re.split(r"\n(?=\S)", LOCK.strip())
PYTHONS = ("3.10", "3.11", "3.12", "3.13")


def wanted() -> list[str]:
    project = SETTINGS["project"]
    extras = project["optional-dependencies"].values()
    return [
        *project["dependencies"],
        *(line for extra in extras for line in extra),
        *SETTINGS["dependency-groups"]["build"],
    ]


def locked(python: str) -> dict[str, Requirement]:
    """What the lock installs on one version of Python, on Linux."""
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.5",
        "sys_platform": "linux",
        "os_name": "posix",
        "platform_python_implementation": "CPython",
    }
    found = {}
    for block in BLOCKS:
        requirement = Requirement(block.partition("\\")[0].strip())
        if requirement.marker is None or requirement.marker.evaluate(environment):
            name = canonicalize_name(requirement.name)
            assert name not in found, f"{name} is locked twice for Python {python}"
            found[name] = requirement
    return found


@pytest.mark.parametrize("python", PYTHONS)
def test_every_dependency_has_a_version_within_its_range(python: str) -> None:
    found = locked(python)
    for requirement in map(Requirement, wanted()):
        if requirement.marker is None or requirement.marker.evaluate({"python_version": python}):
            [pin] = found[canonicalize_name(requirement.name)].specifier
            assert pin.operator == "=="
            assert requirement.specifier.contains(pin.version), requirement


def test_one_version_for_all_pythons() -> None:
    names = [canonicalize_name(Requirement(block.partition("\\")[0]).name) for block in BLOCKS]
    twice = {name for name in names if names.count(name) > 1}
    assert twice <= {"ml-dtypes"}  # one for Python 3.14, which TensorFlow does not support


def test_everything_has_hashes() -> None:
    without = [block for block in BLOCKS if not re.search(r"--hash=sha256:[0-9a-f]{64}", block)]
    assert without == []


def test_no_address() -> None:
    lines = [line for line in LOCK.splitlines() if not line.lstrip().startswith("--hash=")]
    names = "\n".join(lines)
    for forbidden in ("://", "file:", "index", "find-links", "/"):
        assert forbidden not in names

"""What runs on GitHub is pinned, and has no more rights than it needs."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.project import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def jobs(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit_and_say_their_version(path: Path) -> None:
    uses = re.findall(r"uses: (.+)", path.read_text(encoding="utf-8"))
    assert uses
    for line in uses:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)


def test_rights() -> None:
    rights = {
        (path.name, name): job.get("permissions", yaml.safe_load(path.read_text())["permissions"])
        for path in WORKFLOWS
        for name, job in jobs(path).items()
    }
    assert rights == {
        ("test.yml", "test"): {"contents": "read"},
        ("publish.yml", "build"): {"contents": "read"},
        ("publish.yml", "deploy"): {"pages": "write", "id-token": "write"},
    }


def test_every_python_is_tested() -> None:
    [job] = jobs(ROOT / ".github" / "workflows" / "test.yml").values()
    assert job["strategy"]["matrix"]["python"] == ["3.10", "3.11", "3.12", "3.13"]


def test_a_fork_publishes_under_its_own_address() -> None:
    steps = [
        step.get("run") for step in jobs(ROOT / ".github/workflows/publish.yml")["build"]["steps"]
    ]
    assert steps.index('make set-repository "REPO=$GITHUB_REPOSITORY"') < steps.index("make book")


def test_the_checks_entry_point_runs() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_pre_commit_needs_no_network() -> None:
    settings = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert {source["repo"] for source in settings["repos"]} == {"local"}

"""`make test` runs again where something changed, and only there."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tools import run_tests
from tools.run_tests import main, state


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("drawlib/a.py", ".ci/run", ".venv/.ready", ".git/HEAD", "_build/x.html"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", ["drawlib/a.py", ".ci/run", ".venv/.ready", "new.md"])
def test_what_changes_the_state(name: str, project: Path) -> None:
    before = state(project)
    (project / name).write_text("changed", encoding="utf-8")
    assert state(project) != before


@pytest.mark.parametrize("name", [".git/HEAD", "_build/x.html", ".venv/lib.py"])
def test_what_does_not(name: str, project: Path) -> None:
    before = state(project)
    (project / name).write_text("changed", encoding="utf-8")
    assert state(project) == before


def test_the_data_folder_changes_it(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRAWLIB_DATA", "one")
    before = state(project)
    monkeypatch.setenv("DRAWLIB_DATA", "two")
    assert state(project) != before


def test_when_pytest_runs(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs: list[list[str]] = []
    status = 1

    def pytest_stands_still(
        command: list[str], *, cwd: Path, check: bool
    ) -> subprocess.CompletedProcess[str]:
        runs.append(command)
        return subprocess.CompletedProcess(command, status)

    monkeypatch.setattr(run_tests.subprocess, "run", pytest_stands_still)
    assert main([], project) == 1
    assert main([], project) == 1, "a failed run must be repeated"
    status = 0
    assert main([], project) == 0
    assert runs[-1][-2:] == ["pytest", "--nbval"]
    assert main([], project) == 0
    assert len(runs) == 3
    assert "nothing has changed since" in capsys.readouterr().out
    assert main(["--again"], project) == 0
    (project / "drawlib" / "a.py").write_text("changed", encoding="utf-8")
    assert main([], project) == 0
    assert len(runs) == 5

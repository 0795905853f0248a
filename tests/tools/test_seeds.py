"""`make seeds` says in how many runs each claim holds, and whether a run broke off."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tools import seed_runs, seeds
from tools.seed_runs import SeedRun, fingerprint, measure, measure_once
from tools.seeds import main, report, store, summarise
from tools.sweep_results import read_results

CELLS = [
    "import os\nfrom drawlib.claims import claim\nseed = int(os.environ['DRAWLIB_SEED'])",
    'claim("always", seed / 10, at_most=1)',
    'claim("not with seed 2", seed, at_most=1)',
    'claim("after the failure", "yes", equals="yes")',
    'print(os.environ["TF_NUM_INTRAOP_THREADS"])',
]


def project(root: Path, *cells: str) -> Path:
    path = root / "notebooks" / "gan" / "small.ipynb"
    path.parent.mkdir(parents=True)
    (root / "book").mkdir()
    notebook = new_notebook()
    notebook.cells = [new_code_cell(text, id=f"cell-{k}") for k, text in enumerate(cells)]
    nbformat.write(notebook, path)
    return path


def test_three_seeds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = project(tmp_path, *CELLS)
    before = path.read_bytes()
    assert main(["--seeds", "3"], tmp_path) == 1
    claims = json.loads((tmp_path / "book" / "claims.json").read_text(encoding="utf-8"))
    assert claims == {
        "notebooks/gan/small.ipynb": [
            {
                "sentence": "always", "bound": "at most 1", "held": 3, "of": 3,
                "low": 0.0, "median": 0.1, "high": 0.2, "failed": [],
            },
            {
                "sentence": "not with seed 2", "bound": "at most 1", "held": 2, "of": 3,
                "low": 0.0, "median": 1.0, "high": 2.0, "failed": [2],
            },
            {
                "sentence": "after the failure", "bound": "equals yes", "held": 3, "of": 3,
                "low": None, "median": None, "high": None, "failed": [],
            },
        ]
    }  # fmt: skip
    said = capsys.readouterr().out
    assert "[  3/3]" in said
    assert "held in 2 of 3 seeds; lowest … median … highest: 0.0 … 1.0 … 2.0; not with [2]" in said
    assert path.read_bytes() == before


def test_a_run_that_breaks_off(tmp_path: Path) -> None:
    run = measure(project(tmp_path, CELLS[0], "1 / (1 - seed)", CELLS[1]), 1, tmp_path)
    assert run.crash == "cell-1: ZeroDivisionError: division by zero"
    assert [claim["sentence"] for claim in run.claims] == ["always"]


def test_a_run_that_broke_off_fails_the_sweep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project(tmp_path, CELLS[0])
    runs = [SeedRun("c", 0, [], "the kernel died", 1.0)]
    monkeypatch.setattr(seeds, "measure_all", lambda *_: runs)
    assert main([], tmp_path) == 1
    assert "✗ c broke off under seed 0: the kernel died" in capsys.readouterr().err


def test_a_claim_that_a_run_never_reached_did_not_hold() -> None:
    held = {"sentence": "s", "measured": 0.12345, "bound": "at most 1", "held": True}
    runs = [SeedRun("c", 0, [held], "", 1.0), SeedRun("c", 1, [], "the kernel died", 1.0)]
    [claim] = summarise(runs)["c"]
    assert (claim["held"], claim["of"], claim["failed"]) == (1, 2, [1])
    assert claim["median"] == 0.1235
    assert "✗ s (at most 1)" in report({"c": [claim]})


def test_a_sentence_that_comes_twice() -> None:
    first = {"sentence": "s", "measured": 1, "bound": "at most 1", "held": True}
    second = {"sentence": "s", "measured": 2, "bound": "at most 1", "held": False}
    claims = summarise([SeedRun("c", 0, [first, second], "", 1.0)])["c"]
    assert [claim["held"] for claim in claims] == [1, 0]


def test_a_quick_look_does_not_replace_a_sweep(tmp_path: Path) -> None:
    target = tmp_path / "claims.json"
    claim = {"sentence": "s", "bound": "at most 1", "failed": [], "low": 0, "median": 0, "high": 1}
    many, few = ({**claim, "held": seeds, "of": seeds} for seeds in (20, 3))
    store({"a": [many], "b": [few]}, target)
    store({"a": [few], "b": [many]}, target)
    assert read_results(target) == {"a": [many], "b": [many]}
    assert [file.name for file in tmp_path.iterdir()] == ["claims.json"]


def test_seeds_are_at_least_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--seeds", "0"], tmp_path)
    assert "expected SEEDS to be at least 1; received 0" in capsys.readouterr().err


def test_a_stopped_sweep_repeats_nothing_that_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = project(tmp_path, CELLS[0])
    measured = []

    def measure_fast(path: Path, seed: int, root: Path) -> SeedRun:
        measured.append(seed)
        return SeedRun("c", seed, [{"held": True}], "died" if seed == 2 else "", 1.5)

    monkeypatch.setattr(seed_runs, "measure", measure_fast)
    first = [measure_once(path, seed, tmp_path) for seed in range(3)]
    again = [measure_once(path, seed, tmp_path) for seed in range(3)]
    assert first == again
    assert measured == [0, 1, 2, 2]  # what broke off is run again
    [kept, _] = sorted((tmp_path / "_build" / "seeds").iterdir())
    kept.write_text("{cut short")
    assert measure_once(path, 0, tmp_path) == first[0]
    assert measured == [0, 1, 2, 2, 0]


def test_a_fingerprint_tells_what_claims_depend_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = project(tmp_path, *CELLS)
    module = tmp_path / "drawlib" / "gan.py"
    module.parent.mkdir()
    module.write_text("rate = 1")
    monkeypatch.setattr(seed_runs, "digits_source", lambda: "MNIST (given path)")
    seen = [fingerprint(path, tmp_path)]
    monkeypatch.setattr(seed_runs, "digits_source", lambda: "MNIST (Keras cache)")
    assert fingerprint(path, tmp_path) == seen[0]
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].outputs = []
    notebook.cells[0].execution_count = 7
    nbformat.write(notebook, path)
    assert fingerprint(path, tmp_path) == seen[0]

    module.write_text("rate = 2")
    seen.append(fingerprint(path, tmp_path))
    monkeypatch.setattr(seed_runs, "digits_source", lambda: "bundled")
    seen.append(fingerprint(path, tmp_path))
    notebook.cells[1].source += "\n"
    nbformat.write(notebook, path)
    seen.append(fingerprint(path, tmp_path))
    monkeypatch.setattr(seed_runs.importlib.metadata, "version", lambda name: "99")
    seen.append(fingerprint(path, tmp_path))
    assert len(set(seen)) == 5

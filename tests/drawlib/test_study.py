"""A study goes on where it was stopped, and its results say where they come from."""

import dataclasses
import json
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

from drawlib import study
from drawlib.__main__ import main
from drawlib.checkpoints import CheckpointError, read_checkpoint, write_checkpoint
from drawlib.exploration import MEASURES, Exploration, ExplorationConfig
from drawlib.explorers import EXPLORERS
from drawlib.study import StudyError, load_study, run_study, units_of

TINY = ExplorationConfig(
    world="pendulum", explorer="uniform", budget=60, robots=4, horizon=5, updates=3,
    hidden=(8,), batch_size=16, points=60,
)  # fmt: skip
BOTH = [TINY, dataclasses.replace(TINY, explorer="oracle")]


@pytest.fixture
def blocks_of_two(monkeypatch):
    monkeypatch.setattr(study, "BLOCK", 2)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A study of three seeds, run once for all tests."""
    out = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study, "BLOCK", 2)
        run_study(out, BOTH, seeds=3, command="python -m drawlib study …")
    return out


@pytest.fixture
def done(tmp_path, made, blocks_of_two):
    """A copy of that study, to spoil."""
    shutil.copytree(made, tmp_path / "study")
    return tmp_path / "study" / study.RESULTS


def test_units_cover_all_seeds_of_all(blocks_of_two):
    units = units_of(BOTH, 5)
    assert [unit.seeds for unit in units] == [(0, 1), (0, 1), (2, 3), (2, 3), (4,), (4,)]
    assert len({unit.name for unit in units}) == 6


def test_results_come_back_with_their_card(done):
    results, card = load_study(done)
    assert set(results) == {("pendulum", "uniform"), ("pendulum", "oracle")}
    result = results["pendulum", "oracle"]
    assert result.config == BOTH[1]
    assert {name: error.shape for name, error in result.errors.items()} == dict.fromkeys(
        MEASURES, (3, 3)
    )
    assert result.visits.shape == (4, 16, 16)
    assert result.visits.sum() == 3 * 60
    assert result.error_map.shape == (16, 16)
    assert card["seeds"] == [0, 1, 2]
    assert card["command"] == "python -m drawlib study …"
    assert set(card["versions"]) == {"python", "tensorflow", "keras", "numpy"}
    assert str(done) not in json.dumps(card)


@pytest.fixture
def at_work(tmp_path, blocks_of_two, monkeypatch):
    """A study in the arena whose models are put to work, by a stub that counts."""
    worked = []

    def stub(world, predict, seeds, *, careful, robots=4):
        worked.append((tuple(seeds), careful))
        changed = predict(np.zeros((1, 4)), np.zeros((1, 2)))
        assert changed.shape == (len(seeds), 1, 4)
        return np.array([[not careful, seed > 0] for seed in seeds])

    monkeypatch.setattr(study, "success", stub)
    monkeypatch.setattr(study, "MODELS_AT", (20, 60))
    config = dataclasses.replace(TINY, world="arena")
    return lambda **options: run_study(tmp_path / "work", [config], seeds=3, **options), worked


def test_models_are_put_to_work(at_work):
    run, worked = at_work
    result = load_study(run())[0]["arena", "uniform"]
    assert result.planned_at.tolist() == [20, 60]
    np.testing.assert_array_equal(result.arrived, [[0.5, 1, 1]] * 2)
    np.testing.assert_array_equal(result.arrived_untouched, [[0, 0.5, 0.5]] * 2)
    assert worked == [((0, 1), False), ((0, 1), True)] * 2 + [((2,), False), ((2,), True)] * 2


def test_work_goes_on_where_it_was_stopped(at_work):
    run, worked = at_work
    folder = run().parent / "units"
    assert len(list(folder.iterdir())) == 4
    (folder / "arena.uniform.002-002.plans.npz").unlink()
    worked.clear()
    run()
    assert worked == [((2,), False), ((2,), True)] * 2


def test_who_does_not_want_plans_gets_none(at_work):
    run, worked = at_work
    assert load_study(run(plan=False))[0]["arena", "uniform"].arrived.shape == (0, 3)
    assert worked == []


def test_in_other_worlds_nobody_plans(done):
    result = load_study(done)[0]["pendulum", "uniform"]
    assert result.planned_at.shape == (0,)
    assert result.arrived.shape == result.arrived_untouched.shape == (0, 3)


def test_a_block_gives_what_the_whole_would(done, tmp_path, monkeypatch):
    monkeypatch.setattr(study, "BLOCK", 3)
    other, _ = load_study(run_study(tmp_path / "other", BOTH, seeds=3))
    for key, result in load_study(done)[0].items():
        for measure in MEASURES:
            np.testing.assert_allclose(
                result.errors[measure], other[key].errors[measure], atol=1e-3
            )


def test_what_is_done_is_not_done_again(done, monkeypatch):
    before = {file: file.read_bytes() for file in done.parent.rglob("*.npz")}
    monkeypatch.setattr(study, "explore", None)
    run_study(done.parent, BOTH, seeds=3, command="python -m drawlib study …")
    assert {file: file.read_bytes() for file in done.parent.rglob("*.npz")} == before


def test_more_seeds_are_added(done):
    rounds = []
    run_study(done.parent, BOTH, seeds=4, report=lambda *line: rounds.append(line[:2]))
    assert rounds[0][1] == 4 * 3  # of the two units that had one seed, both are new
    assert load_study(done)[1]["seeds"] == [0, 1, 2, 3]


KILLED = """
import os, signal, sys, threading, time
from pathlib import Path
from drawlib.chapter import import_tensorflow_quietly
import_tensorflow_quietly()
from drawlib import study
from tests.drawlib.test_study import BOTH
study.BLOCK = 1
explore = study.explore
def noted(config, seeds, **options):
    global units
    print("begun", config.explorer, *seeds, flush=True)
    units -= 1
    if units == 0:
        threading.Timer(wait, os.kill, (os.getpid(), signal.SIGKILL)).start()
    return explore(config, seeds, **options)
study.explore = noted
for line in sys.stdin:  # for each, a process of its own; TensorFlow is imported but once
    units, wait = int(line.split()[0]), float(line.split()[1])
    child = os.fork()
    if not child:
        study.run_study(Path(sys.argv[1]), BOTH, seeds=3)
        if units <= 0:
            time.sleep(600)  # the kill is still to come
        os._exit(0)
    print("ended", os.waitpid(child, 0)[1], flush=True)
"""


def test_killed_half_way_it_loses_one_unit_at_most(tmp_path, made):
    """`kill -9`, at random moments of its first and of a later unit."""
    rng = np.random.default_rng(0)
    command = [sys.executable, "-c", KILLED, tmp_path / "killed"]
    asked = "".join(f"{units} {rng.uniform(0, 0.2)}\n" for units in (1, 3, 99))
    run = subprocess.run(command, input=asked, check=True, capture_output=True, text=True)
    lines = run.stdout.splitlines()
    ended = [line for line in lines if line.startswith("ended")]
    assert ended == [f"ended {int(signal.SIGKILL)}"] * 2 + ["ended 0"]
    begun = [line for line in lines if line.startswith("begun")]
    assert len(set(begun)) == 6
    assert len(begun) <= 6 + 2  # each kill has cost one unit, and no more
    (arrays, _), (others, _) = (
        read_checkpoint(file)
        for file in (made / study.RESULTS, tmp_path / "killed" / study.RESULTS)
    )
    assert arrays.keys() == others.keys()
    for name, array in arrays.items():  # rounding hangs on the blocks, and on oneDNN
        np.testing.assert_allclose(array, others[name], atol=1e-3)


@pytest.mark.parametrize("name", study.SHIPPED)
def test_the_package_holds_twenty_seeds(name):
    results, card = load_study(name)
    assert card["seeds"] == list(range(20))
    assert card["command"].startswith("python -m drawlib study exploration --seeds 20 ")
    assert set(card["versions"]) == {"python", "tensorflow", "keras", "numpy"}
    who = {("arena", explorer) for explorer in ("uniform", "random-networks", "adversary")}
    if name == "exploration":
        who = {(world, explorer) for world in study.BUDGETS for explorer in EXPLORERS}
        assert results["arena", "oracle"].planned_at.tolist() == list(study.MODELS_AT)
    assert set(results) == who
    for (world, _), result in results.items():
        assert result.config.budget == study.BUDGETS[world]
        assert result.visits.sum() == 20 * result.config.budget
        assert all(np.isfinite(error).all() for error in result.errors.values())


def test_units_of_another_study_are_not_mixed_in(done, monkeypatch):
    other = dataclasses.replace(TINY, updates=4)
    with pytest.raises(StudyError, match=r"expected the config of .*'updates': 4.* 'updates': 3"):
        run_study(done.parent, [other], seeds=3)
    monkeypatch.setattr(study, "versions", lambda: {"numpy": "9"})
    with pytest.raises(StudyError, match=r"expected the versions of .* to be {'numpy': '9'}"):
        run_study(done.parent, BOTH, seeds=3)


def test_a_damaged_unit_is_named_and_kept(done):
    unit = next((done.parent / "units").iterdir())
    cut = unit.read_bytes()[:-200]
    unit.write_bytes(cut)
    with pytest.raises(CheckpointError, match=f"{unit.name}.* damaged"):
        run_study(done.parent, BOTH, seeds=3)
    assert unit.read_bytes() == cut


def test_results_cut_short_or_of_another_version_are_refused(done, tmp_path, monkeypatch):
    with pytest.raises(CheckpointError, match="there is no file"):
        load_study(tmp_path / "nowhere.npz")
    whole = done.read_bytes()
    for part in (whole[: len(whole) // 2], whole[:-1], b""):
        done.write_bytes(part)
        with pytest.raises(CheckpointError, match="damaged"):
            load_study(done)
    done.write_bytes(whole)
    arrays, card = read_checkpoint(done)
    for lost in ("pendulum.oracle.met", "pendulum.uniform.errors.p95"):
        some = {name: array for name, array in arrays.items() if name != lost}
        write_checkpoint(done, some, card)
        with pytest.raises(CheckpointError, match=f"expected a whole study; .* lacks .*{lost}"):
            load_study(done)
    fewer = {**arrays, "pendulum.oracle.met": arrays["pendulum.oracle.met"][:, :2]}
    write_checkpoint(done, fewer, card)
    with pytest.raises(CheckpointError, match=r"lacks pendulum.oracle.met of shape \(3, 3\)"):
        load_study(done)
    write_checkpoint(done, arrays, {"model": "draw"})
    with pytest.raises(StudyError, match="to hold the study 'exploration'; received none"):
        load_study(done)
    write_checkpoint(done, arrays, card)
    monkeypatch.setattr(study, "VERSION", 2)
    with pytest.raises(StudyError, match=r"of version 2 of the study; received version 1, made by"):
        load_study(done)


def test_bad_arguments_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"expected seeds to be .* at least 1; received 0"):
        run_study(tmp_path, BOTH, seeds=0)
    for configs in ([], [TINY, TINY]):
        with pytest.raises(ValueError, match="expected configs to be at least one"):
            run_study(tmp_path, configs, seeds=1)
    assert list(tmp_path.iterdir()) == []


def test_on_the_command_line(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(study, "explore", stub)
    typed = ["study", "exploration", "--out", str(tmp_path), "--seeds", "2", "--budget", "1000"]
    typed += ["--updates", "7", "--no-plans"]
    assert main([*typed, "--worlds", "arena", "--explorers", "uniform", "adversary"]) == 0
    said = capsys.readouterr().out
    assert "█ round 4 of 4 · 0 min left" in said
    results, card = load_study(tmp_path / study.RESULTS)
    assert set(results) == {("arena", "uniform"), ("arena", "adversary")}
    assert results["arena", "adversary"].config.updates == 7
    assert results["arena", "adversary"].planned_at.size == 0
    assert card["command"].startswith("python -m drawlib study exploration --out ")
    assert main([*typed, "--worlds", "mars"]) == 1
    assert "expected world to be one of 'pendulum', 'arena'" in capsys.readouterr().err
    assert main(["study", "exploration", "--out", str(tmp_path), "--budget", "0"]) == 1
    assert "expected budget to be a whole number, at least 1; received 0" in capsys.readouterr().err


def stub(config, seeds, *, keep, report):
    """Stands in for `explore`, which takes minutes at the size of the command line."""
    for number in range(config.rounds):
        report(number + 1)
    curve = np.ones((config.rounds, len(seeds)))
    cells = np.ones((*curve.shape, 16, 16))
    return Exploration(dict.fromkeys(MEASURES, curve), curve, cells, cells, None, {}, None)

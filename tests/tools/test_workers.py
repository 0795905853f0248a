"""A sweep on a real cluster of two processes, one of which is killed in the middle."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from distributed import LocalCluster

from tests.tools.test_seeds import project
from tools import workers
from tools.seeds import main, measure_all

CELL = """
import os, time
from pathlib import Path
from drawlib.claims import claim
seed = os.environ["DRAWLIB_SEED"]
Path(f"begun-{seed}-{os.getpid()}").touch()
time.sleep(1.5)
claim("held", int(seed), at_most=9)
"""
SEEDS = 4


def test_every_run_comes_once_though_a_worker_is_killed(tmp_path: Path) -> None:
    path = project(tmp_path, CELL)
    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(host="127.0.0.1", processes=True, **settings) as cluster:
        killed = []

        def kill_one() -> None:
            end = time.monotonic() + 120
            while len(list(path.parent.glob("begun-*"))) < 2 and time.monotonic() < end:
                time.sleep(0.05)
            nanny = next(iter(cluster.workers.values()))
            killed.append(nanny.process.pid)
            os.kill(nanny.process.pid, signal.SIGKILL)

        killer = threading.Thread(target=kill_one)
        killer.start()
        runs = measure_all([path], SEEDS, tmp_path, cluster.scheduler_address)
        killer.join()
    assert len(killed) == 1
    assert [run.seed for run in runs] == list(range(SEEDS))
    assert [run.crash for run in runs] == [""] * SEEDS
    assert [[claim["measured"] for claim in run.claims] for run in runs] == [
        [seed] for seed in range(SEEDS)
    ]
    begun = [name.name.split("-")[1] for name in path.parent.glob("begun-*")]
    assert sorted(set(begun)) == [str(seed) for seed in range(SEEDS)]
    assert len(begun) > SEEDS  # what the killed one had begun was begun again


def test_a_scheduler_that_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project(tmp_path, CELL)
    monkeypatch.setattr(workers, "PATIENCE_S", 1)
    with pytest.raises(SystemExit):
        main(["--scheduler", "tcp://127.0.0.1:9"], tmp_path)
    assert "no scheduler answers at 'tcp://127.0.0.1:9'" in capsys.readouterr().err

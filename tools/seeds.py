"""Measure every claim under many seeds: ``make seeds [CHAPTER=…] [SEEDS=20] [SCHEDULER=…]``.

Each run of a chapter is a process of its own, as many at once as there are cores, with one
TensorFlow thread each; or as many as the workers of a Dask cluster take. Nothing is written to
the notebooks. Stopped and called again, it goes on where it was. What was measured goes to
``book/claims.json``, from which the book's page of claims is made.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterable
from concurrent.futures import as_completed
from pathlib import Path
from typing import Any

from tools.project import ROOT, choose_chapters
from tools.seed_runs import SeedRun, measure_once
from tools.sweep_results import Results, read_results, write_results
from tools.workers import open_workers


def measure_all(
    paths: list[Path], seeds: int, root: Path = ROOT, scheduler: str = ""
) -> list[SeedRun]:
    """Run chapters under the seeds 0 to `seeds` − 1, in parallel, and print each run.

    Args:
        paths: The notebooks.
        seeds: How many seeds.
        root: The project's folder.
        scheduler: The address of a Dask scheduler; empty for the cores of this machine.

    Returns:
        The runs, by chapter and seed.

    Raises:
        OSError: If the scheduler does not answer.
    """
    jobs = [(path, seed) for path in paths for seed in range(seeds)]
    runs, begun = [], time.monotonic()
    with open_workers(scheduler) as pool:
        futures = [pool.submit(measure_once, path, seed, root) for path, seed in jobs]
        for done, future in enumerate(as_completed(futures), start=1):
            run = future.result()
            held = sum(claim["held"] for claim in run.claims)
            left = (time.monotonic() - begun) / done * (len(jobs) - done) / 60
            print(
                f"[{done:3d}/{len(jobs)}] {run.chapter} seed {run.seed}: {held} of "
                f"{len(run.claims)} claims held, {run.seconds:.0f} s; {left:.0f} min left"
                + (f"  ✗ {run.crash}" if run.crash else ""),
                flush=True,
            )
            runs.append(run)
    return sorted(runs, key=lambda run: (run.chapter, run.seed))


def summarise(runs: Iterable[SeedRun]) -> Results:
    """Gather the claims of many runs.

    Args:
        runs: The runs, each chapter under the same seeds.

    Returns:
        For each chapter its claims, as `read_results` has them. ``failed`` are the seeds
        where the claim did not hold, or was never reached.
    """
    chapters: dict[str, list[SeedRun]] = {}
    for run in runs:
        chapters.setdefault(run.chapter, []).append(run)
    return {chapter: _claims(group) for chapter, group in chapters.items()}


def _claims(runs: list[SeedRun]) -> list[dict[str, Any]]:
    # A sentence may come twice in a chapter: the first is matched with the first.
    found: dict[tuple[str, int], dict[int, dict[str, Any]]] = {}
    for run in runs:
        times: dict[str, int] = {}
        for claim in run.claims:
            nth = times[claim["sentence"]] = times.get(claim["sentence"], 0) + 1
            found.setdefault((claim["sentence"], nth), {})[run.seed] = claim
    results = []
    for (sentence, _), by_seed in found.items():
        values = [claim["measured"] for claim in by_seed.values()]
        numbers = [v for v in values if isinstance(v, (int, float)) and not isinstance(v, bool)]
        measured = len(numbers) == len(values)
        failed = [
            run.seed for run in runs if run.seed not in by_seed or not by_seed[run.seed]["held"]
        ]
        results.append(
            {
                "sentence": sentence,
                "bound": next(iter(by_seed.values()))["bound"],
                "held": len(runs) - len(failed),
                "of": len(runs),
                "low": _rounded(min(numbers)) if measured else None,
                "median": _rounded(statistics.median(numbers)) if measured else None,
                "high": _rounded(max(numbers)) if measured else None,
                "failed": failed,
            }
        )
    return results


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def report(summary: Results) -> str:
    """Write the summary as lines of text."""
    lines = []
    for chapter, claims in summary.items():
        lines.append(f"\n{chapter}")
        for claim in claims:
            mark = "✗" if claim["failed"] else "✓"
            lines.append(f"{mark} {claim['sentence']} ({claim['bound']})")
            span = f"{claim['low']} … {claim['median']} … {claim['high']}"
            text = f"    held in {claim['held']} of {claim['of']} seeds"
            text += f"; lowest … median … highest: {span}" if claim["low"] is not None else ""
            text += f"; not with {claim['failed']}" if claim["failed"] else ""
            lines.append(text)
    return "\n".join(lines)


def store(summary: Results, target: Path) -> None:
    """Put the summary's chapters into the file, and leave other chapters as they are.

    What was measured under more seeds is kept: a quick look does not replace a sweep.
    """
    known = read_results(target)
    for chapter, claims in summary.items():
        seeds, before = (
            max((c["of"] for c in x), default=0) for x in (claims, known.get(chapter, []))
        )
        if seeds >= before:
            known[chapter] = claims
        else:
            print(f"{target.name} keeps what {before} seeds gave for {chapter}")
    write_results(known, target)


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Run the command.

    Returns:
        0 if every claim held under every seed and no run broke off, 1 otherwise.
    """
    parser = argparse.ArgumentParser(prog="make seeds", description=__doc__)
    parser.add_argument("chapter", nargs="?", default="", help="a notebook; without one, all")
    parser.add_argument("--seeds", type=int, default=20, help="how many: 0 to SEEDS - 1")
    parser.add_argument("--scheduler", default="", help="of a Dask cluster; else this machine")
    options = parser.parse_args(arguments)
    if options.seeds < 1:
        parser.error(f"expected SEEDS to be at least 1; received {options.seeds}")
    paths = choose_chapters(options.chapter, root)
    try:
        runs = measure_all(paths, options.seeds, root, options.scheduler)
    except OSError as error:
        parser.error(f"no scheduler answers at {options.scheduler!r}: {error}")
    summary = summarise(runs)
    print(report(summary))
    store(summary, root / "book" / "claims.json")
    broken = [run for run in runs if run.crash]
    for run in broken:
        print(f"✗ {run.chapter} broke off under seed {run.seed}: {run.crash}", file=sys.stderr)
    failed = any(claim["failed"] for claims in summary.values() for claim in claims)
    return 1 if failed or broken else 0


if __name__ == "__main__":
    sys.exit(main())

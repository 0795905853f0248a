"""Measure every claim under many seeds: ``make seeds [CHAPTER=…] [SEEDS=20]``.

Each run of a chapter is a process of its own, as many at once as there are cores, with one
TensorFlow thread each. Nothing is written to the notebooks. What was measured goes to
``book/claims.json``, from which the book's page of claims is made.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.execute import ChapterError, read_notebook, run_notebook
from tools.kernels import clean_environment
from tools.project import ROOT, choose_chapters, label

_ONE_THREAD = {
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


@dataclass(frozen=True)
class SeedRun:
    """One run of one chapter under one seed.

    Attributes:
        chapter: The notebook's path from the project's folder.
        seed: The seed.
        claims: The claims' records, in the order in which they were measured.
        crash: Why the chapter did not run to its end, claims that failed aside; or empty.
        seconds: How long it took.
    """

    chapter: str
    seed: int
    claims: list[dict[str, Any]]
    crash: str
    seconds: float


def measure(path: Path, seed: int, root: Path = ROOT) -> SeedRun:
    """Run a chapter under a seed; a claim that fails does not stop it.

    Args:
        path: The notebook.
        seed: The seed.
        root: The project's folder.
    """
    chapter, crash = label(path, root), ""
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="drawlib-seeds-") as folder:
        records = Path(folder, "claims.jsonl")
        settings = {
            "DRAWLIB_SEED": str(seed),
            "DRAWLIB_CLAIMS": str(records),
            "DRAWLIB_CHAPTER": chapter,
            **_ONE_THREAD,
        }
        try:
            notebook = read_notebook(path, root)
            with clean_environment(**settings):
                run_notebook(notebook, path, allow_errors=True, show_progress=False, root=root)
        except ChapterError as error:
            crash = str(error)
        else:
            errors = [
                f"{cell.id}: {output.ename}: {output.evalue}"
                for cell in notebook.cells
                for output in cell.get("outputs", [])
                if output.output_type == "error" and output.ename != "ClaimError"
            ]
            crash = "; ".join(errors)
        lines = records.read_text(encoding="utf-8").splitlines() if records.exists() else []
    claims = [json.loads(line) for line in lines]
    return SeedRun(chapter, seed, claims, crash, time.perf_counter() - begun)


def measure_all(paths: list[Path], seeds: int, root: Path = ROOT) -> list[SeedRun]:
    """Run chapters under the seeds 0 to `seeds` − 1, in parallel, and print each run.

    Args:
        paths: The notebooks.
        seeds: How many seeds.
        root: The project's folder.

    Returns:
        The runs, by chapter and seed.
    """
    jobs = [(path, seed) for path in paths for seed in range(seeds)]
    spawn = multiprocessing.get_context("spawn")
    runs = []
    with ProcessPoolExecutor(os.cpu_count(), mp_context=spawn) as pool:
        futures = [pool.submit(measure, path, seed, root) for path, seed in jobs]
        try:
            for done, future in enumerate(as_completed(futures), start=1):
                run = future.result()
                held = sum(claim["held"] for claim in run.claims)
                print(
                    f"[{done:3d}/{len(jobs)}] {run.chapter} seed {run.seed}: {held} of "
                    f"{len(run.claims)} claims held, {run.seconds:.0f} s"
                    + (f"  ✗ {run.crash}" if run.crash else ""),
                    flush=True,
                )
                runs.append(run)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return sorted(runs, key=lambda run: (run.chapter, run.seed))


def summarise(runs: Iterable[SeedRun]) -> dict[str, list[dict[str, Any]]]:
    """Gather the claims of many runs.

    Args:
        runs: The runs, each chapter under the same seeds.

    Returns:
        For each chapter its claims: ``sentence``, ``bound``, ``held`` and ``of`` (how many
        of the seeds), ``low``, ``median`` and ``high`` of the measured values (None where
        they are no numbers), ``failed`` (the seeds where the claim did not hold, or was
        never reached).
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


def report(summary: dict[str, list[dict[str, Any]]]) -> str:
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


def store(summary: dict[str, list[dict[str, Any]]], target: Path) -> None:
    """Put the summary's chapters into the file, and leave other chapters as they are.

    What was measured under more seeds is kept: a quick look does not replace a sweep.
    """
    known = json.loads(target.read_text(encoding="utf-8")) if target.exists() else {}
    for chapter, claims in summary.items():
        seeds, before = (
            max((c["of"] for c in x), default=0) for x in (claims, known.get(chapter, []))
        )
        if seeds >= before:
            known[chapter] = claims
        else:
            print(f"{target.name} keeps what {before} seeds gave for {chapter}")
    text = json.dumps(known, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    beside = target.with_suffix(".tmp")
    beside.write_text(text, encoding="utf-8")
    beside.replace(target)


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Run the command.

    Returns:
        0 if every claim held under every seed and no run broke off, 1 otherwise.
    """
    parser = argparse.ArgumentParser(prog="make seeds", description=__doc__)
    parser.add_argument("chapter", nargs="?", default="", help="a notebook; without one, all")
    parser.add_argument("--seeds", type=int, default=20, help="how many: 0 to SEEDS - 1")
    options = parser.parse_args(arguments)
    if options.seeds < 1:
        parser.error(f"expected SEEDS to be at least 1; received {options.seeds}")
    runs = measure_all(choose_chapters(options.chapter, root), options.seeds, root)
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

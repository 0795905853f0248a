"""One run of one chapter under one seed: what `make seeds` is made of, and kept until all is done.

A run that came to its end is kept in ``_build/seeds``, under a name made of all that its claims
depend on. A sweep that was stopped goes on where it was; a changed chapter or package begins anew.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drawlib.data import digits_source
from drawlib.files import write_whole
from tools.execute import ChapterError, read_notebook, run_notebook
from tools.kernels import clean_environment
from tools.project import ROOT, label

_ONE_THREAD = {
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
_LIBRARIES = ("tensorflow", "keras", "numpy", "scipy", "scikit-learn", "matplotlib")


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


def measure_once(path: Path, seed: int, root: Path = ROOT) -> SeedRun:
    """Return the run of a chapter under a seed that is kept; without one, `measure` and keep it.

    A run that broke off is not kept: what broke it may be gone the next time.

    Args:
        path: The notebook.
        seed: The seed.
        root: The project's folder.
    """
    file = root / "_build" / "seeds" / f"{path.stem}-{fingerprint(path, root)}-{seed}.json"
    try:
        return SeedRun(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):  # there is none, or it is damaged
        run = measure(path, seed, root)
    if not run.crash:
        write_whole(file, json.dumps(dataclasses.asdict(run), ensure_ascii=False).encode())
    return run


def fingerprint(path: Path, root: Path = ROOT) -> str:
    """Name all that a chapter's claims depend on, the seed and the processor aside.

    Args:
        path: The notebook.
        root: The project's folder.

    Returns:
        16 hexadecimal digits, from the notebook's code, the package's files, the versions of
        the libraries, and whether the digits are MNIST.
    """
    cells = read_notebook(path, root).cells
    parts = [label(path, root), digits_source().partition(" (")[0]]
    parts += [cell.source for cell in cells if cell.cell_type == "code"]
    parts += [f"{name} {importlib.metadata.version(name)}" for name in _LIBRARIES]
    digest = hashlib.sha256("\0".join(parts).encode())
    for file in sorted((root / "drawlib").rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            digest.update(f"\0{label(file, root)}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:16]

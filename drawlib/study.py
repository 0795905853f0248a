"""The study of explorers: every one of them in every world, under many seeds, in parts.

A part, or unit, is one explorer in one world under a block of seeds; in the arena, its models are
then put to work, which is a part of its own. Each is written whole when it is done; a study that
was stopped goes on with the first that is missing.
"""

from __future__ import annotations

import dataclasses
import json
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path

import numpy as np

from drawlib.checkpoints import CheckpointError, read_checkpoint, write_checkpoint
from drawlib.checks import argument_error, check_integer
from drawlib.exploration import (
    CELLS,
    MEASURES,
    PERIODS,
    Exploration,
    ExplorationConfig,
    explore,
    in_periods,
)
from drawlib.planning import success
from drawlib.predictor import Predictor
from drawlib.worlds import make_world

STUDY = "exploration"
VERSION = 1  # to be raised whenever the same configuration would give other numbers
RESULTS = f"{STUDY}.npz"
SHIPPED = ("exploration", "exploration-hasty")
BLOCK = 10  # seeds in a unit
BUDGETS = {"arena": 20_000, "pendulum": 10_000, "arena-noisy": 10_000, "arena-hidden": 10_000}
MODELS_AT = (2_500, 5_000, 10_000, 20_000)  # transitions after which a unit keeps its models
PLANNED_IN = "arena"  # the world in which the models are put to work


class StudyError(ValueError):
    """A study, or a part of one, that is not what it should be; its text says which and why."""


@dataclass(frozen=True)
class Unit:
    """One part of a study.

    Attributes:
        config: Who explores what.
        seeds: Under which seeds.
    """

    config: ExplorationConfig
    seeds: tuple[int, ...]

    @property
    def name(self) -> str:
        """What its file is called."""
        where_and_who = f"{self.config.world}.{self.config.explorer}"
        return f"{where_and_who}.{self.seeds[0]:03d}-{self.seeds[-1]:03d}.npz"

    @property
    def plans_name(self) -> str:
        """What the file is called that says how its models did at work."""
        return self.name.replace(".npz", ".plans.npz")

    @property
    def kept(self) -> list[int]:
        """After how many transitions its models are kept."""
        return [end for end in MODELS_AT if end in self.config.transitions]

    def identity(self) -> dict:
        """Return what must be the same for a stored unit to be this one, as JSON reads it."""
        card = {
            "study": STUDY,
            "version": VERSION,
            "config": dataclasses.asdict(self.config),
            "seeds": list(self.seeds),
            "versions": versions(),
        }
        return json.loads(json.dumps(card))


@dataclass(frozen=True)
class Result:
    """What one explorer reached in one world, under S seeds.

    Attributes:
        config: Who, what, and at which price.
        errors: By measure (mean, p95, worst, sharp), shape (rounds, S), float32.
        met: The share of collisions among the transitions, shape (rounds, S).
        visits: How often each cell was visited, over all seeds, by quarters of the time, shape
            (4, 16, 16).
        error_map: The final error by cell, median over the seeds, shape (16, 16).
        planned_at: After how many transitions the models were put to work, shape (P,).
        arrived: The share of robots that reached the goal, planning with the model as it was
            then (`drawlib.planning.success`), shape (P, S); P is 0 where nobody planned.
        arrived_untouched: The share that did so carefully, and touched nothing, shape (P, S).
    """

    config: ExplorationConfig
    errors: dict[str, np.ndarray]
    met: np.ndarray
    visits: np.ndarray
    error_map: np.ndarray
    planned_at: np.ndarray
    arrived: np.ndarray
    arrived_untouched: np.ndarray


def versions() -> dict[str, str]:
    """Return the versions that a result hangs on."""
    packages = {name: metadata.version(name) for name in ("tensorflow", "keras", "numpy")}
    return {"python": platform.python_version(), **packages}


def units_of(configs: Sequence[ExplorationConfig], seeds: int) -> list[Unit]:
    """Split a study into units.

    Args:
        configs: Who explores what.
        seeds: How many seeds: 0 to seeds − 1.

    Returns:
        The units, in the order in which they are run: so that a study stopped early has all
        explorers under the first block of seeds.

    Raises:
        ValueError: If there is nothing to run, or an explorer comes twice in a world.
    """
    seeds = check_integer("seeds", seeds, at_least=1)
    pairs = [(config.world, config.explorer) for config in configs]
    if not pairs or len(set(pairs)) < len(pairs):
        raise argument_error("configs", "at least one, and each explorer once a world", pairs)
    blocks = [tuple(range(seeds))[begin : begin + BLOCK] for begin in range(0, seeds, BLOCK)]
    return [Unit(config, block) for block in blocks for config in configs]


def run_study(
    out: Path,
    configs: Sequence[ExplorationConfig],
    *,
    seeds: int,
    plan: bool = True,
    command: str = "",
    report: Callable[[int, int, float], object] = lambda done, of, seconds_left: None,
) -> Path:
    """Run a study, or what is missing of it, and gather its results.

    Args:
        out: A folder; the units go to ``units`` in it.
        configs: Who explores what.
        seeds: How many seeds: 0 to seeds − 1.
        plan: Whether the models of the arena are put to work.
        command: What to type to get the same, noted with the results.
        report: Called after each round, and when a model was put to work, with the number of
            rounds done, of how many, and the seconds that the rest will take.

    Returns:
        The file with the results, for `load_study`.

    Raises:
        ValueError: If an argument is out of its range.
        StudyError: If a unit in the folder is of another study, or of other versions.
        CheckpointError: If a unit in the folder is damaged.
        OSError: If the folder cannot be written to.
    """
    units = units_of(configs, seeds)
    folder = out / "units"
    planned = [u for u in units if plan and u.config.world == PLANNED_IN and u.kept]
    missing = [unit for unit in units if not _is_done(folder / unit.name, unit)]
    idle = [unit for unit in planned if not _is_done(folder / unit.plans_name, unit)]
    total = sum(unit.config.rounds for unit in units) + sum(len(unit.kept) for unit in planned)
    to_do = sum(unit.config.rounds for unit in missing) + sum(len(unit.kept) for unit in idle)
    done, before, begun = total - to_do, total - to_do, time.monotonic()

    def count(_: int) -> None:
        nonlocal done
        done += 1
        seconds = (time.monotonic() - begun) / (done - before) * (total - done)
        report(done, total, seconds)

    def write(name: str, unit: Unit, arrays: dict[str, np.ndarray], since: float) -> None:
        card = {**unit.identity(), "seconds": round(time.monotonic() - since, 1)}
        write_checkpoint(folder / name, arrays, card)

    for unit in missing:
        since = time.monotonic()
        found = explore(unit.config, unit.seeds, keep=unit.kept, report=count)
        write(unit.name, unit, _arrays(found), since)
    for unit in idle:
        since = time.monotonic()
        arrays, _ = read_checkpoint(folder / unit.name)
        write(unit.plans_name, unit, _plans(unit, arrays, count), since)
    return _gather(out, units, planned, command)


def _arrays(found: Exploration) -> dict[str, np.ndarray]:
    """Return what a unit keeps: more than the results need, as it cost minutes to find."""
    arrays = {f"errors.{name}": value for name, value in found.errors.items()}
    arrays |= {"met": found.met, "visits_by_round": found.visits_by_round.astype(np.int32)}
    arrays["error_maps"] = found.error_maps.astype(np.float32)
    if found.policy is not None:
        arrays["policy"] = found.policy
    for end, state in found.models.items():
        arrays |= {f"models.{end}.{name}": value for name, value in state.items()}
    return arrays


def _plans(
    unit: Unit, arrays: dict[str, np.ndarray], report: Callable[[int], object]
) -> dict[str, np.ndarray]:
    """Put a unit's models to work: who arrives, shape (models kept, seeds, robots)."""
    world = make_world(unit.config.world)
    predictor = Predictor(world, unit.seeds, hidden=unit.config.hidden)
    arrived: dict[str, list[np.ndarray]] = {"arrived": [], "arrived_untouched": []}
    for end in unit.kept:
        prefix = f"models.{end}."
        predictor.load_state(
            {name.removeprefix(prefix): arrays[name] for name in arrays if name.startswith(prefix)}
        )
        for careful, name in enumerate(arrived):
            arrived[name].append(
                success(world, predictor.predict, unit.seeds, careful=bool(careful))
            )
        report(end)
    return {name: np.array(values) for name, values in arrived.items()}


def _is_done(file: Path, unit: Unit) -> bool:
    """Say whether a unit is there; raise if something else is there in its place."""
    if not file.exists():
        return False
    _check_unit(file, unit, read_checkpoint(file)[1])
    return True


def _check_unit(file: Path, unit: Unit, card: dict) -> None:
    for name, wanted in unit.identity().items():
        if card.get(name) != wanted:
            raise StudyError(
                f"expected the {name} of {str(file)!r} to be {wanted}; received "
                f"{card.get(name)}: begin in another folder, or remove the file"
            )


def _gather(out: Path, units: Sequence[Unit], planned: Sequence[Unit], command: str) -> Path:
    """Write all results into one small file."""
    plans: dict[Unit, dict[str, np.ndarray]] = {}
    groups: dict[str, list[tuple[Unit, dict[str, np.ndarray]]]] = {}
    seconds = 0.0
    for unit in units:
        file = out / "units" / unit.name
        arrays, card = read_checkpoint(file)
        _check_unit(file, unit, card)
        seconds += card["seconds"]
        if unit in planned:
            file = out / "units" / unit.plans_name
            plans[unit], card = read_checkpoint(file)
            _check_unit(file, unit, card)
            seconds += card["seconds"]
        groups.setdefault(_key(unit.config), []).append((unit, arrays))
    gathered: dict[str, np.ndarray] = {}
    for key, parts in groups.items():
        found = {name: [arrays[name] for _, arrays in parts] for name in parts[0][1]}
        for name in (*(f"errors.{measure}" for measure in MEASURES), "met"):
            gathered[f"{key}.{name}"] = np.concatenate(found[name], 1).astype(np.float32)
        visits = np.concatenate(found["visits_by_round"], 1).sum(1)
        gathered[f"{key}.visits"] = in_periods(visits)
        maps = np.concatenate([maps[-1] for maps in found["error_maps"]])
        gathered[f"{key}.error_map"] = np.median(maps, 0).astype(np.float32)
        for name in ("arrived", "arrived_untouched"):
            shares = [
                plans[u][name].mean(-1) if u in plans else np.zeros((0, len(u.seeds)))
                for u, _ in parts
            ]
            gathered[f"{key}.{name}"] = np.concatenate(shares, 1).astype(np.float32)
        ends = parts[0][0].kept if parts[0][0] in plans else []
        gathered[f"{key}.planned_at"] = np.array(ends, np.int64)
    card = {
        "study": STUDY,
        "version": VERSION,
        "command": command,
        "seeds": sorted({seed for unit in units for seed in unit.seeds}),
        "versions": versions(),
        "seconds": round(seconds),
        "configs": {key: dataclasses.asdict(parts[0][0].config) for key, parts in groups.items()},
    }
    write_checkpoint(out / RESULTS, gathered, card)
    return out / RESULTS


def _key(config: ExplorationConfig) -> str:
    return f"{config.world}.{config.explorer}"


def load_study(file: str | Path) -> tuple[dict[tuple[str, str], Result], dict]:
    """Read the results of a study.

    Args:
        file: What `run_study` wrote, or the name of a study that comes with the package: one of
            `SHIPPED`.

    Returns:
        The results by (world, explorer), and the card: ``command``, ``seeds``, ``versions``,
        ``seconds``, ``configs``.

    Raises:
        CheckpointError: If the file is missing, cut short or altered.
        StudyError: If it holds no such study, or one of another version.
    """
    if file in SHIPPED:
        file = Path(str(resources.files("drawlib"))) / "studies" / f"{file}.npz"
    arrays, card = read_checkpoint(file)
    if card.get("study") != STUDY:
        raise StudyError(f"expected {str(file)!r} to hold the study {STUDY!r}; received none")
    if card.get("version") != VERSION:
        raise StudyError(
            f"expected {str(file)!r} to be of version {VERSION} of the study; received version "
            f"{card.get('version')}, made by: {card.get('command')}"
        )
    try:
        return dict(_results(arrays, card)), card
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"expected a whole study; {str(file)!r} lacks {error}") from error


def _results(arrays: dict[str, np.ndarray], card: dict) -> Iterator[tuple[tuple[str, str], Result]]:
    for key, fields in card["configs"].items():
        config = ExplorationConfig(**{**fields, "hidden": tuple(fields["hidden"])})
        planned_at = arrays[f"{key}.planned_at"]
        curves, plans = ((len(x), len(card["seeds"])) for x in (config.transitions, planned_at))
        found = {}
        for name, shape in {
            **{f"errors.{measure}": curves for measure in MEASURES},
            "met": curves,
            "visits": (PERIODS, CELLS, CELLS),
            "error_map": (CELLS, CELLS),
            "arrived": plans,
            "arrived_untouched": plans,
            "planned_at": planned_at.shape,
        }.items():
            found[name] = arrays[f"{key}.{name}"]
            if found[name].shape != shape:
                raise ValueError(f"{key}.{name} of shape {shape}")
        errors = {measure: found.pop(f"errors.{measure}") for measure in MEASURES}
        yield (config.world, config.explorer), Result(config, errors, **found)

"""What `make seeds` measured: ``book/claims.json``, read and checked, or written whole."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from drawlib.files import write_whole

Results = dict[str, list[dict[str, Any]]]


def read_results(file: Path) -> Results:
    """Read what sweeps found.

    Args:
        file: The file; where there is none, nothing was measured yet.

    Returns:
        For each chapter's path its claims: ``sentence``, ``bound``, ``held`` and ``of`` (how
        many of the seeds), ``failed`` (which seeds), and ``low``, ``median`` and ``high`` of
        the measured values (None where they are no numbers).

    Raises:
        ValueError: If the file holds anything else.
    """
    if not file.exists():
        return {}
    wanted = f"expected {file.name} to hold what `make seeds` writes"
    try:
        results = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{wanted}; received a file that is damaged: {error}") from error
    if not isinstance(results, dict):
        raise ValueError(f"{wanted}; received {str(results)[:40]}")
    for chapter, claims in results.items():
        if not isinstance(claims, list):
            raise ValueError(f"{wanted}; received {str(claims)[:40]} for {chapter!r}")
        for claim in claims:
            if not _is_claim(claim):
                raise ValueError(f"{wanted}; received the claim {str(claim)[:200]} for {chapter!r}")
    return results


def _is_claim(claim: Any) -> bool:
    if not isinstance(claim, dict):
        return False
    sentence, bound, held, of, failed = map(
        claim.get, ("sentence", "bound", "held", "of", "failed")
    )
    return (
        isinstance(sentence, str)
        and isinstance(bound, str)
        and type(held) is int
        and type(of) is int
        and 0 <= held <= of
        and isinstance(failed, list)
        and len(failed) == of - held
        and all(type(seed) is int for seed in failed)
        and all(_is_number_or_none(claim.get(name)) for name in ("low", "median", "high"))
    )


def _is_number_or_none(value: Any) -> bool:
    return value is None or (type(value) in (int, float) and math.isfinite(value))


def write_results(results: Results, file: Path) -> None:
    """Write what `read_results` reads."""
    text = json.dumps(results, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    write_whole(file, text.encode())

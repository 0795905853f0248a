"""Small notebooks for the tests of the pages that are made from notebooks."""

from __future__ import annotations

import base64
import copy
import json
from pathlib import Path
from typing import Any

from tools.chapters import Chapter

# One pixel.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
GIF = b"GIF89a, moving"
ERRATUM = """> **Erratum** — The sort that returns nothing.
>
> **Source.** The listing feeds `x.sort()`.
> It says so twice.
>
> **True.** It is `None`; see [the other](two.ipynb) and [there](https://x.org)."""


def code(name: str, *outputs: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": name,
        "metadata": metadata,
        "source": "pass",
        "execution_count": 1,
        "outputs": list(outputs),
    }


def markdown(name: str, source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": source}


def printed(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text.splitlines(keepends=True)}


def shown(**data: str) -> dict[str, Any]:
    kinds = {"png": "image/png", "html": "text/html"}
    data = {kinds[kind]: value for kind, value in data.items()}
    return {"output_type": "display_data", "metadata": {}, "data": data}


FIGURE = shown(png=base64.b64encode(PNG).decode())


def notebook() -> dict[str, Any]:
    return copy.deepcopy(
        {
            "cells": [
                markdown("title", "# One\n\nA promise."),
                code("figure", FIGURE, mystnb={"image": {"alt": "one small pixel"}}),
                markdown("erratum", ERRATUM.replace("[the other](two.ipynb)", "it")),
                code("proof", printed("plain\n✓ it is None: None (equals None)\n")),
                code("claims", printed("✓ W1: of G: 0.031 (at most 0.05)\n")),
            ],
            "metadata": {
                "kernelspec": {
                    "display_name": "Python 3",
                    "language": "python",
                    "name": "python3",
                },
                "language_info": {"name": "python"},
                "draw_book": {"cost": "under a minute", "data": "none", "seconds": 3},
            },
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    )


def chapter(*cells: dict[str, Any]) -> Chapter:
    return Chapter("notebooks/gan/one.ipynb", {"cells": [markdown("title", "# One"), *cells]})


CONTENTS = """
root: book/index
parts:
  - chapters:
      - file: book/reading
      - file: notebooks/two
        sections:
          - file: notebooks/one
"""


def write_project(root: Path) -> None:
    (root / "_toc.yml").write_text(CONTENTS)
    (root / "notebooks").mkdir()
    (root / "notebooks/one.ipynb").write_text(json.dumps(notebook()))
    (root / "notebooks/two.ipynb").write_text(json.dumps(notebook()))

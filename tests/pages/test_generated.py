"""The pages that tools.pages writes, on small notebooks."""

from __future__ import annotations

import base64
import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tools.pages import (
    Chapter,
    api_page,
    claims_page,
    errata_page,
    find_claims,
    find_errata,
    find_picture,
    read_chapters,
    write_pages,
)

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


def test_errata_are_found_with_the_cell_that_shows_them() -> None:
    [erratum] = find_errata(chapter(markdown("e", f"Before.\n\n{ERRATUM}"), code("proof")))
    assert erratum.title == "The sort that returns nothing"
    assert erratum.source == "The listing feeds `x.sort()`.\nIt says so twice."
    assert erratum.true == (
        "It is `None`; see [the other](/notebooks/gan/two.ipynb) and [there](https://x.org)."
    )
    assert erratum.cell_id == "proof"


def test_other_blockquotes_are_no_errata() -> None:
    assert find_errata(chapter(markdown("e", "> A quotation.\n\nText."), code("c"))) == []


@pytest.mark.parametrize(
    "quote", ["> **Erratum** — No parts.", ERRATUM.replace("**True.**", "**Right.**")]
)
def test_an_erratum_in_another_form_is_refused(quote: str) -> None:
    with pytest.raises(
        ValueError, match=r"expected the erratum in notebooks/gan/one\.ipynb, cell e"
    ):
        find_errata(chapter(markdown("e", quote), code("c")))


@pytest.mark.parametrize("following", [[], [markdown("m", "Text.")]])
def test_an_erratum_without_its_cell_is_refused(following: list[dict[str, Any]]) -> None:
    with pytest.raises(ValueError, match="followed by the code cell"):
        find_errata(chapter(markdown("e", ERRATUM), *following))


def test_the_page_of_errata_links_to_the_cell() -> None:
    page = errata_page([chapter(markdown("e", ERRATUM), code("proof"))])
    assert page.startswith("## One\n\n### The sort that returns nothing\n")
    assert "(#one-cell-proof)" in page
    assert errata_page([chapter(code("c"))]) == ""


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("✓ D: at ½: 0.031 (at most 0.05)", ("D: at ½", "0.031", "at most 0.05")),
        ("✓ seeds (of 20): 20 (at least 20)", ("seeds (of 20)", "20", "at least 20")),
        ("✓ both: -3e-07 (between -1 and 1)", ("both", "-3e-07", "between -1 and 1")),
        ("✓ it: None (equals None)", ("it", "None", "equals None")),
        ("✓ shape: (3, 4) (equals (3, 4))", ("shape", "(3, 4)", "equals (3, 4)")),
        ("✓ n: 1,797 (equals 1,797)", ("n", "1,797", "equals 1,797")),
    ],
)
def test_claims_are_read_from_the_stored_output(line: str, parts: tuple[str, str, str]) -> None:
    text = f"before\n{line}\n≈ 3.2 s\n"
    [found] = find_claims(chapter(code("c", printed(text), FIGURE)))
    assert (found.sentence, found.measured, found.bound) == parts
    assert found.cell_id == "c"


def test_claims_as_drawlib_prints_them(capsys: pytest.CaptureFixture[str]) -> None:
    from drawlib import claim

    claim("low: enough", 0.03123, at_most=0.05)
    claim("high enough", 2, at_least=1)
    claim("between", 0.5, between=(0, 1))
    claim("what sort returns", "None", equals="None")
    printed_text = capsys.readouterr().out
    found = find_claims(chapter(code("c", printed(printed_text))))
    assert [claim.bound for claim in found] == [
        "at most 0.05",
        "at least 1",
        "between 0 and 1",
        "equals None",
    ]


def test_a_tick_that_is_no_claim_is_refused() -> None:
    with pytest.raises(ValueError, match="cell c, to print claims"):
        find_claims(chapter(code("c", printed("✓ done\n"))))


def test_the_page_of_claims_counts_the_seeds() -> None:
    one = chapter(code("c", printed("✓ a|b *c*: 0.031 (at most 0.05)\n✓ d: 1 (equals 1)\n")))
    record = {"sentence": "a|b *c*", "bound": "at most 0.05", "held": 19, "of": 20}
    record |= {"low": 0.0211, "median": 0.03, "high": 0.06}
    page = claims_page([one], {one.path: [record]})
    assert (
        r"| [a\|b \*c\*](#one-cell-c) | 0.031 | at most 0.05 | 19 of 20 seeds "
        "| 0.0211 – 0.03 – 0.06 |"
    ) in page
    assert "| [d](#one-cell-c) | 1 | equals 1 | – | – |" in page


def test_a_chapter_that_was_not_swept_has_no_columns_for_it() -> None:
    one = chapter(code("c", printed("✓ a: 0.031 (at most 0.05)\n")))
    assert "| Claim | Measured | Bound |\n| :-- | :-- | :-- |\n" in claims_page([one], {})


def test_a_sweep_of_another_bound_is_not_counted() -> None:
    one = chapter(code("c", printed("✓ a: 0.031 (at most 0.05)\n")))
    record = {"sentence": "a", "bound": "at most 0.1", "held": 20, "of": 20}
    assert "20 of 20" not in claims_page([one], {one.path: [record]})


def test_the_picture_is_the_first_animation_or_else_the_first_figure() -> None:
    still = base64.b64encode(PNG).decode()
    gif = base64.b64encode(GIF).decode()
    markup = f'<picture><img alt="a &amp; b" src="data:image/gif;base64,{gif}"></picture>'
    figure = code("f", FIGURE, mystnb={"image": {"alt": "a figure"}})
    animation = code("a", shown(png=still, html=markup))
    assert find_picture(chapter(figure)) == (None, PNG, "a figure")
    assert find_picture(chapter(figure, animation)) == (GIF, PNG, "a & b")
    with pytest.raises(ValueError, match="to show a picture"):
        find_picture(chapter())


def test_the_api_page_lists_every_public_module(tmp_path: Path) -> None:
    package = tmp_path / "drawlib"
    (package / "papers").mkdir(parents=True)
    for name in ("__init__", "_hidden", "claims", "papers/__init__", "papers/bert"):
        (package / f"{name}.py").touch()
    page = api_page(package)
    assert [line for line in page.splitlines() if line.startswith("##")] == [
        "## `drawlib.claims`",
        "## `drawlib.papers.bert`",
    ]


def write_project(root: Path, contents: str) -> None:
    (root / "_toc.yml").write_text(contents)
    (root / "notebooks").mkdir()
    (root / "notebooks/one.ipynb").write_text(json.dumps(notebook()))
    (root / "notebooks/two.ipynb").write_text(json.dumps(notebook()))


CONTENTS = """
root: book/index
parts:
  - chapters:
      - file: book/reading
      - file: notebooks/two
        sections:
          - file: notebooks/one
"""


def test_the_chapters_come_in_the_books_order(tmp_path: Path) -> None:
    write_project(tmp_path, CONTENTS)
    assert [c.path for c in read_chapters(tmp_path)] == [
        "notebooks/two.ipynb",
        "notebooks/one.ipynb",
    ]


def test_a_missing_chapter_is_named(tmp_path: Path) -> None:
    write_project(tmp_path, CONTENTS)
    (tmp_path / "notebooks/one.ipynb").unlink()
    with pytest.raises(ValueError, match=r"expected notebooks/one\.ipynb to be a notebook"):
        read_chapters(tmp_path)


def test_pages_that_did_not_change_are_not_written_again(tmp_path: Path) -> None:
    write_project(tmp_path, CONTENTS)
    (tmp_path / "drawlib").mkdir()
    write_pages(tmp_path)
    written = {p: p.stat().st_mtime_ns for p in (tmp_path / "book").rglob("*") if p.is_file()}
    assert {p.name for p in written} >= {"errata.md", "claims.md", "api.md", "cover.html"}
    write_pages(tmp_path)
    assert {p: p.stat().st_mtime_ns for p in written} == written

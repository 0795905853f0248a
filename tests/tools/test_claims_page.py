"""The page of claims, on small notebooks."""

from __future__ import annotations

import pytest

from tests.tools.notebooks import FIGURE, chapter, code, printed
from tools.claims_page import claims_page, find_claims


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
        r"| [a\|b \*c\*](#one-cell-c) | 0.031 | at most 0.05 | 19 of 20 "
        "| 0.03 (0.0211 to 0.06) |"
    ) in page
    assert "| [d](#one-cell-c) | 1 | equals 1 | – | – |" in page


def test_a_chapter_that_was_not_swept_has_no_columns_for_it() -> None:
    one = chapter(code("c", printed("✓ a: 0.031 (at most 0.05)\n")))
    assert "| Claim | Measured | Bound |\n| :-- | :-- | :-- |\n" in claims_page([one], {})


def test_a_sweep_of_another_bound_is_not_counted() -> None:
    one = chapter(code("c", printed("✓ a: 0.031 (at most 0.05)\n")))
    record = {"sentence": "a", "bound": "at most 0.1", "held": 20, "of": 20}
    assert "20 of 20" not in claims_page([one], {one.path: [record]})


def test_a_value_that_no_seed_changes_is_given_once() -> None:
    one = chapter(code("c", printed("✓ a: 1 (equals 1)\n")))
    record = {"sentence": "a", "bound": "equals 1", "held": 20, "of": 20}
    record |= {"low": 1.0, "median": 1.0, "high": 1.0}
    assert "| 20 of 20 | 1 |" in claims_page([one], {one.path: [record]})


def test_numbers_do_not_break_at_their_hyphens() -> None:
    one = chapter(code("c", printed("✓ a-b: -3e-07 (between -1e-06 and 1e-06)\n")))
    page = claims_page([one], {})
    assert "| [a-b](#one-cell-c) | −3e−07 | between −1e−06 and 1e−06 |" in page

"""`penmark compare` and what is given out of it."""

import json
from pathlib import Path

import pytest
from commands import dump, jsonl, lines, sample_rows, script


@pytest.fixture
def three(penmark):
    """A database with three writers' texts for the first two tasks of the sample."""
    tasks = [row["id"] for row in sample_rows()][:2]
    for name in ("ann", "bob", "cy"):
        file = jsonl(f"{name}.jsonl", *({"index": task, "response": f"Text for {task} by {name}."} for task in tasks))
        penmark("import responses", file, "--bench", "sample", "--writer", name).ok()
    return penmark


def always(verdict="A>B"):
    return script("judge.jsonl", {"replies": [json.dumps({"reason": "So it is.", "verdict": verdict})]})


def test_all_against_all_then_the_preferences_come_out_as_json_lines(three):
    three(f"compare sample --judge-model {always()} --judge-name p").ok()
    rows = lines(three("export preferences --judge p").ok().out)
    assert len(rows) == 2 * 3 * 2
    assert {row["margin"] for row in rows if row["order"] == "ab"} == {1}
    assert {row["margin"] for row in rows if row["order"] == "ba"} == {-1}
    assert rows[0].keys() == {
        "task", "first", "second", "judge", "order", "repeat", "margin", "status", "reason",
    }  # fmt: skip
    only = lines(three("export preferences --judge p --writer ann").ok().out)
    assert len(only) == 8
    assert all("ann" in (row["first"], row["second"]) for row in only)


def test_against_and_max_pairs_choose_what_is_compared(three):
    model = always()
    three(f"compare sample --judge-model {model} --judge-name a --against cy --limit 1").ok()
    assert {frozenset((r["first"], r["second"])) for r in lines(three("export preferences --judge a").out)} == {
        frozenset(("ann", "cy")), frozenset(("bob", "cy")),
    }  # fmt: skip
    three(f"compare sample --judge-model {model} --judge-name m --max-pairs 2").ok()
    assert len(lines(three("export preferences --judge m").out)) == 4


def test_a_dry_run_says_how_many_calls_and_stores_nothing(three):
    before = dump("penmark.db")
    shown = three("compare sample --judge-model", always(), "--dry-run").ok().out
    assert "12" in shown
    assert dump("penmark.db") == before


def test_low_coverage_ends_with_three_and_says_why(three):
    model = script("judge.jsonl", {"replies": ["A is better."]})
    done = three(f"compare sample --judge-model {model} --max-pairs 2")
    assert done.code == 3
    assert "4 of 4 verdicts could not be had" in done.err
    assert "not one JSON object" in done.err


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ("compare sample", ["--judge-model"]),
        ("compare sample --judge length --judge-model scripted/judge.jsonl", ["penmark judge sample --judge length"]),
        ("compare sample --judge-model scripted/judge.jsonl --against eve", ["eve", "ann, bob, cy"]),
        ("compare sample --judge-model scripted/judge.jsonl --max-pairs 1", ["cannot connect 3 writers"]),
        ("compare other --judge-model scripted/judge.jsonl", ["other", "penmark write other"]),
        ("judge sample --judge pairwise --judge-model scripted/judge.jsonl", ["penmark compare BENCH"]),
        ("export preferences", ["penmark compare"]),
        ("export preferences --judge nobody", ["nobody"]),
    ],
)
def test_what_does_not_fit_is_refused_with_the_way_out(three, words, parts):
    always()
    before = dump("penmark.db")
    three(words).refused(*parts)
    assert dump("penmark.db") == before


def test_the_list_of_judges_says_which_compares(penmark):
    rows = {row["judge"]: row for row in penmark("judges list --json").ok().json()}
    assert rows["pairwise"]["works on"] == "pairs"
    assert rows["rubric"]["works on"] == "single texts"
    assert "five verdicts" in penmark("judges info pairwise").ok().out
    assert not Path("penmark.db").exists()

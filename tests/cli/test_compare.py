"""`penmark compare` and what is given out of it."""

import contextlib
import json
import math
import random
import shutil
from itertools import combinations, product
from pathlib import Path

import pytest
from commands import dump, jsonl, lines, run_here, sample_rows, script


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


PLANTED = {"ann": 1.5, "bob": 0.7, "cy": 0.0, "dee": -0.7, "eve": -1.5}


@pytest.fixture(scope="module")
def _five_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("five")
    draw, rules = random.Random(1), []
    tasks = [row["id"] for row in sample_rows()]
    with contextlib.chdir(folder):
        for name in PLANTED:
            file = jsonl(f"{name}.jsonl", *({"index": task, "response": f"{name} on {task}."} for task in tasks))
            run_here("import responses", file, "--bench", "sample", "--writer", name).ok()
        for task, (one, other) in product(tasks, combinations(PLANTED, 2)):
            has_won = draw.random() < 1 / (1 + math.exp(PLANTED[other] - PLANTED[one]))
            for first, second in ((one, other), (other, one)):
                shown = [f" A\n\n````\n{first} on {task}.", f" B\n\n````\n{second} on {task}."]
                verdict = "A>B" if (first == one) == has_won else "B>A"
                rules.append({"when": shown, "replies": [json.dumps({"reason": "So.", "verdict": verdict})]})
        run_here("compare sample --judge-name p --judge-model", script("planted.jsonl", *rules)).ok()
    return folder


@pytest.fixture
def five(_five_once, penmark, tmp_path):
    """The sample answered by five writers and compared by a judge that follows planted strengths, with their luck."""
    shutil.copytree(_five_once, tmp_path, dirs_exist_ok=True)
    return penmark


def test_a_planted_order_is_recovered_and_given_out_in_every_format(five):
    made = five("report --json").ok().json()
    assert list(made["writers"]) == list(PLANTED)
    assert (made["pairs"], made["coverage"], made["contradicted"], made["tasks"]) == (240, 1.0, 0, 24)
    for name, strength in PLANTED.items():
        low, high = made["writers"][name]["strength"]["ci95"]
        assert low < made["writers"][name]["strength"]["value"] < high
        assert low - 0.5 < strength < high + 0.5
    rate = made["writers"]["ann"]["against"]["eve"]
    assert rate["n"] == 24
    assert rate["value"] > 0.8
    shown = five("report").ok().out
    assert shown.index("ann") < shown.index("eve")
    assert "Beats the average" in shown
    rows = five("report --format csv").ok().out.splitlines()
    assert rows[0].startswith("writer,opponent,win_rate")
    assert len(rows) == 1 + 5 * 5
    five("report --format html -o p.html").ok()
    page = Path("p.html").read_text(encoding="utf-8")
    assert "compared in pairs by p" in page
    assert page.count("<svg") == 1
    assert "http" not in page.replace("http-equiv", "")


def test_what_the_strengths_hold_constant_is_shown_with_its_effect(five):
    made = five("report --json --control style").ok().json()
    assert made["effects"].keys() == {"length", "headings", "list items", "bold"}
    assert made["effects"]["headings"] is None
    assert "Held constant" in five("report --control length --writer ann --writer bob").ok().out


def test_order_bias_of_a_fair_judge_and_of_one_that_always_names_the_first(five):
    five(f"compare sample --judge-name always --judge-model {always('A>>B')} --limit 6").ok()
    judges = five("meta order --json").ok().json()["judges"]
    assert (judges["p"]["first_wins"]["value"], judges["p"]["consistent"]["value"]) == (0.5, 1.0)
    assert (judges["always"]["first_wins"]["value"], judges["always"]["consistent"]["value"]) == (1.0, 0.0)
    report = five("report --json --judge always").ok().json()
    assert {w["strength"]["value"] for w in report["writers"].values()} == {0.0}
    assert any("contradict" in note for note in report["notes"])
    assert any("every verdict is a tie" in note for note in report["notes"])


def test_the_scores_of_a_judge_can_be_read_as_preferences(judged, penmark):
    made = penmark("report --pairs --json").ok().json()
    assert made["judge"] == "j"
    assert made["writers"]["a"]["win_rate"]["value"] == 1.0
    assert made["writers"]["a"]["undefeated"]
    assert made["writers"]["a"]["strength"]["ci95"][1] is None
    assert any("read as preferences" in note for note in made["notes"])
    assert any("never lost" in note for note in made["notes"])
    assert penmark("report --json").ok().json()["writers"]["a"]["overall"] == 7


def test_reports_on_pairs_refuse_what_they_cannot_do(five):
    five("report --format xlsx").refused("--format csv")
    five("report --writer nobody").refused("penmark compare sample")
    five("report --judge nobody --pairs").refused("nobody")


def test_control_without_comparisons_is_refused(judged, penmark):
    penmark("report --control length").refused("--pairs")


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

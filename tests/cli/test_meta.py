"""`penmark meta`."""

from __future__ import annotations

import json
import shutil
from contextlib import chdir
from pathlib import Path

import pytest
from commands import dump, judge_script, run_here, script, writer_script

WEIGHTS = {"opening_ending": 0.4, "language_rhetoric": 0.3, "logic": 0.2, "emotion": 0.1}
PLANNED = json.dumps({"weights": WEIGHTS, "explanation": "x"})
USUAL = [
    "full", "without content", "without format", "without impression", "only content", "only format",
    "only impression", "equal weights",
]  # fmt: skip


def tow_script() -> str:
    """A judge that plans, finds 2 of 3 in paragraphing, and otherwise gives 8 points to `a` and 5 to `b`."""
    return script(
        "tow.jsonl",
        {"when": ['"opening_ending": <...>'], "replies": [PLANNED]},
        {"when": ['"score": <1-3>'], "replies": ['{"score": 2, "reason": "so"}']},
        {"when": ["essay by a."], "replies": ['{"score": 8, "reason": "so"}']},
        {"replies": ['{"score": 5, "reason": "so"}']},
    )


@pytest.fixture(scope="module")
def _towed_once(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("towed")
    with chdir(folder):
        for name in ("a", "b"):
            model = writer_script(f"{name}.jsonl", f"An essay by {name}.")
            run_here("write sample --limit 4 --writer", model, "--writer-name", name).ok()
        for preset in ("paper", "upstream"):
            run_here("judge sample --judge tow --judge-model", tow_script(), "--preset", preset,
                     "--judge-name", preset).ok()  # fmt: skip
    return folder


@pytest.fixture
def towed(_towed_once, tmp_path) -> None:
    """Two writers' responses to 4 sample tasks, judged by `tow` with both presets."""
    shutil.copytree(_towed_once, tmp_path, dirs_exist_ok=True)


def ablated(penmark, *words):
    return penmark("meta ablate --json", *words).ok().json()


@pytest.mark.usefixtures("towed")
def test_the_usual_ablations_of_a_judged_tree(penmark):
    found = ablated(penmark, "--judge", "paper")
    assert (found["bench"], found["judge"]) == ("sample", "paper")
    assert list(found["variants"]) == USUAL
    report = penmark("report --json --judge paper").ok().json()
    full = found["variants"]["full"]
    assert full["mean"]["n"] == full["scored"] == 8
    assert {w: f["value"] for w, f in full["writers"].items()} == pytest.approx(
        {w: f["overall"] for w, f in report["writers"].items()}
    )
    content = found["variants"]["only content"]["writers"]
    assert {w: f["value"] for w, f in content.items()} == pytest.approx({"a": 8, "b": 5})
    assert found["variants"]["only content"]["kendall"] == 1
    assert found["notes"] == ["Preset upstream cannot be had without calls: content/instances was not scored."]


@pytest.mark.usefixtures("towed")
def test_the_paper_preset_comes_from_an_upstream_run_without_calls(penmark):
    before = dump("penmark.db")
    found = ablated(penmark, "--judge", "upstream")
    assert list(found["variants"]) == [*USUAL, "paper"]
    assert found["notes"] == []
    judged_so = ablated(penmark, "--judge", "paper")["variants"]["full"]
    changed = found["variants"]["paper"]
    assert {w: f["value"] for w, f in changed["writers"].items()} == pytest.approx(
        {w: f["value"] for w, f in judged_so["writers"].items()}
    )
    assert changed["change"]["value"] > 0
    assert list(ablated(penmark, "--judge", "upstream", "--preset", "paper")["variants"]) == ["full", "paper"]
    assert dump("penmark.db") == before


@pytest.mark.usefixtures("towed")
def test_a_preset_with_a_leaf_that_was_not_scored_is_refused(penmark):
    penmark("meta ablate --judge paper --preset upstream").refused(
        "upstream cannot be had without calls", "'paper' has not scored content/instances", "penmark judge sample"
    )


@pytest.mark.usefixtures("towed")
def test_choices_make_one_variant_with_weights_from_the_command_line_or_a_file(penmark):
    given = ablated(penmark, "--judge", "paper", "--without", "format", "--weights", "content=3, impression=1")
    assert list(given["variants"]) == ["full", "without format; weights content=3, impression=1"]
    Path("w.toml").write_text('\ufeffimpression = 1\n"format" = 0\n[content]\nlogic = 1\nemotion = 1\n'
                              "language_rhetoric = 0\nopening_ending = 0\n", encoding="utf-8")  # fmt: skip
    (_, variant) = ablated(penmark, "--judge", "paper", "--weights", "w.toml")["variants"].values()
    assert {w: f["value"] for w, f in variant["writers"].items()} == pytest.approx({"a": 8, "b": 5})


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ("content", "'content' is no weight"),
        ("content=much", "'content=much' is no weight"),
        ("content=-1", "the weight of 'content' is -1.0; give a number above 0"),
        ("content=nan", "the weight of 'content' is nan"),
        ("", "no weights in ''"),
        ("contents=1", "no 'contents' in the tree; there is content, content/emotion"),
        ("none.toml", "none.toml cannot be read"),
        ("bad.toml", "bad.toml: "),
        ("list.toml", "the weight of 'content' is [1]"),
        ("true.toml", "the weight of 'content' is True"),
    ],
)
@pytest.mark.usefixtures("towed")
def test_weights_that_cannot_be_used_are_refused(penmark, weights, message):
    Path("bad.toml").write_text("content == 1", encoding="utf-8")
    Path("list.toml").write_text("content = [1]", encoding="utf-8")
    Path("true.toml").write_text("content = true", encoding="utf-8")
    penmark("meta ablate --judge paper --weights", weights).refused(message)


@pytest.mark.usefixtures("towed")
def test_another_tree_over_the_same_leaves(penmark):
    Path("mine.toml").write_text(
        'id = "mine"\n[[leaf]]\npath = "content/logic"\nname = "Logic"\ndescription = "Whether it holds together."\n'
        '[[leaf]]\npath = "impression"\nname = "Impression"\ndescription = "Of the whole."\n', encoding="utf-8",
    )  # fmt: skip
    (_, mine) = ablated(penmark, "--judge", "paper", "--tree", "mine.toml")["variants"].values()
    assert {w: f["value"] for w, f in mine["writers"].items()} == pytest.approx({"a": 8, "b": 5})
    penmark("meta ablate --judge paper --tree other.toml").refused("other.toml")


@pytest.mark.usefixtures("towed")
def test_a_kept_variant_stands_beside_its_judge_in_reports(penmark):
    done = penmark("meta ablate --judge paper --only content --save content-only").ok()
    assert "8 roots kept as judge content-only" in done.err
    kept = penmark("report --json --judge content-only").ok().json()
    assert {w: f["overall"] for w, f in kept["writers"].items()} == pytest.approx({"a": 8, "b": 5})
    assert "paper" in kept["other_judges"]
    penmark("meta ablate --judge paper --only format --save content-only").refused("give another name with --save")
    penmark("meta ablate --judge paper --save all").refused("--save keeps one variant; choose it with --without")


@pytest.mark.usefixtures("towed")
def test_another_judge_can_stand_for_people(penmark):
    found = ablated(penmark, "--judge", "paper", "--human", "upstream")
    human = found["variants"]["full"]["human"]
    assert found["human"] == "upstream"
    assert human["pairs"]["value"] == human["kendall"] == 1
    assert human["pairs"]["n"] == 4
    table = penmark("meta ablate --judge paper --human upstream").ok().out
    assert "Agreement with upstream" in table
    assert "(length of the text)" in table
    penmark("meta ablate --judge paper --human nobody").refused("no scores by judge 'nobody'")


@pytest.mark.usefixtures("towed")
def test_the_table_has_a_row_for_each_variant_and_goes_to_a_file_on_request(penmark):
    done = penmark("meta ablate --judge paper").ok()
    assert [name for name in USUAL if name not in done.out] == []
    assert "Note: Preset upstream cannot be had without calls" in done.out
    assert max(map(len, done.out.splitlines())) <= 120
    assert penmark("meta ablate --judge paper -o new/table.txt").ok().out == ""
    assert Path("new/table.txt").read_text(encoding="utf-8") == done.out
    penmark("meta ablate --judge paper --json -o out.json").ok()
    assert json.loads(Path("out.json").read_text(encoding="utf-8")) == ablated(penmark, "--judge", "paper")


@pytest.mark.usefixtures("towed")
def test_many_writers_are_shown_by_the_best_and_the_worst(penmark):
    for name in ("c", "d", "e"):
        model = writer_script(f"{name}.jsonl", f"An essay by {name}.")
        penmark("write sample --limit 4 --writer", model, "--writer-name", name).ok()
    penmark("judge sample --judge tow --judge-name paper --judge-model", tow_script()).ok()
    table = penmark("meta ablate --judge paper").ok().out
    assert "Best" in table
    assert "a 8.00" in table


def test_criteria_that_come_with_the_tasks(judged, penmark):
    found = ablated(penmark)
    assert list(found["variants"]) == ["full", "equal weights"]
    assert {w: f["value"] for w, f in found["variants"]["full"]["writers"].items()} == pytest.approx({"a": 7, "b": 5})
    assert "The criteria differ from task to task" in found["notes"][0]
    penmark("meta ablate --without nothing").refused("no 'nothing' in the tree")
    penmark("meta ablate --preset paper").refused("judge 'j' has no presets")


def test_a_judge_with_one_score_a_response_has_nothing_to_leave_out(judged, penmark):
    penmark("judge sample --judge length").ok()
    penmark("meta ablate --judge length").refused("judge 'length' has scores of one leaf, 'length'", "--judge")


def test_a_store_without_judgments_is_refused(penmark):
    penmark("meta ablate").refused("penmark.db: no such database")


def test_an_unscored_leaf_lowers_the_coverage_of_what_needs_it(judged, penmark):
    unread = {"when": ["by b", "Structure and coherence"], "replies": ["none"]}
    model = judge_script("s.jsonl", rules=[unread])
    assert penmark("judge sample --judge static --judge-name s --judge-model", model).code == 3
    variants = ablated(penmark, "--judge", "s")["variants"]
    assert variants["full"]["scored"] == 6
    assert variants["full"]["coverage"] == 0.75
    assert variants["without Structure and coherence"]["scored"] == 8
    assert variants["only Structure and coherence"]["scored"] == 2

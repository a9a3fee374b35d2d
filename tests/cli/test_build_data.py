"""`penmark build critic-data`, `pairs`, `select` and `sft`: from judged texts to files that training reads."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from commands import jsonl, judge_script, lines, script

from mirror_texts import some_texts
from penmark.train.data import read_dialogues, read_pairs


def rows(path):
    return lines(Path(path).read_text(encoding="utf-8"))


def card(path):
    return json.loads(Path(path).with_suffix(".card.json").read_text(encoding="utf-8"))


@pytest.fixture
def texts():
    """A file of texts to the same prompts, three each."""
    made = [{"task": t.task, "prompt": t.prompt, "response": t.text, "writer": t.writer} for t in some_texts()]
    return jsonl("texts.jsonl", *made)


def test_pairs_from_a_file_are_read_by_training_and_the_card_shows_the_balance(penmark, texts):
    penmark("build pairs --couples 12 -o pairs.jsonl --texts", texts).ok()
    pairs = read_pairs(Path("pairs.jsonl"))
    assert len(pairs) == 24
    assert Counter(pair.dropped for pair in pairs) == {1: 8, 2: 8, 3: 8}
    told = card("pairs.jsonl")
    assert told["counts"]["language"] == {"en": 12, "zh": 12}
    assert told["counts"]["dropped"] == {"1": 8, "2": 8, "3": 8}
    assert sum(told["counts"]["broken demands by language and kind"].values()) == 8 * (1 + 2 + 3)
    assert told["made_from"][0].startswith("texts.jsonl (SHA-256 ")
    assert "| en, length |" in Path("pairs.card.md").read_text(encoding="utf-8")


def test_pairs_from_the_database_leave_other_writers_out(penmark, judged):
    penmark("build pairs --bench sample --writer a -o pairs.jsonl").refused("no sample could be made")
    assert not Path("pairs.jsonl").exists()


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("pairs -o p.jsonl", "name texts with --bench BENCH"),
        ("pairs --bench nothing -o p.jsonl", "holds nothing of 'nothing', only: sample"),
        ("pairs --bench sample --by dropout -o p.jsonl", "does not say what its responses were written without"),
        ("pairs --by dropout -o p.jsonl", "--by dropout takes groups from the database"),
        ("sft --bench sample -o data", "it is a folder"),
        ("sft --bench sample --writer x -o p.jsonl", "no sample could be made"),
        ("sft --bench sample --with-reasoning -o p.jsonl", "8 x no reasoning came with the text"),
        ("select --bench sample --judge j -o p.jsonl", "give either --best SHARE or --above SCORE"),
        ("select --bench sample --judge x --best 0.5 -o p.jsonl", "there is no judge 'x' in penmark.db, only: j"),
        ("critic-data --bench sample --judge length -o p.jsonl", "there is no judge 'length'"),
    ],
)
def test_what_cannot_be_made_is_refused_and_nothing_is_written(penmark, judged, command, problem):
    penmark(f"build {command}").refused(problem)
    assert not list(Path().glob("p.*"))


def test_critic_data_has_the_judges_question_and_its_verdict_balanced_over_scores(penmark, judged):
    penmark("build critic-data --bench sample --judge j -o critic.jsonl").ok()
    made = rows("critic.jsonl")
    assert Counter(row["score"] for row in made) == {5: 20, 7: 20}  # 4 tasks x 5 criteria by two writers
    dialogues = read_dialogues(Path("critic.jsonl"))
    answers = {json.loads(d.messages[-1][1])["score"] for d in dialogues}
    assert answers == {5, 7}
    first = made[0]
    assert first["criterion"] in first["messages"][-2]["content"]
    assert "An essay by" in first["messages"][-2]["content"]
    penmark("build critic-data --bench sample --judge j --limit 6 -o few.jsonl").ok()
    assert Counter(row["score"] for row in rows("few.jsonl")) == {5: 3, 7: 3}
    assert card("few.jsonl")["left_out"] == {f"more than an equal share of score {s}": 17 for s in (5, 7)}


def test_unscored_verdicts_and_frequent_scores_are_left_out_and_counted(penmark, judged):
    unread = {"when": ["by b"], "replies": ["no verdict"]}
    penmark("judge sample --judge rubric --judge-name k --judge-model", judge_script("k.jsonl", rules=[unread]))
    penmark("build critic-data --bench sample --judge k -o critic.jsonl").ok()
    assert {row["score"] for row in rows("critic.jsonl")} == {7}
    assert card("critic.jsonl")["left_out"] == {"unscored: unreadable": 20}


def test_a_judge_that_asks_no_model_or_all_at_once_teaches_no_critic(penmark, judged):
    penmark("judge sample --judge length").ok()
    penmark("build critic-data --bench sample --judge length -o c.jsonl").refused("asked no model")


def test_the_best_are_kept_within_each_stratum_and_as_many_at_random_to_compare(penmark, judged):
    penmark("build select --bench sample --judge j --best 0.5 -o best.jsonl").ok()
    best = rows("best.jsonl")
    assert {row["writer"] for row in best} == {"a"}
    assert Counter(row["stratum"] for row in best) == {"en": 2, "zh": 2}
    assert card("best.jsonl")["left_out"] == {f"not among the best 50% of {lang}": 2 for lang in ("en", "zh")}
    assert len(read_dialogues(Path("best.jsonl"))) == 4
    penmark("build select --bench sample --judge j --best 0.5 --at-random -o random.jsonl").ok()
    assert Counter(row["stratum"] for row in rows("random.jsonl")) == {"en": 2, "zh": 2}
    assert {row["writer"] for row in rows("random.jsonl")} == {"a", "b"}


def test_what_scores_enough_is_kept_and_what_is_not_judged_is_counted(penmark, judged):
    late = script("c.jsonl", {"replies": ["An essay by c."]})
    penmark("write sample --limit 5 --writer-name c --writer", late).ok()
    penmark("build select --bench sample --judge j --above 6 -o good.jsonl").ok()
    assert [row["score"] for row in rows("good.jsonl")] == [7, 7, 7, 7]
    assert card("good.jsonl")["left_out"] == {"not judged": 5, "below 6 of en": 2, "below 6 of zh": 2}


def test_texts_go_with_or_without_the_reasoning_before_them(penmark):
    thinking = script("t.jsonl", {"replies": ["<think>Plan it.</think>The text."]})
    penmark("write sample --limit 2 --writer-name t --writer", thinking).ok()
    for option, answer in (("", "The text."), ("--with-reasoning", "<think>Plan it.</think>The text.")):
        penmark(f"build sft --bench sample {option} -o sft.jsonl").ok()
        dialogues = read_dialogues(Path("sft.jsonl"))
        assert [d.messages[-1] for d in dialogues] == [("assistant", answer)] * 2


def test_data_that_repeats_a_benchmark_is_refused_with_the_list_or_left_out(penmark, judged):
    refused = penmark("build sft --bench sample --apart-from sample -o sft.jsonl")
    refused.refused("8 of 8 samples repeat a benchmark", "sample 1: sample task", "--leave-out-overlaps")
    assert not Path("sft.jsonl").exists()
    penmark("build sft --bench sample --apart-from sample --leave-out-overlaps -o sft.jsonl").refused("every sample")


def test_data_apart_from_a_benchmark_says_so_in_its_card(penmark, texts):
    penmark("build pairs --couples 4 --apart-from sample -o pairs.jsonl --texts", texts).ok()
    assert card("pairs.jsonl")["apart_from"] == {"benchmarks": {"sample": 24}, "samples_left_out": 0}
    assert "Shares no run of 13 words with: sample (24 tasks)" in Path("pairs.card.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", ["sft", "select --judge j --best 1", "critic-data --judge j"])
def test_what_is_made_for_one_side_shares_no_task_with_the_other(penmark, judged, command):
    tasks = {}
    for side in ("train", "held-out"):
        penmark(f"build {command} --bench sample --side {side} --held-out-share 0.5 -o {side}.jsonl").ok()
        tasks[side] = {row["task"] for row in rows(f"{side}.jsonl")}
        assert card(f"{side}.jsonl")["settings"]["tasks"] == f"{side}, 0.5 held out"
    assert not tasks["train"] & tasks["held-out"]
    assert len(tasks["train"] | tasks["held-out"]) == 4

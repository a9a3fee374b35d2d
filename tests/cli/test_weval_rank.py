"""`penmark weval rank`."""

from __future__ import annotations

import shutil
from contextlib import chdir
from pathlib import Path

import pytest
from commands import calls, dump, jsonl, judge_script, run_here, script
from weval_scripts import builder, seeds

from penmark.store import Store, reads
from tiny_checkpoints import save_tiny_bert

SEEN = '{"score": 9, "reason": "so"}'


@pytest.fixture(scope="module")
def _grouped_once(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("grouped")
    with chdir(folder):
        two = seeds("seeds.jsonl", "Write about a boat.", "Write about a kite.")
        run_here("weval build --no-filter --seeds", two, "--model", builder()).ok()
    return folder


@pytest.fixture
def grouped(_grouped_once, tmp_path) -> None:
    """Two groups whose texts are the longer the more requirements they were shown."""
    shutil.copytree(_grouped_once, tmp_path, dirs_exist_ok=True)


def ranked(penmark, *words):
    return penmark("weval rank --json", *words).ok().json()["judges"]


def values(judge):
    return [judge[name]["value"] for name in ("correlation", "il", "pl", "position_consistency")]


@pytest.mark.usefixtures("grouped")
def test_beside_a_judge_stand_the_true_order_the_length_a_constant_and_itself_blind(penmark):
    found = ranked(penmark, "--judge", "rubric", "--judge-model", judge_script("j.jsonl"))
    assert set(found) == {
        "golden", "length", "constant", "rubric@scripted/j.jsonl", "rubric@scripted/j.jsonl (blind)",
    }  # fmt: skip
    assert values(found["golden"]) == values(found["length"]) == [1, 1, 1, 1]
    assert values(found["constant"]) == pytest.approx([0, 1 / 5, 1 / 120, 0.6])
    assert found["constant"]["tie_rate"] == found["rubric@scripted/j.jsonl"]["tie_rate"] == 1
    assert found["rubric@scripted/j.jsonl"]["cost_per_response_usd"] == 0
    assert found["rubric@scripted/j.jsonl (blind)"]["is_blind"]
    assert set(found["golden"]["by_kind"]) == {"length", "content", "style", "format"}
    assert list(found["golden"]["by_dropped"]) == ["1", "2", "3", "4"]


@pytest.mark.usefixtures("grouped")
def test_the_rubric_judge_scores_each_requirement_and_its_blind_twin_sees_none(penmark):
    told = script(
        "told.jsonl",
        {"when": ["Name three colours", "Shown 5"], "replies": [SEEN]},
        {"when": ["Name three colours"], "replies": ['{"score": 2, "reason": "so"}']},
        {"when": ["Requirements:"], "replies": ['{"score": 5, "reason": "so"}']},
        {"replies": ['{"score": 4, "reason": "so"}']},
    )
    found = ranked(penmark, "--judge", "rubric", "--judge-name", "r", "--judge-model", told)
    assert found["r"]["by_dropped"]["1"]["value"] == 1
    assert found["r (blind)"]["tie_rate"] == 1  # Nothing of the requirements reaches it.
    rows = dump("penmark.db")["judgments"]
    assert sum("'r (blind)'" in row and " 4.0," in row for row in rows) > 0
    assert not any("'r (blind)'" in row and " 5.0," in row for row in rows)


@pytest.mark.usefixtures("grouped")
def test_a_judge_that_needs_no_requirements_is_blind_itself(penmark):
    found = ranked(penmark, "--judge", "static", "--judge-name", "s", "--judge-model", judge_script("j.jsonl"))
    assert found["s (blind)"]["judge"] == "static"
    assert set(ranked(penmark, "--judge", "length")) == {*found}


@pytest.mark.usefixtures("grouped")
def test_without_the_blind_twin_half_of_the_calls_are_made(penmark):
    before = calls()
    found = ranked(penmark, "--no-blind", "--judge", "rubric", "--judge-model", judge_script("j.jsonl"))
    assert calls() - before == 50
    assert not any(judge["is_blind"] for judge in found.values())


@pytest.mark.usefixtures("grouped")
def test_ranking_again_asks_nothing_and_a_dry_run_stores_nothing(penmark):
    model = judge_script("j.jsonl")
    before = dump("penmark.db")
    assert "Nothing was sent" in penmark("weval rank --dry-run --judge rubric --judge-model", model).ok().out
    assert dump("penmark.db") == before
    penmark("weval rank --judge rubric --judge-model", model).ok()
    made = calls()
    penmark("weval rank --judge rubric --judge-model", model).ok()
    assert calls() == made


@pytest.mark.usefixtures("grouped")
def test_an_unreadable_verdict_takes_its_group_out_and_lowers_the_coverage(penmark):
    unread = {"when": ["Shown 3", "boat", "Name three colours"], "replies": ["none"]}
    model = judge_script("j.jsonl", rules=[unread])
    done = penmark(
        "weval rank --json --no-blind --judge rubric --judge-name r --judge-model", model, "--min-coverage", 1
    )
    assert done.code == 3
    found = done.json()["judges"]["r"]
    assert (found["groups"], found["unscored_groups"]) == (1, 1)
    assert found["coverage"] == 0.9


@pytest.mark.usefixtures("grouped")
def test_the_table_shows_every_judge(penmark):
    done = penmark("weval rank --judge rubric --judge-name r --judge-model", judge_script("j.jsonl")).ok()
    for name in ("golden", "length", "constant", "r (blind)", "USD a response", "lacks requirements of this kind only"):
        assert name in done.out
    assert max(map(len, done.out.splitlines())) <= 120
    assert "without requirements r has nothing to score; static is asked instead" in done.err


def test_without_groups_ranking_is_refused(penmark, judged):
    penmark("weval rank --bench sample --judge length").refused("holds no groups of known order in 'sample'")


@pytest.mark.usefixtures("grouped")
def test_the_report_is_a_table_json_or_a_page(penmark):
    penmark("weval rank --judge rubric --judge-name r --judge-model", judge_script("j.jsonl")).ok()
    assert "r (blind)" in penmark("weval report").ok().out
    found = penmark("weval report --format json").ok().json()
    assert (found["bench"], found["groups"], found["ties"]) == ("weval", 2, "expected")
    assert list(found["judges"])[-1] in {"constant", "r", "r (blind)"}
    only = penmark("weval report --format json --judge length -o new/out.json").ok()
    assert only.out == ""
    assert '"golden"' not in Path("new/out.json").read_text(encoding="utf-8")
    penmark("weval report --format html").refused("name one with -o FILE")
    penmark("weval report --judge nobody").refused("no scores of weval by 'nobody'", "there are those of golden")
    done = penmark("weval report --format html --ties upstream -o page.html").ok()
    page = Path("page.html").read_text(encoding="utf-8")
    assert "warning: --ties upstream" in done.err
    assert "Ties are broken by the true order" in page
    for part in ("golden", "r (blind)", "shown no requirements", "By the kind of requirement", "Where each judge puts"):
        assert part in page
    assert page.count('class="confusion"') == 5
    assert "default-src 'none'" in page


@pytest.mark.usefixtures("grouped")
def test_a_judges_name_cannot_write_into_the_page(penmark):
    penmark("weval rank --judge rubric --judge-name", "<b>x</b>", "--judge-model", judge_script("j.jsonl")).ok()
    penmark("weval report --format html -o page.html").ok()
    page = Path("page.html").read_text(encoding="utf-8")
    assert "<b>x</b>" not in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page


@pytest.mark.usefixtures("grouped")
def test_ratings_by_people_are_one_more_judge(penmark):
    rows = [
        {"task": str(task), "writer": f"weval/drop-{number}", "score": 5 - number}
        for task in (1, 2) for number in range(5)
    ]  # fmt: skip
    jsonl("people.jsonl", *rows)
    penmark("weval rank --judge length").ok()
    penmark("import ratings people.jsonl --bench weval --judge people").ok()
    found = penmark("weval report --format json").ok().json()["judges"]["people"]
    assert values(found) == [1, 1, 1, 1]
    assert found["cost_per_response_usd"] is None


@pytest.mark.usefixtures("grouped")
def test_a_reward_model_ranks_and_is_shown_no_requirements_when_blind(penmark, tmp_path):
    folder = save_tiny_bert(tmp_path / "reward", outputs=1, positions=256)
    found = ranked(penmark, "--judge", f"reward:{folder}", "--judge-name", "tiny")
    assert found["tiny"]["coverage"] == found["tiny (blind)"]["coverage"] == 1
    assert found["tiny"]["tie_rate"] == 0
    assert found["tiny (blind)"]["judge"] == "reward-model"
    with Store("penmark.db") as store:
        scores = [
            [j.score for _, _, j in reads.judgments_on(store.db, "weval", name) if j.node == ""]
            for name in ("tiny", "tiny (blind)")
        ]
    assert scores[0] != scores[1]

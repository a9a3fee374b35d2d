"""`penmark meta robustness`."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import calls, dump, judge_script, run_here, script, writer_script

TEXT = "The mist rose. We walked on.\n\nNobody spoke. The hills came out.\n\nIn the end we went home. It was late."
FOUND = {"right", "unclear", "wrong"}


@pytest.fixture
def written(tmp_path) -> None:
    """One writer's texts on 4 sample tasks."""
    run_here("write sample --limit 4 --writer-name w --writer", writer_script("w.jsonl", TEXT)).ok()


@pytest.mark.usefixtures("written")
def test_a_judge_that_a_text_can_talk_round_is_shown_to_be_wrong(penmark):
    gullible = judge_script(
        "judge.jsonl",
        '{"score": 5, "reason": "so"}',
        rules=[{"when": ["give this 10"], "replies": ['{"score": 10, "reason": "so"}']}],
    )
    made = penmark("meta robustness sample --judge static --json --judge-model", gullible).ok().json()
    (judge,) = made["judges"]
    by_kind = {kind: found["judges"][judge] for kind, found in made["perturbations"].items()}
    assert by_kind["plea"]["change"]["value"] == 5
    assert by_kind["plea"]["verdict"] == "wrong"
    assert by_kind["add-markdown"]["verdict"] == "right"
    before = calls()
    page = penmark("meta robustness sample --html -o page.html").ok()
    assert page.out == ""
    html = Path("page.html").read_text(encoding="utf-8")
    assert "tag bad" in html
    assert "+5.00" in html
    table = penmark("meta robustness sample").ok().out
    assert "+5.00 [+5.00, +5.00] !" in table
    assert calls() == before
    report = penmark("report --json").ok().json()
    assert list(report["writers"]) == ["w"]


@pytest.mark.usefixtures("written")
def test_genre_transfer_is_written_by_a_model_and_judged_with_the_rest(penmark):
    rewriter = script("rewriter.jsonl", {"when": ["a poem"], "replies": ["Mist.\nHills."]}, {"replies": ["Dear Sir."]})
    before = calls()
    penmark("meta robustness sample --judge static --limit 2 --dry-run --judge-model", rewriter,
            "--transfer-model", rewriter).ok()  # fmt: skip
    assert calls() == before
    made = penmark("meta robustness sample --judge length --limit 2 --json --transfer-model", rewriter).ok().json()
    assert {kind for kind in made["perturbations"] if kind.startswith("transfer-")} == {
        "transfer-comment", "transfer-letter", "transfer-official", "transfer-poem",
    }  # fmt: skip
    poem = made["perturbations"]["transfer-poem"]["judges"]["length"]
    assert poem["change"]["n"] == 2
    assert poem["change"]["value"] < 0
    before = dump("penmark.db")["responses"]
    penmark("meta robustness sample --judge length --limit 2 --json --transfer-model", rewriter).ok()
    assert dump("penmark.db")["responses"] == before


@pytest.mark.usefixtures("written")
def test_what_cannot_be_done_is_refused_before_a_copy_is_made(penmark):
    before = dump("penmark.db")
    penmark("meta robustness sample").refused("there are no perturbed copies")
    penmark("meta robustness sample --judge static").refused("name one with --judge-model")
    penmark("meta robustness sample --judge length --writer x").refused("no texts by x")
    penmark("meta robustness sample --html").refused("--output FILE")
    penmark("meta robustness sample --transfer-model embedded").refused("name a judge with --judge")
    assert dump("penmark.db") == before

"""`penmark meta calibrate`, and the judge that a calibration becomes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import dump, judge_script, run_here

from penmark.records import Judgment, Response, Task
from penmark.store import Store, reads

TASKS = 12


def words(number: int) -> str:
    return "雾散了，山青了！" * number


@pytest.fixture
def rated(tmp_path):
    """Five texts for each task; people give one point for each sentence, the judge `surface` counts them."""
    with Store("penmark.db") as store:
        tasks = [Task(bench="b", id=str(n), instruction=f"任务 {n}。", tags={"language": "zh"}) for n in range(TASKS)]
        store.save_tasks(dict(enumerate(tasks)))
        store.save_judge("human", {"judge": "human", "aggregate": "root", "model": None})
        for n, task in enumerate(tasks):
            for w in range(5):
                sentences = 1 + (n + w) % 5
                response = Response(task=task.key, writer=f"w{w}", text=words(sentences))
                store.save_responses(response)
                score = Judgment(response=response.key, judge="human", node="", score=float(sentences), status="scored")
                store.save_judgments(score, run="r")
    run_here("judge b --judge surface").ok()


@pytest.mark.usefixtures("rated")
def test_a_calibration_agrees_on_tasks_held_out_and_becomes_a_judge(penmark):
    made = penmark("meta calibrate b --judge surface --json --save c.json").ok().json()
    assert made["tasks"] == TASKS
    held_out = made["held_out"]
    assert list(held_out) == ["surface", "length", "linear", "ranks", "monotone", "alike"]
    assert held_out["ranks"]["agreement"]["value"] > 0.95
    assert held_out["ranks"]["unseen_writers"]["value"] > 0.9
    assert held_out["surface"]["gain"] is None
    assert held_out["length"]["agreement"] == held_out["surface"]["agreement"]  # Here, more sentences are longer texts.
    penmark("judge b --judge calibrated --calibration c.json").ok()
    with Store("penmark.db") as store:
        people = {(t, w): j.score for t, w, j in reads.judgments_on(store.db, "b", "human")}
        roots = {(t, w): j.score for t, w, j in reads.judgments_on(store.db, "b", "calibrated") if j.node == ""}
    assert roots.keys() == people.keys()
    for at, score in roots.items():
        assert score == pytest.approx(people[at], abs=0.9)
    shown = penmark("meta calibrate b --judge surface").ok().out
    assert "Unseen writers" in shown


@pytest.mark.usefixtures("rated")
def test_alike_texts_are_a_judge_with_one_leaf(penmark):
    penmark("meta calibrate b --judge surface --method alike --save c.json").ok()
    penmark("judge b --judge calibrated --calibration c.json").ok()
    with Store("penmark.db") as store:
        found = [j for _, _, j in reads.judgments_on(store.db, "b", "calibrated")]
    assert {j.node for j in found} == {"", "alike"}


@pytest.mark.usefixtures("rated")
def test_leaves_of_a_model_judge_are_asked_once_and_read_as_points(penmark):
    rules = [
        {"when": [words(5)], "replies": ['{"score": 9, "reason": "long"}']},
        {"when": [words(3)], "replies": ['{"score": 6, "reason": "middling"}']},
    ]
    model = judge_script("judge.jsonl", '{"score": 2, "reason": "short"}', rules=rules)
    penmark("judge b --judge static --judge-model", model, "--judge-name=s").ok()
    penmark("meta calibrate b --judge s --judge surface --save c.json").ok()
    calls = dump("penmark.db")["calls"]
    penmark("judge b --judge calibrated --calibration c.json --judge-model", model, "--judge-name=c").ok()
    assert dump("penmark.db")["calls"] == calls
    with Store("penmark.db") as store:
        leaves = {j.node: j for _, _, j in reads.judgments_on(store.db, "b", "c")}
    assert any(node.startswith("s/") for node in leaves)
    assert any(node.startswith("surface/") for node in leaves)
    assert any("middling" in j.reason or "long" in j.reason or "short" in j.reason for j in leaves.values())


@pytest.mark.usefixtures("rated")
def test_what_cannot_be_calibrated_or_run_again_is_refused(penmark):
    penmark("meta calibrate b --judge nobody").refused("no judge 'nobody' on b")
    penmark("meta calibrate b --judge human --save c.json").refused("human scores, which cannot be had for other texts")
    penmark("judge b --judge calibrated").refused("--calibration FILE", "penmark meta calibrate BENCH")
    Path("bad.json").write_text("{}", encoding="utf-8")
    penmark("judge b --judge calibrated --calibration bad.json").refused("bad.json is no calibration")
    Path("bad.json").write_text("{", encoding="utf-8")
    penmark("judge b --judge calibrated --calibration bad.json").refused("bad.json is not JSON")
    penmark("judge b --judge calibrated --calibration none.json").refused("none.json cannot be read")
    penmark("meta calibrate b --judge surface --save c.json").ok()
    values = json.loads(Path("c.json").read_text(encoding="utf-8"))
    values["sources"]["surface"]["version"] = 0
    Path("c.json").write_text(json.dumps(values), encoding="utf-8")
    penmark("judge b --judge calibrated --calibration c.json").refused("another 'surface' (version differ)")

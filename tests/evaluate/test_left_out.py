"""Tasks in which a judge has nothing to score."""

import json

import pytest

from penmark import session
from penmark.errors import DataError
from penmark.records import Response, Task
from penmark.session import JudgeRequest
from penmark.store import Store, reads

ASKS = Task(bench="small", id="1", instruction="Write at most 5 words, without any commas.")
ASKS_NOTHING = Task(bench="small", id="2", instruction="Write a poem.")


def store_with(path, *tasks):
    store = Store(path)
    store.save_tasks(dict(enumerate(tasks)))
    store.save_responses(*(Response(task=t.key, writer="w", text="One, two.") for t in tasks))
    store.flush()
    return store


def request(judge="rules"):
    return JudgeRequest(bench="small", judge=judge, name="j")


def test_a_task_with_nothing_to_score_is_left_out_and_counted_as_such(tmp_path):
    with store_with(tmp_path / "p.db", ASKS, ASKS_NOTHING) as store:
        outcome = session.judge(store, request())
        progress = outcome.progress
        assert (progress.total, progress.done, progress.left_out, progress.coverage) == (2, 2, 1, 1.0)
        found = {(task_id, j.node): j.score for task_id, _, j in reads.judgments_on(store.db, "small", "j")}
        assert found == {("1", "words"): 1.0, ("1", "no_commas"): 0.0, ("1", ""): 0.5}
        assert session.judge(store, request()).progress.kept == 2


def test_a_judge_with_nothing_to_score_at_all_says_so_before_anything_is_stored(tmp_path):
    with store_with(tmp_path / "p.db", ASKS_NOTHING) as store:
        with pytest.raises(DataError, match="nothing to score in any of the 1 tasks of small"):
            session.judge(store, request("length-score"))
        assert reads.specs(store.db, "judges") == {}


def test_an_empty_text_meets_no_demand(tmp_path):
    with store_with(tmp_path / "p.db", ASKS) as store:
        store.save_responses(Response(task=ASKS.key, writer="silent", text=" "))
        store.flush()
        session.judge(store, request())
        found = reads.judgments_on(store.db, "small", "j")
        assert {j.score for _, writer, j in found if writer == "silent"} == {0.0}


def test_rules_decide_what_they_can_and_the_model_is_asked_about_the_rest(tmp_path):
    with store_with(tmp_path / "p.db", ASKS) as store:
        (tmp_path / "m.jsonl").write_text(json.dumps({"replies": ['{"score": 1, "reason": "It does."}']}) + "\n")
        model = f"scripted/{tmp_path / 'm.jsonl'}"
        outcome = session.judge(store, JudgeRequest(bench="small", judge="constraints", model=model, name="j"))
        assert outcome.progress.calls == 1
        found = {j.node: (j.score, j.read_as) for _, _, j in reads.judgments_on(store.db, "small", "j")}
        assert found == {
            "words": (1.0, "rule"), "no_commas": (0.0, "rule"), "the rest": (1.0, "integer"), "": (2 / 3, "sum"),
        }  # fmt: skip


def test_a_reply_that_is_no_verdict_leaves_the_demand_unscored_and_never_0(tmp_path):
    with store_with(tmp_path / "p.db", ASKS) as store:
        (tmp_path / "m.jsonl").write_text(json.dumps({"replies": ["No, it does not."]}) + "\n")
        model = f"scripted/{tmp_path / 'm.jsonl'}"
        session.judge(store, JudgeRequest(bench="small", judge="constraints", model=model, name="j"))
        found = {j.node: (j.score, j.status) for _, _, j in reads.judgments_on(store.db, "small", "j")}
        assert found["the rest"] == (None, "unreadable")
        assert found[""] == (None, "incomplete")

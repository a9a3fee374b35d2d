"""Tasks in which a judge has nothing to score."""

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

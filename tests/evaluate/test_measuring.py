"""Judges that measure many responses together: everything is kept as if one by one, and what fails is no score."""

from __future__ import annotations

import threading

import pytest
from small_runs import filled, judgments, numbered

from penmark.errors import ConfigError
from penmark.evaluate.budget import Budget
from penmark.evaluate.judging import MEASURED_TOGETHER, Judging, JudgingPlan
from penmark.evaluate.running import run_async
from penmark.protocols import JudgeCard, Sampling, Verdict
from penmark.records import Criterion, Rubric
from penmark.store import Store

SIZE = Criterion(name="size", description="Characters.", low=-1)


class TogetherJudge:
    """Counts characters, many texts at a time; a text with an X in it cannot be scored."""

    card = JudgeCard(id="together", version=1, description="characters", needs_model=False)
    sampling = Sampling()

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.batches: list[int] = []
        self.threads: set[str] = set()

    def settings(self):
        return {}

    def rubric(self, task):
        return Rubric.flat((SIZE,))

    def plan(self, task):
        return None

    def questions(self, task, response):
        return []

    def measure(self, task, response):
        raise AssertionError("measured alone")

    def measure_all(self, items):
        if self.error:
            raise self.error
        self.batches.append(len(items))
        self.threads.add(threading.current_thread().name)
        return [self._measured(response.text) for _, response in items]

    def _measured(self, text):
        if not text:
            return {}
        if "X" in text:
            return {"size": Verdict(score=None, reason="an X in it")}
        return {"size": Verdict(score=float(len(text)), read_as="rule")}


def run(path, judge, **options) -> Judging:
    with Store(path) as store:
        plan = JudgingPlan(
            bench="small", judge=judge, judge_name="j", model=None, sampling=Sampling(), **options
        )  # fmt: skip
        judging = Judging(store, plan, Budget())
        run_async(judging.run())
        return judging


def test_all_responses_are_measured_together_in_a_thread_of_their_own(tmp_path):
    path = filled(tmp_path / "s.db", {"a": ["1", "22"], "b": ["333", "4444"]})
    judge = TogetherJudge()
    judging = run(path, judge)
    assert judge.batches == [4]
    assert threading.main_thread().name not in judge.threads
    scores = {(task, writer): j.score for (task, writer, node, _), j in judgments(path).items() if node == ""}
    assert scores == {("0", "a"): 1, ("1", "a"): 2, ("0", "b"): 3, ("1", "b"): 4}
    assert (judging.progress.done, judging.progress.coverage) == (4, 1.0)


def test_many_responses_go_in_batches_and_a_second_run_measures_nothing(tmp_path):
    count = 2 * MEASURED_TOGETHER + 5
    path = filled(tmp_path / "s.db", {"a": numbered(count)})
    judge = TogetherJudge()
    run(path, judge)
    assert judge.batches == [MEASURED_TOGETHER, MEASURED_TOGETHER, 5]
    again = TogetherJudge()
    assert run(path, again).progress.kept == count
    assert again.batches == []


def test_what_cannot_be_scored_is_unscored_with_its_reason_and_lowers_coverage(tmp_path):
    path = filled(tmp_path / "s.db", {"a": ["fine", "an X"]})
    judging = run(path, TogetherJudge())
    found = judgments(path)
    leaf, root = found["1", "a", "size", 0], found["1", "a", "", 0]
    assert (leaf.score, leaf.status, leaf.reason) == (None, "failed", "an X in it")
    assert (root.score, root.status) == (None, "incomplete")
    assert found["0", "a", "", 0].score == 4
    assert judging.progress.coverage == 0.5
    assert judging.progress.why == {"an X in it": 1}


def test_empty_and_missing_texts_are_no_work_for_the_judge_but_are_kept(tmp_path):
    path = filled(tmp_path / "s.db", {"a": ["four", "", None]})
    run(path, judge := TogetherJudge())
    found = judgments(path)
    assert judge.batches == [2]  # The missing text is not among them.
    assert found["1", "a", "", 0].score == -1
    assert found["1", "a", "size", 0].status == "empty"
    assert found["2", "a", "size", 0].status == "failed"


def test_repeats_are_measured_too(tmp_path):
    path = filled(tmp_path / "s.db", {"a": ["four"]})
    run(path, TogetherJudge(), repeats=3)
    assert [repeat for (_, _, node, repeat) in judgments(path) if node == ""] == [0, 1, 2]


def test_an_error_of_the_judge_ends_the_run_and_keeps_nothing_wrong(tmp_path):
    path = filled(tmp_path / "s.db", {"a": ["four"]})
    with pytest.raises(ConfigError, match="broken weights"):
        run(path, TogetherJudge(ConfigError("broken weights")))
    assert judgments(path) == {}

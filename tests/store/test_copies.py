"""Perturbed copies of responses stay out of everything that does not ask for them by name."""

from __future__ import annotations

import pytest

from penmark.records import Judgment, Response, Task
from penmark.reports.choice import ReportOptions
from penmark.reports.summary import build_report
from penmark.store import Store, reads

TASK = Task(bench="b", id="1", instruction="Write.")
COPY = "w~shuffle"


@pytest.fixture
def store(tmp_path):
    """A text of 9 points by `w`, and its perturbed copy of 1."""
    with Store(tmp_path / "penmark.db") as store:
        store.save_tasks({0: TASK})
        store.save_judge("j", {"judge": "j", "aggregate": "root"})
        store.save_writer("w", {"model": None, "source": "import"})
        store.save_writer(COPY, {"model": None, "source": "perturbation", "perturbation_of": "w"})
        for writer, score in (("w", 9.0), (COPY, 1.0)):
            response = Response(task=TASK.key, writer=writer, text=f"By {writer}.")
            store.save_responses(response)
            judgment = Judgment(response=response.key, judge="j", node="", score=score, status="scored")
            store.save_judgments(judgment, run="r")
        store.flush()
        yield store


def test_copies_are_read_where_they_are_named_and_nowhere_else(store):
    assert reads.copies(store.db) == {COPY: "w"}
    assert [r.writer for _, r in reads.responses(store.db, "b")] == ["w"]
    assert [r.writer for _, r in reads.responses(store.db, "b", [COPY, "w"])] == ["w", COPY]
    assert [j.score for _, _, j in reads.judgments_on(store.db, "b", "j")] == [9]
    assert [j.score for _, _, j in reads.judgments_on(store.db, "b", "j", [COPY])] == [1]
    assert reads.score_rows(store.db, "b", "j").score == [9]
    assert sorted(reads.score_rows(store.db, "b", "j", [COPY]).score) == [1, 9]


def test_a_report_shows_copies_only_when_asked_to(store):
    assert [w.name for w in build_report(store, "b", "j").writers] == ["w"]
    asked = build_report(store, "b", "j", ReportOptions(writers=(COPY,)))
    assert [(w.name, w.overall.mean) for w in asked.writers] == [(COPY, 1)]

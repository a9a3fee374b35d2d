import json
from dataclasses import asdict, replace

import pytest

from penmark.errors import ConfigError
from penmark.protocols import Call, Reply
from penmark.records import Check, Criterion, Judgment, Requirement, Response, Rubric, Run, Task
from penmark.store import Store, reads
from penmark.store.decode import read_task

RUBRIC = Rubric.flat((Criterion(name="Depth", description="d", bands=(("1-2", "x"), ("9-10", "y"))),))
TASK = Task(
    bench="demo", id="1", instruction="写一首诗", material="月", reference="r", rubric=RUBRIC,
    requirements=(Requirement(kind="style", text="plain"),), tags={"domain1": "Education", "language": "zh"},
)  # fmt: skip
RUN = Run(id="run-1", kind="judge", spec={"bench": "demo"}, started_at="2026-01-01T00:00:00.000+00:00")


def response(text="hello", writer="w", **changes):
    return Response(task=TASK.key, writer=writer, text=text, **changes)


def judgment(of, score, *, judge="j", node="Depth", repeat=0, **changes):
    status = changes.pop("status", "scored" if score is not None else "unreadable")
    return Judgment(response=of.key, judge=judge, node=node, score=score, status=status, repeat=repeat, **changes)


def count(store, table):
    return store.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "penmark.db") as store:
        store.save_tasks({0: TASK})
        yield store


def test_every_record_comes_back_as_it_was_saved(store):
    written = response("  你好\n\x00🙂 ", detail="cut", call="c1")
    verdict = judgment(written, 7.0, reason="因为", read_as="integer", call="c1")
    reply = Reply(text="<think>x</think>{}", finish_reason="stop", tokens_in=3, tokens_out=4, tokens_cached=1,
                  latency_s=0.25, logprobs=(("a", -0.5, {"b": -1.0}),))  # fmt: skip
    store.save_responses(written)
    store.save_call(Call("c1", "m", reply, 0.125, is_new=True), run=RUN.id, judgments=(verdict,))
    store.save_run(RUN)
    store.flush()
    assert [task for task, _ in reads.tasks(store.db, "demo")] == [TASK]
    assert reads.response(store.db, written.key) == written
    assert reads.response_text(store.db, written.key) == written.text
    assert reads.response_text(store.db, "no such key") == ""
    assert reads.judgments(store.db, written.key, "j") == [verdict]
    assert reads.call(store.db, "c1") == reply
    (run,) = reads.run_list(store.db)
    assert (run["calls"], run["tokens_in"], run["cost_usd"], run["state"]) == (1, 3, 0.125, "running")


def test_the_same_content_saved_twice_is_one_row_across_sessions(tmp_path):
    for _ in range(2):
        with Store(tmp_path / "penmark.db") as store:
            store.save_tasks({0: TASK})
            store.save_responses(response(), response(), response("other"))
            store.save_judgments(judgment(response(), 7), judgment(response(), 7), run="r")
            store.save_call(Call("c", "m", Reply(text="x"), None, is_new=True), run="r")
            store.save_writer("w", {"model": "m"})
            store.flush()
            assert [count(store, t) for t in ("tasks", "responses", "judgments", "calls", "writers")] == [1, 2, 1, 1, 1]


def test_a_requirement_keeps_its_check_and_one_of_an_earlier_version_has_none(store):
    checked = Requirement(kind="length", text="50 words", check=Check("words", {"least": 45}), quote="in 50 words")
    task = Task(bench="b", id="1", instruction="Write in 50 words.", requirements=(checked,))
    store.save_tasks({0: task})
    store.flush()
    assert reads.task(store.db, task.key) == task
    assert read_task(json.dumps({**asdict(TASK), "requirements": [{"kind": "style", "text": "plain"}]})) == TASK


def test_what_a_task_demands_is_no_part_of_its_key():
    assert replace(TASK, requirements=()).key == TASK.key


def test_a_task_that_is_saved_again_takes_the_new_tags_and_place(store):
    again = Task(**{**{f: getattr(TASK, f) for f in TASK.__slots__}, "tags": {"domain1": "Education", "genre": "poem"}})
    assert again.key == TASK.key
    store.save_tasks({5: again})
    store.flush()
    assert [task.tags for task, _ in reads.tasks(store.db, "demo")] == [again.tags]


def test_a_written_response_takes_the_place_of_a_failed_one_and_of_what_was_said_about_it(store):
    failed = response(None, status="failed", detail="time-out")
    store.save_responses(failed)
    store.save_judgments(judgment(failed, None, status="failed"), run="r")
    store.save_judgments(judgment(failed, None, node="", status="incomplete"), run="r")
    store.save_responses(response("at last"))
    store.save_responses(failed)  # a late echo of the failure
    store.flush()
    assert [r.text for r in reads.responses_to(store.db, TASK.key, "w") if r.text is not None] == ["at last"]
    assert count(store, "judgments") == 0


def test_imported_scores_move_to_the_text_that_comes_later_unscored_ones_included(store):
    absent = response(None, status="absent")
    store.save_responses(absent)
    store.save_judgments(
        judgment(absent, 8, read_as="imported"), judgment(absent, None, node="Tone", read_as="imported"),
        judgment(absent, 8, node="", status="partial", read_as="sum"),
        judgment(absent, None, judge="live", status="failed"),
        judgment(absent, None, judge="live", node="", status="incomplete"),
        run="r",
    )  # fmt: skip
    store.save_responses(response("the text"))
    store.flush()
    assert [r.text for r in reads.responses_to(store.db, TASK.key, "w")] == ["the text"]
    moved = reads.judgments(store.db, response("the text").key, "j")
    assert {(j.node, j.score) for j in moved} == {("Depth", 8.0), ("Tone", None), ("", 8.0)}
    assert count(store, "judgments") == 3, "the judge that found no text must start afresh"


def test_a_score_is_never_overwritten_by_its_absence(store):
    of = response()
    store.save_judgments(judgment(of, None), run="r")
    store.save_judgments(judgment(of, 6, reason="first"), run="r")
    store.save_judgments(judgment(of, None, reason="lost"), run="r")
    store.flush()
    (kept,) = reads.judgments(store.db, of.key, "j")
    assert (kept.score, kept.status, kept.reason) == (6.0, "scored", "first")
    store.save_judgments(judgment(of, 9, reason="second"), run="r")
    store.flush()
    assert reads.judgments(store.db, of.key, "j")[0].score == 9.0


@pytest.mark.parametrize("text", ["lone \ud800 half", "\udfff", "fine 🙂"])
def test_lone_surrogates_become_replacement_characters_and_the_key_names_what_is_stored(store, text):
    expected = text.replace("\ud800", "\ufffd").replace("\udfff", "\ufffd")
    store.save_responses(response(text, detail=text))
    store.save_judgments(judgment(response(expected), None, reason=text), run="r")
    store.save_call(Call("c", "m", Reply(text=text, finish_reason=text), None, is_new=True), run="r")
    store.save_writer("w", {"model": text})
    store.flush()
    ((_, key),) = reads.response_keys(store.db, "demo")
    stored = reads.response(store.db, key)
    assert (stored.text, stored.detail, stored.key) == (expected, expected, key)
    assert reads.judgments(store.db, key, "j")[0].reason == expected
    assert reads.call(store.db, "c").text == expected


def test_what_is_saved_together_is_stored_together_or_not_at_all(store):
    def save_some_then_fail():
        with store.together():
            store.save_responses(response("one"))
            raise KeyError("halfway")

    with pytest.raises(KeyError):
        save_some_then_fail()
    with store.together():
        store.save_responses(response("two"))
        store.save_responses(response("three"))
    store.save_responses(response("four"))
    store.flush()
    assert {r.text for r in reads.responses_to(store.db, TASK.key, "w")} == {"two", "three", "four"}


def test_a_name_that_means_something_else_is_refused_with_the_difference(store):
    store.save_judge("j", {"model": "a", "layout": ("x", "y")})
    store.flush()
    store.check_name("judges", "j", {"model": "a", "layout": ("x", "y")})
    store.check_name("judges", "new", {"model": "b"})
    with pytest.raises(ConfigError, match=r"model was 'a', now 'b'.*--judge-name NAME"):
        store.check_name("judges", "j", {"model": "b", "layout": ("x", "y")})


def test_judges_and_benchmarks_are_listed_in_the_order_they_came(store):
    store.save_responses(response())
    for name in ("zeta", "alpha", "mid"):
        store.save_judge(name, {})
        store.save_judgments(judgment(response(), 5, judge=name), run="r")
    store.flush()
    assert reads.judges_of(store.db, "demo") == ["zeta", "alpha", "mid"]
    assert list(reads.specs(store.db, "judges")) == ["zeta", "alpha", "mid"]


def test_a_limit_counts_tasks_that_have_a_response(store):
    others = [Task(bench="demo", id=str(n), instruction=f"job {n}") for n in range(2, 6)]
    store.save_tasks(dict(enumerate(others, start=1)))
    for task in others[1:]:
        store.save_responses(*(Response(task=task.key, writer=w, text="x") for w in ("a", "b")))
    store.flush()
    keys = [task for task, _ in reads.response_keys(store.db, "demo", limit=2)]
    assert keys == [others[1].key] * 2 + [others[2].key] * 2
    assert len(list(reads.response_keys(store.db, "demo", ["a"], limit=2))) == 2

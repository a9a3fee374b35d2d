"""Preferences in the store: saved as they are, never lost to a missing verdict, read back in the benchmark's order."""

from dataclasses import replace

import pytest

from penmark.protocols import Call, Reply
from penmark.records import Preference, Response, Task
from penmark.store import Store, reads

TASKS = [Task(bench="demo", id=str(i), instruction=f"Write {i}") for i in range(2)]


def response(text, writer, task=0):
    return Response(task=TASKS[task].key, writer=writer, text=text, status="failed" if text is None else "written")


A, B, LATER = response("a", "zoe"), response("b", "adam"), [response("c", "zoe", 1), response("d", "adam", 1)]


def preference(first, second, margin=1, *, order="ab", judge="j", **changes):
    status = changes.pop("status", "scored" if margin is not None else "unreadable")
    return Preference(
        first=first.key, second=second.key, judge=judge, order=order, margin=margin, status=status, **changes
    )


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "penmark.db") as store:
        store.save_tasks(dict(enumerate(TASKS)))
        store.save_responses(A, B, *LATER)
        store.save_judge("j", {"judge": "pairwise"})
        yield store


def stored(store, judge="j"):
    store.flush()
    return list(reads.preferences_on(store.db, "demo", judge))


def test_preferences_come_back_as_they_were_saved_in_the_benchmarks_order(store):
    late = preference(LATER[0], LATER[1], -2)
    both = [preference(A, B, 2, reason="因为", call="c1"), preference(A, B, 0, order="ba")]
    again = preference(A, B, None, repeat=1)
    store.save_preferences(late, again, *reversed(both), preference(A, B, judge="other"), run="r")
    assert stored(store) == [
        ("0", "zoe", "adam", both[0]),
        ("0", "zoe", "adam", both[1]),
        ("0", "zoe", "adam", again),
        ("1", "zoe", "adam", late),
    ]
    assert reads.preferences(store.db, "j", A.key, B.key, 0) == both
    assert reads.preferences(store.db, "j", B.key, A.key, 0) == []


def test_a_verdict_is_never_replaced_by_a_missing_one(store):
    store.save_preferences(preference(A, B, None), run="r")
    store.save_preferences(preference(A, B, -1), run="r")
    store.save_preferences(preference(A, B, None), run="r")
    assert [p.margin for *_, p in stored(store)] == [-1]


def test_a_call_and_its_preferences_are_stored_together(store):
    call = Call("c1", "m", Reply(text="{}"), 0.5, is_new=True)
    store.save_call(call, run="r", preferences=(preference(A, B, 1, call="c1"),))
    assert [p.call for *_, p in stored(store)] == ["c1"]
    assert reads.call(store.db, "c1").text == "{}"


def test_a_written_response_forgets_that_it_could_not_be_compared_and_keeps_what_was_imported(store):
    failed = response(None, "eve")
    store.save_responses(failed)
    store.save_preferences(
        preference(failed, A, None, status="failed"), preference(A, failed, None, status="failed"), run="r"
    )
    store.save_preferences(
        preference(failed, B, 1, judge="human"), preference(B, failed, 2, judge="human", repeat=1), run="r"
    )
    store.save_judge("human", {"judge": "imported"})
    written = response("at last", "eve")
    store.save_responses(written)
    assert stored(store) == []
    kept = {(p.first, p.second, p.margin) for *_, p in stored(store, "human")}
    assert kept == {(written.key, B.key, 1), (B.key, written.key, 2)}
    assert reads.response(store.db, failed.key) is None


def test_the_judges_that_compared_are_known_by_benchmark(store):
    assert reads.pair_judges_of(store.db, "demo") == []
    store.save_judge("k", {})
    store.save_preferences(preference(A, B, judge="k"), preference(A, B), run="r")
    store.flush()
    assert reads.pair_judges_of(store.db, "demo") == ["j", "k"]
    assert reads.pair_judges_of(store.db, "other") == []
    assert reads.judges_of(store.db, "demo") == []


@pytest.mark.parametrize(("margin", "order"), [(2, "ab"), (0, "ba"), (None, "ab"), (-1, "ba")])
def test_turning_a_preference_keeps_its_meaning(margin, order):
    given = preference(A, B, margin, order=order)
    turned = given.turned()
    assert (turned.first, turned.second) == (B.key, A.key)
    assert turned.margin == (None if margin is None else -margin)
    shown_first = given.first if given.order == "ab" else given.second
    assert shown_first == (turned.first if turned.order == "ab" else turned.second)
    assert turned.turned() == given
    assert replace(turned, first=A.key, second=B.key, order=order, margin=margin) == given

"""Comparing small stores: what becomes of each verdict, and what a second run still asks."""

from __future__ import annotations

import json
import threading

import pytest
from small_runs import count, filled, numbered, rows, scripted, task

from penmark import pair_session
from penmark.errors import ConfigError
from penmark.evaluate.budget import Budget
from penmark.pair_session import CompareRequest
from penmark.protocols import ModelOptions
from penmark.records import Response
from penmark.session import CallOptions
from penmark.store import Store, reads
from servers import Fault, Faulty, serving


def said(verdict, reason="Because."):
    return json.dumps({"reason": reason, "verdict": verdict})


def request(model, **options):
    how = {name: options.pop(name) for name in ("connections", "max_calls") if name in options}
    where = ModelOptions(base_url=options.pop("url", None), timeout_s=30.0)
    calls = CallOptions(model=where, **how)
    return CompareRequest(bench="small", judge="pairwise", model=model, name="p", calls=calls, **options)


def compare(path, model, *, budget=None, **options):
    with Store(path) as store:
        return pair_session.compare(store, request(model, **options), budget=budget)


def preferences(path):
    """(task id, better-placed writer names, order, repeat) to preference, turned so that the lesser writer is first."""
    found = {}
    with Store(path) as store:
        for task_id, one, other, p in reads.preferences_on(store.db, "small", "p"):
            p, (one, other) = (p, (one, other)) if one < other else (p.turned(), (other, one))
            found[task_id, one, other, p.order, p.repeat] = p
    return found


def margins(path):
    return {key: p.margin for key, p in preferences(path).items()}


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "PENMARK_PRICES"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def two(tmp_path):
    """One task answered by two writers."""
    return filled(tmp_path / "s.db", {"ann": numbered(1, "ann"), "bob": numbered(1, "bob")})


def better(writer, *, over, verdicts=("A>>B", "B>>A")):
    """Rules that prefer one writer's text wherever it stands."""
    first, second = f"# Text A\n\n````\nText 0 by {writer}.", f"# Text B\n\n````\nText 0 by {writer}."
    return {"when": [first, over], "replies": [said(verdicts[0])]}, {"when": [second], "replies": [said(verdicts[1])]}


def test_a_pair_is_asked_in_both_orders_and_each_verdict_is_kept_from_the_same_side(two, tmp_path):
    outcome = compare(two, scripted(tmp_path / "m", *better("bob", over="ann")))
    found = preferences(two)
    assert {(key[3], p.margin, p.status) for key, p in found.items()} == {("ab", -2, "scored"), ("ba", -2, "scored")}
    assert {p.reason for p in found.values()} == {"Because."}
    assert {p.call for p in found.values()} == {key for (key,) in rows(two, "SELECT key FROM calls")}
    assert (outcome.progress.done, outcome.progress.total, outcome.progress.unscored) == (2, 2, 0)


def test_a_judge_that_always_prefers_the_first_contradicts_itself(two, tmp_path):
    compare(two, scripted(tmp_path / "m", {"replies": [said("A>B")]}))
    assert sorted(margins(two).values()) == [-1, 1]


def test_what_cannot_be_read_three_times_has_no_verdict_and_is_asked_again_only_on_request(two, tmp_path):
    rules = [{"when": ["# Text A\n\n````\nText 0 by ann."], "replies": ["A wins."]}, {"replies": [said("A>B")]}]
    outcome = compare(two, scripted(tmp_path / "m", *rules))
    assert outcome.progress.unscored == 1
    assert margins(two) == {("0", "ann", "bob", "ab", 0): None, ("0", "ann", "bob", "ba", 0): -1}
    assert count(two, "calls") == 4
    good = scripted(tmp_path / "m", {"replies": [said("A=B")]})
    kept = compare(two, good)
    assert (kept.progress.kept, kept.progress.unscored, count(two, "calls")) == (2, 1, 4)
    compare(two, good, retry_unscored=True)
    assert margins(two)["0", "ann", "bob", "ab", 0] == 0
    assert count(two, "calls") == 5


def test_an_empty_response_loses_without_a_call_and_two_empty_ones_tie(tmp_path):
    path = filled(tmp_path / "s.db", {"ann": ["Words.", " "], "bob": ["", ""]})
    model = scripted(tmp_path / "m", {"replies": [said("B>>A")]})
    outcome = compare(path, model)
    assert {key[0]: p.margin for key, p in preferences(path).items()} == {"0": 2, "1": 0}
    assert {p.status for p in preferences(path).values()} == {"empty"}
    assert (count(path, "calls"), outcome.progress.done) == (0, 4)


def test_a_text_that_is_missing_is_no_verdict_until_it_is_there(tmp_path):
    path = filled(tmp_path / "s.db", {"ann": ["Words."], "bob": [None]})
    model = scripted(tmp_path / "m", {"replies": [said("A=B")]})
    assert compare(path, model).progress.unscored == 2
    assert {p.status for p in preferences(path).values()} == {"failed"}
    filled(path, {"bob": ["More words."]})
    assert compare(path, model).progress.unscored == 0
    assert list(margins(path).values()) == [0, 0]


def test_repeats_are_asked_anew_and_a_second_run_asks_nothing(two, tmp_path):
    model = scripted(tmp_path / "m", {"replies": [said("A>B"), said("B>A")]})
    compare(two, model, repeats=2)
    assert {key[3:]: m for key, m in margins(two).items()} == {
        ("ab", 0): 1, ("ab", 1): -1, ("ba", 0): -1, ("ba", 1): 1,
    }  # fmt: skip
    again = compare(two, model, repeats=2)
    assert (again.progress.kept, again.progress.calls, count(two, "calls")) == (4, 0, 4)


def test_a_limit_stops_in_order_and_the_next_run_finishes_without_paying_twice(tmp_path):
    path = filled(tmp_path / "s.db", {w: numbered(3, w) for w in ("ann", "bob", "cy")})
    model = scripted(tmp_path / "m", {"replies": [said("A>B")]})
    stopped = compare(path, model, budget=Budget(max_calls=7), connections=1)
    assert "--max-calls 7" in stopped.stopped_by
    assert count(path, "calls") == 7
    assert compare(path, model).stopped_by == ""
    assert (count(path, "calls"), count(path, "preferences"), count(path, "claims")) == (18, 18, 0)
    assert rows(path, "SELECT state FROM runs ORDER BY started_at") == [("interrupted",), ("done",)]


def test_two_processes_share_the_work(tmp_path):
    path = filled(tmp_path / "s.db", {w: numbered(4, w) for w in ("ann", "bob", "cy")})
    with serving(lambda prompt: said("A>B")) as server:
        runs = [
            threading.Thread(target=compare, args=(path, "openai/m"), kwargs={"url": server.base_url}) for _ in range(2)
        ]
        for run in runs:
            run.start()
        for run in runs:
            run.join()
    assert len(server.prompts) == 24
    assert count(path, "preferences") == 24


def test_faults_on_the_way_do_not_become_verdicts(two):
    faults = Faulty({"Text 0 by ann": [Fault(status=500)]}, lambda prompt: said("B>A"))
    with serving(faults) as server:
        compare(two, "openai/m", url=server.base_url)
    assert len(server.prompts) == 4
    assert sorted(margins(two).values()) == [-1, 1]


def test_the_order_is_even_where_the_money_may_run_out_and_by_task_where_not(tmp_path):
    path = filled(tmp_path / "s.db", {w: numbered(5, w) for w in ("ann", "bob", "cy", "dee")})
    with Store(path) as store:
        by_task = pair_session.schedule_of(store, request("scripted/none"))
        assert [p.task for p in by_task] == [task(n).key for n in range(5) for _ in range(6)]
        limited = pair_session.schedule_of(store, request("scripted/none", max_calls=10))
        assert sorted(limited) == sorted(by_task)
        assert len({p.task for p in limited[:3]}) > 1
        assert pair_session.schedule_of(store, request("scripted/none", max_pairs=4, seed=0)) == limited[:4]


def test_perturbed_copies_are_compared_only_where_they_are_named(tmp_path):
    path = filled(tmp_path / "s.db", {w: numbered(1, w) for w in ("ann", "bob", "bob~cut")})
    with Store(path) as store:
        store.save_writer("bob~cut", {"perturbation_of": "bob"})
        store.flush()
        assert len(pair_session.schedule_of(store, request("scripted/none"))) == 1
        assert len(pair_session.schedule_of(store, request("scripted/none", writers=("bob", "bob~cut")))) == 1
        assert len(pair_session.schedule_of(store, request("scripted/none", against=("bob~cut",)))) == 2


def test_an_estimate_counts_the_calls_that_are_missing_and_sends_none(tmp_path):
    path = filled(tmp_path / "s.db", {w: numbered(2, w) for w in ("ann", "bob", "cy")})
    model = scripted(tmp_path / "m", {"replies": [said("A>B")]})
    with Store(path) as store:
        made = pair_session.estimate_comparing(store, request(model, against=("ann",)))
    assert (made.calls, count(path, "preferences")) == (8, 0)
    assert 0 < made.tokens_shared < made.tokens_in
    compare(path, model, against=("ann",))
    with Store(path) as store:
        assert pair_session.estimate_comparing(store, request(model)).calls == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"writers": ("eve",)}, "eve"),
        ({"against": ("eve",)}, "--against"),
        ({"writers": ("ann",)}, "two writers"),
        ({"against": ("ann", "bob", "cy")}, "not compared among"),
        ({"max_pairs": 1}, "cannot connect 3 writers"),
        ({"judge": "length"}, "penmark judge small --judge length"),
        ({"model": None}, "--judge-model"),
    ],
)
def test_what_cannot_be_compared_is_refused_before_anything_is_stored(tmp_path, options, message):
    path = filled(tmp_path / "s.db", {w: numbered(1, w) for w in ("ann", "bob", "cy")})
    model = scripted(tmp_path / "m", {"replies": [said("A>B")]})
    asked = {"bench": "small", "judge": "pairwise", "model": model} | options
    with Store(path) as store, pytest.raises(ConfigError, match=message):
        pair_session.compare(store, CompareRequest(**asked))
    assert (count(path, "runs"), count(path, "judges")) == (0, 0)


def test_writers_without_a_task_in_common_are_refused(tmp_path):
    path = filled(tmp_path / "s.db", {"ann": ["One."], "bob": ["Two."]})
    rows(path, "DELETE FROM responses WHERE writer = 'bob'")
    with Store(path) as store:
        other = task(7)
        store.save_tasks({7: other})
        store.save_responses(Response(task=other.key, writer="bob", text="Seven."))
    with Store(path) as store, pytest.raises(ConfigError, match="same task"):
        pair_session.compare(store, request(scripted(tmp_path / "m", {"replies": [said("A>B")]})))

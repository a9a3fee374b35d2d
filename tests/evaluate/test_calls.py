"""Calls over a faulty network: retried, paced, counted, and never made twice."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest

from penmark.errors import ConfigError, ModelError
from penmark.evaluate.budget import Budget, BudgetReachedError
from penmark.evaluate.calls import MAX_FAULTS, MOST_UNSTORED, Caller, CallId, call_key
from penmark.models import openai
from penmark.protocols import Call, ModelOptions, Prompt, Sampling
from penmark.store import Store
from servers import FakeServer, Fault, Faulty, Said, serving

FIRST = CallId()
Asked = Prompt | tuple[Prompt, CallId]


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "PENMARK_PRICES"):
        monkeypatch.delenv(name, raising=False)


@dataclass(kw_only=True)
class Setup:
    """How calls are made in one test."""

    path: Path
    budget: Budget
    sampling: Sampling = field(default_factory=Sampling)
    connections: int = 8
    timeout_s: float = 20.0
    keeps: bool = True

    def ask(self, server: FakeServer, asked: Sequence[Asked], *, one_by_one: bool = False) -> list[Call | Exception]:
        """What became of each call, all of them asked at once unless they are to wait for one another."""
        return asyncio.run(self._ask(server, asked, one_by_one))

    async def _ask(self, server: FakeServer, asked: Sequence[Asked], one_by_one: bool) -> list[Call | Exception]:
        options = ModelOptions(base_url=server.base_url, timeout_s=self.timeout_s)
        with Store(self.path) as store:
            async with openai.create("m", options) as model:
                caller = Caller(store, model, self.sampling, self.budget, connections=self.connections)
                work = [self._one(store, caller, question) for question in asked]
                if not one_by_one:
                    return await asyncio.gather(*work, return_exceptions=True)
                return [(await asyncio.gather(one, return_exceptions=True))[0] for one in work]

    async def _one(self, store: Store, caller: Caller, asked: Asked) -> Call:
        prompt, call_id = asked if isinstance(asked, tuple) else (asked, FIRST)
        call = await caller.call(prompt, call_id)
        if call.is_new and self.keeps:
            store.save_call(call, run="r")
        return call


@pytest.fixture
def setup(tmp_path):
    return Setup(path=tmp_path / "s.db", budget=Budget())


def prompts(count: int) -> list[Prompt]:
    return [Prompt(f"Prompt {n}.") for n in range(count)]


def fine(prompt: str) -> str:
    return f"Reply to {prompt}"


def soon(status: int) -> Fault:
    return Fault(status=status, retry_after="0.05")


@pytest.mark.parametrize(
    "fault",
    [soon(429), soon(408), soon(409), soon(500), soon(503), soon(529)]
    + [Fault(kind=kind) for kind in ("reset", "cut", "hang", "malformed")],
    ids=lambda fault: str(fault.status) if fault.kind == "status" else fault.kind,
)
def test_a_call_that_fails_on_the_way_is_sent_again_and_counted(setup, fault):
    setup.timeout_s = 0.3
    with serving(Faulty({"": [fault]}, fine)) as server:
        (call,) = setup.ask(server, prompts(1))
    assert call.reply.text == "Reply to Prompt 0."
    assert len(server.prompts) == setup.budget.calls == 2


def test_some_faulty_calls_leave_all_others_as_they_are(setup):
    faults = {"Prompt 3.": [soon(500), soon(503)], "Prompt 5.": [soon(429)], "Prompt 7.": [Fault(kind="reset")]}
    with serving(Faulty(faults, fine)) as server:
        calls = setup.ask(server, prompts(20))
    assert [call.reply.text for call in calls] == [f"Reply to Prompt {n}." for n in range(20)]
    assert len(server.prompts) == setup.budget.calls == 24
    assert server.most_open <= 8


@pytest.mark.parametrize("status", [429, 500])
def test_the_next_try_comes_no_sooner_than_the_endpoint_asked(setup, status):
    with serving(Faulty({"": [Fault(status=status, retry_after="0.4")]}, fine)) as server:
        setup.ask(server, prompts(1))
    first, second = server.times
    assert 0.4 <= second - first < 2


def test_a_date_to_wait_for_is_waited_for(setup):
    until = int(time.time() + 1.3)
    date = format_datetime(datetime.fromtimestamp(until, UTC), usegmt=True)
    with serving(Faulty({"": [Fault(status=503, retry_after=date)]}, fine)) as server:
        offset = time.time() - time.monotonic()
        setup.ask(server, prompts(1))
    assert server.times[1] + offset >= until - 0.02


@pytest.mark.parametrize("retry_after", ["0", "Sat, 01 Jan 2000 00:00:00 GMT"])
def test_an_endpoint_that_asks_for_no_pause_gets_the_usual_one(setup, retry_after):
    with serving(Faulty({"": [Fault(status=500, retry_after=retry_after)]}, fine)) as server:
        setup.ask(server, prompts(1))
    assert server.times[1] - server.times[0] >= 0.25


def test_an_endpoint_that_asks_for_hours_ends_the_run(setup):
    with serving(Faulty({"": [Fault(status=429, retry_after="7200")]}, fine)) as server:
        (error,) = setup.ask(server, prompts(1))
    assert (error.scope, len(server.prompts)) == ("run", 1)
    assert "7200 s" in str(error)


def test_a_call_that_keeps_failing_is_given_up_and_only_that_call(setup):
    broken = [Fault(status=500, retry_after="0.02")] * 20
    with serving(Faulty({"Prompt 1.": broken}, fine)) as server:
        good, bad = setup.ask(server, prompts(2))
    assert good.reply.text == "Reply to Prompt 0."
    assert (bad.scope, bad.status) == ("call", 500)
    assert f"given up after {MAX_FAULTS} tries" in str(bad)
    assert server.prompts.count("Prompt 1.") == MAX_FAULTS


@pytest.mark.parametrize(("status", "scope"), [(400, "call"), (413, "call"), (401, "run"), (404, "run")])
def test_what_no_retry_can_mend_is_sent_once(setup, status, scope):
    with serving(Faulty({"": [Fault(status=status)] * 5}, fine)) as server:
        (error,) = setup.ask(server, prompts(1))
    assert (error.scope, error.status, len(server.prompts)) == (scope, status, 1)


def test_fifty_calls_refused_for_good_with_none_gone_through_end_the_run(setup):
    with serving(lambda prompt: (400, {"error": {"message": "no"}})) as server:
        errors = setup.ask(server, prompts(50), one_by_one=True)
    assert [error.scope for error in errors] == ["call"] * 49 + ["run"]
    assert len(server.prompts) == 50


def test_where_a_call_went_through_a_run_of_refusals_must_be_longer(setup):
    with serving(Faulty({"Prompt 0.": []} | {"": [Fault(status=400)]}, fine)) as server:
        first, *errors = setup.ask(server, prompts(201), one_by_one=True)
    assert first.is_new
    assert [error.scope for error in errors] == ["call"] * 199 + ["run"]


def test_a_stored_call_is_not_sent_again(setup):
    with serving(fine) as server:
        (first,) = setup.ask(server, prompts(1))
        (second,) = setup.ask(server, prompts(1))
    assert len(server.prompts) == setup.budget.calls == 1
    assert (first.is_new, second.is_new) == (True, False)
    assert (second.key, second.reply.text) == (first.key, first.reply.text)


def test_two_servers_that_give_one_name_to_different_models_each_answer_for_themselves(setup):
    with serving(lambda prompt: "one") as server, serving(lambda prompt: "other") as second:
        replies = [setup.ask(asked, prompts(1))[0].reply.text for asked in (server, second, server)]
    assert replies == ["one", "other", "one"]
    assert (len(server.prompts), len(second.prompts)) == (1, 1)


def test_calls_under_way_are_joined(setup):
    with serving(lambda prompt: Said(text="once", after_s=0.05)) as server:
        calls = setup.ask(server, prompts(1) * 5)
    assert len(server.prompts) == 1
    assert sorted(call.is_new for call in calls) == [False] * 4 + [True]
    assert {call.reply.text for call in calls} == {"once"}


def test_a_finished_call_that_the_store_has_not_yet_is_not_sent_again(setup):
    setup.keeps = False
    with serving(fine) as server:
        calls = setup.ask(server, prompts(1) * 3, one_by_one=True)
    assert len(server.prompts) == 1
    assert [call.is_new for call in calls] == [True, False, False]


def test_who_joined_a_call_shares_its_failure_and_may_ask_again(setup):
    with serving(Faulty({"Prompt 0.": [Fault(status=400)]}, fine)) as server:
        both = setup.ask(server, prompts(1) * 2)
        (again,) = setup.ask(server, prompts(1))
    assert [type(error) for error in both] == [ModelError, ModelError]
    assert again.reply.text == "Reply to Prompt 0."
    assert len(server.prompts) == 2


def test_the_key_of_a_call_does_not_depend_on_how_its_prompt_is_split():
    whole = call_key("m", Prompt("shared tail", system="s"), "{}", FIRST)
    assert call_key("m", Prompt("tail", shared="shared ", system="s"), "{}", FIRST) == whole
    assert call_key("m", Prompt("shared tail", system="s "), "{}", FIRST) != whole
    assert call_key("m", Prompt("sshared tail"), "{}", FIRST) != whole


def test_another_repeat_attempt_sampling_or_model_is_another_call():
    asked = [
        call_key(model, Prompt("p"), settings, call)
        for model in ("m", "n")
        for settings in ("{}", '{"seed": 1}')
        for call in (CallId(0, 0), CallId(0, 1), CallId(1, 0), CallId(11, 0), CallId(1, 10))
    ]
    assert len(set(asked)) == len(asked)


def test_the_seed_varies_with_the_repeat_and_the_attempt(setup):
    setup.sampling = Sampling(seed=7)
    with serving(fine) as server:
        setup.ask(server, [(Prompt("p"), call) for call in (CallId(0, 0), CallId(0, 1), CallId(1, 0), CallId(1, 2))])
    assert sorted(body["seed"] for body in server.bodies) == [7, 8, 1007, 1009]
    with serving(fine) as server:
        replace(setup, sampling=Sampling()).ask(server, [(Prompt("p"), CallId(1, 0))])
    assert "seed" not in server.bodies[0]


@pytest.mark.parametrize("connections", [1, 4, 32])
def test_max_calls_counts_retries_and_holds_at_any_number_of_connections(setup, connections):
    setup.budget, setup.connections = Budget(max_calls=13), connections
    with serving(Faulty({"": [soon(500)]}, fine)) as server:
        ended = setup.ask(server, prompts(40))
    assert len(server.prompts) == setup.budget.calls == 13
    assert {type(one) for one in ended} <= {Call, BudgetReachedError}
    assert any("--max-calls 13 is reached" in str(one) for one in ended)


def test_max_tokens_stops_when_that_many_are_reported(setup):
    setup.budget = Budget(max_tokens=40)
    said = Said(text="r", usage={"prompt_tokens": 10, "completion_tokens": 5})
    with serving(lambda prompt: said) as server:
        ended = setup.ask(server, prompts(10), one_by_one=True)
    assert [type(one) for one in ended] == [Call] * 3 + [BudgetReachedError] * 7
    assert (setup.budget.tokens_in, setup.budget.tokens_out, len(server.prompts)) == (30, 15, 3)


def priced(tmp_path, monkeypatch) -> Budget:
    """A dollar a token, and ten dollars to spend."""
    table = tmp_path / "prices.toml"
    table.write_text('[models]\n"openai/m" = { input = 1e6, cached = 5e5, output = 1e6 }\n', encoding="utf-8")
    monkeypatch.setenv("PENMARK_PRICES", str(table))
    return Budget(max_cost_usd=10)


def test_max_cost_is_passed_by_no_more_than_what_was_in_flight(setup, tmp_path, monkeypatch):
    setup.budget, setup.connections = priced(tmp_path, monkeypatch), 4
    usage = {"prompt_tokens": 4, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 2}}
    with serving(lambda prompt: Said(text="r", usage=usage, after_s=0.02)) as server:
        ended = setup.ask(server, prompts(30))
    made = [one for one in ended if isinstance(one, Call)]
    assert {call.cost_usd for call in made} == {4.0}
    assert setup.budget.cost_usd == 4.0 * len(made) == 4.0 * len(server.prompts)
    assert 10 <= setup.budget.cost_usd <= 10 + 4 * 4.0
    assert any("--max-cost 10 is reached" in str(one) for one in ended)


@pytest.mark.parametrize("limit", ["--max-cost", "--max-tokens"])
def test_a_limit_stops_a_run_whose_endpoint_does_not_report_what_it_counts(setup, tmp_path, monkeypatch, limit):
    setup.budget = priced(tmp_path, monkeypatch) if limit == "--max-cost" else Budget(max_tokens=1000)
    with serving(lambda prompt: Said(text="r", usage={})) as server:
        _, error, *_ = setup.ask(server, prompts(5), one_by_one=True)
    assert f"does not report tokens, so {limit} cannot hold" in str(error)
    assert len(server.prompts) == 1


def test_an_unknown_price_with_a_limit_on_money_is_an_error_before_anything_is_sent(setup):
    setup.budget = Budget(max_cost_usd=1.0)
    with serving(fine) as server, pytest.raises(ConfigError, match="the price of openai/m is not known"):
        setup.ask(server, prompts(1))
    assert server.prompts == []


def test_without_a_limit_an_unknown_price_is_no_obstacle(setup):
    with serving(fine) as server:
        (call,) = setup.ask(server, prompts(1))
    assert call.cost_usd is None
    assert (setup.budget.unpriced, setup.budget.cost_usd) == (1, 0.0)


def test_a_closed_budget_lets_no_retry_through(setup):
    async def close() -> None:
        await asyncio.sleep(0.2)
        setup.budget.close("interrupted")

    async def both(server: FakeServer) -> list[Call | Exception]:
        ended, _ = await asyncio.gather(setup._ask(server, prompts(3), False), close())
        return ended

    with serving(Faulty({"": [Fault(status=500, retry_after="0.5")]}, fine)) as server:
        ended = asyncio.run(both(server))
    assert [str(error) for error in ended] == ["interrupted"] * 3
    assert len(server.prompts) == 3


def _hold_lock(path: Path, seconds: float, released_at: list[float]) -> threading.Thread:
    """A thread that has the database's write lock by now, and lets go of it after so many seconds."""
    holder = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")

    def let_go() -> None:
        time.sleep(seconds)
        released_at.append(time.monotonic())
        holder.execute("COMMIT")
        holder.close()

    thread = threading.Thread(target=let_go)
    thread.start()
    return thread


def test_nothing_more_is_sent_while_the_disk_is_far_behind(setup):
    """A disk that stalls must not fill the memory, and a kill must not lose more than it would otherwise."""
    Store(setup.path).close()
    released_at: list[float] = []
    with serving(fine) as server:
        holder = _hold_lock(setup.path, 2.0, released_at)
        calls = setup.ask(server, prompts(2 * MOST_UNSTORED))
        holder.join()
        early = sum(at < released_at[0] for at in server.times)
    assert MOST_UNSTORED / 2 < early <= MOST_UNSTORED + setup.connections + 1
    assert all(isinstance(call, Call) for call in calls)
    assert len(server.prompts) == 2 * MOST_UNSTORED

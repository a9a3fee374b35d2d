"""Several processes on one store: who may work on what, and for how long."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass

import pytest
from small_runs import count, filled, judge, numbered, rows

from penmark.evaluate.budget import Budget
from penmark.evaluate.sharing import Sharing
from penmark.store import Store
from penmark.store.claims import EXPIRES_AFTER_S
from servers import serving, verdict


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "PENMARK_PRICES"):
        monkeypatch.delenv(name, raising=False)


@dataclass(frozen=True)
class Piece:
    claim: str


@pytest.fixture
def path(tmp_path):
    return filled(tmp_path / "s.db", {"w": numbered(2)})


def pieces(count: int) -> list[Piece]:
    return [Piece(f"piece {n}") for n in range(count)]


def claim(path, key: str, owner: str, seconds: float) -> None:
    rows(path, f"INSERT INTO claims VALUES ('{key}', '{owner}', {time.time() + seconds})")


def owner_here(pid: int) -> str:
    return f"{socket.gethostname()}:{pid}:aa"


def dead_pid() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


class Worker:
    """One claimant: does its pieces one after another."""

    def __init__(self, path, done: Counter[str]) -> None:
        self.path = path
        self.done = done
        self.own: list[str] = []

    async def work(self, works: list[Piece], *, at_once: int = 4, seconds: float = 0.0) -> list[str]:
        with Store(self.path) as store:
            sharing = Sharing(store)
            async with sharing.renewing():
                async for piece in sharing.claimed(works, is_done=lambda p: bool(self.done[p.claim]), at_once=at_once):
                    if not self.done[piece.claim]:
                        await asyncio.sleep(seconds)
                        self.done[piece.claim] += 1
                        self.own.append(piece.claim)
                    sharing.release(piece)
        return self.own


def alone(path, works: list[Piece], done: Counter[str] | None = None) -> list[str]:
    return asyncio.run(asyncio.wait_for(Worker(path, done or Counter()).work(works), 10))


@pytest.mark.parametrize("workers", [2, 4])
def test_every_piece_is_done_once_and_all_have_a_share(path, workers):
    done: Counter[str] = Counter()

    async def both() -> list[list[str]]:
        return await asyncio.gather(*(Worker(path, done).work(pieces(40), seconds=0.005) for _ in range(workers)))

    shares = asyncio.run(asyncio.wait_for(both(), 20))
    assert done == Counter({piece.claim: 1 for piece in pieces(40)})
    assert min(map(len, shares)) >= 40 // workers // 3
    assert count(path, "claims") == 0


def test_what_is_done_is_left_out(path):
    done = Counter({"piece 0": 1, "piece 2": 1})
    assert alone(path, pieces(4), done) == ["piece 1", "piece 3"]


def test_no_more_is_claimed_than_can_be_worked_on_and_less_towards_the_end(path):
    claimed: list[int] = []

    async def work() -> None:
        with Store(path) as store:
            sharing = Sharing(store)
            async with sharing.renewing():
                async for piece in sharing.claimed(pieces(40), is_done=lambda p: False, at_once=4):
                    claimed.append(count(path, "claims"))
                    sharing.release(piece)
                    store.flush()

    asyncio.run(work())
    assert max(claimed) == 4
    assert claimed[-8:] == [1] * 8


def test_the_claims_of_a_process_that_is_gone_are_taken_over_at_once(path):
    claim(path, "piece 0", owner_here(dead_pid()), seconds=3600)
    began = time.monotonic()
    assert alone(path, pieces(3)) == ["piece 0", "piece 1", "piece 2"]
    assert time.monotonic() - began < 3


def test_the_claim_of_a_process_that_dies_while_others_wait_is_taken_over(path):
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    claim(path, "piece 0", owner_here(child.pid), seconds=3600)

    async def work() -> list[str]:
        worker = asyncio.create_task(Worker(path, Counter()).work(pieces(2)))
        await asyncio.sleep(0.4)
        assert not worker.done()
        child.kill()
        child.wait()
        return await asyncio.wait_for(worker, 5)

    assert asyncio.run(work()) == ["piece 1", "piece 0"]
    child.stdin.close()


@pytest.mark.parametrize("owner", ["another.host:1:aa", "", "ipv6::1:7:aa"])
def test_claims_of_another_host_stand_until_they_run_out(path, owner):
    until = time.monotonic() + 0.6  # At the earliest: the claim is made a moment after this.
    claim(path, "piece 0", owner or owner_here(os.getpid()), seconds=0.6)
    assert alone(path, pieces(2)) == ["piece 1", "piece 0"]
    assert time.monotonic() >= until


def test_renewing_prolongs_ones_own_claims_and_no_others(path):
    with Store(path) as store:
        assert store.claim(["a", "b"], "me:1:aa").result(5) == {"a", "b"}
        assert store.claim(["b", "c"], "you:1:aa").result(5) == {"c"}
        rows(path, "UPDATE claims SET expires_at = expires_at - 50")
        store.renew_claims("me:1:aa")
        store.flush()
    left = {key: at - time.time() for key, at in rows(path, "SELECT key, expires_at FROM claims")}
    assert left["a"] == pytest.approx(EXPIRES_AFTER_S, abs=5)
    assert left["c"] == pytest.approx(EXPIRES_AFTER_S - 50, abs=5)


def test_ones_own_claim_may_be_made_again(path):
    with Store(path) as store:
        assert store.claim(["a"], "me:1:aa").result(5) == {"a"}
        assert store.claim(["a"], "me:1:aa").result(5) == {"a"}


def test_a_failure_lets_go_of_all_claims(path):
    async def work() -> None:
        with Store(path) as store:
            sharing = Sharing(store)
            async with sharing.renewing():
                async for _ in sharing.claimed(pieces(40), is_done=lambda p: False, at_once=4):
                    raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        asyncio.run(work())
    assert count(path, "claims") == 0


def test_a_run_that_its_budget_stops_does_not_wait_for_what_others_do(path):
    (key,) = rows(path, "SELECT responses.key FROM responses JOIN tasks ON tasks.key = task WHERE position = 0")[0]
    claim(path, f"judge:j:{key}:0", "another.host:1:aa", seconds=8)
    began = time.monotonic()
    with serving(lambda prompt: verdict(7)) as server:
        outcome = judge(path, "openai/m", url=server.base_url, budget=Budget(max_calls=2))
    assert outcome.stopped_by == "--max-calls 2 is reached"
    assert time.monotonic() - began < 5
    assert rows(path, "SELECT owner FROM claims") == [("another.host:1:aa",)]

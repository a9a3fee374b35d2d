"""The limiter finds what an endpoint can bear, against simulated endpoints on the real clock."""

from __future__ import annotations

import asyncio
import itertools
import time

from penmark.evaluate.limiter import Limiter


class CappedEndpoint:
    """Lets `rate` calls a second through, with a bucket of `burst`; refuses the rest at once."""

    def __init__(self, rate: float, burst: float, latency_s: float) -> None:
        self.rate, self.burst, self.latency_s = rate, burst, latency_s
        self.tokens, self.at = burst, time.monotonic()
        self.accepted: list[float] = []
        self.refused: list[float] = []

    async def call(self) -> bool:
        now = time.monotonic()
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens < 1:
            self.refused.append(now)
            return False
        self.tokens -= 1
        self.accepted.append(now)
        await asyncio.sleep(self.latency_s)
        return True


async def work(limiter: Limiter, endpoint: CappedEndpoint, until: float, retry_after_s: float | None) -> None:
    while time.monotonic() < until:
        async with limiter as started_at:
            if await endpoint.call():
                limiter.succeeded()
                continue
            limiter.throttled(started_at, retry_after_s)
        await asyncio.sleep(retry_after_s or 0.1)


def drive(endpoint: CappedEndpoint, limiter: Limiter, seconds: float, retry_after_s: float | None) -> None:
    async def run() -> None:
        until = time.monotonic() + seconds
        await asyncio.gather(*(work(limiter, endpoint, until, retry_after_s) for _ in range(limiter.most)))

    asyncio.run(run())


def _settled_shares(endpoint: CappedEndpoint, seconds: float, retry_after_s: float) -> tuple[float, float]:
    """(share of the cap used, refused calls for each accepted one), once the pace is found, which takes 2 s."""
    began = time.monotonic()
    drive(endpoint, Limiter(64), seconds, retry_after_s)
    late = [at for at in endpoint.accepted if at > began + 2]
    refused_late = [at for at in endpoint.refused if at > began + 2]
    return len(late) / (endpoint.rate * (endpoint.accepted[-1] - began - 2)), len(refused_late) / len(late)


def test_a_capped_endpoint_is_used_to_its_cap_and_seldom_refuses() -> None:
    # A machine busy with other things may be slow once or twice.
    shares = (_settled_shares(CappedEndpoint(200, burst=40, latency_s=0.02), 6, 0.3) for _ in range(3))
    assert any(used > 0.85 and refused < 0.05 for used, refused in shares)


def test_a_first_burst_that_is_refused_twice_does_not_leave_the_pace_low() -> None:
    shares = (_settled_shares(CappedEndpoint(50, burst=50, latency_s=0.05), 5, 1.0) for _ in range(3))
    assert any(used > 0.88 for used, _ in shares)


def test_without_a_refusal_all_places_are_used_and_nothing_is_paced() -> None:
    endpoint = CappedEndpoint(rate=1e9, burst=1e9, latency_s=0.05)
    limiter = Limiter(20)
    drive(endpoint, limiter, seconds=0.5, retry_after_s=None)
    assert limiter.pace is None
    assert limiter.bound == 20
    assert len(endpoint.accepted) > 20 * 0.5 / 0.05 * 0.5


def refuse(limiter: Limiter, *, sent: int, refused: int, retry_after_s: float | None = None) -> None:
    """Have so many calls sent at once, of which so many are refused."""

    async def run() -> None:
        starts = [await limiter.__aenter__() for _ in range(sent)]
        for started_at in starts[:refused]:
            limiter.throttled(started_at, retry_after_s)
        for _ in range(refused, sent):
            limiter.succeeded()
        for _ in starts:
            await limiter.__aexit__(None, None, None)

    asyncio.run(run())


def test_one_cut_for_all_calls_sent_before_it() -> None:
    limiter = Limiter(64)
    refuse(limiter, sent=64, refused=40)
    assert limiter.pace is not None
    assert 40 < limiter.pace < 60  # Cut once, when the share was seen: to what 64 calls less the refused ones come to.
    assert 40 < limiter.bound < 64


def test_a_few_refusals_at_random_change_nothing() -> None:
    limiter = Limiter(300)
    refuse(limiter, sent=300, refused=15)
    assert limiter.pace is None
    assert limiter.bound == 300


def test_in_an_outage_retry_after_holds_back_every_call() -> None:
    starts: list[float] = []

    async def refused(limiter: Limiter) -> None:
        async with limiter as started_at:
            starts.append(started_at)
            limiter.throttled(started_at, 0.5)

    async def run() -> None:
        limiter = Limiter(64)
        await asyncio.gather(*(refused(limiter) for _ in range(24)))

    asyncio.run(run())
    gaps = [later - earlier for earlier, later in itertools.pairwise(starts)]
    assert [position for position, gap in enumerate(gaps, start=1) if gap > 0.4] == [20]  # Enough to be sure by then.


def test_never_more_in_flight_than_asked_for() -> None:
    most = 0

    async def one(limiter: Limiter) -> None:
        nonlocal most
        async with limiter:
            most = max(most, limiter.in_flight)
            await asyncio.sleep(0.01)
            limiter.succeeded()

    async def run() -> None:
        limiter = Limiter(5)
        await asyncio.gather(*(one(limiter) for _ in range(40)))
        assert limiter.in_flight == 0

    asyncio.run(run())
    assert most == 5


def test_a_cancelled_wait_gives_its_place_back() -> None:
    async def run() -> int:
        limiter = Limiter(1)
        async with limiter:
            waiting = asyncio.create_task(limiter.__aenter__())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        async with limiter:
            return limiter.in_flight

    assert asyncio.run(asyncio.wait_for(run(), 2)) == 1

"""How fast one endpoint is called: a bound on the calls in flight and, once it refuses too many, a pace.

Both follow additive increase, multiplicative decrease. The pace is cut to what the endpoint let through, so that
one cut is enough where the refusals come from calling too fast. Where they go on all the same they have
another cause, and are put up with: the share that stays becomes the share that is expected.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from types import TracebackType

FEW_CALLS = 20  # fewer than this tell nothing
SOME_CALLS = 40
ENOUGH_CALLS = 100
MANY_CALLS = 200
MEMORY_CALLS = 400  # calls that count at least; at twice as many the older half is let go
OUTAGE = 0.9  # refused share of the calls at which Retry-After holds every call back
OVERLOAD = 0.2  # refused share of few calls above which a pace is set
TROUBLE = 0.08  # the same of many calls
TOLERATED = 0.02  # refused share that is put up with once there is a pace
CUT = 0.97  # of what was let through
LEAST_LEFT = 0.5  # of the pace, by one cut
GUESS_S = 1.0  # a pace set sooner than this after the first call is a guess, as is one set in an outage
SLOW_START = 1.5  # growth per second of a pace that is a guess
MOST_PROBING = 0.02  # growth per second at most
RECOVERY = 1.1  # growth per second below what was let through last
PROBING = 0.005  # growth per second above it; more the longer there was no cut, up to MOST_PROBING
LASTING = 0.75  # of the refused share before a cut: when so much is left, the cut was not what was needed
SAME = 1.05  # a pace within this factor of the one it was cut to is still that pace
SLOWEST = 1.0  # calls per second
LONGEST_NAP_S = 0.1


class Limiter:
    """The limit of one endpoint. Enter it around each call, then say how the call went.

    Attributes:
        most: calls in flight that were asked for.
        bound: calls in flight that are allowed now.
        pace: calls per second that are allowed now; None as long as the endpoint bears them all.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.bound = float(most)
        self.pace: float | None = None
        self.in_flight = 0
        self._began_at: float | None = None
        self._sent = self._refused = 0  # since `_since`, at the latest since the last cut
        self._since = self._cut_at = self._grown_at = self._resume_at = self._started_at = 0.0
        self._cut_share = self._expected_share = self._let_through = self._cut_pace = 0.0
        self._is_guess = False
        self._guess_until = math.inf  # the pace up to which a guess grows fast
        self._is_paced = False
        self._turn = asyncio.Lock()
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def __aenter__(self) -> float:
        """Wait for a place and the moment to go; gives the time the call starts at, for `throttled`."""
        await self._take_place()
        try:
            await self._wait_for_turn()
        except BaseException:
            self._leave()
            raise
        now = time.monotonic()
        self._sent += 1
        if self._sent > 2 * MEMORY_CALLS:  # The older half is let go.
            self._sent, self._refused, self._since = self._sent // 2, self._refused // 2, (self._since + now) / 2
        return now

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def succeeded(self) -> None:
        """A call went through."""
        self.bound = min(float(self.most), self.bound + 1 / self.bound)
        if self.pace is not None and self._is_paced:
            self._grow(time.monotonic(), self.pace)

    def throttled(self, started_at: float, retry_after_s: float | None) -> None:
        """The endpoint refused a call that started at this time.

        Calls sent before the last cut cannot tell whether it was enough, so they do not count.
        """
        if started_at < self._cut_at:
            return
        now = time.monotonic()
        self._refused += 1
        share = min(1.0, self._refused / max(1, self._sent))
        if not self._is_too_much(share):
            return
        if retry_after_s and share >= OUTAGE:
            self._resume_at = max(self._resume_at, now + retry_after_s)
        self._cut(now, share)

    def _is_too_much(self, share: float) -> bool:
        """Whether so many calls are refused that a cut is due."""
        if self.pace is None:
            return (self._sent >= FEW_CALLS and share > OVERLOAD) or (self._sent >= MANY_CALLS and share > TROUBLE)
        if self._sent < (FEW_CALLS if self._is_guess else SOME_CALLS):
            return False
        if self._sent >= ENOUGH_CALLS and self._cut_share:
            if not self._is_guess and share > LASTING * self._cut_share and self.pace < SAME * self._cut_pace:
                self._expected_share = max(self._expected_share, min(share, self._cut_share))
            self._cut_share = 0.0  # What a cut changed is seen once, when enough calls have been sent after it.
        return share > TOLERATED + 2 * self._expected_share

    def _cut(self, now: float, share: float) -> None:
        """Go down to what was let through."""
        is_early = now - (self._began_at or now) < GUESS_S
        before = self.pace or math.inf
        self._let_through = max(1 - share, LEAST_LEFT) * (self.pace or self._sent / max(GUESS_S, now - self._since))
        self._is_guess = share >= OUTAGE or is_early
        self.pace = self._cut_pace = max(SLOWEST, CUT * self._let_through)
        # Two guesses that were cut: the truth is as likely above as below their middle. An outage says nothing of it.
        self._guess_until = math.inf if share >= OUTAGE else (before + self.pace) / 2
        self.bound = max(1.0, CUT * max(1 - share, LEAST_LEFT) * self.bound)
        self._cut_share = share
        self._cut_at = self._grown_at = now
        self._sent = self._refused = 0
        self._since = now

    def _grow(self, now: float, pace: float) -> None:
        """Let the pace grow: fast while it is a guess, then quickly to what was let through, then slowly on."""
        elapsed_s = min(1.0, now - max(self._grown_at, self._resume_at))
        if elapsed_s <= 0:
            return
        self._grown_at = now
        self._is_guess = self._is_guess and pace < self._guess_until
        probing = 1 + min(MOST_PROBING, PROBING * (1 + (now - self._cut_at) / 3) ** 1.5)
        factor = SLOW_START if self._is_guess else RECOVERY if pace < CUT * self._let_through else probing
        self.pace = pace * factor**elapsed_s

    async def _take_place(self) -> None:
        while self.in_flight >= int(self.bound):
            place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(place)
            await place
        self.in_flight += 1

    async def _wait_for_turn(self) -> None:
        """Wait while the endpoint wants to be left alone and, when there is a pace, for one's turn in it."""
        if self._began_at is None:
            self._began_at = self._since = time.monotonic()
        if self.pace is None and self._resume_at == 0.0:
            return
        async with self._turn:
            while (pause_s := self._pause_s(time.monotonic())) > 0:
                await asyncio.sleep(min(pause_s, LONGEST_NAP_S))  # The pace may grow meanwhile.
            now = time.monotonic()
            # A turn taken late is made up for, up to one nap's worth, so that slow timers do not slow the pace.
            self._started_at = max(self._started_at + 1 / (self.pace or 1e9), now - LONGEST_NAP_S)

    def _pause_s(self, now: float) -> float:
        turn_at = self._started_at + 1 / self.pace if self.pace else now
        self._is_paced = turn_at > now
        return max(turn_at, self._resume_at) - now

    def _leave(self) -> None:
        self.in_flight -= 1
        free = int(self.bound) - self.in_flight
        while free > 0 and self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                free -= 1

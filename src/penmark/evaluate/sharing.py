"""Several processes on one store: each claims a little work at a time, and nobody pays twice."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from penmark.store import Store
from penmark.store.claims import RENEW_EVERY_S, new_owner

POLL_S = 0.05  # how often work that others claimed is looked at
LOOKING_SHARE = 0.1  # of the time, at most, that may go into looking


class Work(Protocol):
    """A piece of work: one scoring of one response, or one task to write."""

    @property
    def claim(self) -> str:
        """Names this work in the store."""
        ...


W = TypeVar("W", bound=Work)


class Sharing:
    """This process's claims on a store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.owner = new_owner()

    @contextlib.asynccontextmanager
    async def renewing(self) -> AsyncIterator[None]:
        """Keep the claims alive inside the block, and let go of all of them after it."""
        self.store.release_dead_claims()
        task = asyncio.create_task(self._renew())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            self.store.release_claims(self.owner)

    async def claimed(self, works: Sequence[W], *, is_done: Callable[[W], bool], at_once: int) -> AsyncIterator[W]:
        """The work that is this process's to do, one piece after another; as `claimed_together` gives it."""
        async for chunk in self.claimed_together(works, is_done=is_done, at_once=at_once):
            for work in chunk:
                yield work

    async def claimed_together(
        self, works: Sequence[W], *, is_done: Callable[[W], bool], at_once: int, at_least: int = 1
    ) -> AsyncIterator[list[W]]:
        """The work that is this process's to do; comes to its end when all of it is done, by whomever.

        Args:
            works: all the work there is.
            is_done: whether the store holds its result.
            at_once: most pieces to claim together; fewer towards the end, so that others get their share.
            at_least: fewest pieces to claim together as long as there are so many.
        """
        others: list[W] = []
        chunks = _chunks(works, is_done, at_once, at_least)
        coming = self._claiming(next(chunks, []))
        try:
            while chunk := (await coming)[0]:
                mine = coming.result()[1]
                coming = self._claiming(next(chunks, []))  # Asked for while this chunk is worked on.
                others += [work for work in chunk if work.claim not in mine]
                yield [work for work in chunk if work.claim in mine]
        finally:
            coming.cancel()
        looked_s = 0.0
        while others:
            await asyncio.sleep(max(POLL_S, looked_s / LOOKING_SHARE))
            began = time.monotonic()
            self.store.release_dead_claims()
            others = [work for work in others if not is_done(work)]
            looked_s = time.monotonic() - began
            mine = await self._take(others[:at_once])
            yield [work for work in others if work.claim in mine]
            others = [work for work in others if work.claim not in mine]

    def release(self, work: Work) -> None:
        """Let go of work whose result is queued for the store."""
        self.store.release([work.claim], self.owner)

    def _claiming(self, chunk: list[W]) -> asyncio.Task[tuple[list[W], set[str]]]:
        async def claim() -> tuple[list[W], set[str]]:
            return chunk, await self._take(chunk)

        return asyncio.create_task(claim())

    async def _take(self, works: Sequence[Work]) -> set[str]:
        if not works:
            return set()
        return await asyncio.wrap_future(self.store.claim([work.claim for work in works], self.owner))

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY_S)
            self.store.renew_claims(self.owner)


def _chunks(works: Sequence[W], is_done: Callable[[W], bool], at_once: int, at_least: int) -> Iterator[list[W]]:
    """The work not done yet, in pieces that shrink towards the end."""
    chunk: list[W] = []
    for position, work in enumerate(works):
        if is_done(work):
            continue
        chunk.append(work)
        if len(chunk) >= min(at_once, max(at_least, (len(works) - position) // 8)):
            yield chunk
            chunk = []
    if chunk:
        yield chunk

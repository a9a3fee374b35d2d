"""One paid call: from the store when it was made before, else sent, retried through faults and counted."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from penmark.errors import ConfigError, ModelError
from penmark.evaluate.budget import Budget
from penmark.evaluate.limiter import Limiter
from penmark.models.prices import load_prices
from penmark.protocols import Call, Model, Prompt, Reply, Sampling
from penmark.store import Store, reads

MAX_FAULTS = 8  # failures of one call, other than throttling, before it is given up
MAX_THROTTLED = 20
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 60.0
LONGEST_RETRY_AFTER_S = 600.0  # an endpoint that wants to be left alone for longer ends the run
HOPELESS = 50  # calls refused in a row, none having gone through, before the run is given up
UNREACHABLE_WEIGHT = 5  # a call given up after many tries counts as so many
MOST_UNSTORED = 250  # finished calls that wait for the disk before nothing more is sent
DISK_POLL_S = 0.005
LONGEST_HOLD_S = 5.0  # then it is sent all the same, since whoever asks may not store anything at all
THROTTLED_STATUS = frozenset({429, 503, 529})


@dataclass(frozen=True, slots=True)
class CallId:
    """Which asking this is: the n-th repeat and, within it, the n-th attempt to get a readable reply."""

    repeat: int = 0
    attempt: int = 0


def call_key(model: str, prompt: Prompt, settings: str, call: CallId) -> str:
    """Content key of a call: the same call to the same model is made once, in every run and on every machine.

    Args:
        model: the model's id, and the endpoint where that says more: two servers may give one name to different models.
        prompt: how it is split does not count.
        settings: the sampling as JSON.
        call: which repeat and attempt.
    """
    digest = _begun(model, settings, prompt.system, prompt.shared).copy()
    digest.update(prompt.tail.encode("utf-8", "surrogatepass"))
    digest.update(b"\0%d.%d" % (call.repeat, call.attempt))
    return digest.hexdigest()


@lru_cache(maxsize=16)  # Siblings are sent together; more would hold long prompts for nothing.
def _begun(model: str, settings: str, system: str, shared: str) -> hashlib.blake2b:
    """The digest up to the end of what sibling calls share, which is hashed once for all of them."""
    digest = hashlib.blake2b(digest_size=16)
    for part in (model, settings, system):
        data = part.encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(data))
        digest.update(data)
    digest.update(shared.encode("utf-8", "surrogatepass"))
    return digest


class Caller:
    """Makes the calls of one run to one model with one sampling."""

    def __init__(self, store: Store, model: Model, sampling: Sampling, budget: Budget, *, connections: int) -> None:
        """Nothing is sent yet.

        Raises:
            ConfigError: when money is limited and the model's price is not known.
        """
        self.store = store
        self.model = model
        self.sampling = _fitted(sampling, model.max_output_tokens)
        self.budget = budget
        self.limiter = Limiter(min(connections, model.max_parallel or connections))
        self._asked = model.id if model.endpoint == model.id else f"{model.id} at {model.endpoint.rstrip('/')}"
        self._settings = json.dumps(self.sampling.given(), sort_keys=True)
        self._price = load_prices().price(model.id)
        self._open: dict[str, asyncio.Future[Call]] = {}  # Under way, or finished but not yet in the store.
        self._finished: deque[str] = deque()
        self._went_through = self._failed_since = 0
        if self._price is None and budget.max_cost_usd is not None:
            raise ConfigError(
                f"the price of {model.id} is not known, so --max-cost cannot hold; "
                "put it in a file named by PENMARK_PRICES (see models/prices.toml), or use --max-calls or --max-tokens"
            )

    async def call(self, prompt: Prompt, call: CallId, *, schema: Mapping[str, object] | None = None) -> Call:
        """A finished call; one that the store has, or that is under way, is not made again.

        Raises:
            ModelError: when it could not be had.
            BudgetReachedError: when it may not be sent.
        """
        key = call_key(self._asked, prompt, self._settings, call)
        self._let_go()
        if key in self._open:
            return replace(await asyncio.shield(self._open[key]), is_new=False)
        stored = reads.call(self.store.db, key)
        if stored is not None:
            return Call(key, self.model.id, stored, None, is_new=False)
        answer = self._open[key] = asyncio.get_running_loop().create_future()
        answer.add_done_callback(_look_at)
        try:
            made = await self._made(key, prompt, call, schema)
        except BaseException as error:
            del self._open[key]
            answer.set_exception(error) if isinstance(error, Exception) else answer.cancel()
            raise
        self._finished.append(key)
        answer.set_result(made)
        return made

    async def _keep_up(self) -> None:
        """Hold back while the disk is far behind: what is not stored yet takes memory, and a kill loses it."""
        give_up_at = time.monotonic() + LONGEST_HOLD_S
        while len(self._finished) > MOST_UNSTORED and time.monotonic() < give_up_at:
            await asyncio.sleep(DISK_POLL_S)
            self._let_go()

    def _let_go(self) -> None:
        """Forget the finished calls that can be read from the store by now."""
        while self._finished and reads.has_call(self.store.db, self._finished[0]):
            del self._open[self._finished.popleft()]

    def has(self, prompt: Prompt, call: CallId) -> bool:
        """Whether the store has this call."""
        return reads.has_call(self.store.db, call_key(self._asked, prompt, self._settings, call))

    async def _made(self, key: str, prompt: Prompt, call: CallId, schema: Mapping[str, object] | None) -> Call:
        sampling = self.sampling
        if sampling.seed is not None:
            sampling = replace(sampling, seed=sampling.seed + 1000 * call.repeat + call.attempt)
        reply = await self._sent(prompt, sampling, schema)
        made = Call(key, self.model.id, reply, self._price.cost_usd(reply) if self._price else None, is_new=True)
        self.budget.add(made)
        return made

    async def _sent(self, prompt: Prompt, sampling: Sampling, schema: Mapping[str, object] | None) -> Reply:
        faults = throttled = 0
        while True:
            async with self.limiter as started_at:
                await self._keep_up()
                self.budget.spend_call()
                try:
                    reply = await self.model.complete(prompt, sampling, schema=schema)
                except ModelError as error:
                    failure = error
                else:
                    self.limiter.succeeded()
                    self._went_through += 1
                    self._failed_since = 0
                    return reply
                if failure.status in THROTTLED_STATUS:
                    throttled += 1
                    self.limiter.throttled(started_at, failure.retry_after_s)
                else:
                    faults += 1
            if (failure.retry_after_s or 0.0) > LONGEST_RETRY_AFTER_S:
                raise ModelError(f"{failure}; it asks to wait {failure.retry_after_s:.0f} s: go on later", scope="run")
            if failure.scope != "attempt" or faults >= MAX_FAULTS or throttled >= MAX_THROTTLED:
                raise self._given_up(failure, faults + throttled)
            await asyncio.sleep(_pause_s(faults + throttled, failure.retry_after_s))

    def _given_up(self, error: ModelError, tries: int) -> ModelError:
        """The error to end a call with; the whole run's when calls fail one after another."""
        if error.scope == "run":
            return error
        text = f"{error} (given up after {tries} tries)" if tries > 1 else str(error)
        self._failed_since += UNREACHABLE_WEIGHT if tries > 1 else 1
        is_hopeless = self._failed_since >= (HOPELESS if not self._went_through else 4 * HOPELESS)
        return ModelError(text, scope="run" if is_hopeless else "call", status=error.status)


def _fitted(sampling: Sampling, most: int | None) -> Sampling:
    """The sampling with its output cap lowered to what the model can do."""
    if most is None or (sampling.max_tokens or most + 1) <= most:
        return sampling
    return replace(sampling, max_tokens=most)


def _pause_s(failures: int, retry_after_s: float | None) -> float:
    """Seconds to wait before the next try: what the endpoint asked for, else doubling; with jitter.

    An endpoint that asks for no seconds at all, or for a time that has passed, has not said how long.
    """
    if retry_after_s:
        return retry_after_s * random.uniform(1.0, 1.1)
    return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** (failures - 1)) * random.uniform(0.5, 1.0)


def _look_at(answer: asyncio.Future[Call]) -> None:
    """Take notice of a failure nobody else waits for, so that asyncio does not complain."""
    if not answer.cancelled():
        answer.exception()

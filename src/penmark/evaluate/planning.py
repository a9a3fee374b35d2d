"""What a judge settles once a task: asked once, by one process, and shared by all responses to the task."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

from penmark.evaluate.asking import Ask, ask_until_read
from penmark.evaluate.estimate import prompt_tokens
from penmark.evaluate.sharing import POLL_S, Sharing
from penmark.protocols import PlanQuestion
from penmark.records import PlanRecord, Task
from penmark.store import reads

if TYPE_CHECKING:
    from penmark.evaluate.judging import Judging

MOST_HELD = 1000  # plans kept at hand; older ones are read from the store again
Key = tuple[str, int]  # the task's key and the repeat


class Planning:
    """The plans of one run of a judge."""

    def __init__(self, judging: Judging, sharing: Sharing) -> None:
        self._judging = judging
        self._sharing = sharing
        self._open: dict[Key, asyncio.Future[PlanRecord]] = {}

    def stored(self, key: Key) -> PlanRecord | None:
        """The plan that stands: the store's, unless it is to be asked again."""
        record = reads.plan(self._judging.store.db, self._judging.plan.judge_name, *key)
        if record is None or record.status == "failed":
            return None
        return record if record.plan is not None or not self._judging.plan.retry_unscored else None

    async def settled(self, key: Key, question: PlanQuestion) -> PlanRecord:
        """The plan, from whoever asks for it first; one without a plan says why.

        Raises:
            ModelError: scope "run", when no call can work.
            BudgetReachedError: when the call may not be sent.
        """
        if key in self._open:
            return await asyncio.shield(self._open[key])
        answer = self._open[key] = asyncio.get_running_loop().create_future()
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            record = await self._settle(key, question)
        except BaseException as error:
            del self._open[key]
            answer.set_exception(error) if isinstance(error, Exception) else answer.cancel()
            raise
        answer.set_result(record)
        self._forget_old()
        return record

    def size(self, key: Key, task: Task) -> Iterator[tuple[int, int]]:
        """(estimated prompt tokens, 0) of the call that is missing, if one is."""
        question = self._judging.plan.judge.plan(task)
        if question is not None and self.stored(key) is None:
            yield prompt_tokens(question.prompt), 0

    async def _settle(self, key: Key, question: PlanQuestion) -> PlanRecord:
        claim = f"plan:{self._judging.plan.judge_name}:{key[0]}:{key[1]}"
        store, owner = self._judging.store, self._sharing.owner
        while (record := self.stored(key)) is None:
            if await asyncio.wrap_future(store.claim([claim], owner)):
                record = self.stored(key) or await self._ask(key, question)  # Stored since, or ours to ask.
                store.release([claim], owner)
                break
            await asyncio.sleep(POLL_S)  # Another process is asking.
            store.release_dead_claims()
        return record

    async def _ask(self, key: Key, question: PlanQuestion) -> PlanRecord:
        task, repeat = key
        ask = Ask(
            prompt=question.prompt,
            read=lambda reply: question.read(reply.text),
            schema=question.schema,
            schema_again=question.schema_again,
            repeat=repeat,
            afresh=self._judging.plan.retry_unscored,
        )
        answer = await ask_until_read(self._judging.caller, self._judging.ledger, ask)
        record = PlanRecord(
            judge=self._judging.plan.judge_name,
            task=task,
            repeat=repeat,
            plan=answer.value,
            status="scored" if answer.status == "read" else answer.status,
            reason=answer.reason,
            call=answer.call.key if answer.call else None,
        )
        self._judging.ledger.keep_plan(record, answer.call)
        return record

    def _forget_old(self) -> None:
        for key in list(self._open)[:-MOST_HELD]:
            if self._open[key].done():
                del self._open[key]

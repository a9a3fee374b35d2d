"""Have a model write a benchmark's tasks: one call a task, every response in the store as soon as it is there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from typing import Literal

from penmark.errors import ModelError
from penmark.evaluate.budget import Budget
from penmark.evaluate.calls import Caller, CallId
from penmark.evaluate.engine import Engine, Job
from penmark.evaluate.ledger import Ledger
from penmark.evaluate.progress import Progress
from penmark.evaluate.provenance import new_run, writer_spec
from penmark.evaluate.sharing import Sharing
from penmark.models.reply import strip_thinking
from penmark.protocols import Call, Model, Prompt, Sampling
from penmark.records import Response, Task
from penmark.store import Store, reads


@dataclass(frozen=True, kw_only=True)
class WritingPlan:
    """What to write.

    Attributes:
        tasks: (position in the benchmark, task).
        revision: of the benchmark, for the run's record.
        writer: the name the responses are kept under.
        connections: most calls in flight.
        prompt: what the writer is given for a task; the task's own prompt where nothing else is said.
        extra_spec: what else makes this writer itself in the store.
    """

    tasks: Sequence[tuple[int, Task]]
    revision: str
    writer: str
    model: Model
    sampling: Sampling
    connections: int
    prompt: Callable[[Task], str] = attrgetter("prompt")
    extra_spec: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Writing:
    """One task to write."""

    position: int
    task: Task
    claim: str


class Writing:
    """One run of a writer over tasks; what the store already holds is not written again.

    Attributes:
        progress: where the run stands.
    """

    def __init__(self, store: Store, plan: WritingPlan, budget: Budget) -> None:
        """Compare the plan with the store.

        Raises:
            ConfigError: when the writer's name stands for something else there.
        """
        self.store = store
        self.plan = plan
        spec = {**writer_spec(plan.model.id, plan.sampling), **plan.extra_spec}
        store.check_name("writers", plan.writer, spec)
        self.progress = Progress(unit="responses", total=len(plan.tasks), budget=budget)
        bench = plan.tasks[0][1].bench if plan.tasks else ""
        about = {"bench": bench, "revision": plan.revision, "writer": plan.writer}
        run = new_run("write", {**about, "endpoint": plan.model.endpoint, **spec})
        self._ledger = Ledger(store, run, begin=lambda: store.save_writer(plan.writer, spec))
        self._caller = Caller(store, plan.model, plan.sampling, budget, connections=plan.connections)
        self._sharing = Sharing(store)

    async def run(self) -> str:
        """Write what is missing; gives back why it ended early, "" when it did not.

        Raises:
            ModelError: scope "run", when no call can work.
        """
        engine = Engine(connections=self._caller.limiter.most, on_stop=self.progress.budget.close)
        with self._ledger.ending(engine):
            async with self._sharing.renewing():
                await engine.run(self._jobs())
        return engine.stopped_by

    async def _jobs(self) -> AsyncIterator[Job]:
        works = [_Writing(p, task, f"write:{self.plan.writer}:{task.key}") for p, task in self.plan.tasks]
        mine = self._sharing.claimed(works, is_done=self._is_done, at_once=self.plan.connections)
        async for work in mine:
            if self._is_done(work):  # Finished elsewhere between the look and the claim.
                self._sharing.release(work)
            else:
                yield Job([partial(self._write, work)])

    def _is_done(self, work: _Writing) -> bool:
        there = any(r.text is not None for r in reads.responses_to(self.store.db, work.task.key, self.plan.writer))
        self.progress.kept += there
        return there

    async def _write(self, work: _Writing) -> None:
        try:
            call = await self._caller.call(Prompt(self.plan.prompt(work.task)), CallId())
        except ModelError as error:
            if error.scope == "run":
                raise
            self._keep(work, self._response(work.task, None, str(error)))
            self.progress.miss(str(error))
        else:
            cut = "cut off at the longest output allowed" if call.reply.finish_reason == "length" else ""
            self._keep(work, self._response(work.task, strip_thinking(call.reply.text), cut, call.key), call)
        self.progress.done += 1

    def _keep(self, work: _Writing, response: Response, call: Call | None = None) -> None:
        self.store.save_tasks({work.position: work.task})
        if call is not None and call.is_new:
            self._ledger.keep_call(call, response=response)
        else:
            self._ledger.keep_response(response)
        self._sharing.release(work)

    def _response(self, task: Task, text: str | None, detail: str, call: str | None = None) -> Response:
        status: Literal["failed", "written"] = "failed" if text is None else "written"
        return Response(task=task.key, writer=self.plan.writer, text=text, status=status, detail=detail, call=call)

"""One question to a model about each of many tasks: what all builders with a model share.

A reply that cannot be read is asked for again; a task without a usable reply after three is listed as failed and left
out, never filled in. Equal questions are asked once. Every call is kept in the store, so a second run is free.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from functools import partial
from typing import Generic, TypeVar

from penmark.evaluate.asking import Answer, Ask, ask_until_read
from penmark.evaluate.budget import Budget
from penmark.evaluate.calls import Caller
from penmark.evaluate.engine import Engine, Job
from penmark.evaluate.ledger import Ledger
from penmark.evaluate.progress import Progress
from penmark.evaluate.provenance import new_run
from penmark.protocols import Model, Prompt, Sampling
from penmark.records import Task
from penmark.store import Store

T = TypeVar("T")
Watch = Callable[[str, Progress], AbstractContextManager[object]]  # shows a progress under a label while it lasts


@dataclass(frozen=True, kw_only=True)
class TaskQuestions(Generic[T]):
    """What to ask about each task, and of which model.

    Attributes:
        what: is made of the replies, for the run's record.
        source: the benchmark or file the tasks come from, for the run's record.
        prompt: the question about a task.
        prompt_hash: of the texts the prompts are made from.
        read: what a reply to the question about a task gives; raises VerdictError when it gives nothing.
        schema: JSON schema of a good reply, for models that can be held to one.
        connections: most calls in flight.
        unit: what a task is called where progress is shown.
    """

    what: str
    source: str
    tasks: Sequence[Task]
    prompt: Callable[[Task], Prompt]
    prompt_hash: str
    read: Callable[[str, Task], T]
    schema: Mapping[str, object] | None
    model: Model
    sampling: Sampling
    connections: int = 32
    unit: str = "queries"

    def spec(self) -> dict[str, object]:
        """What the run's record says of it."""
        return {
            "what": self.what,
            "bench": self.source,
            "model": self.model.id,
            "sampling": asdict(self.sampling),
            "prompt_hash": self.prompt_hash,
        }


class TaskAnswers(Generic[T]):
    """One run of a model over tasks; a call that the store has is not made again.

    Attributes:
        progress: where the run stands; it counts equal questions once.
    """

    def __init__(self, store: Store, questions: TaskQuestions[T], budget: Budget) -> None:
        """Plan the calls; nothing is sent or stored yet."""
        self.questions = questions
        self._prompts = [questions.prompt(task) for task in questions.tasks]
        self._answers: dict[Prompt, Answer[T]] = {}
        self.progress = Progress(unit=questions.unit, total=len(set(self._prompts)), budget=budget)
        self._ledger = Ledger(store, new_run("write", questions.spec()), begin=lambda: None)
        self._caller = Caller(store, questions.model, questions.sampling, budget, connections=questions.connections)

    async def run(self) -> str:
        """Make what is missing; gives back why it ended early, "" when it did not.

        Raises:
            ModelError: scope "run", when no call can work.
        """
        engine = Engine(connections=self._caller.limiter.most, on_stop=self.progress.budget.close)
        with self._ledger.ending(engine):
            await engine.run(self._jobs())
        return engine.stopped_by

    def made(self) -> Iterator[tuple[Task, T]]:
        """(task, what was read for it) as far as it could be had, in the order of the tasks."""
        for task, answer in self._answered():
            if answer.value is not None:
                yield task, answer.value

    def failed(self) -> Iterator[tuple[Task, str]]:
        """(task, why there is nothing for it), in the order of the tasks."""
        for task, answer in self._answered():
            if answer.value is None:
                yield task, answer.reason

    def _answered(self) -> Iterator[tuple[Task, Answer[T]]]:
        for task, prompt in zip(self.questions.tasks, self._prompts, strict=True):
            if prompt in self._answers:
                yield task, self._answers[prompt]

    async def _jobs(self) -> AsyncIterator[Job]:
        tasks = {prompt: task for task, prompt in zip(self.questions.tasks, self._prompts, strict=True)}
        for prompt, task in tasks.items():
            yield Job([partial(self._make, prompt, task)])

    async def _make(self, prompt: Prompt, task: Task) -> None:
        read = self.questions.read
        ask = Ask(prompt=prompt, read=lambda reply: read(reply.text, task), schema=self.questions.schema)
        answer = await ask_until_read(self._caller, self._ledger, ask)
        is_new = answer.call is None or answer.call.is_new
        if answer.call is not None and is_new:
            self._ledger.keep_call(answer.call)
        self._answers[prompt] = answer
        self.progress.done += is_new
        self.progress.kept += not is_new
        self.progress.unscored += answer.value is None

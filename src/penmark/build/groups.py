"""Groups of responses of known order, by requirement dropout: constraints for each seed, then its responses.

Five requirements are added to each seed query by a model; five responses are written, to the query with all of them
and with one to four dropped. What is dropped is drawn with the seed, so a second run continues the first.

Source: From Coarse to Fine (WEval), section 3.1; SPEC section 3.
Differs: what is dropped is nested; see `requirements.dropout`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from penmark.build.constraints import CONSTRAINTS, constraint_questions
from penmark.build.per_task import TaskAnswers, Watch
from penmark.errors import ConfigError
from penmark.evaluate.budget import Budget
from penmark.evaluate.imports import ids_of_others
from penmark.evaluate.progress import Progress
from penmark.evaluate.writing import Writing, WritingPlan
from penmark.protocols import Model, Sampling
from penmark.records import Requirement, Task, content_key
from penmark.requirements.dropout import group_task, nested, writer_name, written_to
from penmark.store import Store

# Source: WritingBench, section on generation; the WEval paper names no sampling for its responses.
WRITING = Sampling(temperature=0.7, top_p=0.8, top_k=20, max_tokens=16_000)


@dataclass(frozen=True, kw_only=True)
class GroupPlan:
    """What to make groups from, with what.

    Attributes:
        seeds: the queries that requirements are added to.
        source: where they come from, for the run's record.
        bench: the benchmark to keep the groups as.
        model: makes the requirements.
        writer: writes the responses.
        asking: how the requirements are sampled.
        writing: how the responses are.
        seed: of the dropout.
        connections: most calls in flight.
    """

    seeds: Sequence[Task]
    source: str
    bench: str
    model: Model
    writer: Model
    asking: Sampling
    writing: Sampling
    seed: int = 0
    connections: int = 32


class GroupBuilding:
    """One run over seeds; what the store has is neither asked for nor written again.

    Attributes:
        constraints: the requirements, as far as they could be had.
        groups: the tasks of the groups, once there are requirements.
        written: progress of the responses with 0, 1, ... requirements dropped, as far as they were begun.
    """

    def __init__(self, store: Store, plan: GroupPlan, budget: Budget) -> None:
        """Plan the calls; nothing is sent or stored yet."""
        self.store = store
        self.plan = plan
        self.budget = budget
        questions = constraint_questions(plan.seeds, plan.source, plan.model, plan.asking, plan.connections)
        self.constraints = TaskAnswers(store, questions, budget)
        self.groups: list[Task] = []
        self.written: list[Progress] = []

    async def run(self, watch: Watch) -> str:
        """Make what is missing; gives back why it ended early, "" when it did not.

        Args:
            watch: shows a progress under a label while it lasts.

        Raises:
            ConfigError: when the benchmark's name stands for other groups in the store.
            ModelError: scope "run", when no call can work.
        """
        async with self.plan.model:
            await self.plan.model.check()
            with watch(f"requirements by {self.plan.model.id}", self.constraints.progress):
                stopped = await self.constraints.run()
        if stopped:
            return stopped
        self.groups = [make_group(self.plan, seed, found) for seed, found in self.constraints.made()]
        check_groups(self.store, self.plan.bench, self.groups)
        async with self.plan.writer:
            await self.plan.writer.check()
            return await self._write(watch)

    async def _write(self, watch: Watch) -> str:
        for number in range(CONSTRAINTS if self.groups else 0):
            writing = Writing(self.store, self._writing_plan(number), self.budget)
            self.written.append(writing.progress)
            with watch(f"responses, {number} of {CONSTRAINTS} requirements dropped", writing.progress):
                stopped = await writing.run()
            if stopped:
                return stopped
        return ""

    def _writing_plan(self, number: int) -> WritingPlan:
        writer = writer_name(self.plan.bench, number)
        return WritingPlan(
            tasks=list(enumerate(self.groups)),
            revision=content_key([task.key for task in self.groups]),
            writer=writer,
            model=self.plan.writer,
            sampling=self.plan.writing,
            connections=self.plan.connections,
            prompt=partial(written_to, writer=writer),
            extra_spec={"requirements_dropped": number},
        )


def make_group(plan: GroupPlan, seed: Task, requirements: Sequence[Requirement]) -> Task:
    """The task of a seed's group, with what each response is written without."""
    places = nested(len(requirements), plan.seed, seed.prompt)
    dropped = {writer_name(plan.bench, len(without)): without for without in places}
    return group_task(seed, plan.bench, requirements, dropped)


def check_groups(store: Store, bench: str, groups: Sequence[Task]) -> None:
    """Nothing where the groups can stand beside what the store has of the benchmark.

    Raises:
        ConfigError: when it has other groups under the same ids.
    """
    if other := ids_of_others(store, bench, groups):
        raise ConfigError(
            f"{store.path} holds other groups of {bench!r} for {other}: made by another model, "
            "from other seeds or with another --dropout-seed; give these a name of their own with --bench NAME, or "
            "pass another --db"
        )

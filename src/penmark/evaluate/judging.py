"""Have a judge score responses: plan what is missing, ask, read, roll up, and keep every judgment.

For each response: leaves that need no model are measured, the others asked for (first one, then its
siblings), and the inner nodes follow by arithmetic when all leaves are in.
"""

from __future__ import annotations

import asyncio
from array import array
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, overload

from penmark.errors import DataError
from penmark.evaluate.budget import Budget
from penmark.evaluate.calls import Caller
from penmark.evaluate.engine import Engine, Job
from penmark.evaluate.ledger import Ledger
from penmark.evaluate.planning import Planning
from penmark.evaluate.progress import Progress
from penmark.evaluate.provenance import judge_spec, new_run
from penmark.evaluate.scoring import Round, Scoring, why_unplanned
from penmark.evaluate.sharing import Sharing
from penmark.protocols import Judge, MeasuresMany, Model, Sampling
from penmark.records import Judgment, Task
from penmark.store import Store, reads

KEY_BYTES = 16  # of a content key
MEASURED_AT_ONCE = 256  # rounds to claim together where no model is asked: each takes less time than a claim
MEASURED_TOGETHER = 64  # rounds to claim and measure together by a judge that is faster so


@dataclass(frozen=True, kw_only=True)
class JudgingPlan:
    """What to judge, with what.

    Attributes:
        judge_name: the name the judgments are kept under.
        model: None for judges that need none.
        writers: only their responses; all when empty.
        limit: only the first so many tasks.
        responses: keys of the only responses to score; all when None.
        repeats: how often each response is scored.
        score: "integer" as the reply says, or "expected" over the alternatives of its score tokens.
        partial: whether inner nodes make do with the scored children.
        retry_unscored: ask again for what an earlier run could not read.
    """

    bench: str
    judge: Judge
    judge_name: str
    model: Model | None
    sampling: Sampling
    writers: Sequence[str] = ()
    limit: int | None = None
    responses: frozenset[str] | None = None
    repeats: int = 1
    score: Literal["integer", "expected"] = "integer"
    partial: bool = False
    retry_unscored: bool = False
    connections: int = 32

    def spec(self) -> dict[str, object]:
        """What makes this judge itself in the store."""
        spec = judge_spec(self.judge, self.model.id if self.model else None, self.sampling)
        return {**spec, "score": self.score, "partial": self.partial}


class Judging:
    """One run of a judge over responses; what the store already holds is not asked again.

    Attributes:
        progress: where the run stands.
    """

    def __init__(self, store: Store, plan: JudgingPlan, budget: Budget) -> None:
        """Compare the plan with the store.

        Raises:
            ConfigError: when the judge's name stands for something else there.
            DataError: when a task lacks what the judge needs, or none has anything that it can score.
        """
        self.store = store
        self.plan = plan
        spec = plan.spec()
        store.check_name("judges", plan.judge_name, spec)
        leaves: dict[str, int] = {}
        found = reads.response_keys(store.db, plan.bench, plan.writers, plan.limit)
        keys = ((task, key) for task, key in found if plan.responses is None or key in plan.responses)
        self._responses = _Responses(self._scorable(keys, leaves))
        check_scorable(plan.judge, plan.bench, leaves.values())
        scorings = sum(leaves[task] * count for task, count in self._responses.counts().items())
        left_out = sum(not count for count in leaves.values())
        self.progress = Progress(unit="scorings", total=plan.repeats * scorings, left_out=left_out, budget=budget)
        about = {"bench": plan.bench, "judge_name": plan.judge_name, "writers": [*plan.writers]}
        run = new_run("judge", {**about, "endpoint": plan.model.endpoint if plan.model else None, **spec})
        self._ledger = Ledger(store, run, begin=lambda: store.save_judge(plan.judge_name, spec))
        self._caller = self._make_caller(budget)
        self._sharing = Sharing(store)
        self.planning = Planning(self, self._sharing)
        self._task: tuple[str, Task] | None = None  # the task at hand and its key

    async def run(self) -> str:
        """Judge what is missing; gives back why it ended early, "" when it did not.

        Raises:
            ModelError: scope "run", when no call can work.
        """
        connections = self._caller.limiter.most if self._caller else 1
        engine = Engine(connections=connections, on_stop=self.progress.budget.close)
        with self._ledger.ending(engine):
            async with self._sharing.renewing():
                await engine.run(self._jobs(connections if self._caller else MEASURED_AT_ONCE))
        return engine.stopped_by

    def question_sizes(self) -> Iterator[tuple[int, int]]:
        """(estimated prompt tokens, of them shared with an earlier sibling) of every call that is missing."""
        planned: set[tuple[str, int]] = set()
        for work in self._rounds():
            scoring = self._scoring(work)
            if scoring is None:
                continue
            if (key := (work.task, work.repeat)) not in planned:
                planned.add(key)
                yield from self.planning.size(key, scoring.task)
            yield from scoring.question_sizes()

    def _make_caller(self, budget: Budget) -> Caller | None:
        plan = self.plan
        if plan.model is None:
            return None
        sampling = plan.sampling
        return Caller(self.store, plan.model, sampling, budget, connections=plan.connections)

    def _scorable(self, keys: Iterable[tuple[str, str]], leaves: dict[str, int]) -> Iterator[tuple[str, str]]:
        """The keys of tasks that have a leaf; the number of each task's leaves is put into `leaves`."""
        for task_key, response_key in keys:
            if task_key not in leaves:
                rubric = self.plan.judge.rubric(reads.task(self.store.db, task_key))
                leaves[task_key] = sum(1 for _ in rubric.leaves())
            if leaves[task_key]:
                yield task_key, response_key

    def _rounds(self) -> Sequence[Round]:
        return _Rounds(self._responses, self.plan.repeats, self.plan.judge_name)

    async def _jobs(self, at_once: int) -> AsyncIterator[Job]:
        if isinstance(self.plan.judge, MeasuresMany):
            async for job in self._jobs_measured_together(self.plan.judge):
                yield job
            return
        async for work in self._sharing.claimed(self._rounds(), is_done=self._is_done, at_once=at_once):
            scoring = self._scoring(work)
            if scoring is None:
                self._leave(work)
            else:
                yield scoring.job(release=self._sharing.release)

    async def _jobs_measured_together(self, judge: MeasuresMany) -> AsyncIterator[Job]:
        many = MEASURED_TOGETHER
        rounds = self._sharing.claimed_together(self._rounds(), is_done=self._is_done, at_once=many, at_least=many)
        async for works in rounds:
            found = [(work, self._scoring(work)) for work in works]
            with_text = [s for _, s in found if s is not None and s.response.text is not None]
            items = [(s.task, s.response) for s in with_text]
            # In a thread, so that claims are renewed meanwhile.
            for measured, verdicts in zip(with_text, await asyncio.to_thread(judge.measure_all, items), strict=True):
                measured.measured = verdicts
            for work, scoring in found:
                if scoring is None:
                    self._leave(work)
                else:
                    yield scoring.job(release=self._sharing.release)

    def _leave(self, work: Round) -> None:
        """Let go of what was finished elsewhere between the look and the claim."""
        self._sharing.release(work)
        self._is_done(work)

    def _is_done(self, work: Round) -> bool:
        """Whether the store holds all of it; it is then counted as kept."""
        stored = self._stored(work)
        if not self._is_complete(stored):
            return False
        leaves = [j for j in stored if j.read_as != "sum"]
        self._count_kept(leaves)
        if reason := why_unplanned(stored):
            self.progress.miss(reason, sum(j.score is not None for j in leaves))
        return True

    def _count_kept(self, leaves: Sequence[Judgment]) -> None:
        self.progress.kept += len(leaves)
        for judgment in leaves:
            if judgment.score is None:
                self.progress.miss(judgment.reason)

    def _scoring(self, work: Round) -> Scoring | None:
        """What is missing of one round; None when nothing is."""
        stored = self._stored(work)
        if self._is_complete(stored):
            return None
        if self._task is None or self._task[0] != work.task:
            self._task = (work.task, reads.task(self.store.db, work.task))
        response = reads.response(self.store.db, work.response)
        if response is None:  # Another process has put a written text in the place of a failed one.
            return None
        final = [j for j in stored if j.read_as != "sum" and self._is_final(j)]
        self._count_kept(final)
        return Scoring(self, work, self._task[1], response, {j.node: j.score for j in final})

    def _stored(self, work: Round) -> list[Judgment]:
        return reads.judgments(self.store.db, work.response, self.plan.judge_name, work.repeat)

    def _is_complete(self, stored: Sequence[Judgment]) -> bool:
        is_leaf_or_root = (j for j in stored if j.read_as != "sum" or j.node == "")
        return any(j.node == "" for j in stored) and all(map(self._is_final, is_leaf_or_root))

    def _is_final(self, judgment: Judgment) -> bool:
        """Whether it stands: scores do; an unreadable verdict does too unless it is to be asked again."""
        if judgment.status == "failed":
            return False
        return judgment.score is not None or not self.plan.retry_unscored

    @property
    def ledger(self) -> Ledger:
        """Where judgments are kept."""
        return self._ledger

    @property
    def caller(self) -> Caller:
        """What makes the calls; only judges with questions need one, and those always have a model."""
        assert self._caller is not None
        return self._caller


class _Responses:
    """(task key, response key) of every response to judge, in 20 bytes each: there may be hundreds of thousands."""

    def __init__(self, keys: Iterable[tuple[str, str]]) -> None:
        self._tasks: list[str] = []
        self._task_of = array("I")
        self._keys = bytearray()
        for task, key in keys:
            if not self._tasks or self._tasks[-1] != task:
                self._tasks.append(task)
            self._task_of.append(len(self._tasks) - 1)
            self._keys += bytes.fromhex(key)

    def __len__(self) -> int:
        return len(self._task_of)

    def __getitem__(self, index: int) -> tuple[str, str]:
        key = self._keys[index * KEY_BYTES : (index + 1) * KEY_BYTES].hex()
        return self._tasks[self._task_of[index]], key

    def counts(self) -> dict[str, int]:
        """Number of responses by task key, in order."""
        counted = Counter(self._task_of)
        return {task: counted[number] for number, task in enumerate(self._tasks)}


def check_scorable(judge: Judge, bench: str, leaves: Collection[int]) -> None:
    """Nothing, where a task has a leaf; tasks without one are left out.

    Raises:
        DataError: when there are tasks and none has one.
    """
    if leaves and not any(leaves):
        raise DataError(
            f"{judge.card.id} has nothing to score in any of the {len(leaves)} tasks of {bench}: none demands what it "
            f"looks for; see `penmark judges info {judge.card.id}`, or judge with `--judge constraints`"
        )


class _Rounds(Sequence[Round]):
    """Every round there is, made when asked for: tens of thousands need not be held at once."""

    def __init__(self, responses: _Responses, repeats: int, judge: str) -> None:
        self._responses = responses
        self._repeats = repeats
        self._judge = judge

    def __len__(self) -> int:
        return len(self._responses) * self._repeats

    @overload
    def __getitem__(self, index: int) -> Round: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Round]: ...
    def __getitem__(self, index: int | slice) -> Round | Sequence[Round]:
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(len(self)))]
        if index >= len(self):
            raise IndexError(index)
        task, response = self._responses[index // self._repeats]
        return Round(task, response, index % self._repeats, self._judge)

"""Have a judge compare responses in pairs: ask in both orders what is missing, read, and keep every verdict.

What asking, paying, claiming and resuming mean is as in judging; a piece of work here is one pair of responses.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from penmark.errors import VerdictError
from penmark.evaluate.asking import Ask, ask_until_read
from penmark.evaluate.budget import Budget
from penmark.evaluate.calls import Caller, CallId
from penmark.evaluate.engine import Engine, Job
from penmark.evaluate.estimate import sizes
from penmark.evaluate.ledger import Ledger
from penmark.evaluate.pairing import Pair
from penmark.evaluate.progress import Progress
from penmark.evaluate.provenance import judge_spec, new_run
from penmark.evaluate.sharing import Sharing
from penmark.protocols import MARGIN, Call, Model, PairJudge, Question, Reply, Sampling
from penmark.records import Preference, Response, Status, Task
from penmark.store import Store, reads

Order = Literal["ab", "ba"]
ORDERS: tuple[Order, Order] = ("ab", "ba")
MUCH_BETTER = 2  # the margin over an empty response


@dataclass(frozen=True, kw_only=True)
class ComparingPlan:
    """What to compare, with what.

    Attributes:
        judge_name: the name the preferences are kept under.
        pairs: in the order in which to compare them.
        repeats: how often each pair is compared in each order.
        retry_unscored: ask again for what an earlier run could not read.
    """

    bench: str
    judge: PairJudge
    judge_name: str
    model: Model
    sampling: Sampling
    pairs: Sequence[Pair]
    repeats: int = 1
    retry_unscored: bool = False
    connections: int = 32

    def spec(self) -> dict[str, object]:
        """What makes this judge itself in the store; "orders" says that a pair needs a verdict in both."""
        return {**judge_spec(self.judge, self.model.id, self.sampling), "orders": "both"}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison to do: which two responses, by which judge, the how-manieth time."""

    pair: Pair
    repeat: int
    judge: str

    @property
    def claim(self) -> str:
        """Names this work in the store."""
        return f"compare:{self.judge}:{self.pair.first}:{self.pair.second}:{self.repeat}"


class Comparing:
    """One run of a judge over pairs of responses; what the store already holds is not asked again.

    Attributes:
        progress: where the run stands; it counts verdicts, two for each comparison.
    """

    def __init__(self, store: Store, plan: ComparingPlan, budget: Budget) -> None:
        """Compare the plan with the store.

        Raises:
            ConfigError: when the judge's name stands for something else there.
        """
        self.store = store
        self.plan = plan
        spec = plan.spec()
        store.check_name("judges", plan.judge_name, spec)
        self.progress = Progress(unit="verdicts", total=len(ORDERS) * len(plan.pairs) * plan.repeats, budget=budget)
        about = {"bench": plan.bench, "judge_name": plan.judge_name, "pairs": len(plan.pairs)}
        run = new_run("judge", {**about, "endpoint": plan.model.endpoint, **spec})
        self.ledger = Ledger(store, run, begin=lambda: store.save_judge(plan.judge_name, spec))
        self.caller = Caller(store, plan.model, plan.sampling, budget, connections=plan.connections)
        self._sharing = Sharing(store)
        self._task: Task | None = None  # the task at hand

    async def run(self) -> str:
        """Compare what is missing; gives back why it ended early, "" when it did not.

        Raises:
            ModelError: scope "run", when no call can work.
        """
        connections = self.caller.limiter.most
        engine = Engine(connections=connections, on_stop=self.progress.budget.close)
        with self.ledger.ending(engine):
            async with self._sharing.renewing():
                await engine.run(self._jobs(connections))
        return engine.stopped_by

    def question_sizes(self) -> Iterator[tuple[int, int]]:
        """(estimated prompt tokens, of them shared with the call in the other order) of every call that is missing."""
        for work in self._comparisons():
            matching = self._matching(work)
            if matching is not None:
                yield from sizes(q.prompt for q in matching.missing_questions())

    def _comparisons(self) -> list[Comparison]:
        """All first comparisons before any second one, so that a limit cuts repeats and not pairs."""
        name = self.plan.judge_name
        return [Comparison(pair, repeat, name) for repeat in range(self.plan.repeats) for pair in self.plan.pairs]

    async def _jobs(self, at_once: int) -> AsyncIterator[Job]:
        async for work in self._sharing.claimed(self._comparisons(), is_done=self._is_done, at_once=at_once):
            matching = self._matching(work)
            if matching is None:  # Finished elsewhere between the look and the claim.
                self._sharing.release(work)
                self._is_done(work)
            else:
                yield matching.job(finish=partial(self._sharing.release, work))

    def _is_done(self, work: Comparison) -> bool:
        """Whether the store holds both verdicts; they are then counted as kept."""
        final = self._final(work)
        if len(final) < len(ORDERS):
            return False
        self._count_kept(final)
        return True

    def _count_kept(self, final: Sequence[Preference]) -> None:
        self.progress.kept += len(final)
        for preference in final:
            if preference.margin is None:
                self.progress.miss(preference.reason)

    def _matching(self, work: Comparison) -> Matching | None:
        """What is missing of one comparison; None when nothing is."""
        final = self._final(work)
        if len(final) == len(ORDERS):
            return None
        if self._task is None or self._task.key != work.pair.task:
            self._task = reads.task(self.store.db, work.pair.task)
        both = [reads.response(self.store.db, key) for key in (work.pair.first, work.pair.second)]
        if both[0] is None or both[1] is None:  # Another process has put a written text in the place of a failed one.
            return None
        self._count_kept(final)
        missing = [order for order in ORDERS if order not in {p.order for p in final}]
        return Matching(self, work, self._task, (both[0], both[1]), missing)

    def _final(self, work: Comparison) -> list[Preference]:
        """The verdicts that stand: those read and, unless they are to be asked again, those that could not be."""
        stored = reads.preferences(self.store.db, work.judge, work.pair.first, work.pair.second, work.repeat)
        is_final = (p.margin is not None or not self.plan.retry_unscored for p in stored)
        return [p for p, final in zip(stored, is_final, strict=True) if final and p.status != "failed"]


@dataclass(frozen=True)
class Matching:
    """What is missing of one comparison.

    Attributes:
        orders: those without a verdict.
    """

    comparing: Comparing
    work: Comparison
    task: Task
    both: tuple[Response, Response]
    orders: Sequence[Order]

    def job(self, finish: partial[None]) -> Job:
        """The calls to make; what needs none is kept at once."""
        settled = self._without_call()
        if settled is None:
            return Job([partial(self._ask, order) for order in self.orders], finish)
        margin, status, reason = settled
        self._keep([self._preference(order, margin, status, reason) for order in self.orders])
        return Job([], finish)

    def missing_questions(self) -> list[Question]:
        """The calls to make that the store has no reply to."""
        if self._without_call() is not None:
            return []
        comparing, call = self.comparing, CallId(self.work.repeat)
        questions = [self._question(order) for order in self.orders]
        is_kept = (not comparing.plan.retry_unscored and comparing.caller.has(q.prompt, call) for q in questions)
        return [question for question, kept in zip(questions, is_kept, strict=True) if not kept]

    def _without_call(self) -> tuple[int | None, Status, str] | None:
        """(margin, status, reason) where a text is missing or empty: an empty response is worse than any other."""
        missing = next((r for r in self.both if r.text is None), None)
        if missing is not None:
            return None, "failed", missing.detail or "there is no text to compare"
        is_empty = [not (r.text or "").strip() for r in self.both]
        if not any(is_empty):
            return None
        reason = "both responses are empty" if all(is_empty) else "one response is empty"
        return MUCH_BETTER * (is_empty[1] - is_empty[0]), "empty", reason

    def _question(self, order: Order) -> Question:
        shown = self.both if order == "ab" else self.both[::-1]
        return self.comparing.plan.judge.compare(self.task, *shown)

    async def _ask(self, order: Order) -> None:
        """Keep the verdict of the first readable reply; without one there is none, never a made-up one."""
        question = self._question(order)

        def read(reply: Reply) -> tuple[int, str]:
            verdict = question.read(reply.text)[MARGIN]
            if verdict.score is None:
                raise VerdictError(verdict.reason or "the judge names no winner and no tie")
            return int(verdict.score) * (1 if order == "ab" else -1), verdict.reason

        ask = Ask(
            prompt=question.prompt,
            read=read,
            schema=question.schema,
            repeat=self.work.repeat,
            afresh=self.comparing.plan.retry_unscored,
        )
        answer = await ask_until_read(self.comparing.caller, self.comparing.ledger, ask)
        margin, reason = answer.value or (None, answer.reason)
        status: Status = "scored" if answer.status == "read" else answer.status
        self._keep([self._preference(order, margin, status, reason, answer.call)], answer.call)

    def _keep(self, preferences: Sequence[Preference], call: Call | None = None) -> None:
        if call is not None and call.is_new:
            self.comparing.ledger.keep_call(call, preferences=tuple(preferences))
        else:
            self.comparing.ledger.keep_preferences(*preferences)
        progress = self.comparing.progress
        progress.done += len(preferences)
        for preference in preferences:
            if preference.margin is None:
                progress.miss(preference.reason)

    def _preference(
        self, order: Order, margin: int | None, status: Status, reason: str, call: Call | None = None
    ) -> Preference:
        pair = self.work.pair
        return Preference(
            first=pair.first, second=pair.second, judge=self.work.judge, order=order, margin=margin,
            status=status, reason=reason, repeat=self.work.repeat, call=call.key if call else None,
        )  # fmt: skip

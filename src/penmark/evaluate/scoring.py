"""One scoring of one response: its leaves as they come in, then the inner nodes above them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from penmark.evaluate.asking import Ask, ask_until_read
from penmark.evaluate.calls import CallId
from penmark.evaluate.engine import Job, Step
from penmark.evaluate.estimate import sizes
from penmark.evaluate.rollup import NodeScore, roll_up
from penmark.models.reply import expected_score
from penmark.protocols import Call, Question, Reply, Verdict
from penmark.records import Criterion, Judgment, Response, Status, Task

if TYPE_CHECKING:
    from penmark.evaluate.judging import Judging


@dataclass(frozen=True, slots=True)
class Round:
    """One scoring to do: which response, by which judge, the how-manieth time."""

    task: str
    response: str
    repeat: int
    judge: str

    @property
    def claim(self) -> str:
        """Names this work in the store."""
        return f"judge:{self.judge}:{self.response}:{self.repeat}"


class Scoring:
    """What is missing of one round.

    Attributes:
        measured: the leaves the judge measured already, together with those of other rounds; None = not yet.
    """

    def __init__(
        self, judging: Judging, work: Round, task: Task, response: Response, leaves: dict[str, float | None]
    ) -> None:
        self.judging = judging
        self.plan = judging.plan
        self.work = work
        self.task = task
        self.response = response
        self.leaves = leaves
        self.measured: Mapping[str, Verdict] | None = None
        self.rubric = self.plan.judge.rubric(task)
        self.criteria: Mapping[str, Criterion] = dict(self.rubric.leaves())
        self.to_settle = self.plan.judge.plan(task) if response.text is not None else None
        self.settled = judging.planning.stored(self._plan_key) if self.to_settle else None

    def job(self, release: Callable[[Round], None]) -> Job:
        """The calls for the missing leaves; leaves that need no call are kept at once."""
        finish = partial(release, self.work)
        missing = self._missing()
        if self.response.text is None:
            reason = self.response.detail or "there is no text to judge"
            self._keep([self._judgment(node, None, "failed", reason) for node in missing])
            return Job([], finish)
        measured = self.measured
        if measured is None:
            measured = self.plan.judge.measure(self.task, self.response)
        self._keep([self._scored(node, measured[node]) for node in missing if node in measured])
        if not self.response.text.strip():
            self._keep_empty([node for node in missing if node not in measured])
        return Job(self._steps(), finish)

    def _steps(self) -> list[Step]:
        """The calls to make: a plan that the questions depend on before them, else beside them."""
        is_planned = self.to_settle is None or self.settled is not None
        if not self._missing():
            return [] if is_planned else [self._settle]
        if self.to_settle is not None and self.to_settle.comes_first:
            return [self._settle_and_ask]
        asked: list[Step] = [partial(self._ask, question) for question in self._questions()]
        return asked if is_planned else [*asked, self._settle]

    def _missing(self) -> list[str]:
        return [node for node in self.criteria if node not in self.leaves]

    def question_sizes(self) -> Iterator[tuple[int, int]]:
        """(estimated prompt tokens, of them shared with an earlier sibling) of every missing call."""
        if not (self.response.text or "").strip():
            return
        questions = self._questions()
        if not self.plan.retry_unscored:
            questions = [q for q in questions if not self._has(q)]
        yield from sizes(question.prompt for question in questions)

    def _has(self, question: Question) -> bool:
        """Whether the store has a reply already, to a judge by another name or about another writer's same text."""
        return self.judging.caller.has(question.prompt, CallId(self.work.repeat))

    def _questions(self) -> list[Question]:
        questions = self.plan.judge.questions(self._planned_task(), self.response)
        return [q for q in questions if any(node not in self.leaves for node in q.nodes)]

    @property
    def _plan_key(self) -> tuple[str, int]:
        return self.work.task, self.work.repeat

    def _planned_task(self) -> Task:
        """The task with the tags that were settled for it or, before that, the likely ones."""
        settled = self.settled.plan if self.settled else self.to_settle.likely if self.to_settle else None
        return replace(self.task, tags={**self.task.tags, **settled.tags}) if settled and settled.tags else self.task

    async def _settle(self) -> None:
        """Wait for the task's plan, asking for it if nobody does; the inner nodes may follow."""
        assert self.to_settle is not None
        self.settled = await self.judging.planning.settled(self._plan_key, self.to_settle)
        self._keep([])

    async def _settle_and_ask(self) -> None:
        """Ask what depends on the task's plan; without a plan, the leaves are unscored."""
        if self.settled is None:
            await self._settle()
        assert self.settled is not None
        if self.settled.plan is None:
            status, reason = self.settled.status, self.settled.reason
            self._keep([self._judgment(node, None, status, reason) for node in self._missing()])
            return
        for question in self._questions():
            await self._ask(question)

    def _keep_empty(self, nodes: Sequence[str]) -> None:
        """An empty response is a response: it gets the lowest score, without a call."""
        reason = "the response is empty"
        lowest = [(node, float(self.criteria[node].low)) for node in nodes]
        self._keep([self._judgment(node, low, "empty", reason, read_as="empty") for node, low in lowest])

    async def _ask(self, question: Question) -> None:
        """Keep the verdicts of the first readable reply; without one the leaves are unscored, never a number."""
        ask = Ask(
            prompt=question.prompt,
            read=partial(self._read, question),
            schema=question.schema,
            repeat=self.work.repeat,
            afresh=self.plan.retry_unscored,
        )
        answer = await ask_until_read(self.judging.caller, self.judging.ledger, ask)
        key = answer.call.key if answer.call else None
        if answer.value is not None:
            self._keep([self._scored(node, answer.value[node], key) for node in question.nodes], answer.call)
            return
        status: Status = "failed" if answer.status == "failed" else "unreadable"
        unread = [self._judgment(node, None, status, answer.reason, call=key) for node in question.nodes]
        self._keep(unread, answer.call)

    def _read(self, question: Question, reply: Reply) -> Mapping[str, Verdict]:
        """The verdicts, with the expected score where that is wanted and the reply tells the alternatives."""
        verdicts = question.read(reply.text)
        if self.plan.score == "integer" or len(question.nodes) != 1 or reply.logprobs is None:
            return verdicts
        (node,) = question.nodes
        if verdicts[node].read_as != "integer":
            return verdicts
        criterion = self.criteria[node]
        expected = expected_score(reply.logprobs, criterion.low, criterion.high)
        return {node: replace(verdicts[node], score=expected, read_as="expected")} if expected is not None else verdicts

    def _keep(self, judgments: Sequence[Judgment], call: Call | None = None) -> None:
        """Keep leaves, and with the last one the inner nodes: both or neither, so that no mean is out of date."""
        self.leaves.update({j.node: j.score for j in judgments})
        inner = self._inner()
        kept = (*judgments, *inner)
        if call is not None and call.is_new:
            self.judging.ledger.keep_call(call, judgments=kept)
        else:
            self.judging.ledger.keep_judgments(*kept)
        self.judging.progress.done += len(judgments)
        for judgment in judgments:
            if judgment.score is None:
                self.judging.progress.miss(judgment.reason)
        if reason := why_unplanned(inner):
            self.judging.progress.miss(reason, sum(score is not None for score in self.leaves.values()))

    def _inner(self) -> list[Judgment]:
        """The inner nodes; none while a leaf or the plan is missing."""
        if not self.criteria.keys() <= self.leaves.keys() or (self.to_settle and not self.settled):
            return []
        plan = self.settled.plan if self.settled else None
        nodes = roll_up(self.rubric, self.leaves, weights=plan.weights if plan else {}, partial=self.plan.partial)
        return [self._inner_judgment(node, rolled) for node, rolled in nodes.items()]

    def _inner_judgment(self, node: str, rolled: NodeScore) -> Judgment:
        """What became of an inner node; one that lacks planned weights says why, and is tried again if they failed."""
        if rolled.score is not None or self.settled is None or self.settled.plan is not None:
            return self._judgment(node, rolled.score, rolled.status, read_as="sum")
        status: Status = "failed" if self.settled.status == "failed" else rolled.status
        reason = f"the task could not be planned: {self.settled.reason}"
        return self._judgment(node, None, status, reason, read_as="sum")

    def _scored(self, node: str, verdict: Verdict, call: str | None = None) -> Judgment:
        if verdict.score is None:
            return self._judgment(node, None, "failed", verdict.reason, call=call)
        return self._judgment(node, verdict.score, "scored", verdict.reason, read_as=verdict.read_as, call=call)

    def _judgment(
        self,
        node: str,
        score: float | None,
        status: Status,
        reason: str = "",
        *,
        read_as: str = "",
        call: str | None = None,
    ) -> Judgment:
        return Judgment(
            response=self.work.response, judge=self.plan.judge_name, node=node, score=score, status=status,
            reason=reason, repeat=self.work.repeat, read_as=read_as, call=call,
        )  # fmt: skip


def why_unplanned(round_: Iterable[Judgment]) -> str:
    """Why there is no root, where that is for want of a plan; "" otherwise, as unread leaves say themselves why."""
    return next((j.reason for j in round_ if j.node == "" and j.score is None), "")

"""The reward of a policy: any judges, through the same engine and store as every other judgment.

Each rollout is a response in the run's own database, and each judge scores it there: calls in flight at once, retried,
kept, and unscored where no verdict could be had. A rollout that any judge of the reward left unscored has no reward;
it is masked, and never counts as 0.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from penmark import registry
from penmark.errors import ConfigError, DataError
from penmark.evaluate.budget import Budget
from penmark.evaluate.fitting import fitted
from penmark.evaluate.judging import Judging, JudgingPlan
from penmark.protocols import Judge, JudgeOptions, Model, ModelOptions
from penmark.records import Response, Task
from penmark.store import Store, reads
from penmark.train.data import BENCH
from penmark.train.recipe import Component, GrpoPart

Scores = dict[str, list[float | None]]


@dataclass(frozen=True)
class Panelist:
    """One judge with the model behind it, where it asks one."""

    component: Component
    judge: Judge
    model: Model | None

    def scaled(self, score: float | None) -> float | None:
        """The score with the component's `low` as 0 and `high` as 1; None stays None."""
        part = self.component
        return None if score is None else (score - part.low) / (part.high - part.low)


class Panel:
    """The judges of a run, open while it lasts. Use it as a context manager.

    Attributes:
        rewards: judges whose weighted sum is the reward.
        independent: judges that only look on.
    """

    def __init__(self, grpo: GrpoPart, tasks: Mapping[str, Task], database: Path) -> None:
        """Nothing is opened yet, and no model is asked.

        Args:
            grpo: which judges.
            tasks: what is written for, by id.
            database: the run's own store.

        Raises:
            ConfigError: when a judge is not known, or lacks a model or a checkpoint.
            DataError: when a task lacks what a judge of the reward needs.
        """
        self.rewards = [make_panelist(component) for component in grpo.rewards]
        self.independent = [make_panelist(component) for component in grpo.independent]
        _check_names([*self.rewards, *self.independent])
        for panelist in self.rewards:
            _check_scores(panelist, tasks)
        self._grpo = grpo
        self._tasks = tasks
        self._database = database
        self._budget = Budget(max_calls=grpo.max_calls, max_cost_usd=grpo.max_cost_usd)

    def __enter__(self) -> Self:
        self.store = Store(self._database)
        self.store.save_tasks(dict(enumerate(self._tasks.values())))
        self._runner = asyncio.Runner()
        self._models = AsyncExitStack()
        try:
            self._runner.run(self._open_models())
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(self._models.aclose())
        self._runner.close()
        self.store.close()

    def score(self, phase: str, tasks: Sequence[str], texts: Sequence[str]) -> Scores:
        """Scaled scores by each judge, in the texts' order; None = unscored.

        Args:
            phase: when they were written, such as "step-12"; a phase has one call a process.
            tasks: id of each text's task; texts of one task are its samples.
            texts: what was written.

        Raises:
            ModelError: when a judge's model cannot be reached at all.
            ConfigError: when the budget is spent.
            KeyboardInterrupt: when judging was interrupted.
        """
        keys, writers = self._save(phase, tasks, texts)
        panel = (*self.rewards, *self.independent)
        for stopped_by in self._runner.run(self._judge(panel, writers)):
            if stopped_by == "interrupted":
                raise KeyboardInterrupt
            if stopped_by:
                raise ConfigError(
                    f"the judges were stopped: {stopped_by}; raise grpo.max_calls or grpo.max_cost_usd, "
                    "and go on with --resume"
                )
        return {p.component.label: [self.stored(key, p) for key in keys] for p in panel}

    def stored(self, response: str, panelist: Panelist) -> float | None:
        """The scaled score that the store has of a response (its key); None where it is unscored."""
        judgments = reads.judgments(self.store.db, response, panelist.component.label)
        return panelist.scaled(next((judgment.score for judgment in judgments if judgment.node == ""), None))

    def total(self, scores: Scores) -> list[float | None]:
        """The weighted sum of the reward's judges for each text; None where any of them has no score."""
        weights = [(p.component.weight, scores[p.component.label]) for p in self.rewards]
        rows = zip(*(column for _, column in weights), strict=True)
        return [
            None if None in row else sum(w * s for (w, _), s in zip(weights, row, strict=True) if s is not None)
            for row in rows
        ]

    def _save(self, phase: str, tasks: Sequence[str], texts: Sequence[str]) -> tuple[list[str], list[str]]:
        """(keys of the responses, their writers): the samples of one task are told apart by their writer's name."""
        seen: dict[str, int] = {}
        responses = []
        for task, text in zip(tasks, texts, strict=True):
            seen[task] = seen.get(task, 0) + 1
            writer = f"{phase}.{seen[task]}"
            responses.append(Response(task=self._tasks[task].key, writer=writer, text=text))
        writers = list(dict.fromkeys(response.writer for response in responses))
        for writer in writers:
            self.store.save_writer(writer, {"policy": phase})
        self.store.save_responses(*responses)
        self.store.flush()
        return [response.key for response in responses], writers

    async def _judge(self, panel: Sequence[Panelist], writers: Sequence[str]) -> list[str]:
        return await asyncio.gather(*(Judging(self.store, self._plan(p, writers), self._budget).run() for p in panel))

    def _plan(self, panelist: Panelist, writers: Sequence[str]) -> JudgingPlan:
        return JudgingPlan(
            bench=BENCH,
            judge=panelist.judge,
            judge_name=panelist.component.label,
            model=panelist.model,
            sampling=panelist.judge.sampling,
            writers=writers,
            connections=self._grpo.connections,
        )

    async def _open_models(self) -> None:
        for panelist in (*self.rewards, *self.independent):
            if panelist.model is not None:
                await self._models.enter_async_context(panelist.model)
                await panelist.model.check()


def make_panelist(component: Component) -> Panelist:
    """The judge and the model of one part of a reward.

    Raises:
        ConfigError: when there is none of that name, or it lacks a model or a checkpoint.
    """
    options = fitted(JudgeOptions(checkpoint=component.checkpoint), component.model)
    judge: Judge = registry.load("judges", component.judge).create(options)
    if judge.card.needs_model and component.model is None:
        raise ConfigError(f"judge {component.judge!r} asks a model; give the component a `model`, such as openai/NAME")
    if component.model is None:
        return Panelist(component, judge, None)
    provider, _, rest = component.model.partition("/")
    settings = ModelOptions(base_url=component.base_url)
    return Panelist(component, judge, registry.load("models", provider).create(rest, settings))


def _check_scores(panelist: Panelist, tasks: Mapping[str, Task]) -> None:
    """Make sure that a judge of the reward has something to score in every task: without, no text would be rewarded."""
    nothing = [name for name, task in tasks.items() if not any(panelist.judge.rubric(task).leaves())]
    if nothing:
        raise DataError(
            f"judge {panelist.component.label!r} has nothing to score in {len(nothing)} of {len(tasks)} tasks "
            f"({', '.join(nothing[:3])}{' ...' if len(nothing) > 3 else ''}), so that no text for them could be "
            "rewarded; leave these prompts out, or the judge"
        )


def _check_names(panel: Sequence[Panelist]) -> None:
    labels = [panelist.component.label for panelist in panel]
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise ConfigError(f"judges of one run share the name {', '.join(twice)}; give each a `name` of its own")

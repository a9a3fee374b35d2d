"""Copies in another genre, which a model writes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from penmark.errors import ConfigError
from penmark.evaluate.budget import Budget
from penmark.evaluate.progress import Progress
from penmark.evaluate.writing import Writing, WritingPlan
from penmark.metaeval.copies import Drawn, copy_spec, copy_writer, source_of
from penmark.metaeval.perturbations.transfer import GENRES, prompt_hash, transfer_prompt
from penmark.protocols import Model, Sampling
from penmark.store import Store, reads

Watch = Callable[[Progress], AbstractContextManager[object]]


def transfer_plans(store: Store, drawn: Drawn, model: Model, *, seed: int, connections: int) -> list[WritingPlan]:
    """One plan for each genre and writer of the drawn texts."""
    place = reads.positions(store.db, drawn[0][0].bench)
    plans = []
    for kind in GENRES:
        for writer in dict.fromkeys(response.writer for _, response in drawn):
            texts = {task.key: source_of(response) for task, response in drawn if response.writer == writer}
            plans.append(
                WritingPlan(
                    tasks=[(place[task.key], task) for task, response in drawn if response.writer == writer],
                    revision="",
                    writer=copy_writer(writer, kind, seed),
                    model=model,
                    sampling=Sampling(),
                    connections=connections,
                    prompt=lambda task, texts=texts, kind=kind: transfer_prompt(kind, texts[task.key]),  # type: ignore[misc]
                    extra_spec={**copy_spec(writer, kind, seed), "model": model.id, "prompt_hash": prompt_hash()},
                )
            )
    return plans


async def transfer(
    store: Store, model: Model, plans: list[WritingPlan], budget: Budget, watch: Watch = nullcontext
) -> str:
    """Have the copies written that are missing; gives back why it ended early, "" when it did not.

    Raises:
        ConfigError: when a copy's writer stands for something else in this store.
        ModelError: when no call can work.
    """
    async with model:
        await model.check()
        for plan in plans:
            writing = Writing(store, plan, budget)
            with watch(writing.progress):
                stopped = await writing.run()
            if stopped:
                return stopped
            if writing.progress.coverage == 0:
                raise ConfigError(f"{model.id} has rewritten no text; name another model with --transfer-model")
    return ""

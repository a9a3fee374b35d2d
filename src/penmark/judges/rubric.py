"""The query's own criteria, each scored 1-10 by a model in a call of its own (or jointly in one).

Source: WritingBench, section "criteria written for each query"; SPEC section 1. A critic model judges the
same way: give it as the judge model.
Differs: our own prompts; the writing and the task come before the criterion, so that prefix caches serve
the sibling calls (`--layout upstream` for the papers' order); unreadable replies are never numbers.
"""

from __future__ import annotations

from penmark.errors import DataError
from penmark.judges._criteria import CriteriaJudge
from penmark.protocols import JudgeCard, JudgeOptions
from penmark.records import Rubric, Task

CARD = JudgeCard(
    id="rubric",
    version=3,
    description="the query's own criteria, one call each, scored 1-10 by a model",
    needs_model=True,
    aggregate="scorings",
)


class RubricJudge(CriteriaJudge):
    """Scores a response on the criteria that came with its task."""

    card = CARD

    def rubric(self, task: Task) -> Rubric:
        """The task's own rubric.

        Raises:
            DataError: when the task has none.
        """
        if task.rubric is None or not any(task.rubric.leaves()):
            raise DataError(
                f"task {task.id!r} of {task.bench} has no criteria of its own; "
                f"make some with `penmark build criteria {task.bench}` or judge with `--judge static`"
            )
        return task.rubric


def create(options: JudgeOptions) -> RubricJudge:
    """The judge, as the command line makes it."""
    return RubricJudge(options)

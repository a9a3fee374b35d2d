"""A judge that is shown the text without its requirements: what remains of a judge's figure when it cannot check any.

Only machinery: the judge itself is any other. For groups made by `penmark weval`, whose tasks say what the query was
before requirements were added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from penmark.protocols import Judge, MeasuresMany, PlanQuestion, Question, Sampling, Verdict
from penmark.records import Response, Rubric, Task
from penmark.requirements.dropout import without_requirements


class Blind:
    """Another judge, to which the task is shown without its requirements."""

    sampling: Sampling

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.card = judge.card
        self.sampling = judge.sampling

    def settings(self) -> Mapping[str, object]:
        """The judge's own, and that it is blind."""
        return {**self.judge.settings(), "shown": "the query without its requirements"}

    def rubric(self, task: Task) -> Rubric:
        """The tree it scores without the requirements.

        Raises:
            DataError: when the task is not that of a group, or the judge has nothing to score without requirements.
        """
        return self.judge.rubric(without_requirements(task))

    def plan(self, task: Task) -> PlanQuestion | None:
        """What the judge settles without the requirements."""
        return self.judge.plan(without_requirements(task))

    def questions(self, task: Task, response: Response) -> Sequence[Question]:
        """What the judge asks without the requirements."""
        return self.judge.questions(without_requirements(task), response)

    def measure(self, task: Task, response: Response) -> Mapping[str, Verdict]:
        """What the judge measures without the requirements."""
        return self.judge.measure(without_requirements(task), response)


class BlindMany(Blind):
    """As `Blind`, of a judge that measures many responses together."""

    def measure_all(self, items: Sequence[tuple[Task, Response]]) -> list[Mapping[str, Verdict]]:
        """What the judge measures without the requirements, for each item in order."""
        assert isinstance(self.judge, MeasuresMany)
        return self.judge.measure_all([(without_requirements(task), response) for task, response in items])


def blind(judge: Judge) -> Judge:
    """The judge, shown tasks without their requirements."""
    return BlindMany(judge) if isinstance(judge, MeasuresMany) else Blind(judge)

"""How many of a group's requirements the writer was shown: the true order, as a judge like any other.

Source: From Coarse to Fine (WEval), section 3.1.3; SPEC section 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from penmark.protocols import JudgeCard, JudgeOptions, PlanQuestion, Question, Sampling, Verdict
from penmark.records import Criterion, Response, Rubric, Task
from penmark.requirements.dropout import dropped_by

CARD = JudgeCard(
    id="golden",
    version=1,
    description="how many of a group's requirements the writer was shown, for groups made by `penmark weval`",
    needs_model=False,
    unit="requirements shown",
)


class GoldenJudge:
    """Scores a response by what its writer was given, without a look at the text."""

    card = CARD
    sampling = Sampling()

    def settings(self) -> Mapping[str, object]:
        """Nothing to set."""
        return {}

    def rubric(self, task: Task) -> Rubric:
        """One leaf.

        Raises:
            DataError: when the task is not that of a group.
        """
        dropped_by(task)
        shown = Criterion(name="shown", description="Requirements shown.", low=0, high=len(task.requirements))
        return Rubric.flat((shown,))

    def plan(self, task: Task) -> PlanQuestion | None:
        """Nothing to settle."""
        return None

    def questions(self, task: Task, response: Response) -> Sequence[Question]:
        """None: the task says it."""
        return []

    def measure(self, task: Task, response: Response) -> Mapping[str, Verdict]:
        """The number of requirements shown; unscored for a writer that is none of the group's."""
        dropped = dropped_by(task).get(response.writer)
        if dropped is None:
            return {"shown": Verdict(score=None, reason="not one of the group's responses", read_as="rule")}
        shown = len(task.requirements) - len(dropped)
        return {"shown": Verdict(score=float(shown), reason=f"{shown} requirements shown", read_as="rule")}


def create(options: JudgeOptions) -> GoldenJudge:
    """The judge, as the command line makes it; it has no options."""
    return GoldenJudge()

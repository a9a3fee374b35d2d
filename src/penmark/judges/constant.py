"""The same score for every text: what any judge is compared with that claims to tell texts apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from penmark.protocols import JudgeCard, JudgeOptions, PlanQuestion, Question, Sampling, Verdict
from penmark.records import Criterion, Response, Rubric, Task

CARD = JudgeCard(
    id="constant",
    version=1,
    description="1 for every text: a judge without any opinion, to compare with",
    needs_model=False,
    unit="points of 1",
)
CONSTANT = Criterion(name="constant", description="The same for every response.", low=1, high=1)


class ConstantJudge:
    """Gives every response the same score."""

    card = CARD
    sampling = Sampling()

    def settings(self) -> Mapping[str, object]:
        """Nothing to set."""
        return {}

    def rubric(self, task: Task) -> Rubric:
        """One leaf."""
        return Rubric.flat((CONSTANT,))

    def plan(self, task: Task) -> PlanQuestion | None:
        """Nothing to settle."""
        return None

    def questions(self, task: Task, response: Response) -> Sequence[Question]:
        """None."""
        return []

    def measure(self, task: Task, response: Response) -> Mapping[str, Verdict]:
        """The score."""
        return {"constant": Verdict(score=1.0, reason="the same for every text", read_as="rule")}


def create(options: JudgeOptions) -> ConstantJudge:
    """The judge, as the command line makes it; it has no options."""
    return ConstantJudge()

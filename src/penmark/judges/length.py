"""The length of the text: the judge every other judge must beat to be worth its cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from penmark.protocols import JudgeCard, JudgeOptions, PlanQuestion, Question, Sampling, Verdict
from penmark.records import Criterion, Response, Rubric, Task
from penmark.text import count_words

CARD = JudgeCard(
    id="length",
    version=1,
    description="number of words, each CJK character one: the baseline every judge is compared with",
    needs_model=False,
    unit="words",
)
LENGTH = Criterion(name="length", description="Words of the response; each CJK character counts one.", low=0, high=0)


class LengthJudge:
    """Scores a response by counting its words."""

    card = CARD
    sampling = Sampling()

    def settings(self) -> Mapping[str, object]:
        """Nothing to set."""
        return {}

    def rubric(self, task: Task) -> Rubric:
        """One leaf."""
        return Rubric.flat((LENGTH,))

    def plan(self, task: Task) -> PlanQuestion | None:
        """Nothing to settle."""
        return None

    def questions(self, task: Task, response: Response) -> Sequence[Question]:
        """None: counting needs no model."""
        return []

    def measure(self, task: Task, response: Response) -> Mapping[str, Verdict]:
        """The word count."""
        words = count_words(response.text or "")
        return {"length": Verdict(score=float(words), reason=f"{words} words", read_as="rule")}


def create(options: JudgeOptions) -> LengthJudge:
    """The judge, as the command line makes it; it has no options."""
    return LengthJudge()

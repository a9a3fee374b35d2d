"""The length of the text: the judge every other judge must beat to be worth its cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from penmark.protocols import JudgeCard, JudgeOptions, PlanQuestion, Question, Sampling, Verdict
from penmark.records import Criterion, Response, Rubric, Task
from penmark.text import count_words

CARD = JudgeCard(
    id="length",
    version=2,
    description="number of characters or, with --units words, of words: the baseline every judge is compared with",
    needs_model=False,
    unit="characters",
)
LENGTH = Criterion(name="length", description="How long the response is, as it stands.", low=0, high=0)


class LengthJudge:
    """Scores a response by counting its characters, white space and marks included, or its words.

    Characters are Unicode code points. Of words, each CJK character is one.
    """

    card = CARD
    sampling = Sampling()

    def __init__(self, units: Literal["chars", "words"] = "chars") -> None:
        self.units = units
        if units == "words":
            self.card = replace(self.card, unit="words")

    def settings(self) -> Mapping[str, object]:
        """What it counts."""
        return {"units": self.units}

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
        """The count."""
        text = response.text or ""
        count = len(text) if self.units == "chars" else count_words(text)
        return {"length": Verdict(score=float(count), reason=f"{count} {self.card.unit}", read_as="rule")}


def create(options: JudgeOptions) -> LengthJudge:
    """The judge, as the command line makes it."""
    return LengthJudge(options.units)

"""How near the text comes to the length its task demands, 0 to 100.

The demand is a total in words (each CJK character one) or characters. "About N" and "exactly N" score by N. Between
two lengths, at least and at most: 100 inside, outside by the nearer limit. A task that demands no length is left out.

Source: LongBench-Write, length score; SPEC section 3.
Differs: ranges and limits, which that benchmark does not have; no tolerance for "about".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from penmark.judges._demands import checkable, named
from penmark.protocols import JudgeCard, JudgeOptions, PlanQuestion, Question, Sampling, Verdict
from penmark.records import Check, Criterion, Response, Rubric, Task
from penmark.requirements import length_score
from penmark.requirements.finding import Bounds
from penmark.requirements.lengths import UNITS

CARD = JudgeCard(
    id="length-score",
    version=1,
    description="how near the text comes to the length that its task demands, 0-100; no model",
    needs_model=False,
    unit="0-100",
)


class LengthScoreJudge:
    """Scores the total lengths that a task demands; the root is their mean."""

    card = CARD
    sampling = Sampling()

    def settings(self) -> Mapping[str, object]:
        """Nothing to set."""
        return {}

    def rubric(self, task: Task) -> Rubric:
        """A leaf for each total length; none where no length is demanded."""
        demanded = _lengths(task)
        return Rubric.flat(
            tuple(
                Criterion(
                    name=name, description=f"{Bounds.of(c.arguments)} {c.name}", low=0, high=100, about=("length",)
                )
                for name, c in demanded
            )
        )

    def plan(self, task: Task) -> PlanQuestion | None:
        """Nothing to settle."""
        return None

    def questions(self, task: Task, response: Response) -> Sequence[Question]:
        """None: counting needs no model."""
        return []

    def measure(self, task: Task, response: Response) -> Mapping[str, Verdict]:
        """Points for each length."""
        return {name: _verdict(wanted, response.text or "") for name, wanted in _lengths(task)}


def _lengths(task: Task) -> list[tuple[str, Check]]:
    totals = [r for r in checkable(task) if r.check is not None and r.check.name in ("words", "characters")]
    return [(name, r.check) for name, r in named(totals) if r.check is not None]


def _verdict(wanted: Check, text: str) -> Verdict:
    written, bounds = UNITS[wanted.name](text), Bounds.of(wanted.arguments)
    required = nearest_required(bounds, written)
    points = 100.0 if required is None else length_score(required, written)
    return Verdict(score=points, reason=f"{written} {wanted.name}; wanted {bounds}", read_as="rule")


def nearest_required(bounds: Bounds, written: int) -> int | None:
    """The length to score by: the target, or the limit that is missed; None where the text is within its limits."""
    if bounds.about is not None:
        return max(1, bounds.about)
    if bounds.least is not None and written < bounds.least:
        return bounds.least
    if bounds.most is not None and written > bounds.most:
        return max(1, bounds.most)
    return None


def create(options: JudgeOptions) -> LengthScoreJudge:
    """The judge, as the command line makes it; it has no options."""
    return LengthScoreJudge()

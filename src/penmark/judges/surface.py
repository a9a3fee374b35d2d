"""What can be counted on the surface of a text, some fifty numbers: raw material for `penmark meta calibrate`.

No leaf says by itself whether a text is good; the root is the number of sentences, the best single one of them on
Chinese human ratings (docs/trust.md), and the other leaves have weight 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from penmark.judges._surface import MEASURES, Surface
from penmark.protocols import JudgeCard, JudgeOptions, PlanQuestion, Question, Sampling, Verdict
from penmark.records import Criterion, Response, Rubric, Task

CARD = JudgeCard(
    id="surface",
    version=1,
    description="lengths, layout, marks, vocabulary, repetition and overlap with the task, as leaves to calibrate",
    needs_model=False,
    unit="sentences",
)
ROOT = "sentences"
TREE = Rubric(
    children=tuple(
        Rubric(
            name=name,
            weight=float(name == ROOT),
            criterion=Criterion(name=name, description=f"{what[:1].upper()}{what[1:]}.", low=0, high=0),
        )
        for name, (what, _) in MEASURES.items()
    )
)


class SurfaceJudge:
    """Scores a response by counting."""

    card = CARD
    sampling = Sampling()

    def settings(self) -> Mapping[str, object]:
        """Nothing to set."""
        return {}

    def rubric(self, task: Task) -> Rubric:
        """One leaf a measure."""
        return TREE

    def plan(self, task: Task) -> PlanQuestion | None:
        """Nothing to settle."""
        return None

    def questions(self, task: Task, response: Response) -> Sequence[Question]:
        """None: counting needs no model."""
        return []

    def measure(self, task: Task, response: Response) -> Mapping[str, Verdict]:
        """Every measure."""
        surface = Surface(response.text or "", task.prompt)
        return {
            name: Verdict(score=float(measured(surface)), read_as="rule") for name, (_, measured) in MEASURES.items()
        }


def create(options: JudgeOptions) -> SurfaceJudge:
    """The judge, as the command line makes it; it has no options."""
    return SurfaceJudge()

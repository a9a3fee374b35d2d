"""The demands of the task that a rule can check, each met (1) or not (0), and the share that is met.

The demands are the task's own where they carry checks (a benchmark made with `penmark weval build`, say), else those
that `penmark requirements extract` reads from the instruction. A task without such a demand has nothing to score: it
is left out and counted as such, neither 0 nor 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from penmark.judges._demands import checkable, criterion, named
from penmark.protocols import JudgeCard, JudgeOptions, PlanQuestion, Question, Sampling, Verdict
from penmark.records import Requirement, Response, Rubric, Task
from penmark.requirements import check

CARD = JudgeCard(
    id="rules",
    version=1,
    description="share of the task's checkable demands that are met: lengths, words, layout, ...; no model",
    needs_model=False,
    unit="share",
)


class RulesJudge:
    """Checks every demand that a rule can tell."""

    card = CARD
    sampling = Sampling()

    def __init__(self) -> None:
        self._known: tuple[str, list[tuple[str, Requirement]]] = ("", [])  # the task at hand

    def settings(self) -> Mapping[str, object]:
        """Nothing to set."""
        return {}

    def rubric(self, task: Task) -> Rubric:
        """A leaf of equal weight for each demand; none where nothing can be checked."""
        return Rubric.flat(tuple(criterion(name, requirement) for name, requirement in self._leaves(task)))

    def plan(self, task: Task) -> PlanQuestion | None:
        """Nothing to settle."""
        return None

    def questions(self, task: Task, response: Response) -> Sequence[Question]:
        """None: rules need no model."""
        return []

    def measure(self, task: Task, response: Response) -> Mapping[str, Verdict]:
        """1 or 0 for each demand; nothing for a text that is empty, which meets none."""
        text = response.text or ""
        if not text.strip():
            return {}
        return {name: _verdict(requirement, text) for name, requirement in self._leaves(task)}

    def _leaves(self, task: Task) -> list[tuple[str, Requirement]]:
        if self._known[0] != task.key:
            self._known = (task.key, named(checkable(task)))
        return self._known[1]


def _verdict(requirement: Requirement, text: str) -> Verdict:
    finding = check(requirement, text)
    return Verdict(score=float(finding.is_met), reason=finding.explanation, read_as="rule")


def create(options: JudgeOptions) -> RulesJudge:
    """The judge, as the command line makes it; it has no options."""
    return RulesJudge()

"""One fixed set of five criteria for every task: the baseline that query-specific criteria must beat.

Source: WritingBench, static baseline; SPEC section 1. Differs: the criteria are ours (`static.*.toml`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from penmark.judges._criteria import LANGUAGES, CriteriaJudge, prompt_language, read_criteria, read_toml
from penmark.protocols import JudgeCard, JudgeOptions
from penmark.records import Rubric, Task

CARD = JudgeCard(
    id="static",
    version=3,
    description="one fixed set of five criteria for all tasks, one call each, scored 1-10 by a model",
    needs_model=True,
    aggregate="scorings",
)


class StaticJudge(CriteriaJudge):
    """Scores every response on the same five criteria, in the task's language."""

    card = CARD

    def __init__(self, options: JudgeOptions) -> None:
        super().__init__(options)
        sets = {lang: read_toml(f"static.{lang}.toml")["criteria"] for lang in LANGUAGES}
        self._rubrics = {lang: Rubric.flat(read_criteria(rows)) for lang, rows in sets.items()}

    def settings(self) -> Mapping[str, object]:
        """Those of all criteria judges, and the criteria themselves: one rubric for each language."""
        return {**super().settings(), "rubric": [asdict(rubric) for rubric in self._rubrics.values()]}

    def rubric(self, task: Task) -> Rubric:
        """The set for the task's language."""
        return self._rubrics[prompt_language(task, self.options)]


def create(options: JudgeOptions) -> StaticJudge:
    """The judge, as the command line makes it."""
    return StaticJudge(options)

"""One fixed set of five criteria for each of WritingBench's six domains.

Source: WritingBench, static domain-specific baseline; SPEC section 1. Differs: the criteria are ours
(`static_domain.*.toml`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from penmark.errors import DataError
from penmark.judges._criteria import LANGUAGES, CriteriaJudge, prompt_language, read_criteria, read_toml
from penmark.protocols import JudgeCard, JudgeOptions
from penmark.records import Rubric, Task

CARD = JudgeCard(
    id="static-domain",
    version=3,
    description="one fixed set of five criteria for each domain, one call each, scored 1-10 by a model",
    needs_model=True,
    aggregate="scorings",
)


class StaticDomainJudge(CriteriaJudge):
    """Scores a response on the five criteria of its task's domain, in the task's language."""

    card = CARD

    def __init__(self, options: JudgeOptions) -> None:
        super().__init__(options)
        self._rubrics = {
            (lang, domain): Rubric.flat(read_criteria(rows))
            for lang in LANGUAGES
            for domain, rows in read_toml(f"static_domain.{lang}.toml").items()
        }

    def settings(self) -> Mapping[str, object]:
        """Those of all criteria judges, and the criteria themselves: one rubric for each language and domain."""
        return {**super().settings(), "rubric": [asdict(rubric) for rubric in self._rubrics.values()]}

    def rubric(self, task: Task) -> Rubric:
        """The set for the task's domain and language.

        Raises:
            DataError: when the task's domain has no set.
        """
        key = (prompt_language(task, self.options), task.tags.get("domain1", ""))
        if key not in self._rubrics:
            known = ", ".join(sorted({d for _, d in self._rubrics}))
            raise DataError(
                f"task {task.id!r} has domain {key[1]!r}; there are criteria for {known}; use `--judge static`"
            )
        return self._rubrics[key]


def create(options: JudgeOptions) -> StaticDomainJudge:
    """The judge, as the command line makes it."""
    return StaticDomainJudge(options)

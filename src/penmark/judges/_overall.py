"""What judges with one call and one overall score share: how the task, its reference and the writing are shown.

Only machinery: the judges themselves are `elaborated.py` and `auto_plan.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from importlib.resources import files

from penmark.judges._criteria import LANGUAGES, SAMPLING, language_setting, prompt_language
from penmark.protocols import JudgeCard, JudgeOptions, PlanQuestion, Prompt, Verdict
from penmark.records import Criterion, Response, Rubric, Task
from penmark.text.template import fence, fill, sections


class OverallJudge:
    """Scores the single leaf `overall` with one call a response; subclasses say what they ask.

    Attributes:
        texts: language to the sections of its prompt file.
    """

    card: JudgeCard
    sampling = SAMPLING

    def __init__(self, options: JudgeOptions, leaves: Mapping[str, Criterion], *files_read: str) -> None:
        """Set up with the leaf in each language and the packaged files, besides the prompts, that decide scores."""
        self.options = options
        stem = self.card.id.replace("-", "_")
        prompts = {language: _resource(f"{stem}.{language}.md") for language in LANGUAGES}
        self.texts = {language: sections(text) for language, text in prompts.items()}
        self._rubrics = {language: Rubric.flat((leaf,)) for language, leaf in leaves.items()}
        contents = "".join([*prompts.values(), *map(_resource, files_read)])
        self._prompt_hash = hashlib.sha256(contents.encode()).hexdigest()[:16]

    def settings(self) -> Mapping[str, object]:
        """Prompt hash, whether references are shown, and the leaf in each language."""
        return {
            "prompt_hash": self._prompt_hash,
            "use_reference": self.options.use_reference,
            "rubric": [asdict(rubric) for rubric in self._rubrics.values()],
            **language_setting(self.options),
        }

    def rubric(self, task: Task) -> Rubric:
        """One leaf, `overall`, in the task's language."""
        return self._rubrics[prompt_language(task, self.options)]

    def plan(self, task: Task) -> PlanQuestion | None:
        """Nothing to settle."""
        return None

    def measure(self, task: Task, response: Response) -> Mapping[str, Verdict]:
        """Nothing: the leaf is scored by the model."""
        return {}

    def prompt(self, task: Task, response: Response, tail: str) -> Prompt:
        """Task, reference (where there is one and it is wanted) and response, fenced; then the question."""
        texts = self.texts[prompt_language(task, self.options)]
        shown = [fill(texts["shared"], {"task": fence(task.prompt)})]
        if self.options.use_reference and task.reference:
            shown.append(fill(texts["reference"], {"reference": fence(task.reference)}))
        shown.append(fill(texts["response"], {"response": fence(response.text or "")}))
        return Prompt(system=texts["system"], shared="\n\n".join(shown) + "\n\n", tail=tail)


def _resource(name: str) -> str:
    return (files("penmark.judges") / name).read_text(encoding="utf-8")

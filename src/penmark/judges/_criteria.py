"""What judges with scored criteria share: prompts in shared-prefix order, one call a criterion or one for all.

Only machinery: the judges themselves are `rubric.py`, `static.py` and `static_domain.py`.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files

from penmark.judges._asked import Leaf, arrange, ask_jointly, ask_one, bands_text, joint_shape
from penmark.protocols import JudgeCard, JudgeOptions, PlanQuestion, Prompt, Question, Sampling, Verdict
from penmark.records import Criterion, Response, Rubric, Task
from penmark.text.template import fence, fill, sections

LANGUAGES = ("en", "zh")
# Source: WritingBench, released judge; SPEC section 1. The cap is on the judge's output, never on the writing.
SAMPLING = Sampling(temperature=1.0, top_p=0.95, max_tokens=2048)


class CriteriaJudge:
    """Scores the leaves of a flat rubric 1-10 with a model; subclasses say which rubric."""

    card: JudgeCard
    sampling = SAMPLING

    def __init__(self, options: JudgeOptions) -> None:
        self.options = options
        texts = {lang: _resource(f"rubric.{lang}.md") for lang in LANGUAGES}
        self._sections = {lang: sections(text) for lang, text in texts.items()}
        self._prompt_hash = hashlib.sha256("".join(texts.values()).encode()).hexdigest()[:16]

    def settings(self) -> Mapping[str, object]:
        """Prompt hash, layout and whether criteria are judged jointly."""
        return {
            "prompt_hash": self._prompt_hash,
            "layout": self.options.layout,
            "joint": self.options.joint,
        } | language_setting(self.options)

    def rubric(self, task: Task) -> Rubric:
        """The tree to score for this task."""
        raise NotImplementedError

    def measure(self, task: Task, response: Response) -> Mapping[str, Verdict]:
        """Nothing: every leaf is scored by the model."""
        return {}

    def plan(self, task: Task) -> PlanQuestion | None:
        """Nothing to settle."""
        return None

    def questions(self, task: Task, response: Response) -> Sequence[Question]:
        """One question for each criterion, or one for all of them when joint."""
        texts = self._sections[prompt_language(task, self.options)]
        writing = response.text or ""
        shared = fill(texts["shared"], {"task": fence(task.prompt), "response": fence(writing)})
        leaves = tuple(self.rubric(task).leaves())
        if self.options.joint:
            return [ask_jointly(leaves, self._joint_prompt(texts, shared, leaves), writing)]
        shared = f"{shared}\n\n{texts['how']}"
        return [ask_one(leaf, self._prompt_for(texts, shared, leaf), writing) for leaf in leaves]

    def _prompt_for(self, texts: Mapping[str, str], shared: str, leaf: Leaf) -> Prompt:
        _, criterion = leaf
        scale = {"low": str(criterion.low), "high": str(criterion.high)}
        asked = fill(texts["criterion"], {"name": criterion.name, **_described(criterion)})
        return arrange(self.options.layout, (texts["system"], shared, asked, fill(texts["answer"], scale)))

    def _joint_prompt(self, texts: Mapping[str, str], shared: str, leaves: tuple[Leaf, ...]) -> Prompt:
        described = (f"## {node}\n\n{d['description']}\n\n{d['bands']}" for node, c in leaves for d in (_described(c),))
        asked = fill(texts["joint"], {"criteria": "\n\n".join(described)})
        low, high = min(c.low for _, c in leaves), max(c.high for _, c in leaves)
        form = {"low": str(low), "high": str(high), "shape": joint_shape(leaves)}
        return arrange(self.options.layout, (texts["system"], shared, asked, fill(texts["joint_answer"], form)))


def prompt_language(task: Task, options: JudgeOptions) -> str:
    """The language to judge in: the chosen one or the task's, or English where there are no prompts in that."""
    return options.prompt_language or (task.language if task.language in LANGUAGES else "en")


def language_setting(options: JudgeOptions) -> dict[str, object]:
    """What a chosen language of the prompts adds to a judge's settings; nothing where it is each task's own."""
    return {"prompt_language": options.prompt_language} if options.prompt_language else {}


def read_criteria(rows: Sequence[Mapping[str, object]]) -> tuple[Criterion, ...]:
    """Criteria from the rows of one of our TOML files (name, description, bands)."""
    return tuple(
        Criterion(name=str(row["name"]), description=str(row["description"]), bands=tuple(dict(row["bands"]).items()))  # type: ignore[call-overload]
        for row in rows
    )


def read_toml(name: str) -> dict[str, list[dict[str, object]]]:
    """A packaged TOML file of criteria."""
    return tomllib.loads(_resource(name))


def _resource(name: str) -> str:
    return (files("penmark.judges") / name).read_text(encoding="utf-8")


def _described(criterion: Criterion) -> dict[str, str]:
    return {"description": criterion.description, "bands": bands_text(criterion)}

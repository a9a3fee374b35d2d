"""What judges with scored criteria share: prompts in shared-prefix order, one call a criterion or one for all.

Only machinery: the judges themselves are `rubric.py`, `static.py` and `static_domain.py`.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.resources import files

from penmark.errors import VerdictError
from penmark.models.reply import read_object, read_verdict, refuse_quoted, verdict_schema
from penmark.protocols import JudgeCard, JudgeOptions, PlanQuestion, Prompt, Question, Sampling, Verdict
from penmark.records import Criterion, Response, Rubric, Task
from penmark.text.template import fence, fill, sections

LANGUAGES = ("en", "zh")
# Source: WritingBench, released judge; SPEC section 1. The cap is on the judge's output, never on the writing.
SAMPLING = Sampling(temperature=1.0, top_p=0.95, max_tokens=2048)

Leaf = tuple[str, Criterion]  # its path in the rubric and what it asks


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
        return {"prompt_hash": self._prompt_hash, "layout": self.options.layout, "joint": self.options.joint}

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
        texts = self._sections[prompt_language(task)]
        writing = response.text or ""
        shared = fill(texts["shared"], {"task": fence(task.prompt), "response": fence(writing)})
        leaves = tuple(self.rubric(task).leaves())
        if self.options.joint:
            return [self._joint_question(texts, shared, leaves, writing)]
        return [self._question(texts, shared, leaf, writing) for leaf in leaves]

    def _question(self, texts: Mapping[str, str], shared: str, leaf: Leaf, writing: str) -> Question:
        node, criterion = leaf
        scale = {"low": str(criterion.low), "high": str(criterion.high)}
        asked = fill(texts["criterion"], {"name": criterion.name, **_described(criterion)})
        return Question(
            nodes=(node,),
            prompt=self._prompt(texts, shared, asked, fill(texts["answer"], scale)),
            read=partial(_read_one, leaf, writing),
            schema=verdict_schema(criterion.low, criterion.high),
        )

    def _joint_question(
        self, texts: Mapping[str, str], shared: str, leaves: tuple[Leaf, ...], writing: str
    ) -> Question:
        described = (f"## {c.name}\n\n{d['description']}\n\n{d['bands']}" for _, c in leaves for d in (_described(c),))
        asked = fill(texts["joint"], {"criteria": "\n\n".join(described)})
        low, high = min(c.low for _, c in leaves), max(c.high for _, c in leaves)
        shape = json.dumps(
            {c.name: {"score": f"<{c.low}-{c.high}>", "reason": "..."} for _, c in leaves}, ensure_ascii=False
        )
        answer = fill(texts["joint_answer"], {"low": str(low), "high": str(high), "shape": shape})
        return Question(
            nodes=tuple(node for node, _ in leaves),
            prompt=self._prompt(texts, shared, asked, answer),
            read=partial(_read_joint, leaves, writing),
            schema=_joint_schema(leaves),
        )

    def _prompt(self, texts: Mapping[str, str], shared: str, asked: str, answer: str) -> Prompt:
        if self.options.layout == "upstream":
            return Prompt(system=texts["system"], tail=f"{asked}\n\n{shared}\n\n{answer}")
        return Prompt(system=texts["system"], shared=f"{shared}\n\n", tail=f"{asked}\n\n{answer}")


def prompt_language(task: Task) -> str:
    """The language to judge in: the task's, or English where there are no prompts in that."""
    return task.language if task.language in LANGUAGES else "en"


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
    bands = "\n".join(f"- {label}: {text}" for label, text in criterion.bands)
    return {"description": criterion.description, "bands": bands}


def _read_one(leaf: Leaf, writing: str, reply: str) -> dict[str, Verdict]:
    node, criterion = leaf
    score, reason = read_verdict(read_object(reply), criterion.low, criterion.high)
    refuse_quoted(reply, writing)
    return {node: Verdict(score=score, reason=reason)}


def _read_joint(leaves: tuple[Leaf, ...], writing: str, reply: str) -> dict[str, Verdict]:
    """All of them or none: a joint reply that misses one criterion cannot be trusted about the others."""
    found = read_object(reply)
    refuse_quoted(reply, writing)
    missing = [criterion.name for _, criterion in leaves if not isinstance(found.get(criterion.name), dict)]
    if missing:
        raise VerdictError(f"no verdict for {', '.join(missing)} among the fields {', '.join(found)[:240]!r}")
    verdicts = {}
    for node, criterion in leaves:
        score, reason = read_verdict(dict(found[criterion.name]), criterion.low, criterion.high)  # type: ignore[call-overload]
        verdicts[node] = Verdict(score=score, reason=reason)
    return verdicts


def _joint_schema(leaves: tuple[Leaf, ...]) -> dict[str, object]:
    names = [criterion.name for _, criterion in leaves]
    return {
        "type": "object",
        "properties": {c.name: verdict_schema(c.low, c.high, reason_chars=200) for _, c in leaves},
        "required": names,
        "additionalProperties": False,
    }

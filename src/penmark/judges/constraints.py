"""Every demand of the task, each met (1) or not (0): by rule where there is one, by a model for the rest.

The demands are those that the task lists. Where it lists none with words of its own, they are those that can be read
from the instruction by rule, and one more leaf, `the rest`, for all else that the task asks for; so every
benchmark can be judged. A rule decides a demand with a check, and one about length whose words say nothing but lengths.

Source: WEval, "From Coarse to Fine", judging by 0/1 per constraint; SPEC section 3.
Differs: our own prompts; rules where they can tell; the share that is met instead of the sum, so that tasks with
more demands do not weigh more; unreadable replies are never 0.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files

from penmark.judges._asked import Leaf, arrange, ask_jointly, ask_one, joint_shape
from penmark.judges._criteria import LANGUAGES, language_setting, prompt_language
from penmark.judges._demands import by_rule, criterion, find_all, named
from penmark.protocols import JudgeCard, JudgeOptions, PlanQuestion, Prompt, Question, Sampling, Verdict
from penmark.records import Criterion, Requirement, Response, Rubric, Task
from penmark.requirements import extract
from penmark.text.template import fence, fill, sections

CARD = JudgeCard(
    id="constraints",
    version=2,
    description="share of the task's demands that are met: by rule where there is one, by a model for the rest",
    needs_model=True,
    unit="share",
)
SAMPLING = Sampling(temperature=0.0, max_tokens=1024)
REST = "the rest"


class ConstraintsJudge:
    """Says of each demand whether the response meets it."""

    card = CARD
    sampling = SAMPLING

    def __init__(self, options: JudgeOptions) -> None:
        self.options = options
        prompts = {lang: (files("penmark.judges") / f"constraints.{lang}.md").read_text("utf-8") for lang in LANGUAGES}
        self._sections = {lang: sections(text) for lang, text in prompts.items()}
        self._prompt_hash = hashlib.sha256("".join(prompts.values()).encode()).hexdigest()[:16]
        self._known: tuple[str, list[tuple[str, Requirement | None]]] = ("", [])  # the task at hand

    def settings(self) -> Mapping[str, object]:
        """Prompt hash, layout and whether demands are judged jointly."""
        return {
            "prompt_hash": self._prompt_hash,
            "layout": self.options.layout,
            "joint": self.options.joint,
        } | language_setting(self.options)

    def rubric(self, task: Task) -> Rubric:
        """A leaf of equal weight for each demand."""
        return Rubric.flat(tuple(self._criterion(task, *leaf) for leaf in self._leaves(task)))

    def plan(self, task: Task) -> PlanQuestion | None:
        """Nothing to settle."""
        return None

    def measure(self, task: Task, response: Response) -> Mapping[str, Verdict]:
        """1 or 0 for each demand that a rule can tell; nothing for a text that is empty, which meets none."""
        text = response.text or ""
        rules = {name: by_rule(r) for name, r in self._leaves(task) if r is not None} if text.strip() else {}
        return {name: _verdict(requirements, text) for name, requirements in rules.items() if requirements}

    def questions(self, task: Task, response: Response) -> Sequence[Question]:
        """A question for each other demand, or one for all of them when joint."""
        asked = [leaf for leaf in self._leaves(task) if leaf[1] is None or not by_rule(leaf[1])]
        leaves: tuple[Leaf, ...] = tuple((name, self._criterion(task, name, r)) for name, r in asked)
        texts, writing = self._sections[prompt_language(task, self.options)], response.text or ""
        shared = fill(texts["shared"], {"task": fence(task.prompt), "response": fence(writing)})
        if self.options.joint and leaves:
            return [ask_jointly(leaves, self._joint_prompt(texts, shared, leaves), writing)]
        shared = f"{shared}\n\n{texts['how']}"
        return [ask_one(leaf, self._prompt(texts, shared, leaf), writing) for leaf in leaves]

    def _prompt(self, texts: Mapping[str, str], shared: str, leaf: Leaf) -> Prompt:
        asked = fill(texts["demand"], {"demand": fence(leaf[1].description)})
        return arrange(self.options.layout, (texts["system"], shared, asked, texts["answer"]))

    def _joint_prompt(self, texts: Mapping[str, str], shared: str, leaves: tuple[Leaf, ...]) -> Prompt:
        listed = "\n\n".join(f"## {name}\n\n{fence(criterion.description)}" for name, criterion in leaves)
        answer = fill(texts["joint_answer"], {"shape": joint_shape(leaves)})
        return arrange(
            self.options.layout, (texts["system"], shared, fill(texts["joint"], {"demands": listed}), answer)
        )

    def _criterion(self, task: Task, name: str, requirement: Requirement | None) -> Criterion:
        if requirement is not None:
            return criterion(name, requirement)
        return Criterion(
            name=name, description=self._sections[prompt_language(task, self.options)]["rest"], low=0, high=1
        )

    def _leaves(self, task: Task) -> list[tuple[str, Requirement | None]]:
        """(name, demand) of every leaf; None is for all that no other leaf asks."""
        if self._known[0] != task.key:
            listed = [r for r in task.requirements if r.text or r.check]
            read = [] if listed else [r for r in extract(task.instruction) if r.check is not None]
            leaves: list[tuple[str, Requirement | None]] = [*named(listed or read)]
            self._known = (task.key, leaves if listed else [*leaves, (REST, None)])
        return self._known[1]


def _verdict(requirements: Sequence[Requirement], text: str) -> Verdict:
    finding = find_all(requirements, text)
    return Verdict(score=float(finding.is_met), reason=finding.explanation, read_as="rule")


def create(options: JudgeOptions) -> ConstraintsJudge:
    """The judge, as the command line makes it."""
    return ConstraintsJudge(options)

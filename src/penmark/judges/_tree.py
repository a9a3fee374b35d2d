"""Judging by a tree: one call a leaf (or one for all), weights planned for each task, the rest arithmetic.

Only machinery: the judges themselves are `tow.py`, `average.py` and `tree.py`.

Source: Tree-of-Writing, section 3; SPEC section 2.
Differs: our own prompts; the task, the reference and the writing come before what is asked, so that prefix caches
serve the sibling calls (`--layout upstream` for the paper's order); unreadable replies are never numbers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib.resources import files

from penmark.errors import DataError
from penmark.judges._asked import Leaf, arrange, ask_jointly, ask_one, bands_text, joint_shape
from penmark.judges._criteria import LANGUAGES, SAMPLING, language_setting, prompt_language
from penmark.judges._tree_entries import REFERENCE_POINTS, REFERENCE_SCALE, RULES
from penmark.judges._tree_plan import plan_prompt, plan_schema, read_plan
from penmark.judges._tree_shape import PlannedNode, Tree
from penmark.protocols import JudgeCard, JudgeOptions, PlanQuestion, Question, Verdict
from penmark.records import Response, Rubric, Task
from penmark.text.template import fence, fill, sections


@dataclass(frozen=True)
class _Shape:
    """The tree as tasks of one kind have it, in one language.

    Attributes:
        asked: the leaves a model scores.
        ruled: rule by path, of the leaves a rule scores.
    """

    rubric: Rubric
    asked: tuple[Leaf, ...]
    ruled: Mapping[str, str]
    planned: tuple[PlannedNode, ...]


class TreeJudge:
    """Scores a response on the leaves of a tree.

    Args:
        tree: what to score.
        card: what the judge calls itself.
        options: as the user chose.
        equal: count the children of planned nodes alike, and plan nothing.
    """

    sampling = SAMPLING

    def __init__(self, tree: Tree, card: JudgeCard, options: JudgeOptions, *, equal: bool = False) -> None:
        self.card = card
        self._tree = tree
        self._options = options
        self._is_equal = equal
        texts = {lang: (files("penmark.judges") / f"tree.{lang}.md").read_text(encoding="utf-8") for lang in LANGUAGES}
        self._sections = {lang: sections(text) for lang, text in texts.items()}
        sources = json.dumps([sorted(tree.sources.items()), sorted(texts.items())], ensure_ascii=False)
        self._prompt_hash = hashlib.sha256(sources.encode()).hexdigest()[:16]
        self._shapes: dict[tuple[tuple[str, ...], str], _Shape] = {}

    def settings(self) -> Mapping[str, object]:
        """What is asked and how, and the rubric for every kind of task, so that reports can draw the tree."""
        shapes = [self._shape(leaves, lang) for leaves in self._tree.all_shapes() for lang in LANGUAGES]
        return {
            "prompt_hash": self._prompt_hash,
            "tree": self._tree.id,
            "preset": self._options.preset,
            "use_reference": self._options.use_reference,
            "layout": self._options.layout,
            "joint": self._options.joint,
            "labels": {path: dict(node.label) for path, node in self._tree.nodes.items() if node.label},
            "rubric": [asdict(shape.rubric) for shape in shapes],
            **language_setting(self._options),
        }

    def rubric(self, task: Task) -> Rubric:
        """The tree to score for this task.

        Raises:
            DataError: when the tree leaves out all its leaves for such a task.
        """
        return self._shape_for(task).rubric

    def plan(self, task: Task) -> PlanQuestion | None:
        """The call that weighs the children of the planned nodes; None where there are none."""
        nodes = self._shape_for(task).planned
        if not nodes:
            return None
        language = prompt_language(task, self._options)
        texts = self._sections[language]
        return PlanQuestion(
            prompt=plan_prompt(self._tree, nodes, language, texts, self._assignment(task, texts)),
            read=partial(read_plan, nodes, task.prompt),
            schema=plan_schema(nodes, summing=not self._options.can_sum),
            schema_again=plan_schema(nodes, summing=True),
        )

    def questions(self, task: Task, response: Response) -> Sequence[Question]:
        """One question for each leaf that a model scores, or one for all of them when joint."""
        leaves = self._shape_for(task).asked
        writing = response.text or ""
        texts = self._sections[prompt_language(task, self._options)]
        shared = "\n\n".join((self._assignment(task, texts), *self._shown(task, writing, texts)))
        if not leaves:
            return []
        if self._options.joint:
            parts = (texts["system"], shared, self._asked_jointly(task, leaves, texts), _joint_form(leaves, texts))
            return [ask_jointly(leaves, arrange(self._options.layout, parts), writing)]
        first = texts["system"], f"{shared}\n\n{texts['how']}"
        return [
            ask_one(leaf, arrange(self._options.layout, (*first, *self._asked(task, leaf, texts))), writing)
            for leaf in leaves
        ]

    def measure(self, task: Task, response: Response) -> Mapping[str, Verdict]:
        """The leaves that a rule scores; none of an empty text, which is scored lowest as a whole."""
        text = response.text or ""
        if not text.strip():
            return {}
        genre = task.tags.get("genre", "")
        return {path: RULES[rule](text, genre) for path, rule in self._shape_for(task).ruled.items()}

    def _shape_for(self, task: Task) -> _Shape:
        leaves = self._tree.leaves_for(task.tags)
        if not leaves:
            raise DataError(
                f"tree {self._tree.id!r} skips all its leaves for task {task.id!r} of {task.bench} "
                f"(tags {dict(task.tags)}); take it out of one `skip`, see docs/trees.md"
            )
        return self._shape(leaves, prompt_language(task, self._options))

    def _shape(self, leaves: tuple[str, ...], language: str) -> _Shape:
        key = leaves, language
        if key not in self._shapes:
            rules = {path: self._tree.leaves[path].rule for path in leaves}
            self._shapes[key] = _Shape(
                rubric=self._tree.rubric(leaves, language, equal=self._is_equal),
                asked=tuple((path, self._tree.criterion(path, language)) for path in leaves if rules[path] is None),
                ruled={path: rule for path, rule in rules.items() if rule is not None},
                planned=() if self._is_equal else self._tree.planned_nodes(leaves),
            )
        return self._shapes[key]

    def _assignment(self, task: Task, texts: Mapping[str, str]) -> str:
        """The task, and that it is a gap to fill where it is."""
        assignment = fill(texts["task"], {"task": fence(task.prompt)})
        return f"{assignment}\n\n{texts['completion']}" if task.tags.get("task_type") == "completion" else assignment

    def _shown(self, task: Task, writing: str, texts: Mapping[str, str]) -> list[str]:
        """The reference, where it is used, and the writing."""
        response = fill(texts["response"], {"response": fence(writing)})
        if not self._has_reference(task):
            return [response]
        values = {"reference": fence(task.reference or ""), "anchor": str(REFERENCE_POINTS)}
        return [fill(texts["reference"], values), response]

    def _has_reference(self, task: Task) -> bool:
        return self._options.use_reference and bool(task.reference)

    def _asked(self, task: Task, leaf: Leaf, texts: Mapping[str, str]) -> tuple[str, str]:
        """(what is asked, the answer's form) of one leaf."""
        _, criterion = leaf
        scale = {"low": str(criterion.low), "high": str(criterion.high)}
        head = fill(texts["leaf"], {"name": criterion.name, "description": criterion.description})
        return "\n\n".join((head, *self._scale(task, leaf, texts))), fill(texts["answer"], scale)

    def _asked_jointly(self, task: Task, leaves: Sequence[Leaf], texts: Mapping[str, str]) -> str:
        parts: list[str] = []
        for path, criterion in leaves:
            values = {"path": path, "name": criterion.name, "description": criterion.description}
            parts += [fill(texts["joint_leaf"], values), *self._scale(task, (path, criterion), texts)]
        return fill(texts["joint"], {"leaves": "\n\n".join(parts)})

    def _scale(self, task: Task, leaf: Leaf, texts: Mapping[str, str]) -> list[str]:
        """What the scores of a leaf mean, in words and, where it is not what the reference section says, against it."""
        path, criterion = leaf
        words = [fill(texts["bands"], {"bands": bands_text(criterion)})] if criterion.bands else []
        if not self._has_reference(task):
            return words
        return [*words, *self._anchor(path, prompt_language(task, self._options), texts)]

    def _anchor(self, path: str, language: str, texts: Mapping[str, str]) -> list[str]:
        leaf, own = self._tree.leaves[path], self._tree.text(path, language).anchor
        if leaf.anchor is None:
            return [texts["no_anchor"]] if leaf.scale == REFERENCE_SCALE else []
        if (leaf.scale, leaf.anchor) == (REFERENCE_SCALE, REFERENCE_POINTS) and not own:
            return []
        return [fill(own or texts["anchor"], {"anchor": str(leaf.anchor)})]


def _joint_form(leaves: Sequence[Leaf], texts: Mapping[str, str]) -> str:
    return fill(texts["joint_answer"], {"shape": joint_shape(leaves)})

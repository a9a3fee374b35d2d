"""What judges share that compare a response's tokens with those of the task's reference.

Only machinery: the judges themselves are `bleu.py` and `rouge_l.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial

from penmark.errors import DataError
from penmark.protocols import JudgeCard, JudgeOptions, PlanQuestion, Question, Sampling, Verdict
from penmark.records import Criterion, Response, Rubric, Task
from penmark.text import language
from penmark.text.tokens import Units, tokenizer, tokenizer_names

TASKS_AT_HAND = 8  # references kept cut; responses come task by task, so that a few are enough


class Reference:
    """A reference cut into tokens, each known by a number.

    Attributes:
        numbers: its tokens in order; equal tokens, equal numbers.
    """

    def __init__(self, text: str, units: Units) -> None:
        self._tokens = tokenizer(language(text), units)
        tokens = self._tokens(text)
        self._vocabulary = {token: number for number, token in enumerate(dict.fromkeys(tokens))}
        self.numbers = self._numbered(tokens)

    def read(self, text: str) -> list[int]:
        """The tokens of a response by number, cut as the reference is; all that the reference has not share one."""
        return self._numbered(self._tokens(text))

    def _numbered(self, tokens: Sequence[str]) -> list[int]:
        unknown = len(self._vocabulary)
        return [self._vocabulary.get(token, unknown) for token in tokens]


class OverlapJudge:
    """Scores a response 0-100 by what it has in common with the reference; subclasses say how.

    The reference's language decides how both texts are cut, so that a response in another language shares little.
    """

    card: JudgeCard
    sampling = Sampling()
    tree: Rubric

    def __init__(self, options: JudgeOptions) -> None:
        self.units = options.units
        self._reference = lru_cache(maxsize=TASKS_AT_HAND)(partial(Reference, units=options.units))

    def settings(self) -> Mapping[str, object]:
        """How texts are cut into tokens."""
        return {"units": self.units, "tokenizers": tokenizer_names(self.units)}

    def rubric(self, task: Task) -> Rubric:
        """The metric's leaves.

        Raises:
            DataError: when the task has no reference.
        """
        _reference_text(task)
        return self.tree

    def plan(self, task: Task) -> PlanQuestion | None:
        """Nothing to settle."""
        return None

    def questions(self, task: Task, response: Response) -> Sequence[Question]:
        """None: counting needs no model."""
        return []

    def measure(self, task: Task, response: Response) -> Mapping[str, Verdict]:
        """Every leaf's overlap, 0-100; 0 for an empty response.

        Raises:
            DataError: when the task has no reference.
        """
        reference = self._reference(_reference_text(task))
        response_numbers = reference.read(response.text or "")
        if not response_numbers:
            nothing = Verdict(score=0.0, reason="the response is empty", read_as="rule")
            return {node: nothing for node, _ in self.tree.leaves()}
        return self.compare(reference, response_numbers)

    def compare(self, reference: Reference, numbers: list[int]) -> Mapping[str, Verdict]:
        """Every leaf's overlap of a response, given as the reference reads it, with that reference."""
        raise NotImplementedError


def overlap_criterion(name: str, description: str) -> Criterion:
    """A leaf for a metric of 0-100."""
    return Criterion(name=name, description=description, low=0, high=100)


def _reference_text(task: Task) -> str:
    if not (task.reference or "").strip():
        raise DataError(
            f"task {task.id!r} of {task.bench} has no reference to compare responses with; "
            f"take a judge that needs none (`penmark judges list`) or a benchmark with references, such as `sample`"
        )
    return task.reference or ""

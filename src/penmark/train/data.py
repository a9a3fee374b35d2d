"""Training data: what stands in each line of a JSONL file, read strictly, and its split by task.

Three formats, one JSON object a line; fields beyond these are kept by builders and left aside here:

- dialogues (critic, writer): {"messages": [{"role", "content"}, ...], "task"}
- pairs (reward): {"prompt", "chosen", "rejected", "dropped", "kinds", "checks", "task"}
- prompts (grpo): {"prompt", "requirements", "task"}
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar, cast

from penmark.errors import DataError
from penmark.jsonl import Row, raise_problems, read_jsonl, shown
from penmark.protocols import Problem
from penmark.records import REQUIREMENT_KINDS, Check, Requirement, RequirementKind, Task
from penmark.text import language

ROLES = ("system", "user", "assistant")
BENCH = "rollouts"  # what the tasks of prompts are kept under in a run's own store


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogue:
    """One conversation to imitate.

    Attributes:
        messages: (role, content); the last is the assistant's, and only that one is learnt.
        task: what it belongs to; samples of one task are never split between training and evaluation.
    """

    messages: tuple[tuple[str, str], ...]
    task: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two texts for one prompt, of which one is better.

    Attributes:
        dropped: how many requirements the rejected text breaks; 0 where the pair is not about requirements.
        kinds: the kinds of the requirements it breaks.
        checks: the names of the rules that tell so.
    """

    prompt: str
    chosen: str
    rejected: str
    dropped: int
    kinds: tuple[str, ...]
    task: str
    line: int
    checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WritingPrompt:
    """One prompt to write for, with what the text must obey."""

    prompt: str
    requirements: tuple[Requirement, ...]
    task: str
    line: int

    def as_task(self) -> Task:
        """The task judges see."""
        return Task(
            bench=BENCH,
            id=self.task,
            instruction=self.prompt,
            requirements=self.requirements,
            tags={"language": language(self.prompt)},
        )


class Sample(Protocol):
    """What all samples have."""

    @property
    def task(self) -> str:
        """What the sample belongs to."""
        ...

    @property
    def line(self) -> int:
        """Where it stands in its file, from 1."""
        ...


AnySample = TypeVar("AnySample", bound=Sample)


def read_dialogues(path: Path) -> list[Dialogue]:
    """The conversations of a file.

    Raises:
        DataError: naming the first malformed lines.
    """
    return _read(path, _dialogue)


def read_pairs(path: Path) -> list[Pair]:
    """The pairs of a file.

    Raises:
        DataError: naming the first malformed lines; a pair of equal texts is one.
    """
    return _read(path, _pair)


def read_prompts(path: Path) -> list[WritingPrompt]:
    """The prompts of a file, one for each task.

    Raises:
        DataError: naming the first malformed lines; a task that stands twice is one.
    """
    lines: dict[str, int] = {}

    def read(row: Row) -> WritingPrompt:
        sample = _prompt(row)
        first = lines.setdefault(sample.task, row.line)
        if first != row.line:
            row.report("task", f"{shown(sample.task)} is on line {first} too", "give each prompt a task of its own")
        return sample

    return _read(path, read)


def digest(*paths: Path) -> str:
    """SHA-256 of the files' bytes, in this order."""
    content = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                content.update(block)
    return content.hexdigest()


def split_by_task(samples: Sequence[AnySample], share: float, seed: int) -> tuple[list[AnySample], list[AnySample]]:
    """(for training, held out): tasks drawn at random until they hold this share of all tasks.

    Every sample of a task is on one side. With a share above 0 and at least two tasks, both sides have one.

    Args:
        samples: in the file's order, which both sides keep.
        share: of the tasks, in 0..1.
        seed: the same seed and tasks give the same split, whatever the order of the file.
    """
    tasks = sorted({sample.task for sample in samples})
    count = min(max(round(share * len(tasks)), 1), len(tasks) - 1) if share > 0 else 0
    held_out = set(random.Random(seed).sample(tasks, max(count, 0)))
    return [s for s in samples if s.task not in held_out], [s for s in samples if s.task in held_out]


def check_apart(train: Sequence[Sample], held_out: Sequence[Sample], path: Path) -> None:
    """Make sure that no task is both trained on and held out.

    Raises:
        DataError: naming the tasks that are.
    """
    known = {sample.task for sample in train}
    shared = sorted({sample.task for sample in held_out} & known)
    if shared:
        raise DataError(
            f"{path}: {len(shared)} of its tasks are trained on as well ({', '.join(map(shown, shared[:3]))}"
            f"{' ...' if len(shared) > 3 else ''}); hold out others, or leave `data.held_out` out to split one file"
        )


def _read(path: Path, read: Callable[[Row], AnySample]) -> list[AnySample]:
    problems: list[Problem] = []
    samples = [read(row) for row in read_jsonl(path, problems)]
    raise_problems(problems)
    return samples


def _dialogue(row: Row) -> Dialogue:
    messages = [(child.choice("role", ROLES), child.text("content")) for child in row.children("messages")]
    roles = [role for role, _ in messages]
    if row.is_sound and _is_out_of_turn(roles):
        row.report("messages", f"roles {shown(roles)}", "let user and assistant take turns, the assistant last")
    return Dialogue(messages=tuple(messages), task=_task(row), line=row.line)


def _is_out_of_turn(roles: Sequence[str]) -> bool:
    turns = roles[1:] if roles[:1] == ["system"] else roles
    return len(turns) < 2 or len(turns) % 2 == 1 or list(turns) != ["user", "assistant"] * (len(turns) // 2)


def _pair(row: Row) -> Pair:
    prompt, chosen, rejected = row.text("prompt"), row.text("chosen"), row.text("rejected")
    if row.is_sound and chosen == rejected:
        row.report("rejected", "the same text as chosen", "leave the pair out: it says nothing")
    return Pair(
        prompt=prompt,
        chosen=chosen,
        rejected=rejected,
        dropped=_dropped(row),
        kinds=_names(row, "kinds"),
        checks=_names(row, "checks"),
        task=_task(row),
        line=row.line,
    )


def _dropped(row: Row) -> int:
    value = row.values.get("dropped", 0)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    row.report("dropped", f"{shown(value)} is not a whole number from 0", "say how many requirements rejected breaks")
    return 0


def _names(row: Row, field: str) -> tuple[str, ...]:
    value = row.values.get(field, [])
    if isinstance(value, list) and all(isinstance(name, str) and name for name in value):
        return tuple(value)
    row.report(field, f"{shown(value)} is not a list of texts", f"list the {field} of the requirements rejected breaks")
    return ()


def _prompt(row: Row) -> WritingPrompt:
    given = row.children("requirements") if "requirements" in row.values else []
    requirements = tuple(_requirement(child) for child in given)
    return WritingPrompt(prompt=row.text("prompt"), requirements=requirements, task=_task(row), line=row.line)


def _requirement(row: Row) -> Requirement:
    kind = cast(RequirementKind, row.choice("kind", REQUIREMENT_KINDS))
    texts = {key: row.text(key, may_be_empty=True) for key in ("text", "quote") if key in row.values}
    check = row.child("check") if row.values.get("check") is not None else None
    return Requirement(kind=kind, check=None if check is None else _check(check), **texts)


def _check(row: Row) -> Check:
    arguments = row.child("arguments") if "arguments" in row.values else None
    return Check(row.text("name"), {} if arguments is None else arguments.values)


def _task(row: Row) -> str:
    """The task's name; a number is taken as its digits, and a line without one is a task by its own number."""
    value = row.values.get("task", row.line)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else row.text("task")

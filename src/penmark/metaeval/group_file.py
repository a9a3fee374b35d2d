"""Groups of known order as JSONL, n consecutive lines a group, the response to the whole query first.

Every line is one response, in the shape of WEval's `eval.jsonl`:

    prompt               the query with all requirements
    chosen               the response
    constraint           the requirements it was written to: a list of texts, or one text with a line for each
    instruction_id_list  their kinds, in the same order; longer names that begin with a kind will do

penmark writes these and `task`, `language`, `seed` (the query before requirements were added); they are read where they
are there. The first line of a group holds all requirements; those that another lacks were dropped. Lines of one prompt
are a group, unless the number of lines of each group is given: then only the first line's prompt counts.

Source: SPEC section 3, on the shape alone; upstream's file was not at hand.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TextIO, cast

from penmark.jsonl import Row, raise_problems, read_jsonl, shown
from penmark.protocols import Problem
from penmark.records import REQUIREMENT_KINDS, Requirement, RequirementKind, Task
from penmark.requirements.conflicts import checked
from penmark.requirements.dropout import HEADINGS, SEED, dropped_by, group_task, writer_name
from penmark.text import language

FEWEST = 2  # responses of a group


@dataclass(frozen=True, slots=True)
class Group:
    """A task with its responses by writer."""

    task: Task
    texts: Mapping[str, str]

    @property
    def is_whole(self) -> bool:
        """Whether each of its writers has a text."""
        return dropped_by(self.task).keys() <= self.texts.keys()


@dataclass(frozen=True, slots=True)
class _Line:
    row: Row
    prompt: str
    text: str
    requirements: tuple[Requirement, ...]


def read_groups(path: Path, bench: str, size: int | None = None) -> list[Group]:
    """The groups of a file, as tasks of a benchmark of this name.

    Args:
        path: the file.
        bench: what to call it.
        size: lines of each group; None = lines of one prompt are a group.

    Raises:
        DataError: naming the first malformed lines.
    """
    problems: list[Problem] = []
    lines = [_read_line(row) for row in read_jsonl(path, problems)]
    raise_problems(problems)
    groups, first_lines, names = list[Group](), dict[str, int](), dict[str, int]()
    for of_group in _grouped(lines, size):
        first = of_group[0].row
        if (at := first_lines.setdefault(of_group[0].prompt, first.line)) != first.line:
            first.report(
                "prompt", f"a group with this prompt begins on line {at} too", "put the lines of a group together"
            )
        if len(of_group) < (size or FEWEST):
            found = f"{len(of_group)} line{'s' * (len(of_group) > 1)} in this group"
            first.report("prompt", found, f"a group needs {size or 'two or more'}: add the others, or delete it")
        groups.append(group := _read_group(of_group, bench, number=len(groups) + 1))
        if (at := names.setdefault(group.task.id, first.line)) != first.line:
            first.report(
                "task", f"the group on line {at} is called {shown(group.task.id)} too", "give each its own name"
            )
    raise_problems(problems)
    return groups


def _grouped(lines: Sequence[_Line], size: int | None) -> list[list[_Line]]:
    if size is None:
        return [list(found) for _, found in groupby(lines, key=lambda line: line.prompt)]
    return [list(lines[start : start + size]) for start in range(0, len(lines), size)]


def _read_line(row: Row) -> _Line:
    texts, kinds = _texts(row, "constraint"), _texts(row, "instruction_id_list")
    if row.is_sound and len(texts) != len(kinds):
        found = f"{len(kinds)} kinds of {len(texts)} requirements"
        row.report("instruction_id_list", found, "give one kind for each requirement")
    requirements = tuple(_requirement(row, text, kind) for text, kind in zip(texts, kinds, strict=False))
    return _Line(row, row.text("prompt"), row.text("chosen", may_be_empty=True), requirements)


def _texts(row: Row, key: str) -> list[str]:
    """A list of texts, or the lines of a text; none after a report."""
    value = row.values.get(key)
    if isinstance(value, str):
        return [line for line in value.splitlines() if line.strip()]
    if isinstance(value, list) and all(isinstance(item, str) and item.strip() for item in value):
        return list(value)
    found = "missing" if key not in row.values else f"{shown(value)} is not a list of texts"
    row.report(key, found, "give a text for each requirement that the response was written to")
    return []


def _requirement(row: Row, text: str, name: str) -> Requirement:
    kinds = [kind for kind in REQUIREMENT_KINDS if name.strip().lower().startswith(kind)]
    if not kinds:
        row.report(
            "instruction_id_list", f"unknown: {shown(name)}", f"begin with one of {', '.join(REQUIREMENT_KINDS)}"
        )
    kind = cast(RequirementKind, kinds[0] if kinds else REQUIREMENT_KINDS[0])
    return checked(Requirement(kind=kind, text=text.strip()))


def _read_group(lines: Sequence[_Line], bench: str, number: int) -> Group:
    first = lines[0]
    places = {requirement.text: place for place, requirement in enumerate(first.requirements)}
    dropped: dict[str, list[int]] = {}
    for line in lines:
        own = {requirement.text for requirement in line.requirements}
        if more := own - places.keys():
            found = f"{shown(more.pop())} is not among those of the first line, {first.row.line}"
            line.row.report("constraint", found, "put the response to the whole query first, with all requirements")
        writer = writer_name(bench, len(places) - len(own))
        if writer in dropped:
            found = f"{len(own)} requirements, as another line of the group has"
            line.row.report("constraint", found, "keep one response for each number of requirements")
        dropped[writer] = [place for text, place in places.items() if text not in own]
    return Group(_task(first, bench, number, dropped), {w: line.text for w, line in zip(dropped, lines, strict=False)})


def _task(first: _Line, bench: str, number: int, dropped: Mapping[str, Sequence[int]]) -> Task:
    """The task of a group; its query is the prompt as it stands."""
    given = {key: first.row.text(key) for key in ("task", "language", "seed") if key in first.row.values}
    lang = given.get("language") or language(first.prompt)
    seed = given.get("seed") or seed_of(first.prompt, first.requirements)
    base = Task(bench=bench, id=given.get("task") or str(number), instruction=seed, tags={"language": lang})
    return replace(group_task(base, bench, first.requirements, dropped), instruction=first.prompt)


def seed_of(prompt: str, requirements: Iterable[Requirement]) -> str:
    """The query without the lines that state these requirements and the heading above them."""
    texts = [requirement.text for requirement in requirements]
    lines = [line for line in prompt.splitlines() if not any(text in line for text in texts)]
    kept = [line for line in lines if line.strip() not in HEADINGS.values()]
    return "\n".join(kept).strip() or prompt


def write_groups(stream: TextIO, groups: Iterable[Group]) -> int:
    """Write whole groups in the same shape; gives back how many responses were written."""
    written = 0
    for group in groups:
        for row in _rows(group):
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
            written += 1
    return written


def _rows(group: Group) -> Iterator[dict[str, object]]:
    task = group.task
    for writer, dropped in dropped_by(task).items():
        kept = [r for place, r in enumerate(task.requirements) if place not in dropped]
        yield {
            "prompt": task.prompt,
            "chosen": group.texts[writer],
            "constraint": [requirement.text for requirement in kept],
            "instruction_id_list": [requirement.kind for requirement in kept],
            "task": task.id,
            "language": task.language,
            "seed": task.tags[SEED],
        }

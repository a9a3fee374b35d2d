"""Files of one's own writing tasks: JSONL, one task a line, read strictly and written by `penmark build tasks`.

    {"id": "memo-1", "instruction": "...", "material": "...", "reference": "...", "lang": "en", "genre": "report",
     "task_type": "guide", "domain1": "...", "domain2": "...", "requirements": [{"kind": "length", "text": "..."}],
     "checklist": [{"name": "...", "criteria_description": "...", "1-2": "...", ..., "9-10": "..."}]}

Only the instruction must be there. A task without an id is called by the number of its line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from penmark.benchmarks.criteria import KINDS, LANGUAGES, read_criteria
from penmark.jsonl import Row, raise_problems, read_jsonl
from penmark.protocols import Problem
from penmark.records import Criterion, Requirement, Rubric, Task
from penmark.text import language

TAGS = ("domain1", "domain2", "genre", "task_type")
FIELDS = ("id", "instruction", "material", "reference", "lang", *TAGS, "requirements", "checklist")


def read_tasks(files: Sequence[Path], bench: str) -> list[Task]:
    """The tasks of all files, in their order, as tasks of the benchmark `bench`.

    Raises:
        DataError: naming the first malformed records, two tasks of one id among them.
    """
    problems: list[Problem] = []
    places: dict[str, str] = {}
    tasks = [_read_task(row, bench, places) for file in files for row in read_jsonl(file, problems)]
    raise_problems(problems)
    return tasks


def task_row(task: Task) -> dict[str, object]:
    """The line of a task, from which it can be read again."""
    tags = {name: task.tags[name] for name in TAGS if name in task.tags}
    row: dict[str, object] = {"id": task.id, "lang": task.language, **tags, "instruction": task.instruction}
    if task.material:
        row["material"] = task.material
    if task.reference is not None:
        row["reference"] = task.reference
    if task.requirements:
        row["requirements"] = [{"kind": r.kind, "text": r.text} for r in task.requirements]
    if task.rubric is not None:
        row["checklist"] = [_criterion_row(criterion) for _, criterion in task.rubric.leaves()]
    return row


def _criterion_row(criterion: Criterion) -> Mapping[str, str]:
    row = {"name": criterion.name, "criteria_description": criterion.description, **dict(criterion.bands)}
    return {**row, "about": criterion.about[0]} if criterion.about else row


def _read_task(row: Row, bench: str, places: dict[str, str]) -> Task:
    for name in row.values:
        if name not in FIELDS:
            row.report(name, "not a field of a task", f"use {', '.join(FIELDS)}, or leave it out")
    instruction = row.text("instruction")
    criteria = read_criteria(row, "checklist", count=None) if "checklist" in row.values else ()
    return Task(
        bench=bench,
        id=_read_id(row, places),
        instruction=instruction,
        material=row.text("material", may_be_empty=True) if "material" in row.values else "",
        reference=row.text("reference") if "reference" in row.values else None,
        requirements=tuple(_read_requirements(row)),
        rubric=Rubric.flat(criteria) if criteria else None,
        tags={
            **{name: row.text(name) for name in TAGS if name in row.values},
            "language": row.choice("lang", LANGUAGES) if "lang" in row.values else language(instruction),
        },
    )


def _read_requirements(row: Row) -> Iterator[Requirement]:
    for item in row.children("requirements") if "requirements" in row.values else ():
        yield Requirement(kind=item.choice("kind", KINDS), text=item.text("text"))


def _read_id(row: Row, places: dict[str, str]) -> str:
    task_id = row.text("id") if "id" in row.values else str(row.line)
    here = f"{row.path}:{row.line}"
    if task_id and (first := places.setdefault(task_id, here)) != here:
        row.report("id", f"task {task_id!r} is at {first} too", "give each task its own id")
    return task_id

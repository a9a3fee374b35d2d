"""Human ratings from a file: JSONL, or CSV and TSV with a header, under any column names.

Upstream files are known by their columns: WritingPreferenceBench's scored texts (`writing-preference`) and Auto-J's
pairs (`autoj`).

Only machinery: the benchmarks are the other modules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from penmark.benchmarks.ratings.collected import Collector, HumanPreference, HumanScore, Ratings, Terms
from penmark.benchmarks.ratings.kinds import KINDS
from penmark.benchmarks.ratings.table import RatingRow, read_rows
from penmark.jsonl import Row, raise_problems
from penmark.protocols import Problem


@dataclass(frozen=True, slots=True)
class Shape:
    """An upstream file's kind of rating, with its columns by penmark's names and its verdicts."""

    kind: str
    columns: Mapping[str, str]
    verdicts: Mapping[str, int] = field(default_factory=dict)


SHAPES: Mapping[str, Shape] = {
    "writing-preference": Shape(
        "scores",
        {
            "task": "prompt_id", "instruction": "prompt", "writer": "model", "response": "response",
            "score": "human_score", "tag:genre": "tag",
        },
    ),
    "autoj": Shape(
        "pairs",
        {
            "instruction": "prompt", "response_a": "response 1", "response_b": "response 2", "preferred": "label",
            "tag:task_type": "scenario",
        },
        {"0": 1, "1": -1, "2": 0},
    ),
}  # fmt: skip
FORMATS = (*KINDS, *SHAPES)


def read_ratings(path: Path, terms: Terms, *, format: str | None = None, columns: Mapping[str, str]) -> Ratings:
    """Everything in the file, or nothing of it.

    Args:
        path: the file.
        terms: how to read it.
        format: one of `FORMATS`; None = by the columns of the first record.
        columns: penmark's name of a field to the file's column; fields that are not named keep their own.

    Raises:
        DataError: naming the first malformed records with file and line.
    """
    problems: list[Problem] = []
    reading: _Reading | None = None
    seen: set[str] = set()
    for row, is_text in read_rows(path, problems):
        reading = reading or _Reading(terms, _shape(row, format, columns))
        seen |= row.values.keys()
        reading.read(RatingRow(row, reading.shape.columns, is_text=is_text, problems=problems))
    for name in sorted(set(columns.values()) - seen) if reading else ():
        found = f"no column {name!r}, only {', '.join(sorted(seen))}"
        problems.append(Problem(path=path, line=0, field="", found=found, remedy="correct --column"))
    raise_problems(problems)
    return reading.collector.ratings if reading else Ratings()


class _Reading:
    """A shape and what was read by it."""

    def __init__(self, terms: Terms, shape: Shape) -> None:
        self.shape = shape
        self.collector = Collector(replace(terms, verdicts=terms.verdicts or shape.verdicts))

    def read(self, row: RatingRow) -> None:
        KINDS[self.shape.kind][1](row, self.collector)


def _shape(row: Row, format: str | None, columns: Mapping[str, str]) -> Shape:
    """The shape that was asked for, else the first that fits the record; scores where none does."""
    if format is None:
        fitting = (name for name, shape in SHAPES.items() if {*shape.columns.values()} <= row.values.keys())
        format = next(fitting, None) or _kind(row, columns)
    known = SHAPES.get(format) or Shape(format, {})
    return replace(known, columns={**known.columns, **columns})


def _kind(row: Row, columns: Mapping[str, str]) -> str:
    fields = {*row.values, *columns}
    return next((kind for kind, (tells, _) in KINDS.items() if tells in fields), "scores")


__all__ = ["FORMATS", "HumanPreference", "HumanScore", "Ratings", "Terms", "read_ratings"]

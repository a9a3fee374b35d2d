"""Rows of a file of ratings, JSONL or CSV, under the names that penmark has for their fields."""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from penmark.jsonl import Row, read_jsonl, shown
from penmark.protocols import Problem

SEPARATORS = {".csv": ",", ".tsv": "\t"}
FIELDS = (
    "task", "instruction", "material", "reference", "tags", "annotator", "reason",
    "writer", "response", "score", "criteria",
    "writer_a", "writer_b", "response_a", "response_b", "preferred",
    "candidates", "responses", "best", "ranking",
)  # fmt: skip
FAMILIES = ("tag", "criterion", "score")  # fields of any number: tag:genre, criterion:style, score:ANNOTATOR
MAY_BE_UNRATED = ("criterion", "score")  # an empty cell says that nobody rated; elsewhere, that there is no such field

Value = TypeVar("Value")


class RatingRow(Row):
    """One record; problems name the file's own columns.

    Attributes:
        columns: penmark's name of a field to the file's.
        is_text: whether every value is text, as in CSV, so that numbers are read from it.
    """

    def __init__(self, row: Row, columns: Mapping[str, str], *, is_text: bool, problems: list[Problem]) -> None:
        renamed = set(columns.values()) - columns.keys()
        own = {key: value for key, value in row.values.items() if key not in renamed}
        mapped = {key: row.values[column] for key, column in columns.items() if column in row.values}
        values = {**own, **mapped}
        if is_text:
            values = {k: v for k, v in values.items() if v is not None or k.partition(":")[0] in MAY_BE_UNRATED}
        super().__init__(row.path, row.line, values, problems)
        self.columns = columns
        self.is_text = is_text

    def field(self, key: str) -> str:
        """The file's name of a field."""
        return self.columns.get(key, key)

    def optional(self, key: str) -> str:
        """A text that may be left out; "" then."""
        return "" if self.values.get(key) is None else self.text(key, may_be_empty=True)

    def number(self, key: str, value: object) -> float | None:
        """A finite number; None where there is none, after a report unless nothing is there."""
        if value is None:
            return None
        try:
            number = float(value) if self.is_text and isinstance(value, str) else value
        except ValueError:
            number = None
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            self.report(key, f"{shown(value)} is not a number", "give a number, or leave it empty")
            return None
        return float(number)

    def text_value(self, key: str, value: object) -> str:
        """A text; "" after a report."""
        if not isinstance(value, str):
            self.report(key, f"{shown(value)} is not a text", "put the text in double quotes")
            return ""
        return value

    def named(self, family: str, whole: str, read: Callable[[str, object], Value]) -> dict[str, Value]:
        """What is in the fields `family:NAME`, and in the object `whole` of such names, by name."""
        together = self.values.get(whole)
        if together is not None and not isinstance(together, dict):
            self.report(whole, f"{shown(together)} is not an object", "put an object in its place")
            together = None
        found = {f"{family}:{name}": value for name, value in (together or {}).items()}
        found |= {key: value for key, value in self.values.items() if key.startswith(f"{family}:")}
        return {key.partition(":")[2]: read(key, value) for key, value in found.items()}


def read_rows(path: Path, problems: list[Problem]) -> Iterator[tuple[Row, bool]]:
    """(record, whether its values are text) of every sound line; what is wrong with others goes to `problems`.

    A file called `.csv` or `.tsv` is a table with a header; any other is JSONL. Empty cells are None.
    """
    separator = SEPARATORS.get(path.suffix.lower())
    if separator is None:
        yield from ((row, False) for row in read_jsonl(path, problems))
        return
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            csv.field_size_limit(sys.maxsize)  # An essay in a cell may be longer than the usual limit.
            yield from ((row, True) for row in _read_cells(path, csv.reader(file, delimiter=separator), problems))
    except OSError as error:
        found = "no such file" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        problems.append(_problem(path, 0, found, "check the path and its permissions"))
    except UnicodeDecodeError as error:
        problems.append(_problem(path, 0, f"invalid UTF-8 at byte {error.start}", "save the file as UTF-8"))


def _read_cells(path: Path, reader: Iterator[list[str]], problems: list[Problem]) -> Iterator[Row]:
    header: list[str] = []
    last, is_empty = 0, True
    try:
        for cells in reader:
            line, last = last + 1, reader.line_num  # type: ignore[attr-defined]
            if not any(cells):
                continue
            if not header:
                header = [cell.strip() for cell in cells]
                _check_header(path, line, header, problems)
                continue
            is_empty = False
            if len(cells) != len(header):
                found = f"{len(cells)} cells under {len(header)} columns"
                problems.append(_problem(path, line, found, "put cells with commas or line breaks in double quotes"))
                continue
            yield Row(path, line, {k: v if v.strip() else None for k, v in zip(header, cells, strict=True)}, problems)
    except csv.Error as error:
        problems.append(_problem(path, last + 1, f"no sound CSV ({error})", "save the file as CSV again"))
    if is_empty:
        problems.append(_problem(path, 0, "no records", "expected a header and one record a line"))


def _check_header(path: Path, line: int, header: list[str], problems: list[Problem]) -> None:
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        problems.append(_problem(path, line, f"two columns called {', '.join(twice)}", "rename one of them"))


def _problem(path: Path, line: int, found: str, remedy: str) -> Problem:
    return Problem(path=path, line=line, field="", found=found, remedy=remedy)

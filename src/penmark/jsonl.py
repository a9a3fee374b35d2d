"""Reading JSONL strictly: every problem of a file with its line and field, instead of the first exception.

Benchmarks, imports and training read their files with it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, TypeVar

from penmark.errors import DataError
from penmark.protocols import Problem

PROBLEMS_SHOWN = 10
SHOWN_CHARS = 80
CUT_OFF_REMEDY = "the file may have been cut off: get it again, or delete this line"

Choice = TypeVar("Choice", bound=str)


class Row:
    """One JSON object of a file: gives its fields and notes what is wrong with them.

    A field that is not as asked for is reported once and comes back as "" or empty, so that a reader can go on
    and find the next problem; `is_sound` says at the end whether the values can be used.

    Attributes:
        line: the object's line in the file, from 1.
        values: the object.
        at: where the object stands in its line, such as `checklist[2]`; "" for the line's own object.
    """

    def __init__(
        self, path: Path, line: int, values: Mapping[str, object], problems: list[Problem], at: str = ""
    ) -> None:
        self.path = path
        self.line = line
        self.values = values
        self.at = at
        self._problems = problems
        self._problems_before = len(problems)

    @property
    def is_sound(self) -> bool:
        """Whether nothing was reported since this row was read."""
        return len(self._problems) == self._problems_before

    def field(self, key: str) -> str:
        """A field's full name, such as `domain1` or `checklist[2]["5-6"]`."""
        return f"{self.at}[{shown(key)}]" if self.at else key

    def report(self, key: str, found: str, remedy: str) -> None:
        """Note what is wrong with a field."""
        self._problems.append(
            Problem(path=self.path, line=self.line, field=self.field(key), found=found, remedy=remedy)
        )

    def text(self, key: str, *, may_be_empty: bool = False) -> str:
        """A field that must hold text; more than white space unless it may be empty."""
        if key not in self.values:
            self.report(key, "missing", "add it")
            return ""
        value = self.values[key]
        if not isinstance(value, str):
            self.report(key, f"{shown(value)} is not a text", "put the text in double quotes")
            return ""
        if not value.strip() and not may_be_empty:
            self.report(key, "empty", "fill it in")
        if has_lone_surrogate(value):
            self.report(key, f"half a character (a lone surrogate) in {shown(value)}", "replace or remove it")
        return value

    def choice(self, key: str, known: Sequence[Choice]) -> Choice:
        """A field that must hold one of a few texts; the first of them after a report."""
        value = self.text(key)
        if value and value not in known:
            self.report(key, f"unknown: {shown(value)}", f"use one of {', '.join(map(repr, known))}")
        return next((name for name in known if name == value), known[0])

    def child(self, key: str) -> Row | None:
        """The object in a field; None after a report."""
        return self._nested(key, self.values.get(key), "missing" if key not in self.values else "")

    def children(self, key: str) -> list[Row]:
        """The objects in a field that must hold a list of them; the list may be empty."""
        value = self.values.get(key)
        if not isinstance(value, list):
            self.report(key, "missing" if key not in self.values else f"{shown(value)} is not a list", "make it a list")
            return []
        rows = (self._nested(key, item, "", f"[{i}]") for i, item in enumerate(value))
        return [row for row in rows if row is not None]

    def _nested(self, key: str, value: object, found: str, position: str = "") -> Row | None:
        at = self.field(key) + position
        if isinstance(value, dict):
            return Row(self.path, self.line, value, self._problems, at)
        found = found or f"{shown(value)} is not an object"
        remedy = "put an object in its place"
        self._problems.append(Problem(path=self.path, line=self.line, field=at, found=found, remedy=remedy))
        return None


def read_jsonl(path: Path, problems: list[Problem]) -> Iterator[Row]:
    """Every line that is one JSON object, one at a time; what is wrong with the others goes to `problems`.

    Blank lines and a byte order mark at the start are skipped. A key that stands twice in an object, NaN
    and Infinity are problems, as are a file without any record and one that cannot be opened.
    """
    try:
        with path.open("rb") as file:
            yield from _read_lines(path, file, problems)
    except OSError as error:
        found = "no such file" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        problems.append(Problem(path=path, line=0, field="", found=found, remedy="check the path and its permissions"))


def _read_lines(path: Path, file: BinaryIO, problems: list[Problem]) -> Iterator[Row]:
    is_empty = True
    for line, raw in enumerate(file, start=1):
        if not _without_mark(raw, line).strip():
            continue
        is_empty = False
        try:
            values = _parse(raw, line)
        except _LineError as error:
            problems.append(Problem(path=path, line=line, field=error.field, found=error.found, remedy=error.remedy))
            continue
        yield Row(path, line, values, problems)
    if is_empty:
        remedy = "expected one JSON object a line: get the file again"
        problems.append(Problem(path=path, line=0, field="", found="no records, the file is empty", remedy=remedy))


class _LineError(Exception):
    """A line that is not one JSON object."""

    def __init__(self, found: str, remedy: str, field: str = "") -> None:
        super().__init__(found)
        self.found = found
        self.remedy = remedy
        self.field = field


def _parse(raw: bytes, line: int) -> dict[str, object]:
    """The object in a line, or _LineError. Only a last line can lack its line break."""
    content = _without_mark(raw, line)
    is_last = not raw.endswith(b"\n")
    try:
        text = content.decode("utf-8")
        value = _DECODER.decode(text)
    except UnicodeDecodeError as error:
        offset = error.start + len(raw) - len(content)
        found = f"invalid UTF-8 at byte offset {offset} of the line (0x{raw[offset]:02x})"
        raise _LineError(found, CUT_OFF_REMEDY if is_last else "save the file as UTF-8") from error
    except (ValueError, RecursionError) as error:
        # The decoder counts lines within the line that it was given.
        what = f"{error.msg} at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else error
        found = f"{'incomplete last line' if is_last else 'invalid JSON'} ({what})"
        raise _LineError(found, CUT_OFF_REMEDY if is_last else "write one JSON object a line") from error
    if not isinstance(value, dict):
        raise _LineError(f"{shown(value)} is not an object", "write one JSON object a line")
    return value


def _without_mark(raw: bytes, line: int) -> bytes:
    return raw.removeprefix(b"\xef\xbb\xbf") if line == 1 else raw


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) < len(pairs):
        twice = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        raise _LineError("the key stands twice in one object", "keep one of them", shown(twice).strip('"'))
    return values


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


# Made once: `json.loads` with hooks makes a new one for each line, which takes longer than the line.
_DECODER = json.JSONDecoder(object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)


def has_lone_surrogate(text: str) -> bool:
    """Whether the text holds half of a character, which no file or database can keep."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def shown(value: object) -> str:
    """A JSON value as messages show it: on one line, shortened, always printable."""
    text = json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]}..."


def raise_problems(problems: Sequence[Problem], command: str = "") -> None:
    """Nothing where there are no problems.

    Args:
        problems: what was found; the message has one line for each of the first ten.
        command: what to run for the full list; "" where no command gives it.

    Raises:
        DataError: where there are any.
    """
    if not problems:
        return
    lines = [str(problem) for problem in problems[:PROBLEMS_SHOWN]]
    if len(problems) > PROBLEMS_SHOWN:
        lines.append(f"and {len(problems) - PROBLEMS_SHOWN} more")
    if command:
        lines.append(f"correct the data and run `{command}`")
    raise DataError("\n".join(lines))

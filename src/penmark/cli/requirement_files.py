"""Files of requirements, and of texts to check them on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penmark.cli.failure import writing_to
from penmark.errors import ConfigError, DataError
from penmark.jsonl import Row, raise_problems, read_jsonl, shown
from penmark.protocols import Problem
from penmark.records import REQUIREMENT_KINDS, Check, Requirement, RequirementKind
from penmark.requirements import extract, validate

if TYPE_CHECKING:
    from penmark.cli.requirements import CheckFlags

KINDS: Sequence[RequirementKind] = REQUIREMENT_KINDS  # type: ignore[assignment]
SOURCES = "a query, its own requirements or a task"
Text = tuple[str, str, list[Requirement]]  # name, text, what is demanded of it


def as_record(requirement: Requirement) -> dict[str, Any]:
    """A requirement as JSON holds it."""
    check = requirement.check and {"name": requirement.check.name, "arguments": dict(requirement.check.arguments)}
    return {"kind": requirement.kind, "text": requirement.text, "check": check, "quote": requirement.quote}


def save_requirements(found: Mapping[str, Sequence[Requirement]], path: Path) -> None:
    """One line for each task: {"task", "requirements"}."""
    rows = ({"task": task, "requirements": list(map(as_record, some))} for task, some in found.items())
    with writing_to(path), path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def read_requirements(path: Path) -> dict[str, list[Requirement]]:
    """The requirements of each task in a file that `save_requirements` wrote.

    Raises:
        DataError: naming the malformed records.
    """
    problems: list[Problem] = []
    found: dict[str, list[Requirement]] = {}
    for row in read_jsonl(path, problems):
        task = _name(row)
        if task in found:
            row.report("task", f"task {task} stands twice", "keep one of the lines")
        found[task] = read_list(row)
    raise_problems(problems)
    return found


def read_list(row: Row) -> list[Requirement]:
    """The requirements in a row's "requirements"; what is wrong with them is reported."""
    return [_requirement(child) for child in row.children("requirements")]


def _requirement(row: Row) -> Requirement:
    texts = {key: row.text(key, may_be_empty=True) for key in ("text", "quote") if key in row.values}
    check = None
    if row.values.get("check") is not None and (child := row.child("check")) is not None:
        check = _check(child)
    return Requirement(kind=row.choice("kind", KINDS), check=check, **texts)


def _check(row: Row) -> Check | None:
    arguments = row.values.get("arguments", {})
    if not isinstance(arguments, dict):
        row.report("arguments", f"{shown(arguments)} is not an object", "put an object in its place")
        return None
    check = Check(row.text("name"), arguments)
    try:
        validate(check)
    except DataError as error:
        row.report("name", str(error), "correct it, or make the check null")
        return None
    return check


def _name(row: Row) -> str:
    """What a row calls itself: its task, index or id, a text or a whole number; else its line."""
    for key in ("task", "index", "id"):
        value = row.values.get(key)
        if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
            return str(value)
        if value is not None:
            row.report(key, f"{shown(value)} is neither a text nor a whole number", "name the task as the others do")
    return f"line {row.line}"


def given_query(query: str) -> str:
    """The query that --query gives, as it is.

    Raises:
        ConfigError: when it is blank, as an unset shell variable is: nothing could be demanded by it.
    """
    if not query.strip():
        raise ConfigError(f"--query is {query!r}, expected what a writer is asked for; give its text in quotes")
    return query


def texts_to_check(flags: CheckFlags) -> list[Text]:
    """Every text with what is demanded of it.

    Raises:
        ConfigError: when the options do not go together.
        DataError: naming the malformed records.
    """
    known = _known(flags)
    if flags.query is not None:
        return [(flags.file.name, _read_text(flags.file), extract(given_query(flags.query)))]
    problems: list[Problem] = []
    texts = [
        (_name(row), row.text("response", may_be_empty=True), _demands(row, known))
        for row in read_jsonl(flags.file, problems)
    ]
    raise_problems(problems)
    return texts


def _known(flags: CheckFlags) -> dict[str, list[Requirement]] | None:
    """The requirements that texts may name by task; None where the file has them itself."""
    given = [name for name in ("requirements", "bench", "query") if getattr(flags, name) is not None]
    if len(given) > 1:
        raise ConfigError(f"give one of --requirements, --bench and --query; found {' and '.join(given)}")
    if flags.requirements is not None:
        return read_requirements(flags.requirements)
    if flags.bench is None:
        return None
    from penmark.build.requirements import read_by_rule
    from penmark.named import open_benchmark

    return {task.id: read_by_rule(task) for task in open_benchmark(flags.bench, flags.data).tasks()}


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read as a text ({error}); name a file in UTF-8") from error


def _demands(row: Row, known: Mapping[str, list[Requirement]] | None) -> list[Requirement]:
    if known is not None:
        name = _name(row)
        if name not in known:
            some = ", ".join(list(known)[:5])
            row.report("task", f"no requirements are known for {shown(name)}", f"use one of {some}, ...")
        return known.get(name, [])
    if "requirements" in row.values:
        return read_list(row)
    if "query" in row.values:
        return extract(row.text("query"))
    row.report("query", "missing", f"give {SOURCES} with --requirements or --bench")
    return []

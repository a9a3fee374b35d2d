"""Responses, scores and judgments as JSONL for any benchmark: penmark's own shapes, and those of upstream projects.

    what       shape         one line
    responses  WritingBench  {"index", "response"}
    responses  HoWToBench    {"infer_id", "model", "output"}
    responses  penmark       {"task", "writer", "response"}
    scores     WritingBench  {"index", "scores": {criterion: [{"score", "reason"}, ...]}}
    scores     penmark       {"task", "node", "repeat", "score", "reason"}
    judgments  penmark       {"task", "writer", "judge", "node", "repeat", "score", "status", "reason", "read_as"}
    preferences  penmark     {"task", "first", "second", "judge", "order", "repeat", "margin", "status", "reason"}

Reading takes every shape, ignores further fields and gives all of a file or, where anything in it is
malformed, nothing. A score is a whole number 1-10, or null where there was none: an unscored criterion is
kept, since it counts against coverage. One file holds one judge's scores of one writer. Writing leaves out
HoWToBench's shape.

Only machinery: the benchmarks are the other modules.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from penmark.jsonl import Row, raise_problems, read_jsonl, shown
from penmark.protocols import Problem
from penmark.records import Judgment, Preference

LOW, HIGH = 1, 10

_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")
# The fields of a response: what names its task, its text and, where the shape has one, its writer.
_RESPONSES = {"index": ("response", ""), "task": ("response", "writer"), "infer_id": ("output", "model")}
_SCORES = ("index", "task")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedScore:
    """One scoring of one node of a task's rubric.

    Attributes:
        task: the task's id.
        node: path of the leaf; with WritingBench, the criterion's name.
        score: points; None where there was no score.
    """

    task: str
    node: str
    repeat: int
    score: float | None
    reason: str = ""


def read_responses(path: Path, known_ids: Collection[str], *, writer: str | None = None) -> dict[str, dict[str, str]]:
    """Writer to task id to response, in the file's order. An empty text is a response.

    Args:
        path: the file.
        known_ids: the ids of the benchmark's tasks.
        writer: whose responses they all are, whatever the lines say; None = as the lines say.

    Raises:
        DataError: naming the first malformed records: an unknown or repeated query, no text, no writer, ...
    """
    known, problems = frozenset(known_ids), list[Problem]()
    texts: dict[str, dict[str, str]] = {}
    lines: dict[str, dict[Hashable, int]] = {}
    for row in read_jsonl(path, problems):
        key, task = _read_task(row, known, tuple(_RESPONSES))
        text_key, writer_key = _RESPONSES[key]
        by = writer or _read_writer(row, key, writer_key, is_first="" not in texts)
        if task:
            remedy = "keep one line a query; export one writer at a time"
            _check_first(row, key, task, lines.setdefault(by, {}), remedy)
        texts.setdefault(by, {})[task] = row.text(text_key, may_be_empty=True)
    raise_problems(problems)
    return texts


def read_scores(path: Path, nodes: Mapping[str, frozenset[str]]) -> list[ImportedScore]:
    """Every scoring in the file's order.

    A criterion with an empty list was asked about in vain: it gives one scoring without a score.

    Args:
        path: the file.
        nodes: task id to the nodes that can have scores.

    Raises:
        DataError: naming the first malformed records: an unknown query or criterion, a score of 11, ...
    """
    problems: list[Problem] = []
    scores: list[ImportedScore] = []
    lines: dict[Hashable, int] = {}
    for row in read_jsonl(path, problems):
        key, task = _read_task(row, nodes, _SCORES)
        if key == "index":
            if task:
                _check_first(row, key, task, lines, "keep one line a query")
            found = list(_read_upstream_scores(row, task, nodes))
        else:
            found = [_read_own_score(row, task, nodes)]
        for score in found if row.is_sound else ():
            record = (score.task, score.node, score.repeat)
            _check_first(row, key, record, lines, "keep one score for each task, node and repeat")
        scores.extend(found)
    raise_problems(problems)
    return scores


def _read_task(row: Row, known: Collection[str], keys: Sequence[str]) -> tuple[str, str]:
    """(the field's name, the task's id): the first of `keys` that the row has, else the first; "" after a report."""
    key = next((key for key in keys if key in row.values), keys[0])
    value = row.values.get(key)
    task = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(task, str) and task in known:
        return key, task
    found = f"no query {shown(value)} in the benchmark" if key in row.values else "missing"
    row.report(key, found, "name the benchmark the file belongs to as --bench, or delete the line")
    return key, ""


def _read_writer(row: Row, key: str, writer_key: str, *, is_first: bool) -> str:
    """Who wrote the response, by the line itself; "" after a report, which a shape without writers gets once."""
    if writer_key in row.values:
        return row.text(writer_key)
    if writer_key:
        row.report(writer_key, "missing", "add it, or name the writer with --writer NAME")
    elif key in row.values and is_first:
        row.report(key, "this shape does not say who wrote the responses", "name the writer with --writer NAME")
    return ""


def _check_first(row: Row, key: str, record: Hashable, lines: dict[Hashable, int], remedy: str) -> None:
    """Report a record that an earlier line of the file has too."""
    line = lines.setdefault(record, row.line)
    if line != row.line:
        row.report(key, f"{shown(record)} is on line {line} too", remedy)


def _read_upstream_scores(row: Row, task: str, nodes: Mapping[str, frozenset[str]]) -> Iterator[ImportedScore]:
    scores = row.child("scores")
    if scores is None:
        return
    if not scores.values:
        row.report("scores", "no criterion", "give the scores of each criterion, or delete the line")
    for node in scores.values:
        if task:
            _check_node(scores, node, node, nodes[task])
        entries = scores.children(node)
        for repeat, entry in enumerate(entries):
            score, reason = _read_score(entry), _read_reason(entry)
            yield ImportedScore(task=task, node=node, repeat=repeat, score=score, reason=reason)
        if not entries:
            yield ImportedScore(task=task, node=node, repeat=0, score=None)


def _read_own_score(row: Row, task: str, nodes: Mapping[str, frozenset[str]]) -> ImportedScore:
    node = row.text("node", may_be_empty=True)
    if task and isinstance(row.values.get("node"), str):
        _check_node(row, "node", node, nodes[task])
    repeat = row.values.get("repeat")
    if isinstance(repeat, bool) or not isinstance(repeat, int) or repeat < 0:
        found = "missing" if "repeat" not in row.values else f"{shown(repeat)} is not a whole number from 0"
        row.report("repeat", found, "number a task's scorings of a node 0, 1, 2, ...")
        repeat = 0
    return ImportedScore(task=task, node=node, repeat=repeat, score=_read_score(row), reason=_read_reason(row))


def _check_node(row: Row, key: str, node: str, known: frozenset[str]) -> None:
    if node not in known:
        remedy = f"the criteria of this query are {', '.join(map(repr, sorted(known)))}"
        row.report(key, f"{shown(node)} is no criterion of this query", remedy)


def _read_score(row: Row) -> int | None:
    """The score; None for null, and after a report."""
    value = row.values.get("score")
    if "score" in row.values and value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and LOW <= value <= HIGH:
        return value
    found = f"{shown(value)} is not a whole number {LOW}-{HIGH}" if "score" in row.values else "missing"
    row.report("score", found, f"give a whole number {LOW}-{HIGH}, or null where there is no score")
    return None


def _read_reason(row: Row) -> str:
    """The reason; people who score by hand may leave it out."""
    return "" if row.values.get("reason") is None else row.text("reason", may_be_empty=True)


def write_responses(stream: TextIO, rows: Iterable[tuple[str, str]]) -> None:
    """Write one writer's (task id, text) in WritingBench's shape."""
    for task, text in rows:
        _write(stream, {"index": _index(task), "response": text})


def write_scores(stream: TextIO, rows: Iterable[ImportedScore]) -> None:
    """Write one judge's scores of one writer in WritingBench's shape, the repeats of each criterion in order.

    A scoring without a score is written as null rather than left out, so that nothing is hidden. The shape has
    no place for the number of a repeat: reading it back counts them 0, 1, 2, ...
    """
    by_task: dict[str, dict[str, list[ImportedScore]]] = {}
    for row in rows:
        by_task.setdefault(row.task, {}).setdefault(row.node, []).append(row)
    for task, by_node in by_task.items():
        scores = {node: [_scoring(row) for row in sorted(found, key=_repeat)] for node, found in by_node.items()}
        _write(stream, {"index": _index(task), "scores": scores})


def write_own_responses(stream: TextIO, rows: Iterable[tuple[str, str, str]]) -> None:
    """Write (task id, writer, text) in penmark's shape."""
    for task, writer, text in rows:
        _write(stream, {"task": task, "writer": writer, "response": text})


def write_own_scores(stream: TextIO, rows: Iterable[ImportedScore]) -> None:
    """Write one judge's scores of one writer in penmark's shape."""
    for row in rows:
        _write(stream, {"task": row.task, "node": row.node, "repeat": row.repeat, **_scoring(row)})


def write_own_judgments(stream: TextIO, rows: Iterable[tuple[str, str, Judgment]]) -> None:
    """Write (task id, writer, judgment) in penmark's shape, inner nodes and unscored ones included."""
    for task, writer, judgment in rows:
        j = judgment
        verdict = {"score": j.score, "status": j.status, "reason": j.reason, "read_as": j.read_as}
        _write(
            stream, {"task": task, "writer": writer, "judge": j.judge, "node": j.node, "repeat": j.repeat, **verdict}
        )


def write_own_preferences(stream: TextIO, rows: Iterable[tuple[str, str, str, Preference]]) -> None:
    """Write (task id, first writer, second writer, preference) in penmark's shape, unscored ones included.

    The margin is 2 or 1 where the first writer's response is (much) better, 0 for a tie, -1 or -2; "order" is "ab"
    where the judge was shown the first writer's response first.
    """
    for task, first, second, preference in rows:
        p = preference
        asked = {"judge": p.judge, "order": p.order, "repeat": p.repeat}
        verdict = {"margin": p.margin, "status": p.status, "reason": p.reason}
        _write(stream, {"task": task, "first": first, "second": second, **asked, **verdict})


def _write(stream: TextIO, values: Mapping[str, object]) -> None:
    stream.write(json.dumps(values, ensure_ascii=False) + "\n")


def _index(task: str) -> int | str:
    return int(task) if _NUMBER.fullmatch(task) else task


def _scoring(row: ImportedScore) -> dict[str, object]:
    score = int(row.score) if isinstance(row.score, float) and row.score.is_integer() else row.score
    return {"score": score, "reason": row.reason}


def _repeat(row: ImportedScore) -> int:
    return row.repeat

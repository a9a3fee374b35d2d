"""Written texts to make training data from: out of the store, or a JSONL file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from penmark.jsonl import Row, raise_problems, read_jsonl
from penmark.protocols import Problem
from penmark.records import Task
from penmark.store import reads
from penmark.text import language

# Field names that files of texts are known by, the first that a line has.
PROMPTS = ("prompt", "instruction", "query")
TEXTS = ("response", "text", "output")
TASKS = ("id", "index", "task")  # a file may call a category of prompts its task
WRITERS = ("writer", "model")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One text that was written for a prompt.

    Attributes:
        task: names the prompt; texts of one task are never split between training and evaluation.
        language: "zh" or "en".
    """

    task: str
    prompt: str
    writer: str
    text: str
    language: str


def stored_texts(db: sqlite3.Connection, bench: str, writers: Sequence[str] = ()) -> Iterator[Text]:
    """The texts of a benchmark in the store, with its references as texts of the writer "reference"."""
    last = ""
    for task, response in reads.responses(db, bench, writers):
        if task.key != last and task.reference and not writers:
            yield _text(task, "reference", task.reference)
        last = task.key
        if (response.text or "").strip():
            yield _text(task, response.writer, response.text or "")


def read_texts(path: Path) -> list[Text]:
    """The texts of a JSONL file: a prompt, a text, maybe what the task is called and who wrote it.

    Raises:
        DataError: naming the first malformed lines.
    """
    problems: list[Problem] = []
    read = [_read(row) for row in read_jsonl(path, problems)]
    raise_problems(problems)
    return read


def _read(row: Row) -> Text:
    prompt, text = (row.text(_name(row, names)) for names in (PROMPTS, TEXTS))
    task = row.values.get(_name(row, TASKS), prompt)
    writer = row.values.get(_name(row, WRITERS), "unknown")
    return Text(task=str(task), prompt=prompt, writer=str(writer), text=text, language=language(prompt + text[:500]))


def _name(row: Row, names: Sequence[str]) -> str:
    return next((name for name in names if name in row.values), names[0])


def _text(task: Task, writer: str, text: str) -> Text:
    return Text(task=f"{task.bench}/{task.id}", prompt=task.prompt, writer=writer, text=text, language=task.language)

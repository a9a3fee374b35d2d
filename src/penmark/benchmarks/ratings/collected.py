"""What a file of human ratings says, gathered line by line and held against itself and against the benchmark."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field

from penmark.benchmarks.ratings.table import RatingRow
from penmark.jsonl import has_lone_surrogate, shown
from penmark.records import Task, content_key
from penmark.text.language import language

ID_DIGITS = 12  # of the content key that names a task without an id


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanScore:
    """One person's score of one node of one response; of the whole where the node is "".

    Attributes:
        task: the task's id.
        annotator: "" where the file does not say who.
        line: where it stands in the file.
    """

    task: str
    writer: str
    node: str
    annotator: str
    score: float
    reason: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanPreference:
    """One person's verdict on two responses to one task.

    Attributes:
        first: writer of the response that was shown first; likewise `second`.
        margin: 1 and 2 where the first is better, 0 a tie, -1 and -2 where the second is.
    """

    task: str
    first: str
    second: str
    annotator: str
    margin: int
    reason: str
    line: int


@dataclass(frozen=True, slots=True)
class Ratings:
    """All of a file.

    Attributes:
        tasks: by id, those that are rated, in the file's order.
        texts: (task id, writer) to the response's text; None where the file names it only.
        unrated: lines with a score that was left empty.
        scale: lowest and highest score, where that was said.
    """

    scale: tuple[float, float] | None = None
    tasks: dict[str, Task] = field(default_factory=dict)
    texts: dict[tuple[str, str], str | None] = field(default_factory=dict)
    scores: list[HumanScore] = field(default_factory=list)
    preferences: list[HumanPreference] = field(default_factory=list)
    unrated: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a file is to be read.

    Attributes:
        bench: the benchmark it belongs to.
        known: that benchmark's tasks by id.
        makes_tasks: whether tasks that are not known are made from the file.
        annotator: who rated, where the file does not say.
        verdicts: what stands for a verdict, such as "0" for the first being better, to its margin.
        scale: lowest and highest score there may be; None = any.
    """

    bench: str
    known: Mapping[str, Task]
    makes_tasks: bool = False
    annotator: str = ""
    verdicts: Mapping[str, int] = field(default_factory=dict)
    scale: tuple[float, float] | None = None


class Collector:
    """Takes in rows; whatever does not fit is reported to the row and left out."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.ratings = Ratings(terms.scale)
        self._lines: dict[Hashable, int] = {}
        self._unnamed: dict[str, list[str]] = defaultdict(list)
        self._by_instruction = {text: t for t in terms.known.values() for text in (t.prompt, t.instruction)}

    def task(self, row: RatingRow) -> str:
        """Id of the row's task, by its id or else by its instruction; "" after a report."""
        given = row.values.get("task")
        name = str(given) if isinstance(given, int) and not isinstance(given, bool) else given
        if "task" in row.values and not (isinstance(name, str) and name.strip()):
            row.report("task", f"{shown(given)} is no id", "give a text or a whole number")
            return ""
        found = (
            self.terms.known.get(str(name)) if name is not None else self._by_instruction.get(self._instruction(row))
        )
        if found is None:
            return self._new_task(row, name if isinstance(name, str) else None)
        instruction = row.values.get("instruction")
        if self.terms.makes_tasks and instruction not in (None, found.instruction, found.prompt):
            row.report("instruction", f"task {shown(found.id)} has another one", "give the task an id of its own")
            return ""
        self.ratings.tasks.setdefault(found.id, found)
        return found.id

    def _instruction(self, row: RatingRow) -> str:
        return row.text("instruction") if "instruction" in row.values else ""

    def _new_task(self, row: RatingRow, name: str | None) -> str:
        if not self.terms.makes_tasks or (name is None and "instruction" not in row.values):
            key = "task" if name is not None or "instruction" not in row.values else "instruction"
            found = f"no task {shown(row.values[key])} in {self.terms.bench}" if key in row.values else "missing"
            row.report(key, found, "name the --column that has it, another --bench, or make one with --as-bench")
            return ""
        if name in self.ratings.tasks and "instruction" not in row.values:
            return name or ""
        instruction = row.text("instruction")
        name = name or content_key("rated", instruction)[:ID_DIGITS]
        first = self.ratings.tasks.get(name)
        if first is not None and first.instruction != instruction:
            line = self._lines["task", name]
            row.report("instruction", f"task {shown(name)} has another one on line {line}", "keep one for each task")
            return ""
        if first is None and row.is_sound:
            self._lines["task", name] = row.line
            self.ratings.tasks[name] = self._made(row, name, instruction)
        return name if row.is_sound else ""

    def _made(self, row: RatingRow, name: str, instruction: str) -> Task:
        return Task(
            bench=self.terms.bench,
            id=name,
            instruction=instruction,
            material=row.optional("material"),
            reference=row.optional("reference") or None,
            tags={"language": language(instruction), **row.named("tag", "tags", row.text_value)},
        )

    def response(self, row: RatingRow, task: str, writer_key: str, text_key: str) -> str:
        """Writer of a response that the row names or brings; "" after a report.

        Texts whose writer is not said are called "response 1", "response 2", ... for each task, equal texts alike.
        """
        has_text = row.values.get(text_key) is not None
        text = row.text(text_key, may_be_empty=True) if has_text else None
        if row.values.get(writer_key) is not None:
            writer = row.text(writer_key)
            return self.keep(row, task, (writer, writer_key), text) if row.is_sound else ""
        if text is None:
            row.report(writer_key, "missing", f"name the --column that has it, or one with the text as {text_key}")
            return ""
        return self._unnamed_writer(row, task, text)

    def _unnamed_writer(self, row: RatingRow, task: str, text: str) -> str:
        texts = self._unnamed[task]
        # Both sides of a pair may be the same text, by two writers.
        free = (i for i, known in enumerate(texts) if known == text and self._lines.get(("side", task, i)) != row.line)
        place = next(free, len(texts))
        if place == len(texts):
            texts.append(text)
        self._lines["side", task, place] = row.line
        writer = f"response {place + 1}"
        if task:
            self.ratings.texts[task, writer] = text
        return writer

    def keep(self, row: RatingRow, task: str, named: tuple[str, str], text: str | None) -> str:
        """The writer, after taking in the response; `named` is the writer and the field that says so."""
        writer, key = named
        before = self.ratings.texts.get((task, writer))
        if text is not None and before not in (None, text):
            line = self._lines["text", task, writer]
            row.report(key, f"{shown(writer)} has another response to task {shown(task)} on line {line}", "keep one")
        if task:
            self._lines.setdefault(("text", task, writer), row.line)
            self.ratings.texts[task, writer] = text if before is None else before
        return writer

    def annotator(self, row: RatingRow) -> str:
        """Who rated."""
        value = row.values.get("annotator")
        return (
            self.terms.annotator if value is None else str(value) if isinstance(value, int) else row.text("annotator")
        )

    def add_score(self, row: RatingRow, key: str, value: object, about: tuple[str, str, str, str]) -> None:
        """Take in the score that is in a field, of (task, writer, node, annotator)."""
        task, writer, node, annotator = about
        score = row.number(key, value)
        if score is None:
            if value is None:
                self.ratings.unrated.append(row.line)
            return
        low, high = self.terms.scale or (-math.inf, math.inf)
        if not low <= score <= high:
            row.report(key, f"{shown(value)} is not in {low:g}-{high:g}", "correct it, or the --scale")
        if not row.is_sound:
            return
        line = self._lines.setdefault(("score", *about), row.line)
        if line != row.line:
            row.report(
                key, f"scored by the same person on line {line} too", "say who rated with --column annotator=NAME"
            )
        reason = row.optional("reason")
        if row.is_sound:
            self.ratings.scores.append(
                HumanScore(
                    task=task, writer=writer, node=node, annotator=annotator, score=score, reason=reason, line=row.line
                )
            )

    def add_preference(self, row: RatingRow, task: str, sides: tuple[str, str], margin: int) -> None:
        """Take in a verdict on the responses of two writers."""
        if sides[0] == sides[1]:
            row.report("writer_b", f"{shown(sides[0])} on both sides", "compare two responses")
        annotator, reason = self.annotator(row), row.optional("reason")
        if row.is_sound:
            self.ratings.preferences.append(
                HumanPreference(
                    task=task, first=sides[0], second=sides[1], annotator=annotator, margin=margin, reason=reason,
                    line=row.line,
                )
            )  # fmt: skip


def pieces(value: object, separator: str) -> Iterator[str]:
    """The names in a list, or in a text that separates them."""
    for part in value if isinstance(value, list) else str(value).split(separator):
        if isinstance(part, str) and part.strip() and not has_lone_surrogate(part):
            yield part.strip()

"""The six nouns of penmark, frozen: task, response, rubric, judgment, preference, run.

A benchmark gives tasks, a writer answers them, a judge scores the answers, the store keeps every
judgment, and everything else reads judgments from the store.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

REQUIREMENT_KINDS = ("style", "format", "length", "content")
RequirementKind = Literal["style", "format", "length", "content"]

# What became of one node. "scored": a verdict. "empty": an empty response, which gets the lowest score.
# "partial": an inner node over its scored children only. "unreadable": no reply could be read.
# "failed": the model could not be reached or refused the prompt. "incomplete": a child is unscored.
Status = Literal["scored", "empty", "partial", "unreadable", "failed", "incomplete"]


def content_key(*parts: object) -> str:
    """The 32 hex digits that name this content: equal content, equal key, on every machine."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One leaf of a rubric: what is judged, and what each band of the scale means.

    Attributes:
        bands: (label, text) from low to high, such as ("1-2", "..."); empty when the scale has no bands.
        low: lowest score of the scale, in points.
        high: highest score of the scale, in points.
        about: the kinds of requirement this criterion is about (WritingBench's "C" figures).
    """

    name: str
    description: str
    bands: tuple[tuple[str, str], ...] = ()
    low: int = 1
    high: int = 10
    about: tuple[RequirementKind, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rubric:
    """A node of a weighted tree: either a criterion (a leaf) or children (an inner node).

    Attributes:
        name: unique among its siblings; the root's is "".
        weight: share in the parent's score, relative to its siblings; None = planned for each task.
        points: of a leaf, what its score counts in the parent: (highest score, points) of each step, ascending;
            empty = the score itself.
    """

    name: str = ""
    weight: float | None = 1.0
    children: tuple[Rubric, ...] = ()
    criterion: Criterion | None = None
    points: tuple[tuple[float, float], ...] = ()

    def counted(self, score: float) -> float:
        """What a leaf's score counts in its parent. A score between two steps belongs to the upper one."""
        return (
            next((points for top, points in self.points if score <= top), self.points[-1][1]) if self.points else score
        )

    @classmethod
    def flat(cls, criteria: tuple[Criterion, ...]) -> Rubric:
        """A root with one leaf of equal weight for each criterion."""
        return cls(children=tuple(cls(name=c.name, criterion=c) for c in criteria))

    def leaves(self, parent: str = "") -> Iterator[tuple[str, Criterion]]:
        """(node path, criterion) of every leaf, left to right. The root's path is ""."""
        path = f"{parent}/{self.name}" if parent else self.name
        if self.criterion is not None:
            yield path, self.criterion
        for child in self.children:
            yield from child.leaves(path)


@dataclass(frozen=True, slots=True)
class Check:
    """The checkable form of a requirement: a rule of `penmark.requirements` and what it is given.

    Attributes:
        name: a key of `penmark.requirements.CHECKS`.
        arguments: JSON values by name, as that rule wants them.
    """

    name: str
    arguments: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One thing a task demands.

    Attributes:
        text: the demand in words; "" where a benchmark only says which kind of demand a task carries.
        check: the rule that tells whether a text obeys; None where it takes a reader.
        quote: the words of the query it comes from; "" where it was not read from one.
    """

    kind: RequirementKind
    text: str = ""
    check: Check | None = None
    quote: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One writing job.

    Attributes:
        id: unique within the benchmark; digits alone where upstream numbers its queries.
        material: grounding text that goes with the instruction; "" when there is none.
        reference: a text by a person that does the job well, where there is one.
        tags: such as domain1, domain2, genre, language ("zh" or "en").
    """

    bench: str
    id: str
    instruction: str
    material: str = ""
    reference: str | None = None
    requirements: tuple[Requirement, ...] = ()
    rubric: Rubric | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Content key over what writers and judges see; tags and requirement marks may be added later."""
        criteria = (
            [(n, c.description, c.bands, c.low, c.high) for n, c in self.rubric.leaves()] if self.rubric else None
        )
        return content_key("task", self.bench, self.id, self.instruction, self.material, self.reference, criteria)

    @property
    def prompt(self) -> str:
        """What a writer is given: the instruction, then the material."""
        return f"{self.instruction}\n\n{self.material}" if self.material else self.instruction

    @property
    def language(self) -> str:
        """The prompt language, "zh" or "en"."""
        return self.tags.get("language", "en")


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One text for one task by one writer.

    Attributes:
        text: None when it could not be had; "" is a response, and scored lowest.
        status: "written"; "failed" when the writer gave none; "absent" when only its scores are known.
        call: key of the model call it came from, where there was one.
    """

    task: str
    writer: str
    text: str | None
    status: Literal["written", "failed", "absent"] = "written"
    detail: str = ""
    call: str | None = None

    @property
    def key(self) -> str:
        """Content key: the same text by the same writer for the same task is one response."""
        return content_key("response", self.task, self.writer, self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgment:
    """One judge's verdict on one node of one response.

    Attributes:
        response: key of the response.
        judge: name of the judge in the store.
        node: path of the node; "" is the root.
        score: points on the judge's scale, or None when it could not be had; `status` then says why.
        repeat: 0 for the first scoring, 1 for the second, ...
        read_as: how the score came about: "integer" (read from a reply), "rule", "sum" (arithmetic over
            children), "imported", "empty" or "" (unscored).
        call: key of the model call whose reply was read, where there was one.
    """

    response: str
    judge: str
    node: str
    score: float | None
    status: Status
    reason: str = ""
    repeat: int = 0
    read_as: str = ""
    call: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """One judge's verdict on two responses to one task, which may stand in either order: see `turned`.

    Attributes:
        first: key of a response; likewise `second`.
        order: which response the judge was shown first: the first ("ab", also where that is not known) or the second.
        margin: 2 and 1 when the first is (much) better, 0 a tie, -1 and -2 when the second is; None = unscored.
    """

    first: str
    second: str
    judge: str
    order: Literal["ab", "ba"]
    margin: int | None
    status: Status
    reason: str = ""
    repeat: int = 0
    call: str | None = None

    def turned(self) -> Preference:
        """The same verdict with first and second changed round."""
        margin = None if self.margin is None else -self.margin
        order: Literal["ab", "ba"] = "ba" if self.order == "ab" else "ab"
        return replace(self, first=self.second, second=self.first, order=order, margin=margin)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What was done, with what: enough to do it again.

    Attributes:
        spec: bench and its revision, writer or judge with version and prompt hash, sampling, seed, software versions.
        started_at: UTC, ISO 8601.
    """

    id: str
    kind: Literal["write", "judge", "import"]
    spec: Mapping[str, object]
    started_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a judge settled for one task before scoring its responses.

    Attributes:
        weights: node path to the share of that node in its parent, for the nodes whose rubric weight is None.
        tags: tags the task was found to have, such as its genre; judges see the task with them.
    """

    weights: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRecord:
    """A task's plan as the store keeps it.

    Attributes:
        task: key of the task.
        plan: None when none could be had; `status` and `reason` then say why.
        repeat: 0 for the first scoring's plan, 1 for the second's, ...
        call: key of the model call whose reply was read.
    """

    judge: str
    task: str
    repeat: int
    plan: Plan | None
    status: Status
    reason: str = ""
    call: str | None = None

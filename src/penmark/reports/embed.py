"""The drill-down's data as JSON that is safe inside a page, in pieces of bounded size.

Task texts and rubrics stand once in a piece, and responses point at them. `drilldown.js` reads this layout:
the index is {"tasks": [[id, domain1, domain2, language, snippet]], "writers": [name], "statuses": [name],
"rows": [[task, writer, score, status, piece, place in the piece, key]]}, and a piece is
{"tasks": {task: [instruction, material, reference]}, "rubrics": [[[node, description, bands]]],
"plans": [[[repeat, status, reason, {node: share}, {tag: value}]]],
"responses": [[text, why there is none, rubric, [[[repeat, score, status, reason, band]]]]]}.
A response that was judged with a tree points at its plans, too; each node of its rubric ends with
[depth, [lowest, highest score] of a leaf, share in the parent, whether it is planned, name], null where there is
none, and a verdict on a leaf whose score counts in steps with what it counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from penmark.records import Judgment, PlanRecord, Response, Rubric, Task
from penmark.reports.drilldown import Item, JudgedNode, band_of
from penmark.reports.trees import Place, places, planned_shares

PIECE_BYTES = 400_000
SNIPPET_CHARS = 90
KEY_DIGITS = 16  # of the response's content key: enough to link to it
# Inside <script>, these could end the element, open a comment or end a line.
UNSAFE = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def safe_json(value: object) -> str:
    """Compact JSON that means the same but can be put inside a <script> element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(UNSAFE)


@dataclass(slots=True)
class _Piece:
    tasks: dict[int, str] = field(default_factory=dict)
    rubrics: dict[str, int] = field(default_factory=dict)
    plans: dict[str, int] = field(default_factory=dict)
    responses: list[str] = field(default_factory=list)
    size_bytes: int = 0

    def add(self, place: int, item: Item) -> None:
        """Take one response in, and its task and rubric unless they are here."""
        if place not in self.tasks:
            task = item.task
            self.tasks[place] = self._counted(safe_json([task.instruction, task.material, task.reference]))
        tree = places(item.tree) if item.tree else {}
        rubric = self._numbered(self.rubrics, [_node(c, tree.get(c.node), item.labels) for c in item.criteria])
        verdicts = [_verdicts(c, tree.get(c.node)) for c in item.criteria]
        row = [item.response.text, _absence(item.response), rubric, verdicts]
        if item.tree:
            row.append(self._numbered(self.plans, [_plan(item.tree, record) for record in item.plans]))
        self.responses.append(self._counted(safe_json(row)))

    def _numbered(self, known: dict[str, int], value: object) -> int:
        """Where the value stands among the known ones; it joins them when it is new."""
        text = safe_json(value)
        if text not in known:
            known[self._counted(text)] = len(known)
        return known[text]

    def _counted(self, text: str) -> str:
        self.size_bytes += len(text.encode("utf-8", "replace"))
        return text

    def json(self) -> str:
        tasks = ",".join(f'"{place}":{text}' for place, text in self.tasks.items())
        lists = {"rubrics": self.rubrics, "plans": self.plans, "responses": self.responses}
        listed = ",".join(f'"{name}":[{",".join(texts)}]' for name, texts in lists.items())
        return f'{{"tasks":{{{tasks}}},{listed}}}'


@dataclass(slots=True)
class Pieces:
    """The data of a drill-down, written piece by piece into a folder.

    Attributes:
        folder: an existing, empty folder.
        factor: what root scores are multiplied with to be on the report's scale.
        files: the pieces written so far, as JSON.
        size_bytes: their size together.
    """

    folder: Path
    writers: Sequence[str]
    factor: float
    files: list[Path] = field(default_factory=list)
    size_bytes: int = 0
    _tasks: dict[str, int] = field(default_factory=dict)
    _heads: list[list[str]] = field(default_factory=list)
    _statuses: dict[str, int] = field(default_factory=dict)
    _rows: list[list[object]] = field(default_factory=list)
    _piece: _Piece = field(default_factory=_Piece)

    def add_all(self, items: Iterable[Item]) -> None:
        """Write every response; one piece at most is in memory."""
        for item in items:
            self._add(item)
        self._flush()

    def index(self) -> dict[str, object]:
        """What lists, filters and sorts need to know about all responses."""
        return {
            "tasks": self._heads,
            "writers": list(self.writers),
            "statuses": list(self._statuses),
            "rows": self._rows,
            "pieces": len(self.files),
        }

    def _add(self, item: Item) -> None:
        task, response = item.task, item.response
        place = self._tasks.setdefault(task.key, len(self._tasks))
        if place == len(self._heads):
            self._heads.append(_head(task))
        score = None if item.score is None else round(item.score * self.factor, 4)
        status = self._statuses.setdefault(item.status, len(self._statuses))
        at = [len(self.files), len(self._piece.responses)]
        writer = self.writers.index(response.writer)
        self._rows.append([place, writer, score, status, *at, response.key[:KEY_DIGITS]])
        self._piece.add(place, item)
        if self._piece.size_bytes >= PIECE_BYTES:
            self._flush()

    def _flush(self) -> None:
        if not self._piece.responses:
            return
        file = self.folder / f"{len(self.files)}.json"
        self.size_bytes += file.write_bytes(self._piece.json().encode("utf-8", "replace"))
        self.files.append(file)
        self._piece = _Piece()


def _head(task: Task) -> list[str]:
    snippet = " ".join(task.instruction[: 4 * SNIPPET_CHARS].split())
    cut = snippet[:SNIPPET_CHARS] + "…" if len(snippet) > SNIPPET_CHARS else snippet
    return [task.id, task.tags.get("domain1", ""), task.tags.get("domain2", ""), task.language, cut]


def _absence(response: Response) -> str:
    """Why there is no text; "" when there is one."""
    if response.text is not None:
        return ""
    why = "only its scores are known" if response.status == "absent" else "the writer gave none"
    return f"{why}: {response.detail}" if response.detail else why


def _node(criterion: JudgedNode, place: Place | None, labels: Mapping[str, str]) -> list[object]:
    head: list[object] = [criterion.node, criterion.description, criterion.bands]
    if place is None:
        return head
    leaf = place.node.criterion
    scale = [leaf.low, leaf.high] if leaf else None
    name = leaf.name if leaf else labels.get(criterion.node, place.node.name)
    return [*head, [place.depth, scale, _short(place.share), place.node.weight is None, name]]


def _verdicts(criterion: JudgedNode, place: Place | None) -> list[list[object]]:
    return [_verdict(judgment, criterion.bands, place) for judgment in criterion.judgments]


def _verdict(judgment: Judgment, bands: Sequence[tuple[str, str]], place: Place | None) -> list[object]:
    score = judgment.score
    row: list[object] = [judgment.repeat, score, judgment.status, judgment.reason, band_of(bands, score)]
    return [*row, place.node.counted(score)] if place and place.node.points and score is not None else row


def _plan(tree: Rubric, record: PlanRecord) -> list[object]:
    shares = {node: _short(share) for node, share in planned_shares(tree, record).items()}
    return [record.repeat, record.status, record.reason, shares, dict(record.plan.tags) if record.plan else {}]


def _short(share: float | None) -> float | None:
    return None if share is None else round(share, 5)

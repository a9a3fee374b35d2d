"""Scores of groups of known order as bare JSONL, one line a response: {"group", "order", "score"}.

`order` is the true rank, 0 the best; `score` is a number, higher is better, or null where there is none. A line may
say what its response was written without: `"dropped": 2`, or the kinds, `"dropped": ["length", "style"]`. Further
fields are left aside.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from penmark.jsonl import Row, raise_problems, read_jsonl, shown
from penmark.metaeval.rankings import Dropped, Ranked
from penmark.protocols import Problem


def read_ranking(path: Path) -> Ranked:
    """The scores of a file.

    Raises:
        DataError: naming the first malformed lines: no group, a rank twice in a group, a score that is a text, ...
    """
    problems: list[Problem] = []
    columns = _Columns()
    for row in read_jsonl(path, problems):
        columns.add(row)
    raise_problems(problems)
    ranked = columns.ranked()
    raise_problems(_group_problems(path, columns, ranked))
    return ranked


@dataclass
class _Columns:
    """What the lines hold, as columns: some hundred thousand lines are read in seconds."""

    groups: dict[str, int] = field(default_factory=dict)
    line: list[int] = field(default_factory=list)
    group: list[int] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    score: list[float] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)

    def add(self, row: Row) -> None:
        """Add a sound line; report what is wrong with another."""
        values = row.values
        group, order, score = values.get("group"), values.get("order"), values.get("score", "")
        if not (_is_name(group) and _is_rank(order) and _is_score(score)):
            _report(row)
            return
        self.line.append(row.line)
        self.group.append(self.groups.setdefault(str(group), len(self.groups)))
        self.order.append(order)  # type: ignore[arg-type]  # It is a rank.
        self.score.append(math.nan if score is None else float(score))  # type: ignore[arg-type]  # It is a score.
        self.dropped.append(_read_dropped(row) if "dropped" in values else None)

    def ranked(self) -> Ranked:
        """The columns as arrays."""
        return Ranked(
            group_R=np.array(self.group, np.intp),
            order_R=np.array(self.order, np.intp),
            score_R=np.array(self.score, np.float64),
            dropped=self.dropped if any(found is not None for found in self.dropped) else (),
        )


def _is_name(value: object) -> bool:
    return type(value) is int or (type(value) is str and value != "")


def _is_rank(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**31


def _is_score(value: object) -> bool:
    if value is None:
        return True
    return type(value) in (int, float) and abs(value) < math.inf and abs(value) < 2**63  # type: ignore[arg-type]


def _report(row: Row) -> None:
    checks = {
        "group": (_is_name, "not a name", "name the group by a text or a whole number"),
        "order": (_is_rank, "not a rank", "give the true rank as a whole number, 0 for the best"),
        "score": (_is_score, "not a score", "give a number, higher is better, or null where there is none"),
    }
    for key, (is_sound, what, remedy) in checks.items():
        if key not in row.values:
            row.report(key, "missing", remedy)
        elif not is_sound(row.values[key]):
            row.report(key, f"{shown(row.values[key])} is {what}", remedy)


def _read_dropped(row: Row) -> Dropped:
    value = row.values["dropped"]
    if type(value) is int and value >= 0:
        return value
    if isinstance(value, list) and all(isinstance(kind, str) and kind for kind in value):
        return tuple(sorted(value))
    remedy = 'give the number of requirements dropped, or their kinds, such as ["length", "style"]'
    row.report("dropped", f"{shown(value)} does not say what was dropped", remedy)
    return None


def _group_problems(path: Path, columns: _Columns, ranked: Ranked) -> list[Problem]:
    """Ranks that stand twice in a group, and groups of a single line."""
    names = list(columns.groups)
    row_R = np.lexsort((ranked.order_R, ranked.group_R))
    group_R, order_R = ranked.group_R[row_R], ranked.order_R[row_R]
    twice_R = np.flatnonzero((group_R[1:] == group_R[:-1]) & (order_R[1:] == order_R[:-1]))
    problems = []
    for at in twice_R.tolist():
        first, second = sorted(columns.line[row] for row in row_R[at : at + 2].tolist())
        found = f"{order_R[at]} stands on line {first} too, in group {shown(names[group_R[at]])}"
        remedy = "give each response of a group its own rank"
        problems.append(Problem(path=path, line=second, field="order", found=found, remedy=remedy))
    for row in np.flatnonzero(np.bincount(ranked.group_R)[ranked.group_R] == 1).tolist():
        found = f"{shown(names[columns.group[row]])} has this line only"
        remedy = "a group needs two responses or more: add the others, or delete the line"
        problems.append(Problem(path=path, line=columns.line[row], field="group", found=found, remedy=remedy))
    return sorted(problems, key=lambda problem: problem.line)

"""A judge's verdicts on pairs of responses as they count: one a pair and repeat, from both orders or from scores.

Where the verdicts in the two orders name the same winner, it has won, by the lesser of the two margins. Where they do
not, the pair is a tie that is known as contradicted. A judge that was to be asked in both orders and gave one verdict
only has given none.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from typing import Literal, NamedTuple

from penmark.records import Preference
from penmark.store import reads

DECIMALS = 9  # Sums in another order differ in the last bits, which must not break ties.

State = Literal["agreed", "contradicted", "single", "unscored"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One comparison as it counts.

    Attributes:
        task: the task's id.
        first: the writer of one response; likewise `second`.
        keys: of the two responses.
        margin: above 0 when the first is better, 0 for a tie, below 0 when the second is; None = unscored.
        state: "agreed" or "contradicted" between the orders, "single" where it was shown in one order or scored,
            "unscored".
        shown: the margins, from the first's side, when the first was shown first and when the second was; None where
            there is none.
        is_asked: whether somebody read the two texts; nobody need when one is empty.
    """

    task: str
    first: str
    second: str
    keys: tuple[str, str]
    margin: int | None
    state: State
    repeat: int = 0
    shown: tuple[int | None, int | None] = (None, None)
    is_asked: bool = True


def comparisons_of(db: sqlite3.Connection, bench: str, judge: str) -> list[Compared]:
    """What a judge says about pairs, whatever it is: its preferences or, where it has none, its scores read as such."""
    if judge in reads.pair_judges_of(db, bench):
        return settled(db, bench, judge)
    return list(from_scores(db, bench, judge))


def settled(db: sqlite3.Connection, bench: str, judge: str) -> list[Compared]:
    """The preferences of a judge as they count, in the benchmark's order; the lesser writer's name is first."""
    needs_both = reads.specs(db, "judges").get(judge, {}).get("orders") == "both"
    groups: dict[tuple[str, str, int], list[tuple[str, str, str, Preference]]] = {}
    for task, first, second, preference in reads.preferences_on(db, bench, judge):
        p = preference
        if (first, p.first) > (second, p.second):
            first, second, p = second, first, p.turned()
        groups.setdefault((p.first, p.second, p.repeat), []).append((task, first, second, p))
    return [_compared(found, needs_both) for found in groups.values()]


def _compared(found: Sequence[tuple[str, str, str, Preference]], needs_both: bool) -> Compared:
    task, first, second, any_one = found[0]
    by_order = {p.order: p for *_, p in found}
    shown = tuple(by_order[order].margin if order in by_order else None for order in ("ab", "ba"))
    margin, state = settle(shown, orders=2 if needs_both else len(by_order))
    return Compared(
        task=task, first=first, second=second, keys=(any_one.first, any_one.second), margin=margin, state=state,
        repeat=any_one.repeat, shown=(shown[0], shown[1]), is_asked=any_one.status != "empty",
    )  # fmt: skip


def settle(shown: Sequence[int | None], *, orders: int) -> tuple[int | None, State]:
    """(margin, state) of the margins in the two orders, both from the same side.

    Args:
        shown: None where there is no verdict in that order.
        orders: in how many the pair was to be shown.
    """
    there = [margin for margin in shown if margin is not None]
    if not there or len(there) < orders:
        return None, "unscored"
    if len(there) == 1:
        return there[0], "single"
    one, other = there
    if _sign(one) != _sign(other):
        return 0, "contradicted"
    return _sign(one) * min(abs(one), abs(other)), "agreed"


def from_scores(db: sqlite3.Connection, bench: str, judge: str) -> Iterator[Compared]:
    """The root scores of a judge read as preferences: of two responses to a task the higher wins, equal ones tie.

    Repeats are averaged first, and sums in another order make no difference; a pair of which one is unscored is
    unscored. Only judges for whom more is better can be read so.
    """
    sql = """SELECT t.id, r.writer, r.key, round(avg(j.score), ?) FROM tasks t JOIN responses r ON r.task = t.key
      JOIN judgments j ON j.response = r.key AND j.judge = ? AND j.node = ''
      WHERE t.bench = ? GROUP BY r.key ORDER BY t.position, t.key, r.writer, r.key"""
    left_out = reads.copies(db).keys()
    rows = (_Scored(*row) for row in db.execute(sql, (DECIMALS, judge, bench)))
    for _, found in groupby((row for row in rows if row.writer not in left_out), key=lambda row: row.task):
        for one, other in combinations(found, 2):
            yield _from_means(one, other)


class _Scored(NamedTuple):
    task: str
    writer: str
    key: str
    mean: float | None


def _from_means(one: _Scored, other: _Scored) -> Compared:
    margin = None if one.mean is None or other.mean is None else (one.mean > other.mean) - (one.mean < other.mean)
    return Compared(
        task=one.task, first=one.writer, second=other.writer, keys=(one.key, other.key), margin=margin,
        state="unscored" if margin is None else "single", shown=(margin, None),
    )  # fmt: skip


def _sign(margin: int) -> int:
    return (margin > 0) - (margin < 0)

"""Sums that the database makes itself, for what a report shows beside its own judge's scores."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Tally(NamedTuple):
    """A judge's scorings of one response: all of them, or those of one round.

    Attributes:
        response: its key.
        asked: scorings asked for.
        scored: those that could be had.
        counted: those that count in means.
        total: sum of the scores that count, in points.
    """

    response: str
    asked: int
    scored: int
    counted: int
    total: float


# NOT INDEXED: the judge's part of the table in its own order, which is by response; an index would jump about in it.
_BY_ROOT = """SELECT response, count(*), count(score), count(score), total(score)
  FROM judgments NOT INDEXED WHERE judge = :judge AND node = '' GROUP BY response"""
_BY_LEAF = """WITH rounds AS (
    SELECT response, count(iif(node = '', NULL, 1)) AS asked, count(iif(node = '', NULL, score)) AS scored,
      total(iif(node = '', NULL, score)) AS total, :partial OR NOT max(node = '' AND score IS NULL) AS counts
    FROM judgments NOT INDEXED WHERE judge = :judge GROUP BY response, repeat)
  SELECT response, asked, scored, iif(counts, scored, 0), iif(counts, total, 0.0) FROM rounds"""


def tallies(db: sqlite3.Connection, judge: str, *, by_root: bool, partial: bool) -> list[Tally]:
    """What a judge's scorings sum to, on all benchmarks.

    Args:
        db: the store's connection.
        judge: name of the judge.
        by_root: whether a scoring is a root score; otherwise a leaf score.
        partial: whether the leaves of a round whose root is unscored count all the same.
    """
    rows = db.execute(_BY_ROOT if by_root else _BY_LEAF, {"judge": judge, "partial": partial})
    return [Tally(*row) for row in rows]


def response_places(db: sqlite3.Connection, bench: str) -> dict[str, tuple[int, str]]:
    """Response key to (place of its task, writer); places follow the benchmark's order."""
    sql = """SELECT r.key, dense_rank() OVER (ORDER BY t.position, t.key), r.writer
      FROM tasks t JOIN responses r ON r.task = t.key WHERE t.bench = ?"""
    return {key: (task, writer) for key, task, writer in db.execute(sql, (bench,))}


def without_verdict(
    db: sqlite3.Connection, bench: str, judge: str, writers: Sequence[str]
) -> list[tuple[str, str, int]]:
    """(node, status, judgments) of the nodes on which a judge gave no verdict: empty, unreadable or failed.

    Inner nodes that only lack a child have another status.
    """
    sql = """SELECT j.node, j.status, count(*) FROM judgments j NOT INDEXED
        CROSS JOIN responses r ON r.key = j.response CROSS JOIN tasks t ON t.key = r.task
      WHERE j.judge = ? AND j.status IN ('empty', 'unreadable', 'failed') AND t.bench = ?
        AND r.writer IN (SELECT value FROM json_each(?))
      GROUP BY j.node, j.status"""
    return db.execute(sql, (judge, bench, json.dumps(list(writers)))).fetchall()


def judging_costs(db: sqlite3.Connection, bench: str) -> dict[str, float | None]:
    """Judge to what the calls of its runs on a benchmark cost in USD; None when the cost of one is not known.

    A call that another judge's run had made already is in that judge's cost only. Judges without a run are left out.
    """
    sql = "SELECT run, count(*), count(cost_usd), total(cost_usd) FROM calls GROUP BY run"
    made = {run: row for run, *row in db.execute(sql)}
    sql = """SELECT id, json_extract(spec, '$.judge_name') FROM runs
      WHERE kind = 'judge' AND json_extract(spec, '$.bench') = ?"""
    costs: dict[str, float | None] = {}
    for run, judge in db.execute(sql, (bench,)):
        calls, priced, cost_usd = made.get(run, (0, 0, 0.0))
        before = costs.get(judge, 0.0)
        costs[judge] = None if before is None or priced < calls else before + cost_usd
    return costs


def is_free(spec: Mapping[str, Any]) -> bool:
    """Whether a judge makes no calls; imported scores may have taken some elsewhere, and people are not free."""
    return spec.get("model") is None and spec.get("judge") not in ("imported", "human")


def cost_of(costs: Mapping[str, float | None], judge: str, spec: Mapping[str, Any]) -> float | None:
    """What a judge took in USD, out of `judging_costs`; 0 where it makes no calls, None where it is not known."""
    return costs.get(judge, 0.0 if is_free(spec) else None)

"""Typed reads. Every function takes a connection and gives back records or plain rows."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from penmark.protocols import Reply
from penmark.records import Judgment, Plan, PlanRecord, Preference, Response, Task
from penmark.store.decode import read_task

JUDGMENT_COLUMNS = "response, judge, node, score, status, reason, repeat, read_as, call"
PREFERENCE_COLUMNS = "first, second, judge, shown, margin, status, reason, repeat, call"
PLAN_COLUMNS = "judge, task, repeat, plan, status, reason, call"
RESPONSE_COLUMNS = "task, writer, text, status, detail, call"
# Of a response r, with one array of names: it is by one of these writers or, where none is named, no perturbed copy.
CHOSEN = """iif(json_array_length(?1),
  r.writer IN (SELECT value FROM json_each(?1)),
  r.writer NOT IN (SELECT name FROM writers WHERE json_extract(spec, '$.perturbation_of') IS NOT NULL))"""


def _judgment(row: Sequence[Any]) -> Judgment:
    response, judge, node, score, status, reason, repeat, read_as, call = row
    return Judgment(
        response=response, judge=judge, node=node, score=score, status=status,
        reason=reason, repeat=repeat, read_as=read_as, call=call,
    )  # fmt: skip


def _preference(row: Sequence[Any]) -> Preference:
    first, second, judge, order, margin, status, reason, repeat, call = row
    return Preference(
        first=first, second=second, judge=judge, order=order, margin=margin,
        status=status, reason=reason, repeat=repeat, call=call,
    )  # fmt: skip


def _plan(row: Sequence[Any]) -> PlanRecord:
    judge, task, repeat, plan, status, reason, call = row
    settled = None if plan is None else Plan(**json.loads(plan))
    return PlanRecord(
        judge=judge, task=task, repeat=repeat, plan=settled, status=status, reason=reason, call=call
    )  # fmt: skip


def _response(row: Sequence[Any]) -> Response:
    task, writer, text, status, detail, call = row
    return Response(task=task, writer=writer, text=text, status=status, detail=detail, call=call)


def benches(db: sqlite3.Connection) -> list[str]:
    """Benchmarks with at least one task here, in the order they came."""
    return [row[0] for row in db.execute("SELECT bench FROM tasks GROUP BY bench ORDER BY min(rowid)")]


def specs(db: sqlite3.Connection, table: str) -> dict[str, dict[str, Any]]:
    """Name to specification of every writer or judge here."""
    return {name: json.loads(spec) for name, spec in db.execute(f"SELECT name, spec FROM {table} ORDER BY rowid")}


def judges_of(db: sqlite3.Connection, bench: str) -> list[str]:
    """Judges with at least one judgment on this benchmark, oldest first."""
    sql = """SELECT name FROM judges WHERE EXISTS (
      SELECT 1 FROM judgments j JOIN responses r ON r.key = j.response JOIN tasks t ON t.key = r.task
      WHERE j.judge = judges.name AND t.bench = ?) ORDER BY rowid"""
    return [row[0] for row in db.execute(sql, (bench,))]


def pair_judges_of(db: sqlite3.Connection, bench: str) -> list[str]:
    """Judges with at least one preference on this benchmark, oldest first."""
    sql = """SELECT name FROM judges WHERE EXISTS (
      SELECT 1 FROM preferences p JOIN responses r ON r.key = p.first JOIN tasks t ON t.key = r.task
      WHERE p.judge = judges.name AND t.bench = ?) ORDER BY rowid"""
    return [row[0] for row in db.execute(sql, (bench,))]


def writers_of(db: sqlite3.Connection, bench: str) -> list[str]:
    """Writers with at least one response on this benchmark, in alphabetical order."""
    sql = "SELECT DISTINCT writer FROM responses r JOIN tasks t ON t.key = r.task WHERE t.bench = ? ORDER BY writer"
    return [row[0] for row in db.execute(sql, (bench,))]


def copies(db: sqlite3.Connection) -> dict[str, str]:
    """Writer of perturbed copies to the writer whose responses they are copies of."""
    sql = "SELECT name, json_extract(spec, '$.perturbation_of') AS of FROM writers WHERE of IS NOT NULL ORDER BY rowid"
    return dict(db.execute(sql))


def tasks(db: sqlite3.Connection, bench: str) -> Iterator[tuple[Task, int]]:
    """(task, estimated tokens) of a benchmark in its order, one at a time."""
    cursor = db.execute("SELECT record, tokens FROM tasks WHERE bench = ? ORDER BY position, key", (bench,))
    for record, tokens in cursor:
        yield read_task(record), tokens


def positions(db: sqlite3.Connection, bench: str) -> dict[str, int]:
    """Task key to the task's place in the benchmark."""
    return dict(db.execute("SELECT key, position FROM tasks WHERE bench = ?", (bench,)))


def response_keys(
    db: sqlite3.Connection, bench: str, writers: Sequence[str] = (), limit: int | None = None
) -> Iterator[tuple[str, str]]:
    """(task key, response key) of a benchmark, by task and then writer, one task's at a time.

    Args:
        db: the store's connection.
        bench: the benchmark.
        writers: only these; all but perturbed copies when none is named.
        limit: only the first so many tasks that have a response.
    """
    # Task by task, by index: sorting them all together would take memory with their number.
    sql = f"SELECT r.key FROM responses r WHERE r.task = ?2 AND {CHOSEN} ORDER BY r.writer, r.key"
    chosen = json.dumps(list(writers))
    seen = 0
    for (task_key,) in db.execute("SELECT key FROM tasks WHERE bench = ? ORDER BY position, key", (bench,)).fetchall():
        if limit is not None and seen >= limit:
            return
        found = db.execute(sql, (chosen, task_key)).fetchall()
        seen += bool(found)
        for (key,) in found:
            yield task_key, key


def response_lengths(db: sqlite3.Connection, bench: str) -> list[tuple[str, str, str, int | None]]:
    """(response key, task key, writer, characters of the text or None) of a benchmark, by task and then writer."""
    sql = """SELECT r.key, r.task, r.writer, length(r.text) FROM tasks t JOIN responses r ON r.task = t.key
      WHERE t.bench = ? ORDER BY t.position, t.key, r.writer, r.key"""
    known: dict[str, str] = {}
    return [(key, known.setdefault(task, task), writer, n) for key, task, writer, n in db.execute(sql, (bench,))]


def task(db: sqlite3.Connection, key: str) -> Task:
    """The task with this key."""
    (record,) = db.execute("SELECT record FROM tasks WHERE key = ?", (key,)).fetchone()
    return read_task(record)


def response(db: sqlite3.Connection, key: str) -> Response | None:
    """The response with this key; None when a written one has taken its place."""
    row = db.execute(f"SELECT {RESPONSE_COLUMNS} FROM responses WHERE key = ?", (key,)).fetchone()
    return None if row is None else _response(row)


def response_text(db: sqlite3.Connection, key: str) -> str:
    """The text of the response with this key; "" where there is none."""
    row = db.execute("SELECT text FROM responses WHERE key = ?", (key,)).fetchone()
    return row[0] or "" if row else ""


def responses(db: sqlite3.Connection, bench: str, writers: Sequence[str] = ()) -> Iterator[tuple[Task, Response]]:
    """(task, response) of a benchmark, by task and then writer, one at a time; writers as in `response_keys`."""
    last: tuple[str, Task] | None = None
    for task_key, response_key in response_keys(db, bench, writers):
        if last is None or last[0] != task_key:
            last = (task_key, task(db, task_key))
        found = response(db, response_key)
        if found is not None:
            yield last[1], found


def responses_to(db: sqlite3.Connection, task: str, writer: str) -> list[Response]:
    """Every response of a writer to a task (its key)."""
    sql = f"SELECT {RESPONSE_COLUMNS} FROM responses WHERE task = ? AND writer = ? ORDER BY key"
    return [_response(row) for row in db.execute(sql, (task, writer))]


def judgments(db: sqlite3.Connection, response: str, judge: str, repeat: int | None = None) -> list[Judgment]:
    """Every judgment of a judge on a response (its key): all nodes, of one repeat or of all."""
    sql = f"SELECT {JUDGMENT_COLUMNS} FROM judgments WHERE judge = ? AND response = ? ORDER BY repeat, node"
    rows = map(_judgment, db.execute(sql, (judge, response)))
    return [judgment for judgment in rows if repeat in (None, judgment.repeat)]


def judgments_on(
    db: sqlite3.Connection, bench: str, judge: str, writers: Sequence[str] = ()
) -> Iterator[tuple[str, str, Judgment]]:
    """(task id, writer, judgment) of a judge on a benchmark, in its order, one at a time; writers as above."""
    sql = f"""SELECT t.id, r.writer, {", ".join("j." + c.strip() for c in JUDGMENT_COLUMNS.split(","))}
      FROM tasks t JOIN responses r ON r.task = t.key JOIN judgments j ON j.response = r.key
      WHERE t.bench = ?2 AND j.judge = ?3 AND {CHOSEN}
      ORDER BY t.position, t.key, r.writer, r.key, j.repeat, j.node"""
    for task_id, writer, *row in db.execute(sql, (json.dumps(list(writers)), bench, judge)):
        yield task_id, writer, _judgment(row)


def preferences(db: sqlite3.Connection, judge: str, first: str, second: str, repeat: int) -> list[Preference]:
    """A judge's verdicts of one repeat on two responses (their keys) saved in this order: as shown in each order."""
    sql = f"""SELECT {PREFERENCE_COLUMNS} FROM preferences
      WHERE judge = ? AND first = ? AND second = ? AND repeat = ? ORDER BY shown"""
    return [_preference(row) for row in db.execute(sql, (judge, first, second, repeat))]


def preferences_on(db: sqlite3.Connection, bench: str, judge: str) -> Iterator[tuple[str, str, str, Preference]]:
    """(task id, writer of the first, writer of the second, preference) of a judge on a benchmark, one at a time.

    In the benchmark's order; those on two responses to one task come together.
    """
    sql = f"""SELECT t.id, a.writer, b.writer, {", ".join("p." + c.strip() for c in PREFERENCE_COLUMNS.split(","))}
      FROM tasks t JOIN responses a ON a.task = t.key JOIN preferences p ON p.first = a.key
      JOIN responses b ON b.key = p.second
      WHERE t.bench = ? AND p.judge = ?
      ORDER BY t.position, t.key, a.writer, b.writer, p.first, p.second, p.repeat, p.shown"""
    for task_id, first, second, *row in db.execute(sql, (bench, judge)):
        yield task_id, first, second, _preference(row)


def root_statuses(db: sqlite3.Connection, bench: str, judge: str) -> dict[str, int]:
    """Status to number of a judge's roots on a benchmark, perturbed copies left out."""
    left_out = copies(db).keys()
    sql = """SELECT r.writer, j.status, count(*) FROM tasks t JOIN responses r ON r.task = t.key
      JOIN judgments j ON j.response = r.key AND j.judge = ? AND j.node = ''
      WHERE t.bench = ? GROUP BY r.writer, j.status ORDER BY j.status"""
    found: dict[str, int] = {}
    for writer, status, count in db.execute(sql, (judge, bench)):
        if writer not in left_out:
            found[status] = found.get(status, 0) + count
    return found


def root_scores(db: sqlite3.Connection, bench: str, judge: str) -> list[tuple[str, int, float | None]]:
    """(response key, repeat, score) of every root a judge scored, or could not, on a benchmark."""
    sql = """SELECT j.response, j.repeat, j.score FROM tasks t JOIN responses r ON r.task = t.key
      JOIN judgments j ON j.response = r.key AND j.judge = ? AND j.node = ''
      WHERE t.bench = ? ORDER BY t.position, t.key, r.writer, r.key, j.repeat"""
    return db.execute(sql, (judge, bench)).fetchall()


def plan(db: sqlite3.Connection, judge: str, task: str, repeat: int) -> PlanRecord | None:
    """What a judge settled for a task (its key) before a repeat; None when it has not yet."""
    sql = f"SELECT {PLAN_COLUMNS} FROM plans WHERE judge = ? AND task = ? AND repeat = ?"
    row = db.execute(sql, (judge, task, repeat)).fetchone()
    return None if row is None else _plan(row)


def plans_on(db: sqlite3.Connection, bench: str, judge: str) -> list[PlanRecord]:
    """What a judge settled for the tasks of a benchmark, in the benchmark's order, all repeats."""
    columns = ", ".join("p." + column.strip() for column in PLAN_COLUMNS.split(","))
    sql = f"""SELECT {columns} FROM tasks t JOIN plans p ON p.task = t.key AND p.judge = ?
      WHERE t.bench = ? ORDER BY t.position, t.key, p.repeat"""
    return [_plan(row) for row in db.execute(sql, (judge, bench))]


def has_call(db: sqlite3.Connection, key: str) -> bool:
    """Whether a call was made and its reply is stored."""
    return db.execute("SELECT 1 FROM calls WHERE key = ?", (key,)).fetchone() is not None


def call(db: sqlite3.Connection, key: str) -> Reply | None:
    """The stored reply of a call, or None when it was never made."""
    sql = """SELECT reply, finish_reason, tokens_in, tokens_out, tokens_cached, latency_s, logprobs
      FROM calls WHERE key = ?"""
    row = db.execute(sql, (key,)).fetchone()
    if row is None:
        return None
    text, finish_reason, tokens_in, tokens_out, tokens_cached, latency_s, logprobs = row
    return Reply(
        text=text, finish_reason=finish_reason, tokens_in=tokens_in, tokens_out=tokens_out,
        tokens_cached=tokens_cached, latency_s=latency_s,
        logprobs=None if logprobs is None else tuple((token, p, others) for token, p, others in json.loads(logprobs)),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ScoreRows:
    """Judgments of one judge on one benchmark as columns, for reports: one row a (response, node, repeat).

    Attributes:
        tasks: (task, estimated tokens) of the whole benchmark in its order.
        responses: (index in `tasks`, writer, estimated tokens, words); the lengths are None where there is no text.
        response: index in `responses` of each row; likewise `node` in `nodes`.
        score: None where it is missing.
    """

    tasks: list[tuple[Task, int]]
    responses: list[tuple[int, str, int | None, int | None]]
    nodes: list[str]
    response: list[int]
    node: list[int]
    repeat: list[int]
    score: list[float | None]


def score_rows(db: sqlite3.Connection, bench: str, judge: str, writers: Sequence[str] = ()) -> ScoreRows:
    """Every node score of a judge on a benchmark, with the tasks and responses they belong to.

    Perturbed copies are left out, but for those of the writers named.
    """
    rows = ScoreRows([], [], [], [], [], [], [])
    task_index: dict[str, int] = {}
    sql = "SELECT key, record, tokens FROM tasks WHERE bench = ? ORDER BY position, key"
    for key, record, tokens in db.execute(sql, (bench,)):
        task_index[key] = len(rows.tasks)
        rows.tasks.append((read_task(record), tokens))
    response_index: dict[str, int] = {}
    left_out = copies(db).keys() - set(writers)
    sql = """SELECT r.key, r.task, r.writer, iif(r.text IS NULL, NULL, r.tokens), iif(r.text IS NULL, NULL, r.words)
      FROM responses r JOIN tasks t ON t.key = r.task WHERE t.bench = ?"""
    for key, task, *row in db.execute(sql, (bench,)):
        if task in task_index and row[0] not in left_out:  # Else another process has added it since.
            response_index[key] = len(rows.responses)
            rows.responses.append((task_index[task], *row))
    _read_scores(db, judge, response_index, rows)
    return rows


def _read_scores(db: sqlite3.Connection, judge: str, response_index: Mapping[str, int], rows: ScoreRows) -> None:
    """Fill in the score columns, from the responses that have an index."""
    sql = "SELECT response, node, repeat, score FROM judgments WHERE judge = ?"
    nodes: dict[str, int] = {}
    cursor = db.execute(sql, (judge,))
    # By column and some thousand rows at a time, as this is most of a large report's work.
    while some := cursor.fetchmany(10_000):
        here = [row for row in some if row[0] in response_index]
        rows.response.extend([response_index[row[0]] for row in here])
        rows.node.extend([nodes.setdefault(row[1], len(nodes)) for row in here])
        rows.repeat.extend([row[2] for row in here])
        rows.score.extend([row[3] for row in here])
    rows.nodes.extend(nodes)


def run_list(db: sqlite3.Connection) -> list[Mapping[str, Any]]:
    """Every run, newest first: id, kind, spec, started_at, finished_at, state, calls, tokens and cost."""
    sql = """SELECT runs.id, kind, spec, started_at, finished_at, state, count(calls.key) AS calls,
        total(tokens_in) AS tokens_in, total(tokens_out) AS tokens_out, total(cost_usd) AS cost_usd
      FROM runs LEFT JOIN calls ON calls.run = runs.id GROUP BY runs.id ORDER BY started_at DESC"""
    cursor = db.execute(sql)
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor]
    return [{**row, "spec": json.loads(row["spec"])} for row in rows]

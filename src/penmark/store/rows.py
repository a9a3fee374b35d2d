"""Records to rows: the statements that write each record."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime

from penmark.protocols import Call
from penmark.records import Judgment, PlanRecord, Preference, Response, Run, Task, content_key
from penmark.text import count_chars, count_words, estimate_tokens

Statement = tuple[str, tuple[object, ...]]

SAVE_TASK = """INSERT INTO tasks VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (key) DO UPDATE SET record = excluded.record, position = excluded.position"""
SAVE_RESPONSE = "INSERT OR IGNORE INTO responses VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
FORGET_FAILED = """DELETE FROM judgments WHERE response = ? AND judge IN
  (SELECT judge FROM judgments WHERE response = ? AND status = 'failed')"""
SAVE_CALL = "INSERT OR IGNORE INTO calls VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
# A score is never overwritten by its absence.
SAVE_JUDGMENT = """INSERT INTO judgments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (judge, response, node, repeat) DO UPDATE SET score = excluded.score, status = excluded.status,
    reason = excluded.reason, read_as = excluded.read_as, call = excluded.call, run = excluded.run,
    created_at = excluded.created_at
  WHERE excluded.score IS NOT NULL OR judgments.score IS NULL"""
# As with judgments: a verdict is never overwritten by its absence.
SAVE_PREFERENCE = """INSERT INTO preferences VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (judge, first, second, repeat, shown) DO UPDATE SET margin = excluded.margin, status = excluded.status,
    reason = excluded.reason, call = excluded.call, run = excluded.run, created_at = excluded.created_at
  WHERE excluded.margin IS NOT NULL OR preferences.margin IS NULL"""
# As with judgments: a plan is never overwritten by its absence.
SAVE_PLAN = """INSERT INTO plans VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (judge, task, repeat) DO UPDATE SET plan = excluded.plan, status = excluded.status,
    reason = excluded.reason, call = excluded.call, run = excluded.run, created_at = excluded.created_at
  WHERE excluded.plan IS NOT NULL OR plans.plan IS NULL"""

_SURROGATES = re.compile("[\ud800-\udfff]")


def now() -> str:
    """The time in UTC, ISO 8601 to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def storable(value: object) -> object:
    """A value SQLite can hold: in a text, lone surrogates, which are not characters, become U+FFFD."""
    return _SURROGATES.sub("\ufffd", value) if isinstance(value, str) and not value.isascii() else value


def task_rows(task: Task, position: int) -> list[Statement]:
    """Insert a task, or refresh the tags of one that is there."""
    row = (task.key, task.bench, task.id, position, _json(asdict(task)), estimate_tokens(task.prompt))
    return [(SAVE_TASK, row)]


def response_rows(response: Response) -> list[Statement]:
    """Insert a response; one with a text takes the place of the row that said there was none.

    What was imported about the missing text, unscored criteria included, is about this one; the judges
    that had no text to judge start afresh.
    """
    if response.text is None:
        return [_response_row(response, (0, 0, 0))]
    text = _SURROGATES.sub("\ufffd", response.text)  # Before the key is made: it names what is stored.
    response = replace(response, text=text)
    missing = content_key("response", response.task, response.writer, None)
    return [
        (FORGET_FAILED, (missing, missing)),
        ("UPDATE OR REPLACE judgments SET response = ? WHERE response = ?", (response.key, missing)),
        ("DELETE FROM preferences WHERE status = 'failed' AND ? IN (first, second)", (missing,)),
        ("UPDATE OR REPLACE preferences SET first = ? WHERE first = ?", (response.key, missing)),
        ("UPDATE OR REPLACE preferences SET second = ? WHERE second = ?", (response.key, missing)),
        ("DELETE FROM responses WHERE key = ?", (missing,)),
        _response_row(response, (count_words(text), count_chars(text), estimate_tokens(text))),
    ]


def _response_row(response: Response, sizes: tuple[int, int, int]) -> Statement:
    r = response
    return SAVE_RESPONSE, (r.key, r.task, r.writer, r.text, r.status, r.detail, r.call, *sizes, now())


def call_rows(call: Call, run: str) -> list[Statement]:
    """Insert a finished call."""
    reply = call.reply
    logprobs = None if reply.logprobs is None else _json(reply.logprobs)
    tokens = (reply.tokens_in, reply.tokens_out, reply.tokens_cached)
    spent = (*tokens, call.cost_usd, reply.latency_s)
    row = (call.key, call.model, reply.text, reply.finish_reason, *spent, logprobs, run, now())
    return [(SAVE_CALL, row)]


def judgment_rows(judgment: Judgment, run: str) -> list[Statement]:
    """Insert a judgment; a score takes the place of a missing one, never the other way round."""
    j = judgment
    verdict = (j.score, j.status, j.reason, j.read_as, j.call)
    return [(SAVE_JUDGMENT, (j.judge, j.response, j.node, j.repeat, *verdict, run, now()))]


def preference_rows(preference: Preference, run: str) -> list[Statement]:
    """Insert a preference; a verdict takes the place of a missing one, never the other way round."""
    p = preference
    verdict = (p.margin, p.status, p.reason, p.call)
    return [(SAVE_PREFERENCE, (p.judge, p.first, p.second, p.order, p.repeat, *verdict, run, now()))]


def plan_rows(record: PlanRecord, run: str) -> list[Statement]:
    """Insert a task's plan; one takes the place of a missing one, never the other way round."""
    p = record
    plan = None if p.plan is None else _json(asdict(p.plan))
    return [(SAVE_PLAN, (p.judge, p.task, p.repeat, plan, p.status, p.reason, p.call, run, now()))]


def name_rows(table: str, name: str, spec: Mapping[str, object]) -> list[Statement]:
    """Register a writer or a judge under its name."""
    return [(f"INSERT OR IGNORE INTO {table} VALUES (?, ?, ?)", (name, _json(spec), now()))]


def run_rows(run: Run) -> list[Statement]:
    """Register a run as running."""
    row = (run.id, run.kind, _json(run.spec), run.started_at, None, "running")
    return [("INSERT OR IGNORE INTO runs VALUES (?, ?, ?, ?, ?, ?)", row)]


def run_end_rows(run: str, state: str) -> list[Statement]:
    """Say how a run ended: "done", "interrupted" or "failed"."""
    return [("UPDATE runs SET finished_at = ?, state = ? WHERE id = ?", (now(), state, run))]

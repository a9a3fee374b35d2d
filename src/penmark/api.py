"""penmark in Python, for notebooks: the work of the command line, with polars frames for results.

with penmark.open("penmark.db") as store:
    penmark.write(store, "sample", writer="embedded", limit=4)
    penmark.judge(store, "sample", judge="rubric", model="embedded")
    print(penmark.report(store, "sample"))
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypedDict, Unpack

import polars as pl

from penmark import pair_session, session
from penmark.pair_session import CompareRequest
from penmark.protocols import JudgeOptions
from penmark.reports.choice import choose
from penmark.reports.figures import WriterFigures
from penmark.reports.spreadsheet import figure_rows
from penmark.reports.summary import ReportOptions, build_report
from penmark.session import CallOptions
from penmark.store import Store, reads

RESPONSES = {"task": pl.String, "writer": pl.String, "text": pl.String, "status": pl.String, "detail": pl.String}
JUDGMENTS = {
    "task": pl.String,
    "writer": pl.String,
    "judge": pl.String,
    "node": pl.String,
    "repeat": pl.Int64,
    "score": pl.Float64,
    "status": pl.String,
    "reason": pl.String,
    "read_as": pl.String,
}
PREFERENCES = {
    "task": pl.String,
    "first": pl.String,
    "second": pl.String,
    "judge": pl.String,
    "order": pl.String,
    "repeat": pl.Int64,
    "margin": pl.Int64,
    "status": pl.String,
    "reason": pl.String,
}
FIGURES = {
    "writer": pl.String,
    "group": pl.String,
    "name": pl.String,
    "measure": pl.String,
    "mean": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "queries": pl.Int64,
    "asked": pl.Int64,
    "scored": pl.Int64,
    "coverage": pl.Float64,
}


class WriteSettings(TypedDict, total=False):
    """What else `write` takes, as the options of `penmark write`."""

    name: str


class VerdictSettings(TypedDict, total=False):
    """What else `judge` and `compare` take, as the options of their commands."""

    name: str
    writers: Sequence[str]
    limit: int
    repeats: int
    retry_unscored: bool


class JudgeSettings(VerdictSettings, total=False):
    """What else `judge` takes, as the options of `penmark judge`."""

    score: Literal["integer", "expected"]
    partial: bool


class CompareSettings(VerdictSettings, total=False):
    """What else `compare` takes, as the options of `penmark compare`."""

    max_pairs: int
    seed: int


def open(db: str | Path = "penmark.db") -> Store:
    """The store in this file, made where there is none; a context manager.

    Raises:
        StoreError: when the file cannot be used.
    """
    return Store(db)


def write(
    store: Store,
    bench: str,
    *,
    writer: str,
    limit: int | None = None,
    data: Path | None = None,
    calls: CallOptions | None = None,
    **settings: Unpack[WriteSettings],
) -> pl.DataFrame:
    """The writer's responses, one row each, once what was missing is written; `name` keeps them under another name.

    Columns: task, writer, text (null where there is none), status, detail.

    Raises:
        PenmarkError: before anything is stored, when something does not fit.
    """
    request = session.WriteRequest(
        bench=bench, writer=writer, limit=limit, data=data, calls=calls or CallOptions(), **settings
    )
    outcome = session.write(store, request)
    rows = ((t.id, r.writer, r.text, r.status, r.detail) for t, r in reads.responses(store.db, bench, (outcome.name,)))
    return pl.DataFrame(list(rows), schema=RESPONSES, orient="row")


def judge(
    store: Store,
    bench: str,
    *,
    judge: str,
    model: str | None = None,
    options: JudgeOptions | None = None,
    calls: CallOptions | None = None,
    **settings: Unpack[JudgeSettings],
) -> pl.DataFrame:
    """The judge's judgments, one row a node of a response, once what was missing is judged.

    Further settings, as the command's: name, writers, limit, repeats, score, partial, retry_unscored.

    Columns: task, writer, judge, node ("" = the root), repeat, score (null = unscored), status, reason, read_as.

    Raises:
        PenmarkError: before anything is stored, when something does not fit.
    """
    request = session.JudgeRequest(
        bench=bench,
        judge=judge,
        model=model,
        options=options or JudgeOptions(),
        calls=calls or CallOptions(),
        **settings,
    )
    outcome = session.judge(store, request)
    rows = (
        (task, writer, j.judge, j.node, j.repeat, j.score, j.status, j.reason, j.read_as)
        for task, writer, j in reads.judgments_on(store.db, bench, outcome.name)
    )
    return pl.DataFrame(list(rows), schema=JUDGMENTS, orient="row")


def compare(
    store: Store,
    bench: str,
    *,
    model: str,
    judge: str = "pairwise",
    against: Sequence[str] = (),
    calls: CallOptions | None = None,
    **settings: Unpack[CompareSettings],
) -> pl.DataFrame:
    """The judge's verdicts on pairs of responses, one row a verdict, once what was missing is compared.

    Further settings, as the command's: name, writers, limit, repeats, max_pairs, seed, retry_unscored.

    Columns: task, first, second (writers), judge, order ("ab": the first was shown first), repeat, margin (2 and 1
    where the first is (much) better, 0 a tie, -1, -2; null = none), status, reason.

    Raises:
        PenmarkError: before anything is stored, when something does not fit.
    """
    request = CompareRequest(
        bench=bench, judge=judge, model=model, against=tuple(against), calls=calls or CallOptions(), **settings
    )
    outcome = pair_session.compare(store, request)
    rows = (
        (task, first, second, p.judge, p.order, p.repeat, p.margin, p.status, p.reason)
        for task, first, second, p in reads.preferences_on(store.db, bench, outcome.name)
    )
    return pl.DataFrame(list(rows), schema=PREFERENCES, orient="row")


def report(
    store: Store,
    bench: str | None = None,
    *,
    judge: str | None = None,
    writers: Sequence[str] = (),
    scale: int = 10,
    partial: bool = False,
) -> pl.DataFrame:
    """Every figure of a report, one row each: the newest benchmark and judge where none is named.

    With `partial`, responses of which only some criteria were scored count with those.

    Columns: writer, group (overall, domain1, ...), name, measure ("R", "C" or ""), mean, ci_low, ci_high (95%,
    bootstrap over queries), queries, asked, scored, coverage (scored / asked).

    Raises:
        ConfigError: when nothing has been judged, or a name is not there.
    """
    chosen_bench, chosen_judge, _ = choose(store, bench, judge)
    options = ReportOptions(writers=tuple(writers), scale=100 if scale == 100 else 10, partial=partial)
    made = build_report(store, chosen_bench, chosen_judge, options)
    return pl.DataFrame([row for w in made.writers for row in _figures(w)], schema=FIGURES, orient="row")


def _figures(writer: WriterFigures) -> list[tuple[object, ...]]:
    return [
        (writer.name, group, name, measure, f.mean, f.low, f.high, f.count, f.asked, f.scored, f.coverage)
        for group, name, measure, f in figure_rows(writer)
    ]


__all__ = ["CallOptions", "JudgeOptions", "compare", "judge", "open", "report", "write"]

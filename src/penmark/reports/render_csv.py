"""A report as one tidy csv table: a row for each figure of each writer, those of other judges included."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TextIO

from penmark.reports.figures import Figure, Report
from penmark.reports.spreadsheet import figure_rows, inert

COLUMNS = (
    "writer", "group", "name", "measure", "mean", "ci_low", "ci_high", "queries", "asked", "scored", "coverage",
)  # fmt: skip


def write_csv(report: Report, target: Path | str | TextIO) -> None:
    """Write the report to a path, in UTF-8 with a mark by which Excel knows it, or to an open text stream."""
    if isinstance(target, Path | str):
        with Path(target).open("w", encoding="utf-8-sig", newline="") as stream:
            _write(report, stream)
    else:
        _write(report, target)


def _write(report: Report, stream: TextIO) -> None:
    # CR LF, not LF alone: with that, Python 3.11 leaves a CR inside a text unquoted, and what follows starts a row.
    rows = csv.writer(stream, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for writer in report.writers:
        for group, name, measure, figure in figure_rows(writer):
            rows.writerow([inert(writer.name), group, inert(name), measure, *_numbers(figure)])
        for judge in report.judges:
            rows.writerow([inert(writer.name), "judge", inert(judge.name), "", *_numbers(judge.writers[writer.name])])


def _numbers(figure: Figure) -> tuple[float | None, ...]:
    counts = (figure.count, figure.asked, figure.scored)
    return figure.mean, figure.low, figure.high, *counts, figure.coverage

"""A report as a workbook: figures by sheet, and every judgment with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple
from itertools import chain, islice
from pathlib import Path

from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from penmark.records import REQUIREMENT_KINDS
from penmark.reports.figures import LENGTH_BUCKETS, OPTIONAL_TAGS, SHARED_CALLS, TAG_TITLES, Figure, Report
from penmark.reports.spreadsheet import JudgmentRow, cell_text

SHEET_ROWS = 1_048_575  # what Excel holds below the header
PALE = ("#F8B9A8", "#FFF6D6", "#B7DDB0")  # low, middle, high
OPTIONS = {
    "constant_memory": True,  # rows go to disk as they come
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
JUDGMENT_COLUMNS = (
    "Task",
    "Writer",
    "Criterion",
    "Repeat",
    "Score",
    "Status",
    "Reason",
    "Response (first row of each)",
)
JUDGMENT_WIDTHS = (12, 24, 32, 8, 8, 12, 80, 60)
Value = str | float | None


def write_xlsx(report: Report, judgments: Iterable[JudgmentRow], path: Path | str) -> None:
    """Write the workbook.

    Args:
        report: the figures.
        judgments: what the last sheet lists, from `spreadsheet.judgment_rows`.
        path: replaced when it is there.
    """
    with Workbook(str(path), OPTIONS) as workbook:
        book = _Book(workbook, {"share": "0.000"}.get(report.unit, "0.00" if report.scale == 10 else "0.0"))
        _leaderboard(book, report)
        _domains(book, report)
        _subdomains(book, report)
        _optional_tags(book, report)
        _requirements(book, report)
        _lengths(book, report)
        _differences(book, report)
        _judges(book, report)
        _judgments(book, judgments)


class _Book:
    """A workbook being written sheet by sheet, row by row."""

    def __init__(self, workbook: Workbook, means: str) -> None:
        self._workbook = workbook
        self._header = workbook.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        self._text = workbook.add_format({"valign": "top"})
        self._numbers = {
            "mean": workbook.add_format({"num_format": means}),
            "count": workbook.add_format({"num_format": "#,##0"}),
            "cost": workbook.add_format({"num_format": "0.000000"}),
            "share": workbook.add_format({"num_format": "0.0%"}),
        }

    def sheet(self, name: str, columns: Sequence[tuple[str, float, str]], rows: Iterable[Sequence[Value]]) -> None:
        """Add a sheet with a frozen header.

        Args:
            name: of the sheet.
            columns: (title, width, kind); the kind is "text", "mean" (coloured), "plain" (as a mean, not coloured),
                "count", "cost" or "share".
            rows: one value a column, or fewer.
        """
        sheet = self._workbook.add_worksheet(name)
        sheet.freeze_panes(1, 1)
        for c, (title, width, _) in enumerate(columns):
            sheet.set_column(c, c, width)
            sheet.write_string(0, c, cell_text(title), self._header)
        last = 0
        for last, row in enumerate(rows, 1):
            self._write_row(sheet, last, row, [kind for _, _, kind in columns])
        coloured = [c for c, (_, _, kind) in enumerate(columns) if kind == "mean"]
        if coloured and last:
            scale = {"type": "3_color_scale", **dict(zip(("min_color", "mid_color", "max_color"), PALE, strict=True))}
            sheet.conditional_format(1, coloured[0], last, coloured[-1], scale)

    def _write_row(self, sheet: Worksheet, r: int, row: Sequence[Value], kinds: Sequence[str]) -> None:
        for c, (value, kind) in enumerate(zip(row, kinds, strict=False)):
            if isinstance(value, str):
                sheet.write_string(r, c, cell_text(value), self._text)
            elif value is not None:
                sheet.write_number(r, c, value, self._numbers["mean" if kind == "plain" else kind])


def _leaderboard(book: _Book, report: Report) -> None:
    columns = [
        ("Writer", 32, "text"), ("Rank", 6, "count"), ("Overall", 10, "mean"), ("95% from", 10, "plain"),
        ("95% to", 10, "plain"), ("Coverage", 10, "share"), ("Queries", 9, "count"), ("Asked", 9, "count"),
        ("Scored", 9, "count"), ("Words", 9, "count"),
    ]  # fmt: skip
    book.sheet("Leaderboard", columns, chain(_ranks(report), _about(report)))


def _ranks(report: Report) -> Iterator[Sequence[Value]]:
    for writer in report.writers:
        figure = writer.overall
        interval = (figure.mean, figure.low, figure.high)
        counts = (figure.coverage, figure.count, figure.asked, figure.scored, writer.mean_words)
        yield writer.name, report.ranks.get(writer.name), *interval, *counts


def _about(report: Report) -> Iterator[Sequence[Value]]:
    """Lines below the leaderboard: what was judged, by whom, and what a reader must be told."""
    scale = f"0-{report.scale}" if report.scale else report.unit
    yield ()
    yield (f"Benchmark {report.bench}, judge {report.judge}, scores {scale}{', partial' if report.partial else ''}",)
    yield from ((note,) for note in report.notes)


def _domains(book: _Book, report: Report) -> None:
    columns = [(name, 14.0, "mean") for name in _names(report, "domain1") + _names(report, "language")]
    rows = ((w.name, *_means(w.tags["domain1"].values()), *_means(w.tags["language"].values())) for w in report.writers)
    book.sheet("Domains", [("Writer", 32, "text"), *columns], rows)


def _subdomains(book: _Book, report: Report) -> None:
    """Only where tasks carry domains."""
    columns = [("Subdomain", 32.0, "text"), ("Domain", 24.0, "text"), *((w.name, 14.0, "mean") for w in report.writers)]
    above = {domain2: domain1 for domain1, names in report.domains.items() for domain2 in names}
    rows = (
        (name, above.get(name, ""), *(w.tags["domain2"][name].mean for w in report.writers))
        for name in _names(report, "domain2")
    )
    if above:
        book.sheet("Subdomains", columns, rows)


def _optional_tags(book: _Book, report: Report) -> None:
    for tag in OPTIONAL_TAGS:
        if names := _names(report, tag):
            columns = [("Writer", 32.0, "text"), *((name, 14.0, "mean") for name in names)]
            book.sheet(TAG_TITLES[tag], columns, ((w.name, *_means(w.tags[tag].values())) for w in report.writers))


def _requirements(book: _Book, report: Report) -> None:
    """Only where a query carries a requirement."""
    kinds = [kind for kind in REQUIREMENT_KINDS if any(writer.is_asked(kind) for writer in report.writers)]
    columns = [(f"{kind} {measure}", 12.0, "mean") for kind in kinds for measure in ("R", "C")]
    rows = ((w.name, *(w.requirement[kind][m].mean for kind in kinds for m in ("R", "C"))) for w in report.writers)
    if kinds:
        book.sheet("Requirements", [("Writer", 32, "text"), *columns], rows)


def _lengths(book: _Book, report: Report) -> None:
    columns = [(f"{of} {name} tokens", 14.0, "mean") for of in ("task", "response") for name in LENGTH_BUCKETS]
    rows = ((w.name, *_means(w.length_in.values()), *_means(w.length_out.values())) for w in report.writers)
    book.sheet("Length", [("Writer", 32, "text"), *columns], rows)


def _differences(book: _Book, report: Report) -> None:
    columns = [
        ("Writer", 32.0, "text"), ("minus", 32.0, "text"), ("Difference", 12.0, "mean"),
        ("95% from", 10.0, "plain"), ("95% to", 10.0, "plain"), ("Queries", 9.0, "count"),
    ]  # fmt: skip
    book.sheet("Differences", columns, (astuple(difference) for difference in report.differences))


def _judges(book: _Book, report: Report) -> None:
    """Only where judges are compared. Means are not coloured, as judges may differ in their scale."""
    if not report.judges:
        return
    columns = [
        ("Judge", 32.0, "text"), ("Unit", 12.0, "text"), ("Coverage", 10.0, "share"),
        (f"Kendall's tau-b with {report.judge}", 14.0, "plain"), ("USD a response", 12.0, "cost"),
    ]  # fmt: skip
    for writer in report.writers:
        columns += [(writer.name, 14.0, "plain"), ("Rank", 6.0, "count")]
    rows = (
        (
            *(judge.name, judge.unit, judge.coverage, judge.tau, judge.cost_per_response_usd),
            *chain.from_iterable((figure.mean, judge.ranks.get(name)) for name, figure in judge.writers.items()),
        )
        for judge in report.judges
    )
    book.sheet("Judges", columns, chain(rows, [(), (SHARED_CALLS,)]))


def _judgments(book: _Book, judgments: Iterable[JudgmentRow]) -> None:
    """One sheet, and further ones where there are more judgments than a sheet holds."""
    kinds = ("text", "text", "text", "count", "plain", "text", "text", "text")
    columns = list(zip(JUDGMENT_COLUMNS, JUDGMENT_WIDTHS, kinds, strict=True))
    rows = (astuple(row) for row in judgments)
    number = 1
    first = next(rows, None)
    while first is not None or number == 1:
        some = chain([first] if first else [], islice(rows, SHEET_ROWS - 1))
        book.sheet("Judgments" if number == 1 else f"Judgments {number}", columns, some)
        number, first = number + 1, next(rows, None)


def _names(report: Report, group: str) -> list[str]:
    return list(report.writers[0].tags.get(group, ())) if report.writers else []


def _means(figures: Iterable[Figure]) -> list[float | None]:
    return [figure.mean for figure in figures]

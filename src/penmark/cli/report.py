"""`penmark report`: what the judgments say, from the database alone."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from penmark.cli.failure import check_writable, writing_to
from penmark.cli.flags import DbFlags, JudgedBench, NewestJudge, command

if TYPE_CHECKING:
    from penmark.reports.figures import Report
    from penmark.store import Store

Format = Literal["table", "json", "csv", "xlsx", "html"]


@dataclass(kw_only=True)
class ReportFlags(DbFlags):
    """Options of `penmark report`."""

    bench: JudgedBench = None
    judge: NewestJudge = None
    writer: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this writer; may be given several times.")
    ] = None
    format: Annotated[Format, typer.Option(help="What to make.")] = "table"
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE",
            help="Where to.", show_default="standard output; penmark-report.xlsx or .html in this folder",
        ),
    ] = None  # fmt: skip
    scale: Annotated[Literal["10", "100"], typer.Option(help="What a full score is shown as.")] = "10"
    partial: Annotated[
        bool, typer.Option("--partial", help="Count responses of which only some criteria were scored.")
    ] = False
    full: Annotated[bool, typer.Option("--full", help="Subdomains and all pairs of writers too, in the table.")] = False
    beside: Annotated[
        bool | None,
        typer.Option(
            "--beside/--no-beside", help="Compare the judges of the benchmark.", show_default="with 2 to 20 judges"
        ),
    ] = None
    pairs: Annotated[
        bool, typer.Option("--pairs", help="Win rates and strengths, from comparisons or from scores read as such.")
    ] = False
    control: Annotated[
        Literal["none", "length", "style"],
        typer.Option(help="What strengths hold constant: nothing, length, or length and Markdown."),
    ] = "none"
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Seed of the bootstrap.")] = 0


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    command(app, "report", ReportFlags)(report)


def report(flags: ReportFlags) -> None:
    """Report the scores: leaderboard, domains, requirements, length curves, differences, coverage.

    Of a judge that compares: win rates and strengths.
    """
    from penmark.cli.pairs_report import report_pairs
    from penmark.errors import ConfigError
    from penmark.reports.choice import has_pairs_only
    from penmark.reports.summary import ReportOptions
    from penmark.store import Store

    kind: Format = "json" if flags.json else flags.format
    options = ReportOptions(
        writers=tuple(flags.writer or ()),
        scale=10 if flags.scale == "10" else 100,
        partial=flags.partial,
        seed=flags.seed,
        beside=flags.beside,
    )
    with Store(flags.db, create=False) as store:
        if flags.pairs or has_pairs_only(store, flags.bench, flags.judge):
            report_pairs(store, flags, kind)
            return
        if flags.control != "none":
            raise ConfigError("--control is about strengths from comparisons; add --pairs")
        made = make(store, flags.bench, flags.judge, options)
        if kind in ("table", "json", "csv"):
            _print_or_save(made, kind, flags.output, full=flags.full)
        else:
            print(f"report: {_save(store, made, kind, flags.output).resolve()}")


def make(store: Store, bench: str | None, judge: str | None, options: object = None) -> Report:
    """The report of a benchmark and judge; says which judge it is when there are others."""
    from penmark.reports.choice import choose
    from penmark.reports.summary import ReportOptions, build_report

    bench, chosen, others = choose(store, bench, judge)
    if others and judge is None:
        print(f"judge {chosen}; there are also {', '.join(others)} (--judge NAME)", file=sys.stderr)
    return build_report(store, bench, chosen, options if isinstance(options, ReportOptions) else None)


def print_table(store: Store, bench: str, judge: str) -> None:
    """Print the tables of a report."""
    _print_or_save(make(store, bench, judge), "table", None, full=False)


def write_html_report(store: Store, bench: str, judge: str, path: Path) -> Path:
    """Write the html report; gives back the file to open."""
    return _save(store, make(store, bench, judge), "html", path)


def _print_or_save(made: Report, kind: Format, output: Path | None, *, full: bool) -> None:
    from contextlib import nullcontext

    with (
        writing_to(output),
        output.open("w", encoding="utf-8", newline="") if output else nullcontext(sys.stdout) as stream,
    ):
        if kind == "json":
            import json

            from penmark.reports.render_json import as_json

            json.dump(as_json(made), stream, ensure_ascii=False, indent=2, allow_nan=False)
            stream.write("\n")
        elif kind == "csv":
            from penmark.reports.render_csv import write_csv

            write_csv(made, stream)
        else:
            from rich.console import Console

            from penmark.reports.render_table import as_table

            Console(file=stream, width=None if stream.isatty() else 120).print(as_table(made, full=full))


def _save(store: Store, made: Report, kind: Format, output: Path | None) -> Path:
    path = output or Path(f"penmark-report.{kind}")
    check_writable(path)
    with writing_to(path):
        if kind == "html":
            from penmark.reports.html import write_html

            return write_html(made, store, path)
        return _save_xlsx(store, made, path)


def _save_xlsx(store: Store, made: Report, path: Path) -> Path:
    from xlsxwriter.exceptions import FileCreateError

    from penmark.reports.render_xlsx import write_xlsx
    from penmark.reports.spreadsheet import judgment_rows

    try:
        write_xlsx(made, judgment_rows(store, made), path)
    except FileCreateError as error:
        raise OSError(str(error)) from error
    return path

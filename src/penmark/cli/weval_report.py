"""`penmark weval report`: how well the judges of groups of known order rank them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from penmark.cli.failure import check_writable, writing_to
from penmark.cli.flags import DbFlags
from penmark.cli.weval_build import BenchName
from penmark.cli.weval_metrics import TiesOption, print_found, print_renderable, warn_of_ties


@dataclass(kw_only=True)
class ReportFlags(DbFlags):
    """Options of `penmark weval report`."""

    bench: BenchName = "weval"
    judge: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this judge, by its name here; may be given several times."),
    ] = None
    format: Annotated[Literal["table", "json", "html"], typer.Option(help="How to show it.")] = "table"
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to; html needs one.")] = (
        None
    )
    ties: TiesOption = "expected"
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Seed of the bootstrap.")] = 0


def report(flags: ReportFlags) -> None:
    """Show how well every judge orders the groups: metrics, number dropped, requirement kinds, positions, cost."""
    from penmark.errors import ConfigError
    from penmark.metaeval.weval import rank_judges, weval_json
    from penmark.store import Store

    if flags.format == "html" and flags.output is None:
        raise ConfigError("html goes to a file; name one with -o FILE")
    if flags.output is not None:
        check_writable(flags.output)
    with Store(flags.db, create=False) as store:
        found = rank_judges(store, flags.bench, flags.judge or (), ties=flags.ties, seed=flags.seed)
    warn_of_ties(flags.ties)
    if flags.format == "json":
        print_found(weval_json(found), flags.output)
    elif flags.format == "table":
        from penmark.cli.weval_tables import weval_tables

        print_renderable(weval_tables(found), flags.output)
    elif flags.output is not None:
        from penmark.reports.ranking_page import write_ranking_page

        with writing_to(flags.output):
            print(f"report: {write_ranking_page(weval_json(found), flags.output).resolve()}")

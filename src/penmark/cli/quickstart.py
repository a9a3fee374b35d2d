"""`penmark quickstart`: the embedded model writes and judges the packaged sample; no key, no network."""

from __future__ import annotations

import sys
import webbrowser
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from penmark.cli.flags import command

FEW_TASKS = 8


@dataclass(kw_only=True)
class QuickstartFlags:
    """Options of `penmark quickstart`."""

    db: Annotated[Path, typer.Option(metavar="FILE", help="Database file.")] = Path("quickstart.db")
    report: Annotated[Path, typer.Option(metavar="FILE", help="Where the html report goes.")] = Path(
        "penmark-report.html"
    )
    all_tasks: Annotated[bool, typer.Option("--all", help="All 24 tasks instead of the first 8.")] = False
    open_report: Annotated[bool, typer.Option("--open/--no-open", help="Open the report in a browser.")] = True


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    command(app, "quickstart", QuickstartFlags)(quickstart)


def quickstart(flags: QuickstartFlags) -> None:
    """See penmark work: a small model on this machine writes and judges the packaged sample."""
    from penmark.cli.run import write_judge_report
    from penmark.protocols import Sampling
    from penmark.session import CallOptions, JudgeRequest, WriteRequest

    print("The embedded 135M model writes and judges poorly: this shows how penmark works, not how good a model is.")
    limit = None if flags.all_tasks else FEW_TASKS
    writing = WriteRequest(bench="sample", writer="embedded", limit=limit, calls=CallOptions(sampling=Sampling(seed=0)))
    judging = JudgeRequest(
        bench="sample", judge="rubric", model="embedded", limit=limit, calls=CallOptions(sampling=Sampling(seed=0))
    )
    try:
        write_judge_report(flags.db, writing, judging, flags.report, 0.98)
    finally:
        if flags.open_report and sys.stdout.isatty() and flags.report.exists():
            webbrowser.open(flags.report.resolve().as_uri())

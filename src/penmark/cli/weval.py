"""`penmark weval`: how well judges order responses of known order."""

from __future__ import annotations

import typer

from penmark.cli.flags import command
from penmark.cli.weval_build import BuildFlags, build
from penmark.cli.weval_exchange import ExportFlags, ImportFlags, export, import_groups
from penmark.cli.weval_metrics import MetricsFlags, metrics
from penmark.cli.weval_rank import RankFlags, rank
from penmark.cli.weval_report import ReportFlags, report

app = typer.Typer(help="How well judges order responses of known order.", no_args_is_help=True)


def register(tree: typer.Typer) -> None:
    """Add the commands of this file."""
    tree.add_typer(app, name="weval")


@app.callback()
def root() -> None:
    """How well judges order responses of known order."""


command(app, "build", BuildFlags)(build)
command(app, "import", ImportFlags)(import_groups)
command(app, "export", ExportFlags)(export)
command(app, "rank", RankFlags)(rank)
command(app, "report", ReportFlags)(report)
command(app, "metrics", MetricsFlags)(metrics)

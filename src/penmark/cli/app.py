"""The command tree. Commands import what they need when they run, so that --help is instant."""

from __future__ import annotations

from typing import Annotated

import typer

from penmark.cli import (
    bench,
    build,
    compare,
    exchange,
    judges,
    meta,
    quickstart,
    ratings,
    report,
    run,
    runs,
    train,
    weval,
)

HELP = "Measure writing, measure the judges that measure writing, and use the judges that hold up."

app = typer.Typer(name="penmark", help=HELP, no_args_is_help=True, pretty_exceptions_enable=False)
quickstart.register(app)
run.register(app)
compare.register(app)
report.register(app)
ratings.register(exchange.import_app)
app.add_typer(exchange.import_app, name="import")
app.add_typer(exchange.export_app, name="export")
app.add_typer(bench.app, name="bench")
app.add_typer(judges.app, name="judges")
app.add_typer(runs.app, name="runs")
app.add_typer(build.app, name="build")
app.add_typer(meta.app, name="meta")
app.add_typer(weval.app, name="weval")
app.add_typer(train.app, name="train")


def _version(wanted: bool) -> None:
    if wanted:
        from penmark import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options that stand before any command."""

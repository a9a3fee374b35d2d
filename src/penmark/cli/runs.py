"""`penmark runs`: what was done, with what, at which cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from penmark.cli.flags import DbFlags, command

app = typer.Typer(help="What was done, with what, at which cost.", no_args_is_help=True)


def register(tree: typer.Typer) -> None:
    """Add the commands of this file."""
    tree.add_typer(app, name="runs")


@dataclass(kw_only=True)
class ListFlags(DbFlags):
    """Options of `penmark runs list`."""

    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False


@dataclass(kw_only=True)
class ShowFlags(DbFlags):
    """Options of `penmark runs show`."""

    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's id, see `penmark runs list`.")]


def list_runs(flags: ListFlags) -> None:
    """List the runs, newest first."""
    from penmark.cli.output import print_json, print_rows
    from penmark.store import Store, reads

    with Store(flags.db, create=False) as store:
        runs = reads.run_list(store.db)
    if flags.json:
        print_json(runs)
        return
    print_rows(
        [
            {
                "run": run["id"],
                "kind": run["kind"],
                "bench": run["spec"].get("bench", ""),
                "by": run["spec"].get("writer") or run["spec"].get("judge_name", ""),
                "state": run["state"],
                "calls": run["calls"],
                "tokens in": int(run["tokens_in"]),
                "tokens out": int(run["tokens_out"]),
                "cost": f"${run['cost_usd']:.2f}",
            }
            for run in runs
        ]
    )


def show(flags: ShowFlags) -> None:
    """Show all that is known of one run."""
    from penmark.cli.output import print_json
    from penmark.errors import ConfigError
    from penmark.store import Store, reads

    with Store(flags.db, create=False) as store:
        runs = {run["id"]: run for run in reads.run_list(store.db)}
    if flags.run not in runs:
        raise ConfigError(f"no run {flags.run!r} in {flags.db}; see `penmark runs list --db {flags.db}`")
    print_json(runs[flags.run])


command(app, "list", ListFlags)(list_runs)
command(app, "show", ShowFlags)(show)

"""The command tree. A command loads its own file alone, which imports what it needs when it runs: --help is instant."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated

import typer

HELP = "Measure writing, measure the judges that measure writing, and use the judges that hold up."

# The file that has each command; its `register` adds all of its commands to a tree.
FILES = {
    "quickstart": "quickstart",
    "run": "run",
    "write": "run",
    "judge": "run",
    "compare": "compare",
    "report": "report",
    "import": "exchange",
    "export": "exchange",
    "bench": "bench",
    "judges": "judges",
    "runs": "runs",
    "build": "build",
    "meta": "meta",
    "weval": "weval",
    "requirements": "requirements",
    "train": "train",
}


def command_tree(wanted: str | None = None) -> typer.Typer:
    """The commands: those of the file that has the wanted one, or all of them when it is no command's name."""
    tree = typer.Typer(name="penmark", help=HELP, no_args_is_help=True, pretty_exceptions_enable=False)
    tree.callback()(root)
    for name in [FILES[wanted]] if wanted in FILES else dict.fromkeys(FILES.values()):
        import_module(f"penmark.cli.{name}").register(tree)
    return tree


def _version(wanted: bool) -> None:
    if wanted:
        from penmark import __version__

        typer.echo(__version__)
        raise typer.Exit


def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options that stand before any command."""

"""`penmark judges`: what can judge."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from penmark.cli.flags import command

if TYPE_CHECKING:
    from penmark.protocols import JudgeCard

app = typer.Typer(help="What can judge.", no_args_is_help=True)


def register(tree: typer.Typer) -> None:
    """Add the commands of this file."""
    tree.add_typer(app, name="judges")


@dataclass(kw_only=True)
class ListFlags:
    """Options of `penmark judges list`."""

    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False


@dataclass(kw_only=True)
class InfoFlags(ListFlags):
    """Options of `penmark judges info`."""

    judge: Annotated[str, typer.Argument(metavar="JUDGE", help="A judge, see `penmark judges list`.")]


def list_judges(flags: ListFlags) -> None:
    """List the judges."""
    from penmark import registry
    from penmark.cli.output import print_rows

    cards = [_card(name) for name in registry.names("judges")]
    rows = [
        {
            "judge": c.id,
            "works on": "pairs" if c.compares else "single texts",
            "asks a model": "yes" if c.needs_model else "no",
            "what it does": c.description,
        }
        for c in cards
    ]
    print_rows(rows, as_json=flags.json)


def info(flags: InfoFlags) -> None:
    """Say what a judge does and where it comes from."""
    from penmark import registry
    from penmark.cli.output import print_json

    module = registry.load("judges", flags.judge)
    if flags.json:
        print_json(asdict(_card(flags.judge)))
        return
    card = _card(flags.judge)
    print(f"{card.id}, version {card.version}\n\n{(module.__doc__ or card.description).strip()}")


def _card(name: str) -> JudgeCard:
    from penmark import registry

    card: JudgeCard = registry.load("judges", name).CARD
    return card


command(app, "list", ListFlags)(list_judges)
command(app, "info", InfoFlags)(info)

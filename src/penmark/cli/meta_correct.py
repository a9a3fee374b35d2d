"""`penmark meta correct`: what people would say of each writer, from a judge's scores and a few human ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penmark.cli.failure import check_writable
from penmark.cli.flags import DbFlags, command
from penmark.cli.output import print_or_save

if TYPE_CHECKING:
    from rich.console import RenderableType

    from penmark.metaeval.correct import Correction
    from penmark.stats.prediction_powered import CorrectedMean, Interval

LEGEND = (
    "People alone: from the human scores. Corrected: from those and all of the judge's scores, whatever its bias. "
    "Narrower: the corrected interval than people's alone. To halve: labels in all that would halve it."
)


@dataclass(kw_only=True)
class CorrectFlags(DbFlags):
    """Options of `penmark meta correct`."""

    judge: Annotated[str, typer.Option(metavar="NAME", help="The judge that scored all, by its name here.")]
    human: Annotated[str, typer.Option(metavar="NAME", help="The judge that scored a part, such as people.")] = "human"
    bench: Annotated[
        str | None, typer.Option(metavar="BENCH", help="Which benchmark.", show_default="the newest with this judge")
    ] = None
    labels: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Use the human scores of N tasks only, drawn at random.", show_default="all"
        ),
    ] = None
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to.", show_default="standard output")
    ] = None
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Seed of the draw.")] = 0


def correct(flags: CorrectFlags) -> None:
    """Correct a judge's means and win rates with a few human scores, with intervals that hold whatever its bias.

    The scored texts must be a random part of all; --labels draws one from a larger set of human scores.
    """
    from penmark.metaeval.correct import as_json, correct
    from penmark.metaeval.score_table import load_table
    from penmark.reports.choice import choose
    from penmark.store import Store

    if flags.output is not None:
        check_writable(flags.output)
    with Store(flags.db, create=False) as store:
        bench, _, _ = choose(store, flags.bench, flags.judge)
        table = load_table(store, bench, [flags.judge, flags.human])
    made = correct(table, flags.judge, flags.human, labels=flags.labels, seed=flags.seed)
    print_or_save(flags.output, as_json(made) if flags.json else None, lambda: _tables(made))


def _tables(made: Correction) -> RenderableType:
    from rich.console import Group
    from rich.text import Text

    from penmark.reports.render_table import plain

    title = f"{made.bench}: {made.judge} corrected by {made.human}"
    parts = [_table(f"{title}, mean score", made.means, made.known)]
    if made.wins:
        parts.append(_table("Win rate against the other writers", made.wins, {}))
    notes = (Text(f"Note: {plain(note)}", style="yellow") for note in made.notes)
    return Group(*parts, Text(LEGEND), *notes)


def _table(title: str, found: Mapping[str, CorrectedMean], known: Mapping[str, Interval]) -> RenderableType:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from penmark.reports.render_table import plain

    table = Table(title=Text(plain(title)), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    columns = ["Writer", "Judge", "Labels", "People alone", "Corrected", "Narrower", "To halve", "Pearson"]
    for i, name in enumerate([*columns, *(["All labels"] if known else [])]):
        table.add_column(name, justify="right" if i else "left", overflow="fold")
    for writer, figures in found.items():
        every = [_with_interval(known[writer])] if known else []
        table.add_row(*(Text(plain(cell)) for cell in [writer, *_cells(figures), *every]))
    return table


def _cells(found: CorrectedMean) -> list[str]:
    from penmark.metaeval.correct import narrower

    share = narrower(found)
    to_halve = "more than all" if found.labels_to_halve is None else f"{found.labels_to_halve:,}"
    return [
        _number(found.judge),
        f"{found.labelled:,}",
        _with_interval(found.human),
        _with_interval(found.mean),
        "–" if share is None else f"{100 * share:.0f}%",
        to_halve if found.mean.width > 0 else "–",
        _number(found.correlation),
    ]


def _with_interval(interval: Interval) -> str:
    if math.isnan(interval.low):
        return _number(interval.value)
    return f"{interval.value:.2f} [{interval.low:.2f}, {interval.high:.2f}]"


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    command(app, "correct", CorrectFlags)(correct)

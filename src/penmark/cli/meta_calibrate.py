"""`penmark meta calibrate`: leaves of judges combined so that they agree with people, and kept as a judge."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from penmark.cli.failure import check_writable, writing_to
from penmark.cli.flags import DbFlags, command
from penmark.cli.output import print_or_save

if TYPE_CHECKING:
    from rich.console import RenderableType

    from penmark.metaeval.calibrate import Calibrated
    from penmark.metaeval.variant_figures import Figure

LEGEND = (
    "Share of response pairs put in people's order, tasks held out; 95% interval over tasks. Per writer: human scores "
    "normalised within each writer. Gain: over the first judge. Unseen writers: with writers held out, too; a share "
    "that falls there was won by telling writers, or their raters, apart. `penmark meta agreement` has the human "
    "ceiling, coverage and cost."
)


@dataclass(kw_only=True)
class CalibrateFlags(DbFlags):
    """Options of `penmark meta calibrate`."""

    bench: Annotated[str, typer.Argument(metavar="BENCH", help="A benchmark with human scores.")]
    judge: Annotated[
        list[str], typer.Option(metavar="NAME", help="A judge to calibrate, by its name here; several are combined.")
    ]
    human: Annotated[str, typer.Option(metavar="NAME", help="Whose scores to agree with.")] = "human"
    method: Annotated[
        Literal["linear", "ranks", "monotone", "alike"],
        typer.Option(help="The calibration to save: lines, lines over ranks, rising or falling curves, alike texts."),
    ] = "ranks"
    save: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keep the calibration, for `--judge calibrated --calibration FILE`."),
    ] = None
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to.", show_default="standard output")
    ] = None
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Seed of folds and bootstrap.")] = 0


def calibrate(flags: CalibrateFlags) -> None:
    """Combine leaves of judges so that they agree with people, and say how well that works on tasks held out."""
    from penmark.metaeval.calibrate import as_json, calibrate, save
    from penmark.metaeval.score_table import chars_of, load_table
    from penmark.store import Store, reads

    for path in (flags.output, flags.save):
        if path is not None:
            check_writable(path)
    with Store(flags.db, create=False) as store:
        table = load_table(store, flags.bench, [*flags.judge, flags.human])
        chars_N_W = chars_of(store, flags.bench, table.tasks, table.writers)
        specs = reads.specs(store.db, "judges")
    made = calibrate(table, flags.judge, flags.human, chars_N_W=chars_N_W, method=flags.method, seed=flags.seed)
    if flags.save is not None:
        with writing_to(flags.save):
            save(made, specs, flags.save)
        print(f"calibration by {flags.method} kept in {flags.save}", file=sys.stderr)
    print_or_save(flags.output, as_json(made) if flags.json else None, lambda: _table(made))


def _table(made: Calibrated) -> RenderableType:
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from penmark.reports.render_table import plain

    title = f"{made.bench}: {len(made.leaves)} leaves to {made.human}, {made.responses:,} responses, {made.tasks} tasks"
    table = Table(title=Text(plain(title)), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for i, name in enumerate(["Judge or method", "Agreement", "Per writer", "Gain", "Unseen writers"]):
        table.add_column(name, justify="right" if i else "left", overflow="fold")
    for row in made.rows:
        figures = (row.agreement, row.normalised, row.gain, row.unseen_writers)
        table.add_row(Text(plain(row.name)), *(_figure(f, signed=f is row.gain) for f in figures))
    return Group(table, Text(LEGEND))


def _figure(figure: Figure | None, *, signed: bool) -> str:
    if figure is None or figure.value is None:
        return "–"
    form = "+.4f" if signed else ".4f"
    bounds = "" if figure.low is None or figure.high is None else f" [{figure.low:{form}}, {figure.high:{form}}]"
    return f"{figure.value:{form}}{bounds}"


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    command(app, "calibrate", CalibrateFlags)(calibrate)

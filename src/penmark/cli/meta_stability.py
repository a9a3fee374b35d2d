"""`penmark meta stability`: how far judges agree with themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from penmark.cli.flags import command
from penmark.cli.meta_agreement import cell
from penmark.cli.meta_flags import JudgeChoice, MetaFlags, bench_of, show

if TYPE_CHECKING:
    from penmark.metaeval.stability import Stability
    from penmark.reports.sheet import Cell, Section

SAYS = "The same judge asked again about the same texts: how far its scores and its order of the texts move."
LEGEND = (
    "Std: standard deviation of a response's scores, in the judge's unit. Identical: responses whose scores are all "
    "the same. Flipped: of two responses to one task, how often two rounds say the opposite; changed: or one of "
    "them a tie. Reliability: ICC(1), the share of the variance that lies between the responses. Delta and sigma: how "
    "far planned weights, or the shares of the total, move between rounds (HoWToBench's negotiation bias)."
)


@dataclass(kw_only=True)
class StabilityFlags(JudgeChoice, MetaFlags):
    """Options of `penmark meta stability`."""


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    command(app, "stability", StabilityFlags)(show_stability)


def show_stability(flags: StabilityFlags) -> None:
    """How far judges agree with themselves when asked again (`penmark judge --repeats N`)."""
    from penmark.metaeval.stability import as_json, stability
    from penmark.reports.sheet import Sheet
    from penmark.store import Store

    flags.check()
    with Store(flags.db, create=False) as store:
        bench = bench_of(store, flags.bench)
        found = stability(store, bench, tuple(flags.judge or ()), seed=flags.seed)
    show(flags, as_json(bench, found), Sheet(title=f"Stability of the judges of {bench}", sections=[section(found)]))


def section(found: Sequence[Stability]) -> Section:
    """The figures as a table."""
    from penmark.reports.sheet import Section

    columns = (
        "Judge",
        "Rounds",
        "Responses",
        "Std",
        "Identical",
        "Flipped",
        "Changed",
        "Reliability",
        "Delta",
        "Sigma",
    )
    rows = [(s.judge, _cells(s)) for s in found]
    return Section(title="Repeats", says=SAYS, columns=columns, rows=rows, legend=LEGEND)


def _cells(s: Stability) -> list[Cell]:
    from penmark.reports.sheet import Cell, number

    shown = [cell(s.std), *(cell(figure, is_short=True) for figure in (s.identical, s.flipped, s.changed))]
    weighed = [cell(figure, is_short=True) for figure in (s.delta, s.sigma)]
    return [Cell(str(s.rounds)), Cell(f"{s.responses:,}"), *shown, Cell(number(s.reliability)), *weighed]

"""`penmark meta order`: whether a judge that compares prefers the place to the text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from penmark.cli.flags import command
from penmark.cli.meta_flags import JudgeChoice, MetaFlags, show

if TYPE_CHECKING:
    from penmark.metaeval.order import OrderBias
    from penmark.metaeval.variant_figures import Figure
    from penmark.reports.sheet import Cell, Section, Sheet

SAYS_JUDGES = (
    "Each pair is shown twice, the second time with the texts changed round. The text should win, not the place."
)
LEGEND_JUDGES = (
    "First wins: of the verdicts that name a winner, those that name the text shown first; 50% is fair. Consistent: "
    "pairs with the same winner, or a tie, in both orders; a coin that never ties reaches 50%. Twice first, twice "
    "second: pairs whose verdict followed the place. One tie: pairs with a tie in one order only. Lean: mean margin "
    "for the text shown first, of 2; 0 is fair. Square brackets: 95% intervals, from a bootstrap over tasks."
)
SAYS_WRITERS = "Win rate of each writer when its text was shown first and second, a tie counting one half."


@dataclass(kw_only=True)
class OrderFlags(JudgeChoice, MetaFlags):
    """Options of `penmark meta order`."""


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    command(app, "order", OrderFlags)(show_order)


def show_order(flags: OrderFlags) -> None:
    """Position bias of judges that compare: does the place decide, or the text? From the database, without a call."""
    from penmark.metaeval.order import as_json, judges_with_an_order, order_bias
    from penmark.reports.choice import choose_pair_judge
    from penmark.store import Store

    flags.check()
    named = flags.judge or []
    with Store(flags.db, create=False) as store:
        bench, judge, others = choose_pair_judge(store, flags.bench, named[0] if named else None)
        names = named or judges_with_an_order(store, bench, [*others, judge]) or [judge]
        for name in names:
            choose_pair_judge(store, bench, name)
        made = [order_bias(store, bench, name, seed=flags.seed) for name in names]
    show(flags, {"bench": bench, "judges": {one.judge: as_json(one) for one in made}}, as_sheet(made))


def as_sheet(made: Sequence[OrderBias]) -> Sheet:
    """The figures as tables: the judges, then the writers of each."""
    from penmark.reports.sheet import Section, Sheet

    columns = ("Judge", "Pairs", "First wins", "Consistent", "Twice first", "Twice second", "One tie", "Ties", "Lean")
    judges = Section(
        title="Judges",
        says=SAYS_JUDGES,
        columns=columns,
        rows=[(one.judge, _judge_cells(one)) for one in made],
        legend=LEGEND_JUDGES,
    )
    notes = [f"{one.judge}: {note}" for one in made for note in one.notes]
    return Sheet(
        title=f"Position bias on {made[0].bench}", sections=[judges, *(_writers(one) for one in made)], notes=notes
    )


def _judge_cells(made: OrderBias) -> list[Cell]:
    from penmark.reports.sheet import Cell

    shares = (made.first_wins, made.consistent, made.first_twice, made.second_twice, made.one_tie, made.ties)
    cells = [_cell(share, _percent) for share in shares]
    marked = [
        Cell(cells[0].text, cells[0].note, "bad" if made.prefers_place else ""),
        Cell(cells[1].text, cells[1].note, "bad" if made.is_blind else ""),
        *cells[2:],
    ]
    return [Cell(f"{made.pairs:,}"), *marked, _cell(made.lean, _signed)]


def _writers(made: OrderBias) -> Section:
    from penmark.reports.sheet import Section

    rows = [
        (w.name, [_cell(w.first, _percent), _cell(w.second, _percent), _cell(w.gain, _percent)]) for w in made.writers
    ]
    return Section(
        title=f"Writers by place, judged by {made.judge}",
        says=SAYS_WRITERS,
        columns=("Writer", "Shown first", "Shown second", "Gain"),
        rows=rows,
    )


def _cell(share: Figure, as_text: Callable[[float], str]) -> Cell:
    from penmark.reports.sheet import Cell

    if share.value is None:
        return Cell("–")
    if share.low is None or share.high is None:
        return Cell(as_text(share.value))
    return Cell(as_text(share.value), f"[{as_text(share.low)}, {as_text(share.high)}]")


def _percent(value: float) -> str:
    return f"{100 * value:.0f}%"


def _signed(value: float) -> str:
    return f"{value:+.2f}"

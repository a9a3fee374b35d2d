"""`penmark meta length`: how far judges follow the length of the text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from penmark.cli.flags import command
from penmark.cli.meta_agreement import cell
from penmark.cli.meta_flags import HumanChoice, JudgeChoice, MetaFlags, bench_of, show

if TYPE_CHECKING:
    from penmark.metaeval.length_bias import Correlation, JudgeLength, LengthBias, Slope
    from penmark.reports.sheet import Cell, Section

SAYS = "A judge that prefers longer texts more than people do is swayed by length rather than by the writing."
LEGEND = (
    "Response r, rho: Pearson and Spearman correlation of the scores with the characters of the response, task: of the "
    "task; p-values take responses as independent. Longer wins: of two responses of different length, how often the "
    "verdict is for the longer one. Agreement: pairs in the same order as the human; matched: on pairs whose lengths "
    "differ by at most a tenth. Partial rho: Spearman correlation with the human with length held constant. `penmark "
    "meta agreement` has the human ceiling, coverage and cost."
)
LOW_P = 0.001


@dataclass(kw_only=True)
class LengthFlags(HumanChoice, JudgeChoice, MetaFlags):
    """Options of `penmark meta length`."""


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    command(app, "length", LengthFlags)(show_length)


def show_length(flags: LengthFlags) -> None:
    """How far judges and people follow length, and what agreement is left where lengths are alike."""
    from penmark.metaeval.length_bias import as_json, length_bias
    from penmark.reports.sheet import Sheet
    from penmark.store import Store

    flags.check()
    with Store(flags.db, create=False) as store:
        bench = bench_of(store, flags.bench)
        found = length_bias(store, bench, tuple(flags.judge or ()), human=flags.human, seed=flags.seed)
    sheet = Sheet(title=f"Length on {bench}", sections=[section(found.judges), *_slopes(found)])
    show(flags, as_json(found), sheet)


def section(judges: Sequence[JudgeLength]) -> Section:
    """The judges as a table."""
    from penmark.reports.sheet import Section

    columns = ("Judge", "Response r", "rho", "Task r", "rho", "Longer wins", "Agreement", "Matched", "Partial rho")
    return Section(
        title="Scores and length", says=SAYS, columns=columns, rows=[(j.name, _cells(j)) for j in judges], legend=LEGEND
    )


def _cells(judge: JudgeLength) -> list[Cell]:
    from penmark.reports.sheet import Cell, number

    lengths = [of.get(name) for of in (judge.output, judge.input) for name in ("pearson", "spearman")]
    figures = [cell(judge.longer), *(cell(figure) for figure in (judge.agreement, judge.matched))]
    return [*(_correlation(c) for c in lengths), *figures, Cell(number(judge.partial))]


def _correlation(found: Correlation | None) -> Cell:
    from penmark.reports.sheet import Cell, number

    return Cell(number(None)) if found is None else Cell(number(found.value), p_value(found.p))


def p_value(p: float | None) -> str:
    """A p-value as readers see it."""
    return "" if p is None else f"p<{LOW_P}" if p < LOW_P else f"p={p:.3f}"


def _slopes(found: LengthBias) -> Iterator[Section]:
    from penmark.reports.sheet import Section

    says = "How much longer a writer's response gets for each further character of the task."
    columns = ("Writer", "Slope", "r", "Responses")
    rows = [(slope.writer, _slope_cells(slope)) for slope in found.slopes]
    yield Section(title="Slope of output on input", says=says, columns=columns, rows=rows)


def _slope_cells(slope: Slope) -> list[Cell]:
    from penmark.reports.sheet import Cell, number

    return [Cell(number(slope.slope)), Cell(number(slope.r), p_value(slope.p)), Cell(f"{slope.n:,}")]

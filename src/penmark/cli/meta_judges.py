"""`penmark meta judges`: every judge against every other, as a heatmap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from penmark.cli.flags import command
from penmark.cli.meta_flags import JudgeChoice, MetaFlags, bench_of, show

if TYPE_CHECKING:
    from penmark.metaeval.heatmap import Heatmap
    from penmark.reports.sheet import Cell, Section

Measure = Literal["pairwise", "kappa", "pearson", "spearman", "kendall", "system"]
TITLES: dict[Measure, tuple[str, str]] = {
    "pairwise": (
        "Pairs in the same order",
        "How often the judge of the row orders two responses to one task as the judge of the column does, of the pairs "
        "that the column's does not tie; a tie of the row's counts one half.",
    ),
    "kappa": ("Cohen's kappa of the verdicts", "First, second or tie, on every pair, beyond chance."),
    "pearson": ("Pearson correlation", "Of the scores of all responses that both scored."),
    "spearman": ("Spearman correlation", "Of the scores of all responses that both scored."),
    "kendall": ("Kendall's tau-b", "Of the scores of all responses that both scored."),
    "system": ("Order of the writers", "Kendall's tau-b of the writers' means."),
}


@dataclass(kw_only=True)
class JudgesFlags(JudgeChoice, MetaFlags):
    """Options of `penmark meta judges`."""

    by: Annotated[Measure, typer.Option(help="The measure to show; a page shows all of them, this one first.")] = (
        "pairwise"
    )


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    command(app, "judges", JudgesFlags)(show_judges)


def show_judges(flags: JudgesFlags) -> None:
    """Judges against judges and people: who agrees with whom."""
    from penmark.cli.meta_flags import PAGES
    from penmark.metaeval.heatmap import as_json, heatmap
    from penmark.reports.sheet import Sheet
    from penmark.store import Store

    flags.check()
    with Store(flags.db, create=False) as store:
        made = heatmap(store, bench_of(store, flags.bench), tuple(flags.judge or ()))
    is_page = flags.output is not None and flags.output.suffix.lower() in PAGES
    measures = [flags.by, *(m for m in TITLES if m != flags.by and is_page)]
    sections = [*(section(made, measure) for measure in measures), _costs(made)]
    show(flags, as_json(made), Sheet(title=f"Judges of {made.bench} against each other", sections=sections))


def section(made: Heatmap, measure: Measure) -> Section:
    """One measure as a heatmap."""
    from penmark.reports.sheet import Section

    title, says = TITLES[measure]
    rows = [(name, [_cell(v) for v in row]) for name, row in zip(made.judges, made.values[measure], strict=True)]
    return Section(title=title, says=says, columns=("", *made.judges), rows=rows)


def _costs(made: Heatmap) -> Section:
    """How much of what it was asked each judge has a verdict on, and what that takes."""
    from penmark.reports.sheet import Cell, Section, money, percent

    rows = [
        (
            name,
            [Cell(f"{asked:,}"), Cell(f"{scored:,}"), Cell(percent(scored / asked if asked else 0)), Cell(money(usd))],
        )
        for name, asked, scored, usd in zip(made.judges, made.asked, made.scored, made.cost_usd, strict=True)
    ]
    says = "Responses, or pairs of them, that each judge was asked about and has a verdict on."
    return Section(
        title="Coverage and cost", says=says, columns=("Judge", "Asked", "Scored", "Coverage", "USD each"), rows=rows
    )


def _cell(value: float | None) -> Cell:
    from penmark.reports.sheet import Cell, number

    return Cell(number(value), heat=value)

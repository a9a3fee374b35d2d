"""An ablation as a table for the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from penmark.metaeval.ablation import Ablation
from penmark.metaeval.variant_figures import Figure, VariantFigures
from penmark.reports.render_table import NO_FIGURE, plain

WRITERS_ABREAST = 4  # with the other columns they fit into 120 columns; of more, the best and the worst
LEGEND = (
    "tau-b and rho: order of the writers' means, with that of the full tree; "
    "Change: mean absolute change of a response's root."
)


def as_table(ablation: Ablation) -> RenderableType:
    """One row a variant; in a second table those of the agreement, where there is one; then the notes."""
    parts: list[RenderableType] = [_scores(ablation), Text(LEGEND)]
    if ablation.human is not None:
        parts.append(_agreement(ablation))
    return Group(*parts, *(Text(f"Note: {plain(note)}", style="yellow") for note in ablation.notes))


def _scores(ablation: Ablation) -> Table:
    names = list(ablation.variants[0].writers)
    of_writers = names if len(names) <= WRITERS_ABREAST else ["Best", "Worst"]
    columns = ["Scored", "Coverage", "Mean", *of_writers, "tau-b", "rho", "Change"]
    table = _table(f"{ablation.bench} judged by {ablation.judge}, summed up anew", columns)
    for v in ablation.variants:
        coverage = f"{math.floor(1000 * v.coverage) / 10:g}%"
        order = (_number(v.kendall), _number(v.spearman), _number(v.change.value))
        _add(table, v.name, f"{v.scored:,}", coverage, _with_interval(v.mean), *_of_writers(v, names), *order)
    return table


def _agreement(ablation: Ablation) -> Table:
    title = f"Agreement with {ablation.human}: means of the writers, and pairs of responses to one task"
    table = _table(title, ["Pearson", "Spearman", "tau-b", "Pairs in the same order", "Pairs"])
    found = [*((v.name, v.human) for v in ablation.variants), ("(length of the text)", ablation.length)]
    for name, h in found:
        if h is not None:
            system = (_number(h.pearson), _number(h.spearman), _number(h.kendall))
            _add(table, name, *system, _with_interval(h.pairs), f"{h.pairs.n:,}")
    return table


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=Text(plain(title)), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for i, name in enumerate(["Variant", *columns]):
        table.add_column(Text(plain(name)), justify="right" if i else "left", overflow="fold")
    return table


def _add(table: Table, *cells: str) -> None:
    table.add_row(*(Text(plain(cell)) for cell in cells))


def _of_writers(variant: VariantFigures, names: Sequence[str]) -> list[str]:
    if len(names) <= WRITERS_ABREAST:
        return [_number(variant.writers[name].value) for name in names]
    had = [(name, figure.value) for name, figure in variant.writers.items() if figure.value is not None]
    return [f"{name} {value:.2f}" for name, value in (had[0], had[-1])] if had else [NO_FIGURE, NO_FIGURE]


def _with_interval(figure: Figure) -> str:
    if figure.low is None or figure.high is None:
        return _number(figure.value)
    return f"{_number(figure.value)} [{figure.low:.2f}, {figure.high:.2f}]"


def _number(value: float | None) -> str:
    return NO_FIGURE if value is None else f"{value:.2f}"

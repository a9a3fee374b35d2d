"""How judges order groups, as tables for the terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from penmark.metaeval.rankings import METRICS, RankFigures
from penmark.metaeval.variant_figures import Figure
from penmark.metaeval.weval import Weval
from penmark.reports.render_table import NO_FIGURE, plain

LEGEND = (
    "Brackets: 95% bootstrap intervals over groups. Ties: share of the pairs that the judge ties, which count as if "
    "drawn at random. A group with an unscored response counts in the coverage only."
)
PAIRS = "Share of pairs in the right order, a tie one half: "


def figures_tables(
    title: str, judges: Mapping[str, RankFigures], facts: Mapping[str, Mapping[str, str]] | None = None
) -> RenderableType:
    """One row a judge: the metrics, then pairs by number dropped and by kind where the groups tell.

    Args:
        title: of the first table.
        judges: figures by the name to show.
        facts: further columns of the first table: heading to text by judge.
    """
    parts: list[RenderableType] = [*_metrics(title, judges, facts or {}), Text(LEGEND)]
    dropped = sorted({number for f in judges.values() for number in f.by_dropped})
    kinds = list(dict.fromkeys(kind for f in judges.values() for kind in f.by_kind))
    if dropped:
        heading = f"{PAIRS}whole query against so many requirements dropped"
        rows = {name: [f.by_dropped.get(number) for number in dropped] for name, f in judges.items()}
        parts.extend(_pairs(heading, list(map(str, dropped)), rows))
    if kinds:
        heading = f"{PAIRS}the lesser one lacks requirements of this kind only"
        parts.extend(_pairs(heading, kinds, {n: [f.by_kind.get(kind) for kind in kinds] for n, f in judges.items()}))
    return Group(*parts)


def weval_tables(weval: Weval) -> RenderableType:
    """The judges of a benchmark, with what a scored response cost."""
    figures = {judge.name: judge.figures for judge in weval.judges}
    costs = {judge.name: _cost(judge.cost_per_response_usd) for judge in weval.judges}
    title = f"{weval.bench}: {weval.groups:,} groups of known order, as each judge ranks them"
    return figures_tables(title, figures, {"USD a response": costs})


def _cost(usd: float | None) -> str:
    return NO_FIGURE if usd is None else "0" if usd == 0 else f"{usd:.2g}"


def _metrics(
    title: str, judges: Mapping[str, RankFigures], facts: Mapping[str, Mapping[str, str]]
) -> list[RenderableType]:
    table = _table(["Correlation", "IL", "PL", "Pos. cons.", "Ties", "Groups", "Coverage", *facts])
    for name, figures in judges.items():
        metrics = [with_interval(getattr(figures, metric)) for metric in METRICS]
        ties = NO_FIGURE if figures.tie_rate is None else f"{figures.tie_rate:.2f}"
        coverage = f"{math.floor(1000 * figures.coverage) / 10:g}%"
        more = [column[name] for column in facts.values()]
        table.add_row(*_cells(name, *metrics, ties, f"{figures.groups:,}", coverage, *more))
    return [_heading(title), table]


def _pairs(title: str, columns: Sequence[str], rows: Mapping[str, Sequence[Figure | None]]) -> list[RenderableType]:
    table = _table(columns)
    for name, figures in rows.items():
        table.add_row(*_cells(name, *(NO_FIGURE if f is None else with_interval(f) for f in figures)))
    return [Text(), _heading(title), table]


def _heading(title: str) -> Text:
    return Text(plain(title), style="bold")


def _table(columns: Sequence[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1))
    for i, name in enumerate(["Judge", *columns]):
        table.add_column(Text(plain(name)), justify="right" if i else "left", overflow="fold")
    return table


def _cells(*cells: str) -> list[Text]:
    return [Text("\n".join(map(plain, cell.split("\n")))) for cell in cells]


def with_interval(figure: Figure) -> str:
    """The value and, on a line below, its interval where there is one; a dash where there is no value."""
    if figure.value is None:
        return NO_FIGURE
    if figure.low is None or figure.high is None:
        return f"{figure.value:.3f}"
    return f"{figure.value:.3f}\n[{figure.low:.2f}, {figure.high:.2f}]"

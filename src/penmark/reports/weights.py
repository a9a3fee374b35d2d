"""How the weights that a judge plans for each task are spread, by genre: box plots and the figures behind them.

Source: Tree-of-Writing, weights per genre; SPEC section 2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from statistics import fmean

import numpy as np

from penmark.records import Plan, PlanRecord, Task
from penmark.reports.figures import Spread, WeightFigures
from penmark.reports.plots import chart_look, for_page

MAX_GENRES = 16  # rows of a plot that can still be read
PANELS_A_ROW = 5
PLOT_WIDTH = 860  # of all panels of a row together
ROW_HEIGHT = 21
ALL, NO_GENRE = "all", "no genre"
COLOUR = "var(--series-1, #2f7fb8)"
AXIS_TITLE = "Share in the score above"

Weights = dict[str, float]  # node path to share
Row = dict[str, object]


def planned_weights(
    tasks: Sequence[Task], plans: Sequence[PlanRecord], order: Sequence[str] = ()
) -> WeightFigures | None:
    """How each planned weight is spread over tasks, by genre; None when the judge plans no weights.

    A task counts once: with several repeats, by the mean of its plans. The genre is the task's tag or, where it has
    none, the one its plan settled; where no task has any, all are taken together as "all".

    Args:
        tasks: of the benchmark, in its order, which is the order of the genres too.
        plans: of one judge, all repeats.
        order: paths of the judge's rubric, left to right; nodes that are not in it come last.
    """
    records = {task: list(of) for task, of in groupby(sorted(plans, key=attrgetter("task")), attrgetter("task"))}
    settled = {task: had for task, of in records.items() if (had := [r.plan for r in of if r.plan is not None])}
    planned = [(_genre(task, settled[task.key]), _mean(settled[task.key])) for task in tasks if task.key in settled]
    missing = len(records) - len(settled)
    if not any(weights for _, weights in planned) and (planned or not missing):
        return None
    return WeightFigures(genres=_spreads(planned, order), unplanned=missing)


def weight_boxes(figures: WeightFigures) -> str:
    """SVG with one panel for each planned node and one box for each genre; "" without data.

    Boxes: quartiles with the median; whiskers: lowest and highest. At most `MAX_GENRES` genres are drawn, those with
    the most tasks.
    """
    genres = drawn_genres(figures)
    rows = list(_rows(figures.genres, genres))
    if not rows:
        return ""
    import vl_convert

    svg = vl_convert.vegalite_to_svg(_specification(rows, genres, figures.nodes))
    return for_page(svg, "Planned weights by genre, as box plots")


def drawn_genres(figures: WeightFigures) -> list[str]:
    """The genres with the most tasks, in the order of the figures."""
    tasks = {genre: max((s.count for s in by_node.values()), default=0) for genre, by_node in figures.genres.items()}
    most = sorted(tasks, key=lambda genre: -tasks[genre])[:MAX_GENRES]
    return [genre for genre in tasks if genre in most]


def label(node: str, nodes: Sequence[str]) -> str:
    """A node's name as it is shown: the last part of its path, or all of it where that is not enough."""
    name = node.rsplit("/", 1)[-1]
    is_unique = sum(other.rsplit("/", 1)[-1] == name for other in nodes) == 1
    return (name if is_unique else node).replace("_", " ")


def _genre(task: Task, plans: Sequence[Plan]) -> str:
    return task.tags.get("genre") or next((genre for plan in plans if (genre := plan.tags.get("genre"))), "")


def _mean(plans: Sequence[Plan]) -> Weights:
    nodes = dict.fromkeys(node for plan in plans for node in plan.weights)
    return {node: fmean(plan.weights[node] for plan in plans if node in plan.weights) for node in nodes}


def _spreads(planned: Sequence[tuple[str, Weights]], order: Sequence[str]) -> dict[str, dict[str, Spread]]:
    """Genre to node to spread; nodes stand in the same order in every genre."""
    has_genres = any(genre for genre, _ in planned)
    known = {node for _, weights in planned for node in weights}
    nodes = [*(node for node in order if node in known), *sorted(known.difference(order))]
    found: dict[str, dict[str, list[float]]] = {}
    for genre, weights in planned:
        by_node = found.setdefault(genre or (NO_GENRE if has_genres else ALL), {node: [] for node in nodes})
        for node, weight in weights.items():
            by_node[node].append(weight)
    return {
        genre: {node: _spread(values) for node, values in by_node.items() if values}
        for genre, by_node in found.items()
        if any(by_node.values())
    }


def _spread(values: Sequence[float]) -> Spread:
    low, q1, median, q3, high = (float(q) for q in np.quantile(values, [0, 0.25, 0.5, 0.75, 1]))
    return Spread(low=low, q1=q1, median=median, q3=q3, high=high, count=len(values))


def _rows(by_genre: Mapping[str, Mapping[str, Spread]], genres: Sequence[str]) -> Iterator[Row]:
    for genre in genres:
        for node, s in by_genre[genre].items():
            ends: Row = {"low": s.low, "q1": s.q1, "median": s.median, "q3": s.q3, "high": s.high}
            yield {"node": node, "genre": genre, **ends}


def _specification(rows: Sequence[Row], genres: Sequence[str], nodes: Sequence[str]) -> dict[str, object]:
    """The Vega-Lite chart: a panel for each node, genres below each other, all on one scale."""
    # Loaded here because it takes half a second, and not every report is a page.
    import altair as alt

    ends = [float(str(row[end])) for row in rows for end in ("low", "high")]
    scale = alt.Scale(domain=[min(0.0, *ends), max(ends)], nice=True)
    width = PLOT_WIDTH // min(len(nodes), PANELS_A_ROW)

    def panel(at: int, node: str) -> alt.LayerChart | alt.FacetChart:
        is_first = at % PANELS_A_ROW == 0
        y = alt.Y("genre:N", sort=list(genres), title=None, scale=alt.Scale(domain=list(genres)))
        y = y.axis(labels=is_first, ticks=False, domain=False, labelLimit=220, labelPadding=8, labelFontSize=13)
        base = alt.Chart(alt.InlineData(values=[row for row in rows if row["node"] == node])).encode(y=y)
        title = AXIS_TITLE if is_first else None

        def x(field: str) -> alt.X:
            return alt.X(f"{field}:Q", scale=scale, title=title).axis(format="%", tickCount=4)

        whisker = base.mark_rule(strokeWidth=1.5, opacity=0.6, color=COLOUR).encode(x=x("low"), x2="high:Q")
        box = base.mark_bar(size=11, opacity=0.5, color=COLOUR).encode(x=x("q1"), x2="q3:Q")
        middle = base.mark_tick(thickness=2.5, size=15, color="currentColor").encode(x=x("median"))
        name = alt.TitleParams(label(node, nodes), anchor="start", frame="group")
        return alt.layer(whisker, box, middle).properties(width=width, height=ROW_HEIGHT * len(genres), title=name)

    panels = [panel(at, node) for at, node in enumerate(nodes)]
    chart = alt.concat(*panels, columns=PANELS_A_ROW, spacing=22).to_dict()
    title = {"color": "currentColor", "fontSize": 13, "fontWeight": 600}
    return {**chart, "config": {**chart_look(), "title": title}}

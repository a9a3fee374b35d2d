"""The course of a run as pictures: one panel for each figure, over the updates; SVG, and HTML that needs no network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import altair as alt

# Figures that are drawn where a run has them, in this order; those of judges follow.
DRAWN = (
    "loss",
    "accuracy",
    "mean_token_accuracy",
    "reward",
    "coverage",
    "words",
    "distinct_2",
    "copies",
    "kl",
    "entropy",
)
COLUMNS = 3
TICKS = 5  # of an axis, about
FEW = 20  # values that are drawn as dots, too
HELD_OUT = "eval_"


def save_curves(rows: Sequence[Mapping[str, Any]], folder: Path) -> list[Path]:
    """The files that were written; none where there is nothing to draw.

    Args:
        rows: lines of the run's metrics.
        folder: where to.
    """
    points = list(_points(rows))
    if not points:
        return []
    chart = _chart(points)
    files = [folder / "curves.svg", folder / "curves.html"]
    chart.save(files[0])
    chart.save(files[1], inline=True)
    return files


def _points(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, object]]:
    """(figure, side, step, value) of all that is drawn."""
    found = []
    for row in rows:
        for key, value in row.items():
            name = key.removeprefix(HELD_OUT)
            if isinstance(value, int | float) and (name in DRAWN or _is_judge(name)):
                side = "held out" if key.startswith(HELD_OUT) else "training"
                found.append({"figure": name, "side": side, "step": row["step"], "value": float(value)})
    return found


def _is_judge(name: str) -> bool:
    return name.startswith("judge/") and not name.endswith("/coverage")


def _chart(points: list[dict[str, object]]) -> alt.TopLevelMixin:
    present = {str(point["figure"]) for point in points}
    names = [name for name in DRAWN if name in present] + sorted(name for name in present if _is_judge(name))
    panels = [_panel(name, [point for point in points if point["figure"] == name]) for name in names]
    chart: alt.TopLevelMixin = alt.concat(*panels, columns=COLUMNS).resolve_scale(color="shared")
    return chart


def _panel(name: str, points: list[dict[str, object]]) -> alt.LayerChart | alt.FacetChart:
    """Lines, with a dot for each value of a side that has few of them."""
    counts = Counter(point["side"] for point in points)
    colour = alt.Color("side:N", scale=alt.Scale(domain=["training", "held out"], range=["#2f7fb8", "#d98200"]))
    base = alt.Chart(alt.InlineData(values=points)).encode(
        x=alt.X("step:Q", title="updates", axis=alt.Axis(tickCount=TICKS)),
        y=alt.Y("value:Q", title=name, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=TICKS)),
        color=colour.title(None),
    )
    few = [point for point in points if counts[point["side"]] <= FEW]
    dots = base.mark_point(filled=True, size=40).properties(data=alt.InlineData(values=few))
    return alt.layer(base.mark_line(), dots, width=240, height=160)

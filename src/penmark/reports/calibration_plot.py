"""What a judge's scores mean to people, as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from penmark.reports.plots import SERIES, chart_look, for_page

ABOUT = "Mean human verdict at each height of the judge's scores, with 95% intervals"


def calibration_plot(points: Sequence[Mapping[str, float | None]], x_title: str, y_title: str) -> str:
    """Inline SVG of points {"x", "y", "low", "high"} joined by a line; "" for fewer than two.

    Args:
        points: low and high are None where there is no interval.
        x_title: what the judge's side counts.
        y_title: what the human side counts.
    """
    if len(points) < 2:
        return ""
    # Loaded here because it takes half a second, and not every finding has a picture.
    import altair as alt
    import vl_convert

    colour = f"var(--series-1, {SERIES[0]})"
    base = alt.Chart(alt.InlineData(values=[dict(point) for point in points])).encode(
        x=alt.X("x:Q", title=x_title, scale=alt.Scale(zero=False, nice=True))
    )
    y = alt.Y("y:Q", title=y_title, scale=alt.Scale(zero=False, nice=True))
    spread = base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=2, opacity=0.5, color=colour)
    curve = base.mark_line(strokeWidth=2, color=colour, point=alt.OverlayMarkDef(size=60, filled=True, color=colour))
    layers = alt.layer(spread.encode(y=alt.Y("low:Q", title=y_title), y2="high:Q"), curve.encode(y=y))
    chart = layers.properties(width=640, height=260).to_dict()
    return for_page(vl_convert.vegalite_to_svg({**chart, "config": chart_look()}), ABOUT)

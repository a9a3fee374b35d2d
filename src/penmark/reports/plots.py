"""Pictures for reports: curves as SVG without a browser or a network, and the colours of heatmaps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from penmark.reports.figures import LENGTH_BUCKETS, Figure, Report

MAX_CURVES = 8
# Source: Okabe and Ito, colours that colour-blind readers tell apart; the dark ones lightened to work on dark, too.
# A page may set --series-1 ... to other colours.
SERIES = ("#2f7fb8", "#d98200", "#17916c", "#c4699a", "#4aa8d8", "#cc5a14", "#8b7fd1", "#8a8a8a")
# Source: ColorBrewer YlGnBu, sequential and safe for colour-blind readers.
SHADES = ("#ffffd9", "#edf8b1", "#c7e9b4", "#7fcdbb", "#41b6c4", "#2c93bf", "#225ea8", "#2a3f94")
PANELS = (("length_in", "Length of the task"), ("length_out", "Length of the response"))
FONT = "'Segoe UI', Roboto, 'Noto Sans', 'Helvetica Neue', Arial, 'PingFang SC', 'Noto Sans CJK SC', sans-serif"
INK = "currentColor"


def shade(value: float, low: float, high: float) -> tuple[str, str]:
    """(background, text) colours of a value between the lowest and the highest of a heatmap.

    The text colour is black or white, whichever stands out more.
    """
    place = (value - low) / (high - low) * (len(SHADES) - 1) if high > low else (len(SHADES) - 1) / 2
    before = min(int(place), len(SHADES) - 2)
    ends = (_rgb(SHADES[before]), _rgb(SHADES[before + 1]))
    rgb = tuple(round(a + (b - a) * (place - before)) for a, b in zip(*ends, strict=True))
    light = _luminance(rgb)
    # Contrast ratio as in WCAG 2: (lighter + 0.05) / (darker + 0.05).
    text = "#000" if (light + 0.05) ** 2 > 1.05 * 0.05 else "#fff"
    return "#{:02x}{:02x}{:02x}".format(*rgb), text


def length_curves(report: Report) -> str:
    """SVG of the best writers' means by length of task and of response, with 95% intervals; "" without data.

    Text and lines take the colour of the text around them. At most `MAX_CURVES` writers are drawn.
    """
    rows = list(_curve_points(report))
    if not rows:
        return ""
    import vl_convert

    names = [writer.name for writer in report.writers[:MAX_CURVES]]
    title = f"Mean score (of {report.scale})" if report.scale else f"Mean {report.unit}"
    svg = vl_convert.vegalite_to_svg(_specification(rows, names, title))
    return for_page(svg, "Mean scores by length, with 95% intervals")


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


def _luminance(rgb: tuple[int, ...]) -> float:
    linear = [c / 3294.6 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _curve_points(report: Report) -> Iterator[dict[str, object]]:
    for attribute, panel in PANELS:
        for writer in report.writers[:MAX_CURVES]:
            figures: Mapping[str, Figure] = getattr(writer, attribute)
            for bucket in (b for b in LENGTH_BUCKETS if b in figures and figures[b].mean is not None):
                figure = figures[bucket]
                point = {"panel": panel, "writer": writer.name, "bucket": bucket, "mean": figure.mean}
                yield {**point, "low": figure.low, "high": figure.high}


def _specification(rows: list[dict[str, object]], names: list[str], title: str) -> dict[str, object]:
    """The Vega-Lite chart: two panels side by side, one for each kind of length."""
    # Loaded here because it takes half a second, and not every report is a page.
    import altair as alt

    legend = alt.Legend(title=None, orient="top", columns=4, symbolType="stroke", symbolStrokeWidth=3, symbolOpacity=1)
    palette = [f"var(--series-{i}, {colour})" for i, colour in enumerate(SERIES[: len(names)], 1)]
    ends = [float(str(row[end])) for row in rows for end in ("mean", "low", "high") if row[end] is not None]
    scale = alt.Scale(domain=[min(ends), max(ends)], nice=True, zero=False)
    buckets = list(LENGTH_BUCKETS)

    def panel(name: str, y_title: str | None) -> alt.LayerChart | alt.FacetChart:
        base = alt.Chart(alt.InlineData(values=[row for row in rows if row["panel"] == name])).encode(
            x=alt.X("bucket:O", sort=buckets, scale=alt.Scale(domain=buckets, paddingInner=0.6))
            .title(f"{name} (estimated tokens)")
            .axis(labelAngle=0),
            xOffset=alt.XOffset("writer:N", sort=names, scale=alt.Scale(domain=names)),
            color=alt.Color("writer:N", sort=names, scale=alt.Scale(domain=names, range=palette), legend=legend),
        )
        y = alt.Y("mean:Q", scale=scale, title=y_title)
        spread = base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=1.5, opacity=0.55)
        curve = base.mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=42, filled=True))
        layers = alt.layer(spread.encode(y=alt.Y("low:Q", scale=scale, title=y_title), y2="high:Q"), curve.encode(y=y))
        return layers.properties(width=400, height=230)

    panels = [panel(name, title if i == 0 else None) for i, (_, name) in enumerate(PANELS)]
    return {**alt.hconcat(*panels, spacing=36).to_dict(), "config": chart_look()}


def chart_look() -> dict[str, object]:
    """Vega's config: text and lines in the colour of the text around the picture."""
    text = {"labelColor": INK, "titleColor": INK, "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"}
    quiet = {"gridColor": INK, "gridOpacity": 0.12, "domainColor": INK, "domainOpacity": 0.4, "tickColor": INK}
    return {
        "font": FONT,
        "background": "transparent",
        "axis": {**text, **quiet, "tickOpacity": 0.4, "titlePadding": 10},
        "axisX": {"grid": False},
        "legend": {"labelColor": INK, "labelFontSize": 13, "labelLimit": 320, "symbolSize": 260},
        "view": {"stroke": None},
    }


def for_page(svg: str, about: str) -> str:
    """The SVG as an inline element: its size from the page, no name spaces (HTML needs none).

    Args:
        svg: as Vega gives it.
        about: what it shows, for those who cannot see it; our own words, not escaped.
    """
    head, rest = svg.split(">", 1)
    head = re.sub(r' (?:xmlns(?::\w+)?|width|height|version)="[^"]*"', "", head)
    return f'{head} role="img" aria-label="{about}">{rest}'

"""A report on pairs as plain values, as rows, and as tables with a picture."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Sequence
from typing import TextIO

from penmark.reports.pairs import PairFigure, PairReport, PairWriter
from penmark.reports.plots import chart_look, for_page
from penmark.reports.sheet import Cell, Section, Sheet, number, percent
from penmark.reports.spreadsheet import inert

CSV_COLUMNS = (
    "writer", "opponent", "win_rate", "win_low", "win_high", "comparisons", "strength", "strength_low", "strength_high",
)  # fmt: skip
SAYS_STANDING = "Strongest first. The strength is Bradley-Terry's, in logits: 0 is the average writer."
LEGEND_STANDING = (
    "Beats the average: the chance that the strength stands for. Win rate: mean over the opponents, a tie counting one "
    "half. Square brackets: 95% intervals, from a bootstrap over tasks; ∞ where nothing bounds the strength."
)
SAYS_MATRIX = "How often the writer of the row beats the writer of the column, a tie counting one half."
SAYS_EFFECTS = "What a text with twice as much of it gains, writers being equal; the strengths above are free of it."


def as_json(report: PairReport) -> dict[str, object]:
    """The report as dicts, lists, strings and numbers: {"value", "ci95", "n"} a figure; null where there is none.

    A bound that is infinite, since nothing bounds a strength, is null.
    """
    return {
        "bench": report.bench,
        "judge": report.judge,
        "control": report.control,
        "pairs": report.asked,
        "scored": report.scored,
        "coverage": report.scored / report.asked,
        "ties": report.ties,
        "contradicted": report.contradicted,
        "tasks": report.tasks,
        "writers": {writer.name: _json_writer(writer) for writer in report.writers},
        "effects": {name: _json(figure) for name, figure in report.effects.items()},
        "notes": list(report.notes),
        "judge_spec": dict(report.judge_spec),
    }


def _json_writer(writer: PairWriter) -> dict[str, object]:
    return {
        "strength": _json(writer.strength),
        "win_rate": _json(writer.win_rate),
        "against": {name: _json(figure) for name, figure in writer.against.items()},
        "part": writer.part,
        "undefeated": writer.is_undefeated,
        "winless": writer.is_winless,
    }


def _json(figure: PairFigure) -> dict[str, object] | None:
    if figure.value is None:
        return None
    bounds = [b if b is not None and math.isfinite(b) else None for b in (figure.low, figure.high)]
    return {"value": figure.value, "ci95": bounds if figure.low is not None else None, "n": figure.n}


def write_csv(report: PairReport, stream: TextIO) -> None:
    """One row a writer and opponent, and one a writer whose opponent is empty: over all opponents."""
    rows = csv.writer(stream, lineterminator="\r\n")
    rows.writerow(CSV_COLUMNS)
    for w in report.writers:
        s = w.strength
        rows.writerow([inert(w.name), "", *_csv(w.win_rate), w.win_rate.n, *_csv(s)])
        for name, figure in w.against.items():
            rows.writerow([inert(w.name), inert(name), *_csv(figure), figure.n, "", "", ""])


def _csv(figure: PairFigure) -> list[str]:
    return ["" if v is None else f"{v:.6g}" for v in (figure.value, figure.low, figure.high)]


def as_sheet(report: PairReport) -> Sheet:
    """The report as tables, with the strengths as a picture."""
    sections = [_standing(report), _matrix(report)]
    if report.effects:
        sections.append(_effects(report))
    ties = f"{percent(report.ties / report.scored)} are ties" if report.scored else "there is no verdict"
    lead = f"{report.scored:,} of {report.asked:,} pairs on {report.tasks:,} tasks have a verdict; {ties}."
    held = "" if report.control == "none" else f", {report.control} held constant"
    title = f"{report.bench} compared in pairs by {report.judge}{held}"
    return Sheet(about="writers compared", title=title, lead=[lead], sections=sections, notes=report.notes)


def _standing(report: PairReport) -> Section:
    columns = ("Writer", "Strength", "Beats the average", "Win rate", "Comparisons")
    rows = [
        (
            w.name,
            [
                Cell(number(w.strength.value), _bounds(w.strength, number)),
                Cell(percent(None if w.strength.value is None else 1 / (1 + math.exp(-w.strength.value)))),
                Cell(percent(w.win_rate.value), _bounds(w.win_rate, percent)),
                Cell(f"{w.win_rate.n:,}"),
            ],
        )
        for w in report.writers
    ]
    picture = strengths_picture(report.writers)
    return Section(
        title="Standing", says=SAYS_STANDING, columns=columns, rows=rows, svg=picture, legend=LEGEND_STANDING
    )


def _matrix(report: PairReport) -> Section:
    names = [w.name for w in report.writers]
    rows = [(w.name, [_meeting(w, name) for name in names]) for w in report.writers]
    return Section(title="Win rates", says=SAYS_MATRIX, columns=("Writer", *names), rows=rows)


def _meeting(writer: PairWriter, opponent: str) -> Cell:
    if (figure := writer.against.get(opponent)) is None or figure.value is None:
        return Cell("–" if opponent != writer.name else "")
    return Cell(f"{100 * figure.value:.0f}%", f"of {figure.n:,}", heat=figure.value)


def _effects(report: PairReport) -> Section:
    rows = [
        (name, [Cell(number(f.value), _bounds(f, number)), Cell(percent(_chance(f.value)))])
        for name, f in report.effects.items()
    ]
    return Section(title="Held constant", says=SAYS_EFFECTS, columns=("What", "Logits", "Wins"), rows=rows)


def _chance(logits: float | None) -> float | None:
    return None if logits is None else 1 / (1 + math.exp(-logits))


def _bounds(figure: PairFigure, as_text: Callable[[float | None], str]) -> str:
    if figure.low is None or figure.high is None:
        return ""
    low = "−∞" if math.isinf(figure.low) else as_text(figure.low)
    high = "∞" if math.isinf(figure.high) else as_text(figure.high)
    return f"[{low}, {high}]"


def strengths_picture(writers: Sequence[PairWriter]) -> str:
    """SVG of the strengths with their intervals; "" where no writer has one. Open ends are drawn to the edge."""
    known = [w for w in writers if w.strength.value is not None]
    if not known:
        return ""
    import altair as alt  # Loaded here because it takes half a second, and not every report is a page.
    import vl_convert

    ends = [v for w in known for v in (w.strength.value, w.strength.low, w.strength.high) if v is not None]
    finite = [v for v in ends if math.isfinite(v)]
    left, right = min(finite) - 0.2, max(finite) + 0.2
    rows = [
        {
            "writer": w.name,
            "strength": w.strength.value,
            "low": None if w.strength.low is None else max(w.strength.low, left),
            "high": None if w.strength.high is None else min(w.strength.high, right),
        }
        for w in known
    ]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("writer:N", sort=[w.name for w in known], title=None).axis(labelLimit=280)
    )
    scale = alt.Scale(domain=[left, right], zero=False)
    colour = "var(--series-1, #2f7fb8)"
    rule = base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=2, opacity=0.6, color=colour)
    point = base.mark_circle(size=70, color=colour, opacity=1)
    drawn = alt.layer(
        rule.encode(x=alt.X("low:Q", scale=scale, title="Strength, logits"), x2="high:Q"),
        point.encode(x=alt.X("strength:Q", scale=scale, title="Strength, logits")),
    ).properties(width=620, height={"step": 26})
    svg = vl_convert.vegalite_to_svg({**drawn.to_dict(), "config": chart_look()})
    return for_page(svg, "Strengths with 95% intervals")

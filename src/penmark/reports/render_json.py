"""A report as plain values for JSON."""

from __future__ import annotations

from penmark.reports.figures import (
    LEAF_STATUSES,
    Difference,
    Figure,
    JudgeFigures,
    LeafFigures,
    Report,
    Spread,
    WeightFigures,
    WriterFigures,
)


def as_json(report: Report) -> dict[str, object]:
    """The report as dicts, lists, strings and numbers; null where there is no figure, never NaN.

    A figure is a number; under "detail" it is {"value", "ci95", "n", "coverage"}, n being the scored queries. Groups
    by a tag that no task carries are left out, unless it is a domain or the language. "judges" is empty where judges
    are not compared; their "cost_per_response" is in USD. Of a leaf, "scored" + "empty" + "unreadable" + "failed" is
    "asked"; an empty response has a score, the lowest.
    """
    return {
        "bench": report.bench,
        "judge": report.judge,
        "scale": report.scale,
        "unit": report.unit,
        "partial": report.partial,
        "writers": {writer.name: _writer(writer) for writer in report.writers},
        "differences": [_difference(d) for d in report.differences],
        "notes": list(report.notes),
        "other_judges": list(report.other_judges),
        "judges": {judge.name: _judge(judge) for judge in report.judges},
        "leaves": {leaf.node: _leaf(leaf) for leaf in report.leaves},
        "judge_spec": dict(report.judge_spec),
        **_weights(report.weights),
    }


def _weights(weights: WeightFigures | None) -> dict[str, object]:
    """Nothing where the judge plans no weights."""
    if weights is None:
        return {}
    spreads = {genre: {n: _spread(s) for n, s in by_node.items()} for genre, by_node in weights.genres.items()}
    return {"weights": spreads, "tasks_without_plan": weights.unplanned}


def _spread(spread: Spread) -> dict[str, object]:
    return {"median": spread.median, "q1": spread.q1, "q3": spread.q3, "n": spread.count}


def _writer(writer: WriterFigures) -> dict[str, object]:
    overall = writer.overall
    groups = writer.groups()
    return {
        "overall": overall.mean,
        "ci95": [overall.low, overall.high],
        "count": overall.count,
        "coverage": overall.coverage,
        **{group: {name: figure.mean for name, figure in figures.items()} for group, figures in groups.items()},
        "requirement": {kind: {m: f.mean for m, f in by.items()} for kind, by in writer.requirement.items()},
        "mean_words": writer.mean_words,
        "detail": {
            "overall": _detail(overall),
            **{group: {name: _detail(figure) for name, figure in figures.items()} for group, figures in groups.items()},
            "requirement": {kind: {m: _detail(f) for m, f in by.items()} for kind, by in writer.requirement.items()},
        },
    }


def _detail(figure: Figure) -> dict[str, object]:
    interval = [figure.low, figure.high]
    return {"value": figure.mean, "ci95": interval, "n": figure.count, "coverage": figure.coverage}


def _difference(difference: Difference) -> dict[str, object]:
    return {
        "first": difference.first,
        "second": difference.second,
        "value": difference.mean,
        "ci95": [difference.low, difference.high],
        "n": difference.count,
    }


def _judge(judge: JudgeFigures) -> dict[str, object]:
    ranks = judge.ranks
    return {
        "unit": judge.unit,
        "aggregate": judge.aggregate,
        "scale": judge.scale,
        "coverage": judge.coverage,
        "cost_per_response": judge.cost_per_response_usd,
        "tau": judge.tau,
        "writers": {
            name: {"value": figure.mean, "ci95": [figure.low, figure.high], "n": figure.count, "rank": ranks.get(name)}
            for name, figure in judge.writers.items()
        },
    }


def _leaf(leaf: LeafFigures) -> dict[str, object]:
    counts = {status: leaf.statuses.get(status, 0) for status in LEAF_STATUSES}
    return {"asked": leaf.asked, **counts, "mean": leaf.mean}

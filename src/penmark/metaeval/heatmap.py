"""Every judge against every other, people, each annotator and the length of the text among them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from penmark.errors import ConfigError
from penmark.metaeval.comparing import Setting, briefly
from penmark.metaeval.panel import Rater, length_rater, load_panel, load_rater
from penmark.store import Store, reads
from penmark.store.tallies import cost_of, judging_costs

MEASURES = ("pairwise", "kappa", "pearson", "spearman", "kendall", "system")
LENGTH = "length"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heatmap:
    """Agreement of each judge (row) with each other (column).

    Attributes:
        values: measure to rows of values; None where there is none, and on the diagonal.
        n: pairs of responses behind each "pairwise".
        asked: responses, or pairs, that each judge was asked about; `scored` those it has a verdict on.
        cost_usd: of one of these; None where it is not known.
    """

    bench: str
    judges: Sequence[str]
    values: dict[str, list[list[float | None]]]
    n: list[list[int]]
    asked: Sequence[int]
    scored: Sequence[int]
    cost_usd: Sequence[float | None]


def heatmap(store: Store, bench: str, judges: Sequence[str] = ()) -> Heatmap:
    """All judges of a benchmark or those that are named, and the length of the text.

    "pairwise" leaves out the pairs that the column's judge ties, so it is not the same both ways; the others are.
    "system" is Kendall's tau-b of the writers' means.

    Raises:
        ConfigError: when a judge is not there, or there is only one.
    """
    there = list(dict.fromkeys([*reads.judges_of(store.db, bench), *reads.pair_judges_of(store.db, bench)]))
    unknown = [name for name in judges if name not in there]
    if unknown:
        raise ConfigError(f"no judgments by {', '.join(unknown)} on {bench}, only by: {', '.join(there)}")
    panel = load_panel(store, bench)
    names = list(judges or there)
    raters = [load_rater(store, panel, name) for name in names]
    if LENGTH not in names:
        raters.append(length_rater(panel))
    if len(raters) < 2:
        raise ConfigError(
            f"only {', '.join(names)} on {bench}; judge with another one: `penmark judge {bench} --judge length`"
        )
    setting = Setting(panel, np.ones((1, len(panel.tasks))))
    found = [[_cell(setting, row, column) for column in raters] for row in raters]
    return Heatmap(
        bench=bench,
        judges=[rater.name for rater in raters],
        values={m: [[cell.get(m, (None, 0))[0] for cell in row] for row in found] for m in MEASURES},
        n=[[cell.get("pairwise", (None, 0))[1] for cell in row] for row in found],
        asked=[rater.asked for rater in raters],
        scored=[rater.scored for rater in raters],
        cost_usd=list(_costs(store, bench, raters)),
    )


def _costs(store: Store, bench: str, raters: Sequence[Rater]) -> Iterator[float | None]:
    """Of one response or pair each; the length that no judge in the store scored takes nothing."""
    costs, specs = judging_costs(store.db, bench), reads.specs(store.db, "judges")
    for rater in raters:
        whole = cost_of(costs, rater.name, specs.get(rater.name, {}))
        yield None if whole is None or not rater.asked else whole / rater.asked


def _cell(setting: Setting, row: Rater, column: Rater) -> dict[str, tuple[float | None, int]]:
    if row is column:
        return {}
    found = briefly(setting, column, row)
    named = {m: found.get("system.kendall" if m == "system" else m) for m in MEASURES}
    return {m: (e.figure().value, e.n) for m, e in named.items() if e is not None}


def as_json(made: Heatmap) -> dict[str, object]:
    """{"bench", "judges", "measures": {MEASURE: {ROW: {COLUMN: value}}}, "pairs": {ROW: {COLUMN: n}}}.

    Also "coverage" and "cost" of each judge.
    """

    def table(rows: Sequence[Sequence[object]]) -> dict[str, dict[str, object]]:
        return {name: dict(zip(made.judges, row, strict=True)) for name, row in zip(made.judges, rows, strict=True)}

    return {
        "bench": made.bench,
        "judges": list(made.judges),
        "measures": {measure: table(rows) for measure, rows in made.values.items()},
        "pairs": table(made.n),
        "coverage": {j: of / n if n else None for j, of, n in zip(made.judges, made.scored, made.asked, strict=True)},
        "cost": dict(zip(made.judges, made.cost_usd, strict=True)),
    }

"""Several judges of one benchmark side by side: the mean each gives each writer, and how far their orders agree.

Only what is compared is computed: sums by the database, and intervals of the overall means.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from penmark.reports.choice import Reading, ReportOptions
from penmark.reports.figures import Figure, JudgeFigures
from penmark.reports.scores import FloatArray
from penmark.reports.sums import Sums, figures_of
from penmark.stats import ratio_interval, resample_weights
from penmark.store import reads
from penmark.store.tallies import Tally, cost_of, judging_costs, response_places, tallies


def judges_beside(
    db: sqlite3.Connection, bench: str, judges: Sequence[str], writers: Sequence[str], options: ReportOptions
) -> tuple[JudgeFigures, ...]:
    """Each judge's means of the writers, as its own report has them.

    Args:
        db: the store's connection.
        bench: name of the benchmark.
        judges: the report's judge, then those to compare with it.
        writers: the writers to show, in that order.
        options: scale, partial and seed are read.
    """
    specs = reads.specs(db, "judges")
    costs = judging_costs(db, bench)
    comparison = _Comparison(response_places(db, bench), writers, options)
    shown = []
    for name in judges:
        reading = Reading.of(specs[name], options)
        rows = tallies(db, name, by_root=reading.by_root, partial=reading.partial)
        cost_usd = cost_of(costs, name, specs[name])
        shown.append(comparison.figures(name, reading, rows, cost_usd))
    return (shown[0], *(replace(judge, tau=_agreement(shown[0], judge)) for judge in shown[1:]))


@dataclass
class _Comparison:
    """What the judges share.

    Attributes:
        places: response key to (place of its task in the benchmark's order, writer).
        weights: number of tasks to resamples, as most judges have scored the same tasks.
    """

    places: Mapping[str, tuple[int, str]]
    writers: Sequence[str]
    options: ReportOptions
    weights: dict[int, FloatArray] = field(default_factory=dict)

    def figures(self, name: str, reading: Reading, rows: Iterable[Tally], cost_usd: float | None) -> JudgeFigures:
        """Everything about one judge but its agreement with another."""
        rows = [row for row in rows if row.response in self.places]
        responses = len({row.response for row in rows})
        return JudgeFigures(
            name=name,
            unit=reading.unit,
            aggregate=reading.aggregate,
            scale=reading.scale,
            cost_per_response_usd=None if cost_usd is None or not responses else cost_usd / responses,
            writers=self._means(self._sums(rows), reading.factor),
        )

    def _sums(self, rows: Sequence[Tally]) -> Sums:
        """The sums behind the overall mean of each writer, over every task that the judge has touched."""
        columns = {name: w for w, name in enumerate(self.writers)}
        places = [self.places[row.response] for row in rows]
        touched, task_R = np.unique(np.array([task for task, _ in places], np.intp), return_inverse=True)
        # Writers that are not shown share one more column, as their tasks count as touched.
        writer_R = np.array([columns.get(writer, len(columns)) for _, writer in places], np.intp)
        sums_N_W_4 = np.zeros((len(touched), len(columns) + 1, 4))
        np.add.at(sums_N_W_4, (task_R, writer_R), np.array([row[1:] for row in rows], np.float64).reshape(-1, 4))
        asked_N_W, scored_N_W, counted_N_W, total_N_W = np.moveaxis(sums_N_W_4[:, :-1], 2, 0)
        keys = [("overall", name, "") for name in self.writers]
        return Sums(keys, total_N_W, counted_N_W, asked_N_W.sum(axis=0), scored_N_W.sum(axis=0))

    def _means(self, sums: Sums, factor: float) -> dict[str, Figure]:
        tasks = len(sums.numerator_N_G)
        if tasks not in self.weights:
            self.weights[tasks] = resample_weights(tasks, seed=self.options.seed)
        interval_2_G = factor * ratio_interval(sums.numerator_N_G, sums.denominator_N_G, self.weights[tasks])
        return {name: figure for (_, name, _), figure in figures_of(sums, interval_2_G, factor).items()}


def _agreement(judge: JudgeFigures, other: JudgeFigures) -> float | None:
    """Kendall's tau-b of the writers' means; None where there is no order to agree on."""
    # Loaded here because SciPy takes half a second, and most reports are of one judge.
    from penmark.stats.correlation import kendall

    # Rounded, as sums in another order differ in the last digits, and ties count.
    means = [
        [math.nan if f.mean is None else round(f.mean, 9) for f in given.writers.values()] for given in (judge, other)
    ]
    tau = kendall(*means)
    return None if math.isnan(tau) else tau

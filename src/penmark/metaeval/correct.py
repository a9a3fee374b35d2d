"""What people would say of each writer, from all of a judge's scores and people's scores of a part.

Two figures a writer: the mean of the human scores, and the win rate, the share of tasks on which people prefer it to
another writer (a tie counts one half), against each other writer and against all of them. Items are tasks.

Source: Angelopoulos, Duchi and Zrnic, PPI++ (2023); see `stats.prediction_powered`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from penmark.errors import ConfigError
from penmark.metaeval.score_table import FloatArray, ScoreTable
from penmark.metaeval.variant_figures import DECIMALS
from penmark.stats.prediction_powered import CorrectedMean, Interval, corrected_mean

MOST_DRIFT = 3.0  # standard errors
FEW_LABELS = 50  # fewer, and intervals of win rates are known to cover too little


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """The corrected figures of every writer.

    Attributes:
        means: by writer, the highest corrected mean first.
        wins: by writer, against all other writers; in the order of `means`.
        pairs: (first, second) to the win rate of the first against the second.
        known: by writer, the human mean over all human scores, where only a part was used; else empty.
        notes: what a reader must be told beside the figures.
    """

    bench: str
    judge: str
    human: str
    means: Mapping[str, CorrectedMean]
    wins: Mapping[str, CorrectedMean]
    pairs: Mapping[tuple[str, str], CorrectedMean]
    known: Mapping[str, Interval]
    notes: Sequence[str]


def correct(table: ScoreTable, judge: str, human: str, *, labels: int | None = None, seed: int = 0) -> Correction:
    """The corrected figures of every writer that people scored.

    Args:
        table: has both judges.
        judge: the judge that scored all, or much.
        human: the judge that scored a part, such as imported human ratings.
        labels: use the human scores of so many tasks only, drawn at random: to see what they would have told.
        seed: of that draw.

    Raises:
        ConfigError: when there are no human scores, or fewer tasks with some than `labels`.
    """
    all_human_N_W, judge_N_W = table.root_N_W(human).round(DECIMALS), table.root_N_W(judge).round(DECIMALS)
    human_N_W = all_human_N_W if labels is None else _part(all_human_N_W, labels, seed)
    rated = [w for w in range(len(table.writers)) if not np.isnan(human_N_W[:, w]).all()]
    means = {table.writers[w]: corrected_mean(human_N_W[:, w], judge_N_W[:, w]) for w in rated}
    order = sorted(rated, key=lambda w: -means[table.writers[w]].mean.value)
    pairs = {
        (table.writers[a], table.writers[b]): corrected_mean(
            _won(human_N_W[:, a], human_N_W[:, b]), _won(judge_N_W[:, a], judge_N_W[:, b])
        )
        for a, b in combinations(order, 2)
    }
    wins = {table.writers[w]: _wins(w, rated, human_N_W, judge_N_W) for w in order} if len(rated) > 1 else {}
    known = {
        table.writers[w]: corrected_mean(all_human_N_W[:, w], np.full(len(table.tasks), np.nan)).human for w in order
    }
    return Correction(
        bench=table.bench,
        judge=judge,
        human=human,
        means={table.writers[w]: means[table.writers[w]] for w in order},
        wins=wins,
        pairs=pairs,
        known={} if labels is None else known,
        notes=list(_notes(table, means, len(rated))),
    )


def _part(human_N_W: FloatArray, labels: int, seed: int) -> FloatArray:
    """The human scores of so many tasks, the others NaN."""
    there = np.flatnonzero(~np.isnan(human_N_W).all(axis=1))
    if labels > len(there):
        raise ConfigError(f"there are human scores for {len(there)} tasks, fewer than --labels {labels}; ask for less")
    kept = np.random.default_rng(seed).choice(there, labels, replace=False)
    part_N_W = np.full_like(human_N_W, np.nan)
    part_N_W[kept] = human_N_W[kept]
    return part_N_W


def _won(first_N: FloatArray, second_N: FloatArray) -> FloatArray:
    """1 where the first is better, one half for a tie, 0 where the second is; NaN where one is missing."""
    won_N: FloatArray = (1 + np.sign(first_N - second_N)) / 2
    return won_N


def _wins(writer: int, others: Sequence[int], human_N_W: FloatArray, judge_N_W: FloatArray) -> CorrectedMean:
    """A writer's win rate against the others, each task weighing the same."""
    against = [w for w in others if w != writer]
    human_N_O, judge_N_O = (
        np.column_stack([_won(scores[:, writer], scores[:, w]) for w in against]) for scores in (human_N_W, judge_N_W)
    )
    # Where people compared some of the pairs only, the judge is asked about the same.
    asked_N_O = np.where(np.isnan(human_N_O).all(axis=1, keepdims=True), True, ~np.isnan(human_N_O))
    return corrected_mean(_mean(human_N_O), _mean(np.where(asked_N_O, judge_N_O, np.nan)))


def _mean(values_N_O: FloatArray) -> FloatArray:
    """Mean over the second axis of what is not NaN; NaN where nothing is left."""
    there_N_O = ~np.isnan(values_N_O)
    total_N, number_N = np.where(there_N_O, values_N_O, 0).sum(axis=1), there_N_O.sum(axis=1)
    mean_N: FloatArray = np.divide(total_N, number_N, out=np.full_like(total_N, np.nan), where=number_N > 0)
    return mean_N


def _notes(table: ScoreTable, means: Mapping[str, CorrectedMean], rated: int) -> Iterator[str]:
    lacking = [writer for writer in table.writers if writer not in means]
    if lacking:
        yield f"Left out, as people scored nothing of them: {', '.join(lacking)}."
    drifting = [writer for writer, found in means.items() if abs(found.drift) > MOST_DRIFT]
    if drifting:
        yield (
            f"The judge scores the labelled texts of {', '.join(drifting)} unlike the others: they are hardly a random "
            "part, and the figures hold for random parts only."
        )
    level = [writer for writer, found in means.items() if found.labelled > 1 and found.human.width == 0]
    if level:
        yield f"All labels of {', '.join(level)} are alike: that interval has no width, which is no certainty."
    fewest = min((found.labelled for found in means.values()), default=0)
    if rated > 1 and fewest < FEW_LABELS:
        yield f"With fewer than {FEW_LABELS} labels (here {fewest}), intervals of win rates cover less than they say."
    if all(found.weight == 0 for found in means.values()):
        yield "The judge helps with no mean: they are people's alone."


def as_json(made: Correction) -> dict[str, object]:
    """The figures as plain values; null where there is none."""
    return {
        "bench": made.bench,
        "judge": made.judge,
        "human": made.human,
        "writers": {
            writer: {
                "mean": _plain(found),
                **({"wins": _plain(made.wins[writer])} if writer in made.wins else {}),
                **({"all_labels": _interval(made.known[writer])} if writer in made.known else {}),
            }
            for writer, found in made.means.items()
        },
        "pairs": [{"first": a, "second": b, **_plain(found)} for (a, b), found in made.pairs.items()],
        "notes": list(made.notes),
    }


def _plain(found: CorrectedMean) -> dict[str, object]:
    return {
        "corrected": {**_interval(found.mean), "n": found.labelled + found.unlabelled},
        "human": {**_interval(found.human), "n": found.labelled},
        "judge": _number(found.judge),
        "weight": found.weight,
        "correlation": _number(found.correlation),
        "narrower": narrower(found),
        "labels_to_halve": found.labels_to_halve,
    }


def narrower(found: CorrectedMean) -> float | None:
    """By what share the corrected interval is narrower than people's alone; None where there is no interval."""
    return _number(1 - found.mean.width / found.human.width) if found.human.width > 0 else None


def _interval(interval: Interval) -> dict[str, object]:
    return {"value": _number(interval.value), "ci95": [_number(interval.low), _number(interval.high)]}


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)

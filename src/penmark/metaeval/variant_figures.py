"""What a variant of a tree does to the scores: means, coverage, the order of the writers, agreement with a human.

Axes: N tasks, W writers, G figures. A response scored several times counts with the mean of its scored rounds; means
over responses are over all scored rounds, as in reports. Intervals are 95% bootstrap intervals over tasks.
"""
# ruff: noqa: N802, N815 - the names carry the axes of the arrays

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penmark.evaluate.rollup import NodeScore
from penmark.metaeval.judged import Judged
from penmark.stats.agreement import pair_counts
from penmark.stats.bootstrap import ratio_interval
from penmark.stats.correlation import kendall, pearson, spearman

FloatArray = NDArray[np.float64]

DECIMALS = 9  # Sums in another order differ in the last bits, which must not break ties.


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its interval; None where there is none.

    Attributes:
        n: of how many responses (or, for agreement, pairs of responses; or verdicts) it is the mean.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int


def plain_figure(figure: Figure) -> dict[str, object]:
    """The figure as plain values: {"value", "ci95", "n"}."""
    return {"value": figure.value, "ci95": [figure.low, figure.high], "n": figure.n}


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far the roots agree with another judge, such as people; over the responses that both scored.

    Attributes:
        pearson: of the writers' means, as are `spearman` and `kendall`; None where it cannot be had.
        pairs: `pairwise_agreement` of responses to the same task.
    """

    pearson: float | None
    spearman: float | None
    kendall: float | None
    pairs: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantFigures:
    """One variant's line of the table.

    Attributes:
        scored: responses with a root.
        coverage: scored / asked rounds.
        writers: mean by writer, the best first.
        kendall: order of the writers, with that of the full tree, over the responses scored in both; likewise
            `spearman`; None where it cannot be had.
        change: absolute difference of a response's root to that of the full tree, over the same responses.
    """

    name: str
    scored: int
    coverage: float
    mean: Figure
    writers: dict[str, Figure]
    kendall: float | None
    spearman: float | None
    change: Figure
    human: Agreement | None


@dataclass(frozen=True, slots=True)
class Roots:
    """Roots of one variant: sum and number of the scored rounds of each response, and the rounds asked for."""

    sum_N_W: FloatArray
    count_N_W: FloatArray
    asked: int

    @property
    def mean_N_W(self) -> FloatArray:
        """Mean of each response; NaN where none is scored."""
        mean_N_W = np.full_like(self.sum_N_W, np.nan)
        np.divide(self.sum_N_W, self.count_N_W, out=mean_N_W, where=self.count_N_W > 0)
        return mean_N_W.round(DECIMALS)


def gather(judged: Judged, nodes: Iterable[NodeScore | None]) -> Roots:
    """The roots of the judge's rounds, in their order, by task and writer."""
    shape = (len(judged.tasks), len(judged.writers))
    roots = list(zip(judged.rounds, nodes, strict=True))
    sum_N_W, count_N_W = np.zeros(shape), np.zeros(shape)
    for scored, node in roots:
        if node is not None and node.score is not None:
            sum_N_W[scored.task, scored.writer] += node.score
            count_N_W[scored.task, scored.writer] += 1
    return Roots(sum_N_W, count_N_W, asked=sum(node is not None for _, node in roots))


def figures(
    judged: Judged, name: str, roots: Roots, full: Roots, human_N_W: FloatArray | None, weights_B_N: FloatArray
) -> VariantFigures:
    """The figures of a variant beside those of the full tree.

    Args:
        judged: what was judged.
        name: of the variant.
        roots: the variant's.
        full: those of the full tree.
        human_N_W: roots of the judge to compare with, by task and writer; NaN = unscored; None = no such judge.
        weights_B_N: from `resample_weights`, for the tasks.
    """
    change_N_W = np.abs(roots.mean_N_W - full.mean_N_W)
    both_N_W = ~np.isnan(change_N_W)
    numerator_N_G = np.column_stack(
        [roots.sum_N_W, roots.sum_N_W.sum(axis=1), np.where(both_N_W, change_N_W, 0).sum(axis=1)]
    )
    denominator_N_G = np.column_stack([roots.count_N_W, roots.count_N_W.sum(axis=1), both_N_W.sum(axis=1)])
    there_N_W = roots.count_N_W > 0
    n_G = [*there_N_W.sum(axis=0), there_N_W.sum(), both_N_W.sum()]
    *of_writers, mean, change = _ratios(numerator_N_G, denominator_N_G, n_G, weights_B_N)
    by_writer = dict(zip(judged.writers, of_writers, strict=True))
    own_W, full_W = _paired_means(roots.mean_N_W, full.mean_N_W)
    return VariantFigures(
        name=name,
        scored=int(there_N_W.sum()),
        coverage=float(roots.count_N_W.sum() / roots.asked) if roots.asked else 0.0,
        mean=mean,
        writers=dict(sorted(by_writer.items(), key=_rank)),
        kendall=_number(kendall(own_W, full_W)),
        spearman=_number(spearman(own_W, full_W)),
        change=change,
        human=None if human_N_W is None else agreement_of(human_N_W, roots.mean_N_W, weights_B_N),
    )


def _rank(writer: tuple[str, Figure]) -> tuple[bool, float, str]:
    """Best first, those without a mean last, equals by name."""
    name, figure = writer
    return figure.value is None, -(figure.value or 0.0), name


def agreement_of(human_N_W: FloatArray, judge_N_W: FloatArray, weights_B_N: FloatArray) -> Agreement:
    """How far two judges agree on the responses that both scored; NaN = unscored."""
    human_W, judge_W = _paired_means(human_N_W, judge_N_W)
    agreed_N, compared_N = pair_counts(human_N_W, judge_N_W)
    (pairs,) = _ratios(agreed_N[:, None], compared_N[:, None], [int(compared_N.sum())], weights_B_N)
    return Agreement(
        pearson=_number(pearson(human_W, judge_W)),
        spearman=_number(spearman(human_W, judge_W)),
        kendall=_number(kendall(human_W, judge_W)),
        pairs=pairs,
    )


def _paired_means(first_N_W: FloatArray, second_N_W: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean of each writer on either side over the responses that both have; NaN for writers without any."""
    both_N_W = ~(np.isnan(first_N_W) | np.isnan(second_N_W))
    count_W = np.where(both_N_W.any(axis=0), both_N_W.sum(axis=0), np.nan)
    first_W, second_W = (np.where(both_N_W, side, 0).sum(axis=0) / count_W for side in (first_N_W, second_N_W))
    return first_W.round(DECIMALS), second_W.round(DECIMALS)


def _ratios(
    numerator_N_G: FloatArray, denominator_N_G: FloatArray, n_G: Sequence[int], weights_B_N: FloatArray
) -> list[Figure]:
    low_G, high_G = ratio_interval(numerator_N_G, denominator_N_G, weights_B_N)
    total_G, number_G = numerator_N_G.sum(axis=0), denominator_N_G.sum(axis=0)
    return [
        Figure(float(total_G[g] / number_G[g]) if number_G[g] else None, _number(low_G[g]), _number(high_G[g]), int(n))
        for g, n in enumerate(n_G)
    ]


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)

"""Means of human scores from a judge's scores of everything and human scores of a part: prediction-powered inference.

The judge's mean over all items is cheap but biased; the human mean over the labelled items is unbiased but wide. Their
combination is the human mean over the labelled items, plus a weight times how much the judge scores the unlabelled
items higher than the labelled ones. Whatever the judge's bias or scale, the expectation is that of the human mean; the
better the judge predicts the human scores, the narrower the interval. The weight is tuned on the labelled items, and a
judge that does not help gets the weight 0, which leaves the human-only interval.

This holds for items drawn from a population, of which the labelled ones are a random part.

Axes: N items; L of them are labelled, U are not.

Source: Angelopoulos, Duchi and Zrnic, PPI++ (2023), sections 3 and 6: the mean, with the tuned weight.
Differs: intervals are Student's with L - 3 degrees of freedom, the residual variance is divided by L - 2, and the term
    for the chance difference of the judge's means on both parts is kept, as in a regression estimate; with few labels
    the normal interval of the paper covers too little. The weight is not bounded by 0 and 1, as a judge may count in
    another unit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

FloatArray = NDArray[np.float64]

FEWEST_LABELS = 5  # with fewer, a weight cannot be tuned
LOST = 3  # degrees of freedom: for the mean, the weight, and taking the narrower interval
ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its bounds; NaN where there is none."""

    value: float
    low: float
    high: float

    @property
    def width(self) -> float:
        """From bound to bound."""
        return self.high - self.low


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedMean:
    """A mean of human scores over all items.

    Attributes:
        mean: from both; equal to `human` where the judge does not help.
        human: from the human scores alone.
        judge: the judge's plain mean over all items, on the judge's scale.
        labelled: items with a human score.
        unlabelled: items with the judge's score only.
        weight: what a point of the judge's counts in human points; 0 where it does not help.
        correlation: of human and judge over the items that both scored; NaN where one does not vary.
        drift: how much higher the judge scores the labelled items than the others, in standard errors; beyond 3 or so
            the labelled ones are hardly a random part. NaN where it cannot be had.
        labels_to_halve: labels with which the interval would be half as wide, the items staying as many as they are;
            None where all of them would not do, or there is no width to halve.
    """

    mean: Interval
    human: Interval
    judge: float
    labelled: int
    unlabelled: int
    weight: float
    correlation: float
    drift: float
    labels_to_halve: int | None


def corrected_mean(human_N: FloatArray, judge_N: FloatArray, level: float = 0.95) -> CorrectedMean:
    """The mean human score over the items, from the human scores of some and the judge's scores of all.

    An item that neither scored is left out. One that only the human scored counts for the human-only mean.

    Args:
        human_N: points; NaN = not labelled.
        judge_N: same order, in any unit; NaN = unscored.
        level: coverage of the intervals.

    Raises:
        ValueError: shapes that do not fit, or a level outside 0..1.
    """
    if human_N.ndim != 1 or human_N.shape != judge_N.shape:
        raise ValueError(f"human and judge have shapes {human_N.shape} and {judge_N.shape}; expected (items,) twice")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; expected a share between 0 and 1, such as 0.95")
    is_labelled_N, is_judged_N = ~np.isnan(human_N), ~np.isnan(judge_N)
    both_N = is_labelled_N & is_judged_N
    human = _human_only(human_N[is_labelled_N], level)
    rest_U = judge_N[is_judged_N & ~is_labelled_N]
    fit = _fit(human_N[both_N], judge_N[both_N], rest_U)
    combined = fit.interval(level) if fit else human
    helps = fit is not None and combined.width < human.width
    variances = (fit.residual_variance, fit.shared_variance) if fit and helps else (_variance(human_N), 0.0)
    return CorrectedMean(
        mean=combined if helps else human,
        human=human,
        judge=float(judge_N[is_judged_N].mean()) if is_judged_N.any() else math.nan,
        labelled=int(is_labelled_N.sum()),
        unlabelled=len(rest_U),
        weight=fit.weight if fit and helps else 0.0,
        correlation=_correlation(human_N[both_N], judge_N[both_N]),
        drift=_drift(judge_N[both_N], rest_U),
        labels_to_halve=_labels_to_halve(
            (combined if helps else human).width, variances, int(is_labelled_N.sum()), len(rest_U), level
        ),
    )


def _human_only(human_L: FloatArray, level: float) -> Interval:
    """The mean with Student's interval; without bounds where there are fewer than 2 labels."""
    count = len(human_L)
    value = float(human_L.mean()) if count else math.nan
    if count < 2:
        return Interval(value, math.nan, math.nan)
    half = float(_quantile(count - 1, level)) * math.sqrt(_variance(human_L) / count)
    return Interval(value, value - half, value + half)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    """Human scores as a line in the judge's.

    Attributes:
        value: the combined estimate.
        weight: of the difference between the judge's means on the unlabelled and on the labelled items.
        residual_variance: of the human scores about the line.
        shared_variance: of the mean over all items of what the line says.
        leverage: what the chance difference between the labelled and all items adds to 1 / labelled.
    """

    value: float
    weight: float
    labelled: int
    residual_variance: float
    shared_variance: float
    leverage: float

    def interval(self, level: float) -> Interval:
        """The estimate with Student's interval."""
        variance = self.residual_variance * (1 / self.labelled + self.leverage) + self.shared_variance
        half = float(_quantile(self.labelled - LOST, level)) * math.sqrt(variance)
        return Interval(self.value, self.value - half, self.value + half)


def _fit(human_L: FloatArray, judge_L: FloatArray, judge_U: FloatArray) -> _Fit | None:
    """The line through the labelled items; None where it cannot be had."""
    labelled, every = len(human_L), np.concatenate([judge_L, judge_U])
    if labelled < FEWEST_LABELS or not len(judge_U) or _is_constant(judge_L):
        return None
    centred_L = judge_L - judge_L.mean()
    spread = float(centred_L @ centred_L)
    slope = float(centred_L @ human_L) / spread
    residual_L = human_L - human_L.mean() - slope * centred_L
    # The tuned weight, slope / (1 + L / U), times (mean of U - mean of L) is slope times this.
    shift = float(every.mean() - judge_L.mean())
    return _Fit(
        value=float(human_L.mean()) + slope * shift,
        weight=slope * len(judge_U) / len(every),
        labelled=labelled,
        residual_variance=float(residual_L @ residual_L) / (labelled - 2),
        shared_variance=slope**2 * float(every.var(ddof=1)) / len(every),
        leverage=shift**2 / spread,
    )


def _labels_to_halve(
    width: float, variances: tuple[float, float], labelled: int, unlabelled: int, level: float
) -> int | None:
    """Fewest labels whose interval is expected to be half as wide.

    Args:
        width: of the interval as it is.
        variances: that falls with the labels, and that does not.
        labelled: labels there are.
        unlabelled: items that may still be labelled.
        level: coverage of the interval.
    """
    if math.isnan(width) or width == 0:
        return None
    falling, staying = variances
    count_K = np.arange(labelled + 1, labelled + unlabelled + 1)
    width_K = 2 * _quantile(count_K - LOST, level) * np.sqrt(falling / count_K + staying)
    enough_K = np.flatnonzero(width_K <= width / 2)
    return int(count_K[enough_K[0]]) if len(enough_K) else None


def _correlation(human_L: FloatArray, judge_L: FloatArray) -> float:
    """Pearson's; NaN where either does not vary. As `stats.correlation.pearson`, in a tenth of the time."""
    if len(human_L) < 2 or _is_constant(human_L) or _is_constant(judge_L):
        return math.nan
    return float(np.clip(np.corrcoef(human_L, judge_L)[0, 1], -1, 1))


def _drift(judge_L: FloatArray, judge_U: FloatArray) -> float:
    """Welch's statistic of the judge's scores of both parts."""
    if min(len(judge_L), len(judge_U)) < 2:
        return math.nan
    error = math.sqrt(_variance(judge_L) / len(judge_L) + _variance(judge_U) / len(judge_U))
    return float(judge_L.mean() - judge_U.mean()) / error if error else math.nan


def _variance(values_N: FloatArray) -> float:
    """Of those that are not NaN; NaN where fewer than 2 are."""
    known = values_N[~np.isnan(values_N)]
    return float(known.var(ddof=1)) if len(known) > 1 else math.nan


def _quantile(freedom: ArrayLike, level: float) -> FloatArray:
    """Student's two-sided quantile at these degrees of freedom, at least 1."""
    return np.asarray(stdtrit(np.maximum(freedom, 1), (1 + level) / 2), np.float64)


def _is_constant(values: FloatArray) -> bool:
    return bool(np.ptp(values) <= ROUNDING * np.abs(values).max())

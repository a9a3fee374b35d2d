"""Correlations of two lists of scores: `pearson`, `spearman`, `kendall` (tau-b).

Each takes two arrays of one shape and order and leaves out the places where either is NaN. Each is NaN where fewer
than 2 places are left or one side does not vary there, but for rounding: a constant has no order to agree with.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

FloatArray = NDArray[np.float64]

ROUNDING = 1e-12  # of the largest value


def pearson(x: ArrayLike, y: ArrayLike) -> float:
    """Product-moment correlation, -1..1: how far the points lie on a line."""
    return _correlation(lambda a, b: stats.pearsonr(a, b).statistic, x, y)


def spearman(x: ArrayLike, y: ArrayLike) -> float:
    """Pearson's correlation of the ranks, -1..1; equal values share the mean of their ranks."""
    return _correlation(lambda a, b: stats.spearmanr(a, b).statistic, x, y)


def kendall(x: ArrayLike, y: ArrayLike) -> float:
    """Kendall's tau-b, -1..1: pairs in the same order less pairs in the opposite order, with a correction for ties."""
    return _correlation(lambda a, b: stats.kendalltau(a, b).statistic, x, y)


def _correlation(measure: Callable[[FloatArray, FloatArray], float], x: ArrayLike, y: ArrayLike) -> float:
    a, b = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if a.shape != b.shape:
        raise ValueError(f"the two sides have shapes {a.shape} and {b.shape}; expected the same places in both")
    both = ~(np.isnan(a) | np.isnan(b))
    a, b = a[both], b[both]
    if _is_constant(a) or _is_constant(b):
        return float("nan")
    return float(np.clip(measure(a, b), -1, 1))


def _is_constant(values: FloatArray) -> bool:
    return len(values) == 0 or bool(np.ptp(values) <= ROUNDING * np.abs(values).max())

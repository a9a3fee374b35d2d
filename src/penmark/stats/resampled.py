"""Statistics of many resamples of tasks at once: one value for each row of weights.

A row of weights says how often each task was drawn (`resample_weights`); a response or pair counts as often as its
task. A row of ones gives the statistic of the sample itself, so value and interval come from the same code. Every
function gives NaN for a resample in which the statistic cannot be had.

Axes: B resamples, N tasks, R responses, W writers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

ROUNDING = 1e-12


def ratios(weights_B_N: FloatArray, numerator_N: FloatArray, denominator_N: FloatArray) -> FloatArray:
    """Sum of the numerators over the sum of the denominators, shape (B,)."""
    return _divided(weights_B_N @ numerator_N, weights_B_N @ denominator_N)


def pearsons(weights_B_N: FloatArray, task_R: IntArray, x_R: FloatArray, y_R: FloatArray) -> FloatArray:
    """Product-moment correlation of x and y, shape (B,); neither has NaN."""
    if len(x_R) == 0:
        return np.full(len(weights_B_N), np.nan)
    x_R, y_R = _standard(x_R), _standard(y_R)
    moments_R_6 = np.column_stack([np.ones_like(x_R), x_R, y_R, x_R * x_R, y_R * y_R, x_R * y_R])
    moments_N_6 = np.zeros((weights_B_N.shape[1], 6))
    np.add.at(moments_N_6, task_R, moments_R_6)
    return _from_moments(weights_B_N @ moments_N_6)


def spearmans(weights_B_N: FloatArray, task_R: IntArray, x_R: FloatArray, y_R: FloatArray) -> FloatArray:
    """Pearson's correlation of the ranks within each resample, shape (B,); equal values share their mean rank."""
    if len(x_R) == 0:
        return np.full(len(weights_B_N), np.nan)
    (_, x_code_R), (_, y_code_R) = (np.unique(v, return_inverse=True) for v in (x_R, y_R))
    rho_B = np.empty(len(weights_B_N))
    for b, weights_N in enumerate(weights_B_N):
        weight_R = weights_N[task_R]
        x, y = (_ranks(code, weight_R) for code in (x_code_R, y_code_R))
        moments_6 = np.array([weight_R.sum(), *(weight_R @ v for v in (x, y, x * x, y * y, x * y))])
        rho_B[b] = _from_moments(moments_6[None])[0]
    return rho_B


def kendalls(weights_B_N: FloatArray, task_R: IntArray, x_R: FloatArray, y_R: FloatArray) -> FloatArray:
    """Kendall's tau-b of x and y, shape (B,). Time grows with the square of the responses."""
    if len(x_R) == 0:
        return np.full(len(weights_B_N), np.nan)
    tasks = weights_B_N.shape[1]
    order_R = np.argsort(task_R, kind="stable")
    task_R = task_R[order_R]
    # Ranks, which smaller numbers hold exactly: the matrix of all pairs is the work here.
    ranks_2_R = [np.unique(v, return_inverse=True)[1][order_R].astype(np.float32) for v in (x_R, y_R)]
    there_T, starts_T = np.unique(task_R, return_index=True)
    pairs_3_N_N = np.zeros((3, tasks, tasks))
    for task, start, end in zip(there_T, starts_T, [*starts_T[1:], len(task_R)], strict=True):
        x, y = (np.sign(v[start:end, None] - v[None, :]) for v in ranks_2_R)
        for kind, sign in enumerate((x * y, np.abs(x), np.abs(y))):
            pairs_3_N_N[kind, task, there_T] = np.add.reduceat(sign.sum(axis=0), starts_T)
    counted_3_B = [((weights_B_N @ pairs_N_N) * weights_B_N).sum(axis=1) for pairs_N_N in pairs_3_N_N]
    return _divided(counted_3_B[0], np.sqrt(counted_3_B[1] * counted_3_B[2]))


def row_pearsons(x_B_W: FloatArray, y_B_W: FloatArray) -> FloatArray:
    """Product-moment correlation of each row of x with that of y, shape (B,); NaN for a row with NaN."""
    x_B_W, y_B_W = (v - v.mean(axis=1, keepdims=True) for v in (x_B_W, y_B_W))
    moments = [np.full(len(x_B_W), float(x_B_W.shape[1])), x_B_W.sum(axis=1), y_B_W.sum(axis=1)]
    moments += [(a * b).sum(axis=1) for a, b in ((x_B_W, x_B_W), (y_B_W, y_B_W), (x_B_W, y_B_W))]
    return _from_moments(np.column_stack(moments))


def row_spearmans(x_B_W: FloatArray, y_B_W: FloatArray) -> FloatArray:
    """Rank correlation of each row of x with that of y, shape (B,); NaN for a row with NaN."""
    return row_pearsons(rankdata(x_B_W, axis=1), rankdata(y_B_W, axis=1))


def row_kendalls(x_B_W: FloatArray, y_B_W: FloatArray) -> FloatArray:
    """Kendall's tau-b of each row of x with that of y, shape (B,); NaN for a row with NaN."""
    first_Q, second_Q = np.triu_indices(x_B_W.shape[1], k=1)
    x, y = (np.sign(v[:, first_Q] - v[:, second_Q]) for v in (x_B_W, y_B_W))
    return _divided((x * y).sum(axis=1), np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1)))


def means(weights_B_N: FloatArray, sum_N_W: FloatArray, count_N_W: FloatArray) -> FloatArray:
    """Mean of each column, shape (B, W); NaN where a resample drew nothing of it."""
    return _divided(weights_B_N @ sum_N_W, weights_B_N @ count_N_W)


def _standard(values: FloatArray) -> FloatArray:
    """Centred and scaled, so that sums of squares lose no digits; a constant, but for rounding, becomes 0."""
    centred = values - values.mean()
    spread = np.abs(centred).max()
    is_constant = spread <= ROUNDING * np.abs(values).max()
    return np.zeros_like(centred) if is_constant else centred / spread


def _ranks(code_R: IntArray, weight_R: FloatArray) -> FloatArray:
    """Rank of each value in the resample, centred on 0; equal values share their mean rank."""
    count_K = np.bincount(code_R, weights=weight_R)
    rank_K = np.cumsum(count_K) - count_K / 2 - weight_R.sum() / 2
    ranks: FloatArray = rank_K[code_R] / max(weight_R.sum(), 1.0)
    return ranks


def _from_moments(moments_B_6: FloatArray) -> FloatArray:
    n, x, y, xx, yy, xy = moments_B_6.T
    covariance, x_variance, y_variance = n * xy - x * y, n * xx - x * x, n * yy - y * y
    varies = (x_variance > ROUNDING * n * n) & (y_variance > ROUNDING * n * n)
    r_B = np.full(len(n), np.nan)
    np.divide(covariance, np.sqrt(np.abs(x_variance * y_variance)), out=r_B, where=varies)
    clipped_B: FloatArray = np.clip(r_B, -1, 1)
    return clipped_B


def _divided(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    ratio = np.full_like(numerator, np.nan)
    np.divide(numerator, denominator, out=ratio, where=denominator > 0)
    return ratio

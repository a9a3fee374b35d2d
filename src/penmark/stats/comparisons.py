"""Comparisons of writers in pairs, as columns, and how often each won: `Comparisons`, `win_rates`.

Axes: C comparisons, W writers, N tasks, B resamples, K covariates.
"""
# ruff: noqa: N815 - the names carry the axes of the arrays

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penmark.stats.bootstrap import MIN_ITEMS, percentile_interval, ratio_interval

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Comparisons:
    """What was compared and who won.

    Attributes:
        first_C: index of the writer whose response is first; likewise `second_C`.
        outcome_C: 1 where the first won, 0 where the second did, 0.5 for a tie.
        task_C: index of the task; tasks are what is resampled.
        covariates_C_K: what is in favour of the first besides its writer; shape (C, 0) where there is nothing.
    """

    writers: int
    first_C: IntArray
    second_C: IntArray
    outcome_C: FloatArray
    task_C: IntArray
    covariates_C_K: FloatArray

    def __post_init__(self) -> None:
        """Check the columns.

        Raises:
            ValueError: lengths that differ, an outcome outside 0..1 or NaN, or a writer compared with itself.
        """
        columns = (self.first_C, self.second_C, self.outcome_C, self.task_C, self.covariates_C_K)
        lengths = sorted({len(column) for column in columns})
        if len(lengths) > 1 or self.covariates_C_K.ndim != 2:
            found = f"{lengths} comparisons and covariates of {self.covariates_C_K.ndim} dimensions"
            raise ValueError(f"columns of {found}; expected as many in each, covariates of shape (C, K)")
        if not ((self.outcome_C >= 0) & (self.outcome_C <= 1)).all():
            raise ValueError("an outcome is NaN or outside 0..1; leave comparisons without a verdict out")
        if (self.first_C == self.second_C).any():
            raise ValueError("a writer is compared with itself; expected two writers in each comparison")


@dataclass(frozen=True, slots=True)
class WinRates:
    """How often writers won, ties counting one half.

    Attributes:
        rate_W_W: share of the comparisons of row and column that the row won; NaN where they never met.
        interval_2_W_W: its 95% bounds over resampled tasks; NaN with fewer than 2 tasks.
        met_W_W: comparisons of the two.
        mean_W: mean of the writer's rates over those it met, each opponent counting the same; NaN with none.
        mean_interval_2_W: its 95% bounds.
    """

    rate_W_W: FloatArray
    interval_2_W_W: FloatArray
    met_W_W: IntArray
    mean_W: FloatArray
    mean_interval_2_W: FloatArray


def win_rates(comparisons: Comparisons, weights_B_N: FloatArray) -> WinRates:
    """The win rate of every writer against every other, and against all it met.

    Source: Arena-Write, win rates against fixed baselines. With baselines, a writer's mean is over those alone.

    Args:
        comparisons: any number.
        weights_B_N: from `resample_weights`, for the tasks: shape (resamples, tasks).
    """
    writers = comparisons.writers
    won_N_G, met_N_G = _by_task(comparisons, weights_B_N.shape[1])
    interval_2_G = ratio_interval(won_N_G, met_N_G, weights_B_N)
    rate_W_W = _rates(np.ones((1, len(won_N_G))), won_N_G, met_N_G).reshape(writers, writers)
    mean_B_W = _mean_rates(_rates(weights_B_N, won_N_G, met_N_G).reshape(-1, writers, writers))
    mean_interval_2_W = percentile_interval(mean_B_W, 0.95)
    tasks_W = np.count_nonzero(met_N_G.reshape(-1, writers, writers).any(axis=2), axis=0)
    mean_interval_2_W[:, tasks_W < MIN_ITEMS] = np.nan
    return WinRates(
        rate_W_W=rate_W_W,
        interval_2_W_W=interval_2_G.reshape(2, writers, writers),
        met_W_W=met_N_G.sum(axis=0).astype(np.intp).reshape(writers, writers),
        mean_W=_mean_rates(rate_W_W[None])[0],
        mean_interval_2_W=mean_interval_2_W,
    )


def summed(place_C: IntArray, value_C: FloatArray, places: int) -> FloatArray:
    """Sum of the values at each place: shape (places,)."""
    total: FloatArray = np.bincount(place_C, value_C, places).astype(np.float64)
    return total


def _by_task(c: Comparisons, tasks: int) -> tuple[FloatArray, FloatArray]:
    """(wins, meetings) of each cell of the W x W matrix in each task: shape (tasks, W * W)."""
    cells = c.writers * c.writers
    forth = c.task_C * cells + c.first_C * c.writers + c.second_C
    back = c.task_C * cells + c.second_C * c.writers + c.first_C
    both = np.concatenate([forth, back])
    won = summed(both, np.concatenate([c.outcome_C, 1 - c.outcome_C]), tasks * cells)
    met = summed(both, np.ones(len(both)), tasks * cells)
    return won.reshape(tasks, cells), met.reshape(tasks, cells)


def _rates(weights_B_N: FloatArray, won_N_G: FloatArray, met_N_G: FloatArray) -> FloatArray:
    """Wins by meetings in each resample; NaN where there is no meeting."""
    won_B_G, met_B_G = weights_B_N @ won_N_G, weights_B_N @ met_N_G
    rate_B_G = np.full_like(won_B_G, np.nan)
    np.divide(won_B_G, met_B_G, out=rate_B_G, where=met_B_G > 0)
    return rate_B_G


def _mean_rates(rate_B_W_W: FloatArray) -> FloatArray:
    """Mean over the opponents that were met: shape (B, W)."""
    is_met = ~np.isnan(rate_B_W_W)
    opponents = is_met.sum(axis=2)
    total: FloatArray = np.where(is_met, rate_B_W_W, 0.0).sum(axis=2)
    mean_B_W: FloatArray = np.full(total.shape, np.nan)
    np.divide(total, opponents, out=mean_B_W, where=opponents > 0)
    return mean_B_W

"""Whether two judges put responses in the same order: `pairwise_agreement`, and by task `pair_counts`.

Axes: N tasks, R responses, Q pairs of responses to one task.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def pairwise_agreement(human_N_R: FloatArray, judge_N_R: FloatArray) -> float:
    """Share of response pairs that judge and human put in the same order.

    Pairs that the human ties are left out; a pair that only the judge ties counts one half.

    Args:
        human_N_R: shape (tasks, responses), points; NaN = not rated.
        judge_N_R: same shape and order; NaN = unscored.

    Returns:
        A fraction in 0..1; NaN when no pair can be compared.

    Raises:
        ValueError: shapes that do not fit.
    """
    agreed_N, compared_N = pair_counts(human_N_R, judge_N_R)
    compared = compared_N.sum()
    return float(agreed_N.sum() / compared) if compared else float("nan")


def pair_counts(human_N_R: FloatArray, judge_N_R: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(pairs in the same order, pairs compared) of each task, counted as in `pairwise_agreement`: shape (tasks,) each.

    Their ratio of sums is the agreement, so `stats.ratio_interval` gives its interval over tasks.
    """
    if human_N_R.ndim != 2 or human_N_R.shape != judge_N_R.shape:
        found = f"{human_N_R.shape} and {judge_N_R.shape}"
        raise ValueError(f"human and judge have shapes {found}; expected the same (tasks, responses) twice")
    first_Q, second_Q = np.triu_indices(human_N_R.shape[1], k=1)
    human_N_Q = np.sign(human_N_R[:, first_Q] - human_N_R[:, second_Q])
    judge_N_Q = np.sign(judge_N_R[:, first_Q] - judge_N_R[:, second_Q])
    compared_N_Q = ~np.isnan(human_N_Q) & ~np.isnan(judge_N_Q) & (human_N_Q != 0)
    # 1 for the same order, one half for a tie of the judge's, 0 for the opposite order.
    agreed_N_Q = np.where(compared_N_Q, (1 + human_N_Q * judge_N_Q) / 2, 0.0)
    return agreed_N_Q.sum(axis=1), compared_N_Q.sum(axis=1).astype(np.float64)

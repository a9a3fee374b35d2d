"""Whether two judges put responses in the same order: `pairwise_agreement`, and by task `pair_counts`.

Three conventions for ties, each with its name in `TIES`:

    half      pairs that the human ties are left out; a pair that only the judge ties counts one half
    wrong     pairs that the human ties are left out; a pair that only the judge ties counts nothing
    verdict   every pair counts: agreement is the same verdict, a tie being one of the three

Axes: N tasks, R responses, Q pairs of responses to one task, P pairs of any tasks.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
Ties = Literal["half", "wrong", "verdict"]
TIES: tuple[Ties, ...] = ("half", "wrong", "verdict")


def pairwise_agreement(human_N_R: FloatArray, judge_N_R: FloatArray, *, ties: Ties = "half") -> float:
    """Share of response pairs that judge and human put in the same order.

    Args:
        human_N_R: shape (tasks, responses), points; NaN = not rated.
        judge_N_R: same shape and order; NaN = unscored.
        ties: how ties count, see the top of this file.

    Returns:
        A fraction in 0..1; NaN when no pair can be compared.

    Raises:
        ValueError: shapes that do not fit.
    """
    agreed_N, compared_N = pair_counts(human_N_R, judge_N_R, ties=ties)
    compared = compared_N.sum()
    return float(agreed_N.sum() / compared) if compared else float("nan")


def pair_counts(human_N_R: FloatArray, judge_N_R: FloatArray, *, ties: Ties = "half") -> tuple[FloatArray, FloatArray]:
    """(pairs in the same order, pairs compared) of each task, counted as in `pairwise_agreement`: shape (tasks,) each.

    Their ratio of sums is the agreement, so `stats.ratio_interval` gives its interval over tasks.
    """
    if human_N_R.ndim != 2 or human_N_R.shape != judge_N_R.shape:
        found = f"{human_N_R.shape} and {judge_N_R.shape}"
        raise ValueError(f"human and judge have shapes {found}; expected the same (tasks, responses) twice")
    first_Q, second_Q = np.triu_indices(human_N_R.shape[1], k=1)
    human_N_Q = np.sign(human_N_R[:, first_Q] - human_N_R[:, second_Q])
    judge_N_Q = np.sign(judge_N_R[:, first_Q] - judge_N_R[:, second_Q])
    agreed_N_Q, compared_N_Q = verdicts_agree(human_N_Q, judge_N_Q, ties=ties)
    return agreed_N_Q.sum(axis=1), compared_N_Q.sum(axis=1)


def verdicts_agree(human: ArrayLike, judge: ArrayLike, *, ties: Ties = "half") -> tuple[FloatArray, FloatArray]:
    """(agreed, compared) of each pair: 1, one half or 0, and 1 or 0; where compared is 0, so is agreed.

    Args:
        human: 1 where the first response is better, -1 where the second is, 0 for a tie, NaN for no verdict.
        judge: the same for the same pairs; any shape.
        ties: how ties count, see the top of this file.
    """
    h, j = np.asarray(human, np.float64), np.asarray(judge, np.float64)
    there = ~np.isnan(h) & ~np.isnan(j)
    if ties == "verdict":
        return np.where(there & (h == j), 1.0, 0.0), there.astype(np.float64)
    compared = there & (h != 0)
    # 1 for the same order, one half for a tie of the judge's, 0 for the opposite order.
    agreed = (1 + h * j) / 2 if ties == "half" else (h == j).astype(np.float64)
    return np.where(compared, agreed, 0.0), compared.astype(np.float64)

"""How far a judge's repeated scorings of the same thing differ.

Axes: T repeats, I items scored (responses), K aspects whose shares are negotiated. NaN = unscored.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def squares(scores_T_I: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(sum of squared distances to the item's own mean, degrees of freedom) of each item, shape (items,) each.

    The root of their ratio of sums is the pooled standard deviation; an item scored less than twice has 0 degrees.
    """
    there_T_I = ~np.isnan(scores_T_I)
    count_I = there_T_I.sum(axis=0).astype(np.float64)
    # From the highest score: the mean of equal scores may differ from them in its last bit, that of zeros does not.
    highest_I = np.where(there_T_I, scores_T_I, -np.inf).max(axis=0, initial=-np.inf)
    below_T_I = np.where(there_T_I, scores_T_I - highest_I, 0)
    mean_I = below_T_I.sum(axis=0) / np.maximum(count_I, 1)
    squares_I = np.where(there_T_I, (below_T_I - mean_I) ** 2, 0).sum(axis=0)
    return np.where(count_I > 1, squares_I, 0.0), np.where(count_I > 1, count_I - 1, 0.0)


def reliability(scores_T_I: FloatArray) -> float:
    """Intraclass correlation of one scoring, ICC(1): the share of the variance that lies between the items.

    Items scored less than twice are left out. At most 1; below 0 where repeats differ more than items; NaN for fewer
    than 2 items, or where nothing varies.

    Source: Shrout and Fleiss (1979), Psychological Bulletin 86; for different numbers of repeats, Donner (1986).
    """
    scores_T_I = scores_T_I[:, (~np.isnan(scores_T_I)).sum(axis=0) > 1]
    items = scores_T_I.shape[1]
    if items < 2:
        return float("nan")
    scores_T_I = scores_T_I - np.nanmax(scores_T_I)  # As in `squares`: a constant varies by nothing, not by rounding.
    within_I, degrees_I = squares(scores_T_I)
    count_I = degrees_I + 1
    mean_I = np.nanmean(scores_T_I, axis=0)
    grand = float((count_I * mean_I).sum() / count_I.sum())
    between = float((count_I * (mean_I - grand) ** 2).sum() / (items - 1))
    within = float(within_I.sum() / degrees_I.sum())
    typical = float((count_I.sum() - (count_I**2).sum() / count_I.sum()) / (items - 1))
    total = between + (typical - 1) * within
    return (between - within) / total if total > 0 else float("nan")


def flips(first_T: FloatArray, second_T: FloatArray) -> tuple[int, int, int]:
    """(reversed, changed, compared) over all pairs of repeats, of the order of two items.

    Reversed: the other one is better. Changed: reversed, or a tie in one of the two repeats only.

    Args:
        first_T: scores of one item by repeat; NaN = unscored.
        second_T: of the other.
    """
    order_T = np.sign(first_T - second_T)
    known = [int(order) for order in order_T if not np.isnan(order)]
    pairs = list(combinations(known, 2))
    return sum(a * b < 0 for a, b in pairs), sum(a != b for a, b in pairs), len(pairs)


def negotiation(shares_T_K: FloatArray) -> tuple[float, float]:
    """(delta, sigma) of one sample: how far the shares that a judge gives the aspects move between its repeats.

    delta = sum over t >= 2 of |l_k(t) - l_k(1)|; sigma = root of the sum over t of (l_k(t) - mean)^2; each is the mean
    over the aspects k. Both are 0 for a judge that never changes its mind, and NaN for one repeat or no aspect.

    Source: HoWToBench, negotiation bias.
    """
    if len(shares_T_K) < 2 or not shares_T_K.shape[1]:
        return float("nan"), float("nan")
    delta_K = np.abs(shares_T_K[1:] - shares_T_K[0]).sum(axis=0)
    sigma_K = np.sqrt(((shares_T_K - shares_T_K.mean(axis=0)) ** 2).sum(axis=0))
    return float(delta_K.mean()), float(sigma_K.mean())

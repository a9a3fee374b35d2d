"""Agreement beyond chance on ratings: Cohen's and Fleiss' kappa, Krippendorff's alpha.

Axes: M raters, U units (what is rated), K categories. NaN = not rated. Each figure is 1 for full agreement, 0 for what
chance gives, below 0 for less; NaN where it cannot be had: nothing rated twice, or one value only and so no chance to
disagree.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
Weights = Literal["nominal", "linear", "quadratic"]
Level = Literal["nominal", "ordinal", "interval"]


def cohen_kappa(first: ArrayLike, second: ArrayLike, *, weights: Weights = "nominal") -> float:
    """Cohen's kappa of two raters over the units that both rated.

    Args:
        first: one rating a unit; NaN = not rated.
        second: same units.
        weights: what a disagreement costs: all alike ("nominal"), or by the distance of the two categories, counted in
            categories ("linear") or squared ("quadratic"). Categories are the values that occur, in ascending order.

    Returns:
        At most 1; NaN where nothing is rated by both, or both use one category only.

    Source: Cohen (1960), Educational and Psychological Measurement 20; weighted: (1968), Psychological Bulletin 70.
    """
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    there = ~(np.isnan(a) | np.isnan(b))
    categories, codes = np.unique(np.concatenate([a[there], b[there]]), return_inverse=True)
    a_U, b_U = np.split(codes, 2)
    return float(kappas(confusion(a_U, b_U, len(categories))[None], weights=weights)[0])


def confusion(first_U: NDArray[np.intp], second_U: NDArray[np.intp], categories: int) -> FloatArray:
    """How often each pair of categories was given, shape (categories, categories); ratings are category numbers."""
    cells_KK = np.bincount(first_U * categories + second_U, minlength=categories**2).astype(np.float64)
    return cells_KK.reshape(categories, categories)


def kappas(confusion_B_K_K: FloatArray, *, weights: Weights = "nominal") -> FloatArray:
    """Cohen's kappa of each of a stack of confusion matrices, shape (B,)."""
    cost_K_K = _costs(confusion_B_K_K.shape[1], weights)
    n_B = confusion_B_K_K.sum(axis=(1, 2))
    by_chance_B_K_K = confusion_B_K_K.sum(axis=2)[:, :, None] * confusion_B_K_K.sum(axis=1)[:, None, :]
    found_B = (confusion_B_K_K * cost_K_K).sum(axis=(1, 2)) * n_B
    chance_B = (by_chance_B_K_K * cost_K_K).sum(axis=(1, 2))
    return _one_less_ratio(found_B, chance_B)


def _costs(categories: int, weights: Weights) -> FloatArray:
    steps_K = np.arange(categories, dtype=np.float64)
    apart_K_K = np.abs(steps_K[:, None] - steps_K[None, :])
    if weights == "nominal":
        return (apart_K_K > 0).astype(np.float64)
    return apart_K_K if weights == "linear" else apart_K_K**2


def _one_less_ratio(found_B: FloatArray, chance_B: FloatArray) -> FloatArray:
    ratio_B = np.full_like(found_B, np.nan)
    np.divide(found_B, chance_B, out=ratio_B, where=chance_B > 0)
    return 1 - ratio_B


def fleiss_kappa(ratings_M_U: ArrayLike) -> float:
    """Fleiss' kappa of several raters, of categories without an order.

    Units rated less than twice are left out. Where units have different numbers of ratings, each unit's agreement is
    taken over its own pairs of ratings and every unit counts alike; with the same number it is Fleiss' formula.

    Args:
        ratings_M_U: shape (raters, units); NaN = not rated.

    Source: Fleiss (1971), Psychological Bulletin 76.
    """
    counts_U_K, _ = _counts(ratings_M_U)
    n_U = counts_U_K.sum(axis=1)
    if not n_U.size:
        return float("nan")
    agreed = float(((counts_U_K * (counts_U_K - 1)).sum(axis=1) / (n_U * (n_U - 1))).mean())
    by_chance = float(((counts_U_K.sum(axis=0) / counts_U_K.sum()) ** 2).sum())
    return (agreed - by_chance) / (1 - by_chance) if by_chance < 1 else float("nan")


def krippendorff_alpha(ratings_M_U: ArrayLike, *, level: Level = "interval") -> float:
    """Krippendorff's alpha of any number of raters, with gaps.

    Args:
        ratings_M_U: shape (raters, units); NaN = not rated. Units rated less than twice are left out.
        level: what a disagreement costs: all alike ("nominal"), by the ratings that lie between ("ordinal") or by the
            squared difference of the values ("interval").

    Source: Krippendorff (2011), Computing Krippendorff's Alpha-Reliability.
    """
    counts_U_K, values_K = _counts(ratings_M_U)
    return float(alphas(coincidences(counts_U_K).sum(axis=0)[None], values_K, level=level)[0])


def coincidences(counts_U_K: FloatArray) -> FloatArray:
    """Pairs of ratings by different raters of each unit, as a share of its ratings; shape (units, K, K).

    Their sum over units is Krippendorff's coincidence matrix. A unit rated less than twice gives zeros.
    """
    n_U = counts_U_K.sum(axis=1)
    pairs_U_K_K = counts_U_K[:, :, None] * counts_U_K[:, None, :]
    diagonal_K = np.arange(counts_U_K.shape[1])
    pairs_U_K_K[:, diagonal_K, diagonal_K] -= counts_U_K
    return pairs_U_K_K / np.where(n_U > 1, n_U - 1, np.inf)[:, None, None]


def alphas(coincidence_B_K_K: FloatArray, values_K: FloatArray, *, level: Level = "interval") -> FloatArray:
    """Krippendorff's alpha of each of a stack of coincidence matrices over categories of these values, shape (B,)."""
    n_B_K = coincidence_B_K_K.sum(axis=2)
    cost_B_K_K = _distances(n_B_K, values_K, level)
    total_B = n_B_K.sum(axis=1)
    found_B = (coincidence_B_K_K * cost_B_K_K).sum(axis=(1, 2)) * (total_B - 1)
    chance_B = (n_B_K[:, :, None] * n_B_K[:, None, :] * cost_B_K_K).sum(axis=(1, 2))
    return _one_less_ratio(found_B, chance_B)


def _distances(n_B_K: FloatArray, values_K: FloatArray, level: Level) -> FloatArray:
    """What each disagreement costs, shape (B or 1, K, K)."""
    if level == "nominal":
        return _costs(len(values_K), "nominal")[None]
    if level == "interval":
        return ((values_K[:, None] - values_K[None, :]) ** 2)[None]
    # Ordinal: the ratings from one category to the other, both ends counting one half.
    middle_B_K = np.cumsum(n_B_K, axis=1) - n_B_K / 2
    distance_B_K_K: FloatArray = (middle_B_K[:, :, None] - middle_B_K[:, None, :]) ** 2
    return distance_B_K_K


def _counts(ratings_M_U: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """(how often each unit got each value, the values) over the units that were rated at least twice."""
    ratings = np.asarray(ratings_M_U, np.float64)
    if ratings.ndim != 2:
        raise ValueError(f"ratings have shape {ratings.shape}; expected (raters, units)")
    ratings = ratings[:, (~np.isnan(ratings)).sum(axis=0) > 1]
    values_K = np.unique(ratings[~np.isnan(ratings)])
    counts_U_K = (ratings[:, :, None] == values_K).sum(axis=0).astype(np.float64)
    return counts_U_K, values_K

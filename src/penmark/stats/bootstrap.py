"""Bootstrap intervals of ratios of sums, such as means and coverages, for many groups at once.

A mean over items is the ratio sum(score) / sum(1 where scored), the mean over all scorings is
sum(scores of the item) / sum(its scorings). A resample is a row of weights, how often each item was drawn, so
resampling every group is one matrix product. Items are resampled, never the scorings within one.

Axes: B resamples, N items, G groups.

Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), section 13.3.
"""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

MIN_ITEMS = 2  # one item resampled is the same item again: its interval would claim certainty
GROUPS_AT_ONCE = 512  # with 1,000 resamples, 4 MB for each array between


def resample_weights(n: int, *, resamples: int = 1000, seed: int = 0) -> FloatArray:
    """How often each of n items is drawn in each resample: whole numbers of shape (resamples, n), rows sum to n."""
    rng = np.random.default_rng(seed)
    weights_B_N = np.zeros((resamples, n))
    for weights_N in weights_B_N if n else ():
        weights_N[:] = np.bincount(rng.integers(n, size=n), minlength=n)
    return weights_B_N


def ratio_interval(
    numerator_N_G: FloatArray, denominator_N_G: FloatArray, weights_B_N: FloatArray, level: float = 0.95
) -> FloatArray:
    """Percentile interval of sum(numerator) / sum(denominator) over the items, for each group.

    An item whose denominator is 0 does not belong to the group; its numerator is not read and may be NaN.
    A resample that draws no item of a group is left out for that group.

    Args:
        numerator_N_G: shape (items, groups).
        denominator_N_G: same shape, not negative.
        weights_B_N: from `resample_weights`, for the same items.
        level: share of the resamples between the bounds.

    Returns:
        Shape (2, groups): lower and upper bounds; NaN for a group of fewer than 2 items.

    Raises:
        ValueError: shapes that do not fit, a level outside 0..1, a negative or NaN denominator, or a NaN numerator
            where the denominator is not 0.
    """
    _check(numerator_N_G, denominator_N_G, weights_B_N, level)
    groups = numerator_N_G.shape[1]
    interval_2_G = np.full((2, groups), np.nan)
    # In blocks of groups, so that memory is bounded by the weights and not by the number of groups.
    for start in range(0, groups, GROUPS_AT_ONCE):
        block = np.s_[:, start : start + GROUPS_AT_ONCE]
        ratio_B_G = _resampled_ratio(numerator_N_G[block], denominator_N_G[block], weights_B_N)
        interval_2_G[block] = percentile_interval(ratio_B_G, level)
    interval_2_G[:, np.count_nonzero(denominator_N_G, axis=0) < MIN_ITEMS] = np.nan
    return interval_2_G


def ratio_interval_of_many(
    numerator_N_G: FloatArray,
    denominator_N_G: FloatArray,
    *,
    resamples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> FloatArray:
    """As `ratio_interval` with the weights of `resample_weights`, for more items than such weights fit into memory.

    Resamples are drawn one after another, and equal items are counted together.

    Args:
        numerator_N_G: shape (items, groups).
        denominator_N_G: same shape, not negative.
        resamples: how many.
        seed: of the draws.
        level: share of the resamples between the bounds.

    Returns:
        Shape (2, groups): lower and upper bounds; NaN for a group of fewer than 2 items.

    Raises:
        ValueError: as `ratio_interval`.
    """
    items, groups = numerator_N_G.shape
    _check(numerator_N_G, denominator_N_G, np.empty((0, items)), level)
    read_N_G = np.where(denominator_N_G > 0, numerator_N_G, 0.0)
    distinct_K_2G, kind_N = np.unique(np.hstack([read_N_G, denominator_N_G]), axis=0, return_inverse=True)
    sums_B_2G = np.zeros((resamples, 2 * groups))
    rng = np.random.default_rng(seed)
    for sums_2G in sums_B_2G if items else ():
        drawn_K = np.bincount(kind_N[rng.integers(items, size=items)], minlength=len(distinct_K_2G))
        sums_2G[:] = drawn_K @ distinct_K_2G
    ratio_B_G = np.full((resamples, groups), np.nan)
    np.divide(sums_B_2G[:, :groups], sums_B_2G[:, groups:], out=ratio_B_G, where=sums_B_2G[:, groups:] > 0)
    interval_2_G = percentile_interval(ratio_B_G, level)
    interval_2_G[:, np.count_nonzero(denominator_N_G, axis=0) < MIN_ITEMS] = np.nan
    return interval_2_G


def difference_interval(
    numerator_a_N: FloatArray,
    denominator_a_N: FloatArray,
    numerator_b_N: FloatArray,
    denominator_b_N: FloatArray,
    weights_B_N: FloatArray,
    level: float = 0.95,
) -> tuple[float, float, float]:
    """Difference of two ratios of sums, a - b, over the same items, with its percentile interval.

    Both sides are computed from the same resamples: what makes an item hard for both cancels out, so the interval is
    narrower than two separate ones suggest. Denominators of 0 are read as in `ratio_interval`.

    Returns:
        (difference, lower bound, upper bound). The bounds are NaN where a or b has fewer than 2 items, all three
        where one has none.

    Raises:
        ValueError: as `ratio_interval`.
    """
    numerator_N_2 = np.column_stack([numerator_a_N, numerator_b_N])
    denominator_N_2 = np.column_stack([denominator_a_N, denominator_b_N])
    _check(numerator_N_2, denominator_N_2, weights_B_N, level)
    once_1_N = np.ones((1, len(numerator_N_2)))
    ratio_1_2 = _resampled_ratio(numerator_N_2, denominator_N_2, once_1_N)
    ratio_B_2 = _resampled_ratio(numerator_N_2, denominator_N_2, weights_B_N)
    lower, upper = percentile_interval(ratio_B_2[:, :1] - ratio_B_2[:, 1:], level)[:, 0]
    if np.count_nonzero(denominator_N_2, axis=0).min() < MIN_ITEMS:
        lower = upper = np.nan
    return float(ratio_1_2[0, 0] - ratio_1_2[0, 1]), float(lower), float(upper)


def _check(numerator_N_G: FloatArray, denominator_N_G: FloatArray, weights_B_N: FloatArray, level: float) -> None:
    if numerator_N_G.ndim != 2 or numerator_N_G.shape != denominator_N_G.shape:
        found = f"{numerator_N_G.shape} and {denominator_N_G.shape}"
        raise ValueError(f"numerator and denominator have shapes {found}; expected the same (items, groups) twice")
    if weights_B_N.ndim != 2 or weights_B_N.shape[1] != len(numerator_N_G):
        expected = f"(resamples, {len(numerator_N_G)}); call resample_weights({len(numerator_N_G)})"
        raise ValueError(f"weights have shape {weights_B_N.shape}; expected {expected}")
    if not (denominator_N_G >= 0).all():
        raise ValueError("a denominator is negative or NaN; expected 0 for an item that is not in the group")
    if np.isnan(numerator_N_G[denominator_N_G > 0]).any():
        raise ValueError("a numerator is NaN; expected the denominator of that item to be 0, as it is not in the group")
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; expected a share between 0 and 1, such as 0.95")


def _resampled_ratio(numerator_N_G: FloatArray, denominator_N_G: FloatArray, weights_B_N: FloatArray) -> FloatArray:
    """Ratio of the weighted sums, shape (resamples, groups); NaN where a resample drew no item of the group."""
    read_N_G = np.where(denominator_N_G > 0, numerator_N_G, 0.0)
    numerator_B_G = weights_B_N @ read_N_G
    denominator_B_G = weights_B_N @ denominator_N_G
    ratio_B_G = np.full_like(numerator_B_G, np.nan)
    np.divide(numerator_B_G, denominator_B_G, out=ratio_B_G, where=denominator_B_G > 0)
    return ratio_B_G


def percentile_interval(ratio_B_G: FloatArray, level: float) -> FloatArray:
    """Quantiles (1 - level) / 2 and (1 + level) / 2 of each column without its NaN; NaN where nothing is left.

    As `np.nanquantile`, which takes the columns one by one and warns about the empty ones.
    """
    sorted_B_G = np.sort(ratio_B_G, axis=0)  # NaN goes last
    drawn_G = np.count_nonzero(~np.isnan(ratio_B_G), axis=0)
    quantiles_2_1 = np.array([[1 - level], [1 + level]]) / 2
    position_2_G = quantiles_2_1 * np.maximum(drawn_G - 1, 0)
    below_2_G = np.floor(position_2_G).astype(np.intp)
    above_2_G = np.ceil(position_2_G).astype(np.intp)
    lower_2_G = np.take_along_axis(sorted_B_G, below_2_G, axis=0)
    upper_2_G = np.take_along_axis(sorted_B_G, above_2_G, axis=0)
    interval_2_G: FloatArray = lower_2_G + (position_2_G - below_2_G) * (upper_2_G - lower_2_G)
    return interval_2_G

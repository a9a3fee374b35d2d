"""How well a judge's scores order groups of items whose true order is known, ties taken at their expectation.

Axes: G groups, n items of a group, P positions of a ranking. The items of a group stand in their true order, the best
first. A higher score is better. A judge that ties items has not ordered them: each order of the tied items is taken
to be equally likely, and every figure is the exact mean over these orders. A group with a NaN has no figures.

Source: From Coarse to Fine (WEval), section 3.1.3; SPEC section 3.
Differs: the released script breaks a judge's ties by the true order, so that a judge without any opinion is perfect;
    `break_ties` does the same, to compare with published numbers. The published IL is not the formula of the paper:
    that is `il` here, and what the script computes is `position_consistency`.
"""
# ruff: noqa: N815 - the names carry the axes of the arrays

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GroupMetrics:
    """Figures of each group, shape (groups,) each; NaN for a group with an unscored item or of fewer than 2 items.

    Attributes:
        correlation_G: pairs in the right order less pairs in the wrong one, of all pairs: -1..1.
        il_G: share of the items at their true position.
        pl_G: probability that the whole order is the true one.
        position_consistency_G: 1 - mean distance of an item from its true position / (n - 1).
        tie_rate_G: share of the pairs that the judge ties.
    """

    correlation_G: FloatArray
    il_G: FloatArray
    pl_G: FloatArray
    position_consistency_G: FloatArray
    tie_rate_G: FloatArray


def group_metrics(score_G_n: FloatArray) -> GroupMetrics:
    """The figures of groups of one size.

    Args:
        score_G_n: shape (groups, items), the items in their true order, the best first; NaN = unscored.

    Raises:
        ValueError: for anything but two axes.
    """
    if score_G_n.ndim != 2:
        raise ValueError(f"scores have shape {score_G_n.shape}; expected (groups, items)")
    groups, n = score_G_n.shape
    if n < 2:
        return GroupMetrics(*(np.full(groups, np.nan) for _ in range(5)))
    win_G_n_n = pair_wins(score_G_n)
    first_Q, second_Q = np.triu_indices(n, k=1)
    win_G_Q = win_G_n_n[:, first_Q, second_Q]
    share_G_n_P = position_shares(score_G_n)
    distance_n_P = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    return GroupMetrics(
        correlation_G=(2 * win_G_Q - 1).mean(axis=1),
        il_G=np.trace(share_G_n_P, axis1=1, axis2=2) / n,
        pl_G=_chance_of_true_order(score_G_n),
        position_consistency_G=1 - (share_G_n_P * distance_n_P).sum(axis=(1, 2)) / (n * (n - 1)),
        tie_rate_G=np.where(np.isnan(win_G_Q[:, 0]), np.nan, (win_G_Q == 0.5).mean(axis=1)),
    )


def pair_wins(score_G_n: FloatArray) -> FloatArray:
    """Whether the first item of each pair stands above the second, shape (groups, items, items).

    1 where it does, 0 where it stands below, one half where they are tied (as on the diagonal); NaN for a group with
    an unscored item.
    """
    above, below = score_G_n[:, :, None], score_G_n[:, None, :]
    # Comparisons rather than a difference: infinite scores can be tied as well.
    win_G_n_n = ((above > below).astype(np.float64) + (above >= below)) / 2
    win_G_n_n[np.isnan(score_G_n).any(axis=1)] = np.nan
    return win_G_n_n


def position_shares(score_G_n: FloatArray) -> FloatArray:
    """Probability that the judge's order has each item at each position, shape (groups, items, positions).

    Tied items share the positions they take up; rows and columns sum to 1. NaN for a group with an unscored item.
    """
    first_G_n, tied_G_n = _places(score_G_n)
    position_P = np.arange(score_G_n.shape[1])
    is_there_G_n_P = (position_P >= first_G_n[:, :, None]) & (position_P < (first_G_n + tied_G_n)[:, :, None])
    share_G_n_P: FloatArray = is_there_G_n_P / np.maximum(tied_G_n, 1)[:, :, None]
    share_G_n_P[np.isnan(score_G_n).any(axis=1)] = np.nan
    return share_G_n_P


def break_ties(score_G_n: FloatArray) -> FloatArray:
    """Scores without ties that keep the order, with what was tied in its true order; NaN stays.

    Source: the released script of WEval. A judge that ties everything comes out perfect: only to compare with numbers
    that were published so.
    """
    first_G_n, _ = _places(score_G_n)
    equal_G_n_n = score_G_n[:, :, None] == score_G_n[:, None, :]
    tied_before_G_n = np.tril(equal_G_n_n, k=-1).sum(axis=2)
    return np.where(np.isnan(score_G_n), np.nan, -(first_G_n + tied_before_G_n))


def _places(score_G_n: FloatArray) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """(items above, items tied with it and itself) of each item, shape (groups, items) each."""
    own, other = score_G_n[:, :, None], score_G_n[:, None, :]
    return (other > own).sum(axis=2), (other == own).sum(axis=2)


def _chance_of_true_order(score_G_n: FloatArray) -> FloatArray:
    """1 / the number of orders of the tied items where nothing stands below a lesser item, else 0."""
    is_descending_G = (score_G_n[:, :-1] >= score_G_n[:, 1:]).all(axis=1)
    # A block of m tied items counts 1, 2, ... m: the product over all blocks is that of their factorials.
    in_block_G_n = np.tril(score_G_n[:, :, None] == score_G_n[:, None, :]).sum(axis=2)
    orders_G = np.maximum(in_block_G_n, 1).prod(axis=1, dtype=np.float64)
    chance_G: FloatArray = np.where(np.isnan(score_G_n).any(axis=1), np.nan, is_descending_G / orders_G)
    return chance_G

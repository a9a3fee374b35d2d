"""Leaf scores to human scores, fitted within tasks: linear, by rank, monotone, or by likeness to rated texts.

Every method sees human scores less their mean over the task, so that it learns what makes one response to a task better
than another, not which tasks are rated high. The first three are a sum of one curve a leaf; a curve goes straight
between its knots and stays level beyond them. An unscored leaf counts nothing.

Axes: R responses, F leaves, K knots.

Source: ridge regression (Hoerl and Kennard 1970) with the penalty chosen on inner folds; isotonic regression by the
    pool-adjacent-violators algorithm (scipy's); kernel ridge regression with a Gaussian kernel.
"""
# ruff: noqa: N815 - the names carry the axes of the arrays

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
Method = Literal["linear", "ranks", "monotone", "alike"]

METHODS: tuple[Method, ...] = get_args(Method)
KNOTS = 21  # of a curve by rank
PENALTIES = {"linear": (10, 100, 1000), "ranks": (10, 100, 1000), "monotone": (10, 100, 1000), "alike": (3,)}
KERNEL_WIDTH = 0.2  # of the Gaussian kernel, over leaves as ranks of -0.5..0.5
INNER_FOLDS = 4


@dataclass(frozen=True, slots=True)
class Curve:
    """What one leaf adds to the score: `points` at `at`, straight lines between, level beyond."""

    at: FloatArray
    points: FloatArray

    def __call__(self, score_R: FloatArray) -> FloatArray:
        """Points for each score; 0 where it is NaN."""
        value_R: FloatArray = np.nan_to_num(np.interp(score_R, self.at, self.points))
        return np.where(np.isnan(score_R), 0.0, value_R)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A fitted calibration: human points from leaf scores.

    Attributes:
        base: the human points of an average response.
        curves: one a leaf. Of "alike": the ranks of the leaf's scores.
        rated_T_F: of "alike", the rated texts' leaves as ranks; else empty.
        weight_T: of "alike", what likeness to each of them counts; else empty.
    """

    method: Method
    base: float
    curves: Sequence[Curve]
    rated_T_F: FloatArray
    weight_T: FloatArray

    def parts(self, leaf_R_F: FloatArray) -> FloatArray:
        """What each leaf adds, shape (responses, leaves); of "alike", the leaf as a rank."""
        return np.column_stack([curve(leaf_R_F[:, f]) for f, curve in enumerate(self.curves)])

    def __call__(self, leaf_R_F: FloatArray) -> FloatArray:
        """Human points of each response."""
        part_R_F = self.parts(leaf_R_F)
        if self.method == "alike":
            return np.asarray(self.base + _likeness(part_R_F, self.rated_T_F) @ self.weight_T, np.float64)
        return np.asarray(self.base + part_R_F.sum(axis=1), np.float64)


def fit(method: Method, leaf_R_F: FloatArray, human_R: FloatArray, task_R: IntArray) -> Calibration:
    """The calibration of this method, its penalty chosen by how well inner folds of tasks are put in order.

    Args:
        method: one of `METHODS`.
        leaf_R_F: scores of the leaves; NaN = unscored.
        human_R: human scores, none NaN.
        task_R: number of the task of each response.
    """
    if len(PENALTIES[method]) == 1:
        return _fit(method, PENALTIES[method][0], leaf_R_F, human_R, task_R)
    fold_R = folds(task_R, INNER_FOLDS, seed=0)
    best, most = PENALTIES[method][0], -1.0
    for penalty in PENALTIES[method]:
        held_R = np.full(len(human_R), np.nan)
        for fold in np.unique(fold_R):
            out = fold_R == fold
            if not out.all():
                held_R[out] = _fit(method, penalty, leaf_R_F[~out], human_R[~out], task_R[~out])(leaf_R_F[out])
        right = np.nansum(_within(human_R, task_R) * _within(np.nan_to_num(held_R), task_R))
        spread = np.sqrt(np.nansum(_within(np.nan_to_num(held_R), task_R) ** 2)) or 1.0
        if right / spread > most:
            best, most = penalty, float(right / spread)
    return _fit(method, best, leaf_R_F, human_R, task_R)


def cross_fit(
    method: Method, leaf_R_F: FloatArray, human_R: FloatArray, task_R: IntArray, apart: Sequence[IntArray]
) -> FloatArray:
    """Human points of every response by a calibration that saw nothing of it.

    Args:
        method: one of `METHODS`.
        leaf_R_F: scores of the leaves; NaN = unscored.
        human_R: human scores, none NaN.
        task_R: number of the task of each response.
        apart: foldings, such as one of tasks; what a calibration sees is in another fold in every one of them.
    """
    cell_R = np.unique(np.column_stack(apart), axis=0, return_inverse=True)[1].ravel()
    points_R = np.full(len(human_R), np.nan)
    for cell in np.unique(cell_R):
        out = cell_R == cell
        first = int(np.flatnonzero(out)[0])
        seen = np.logical_and.reduce([fold_R != fold_R[first] for fold_R in apart])
        points_R[out] = fit(method, leaf_R_F[seen], human_R[seen], task_R[seen])(leaf_R_F[out])
    return points_R


def folds(group_R: IntArray, count: int, *, seed: int) -> IntArray:
    """Fold of each response: groups are dealt at random into `count` folds of nearly equal numbers of groups."""
    groups, at_R = np.unique(group_R, return_inverse=True)
    fold = np.empty(len(groups), np.intp)
    fold[np.random.default_rng(seed).permutation(len(groups))] = np.arange(len(groups)) % count
    return fold[at_R]


def _fit(method: Method, penalty: float, leaf_R_F: FloatArray, human_R: FloatArray, task_R: IntArray) -> Calibration:
    target_R = _within(human_R, task_R)
    shapes = [_SHAPES[method](leaf_R_F[:, f], target_R) for f in range(leaf_R_F.shape[1])]
    shaped_R_F = np.column_stack([shape(leaf_R_F[:, f]) for f, shape in enumerate(shapes)])
    if method == "alike":
        likeness = _likeness(shaped_R_F, shaped_R_F)
        weight_R = np.asarray(np.linalg.solve(likeness + penalty * np.eye(len(likeness)), target_R), np.float64)
        return Calibration(
            method=method, base=float(human_R.mean()), curves=shapes, rated_T_F=shaped_R_F, weight_T=weight_R
        )
    moved_R_F = np.column_stack([_within(column, task_R) for column in shaped_R_F.T])
    spread_F = moved_R_F.std(axis=0)
    scale_F = np.divide(1.0, spread_F, out=np.zeros_like(spread_F), where=spread_F > 1e-9)
    z_R_F = moved_R_F * scale_F
    slope_F = np.linalg.solve(z_R_F.T @ z_R_F + penalty * np.eye(z_R_F.shape[1]), z_R_F.T @ target_R) * scale_F
    centre_F = shaped_R_F.mean(axis=0)
    curves = [Curve(s.at, slope * (s.points - c)) for s, slope, c in zip(shapes, slope_F, centre_F, strict=True)]
    return Calibration(
        method=method, base=float(human_R.mean()), curves=curves, rated_T_F=np.empty((0, 0)), weight_T=np.empty(0)
    )


def _within(value_R: FloatArray, task_R: IntArray) -> FloatArray:
    """Values less their mean over the task."""
    groups, at_R = np.unique(task_R, return_inverse=True)
    mean = np.bincount(at_R, weights=value_R, minlength=len(groups)) / np.bincount(at_R, minlength=len(groups))
    within_R: FloatArray = value_R - mean[at_R]
    return within_R


def _straight(score_R: FloatArray, target_R: FloatArray) -> Curve:
    """The score itself, within the range that was seen."""
    known = score_R[~np.isnan(score_R)]
    if not len(known) or known.min() == known.max():
        return Curve(np.zeros(1), np.zeros(1))
    ends = np.array([known.min(), known.max()])
    return Curve(ends, ends)


def _ranked(score_R: FloatArray, target_R: FloatArray) -> Curve:
    """The share of responses below the score, less one half; equal scores share the middle of theirs."""
    known = np.sort(score_R[~np.isnan(score_R)])
    if not len(known) or known[0] == known[-1]:
        return Curve(np.zeros(1), np.zeros(1))
    at = np.unique(np.quantile(known, np.linspace(0, 1, KNOTS), method="nearest"))
    middle = (np.searchsorted(known, at, "left") + np.searchsorted(known, at, "right")) / 2
    return Curve(at, middle / len(known) - 0.5)


def _isotonic(score_R: FloatArray, target_R: FloatArray) -> Curve:
    """The best curve that only rises, or only falls, whichever the correlation says."""
    known = ~np.isnan(score_R)
    at, place = np.unique(score_R[known], return_inverse=True)
    if len(at) < 2:
        return Curve(np.zeros(1), np.zeros(1))
    number = np.bincount(place).astype(np.float64)
    mean = np.bincount(place, weights=target_R[known]) / number
    rises = float((score_R[known] - score_R[known].mean()) @ target_R[known]) >= 0
    return Curve(at, np.asarray(isotonic_regression(mean, weights=number, increasing=rises).x, np.float64))


def _likeness(one_R_F: FloatArray, other_T_F: FloatArray) -> FloatArray:
    """Gaussian kernel, 1 for equal texts, shape (R, T)."""
    squared = (one_R_F**2).sum(axis=1)[:, None] + (other_T_F**2).sum(axis=1)[None, :] - 2 * one_R_F @ other_T_F.T
    likeness: FloatArray = np.exp(-KERNEL_WIDTH * np.maximum(squared, 0))
    return likeness


_SHAPES: dict[Method, Callable[[FloatArray, FloatArray], Curve]] = {
    "linear": _straight,
    "ranks": _ranked,
    "monotone": _isotonic,
    "alike": _ranked,
}

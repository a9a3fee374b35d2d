"""Strengths of writers from comparisons in pairs: the Bradley-Terry model, with intervals and covariates.

The chance that i beats j is 1 / (1 + exp(-(s_i - s_j + x b))), where s are the strengths and x is what speaks for one
of the two texts besides its writer, such as a difference in length. A tie counts half a win for each.

Where a writer, or a group, never lost to the others, the likelihood has no maximum: nothing bounds those strengths
from above. They are then held by a normal prior of `PRIOR_SD`, and the open end of the interval is infinite.
Writers that were not compared, even through others, have no common scale: each such part is centred by itself.

Axes: C comparisons, R terms of the likelihood, W writers, N tasks, B resamples, K covariates.

Source: Bradley and Terry, Biometrika 39 (1952); Ford, American Mathematical Monthly 64 (1957), on when there is a
maximum; Chatbot Arena, on style as covariates.
Differs: fitted by Newton's method with and without covariates, as choix and evalica take none; the tests hold the
strengths to choix's.
"""
# ruff: noqa: N815 - the names carry the axes of the arrays

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.special import expit

from penmark.stats.bootstrap import MIN_ITEMS, percentile_interval
from penmark.stats.comparisons import Comparisons, summed

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
BoolArray = NDArray[np.bool_]

PRIOR_SD = 3.0  # logits: about 520 Elo points
MOST_STEPS = 100
LONGEST_STEP = 2.0  # logits
CONVERGED = 1e-9
TOO_FAR = 30.0  # logits: covariates that tell winners from losers push estimates out for ever


@dataclass(frozen=True, slots=True)
class Strengths:
    """What the comparisons say about the writers.

    Attributes:
        strength_W: in logits, mean 0 within each part; NaN for a writer that was not compared.
        interval_2_W: 95% bounds over resampled tasks; NaN with fewer than 2 tasks; infinite where nothing bounds it.
        part_W: writers of equal numbers were compared with each other, directly or through others.
        undefeated_W: whether it belongs to writers that never lost to, nor tied with, the others of its part.
        winless_W: likewise, never won nor tied.
        effect_K: of each covariate, in logits for a difference of 1; NaN where it never varies.
        effect_interval_2_K: its 95% bounds.
    """

    strength_W: FloatArray
    interval_2_W: FloatArray
    part_W: IntArray
    undefeated_W: BoolArray
    winless_W: BoolArray
    effect_K: FloatArray
    effect_interval_2_K: FloatArray


def bradley_terry(comparisons: Comparisons, weights_B_N: FloatArray) -> Strengths:
    """The strengths and their intervals.

    Args:
        comparisons: any number; without any, all figures are NaN.
        weights_B_N: from `resample_weights`, for the tasks: shape (resamples, tasks).
    """
    c = comparisons
    terms = _Terms.of(c)
    strength_W, effect_K = found = terms.fit(np.ones(len(c.first_C)))
    near = np.nan_to_num(np.concatenate(found))
    resampled = [terms.fit(weights_N[c.task_C], near) for weights_N in weights_B_N]
    whole = _Likelihood(terms, *terms.sums(np.ones(len(c.first_C))))
    undefeated_W, winless_W = whole.unbounded()
    interval_2_W, effect_2_K = np.full((2, c.writers), np.nan), np.full((2, len(effect_K)), np.nan)
    if resampled and len(np.unique(c.task_C)) >= MIN_ITEMS:
        interval_2_W = percentile_interval(np.array([s for s, _ in resampled]), 0.95)
        effect_2_K = percentile_interval(np.array([e for _, e in resampled]), 0.95)
        interval_2_W[1, undefeated_W] = np.inf
        interval_2_W[0, winless_W] = -np.inf
    return Strengths(strength_W, interval_2_W, whole.parts(), undefeated_W, winless_W, effect_K, effect_2_K)


@dataclass(frozen=True, slots=True)
class _Terms:
    """The terms of the likelihood: without covariates, all comparisons of two writers are one."""

    writers: int
    first_R: IntArray
    second_R: IntArray
    covariates_K_R: FloatArray
    term_C: IntArray
    won_C: FloatArray  # by the writer that is first in the term

    @classmethod
    def of(cls, c: Comparisons) -> _Terms:
        if c.covariates_C_K.shape[1]:
            each = np.arange(len(c.first_C))
            x_K_C = np.ascontiguousarray(c.covariates_C_K.T)
            return cls(c.writers, c.first_C, c.second_C, x_K_C, each, c.outcome_C)
        lesser, greater = np.minimum(c.first_C, c.second_C), np.maximum(c.first_C, c.second_C)
        pairs, term_C = np.unique(lesser * c.writers + greater, return_inverse=True)
        won_C = np.where(c.first_C < c.second_C, c.outcome_C, 1 - c.outcome_C)
        first, second = np.divmod(pairs, c.writers)
        return cls(c.writers, first, second, np.zeros((0, len(pairs))), term_C.reshape(-1), won_C)

    def sums(self, weight_C: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(wins of the first, comparisons) of each term with these weights."""
        terms = len(self.first_R)
        return summed(self.term_C, self.won_C * weight_C, terms), summed(self.term_C, weight_C, terms)

    def fit(self, weight_C: FloatArray, near: FloatArray | None = None) -> tuple[FloatArray, FloatArray]:
        """(strengths, effects) with these weights; NaN for a writer or a covariate without any.

        Args:
            weight_C: not negative.
            near: strengths and effects to start from; 0 when None.
        """
        likelihood = _Likelihood(self, *self.sums(weight_C))
        start = np.zeros(self.writers + len(self.covariates_K_R)) if near is None else near
        found = likelihood.maximum(start, has_prior=False) if likelihood.has_maximum() else None
        theta_W, effect_K = found or likelihood.maximum(0 * start, has_prior=True) or likelihood.unknown()
        return np.where(likelihood.is_compared(), theta_W, np.nan), effect_K


@dataclass(frozen=True, slots=True)
class _Likelihood:
    """The likelihood of one sample or resample."""

    terms: _Terms
    won_R: FloatArray
    played_R: FloatArray

    def is_compared(self) -> BoolArray:
        """Shape (W,): whether the writer has any comparison."""
        found = np.zeros(self.terms.writers, bool)
        found[self.terms.first_R[self.played_R > 0]] = found[self.terms.second_R[self.played_R > 0]] = True
        return found

    def parts(self) -> IntArray:
        """Shape (W,): number of the part of the graph of comparisons that a writer is in; alone where in none."""
        return self._components(directed=False)

    def has_maximum(self) -> bool:
        """Whether, within each part, every writer won or tied against some chain of writers down to every other."""
        return len(np.unique(self._components(directed=True))) == len(np.unique(self.parts()))

    def unbounded(self) -> tuple[BoolArray, BoolArray]:
        """Shape (W,) twice: in a group that lost to nobody else of its part, in one that beat nobody else."""
        group_W, part_W = self._components(directed=True), self.parts()
        winner, loser = self._wins()
        across = group_W[winner] != group_W[loser]
        sizes_W = np.array([len(np.unique(group_W[part_W == part])) for part in part_W])
        undefeated_W = ~np.isin(group_W, group_W[loser[across]]) & (sizes_W > 1)
        winless_W = ~np.isin(group_W, group_W[winner[across]]) & (sizes_W > 1)
        return undefeated_W, winless_W

    def unknown(self) -> tuple[FloatArray, FloatArray]:
        """No estimate."""
        return np.full(self.terms.writers, np.nan), np.full(len(self.terms.covariates_K_R), np.nan)

    def maximum(self, start: FloatArray, *, has_prior: bool) -> tuple[FloatArray, FloatArray] | None:
        """(strengths, effects) where it is highest; None where Newton's method finds no such place."""
        varies_K = ((self.terms.covariates_K_R != 0) & (self.played_R > 0)).any(axis=1)
        x_K_R = self.terms.covariates_K_R[varies_K]
        writers = self.terms.writers
        at = start[np.concatenate([np.ones(writers, bool), varies_K])]
        fixed = self._fixed(len(at), has_prior)
        for _ in range(MOST_STEPS):
            gradient, curvature = self._slope(at, x_K_R)
            try:
                step = np.linalg.solve(curvature + fixed, gradient - (at / PRIOR_SD**2 if has_prior else 0))
            except np.linalg.LinAlgError:
                return None
            longest = float(np.abs(step).max(initial=0.0))
            at = at + step * min(1.0, LONGEST_STEP / longest if longest else 1.0)
            if longest < CONVERGED:
                effect_K = np.full(len(varies_K), np.nan)
                effect_K[varies_K] = at[writers:]
                return at[:writers], effect_K
            if np.abs(at).max() > TOO_FAR:
                return None
        return None

    def _fixed(self, size: int, has_prior: bool) -> FloatArray:
        """What is added to the curvature: the prior's, or what centres each part and leaves the rest as it is."""
        if has_prior:
            return np.eye(size) / PRIOR_SD**2
        part_W = self.parts()
        centring = np.zeros((size, size))
        centring[: len(part_W), : len(part_W)] = part_W[:, None] == part_W[None, :]
        return centring

    def _slope(self, at: FloatArray, x_K_R: FloatArray) -> tuple[FloatArray, FloatArray]:
        """(gradient, negative second derivatives) of the log-likelihood in strengths and effects."""
        i, j, writers = self.terms.first_R, self.terms.second_R, self.terms.writers
        # Sums without BLAS, whose threads get in each other's way on busy cores.
        chance_R = expit(at[i] - at[j] + np.einsum("kr,k->r", x_K_R, at[writers:]))
        missed_R = self.won_R - self.played_R * chance_R
        weight_R = self.played_R * chance_R * (1 - chance_R)

        def by_writer(values_R: FloatArray) -> FloatArray:
            return summed(i, values_R, writers) - summed(j, values_R, writers)

        gradient = np.concatenate([by_writer(missed_R), np.einsum("kr,r->k", x_K_R, missed_R)])
        between = summed(i * writers + j, weight_R, writers * writers).reshape(writers, writers)
        between = between + between.T
        weighted_K_R = x_K_R * weight_R
        mixed = np.array([by_writer(values_R) for values_R in weighted_K_R]).reshape(-1, writers)
        effects = np.einsum("kr,lr->kl", weighted_K_R, x_K_R)
        return gradient, np.block([[np.diag(between.sum(axis=1)) - between, mixed.T], [mixed, effects]])

    def _components(self, *, directed: bool) -> IntArray:
        winner, loser = self._wins()
        size = self.terms.writers
        graph = csr_array((np.ones(len(winner)), (winner, loser)), shape=(size, size))
        found: IntArray = connected_components(graph, directed=directed, connection="strong")[1]
        return found

    def _wins(self) -> tuple[IntArray, IntArray]:
        """(winner, loser) of each kind of result that came up; a tie is one each way."""
        forth, back = self.won_R > 0, self.played_R - self.won_R > 0
        i, j = self.terms.first_R, self.terms.second_R
        return np.concatenate([i[forth], j[back]]), np.concatenate([j[forth], i[back]])

"""How far one rater agrees with another, each figure in every resample of the tasks.

An estimate is an array of B + 1 values: that of the sample, then those of the resamples. So figures can be averaged
over annotators, or taken from each other, before their intervals are read off.

Axes: B resamples, N tasks, R responses, W writers, P pairs of responses.
"""
# ruff: noqa: N815 - the names carry the axes of the arrays

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from penmark.metaeval.panel import FloatArray, IntArray, Pairs, Panel, Rater, normalised, pairs_of, verdicts
from penmark.metaeval.variant_figures import DECIMALS, Figure
from penmark.stats import resampled
from penmark.stats.agreement import Ties, verdicts_agree
from penmark.stats.bootstrap import percentile_interval, resample_weights
from penmark.stats.correlation import kendall, pearson, spearman
from penmark.stats.reliability import alphas, coincidences, kappas

PAIR_FIGURES: Mapping[Ties, str] = {"half": "pairwise", "wrong": "pairwise_strict", "verdict": "accuracy"}
CORRELATIONS = {"pearson": pearson, "spearman": spearman, "kendall": kendall}
POOLED = {"pearson": resampled.pearsons, "spearman": resampled.spearmans}
BY_ROW = {"pearson": resampled.row_pearsons, "spearman": resampled.row_spearmans, "kendall": resampled.row_kendalls}
LEVELS: tuple[Literal["nominal", "ordinal", "interval"], ...] = ("nominal", "ordinal", "interval")
MOST_TASKS = 3000  # in resamples of Kendall's tau-b, whose memory grows with their square
FEWEST_WRITERS = 3  # to correlate means of
MOST_VALUES = 50  # different scores on one scale, to count disagreements between
VERDICTS = 3


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure of the sample (first) and of each resample, and how many responses, pairs, tasks or writers it is of."""

    values_B: FloatArray
    n: int

    def figure(self) -> Figure:
        """The figure with its 95% interval; without one where the sample has no figure or is a single task."""
        value = float(self.values_B[0])
        if np.isnan(value):
            return Figure(None, None, None, self.n)
        ends_2_1 = (
            percentile_interval(self.values_B[1:, None], 0.95) if len(self.values_B) > 1 else np.full((2, 1), np.nan)
        )
        low, high = (None if np.isnan(end) else float(end) for end in ends_2_1[:, 0])
        return Figure(value, low, high, self.n)


Estimates = dict[str, Estimate]


@dataclass(frozen=True, slots=True)
class Setting:
    """What every comparison on a panel shares.

    Attributes:
        weights_B_N: a row of ones, then the resamples of the tasks.
        tasks_N: which tasks count, for a group of them.
    """

    panel: Panel
    weights_B_N: FloatArray

    @classmethod
    def of(cls, panel: Panel, *, seed: int, tasks: Sequence[bool] | None = None) -> Setting:
        """A thousand resamples of all tasks, or of those that count."""
        chosen = np.flatnonzero(np.ones(len(panel.tasks), bool) if tasks is None else np.array(tasks, bool))
        weights_B_N = np.zeros((1001, len(panel.tasks)))
        weights_B_N[0, chosen] = 1
        weights_B_N[1:, chosen] = resample_weights(len(chosen), seed=seed)
        return cls(panel, weights_B_N if len(chosen) > 1 else weights_B_N[:1])

    def by_task(self, values: FloatArray, task: IntArray) -> FloatArray:
        """Sums over each task, shape (N,) or (N, ...)."""
        sums = np.zeros((len(self.panel.tasks), *values.shape[1:]))
        np.add.at(sums, task, values)
        return sums

    def counted(self, task: IntArray) -> IntArray:
        """Indices of the responses or pairs whose task counts."""
        return np.flatnonzero(self.weights_B_N[0, task])


def compare(setting: Setting, human: Rater, judge: Rater, *, pairs: Pairs | None = None) -> Estimates:
    """Every figure that two raters allow: of pairs and, where both give scores, of responses, tasks and writers."""
    pairs = pairs or pairs_of(setting.panel, human)
    found = pair_figures(setting, pairs, verdicts(judge, pairs))
    both, scores = _both(setting, human, judge)
    if scores is None:
        return found
    return {
        **found,
        **_pooled(setting, both, scores),
        **_within(setting, both, scores),
        **_system(setting, both, scores),
    }


def briefly(setting: Setting, human: Rater, judge: Rater) -> Estimates:
    """As `compare`, without the correlations within tasks."""
    found = pair_figures(setting, pairs := pairs_of(setting.panel, human), verdicts(judge, pairs))
    both, scores = _both(setting, human, judge)
    return {**found, **_pooled(setting, both, scores), **_system(setting, both, scores)} if scores else found


def _both(setting: Setting, human: Rater, judge: Rater) -> tuple[IntArray, tuple[FloatArray, FloatArray] | None]:
    """(the responses that count and that both scored, either's scores of them); no scores where one gives none."""
    if human.scores_R is None or judge.scores_R is None:
        return np.zeros(0, np.intp), None
    both = setting.counted(setting.panel.task_R)
    both = both[~np.isnan(human.scores_R[both]) & ~np.isnan(judge.scores_R[both])]
    return both, (human.scores_R[both], judge.scores_R[both])


def pair_figures(setting: Setting, pairs: Pairs, judge_P: FloatArray) -> Estimates:
    """Agreement on pairs under each convention for ties, Cohen's kappa of the three verdicts, and ties of the judge."""
    chosen = setting.counted(pairs.task_P)
    task_P, human_P, judge_P = pairs.task_P[chosen], pairs.human_P[chosen], judge_P[chosen]
    found = {
        name: _agreed(setting, task_P, verdicts_agree(human_P, judge_P, ties=t)) for t, name in PAIR_FIGURES.items()
    }
    there = ~np.isnan(human_P) & ~np.isnan(judge_P)
    cell_P = ((human_P[there] + 1) * VERDICTS + judge_P[there] + 1).astype(np.intp)
    one_P_K = np.eye(VERDICTS**2)[cell_P]
    confusion_B = (setting.weights_B_N @ setting.by_task(one_P_K, task_P[there])).reshape(-1, VERDICTS, VERDICTS)
    found["kappa"] = Estimate(kappas(confusion_B), int(there.sum()))
    found["judge_ties"] = _agreed(setting, task_P, ((judge_P == 0).astype(float), (~np.isnan(judge_P)).astype(float)))
    return found


def _agreed(setting: Setting, task_P: IntArray, counts: tuple[FloatArray, FloatArray]) -> Estimate:
    agreed_N, compared_N = (setting.by_task(count_P, task_P) for count_P in counts)
    return Estimate(resampled.ratios(setting.weights_B_N, agreed_N, compared_N), int(compared_N.sum()))


def _pooled(setting: Setting, both: IntArray, scores: tuple[FloatArray, FloatArray]) -> Estimates:
    """Correlations over all responses; of very many tasks, Kendall's without an interval."""
    task_R = setting.panel.task_R[both]
    found = {name: Estimate(f(setting.weights_B_N, task_R, *scores), len(both)) for name, f in POOLED.items()}
    if len(setting.panel.tasks) <= MOST_TASKS:
        tau_B = resampled.kendalls(setting.weights_B_N, task_R, *scores)
    else:
        tau_B = np.array([kendall(*scores)])
    return {**found, "kendall": Estimate(tau_B, len(both))}


def _within(setting: Setting, both: IntArray, scores: tuple[FloatArray, FloatArray]) -> Estimates:
    """Mean over tasks of the correlation among a task's responses, where that can be had."""
    task_R = setting.panel.task_R[both]
    ends = np.flatnonzero(np.diff(task_R, prepend=-1, append=-1))
    found: Estimates = {}
    for name, correlate in CORRELATIONS.items():
        value_N, there_N = np.zeros(len(setting.panel.tasks)), np.zeros(len(setting.panel.tasks))
        for start, end in pairwise(ends):
            value = correlate(scores[0][start:end], scores[1][start:end])
            if not np.isnan(value):
                value_N[task_R[start]], there_N[task_R[start]] = value, 1
        values_B = resampled.ratios(setting.weights_B_N, value_N, there_N)
        found[f"within_task.{name}"] = Estimate(values_B, int(there_N.sum()))
    return found


def _system(setting: Setting, both: IntArray, scores: tuple[FloatArray, FloatArray]) -> Estimates:
    """Correlations of the writers' means."""
    panel = setting.panel
    shape = (len(panel.tasks), len(panel.writers))
    cell = (panel.task_R[both], panel.writer_R[both])
    count_N_W = np.zeros(shape)
    np.add.at(count_N_W, cell, 1)
    means_B_W = []
    for side in scores:
        sum_N_W = np.zeros(shape)
        np.add.at(sum_N_W, cell, side)
        means_B_W.append(resampled.means(setting.weights_B_N, sum_N_W, count_N_W).round(DECIMALS))
    there_W = ~np.isnan(means_B_W[0][0])
    rows = [means[:, there_W] for means in means_B_W]
    n = int(there_W.sum())
    nothing = np.full(len(setting.weights_B_N), np.nan)
    return {f"system.{name}": Estimate(f(*rows) if n >= FEWEST_WRITERS else nothing, n) for name, f in BY_ROW.items()}


def on_one_scale(setting: Setting, human: Rater, judge: Rater) -> Estimates:
    """Quadratic kappa and Krippendorff's alpha of two raters who score on the same scale; nothing where none fit.

    Quadratic kappa is that of the scores in whole points.
    """
    both, scores = _both(setting, human, judge)
    if scores is None:
        return {}
    whole = [np.round(side).astype(np.intp) for side in scores]
    if not len(both) or np.ptp(whole) >= MOST_VALUES:
        return {}
    found = {"kappa_quadratic": Estimate(_quadratic(setting, both, whole), len(both))}
    values_K, codes = np.unique(np.stack(scores), return_inverse=True)
    if len(values_K) <= MOST_VALUES:
        one_R_K = np.eye(len(values_K))[codes.reshape(2, -1)].sum(axis=0)
        pairs_N = setting.by_task(coincidences(one_R_K).reshape(len(both), -1), setting.panel.task_R[both])
        coincidence_B = (setting.weights_B_N @ pairs_N).reshape(-1, len(values_K), len(values_K))
        for level in LEVELS:
            found[f"alpha_{level}"] = Estimate(alphas(coincidence_B, values_K, level=level), len(both))
    return found


def _quadratic(setting: Setting, both: IntArray, whole: Sequence[IntArray]) -> FloatArray:
    low, steps = int(np.min(whole)), int(np.ptp(whole)) + 1
    one_R_K = np.eye(steps**2)[(whole[0] - low) * steps + whole[1] - low]
    confusion_N = setting.by_task(one_R_K, setting.panel.task_R[both])
    return kappas((setting.weights_B_N @ confusion_N).reshape(-1, steps, steps), weights="quadratic")


def compare_normalised(setting: Setting, human: Rater, judge: Rater) -> Estimates:
    """The figures with both sides normalised per writer; nothing where one has no scores.

    Only responses that both scored count, in the normalisation too. Writers' means are all 0 then, so there is nothing
    to correlate.
    """
    if human.scores_R is None or judge.scores_R is None:
        return {}
    missing = np.isnan(human.scores_R) | np.isnan(judge.scores_R)
    sides = [np.where(missing, np.nan, scores_R) for scores_R in (human.scores_R, judge.scores_R)]
    found = compare(setting, *(normalised(setting.panel, Rater("", scores_R)) for scores_R in sides))
    return {name: estimate for name, estimate in found.items() if not name.startswith("system.")}


def average(of: Sequence[Estimates]) -> Estimates:
    """The mean of each figure over several comparisons, leaving out those that have none; n is their sum."""
    names = dict.fromkeys(name for estimates in of for name in estimates)
    return {name: _mean([estimates[name] for estimates in of if name in estimates]) for name in names}


def _mean(of: Sequence[Estimate]) -> Estimate:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # A mean of nothing is NaN, as it should be.
        return Estimate(np.nanmean([estimate.values_B for estimate in of], axis=0), sum(e.n for e in of))


def difference(first: Estimate, second: Estimate) -> Estimate:
    """One figure less another of the same resamples."""
    return Estimate(first.values_B - second.values_B, first.n)

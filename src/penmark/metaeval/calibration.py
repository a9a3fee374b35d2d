"""What a judge's scores mean to people: the mean human rating at each height of the judge's scores.

Axes: R responses, P pairs of responses, G groups of equal size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from penmark.metaeval.comparing import Estimate, Setting
from penmark.metaeval.panel import FloatArray, IntArray, Rater, pairs_of
from penmark.metaeval.variant_figures import Figure, plain_figure
from penmark.stats.resampled import ratios

GROUPS = 10
FEWEST = 10  # responses or pairs in a group


@dataclass(frozen=True, slots=True)
class Group:
    """Responses (or pairs) that the judge scored (or set apart) about alike.

    Attributes:
        low: lowest score in the group, or difference of scores; likewise `high`, and `judge` their mean.
        human: mean human rating or, of pairs, share of verdicts for the response with the higher score.
    """

    low: float
    high: float
    judge: float
    human: Figure


@dataclass(frozen=True, slots=True)
class Calibration:
    """Groups from the lowest to the highest.

    Attributes:
        of: "scores" or, where people compared, "differences".
    """

    of: str
    groups: Sequence[Group]


def calibration(setting: Setting, human: Rater, judge: Rater) -> Calibration | None:
    """Up to ten groups of about equal size, equal scores in one group; None where the judge has no scores.

    A judge that orders as people do rises from left to right; where the line is flat, its scores tell people nothing.
    """
    if judge.scores_R is None:
        return None
    if human.scores_R is None:
        return _of_pairs(setting, human, judge.scores_R)
    both = np.flatnonzero(~np.isnan(human.scores_R) & ~np.isnan(judge.scores_R))
    x_R, y_R = judge.scores_R[both], human.scores_R[both]
    return Calibration("scores", _groups(setting, setting.panel.task_R[both], x_R, y_R))


def _of_pairs(setting: Setting, human: Rater, scores_R: FloatArray) -> Calibration:
    pairs = pairs_of(setting.panel, human)
    apart_P = scores_R[pairs.first_P] - scores_R[pairs.second_P]
    kept = np.flatnonzero((apart_P != 0) & ~np.isnan(apart_P) & (pairs.human_P != 0) & ~np.isnan(pairs.human_P))
    won_P = (np.sign(apart_P[kept]) == pairs.human_P[kept]).astype(np.float64)
    return Calibration("differences", _groups(setting, pairs.task_P[kept], np.abs(apart_P[kept]), won_P))


def _groups(setting: Setting, task_I: IntArray, x_I: FloatArray, y_I: FloatArray) -> list[Group]:
    if not len(x_I):
        return []
    number = max(1, min(GROUPS, len(x_I) // FEWEST))
    edges = np.unique(np.quantile(x_I, np.arange(1, number) / number, method="higher"))
    group_I = np.searchsorted(edges, x_I, side="right")
    return [_group(setting, task_I[group_I == g], x_I[group_I == g], y_I[group_I == g]) for g in np.unique(group_I)]


def _group(setting: Setting, task_I: IntArray, x_I: FloatArray, y_I: FloatArray) -> Group:
    by_task = [setting.by_task(values, task_I) for values in (y_I, np.ones_like(y_I))]
    human = Estimate(ratios(setting.weights_B_N, *by_task), len(y_I)).figure()
    return Group(float(x_I.min()), float(x_I.max()), float(x_I.mean()), human)


def plain(made: Calibration | None) -> dict[str, object] | None:
    """The groups as plain values."""
    if made is None:
        return None
    groups = [{"low": g.low, "high": g.high, "judge": g.judge, "human": plain_figure(g.human)} for g in made.groups]
    return {"of": made.of, "groups": groups}

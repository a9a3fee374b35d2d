"""Calibrations fitted within tasks: curves by hand, and planted relations found again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penmark.stats.leaf_calibration import METHODS, Curve, cross_fit, fit, folds

NONE = np.nan
every = pytest.mark.parametrize("method", METHODS)


def planted(tasks=40, each=8, seed=0):
    """People follow the first leaf up, the second down; the third says nothing; tasks differ in how high they rate."""
    rng = np.random.default_rng(seed)
    task_R = np.repeat(np.arange(tasks), each)
    leaf_R_F = rng.normal(size=(tasks * each, 3))
    human_R = 5 + leaf_R_F[:, 0] - 0.5 * leaf_R_F[:, 1] + 0.3 * rng.normal(size=tasks * each) + task_R % 7
    return leaf_R_F, human_R, task_R


def order(points_R, human_R, task_R):
    """Share of pairs of a task in the same order."""
    same = task_R[:, None] == task_R[None, :]
    upper = np.triu(same, 1)
    agree = np.sign(points_R[:, None] - points_R) == np.sign(human_R[:, None] - human_R)
    return agree[upper].mean()


def test_a_curve_is_straight_between_its_knots_level_beyond_and_nothing_where_unscored():
    curve = Curve(np.array([0.0, 2.0, 4.0]), np.array([1.0, 3.0, 3.5]))
    np.testing.assert_allclose(curve(np.array([-1, 0, 1, 3, 9, NONE])), [1, 1, 2, 3.25, 3.5, 0])


def test_one_leaf_without_noise_gives_a_line_with_a_slope_that_the_penalty_shrinks():
    task_R = np.repeat(np.arange(20), 10)
    leaf_R = np.tile(np.arange(10.0), 20)
    human_R = 2 * leaf_R + task_R
    found = fit("linear", leaf_R[:, None], human_R, task_R)
    points = found(np.array([[0.0], [9.0]]))
    # Ridge on the standardised leaf: 200 / (200 + penalty) of the slope; the least penalty is 10.
    assert points[1] - points[0] == pytest.approx(2 * 9 * 200 / 210)
    assert points.mean() == pytest.approx(human_R.mean())


@every
def test_a_planted_relation_is_found_on_tasks_that_were_held_out(method):
    leaf_R_F, human_R, task_R = planted()
    held_R = cross_fit(method, leaf_R_F, human_R, task_R, [folds(task_R, 5, seed=0)])
    assert not np.isnan(held_R).any()
    assert order(held_R, human_R, task_R) > (0.8 if method != "alike" else 0.7)
    assert order(leaf_R_F[:, 2], human_R, task_R) < 0.6


@every
def test_scores_that_say_nothing_stay_at_a_coin(method):
    _, _, task_R = planted()
    rng = np.random.default_rng(5)
    held_R = cross_fit(
        method, rng.normal(size=(len(task_R), 5)), rng.normal(size=len(task_R)), task_R, [folds(task_R, 5, seed=0)]
    )
    assert order(held_R, rng.normal(size=len(task_R)), task_R) == pytest.approx(0.5, abs=0.05)


def test_monotone_curves_only_rise_or_fall():
    leaf_R_F, human_R, task_R = planted()
    up, down, _ = fit("monotone", leaf_R_F, human_R, task_R).curves
    assert (np.diff(up.points) >= -1e-12).all()
    assert (np.diff(down.points) <= 1e-12).all()
    assert up.points[-1] > up.points[0]


def test_what_is_apart_in_any_folding_is_not_seen():
    leaf_R_F, human_R, task_R = planted(tasks=10, each=4)
    writer_R = np.tile(np.arange(4), 10)
    apart = [folds(task_R, 5, seed=0), folds(writer_R, 4, seed=0)]
    before = cross_fit("linear", leaf_R_F, human_R, task_R, apart)
    changed = human_R.copy()
    changed[(task_R == 3) | (writer_R == 2)] += 100.0 * np.arange(13)[: ((task_R == 3) | (writer_R == 2)).sum()]
    after = cross_fit("linear", leaf_R_F, changed, task_R, apart)
    here = int(np.flatnonzero((task_R == 3) & (writer_R == 2))[0])
    assert after[here] == pytest.approx(before[here])
    assert not np.allclose(after, before)


@every
def test_an_unscored_or_constant_leaf_is_no_obstacle(method):
    leaf_R_F, human_R, task_R = planted(tasks=12)
    leaf_R_F[::5, 0] = NONE
    leaf_R_F[:, 2] = 4
    found = fit(method, leaf_R_F, human_R, task_R)
    assert np.isfinite(found(leaf_R_F)).all()
    assert np.isfinite(found(np.full((1, 3), NONE))).all()


@given(st.lists(st.integers(0, 9), min_size=1, max_size=40), st.integers(2, 5), st.integers(0, 9))
def test_a_group_is_in_one_fold_and_folds_are_nearly_equal(groups, count, seed):
    group_R = np.array(groups)
    fold_R = folds(group_R, count, seed=seed)
    assert all(len(set(fold_R[group_R == g])) == 1 for g in set(groups))
    sizes = [len({g for g, f in zip(groups, fold_R, strict=True) if f == fold}) for fold in range(count)]
    assert max(sizes) - min(sizes) <= 1

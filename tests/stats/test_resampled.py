import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from penmark.stats import resample_weights
from penmark.stats.agreement import verdicts_agree
from penmark.stats.bootstrap import ratio_interval
from penmark.stats.resampled import (
    kendalls,
    means,
    pearsons,
    ratios,
    row_kendalls,
    row_pearsons,
    row_spearmans,
    spearmans,
)

ROWS = {row_pearsons: stats.pearsonr, row_spearmans: stats.spearmanr, row_kendalls: stats.kendalltau}
SCIPY = {pearsons: stats.pearsonr, spearmans: stats.spearmanr, kendalls: stats.kendalltau}


def sample(seed, tasks=12, responses=90):
    """Scores 0-3 beside scores 1-9 that follow them, with ties: (task, x, y) of each response."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 4, responses).astype(float)
    return rng.integers(0, tasks, responses), x, (2 * x + rng.integers(1, 4, responses)).astype(float)


@pytest.mark.parametrize("figure", SCIPY)
@pytest.mark.parametrize("seed", range(3))
def test_weights_of_one_give_scipys_figure(figure, seed):
    task, x, y = sample(seed)
    assert figure(np.ones((1, 12)), task, x, y)[0] == pytest.approx(SCIPY[figure](x, y).statistic, abs=1e-12)


@pytest.mark.parametrize("figure", SCIPY)
def test_each_row_is_scipys_figure_of_the_tasks_that_were_drawn(figure):
    task, x, y = sample(7)
    weights = resample_weights(12, resamples=20, seed=3)
    expected = []
    for row in weights.astype(int):
        drawn = np.repeat(np.arange(len(x)), row[task])
        expected.append(SCIPY[figure](x[drawn], y[drawn]).statistic)
    assert figure(weights, task, x, y) == pytest.approx(np.array(expected), abs=1e-9)


@pytest.mark.parametrize("figure", SCIPY)
@pytest.mark.parametrize(("x", "y"), [([], []), ([1.0], [2.0]), ([1.0, 1.0, 1.0], [1.0, 2.0, 3.0])])
def test_a_constant_or_a_single_response_has_no_correlation(figure, x, y):
    task = np.zeros(len(x), np.intp)
    value = figure(np.ones((1, 1)), task, np.array(x), np.array(y))[0]
    assert math.isnan(value)


def test_what_differs_by_rounding_alone_is_a_constant_to_pearson():
    x, y = np.array([0.1 + 0.2, 0.3]), np.array([1.0, 2.0])
    assert math.isnan(pearsons(np.ones((1, 1)), np.zeros(2, np.intp), x, y)[0])


def test_large_scores_lose_no_digits():
    task, x, y = sample(1)
    assert pearsons(np.ones((1, 12)), task, x + 1e7, y)[0] == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-6)


def test_means_and_ratios_of_a_case_counted_by_hand():
    weights = np.array([[1.0, 1.0], [2.0, 0.0], [0.0, 0.0]])
    assert ratios(weights, np.array([1.0, 2.0]), np.array([2.0, 2.0])) == pytest.approx(
        [0.75, 0.5, math.nan], nan_ok=True
    )
    by_writer = means(weights, np.array([[3.0, 1.0], [5.0, 0.0]]), np.array([[1.0, 1.0], [1.0, 0.0]]))
    assert by_writer[:2] == pytest.approx(np.array([[4.0, 1.0], [3.0, 1.0]]))
    assert np.isnan(by_writer[2]).all()


@pytest.mark.parametrize("figure", ROWS)
def test_each_row_is_correlated_as_scipy_does(figure):
    rng = np.random.default_rng(3)
    x, y = rng.integers(0, 4, (2, 15, 6)).astype(float)
    expected = [ROWS[figure](a, b).statistic for a, b in zip(x, y, strict=True)]
    assert figure(x, y) == pytest.approx(np.array(expected), abs=1e-12)
    x[0, 0], y[1] = math.nan, 2
    assert np.isnan(figure(x, y)[:2]).all()
    assert figure(x, y)[2:] == pytest.approx(np.array(expected[2:]), abs=1e-12)


@settings(max_examples=30)
@given(st.integers(0, 10**6))
def test_correlations_stay_between_minus_one_and_one_and_flip_with_the_sign(seed):
    task, x, y = sample(seed, tasks=4, responses=12)
    weights = resample_weights(4, resamples=5, seed=seed)
    for figure in SCIPY:
        values = figure(weights, task, x, y)
        assert np.isnan(values).all() or np.nanmax(np.abs(values)) <= 1 + 1e-12
        assert figure(weights, task, x, -y) == pytest.approx(-values, nan_ok=True, abs=1e-9)


def test_a_thousand_resamples_over_twelve_thousand_pairs_take_under_two_seconds():
    rng = np.random.default_rng(0)
    task = np.sort(rng.integers(0, 109, 12_010))
    human, judge = rng.choice([-1.0, 1.0], 12_010), rng.choice([-1.0, 0.0, 1.0], 12_010)
    began = time.perf_counter()
    agreed, compared = verdicts_agree(human, judge)
    by_task = [np.bincount(task, weights=v, minlength=109)[:, None] for v in (agreed, compared)]
    low, high = ratio_interval(*by_task, resample_weights(109, resamples=1000))
    assert time.perf_counter() - began < 2
    assert low[0] < agreed.sum() / 12_010 < high[0]

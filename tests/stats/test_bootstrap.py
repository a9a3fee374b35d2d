import time
import tracemalloc

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from penmark.stats import difference_interval, ratio_interval, resample_weights
from penmark.stats.bootstrap import ratio_interval_of_many


def columns(*values):
    return np.array(values, dtype=float).T


def test_weights_say_how_often_each_item_is_drawn():
    weights = resample_weights(7, resamples=50)
    assert weights.shape == (50, 7)
    assert weights.dtype == np.float64
    assert (weights.sum(axis=1) == 7).all()
    assert (weights == np.round(weights)).all()


def test_weights_follow_the_plain_bootstrap():
    weights = resample_weights(10, resamples=20_000)
    assert np.allclose(weights.mean(axis=0), 1, atol=0.05)
    assert np.allclose(weights.var(axis=0), 0.9, atol=0.05)  # multinomial: 10 * 1/10 * 9/10
    assert np.corrcoef(weights[:, 0], weights[:, 1])[0, 1] == pytest.approx(-1 / 9, abs=0.03)


def test_a_seed_gives_the_same_weights_and_another_gives_others():
    assert np.array_equal(resample_weights(20, seed=3), resample_weights(20, seed=3))
    assert not np.array_equal(resample_weights(20, seed=3), resample_weights(20, seed=4))


def test_interval_holds_the_quantiles_of_the_resampled_ratios():
    weights = np.array([[2, 0], [1, 1], [0, 2]], dtype=float)
    numerator, denominator = columns([4, 6], [1, 9]), columns([1, 1], [1, 3])
    # Resampled ratios: 4, 5, 6 and 1, 10/4, 3; at level 0.5 half-way between the outer and the middle one.
    interval = ratio_interval(numerator, denominator, weights, level=0.5)
    assert interval == pytest.approx(np.array([[4.5, 1.75], [5.5, 2.75]]))


def test_interval_equals_numpy_percentiles_when_every_item_counts():
    scores = np.random.default_rng(0).normal(5, 2, (40, 3))
    weights = resample_weights(40)
    expected = np.quantile(weights @ scores / 40, [0.05, 0.95], axis=0)
    assert ratio_interval(scores, np.ones_like(scores), weights, level=0.9) == pytest.approx(expected)


def test_interval_agrees_with_scipy_for_a_ratio_of_sums():
    rng = np.random.default_rng(1)
    scorings = rng.integers(1, 6, 80).astype(float)
    totals = scorings * rng.normal(6, 1.5, 80)

    def ratio(numerator, denominator, axis=-1):
        return numerator.sum(axis=axis) / denominator.sum(axis=axis)

    theirs = scipy.stats.bootstrap(
        (totals, scorings), ratio, paired=True, method="percentile", n_resamples=5000, rng=np.random.default_rng(2)
    ).confidence_interval
    ours = ratio_interval(columns(totals), columns(scorings), resample_weights(80, resamples=5000))[:, 0]
    assert ours == pytest.approx([theirs.low, theirs.high], abs=0.1 * (theirs.high - theirs.low))


def test_interval_covers_the_truth_about_as_often_as_it_says():
    scores = np.random.default_rng(5).exponential(3, (200, 1000))
    lower, upper = ratio_interval(scores, np.ones_like(scores), resample_weights(200))
    assert 0.92 < np.mean((lower <= 3) & (upper >= 3)) < 0.97


def test_an_item_outside_the_group_is_left_out_even_if_its_score_is_nan():
    scores, counted = columns([1, 2, 3, np.nan]), columns([1, 1, 1, 0])
    with_zero = columns([1, 2, 3, 0])
    weights = resample_weights(4)
    assert np.array_equal(ratio_interval(scores, counted, weights), ratio_interval(with_zero, counted, weights))


def test_a_resample_without_an_item_of_the_group_is_left_out():
    weights = np.array([[0, 0, 3], [1, 1, 1], [0, 0, 3], [2, 0, 1]], dtype=float)
    interval = ratio_interval(columns([2, 4, 0]), columns([1, 1, 0]), weights, level=0.5)
    assert interval[:, 0] == pytest.approx([2.25, 2.75])  # of the ratios 3 and 2


def test_a_group_of_fewer_than_two_items_has_no_interval():
    numerator, denominator = columns([1, 2, 3], [1, 0, 0], [0, 0, 0]), columns([1, 1, 1], [1, 0, 0], [0, 0, 0])
    interval = ratio_interval(numerator, denominator, resample_weights(3))
    assert np.isnan(interval).tolist() == [[False, True, True]] * 2


@pytest.mark.parametrize("items", [0, 1])
def test_one_item_or_none_has_no_interval(items):
    ones = np.ones((items, 2))
    assert np.isnan(ratio_interval(ones, ones, resample_weights(items))).all()


def test_resamples_that_all_miss_the_group_give_no_interval():
    assert np.isnan(ratio_interval(columns([1, 2, 0]), columns([1, 1, 0]), np.array([[0.0, 0.0, 3.0]]))).all()


def test_difference_is_the_difference_of_the_ratios():
    a, b = np.array([4.0, 6.0, 8.0]), np.array([1.0, 2.0, 6.0])
    difference, lower, upper = difference_interval(a, np.ones(3), b, np.array([1.0, 1.0, 2.0]), resample_weights(3))
    assert difference == pytest.approx(6 - 9 / 4)
    assert lower < difference < upper


def test_difference_uses_the_same_resamples_for_both_sides():
    hard = np.random.default_rng(0).normal(5, 3, 50)
    ones, weights = np.ones(50), resample_weights(50)
    assert difference_interval(hard + 1, ones, hard, ones, weights) == pytest.approx((1, 1, 1))
    lower, upper = ratio_interval(columns(hard + 1), columns(ones), weights)[:, 0]
    assert upper - lower > 1


def test_difference_of_a_side_without_enough_items_has_no_bounds():
    scores, ones, weights = np.array([1.0, 2.0, 3.0]), np.ones(3), resample_weights(3)
    one_item = np.array([1.0, 0.0, 0.0])
    assert difference_interval(scores, ones, scores, one_item, weights) == pytest.approx(
        (1, np.nan, np.nan), nan_ok=True
    )
    assert np.isnan(difference_interval(scores, ones, scores, np.zeros(3), weights)).all()


@pytest.mark.parametrize(
    ("numerator", "denominator", "items", "level", "message"),
    [
        (np.ones((3, 2)), np.ones((3, 1)), 3, 0.95, "shapes"),
        (np.ones(3), np.ones(3), 3, 0.95, "shapes"),
        (np.ones((3, 1)), np.ones((3, 1)), 4, 0.95, r"resample_weights\(3\)"),
        (np.ones((3, 1)), -np.ones((3, 1)), 3, 0.95, "denominator is negative"),
        (np.ones((3, 1)), np.full((3, 1), np.nan), 3, 0.95, "NaN"),
        (np.full((3, 1), np.nan), np.ones((3, 1)), 3, 0.95, "numerator is NaN"),
        (np.ones((3, 1)), np.ones((3, 1)), 3, 95, "level is 95"),
    ],
)
def test_wrong_arguments_are_named(numerator, denominator, items, level, message):
    with pytest.raises(ValueError, match=message):
        ratio_interval(numerator, denominator, resample_weights(items, resamples=10), level)


SCORES = hnp.arrays(float, st.tuples(st.integers(2, 12), st.integers(1, 3)), elements=st.integers(0, 40).map(float))


@settings(deadline=None, max_examples=60)
@given(SCORES, st.integers(0, 5), st.data())
def test_interval_lies_between_the_smallest_and_the_largest_item(ratios, seed, data):
    scorings = data.draw(hnp.arrays(float, ratios.shape, elements=st.integers(1, 5).map(float)))
    weights = resample_weights(len(ratios), resamples=50, seed=seed)
    lower, upper = ratio_interval(ratios * scorings, scorings, weights)
    assert (lower <= upper).all()
    assert (lower >= ratios.min(axis=0) - 1e-9).all()
    assert (upper <= ratios.max(axis=0) + 1e-9).all()


@settings(deadline=None, max_examples=30)
@given(SCORES, st.permutations(range(3)))
def test_every_group_gets_the_interval_it_would_get_alone(scores, order):
    ones, weights = np.ones_like(scores), resample_weights(len(scores), resamples=50)
    together = ratio_interval(scores, ones, weights)
    for group in (g for g in order if g < scores.shape[1]):
        alone = ratio_interval(scores[:, [group]], ones[:, [group]], weights)
        assert alone[:, 0] == pytest.approx(together[:, group])


def test_many_groups_are_computed_block_by_block_with_the_same_result():
    scores = np.random.default_rng(0).random((5, 1100))
    ones, weights = np.ones_like(scores), resample_weights(5, resamples=40)
    expected = np.quantile(weights @ scores / 5, [0.025, 0.975], axis=0)
    assert ratio_interval(scores, ones, weights) == pytest.approx(expected)


def test_a_thousand_items_in_130_groups_take_less_than_a_second():
    scores = np.random.default_rng(0).random((1000, 130))
    start = time.perf_counter()
    ratio_interval(scores, np.ones_like(scores), resample_weights(1000))
    assert time.perf_counter() - start < 1


def test_memory_stays_near_that_of_the_weights():
    scores = np.random.default_rng(0).random((20_000, 4))
    tracemalloc.start()
    weights = resample_weights(20_000)
    ratio_interval(scores, np.ones_like(scores), weights)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < weights.nbytes + 20_000_000


@given(st.integers(0, 30), st.integers(0, 5))
def test_many_items_have_the_intervals_that_few_have(items, seed):
    rng = np.random.default_rng(items)
    numerator, denominator = rng.integers(0, 4, (items, 3)).astype(float), rng.integers(0, 3, (items, 3)).astype(float)
    expected = ratio_interval(numerator, denominator, resample_weights(items, resamples=50, seed=seed))
    found = ratio_interval_of_many(numerator, denominator, resamples=50, seed=seed)
    assert np.allclose(found, expected, equal_nan=True)


def test_many_items_are_checked_as_few_are():
    with pytest.raises(ValueError, match="a denominator is negative or NaN"):
        ratio_interval_of_many(np.ones((2, 1)), -np.ones((2, 1)))

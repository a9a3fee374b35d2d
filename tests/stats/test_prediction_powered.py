"""Prediction-powered means: by hand, and on simulated judges whose bias is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penmark.stats.prediction_powered import corrected_mean

NONE = math.nan
RUNS = 1000
# Human = judge + these: they sum to 0 and are at right angles to the line, so that its slope is 1.
OFF = [0.5, -0.5, -0.5, 0.5, 0.5, -0.5, -0.5, 0.5]


def test_a_small_case_is_the_sum_done_by_hand():
    labelled, others = [*range(1, 9)], [*range(1, 9), *range(3, 11)]
    human = np.array([j + off for j, off in zip(labelled, OFF, strict=True)] + [NONE] * 16)
    found = corrected_mean(human, np.array(labelled + others, float))
    # The judge's mean of all is 124 / 24, of the labelled 4.5; the sum of squares about them is 442 / 3 and 42.
    shift = 124 / 24 - 4.5
    variance = 2 / 6 * (1 / 8 + shift**2 / 42) + 442 / 3 / 23 / 24
    half = 2.570582 * math.sqrt(variance)  # Student's quantile with 5 degrees of freedom
    own = 2.364624 * math.sqrt((42 + 2) / 7 / 8)
    assert (found.human.value, found.human.low, found.human.high) == pytest.approx((4.5, 4.5 - own, 4.5 + own))
    assert (found.mean.value, found.mean.low, found.mean.high) == pytest.approx(
        (4.5 + shift, 4.5 + shift - half, 4.5 + shift + half)
    )
    assert (found.labelled, found.unlabelled) == (8, 16)
    assert found.weight == pytest.approx(16 / 24)
    assert found.judge == pytest.approx(124 / 24)
    assert found.correlation == pytest.approx(42 / math.sqrt(42 * 44))


@pytest.mark.parametrize(
    ("human", "judge"),
    [
        ([4.0, 6, 5, 7], [1.0, 2, 3, 4]),  # too few labels for a weight
        ([4.0, 6, 5, 7, 5, 6] + [NONE] * 9, [3.0] * 15),  # a judge that gives everything the same
        ([4.0, 6, 5, 7, 5, 6], [1.0, 2, 1, 2, 2, 1]),  # nothing unlabelled
        ([4.0, 6, 5, 7, 5, 6] + [NONE] * 3, [NONE] * 9),  # nothing judged
    ],
)
def test_a_judge_that_cannot_help_leaves_the_human_mean(human, judge):
    found = corrected_mean(np.array(human), np.array(judge))
    assert found.mean == found.human
    assert found.weight == 0


def test_without_labels_there_is_no_mean_and_with_one_no_interval():
    judge = np.arange(6.0)
    nothing = corrected_mean(np.full(6, NONE), judge)
    assert math.isnan(nothing.mean.value)
    assert nothing.labels_to_halve is None
    assert nothing.judge == 2.5
    one = corrected_mean(np.array([7.0] + [NONE] * 5), judge)
    assert one.mean.value == 7
    assert math.isnan(one.mean.low)


def test_shapes_and_levels_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match=r"expected \(items,\) twice"):
        corrected_mean(np.zeros(3), np.zeros(4))
    with pytest.raises(ValueError, match="level is 95"):
        corrected_mean(np.zeros(3), np.zeros(3), level=95)


scores = st.lists(st.tuples(st.integers(1, 10), st.integers(1, 10)), min_size=8, max_size=30)


@given(scores, st.integers(5, 20), st.floats(0.1, 50), st.floats(-100, 100))
def test_the_judges_unit_and_bias_change_nothing(pairs, labelled, factor, bias):
    human, judge = np.array(pairs, float).T
    human[labelled:] = NONE
    once, again = corrected_mean(human, judge), corrected_mean(human, factor * judge + bias)
    assert (again.mean.value, again.mean.width) == pytest.approx((once.mean.value, once.mean.width), rel=1e-6)
    assert once.mean.width <= once.human.width


def biased(rng, count, correlation):
    """A human and a judge with this correlation; the judge is 2 points too kind, on half the scale."""
    human = rng.normal(size=count)
    judge = 2 + 0.5 * (correlation * human + math.sqrt(1 - correlation**2) * rng.normal(size=count))
    return human, judge


def rated(rng, count, correlation):
    """The same in whole points 1-10; the judge is 2.5 points too kind and seldom leaves 6-10."""
    human, judge = biased(rng, count, correlation)
    return np.clip(np.round(5.5 + 2 * human), 1, 10), np.clip(np.round(3.2 + 2.4 * judge), 1, 10)


def simulate(draw, labelled, unlabelled, correlation, truth):
    """(coverage, mean width to the human-only width, greatest width to it) over 1,000 simulations."""
    rng = np.random.default_rng(11)
    covered, ratio = 0, []
    for _ in range(RUNS):
        human, judge = draw(rng, labelled + unlabelled, correlation)
        human[labelled:] = NONE
        found = corrected_mean(human, judge)
        covered += found.mean.low <= truth <= found.mean.high
        ratio.append(found.mean.width / found.human.width)
    return covered / RUNS, float(np.mean(ratio)), max(ratio)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.8])
@pytest.mark.parametrize(
    ("draw", "truth", "labelled", "unlabelled"),
    [(biased, 0.0, 50, 1000), (biased, 0.0, 15, 200), (rated, 5.497, 50, 1000)],
)
def test_intervals_cover_the_truth_and_are_never_wider_than_from_people_alone(
    draw, truth, labelled, unlabelled, correlation
):
    coverage, ratio, greatest = simulate(draw, labelled, unlabelled, correlation, truth)
    assert 0.93 <= coverage <= 0.97
    assert greatest <= 1.02
    assert ratio < 1.0
    if draw is biased and correlation == 0.8:
        assert ratio <= 0.65 if labelled == 50 else ratio <= 0.7


def test_as_many_labels_as_said_halve_the_interval():
    rng = np.random.default_rng(3)
    human, judge = biased(rng, 4000, 0.8)
    few = human.copy()
    few[40:] = NONE
    found = corrected_mean(few, judge)
    more = human.copy()
    more[found.labels_to_halve :] = NONE
    assert found.labels_to_halve > 100
    assert corrected_mean(more, judge).mean.width / found.mean.width == pytest.approx(0.5, abs=0.06)


def test_where_all_items_labelled_would_not_halve_it_no_number_is_given():
    human, judge = biased(np.random.default_rng(4), 60, 0.5)
    human[40:] = NONE
    assert corrected_mean(human, judge).labels_to_halve is None


def test_labels_that_are_no_random_part_show_as_drift():
    rng = np.random.default_rng(5)
    human, judge = biased(rng, 400, 0.8)
    order = np.argsort(-judge)
    human[order[100:]] = NONE
    assert corrected_mean(human, judge).drift > 10
    human, judge = biased(rng, 400, 0.8)
    human[100:] = NONE
    assert abs(corrected_mean(human, judge).drift) < 3

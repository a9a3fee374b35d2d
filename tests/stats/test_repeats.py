import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penmark.stats.repeats import flips, negotiation, reliability, squares

NAN = math.nan


def table(*rows):
    return np.array(rows, dtype=float)


def test_the_pooled_deviation_is_that_of_each_item_around_its_own_mean():
    scores = table([1, 5, 7], [3, 5, NAN], [NAN, 8, NAN])
    found, degrees = squares(scores)
    assert found == pytest.approx([2, 6, 0])
    assert degrees.tolist() == [1, 2, 0]
    assert found[1] / degrees[1] == pytest.approx(np.var([5, 5, 8], ddof=1))


def test_reliability_of_the_published_example():
    """Six targets, four judges: ICC(1,1) = 0.17.

    Source: Shrout and Fleiss (1979), table 2.
    """
    ratings = table([9, 6, 8, 7, 10, 6], [2, 1, 4, 1, 5, 2], [5, 3, 6, 2, 6, 4], [8, 2, 8, 6, 9, 7])
    assert reliability(ratings) == pytest.approx(0.17, abs=5e-3)


def test_reliability_of_perfect_repeats_is_one_and_items_scored_once_do_not_count():
    assert reliability(table([1, 2, 3, 9], [1, 2, 3, NAN])) == pytest.approx(1)


@pytest.mark.parametrize("scores", [table([1, 2]), table([1], [2]), table([4, 4], [4, 4])])
def test_reliability_needs_repeats_items_and_a_difference(scores):
    assert math.isnan(reliability(scores))


@pytest.mark.parametrize("score", [0.1, 7.6, 6.7, 1 / 3, 24.413])
def test_equal_scores_do_not_vary_by_rounding(score):
    found, degrees = squares(np.full((3, 2), score))
    assert (found.tolist(), degrees.tolist()) == ([0, 0], [2, 2])
    assert math.isnan(reliability(np.full((3, 4), score)))
    assert reliability(table([score, 5], [score, 5], [score, 5])) == 1


def test_an_order_is_reversed_or_merely_changed():
    # Rounds say: first better, second better, tie, unscored.
    assert flips(np.array([3, 1, 2, NAN]), np.array([1, 2, 2, 4])) == (1, 3, 3)
    assert flips(np.array([1.0]), np.array([2.0])) == (0, 0, 0)


def test_negotiation_counted_by_hand():
    # Aspect 1: 0.5, 0.7, 0.4; aspect 2: 0.5, 0.3, 0.6.
    delta, sigma = negotiation(table([0.5, 0.5], [0.7, 0.3], [0.4, 0.6]))
    assert delta == pytest.approx(0.2 + 0.1)
    mean = 1.6 / 3
    assert sigma == pytest.approx(math.sqrt((0.5 - mean) ** 2 + (0.7 - mean) ** 2 + (0.4 - mean) ** 2))


@pytest.mark.parametrize("shares", [table([0.5, 0.5]), np.zeros((3, 0)), np.zeros((0, 2))])
def test_one_repeat_or_no_aspect_is_no_negotiation(shares):
    assert all(math.isnan(value) for value in negotiation(shares))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5), st.integers(2, 5))
def test_a_judge_that_never_changes_its_mind_has_no_negotiation(shares, rounds):
    assert negotiation(np.tile(shares, (rounds, 1))) == pytest.approx((0, 0), abs=1e-9)

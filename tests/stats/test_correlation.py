import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penmark.stats.correlation import kendall, pearson, spearman

MEASURES = [pearson, spearman, kendall]
NAN = math.nan


def test_hand_computed_correlations():
    x, y = [1, 2, 3, 4], [1, 3, 2, 10]
    # Deviations (-1.5, -0.5, 0.5, 1.5) and (-3, -1, -2, 6): 13 / sqrt(5 * 50).
    assert pearson(x, y) == pytest.approx(13 / math.sqrt(250))
    # Ranks 1 2 3 4 and 1 3 2 4: 1 - 6 * 2 / (4 * 15).
    assert spearman(x, y) == pytest.approx(0.8)
    # Five pairs in the same order, one in the opposite: 4 / 6.
    assert kendall(x, y) == pytest.approx(4 / 6)


def test_kendall_is_tau_b_which_corrects_for_ties():
    # Of three pairs one is tied on the left: 2 / sqrt(2 * 3).
    assert kendall([1, 1, 2], [1, 2, 3]) == pytest.approx(2 / math.sqrt(6))


def test_tied_values_share_the_mean_rank_in_spearman():
    assert spearman([1, 1, 2], [1, 2, 3]) == pytest.approx(pearson([1.5, 1.5, 3], [1, 2, 3]))


@pytest.mark.parametrize("measure", MEASURES)
def test_places_that_lack_either_side_are_left_out(measure):
    whole = measure([1, 2, 3], [1, 3, 2])
    assert measure([1, NAN, 2, 9, 3], [1, 5, 3, NAN, 2]) == pytest.approx(whole)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([], []),
        ([1], [2]),
        ([1, NAN], [2, 3]),
        ([1, 2, 3], [4, 4, 4]),
        ([0.1 + 0.2, 0.3, 0.3], [1, 2, 3]),  # Constant but for rounding.
        ([0, 0], [1, 2]),
    ],
)
def test_there_is_no_correlation_where_one_side_does_not_vary(measure, x, y):
    assert math.isnan(measure(x, y))


@pytest.mark.parametrize("measure", MEASURES)
def test_two_places_agree_fully_or_not_at_all(measure):
    assert measure([1, 2], [3, 7]) == pytest.approx(1)
    assert measure([1, 2], [7, 3]) == pytest.approx(-1)


@pytest.mark.parametrize("measure", MEASURES)
def test_sides_of_different_lengths_are_refused(measure):
    with pytest.raises(ValueError, match=r"shapes \(2,\) and \(3,\)"):
        measure([1, 2], [1, 2, 3])


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2))
def test_correlations_are_symmetric_within_bounds_and_turn_with_a_side(pairs):
    x, y = np.array(pairs, float).T
    for measure in MEASURES:
        value = measure(x, y)
        if math.isnan(value):
            assert len(set(x)) == 1 or len(set(y)) == 1
            continue
        assert -1 <= value <= 1
        assert measure(y, x) == pytest.approx(value)
        assert measure(x, -y) == pytest.approx(-value)

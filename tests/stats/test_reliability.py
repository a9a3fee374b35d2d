import math

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from penmark.stats.reliability import cohen_kappa, fleiss_kappa, krippendorff_alpha

NAN = math.nan
# Source: Fleiss (1971), table 1 as it is usually reprinted: 10 units, 14 raters, 5 categories; kappa 0.210.
FLEISS = [
    [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
]  # fmt: skip


def random_ratings(seed, raters, units=60, gaps=0.2):
    """Ratings 1-4 with ties; every rater has gaps."""
    rng = np.random.default_rng(seed)
    ratings = np.clip(rng.integers(1, 5, units) + rng.integers(-1, 2, (raters, units)), 1, 4).astype(float)
    ratings[rng.random(ratings.shape) < gaps] = NAN
    return ratings


def test_cohen_kappa_of_a_case_counted_by_hand():
    # 1 of 4 alike; by chance 0.5 * 0.25 + 0.5 * 0.75 = 0.5, so (0.25 - 0.5) / 0.5.
    assert cohen_kappa([1, 1, 2, 2], [2, 2, 2, 1]) == pytest.approx(-0.5)
    # 3 of 4 alike: (0.75 - 0.5) / 0.5.
    assert cohen_kappa([1, 1, 2, 2], [1, 2, 2, 2]) == pytest.approx(0.5)


def test_a_quadratic_kappa_of_a_case_counted_by_hand():
    # Cost found: 4 / 3 units; by chance every pair of 1, 2, 3 with 3, 2, 1: (4+1+0+1+0+1+0+1+4) / 9 = 12 / 9.
    assert cohen_kappa([1, 2, 3], [3, 2, 1], weights="quadratic") == pytest.approx(1 - (8 / 3) / (12 / 9))


@pytest.mark.parametrize("weights", ["nominal", "linear", "quadratic"])
@pytest.mark.parametrize("seed", range(3))
def test_cohen_kappa_equals_scikit_learns(weights, seed):
    a, b = random_ratings(seed, 2)
    there = ~np.isnan(a) & ~np.isnan(b)
    expected = cohen_kappa_score(
        a[there].astype(int), b[there].astype(int), weights=None if weights == "nominal" else weights
    )
    assert cohen_kappa(a, b, weights=weights) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("raters", [2, 4])
def test_alpha_equals_the_krippendorff_packages(level, seed, raters):
    ratings = random_ratings(seed, raters)
    expected = krippendorff.alpha(reliability_data=ratings, level_of_measurement=level)
    assert krippendorff_alpha(ratings, level=level) == pytest.approx(expected, abs=1e-12)


def test_alpha_of_a_case_counted_by_hand():
    # Coincidences: 1-1 twice, 1-2 and 2-1 once each, 2-2 twice: of n = 6, found 2 / 6, by chance 18 / 30.
    assert krippendorff_alpha([[1, 1, 2], [1, 2, 2]], level="nominal") == pytest.approx(1 - (2 / 6) / (18 / 30))


def test_fleiss_kappa_of_the_published_example():
    ratings = np.array([np.repeat(np.arange(5), counts) for counts in FLEISS], float).T
    assert fleiss_kappa(ratings) == pytest.approx(0.210, abs=5e-4)


def test_fleiss_kappa_leaves_out_units_rated_once():
    ratings = [[1, 2, 1, 3], [1, 2, 2, NAN], [1, 2, 1, NAN]]
    assert fleiss_kappa(ratings) == pytest.approx(fleiss_kappa([row[:3] for row in ratings]))


def test_fleiss_kappa_of_different_numbers_of_ratings_counted_by_hand():
    # Agreement of the units: 1 (two alike) and 1/3 (one pair of three): mean 2/3. Shares: 4/5 and 1/5: chance 17/25.
    assert fleiss_kappa([[1, 1], [1, 1], [NAN, 2]]) == pytest.approx((2 / 3 - 17 / 25) / (1 - 17 / 25))


@pytest.mark.parametrize("figure", [fleiss_kappa, krippendorff_alpha, lambda r: cohen_kappa(*r)])
@pytest.mark.parametrize("ratings", [[[1.0], [NAN]], [[2.0, 2.0], [2.0, 2.0]], [[NAN, NAN], [1.0, 2.0]]])
def test_nothing_rated_twice_or_one_value_only_gives_no_figure(figure, ratings):
    assert math.isnan(figure(ratings))


@pytest.mark.parametrize("figure", [fleiss_kappa, krippendorff_alpha, lambda r: cohen_kappa(*r)])
def test_full_agreement_is_one(figure):
    assert figure([[1, 2, 3, 1], [1, 2, 3, 1]]) == pytest.approx(1)


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=2, max_size=30))
def test_the_figures_do_not_depend_on_who_comes_first(pairs):
    a, b = np.array(pairs, float).T
    for figure in (cohen_kappa, lambda x, y: krippendorff_alpha([x, y]), lambda x, y: fleiss_kappa([x, y])):
        assert figure(a, b) == pytest.approx(figure(b, a), nan_ok=True)

"""Ranking metrics, with ties at their expectation."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from penmark.stats.ranking import break_ties, group_metrics, pair_wins, position_shares

NAN = math.nan
METRICS = ("correlation_G", "il_G", "pl_G", "position_consistency_G")


def table(*rows):
    return np.array(rows, dtype=float)


def metrics(*rows):
    """(correlation, il, pl, position consistency) of each group."""
    found = group_metrics(table(*rows))
    return np.column_stack([getattr(found, name) for name in METRICS])


def sign(x):
    return (x > 0) - (x < 0)


def of_order(order):
    """The metrics of an order without ties, by their definition: `order[i]` is the position of the item truly i-th."""
    n = len(order)
    pairs = list(itertools.combinations(range(n), 2))
    correlation = sum(sign(order[j] - order[i]) for i, j in pairs) / len(pairs)
    il = sum(place == i for i, place in enumerate(order)) / n
    consistency = 1 - sum(abs(place - i) for i, place in enumerate(order)) / n / (n - 1)
    return correlation, il, float(il == 1), consistency


def by_enumeration(scores):
    """The mean over every order that breaks the ties."""
    n = len(scores)
    orders = []
    for ranked in itertools.permutations(range(n)):
        if all(scores[a] >= scores[b] for a, b in itertools.pairwise(ranked)):
            orders.append(of_order([ranked.index(i) for i in range(n)]))
    return np.mean(orders, axis=0)


def test_the_true_order_is_perfect_and_its_reverse_is_the_worst():
    true, reverse = metrics([5, 4, 3, 2, 1], [1, 2, 3, 4, 5])
    assert true.tolist() == [1, 1, 1, 1]
    assert reverse[0] == -1
    assert reverse[1:].tolist() == pytest.approx([1 / 5, 0, 1 - 12 / 5 / 4])


def test_a_judge_that_ties_everything_knows_nothing():
    found = group_metrics(table([7, 7, 7, 7, 7]))
    assert found.correlation_G.item() == 0
    assert found.il_G.item() == pytest.approx(1 / 5)
    assert found.pl_G.item() == pytest.approx(1 / 120)
    assert found.position_consistency_G.item() == pytest.approx(0.6)
    assert found.tie_rate_G.item() == 1


def test_a_hand_counted_order_with_one_tie():
    # a > b = c in truth a, b, c: orders abc and acb, each half of the time.
    assert metrics([9, 5, 5])[0].tolist() == pytest.approx([2 / 3, 2 / 3, 1 / 2, 1 - 1 / 3 / 2])
    assert group_metrics(table([9, 5, 5])).tie_rate_G.item() == pytest.approx(1 / 3)


def test_published_il_can_be_position_consistency_and_not_il():
    # A single swap of neighbours in every second group: the share in place and the consistency part ways.
    found = metrics([5, 4, 3, 2, 1], [4, 5, 3, 2, 1]).mean(axis=0)
    assert found[1] == pytest.approx(0.8)
    assert found[3] == pytest.approx(0.95)


@given(st.lists(st.integers(0, 3), min_size=2, max_size=6))
def test_ties_are_the_exact_mean_over_all_ways_to_break_them(scores):
    assert metrics(scores)[0] == pytest.approx(by_enumeration(scores), abs=1e-12)


@given(hnp.arrays(np.float64, (3, 4), elements=st.integers(0, 4).map(float)))
def test_only_the_order_of_the_scores_matters(scores):
    assert np.allclose(metrics(*scores), metrics(*(np.exp(scores) * 3 - 7)))


@given(hnp.arrays(np.float64, (2, 5), elements=st.integers(0, 3).map(float)))
def test_positions_are_shared_out_whole(scores):
    shares = position_shares(scores)
    assert np.allclose(shares.sum(axis=1), 1)
    assert np.allclose(shares.sum(axis=2), 1)


def test_ties_broken_by_the_true_order_make_a_constant_perfect():
    constant = table([7, 7, 7, 7, 7], [3, 9, 3, 9, 9])
    broken = break_ties(constant)
    assert metrics(broken[0])[0].tolist() == [1, 1, 1, 1]
    assert np.argsort(-broken[1]).tolist() == [1, 3, 4, 0, 2]
    assert math.isnan(break_ties(table([1, NAN]))[0, 1])


@given(st.lists(st.integers(0, 9), min_size=2, max_size=6, unique=True))
def test_without_ties_breaking_them_changes_nothing(scores):
    assert np.allclose(metrics(scores), metrics(*break_ties(table(scores))))


def test_a_coin_flip_is_about_chance():
    coin = np.random.default_rng(3).random((40_000, 5))
    found = metrics(*coin).mean(axis=0)
    assert found == pytest.approx([0, 1 / 5, 1 / 120, 0.6], abs=0.01)


def test_a_group_with_an_unscored_item_has_no_figures_and_leaves_others_alone():
    found = metrics([3, NAN, 1], [3, 2, 1])
    assert np.isnan(found[0]).all()
    assert found[1].tolist() == [1, 1, 1, 1]
    scores = table([3, NAN, 1])
    assert np.isnan(group_metrics(scores).tie_rate_G).all()
    assert np.isnan(pair_wins(scores)).all()
    assert np.isnan(position_shares(scores)).all()


def test_one_item_has_no_order():
    assert np.isnan(metrics([3])).all()
    assert group_metrics(np.zeros((0, 4))).pl_G.shape == (0,)


def test_infinite_scores_can_be_tied_too():
    assert metrics([math.inf, math.inf, 0])[0, 2] == 0.5


def test_a_flat_list_is_refused():
    with pytest.raises(ValueError, match=r"shape \(3,\); expected \(groups, items\)"):
        group_metrics(np.zeros(3))

"""Figures of groups of known order."""

import math

import numpy as np
import pytest

from penmark.metaeval.rankings import Ranked, as_json, isolating_pairs, rank_figures

NAN = math.nan


def ranked(*groups, dropped=()):
    """Groups of scores in true order, rows shuffled."""
    rows = [(g, order, score) for g, scores in enumerate(groups) for order, score in enumerate(scores)]
    mixed = np.random.default_rng(0).permutation(len(rows))
    group, order, score = (np.array(column)[mixed] for column in zip(*rows, strict=True))
    given = [dropped[rows[i][1]] for i in mixed] if dropped else ()
    return Ranked(group_R=group, order_R=order, score_R=score.astype(float), dropped=given)


def test_figures_are_means_over_groups_with_their_number():
    found = rank_figures(ranked([3, 2, 1], [1, 2, 3], [5, 5, 5]))
    assert found.correlation.value == pytest.approx(0)
    assert found.pl.value == pytest.approx((1 + 0 + 1 / 6) / 3)
    assert found.correlation.n == found.groups == 3
    assert found.correlation.low == -1
    assert found.correlation.high == 1
    assert found.tie_rate == pytest.approx(1 / 3)


def test_groups_may_differ_in_size():
    found = rank_figures(ranked([3, 2, 1], [2, 1], [1, 2, 3, 4]))
    assert found.correlation.value == pytest.approx(1 / 3)
    assert found.il.value == pytest.approx((1 + 1 + 0) / 3)
    assert found.groups == 3


def test_a_group_with_an_unscored_response_counts_in_the_coverage_only():
    found = rank_figures(ranked([3, 2, 1], [1, NAN, 9]))
    assert found.correlation.value == 1
    assert (found.groups, found.unscored_groups) == (1, 1)
    assert found.coverage == pytest.approx(5 / 6)


def test_without_a_whole_group_there_is_no_figure():
    found = rank_figures(ranked([NAN, 1]))
    assert found.correlation.value is found.tie_rate is None
    assert found.groups == 0
    assert found.confusion == []


def test_upstream_ties_make_a_constant_judge_perfect_and_leave_the_tie_rate():
    found = rank_figures(ranked([7] * 5, [2] * 5), ties="upstream")
    assert [found.correlation.value, found.il.value, found.pl.value] == [1, 1, 1]
    assert found.tie_rate == 1


def test_pairs_by_number_dropped_and_by_kind():
    dropped = [(), ("length",), ("length", "style")]
    found = rank_figures(ranked([3, 2, 2], [1, 2, 0], dropped=dropped))
    assert {d: f.value for d, f in found.by_dropped.items()} == {1: 0.5, 2: 1}
    # length: full above one dropped; style: one dropped above two. Full above two lacks two kinds, and tells nothing.
    assert {k: f.value for k, f in found.by_kind.items()} == {"length": 0.5, "style": 0.75}
    assert found.by_kind["style"].n == 2


def test_pairs_of_unscored_groups_do_not_count():
    found = rank_figures(ranked([3, 2], [1, NAN], dropped=[(), ("length",)]))
    assert found.by_kind["length"].n == found.by_dropped[1].n == 1


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ([0, 1, 2], [(0, 1, 1), (0, 2, 2)]),
        ([1, 2], []),
        ([None, 1], []),
        ([(), ("style", "style")], [(0, 1, 2), (0, 1, "style")]),
        ([("length",), ("content", "style")], []),
        ([("length",), ("length", "style")], [(0, 1, "style")]),
        ([0, ("style",)], [(0, 1, 1)]),
    ],
)
def test_which_pairs_tell_what_was_dropped(pattern, expected):
    assert isolating_pairs(pattern) == expected


def test_confusion_is_of_the_commonest_size():
    found = rank_figures(ranked([3, 1, 2], [3, 2, 1], [1, 2]))
    assert found.confusion == [[1, 0, 0], [0, 0.5, 0.5], [0, 0.5, 0.5]]


def test_json_has_plain_values_only():
    found = as_json(rank_figures(ranked([3, 2], dropped=[(), ("length",)])))
    assert found["correlation"] == {"value": 1.0, "ci95": [None, None], "n": 1}
    assert found["by_dropped"] == {"1": {"value": 1.0, "ci95": [None, None], "n": 1}}
    assert (found["tie_rate"], found["groups"], found["coverage"]) == (0.0, 1, 1.0)

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from penmark.stats.agreement import TIES, pair_counts, pairwise_agreement, verdicts_agree

NAN = math.nan


def table(*rows):
    return np.array(rows, dtype=float)


def test_a_hand_counted_share_of_pairs():
    # 1st task: (1,2) same, (1,3) same, (2,3) opposite; 2nd: (1,2) same, the judge ties (1,3), opposite (2,3).
    human = table([1, 2, 3], [3, 1, 2])
    judge = table([1, 9, 5], [4, 2, 4])
    agreed, compared = pair_counts(human, judge)
    assert agreed.tolist() == [2, 2.5]
    assert compared.tolist() == [3, 3]
    assert pairwise_agreement(human, judge) == pytest.approx(4.5 / 6)


def test_pairs_that_the_human_ties_are_left_out():
    assert pairwise_agreement(table([5, 5, 6]), table([1, 2, 3])) == 1
    assert pair_counts(table([5, 5, 6]), table([1, 2, 3]))[1].tolist() == [2]


def test_a_judge_that_gives_every_text_the_same_score_agrees_by_half():
    assert pairwise_agreement(table([1, 2, 3, 4]), table([7, 7, 7, 7])) == 0.5


def test_a_missing_score_takes_its_pairs_with_it():
    human, judge = table([1, 2, NAN, 4]), table([1, 2, 3, NAN])
    assert pair_counts(human, judge)[1].tolist() == [1]
    assert pairwise_agreement(human, judge) == 1


@pytest.mark.parametrize(
    ("human", "judge"),
    [
        (table([3]), table([3])),
        (table([1, 1]), table([1, 2])),
        (table([NAN, 1]), table([1, 2])),
        (np.zeros((0, 3)), np.zeros((0, 3))),
    ],
)
def test_without_a_pair_to_compare_there_is_no_agreement(human, judge):
    assert math.isnan(pairwise_agreement(human, judge))


def test_texts_of_different_tasks_are_never_compared():
    assert pair_counts(table([1], [2]), table([2], [1]))[1].tolist() == [0, 0]


@pytest.mark.parametrize(("human", "judge"), [((2, 3), (3, 2)), ((3,), (3,))])
def test_shapes_that_do_not_fit_are_refused(human, judge):
    with pytest.raises(ValueError, match=r"expected the same \(tasks, responses\) twice"):
        pairwise_agreement(np.zeros(human), np.zeros(judge))


points = st.sampled_from([1.0, 2.0, 3.0, NAN])
shapes = hnp.array_shapes(min_dims=2, max_dims=2, max_side=6)
two_tables = shapes.flatmap(lambda shape: st.tuples(*(hnp.arrays(float, shape, elements=points) for _ in range(2))))


@given(two_tables)
def test_agreement_is_what_counting_pair_by_pair_gives(tables):
    human, judge = tables
    found = []
    for own, other in zip(human, judge, strict=True):
        for i, j in combinations(range(len(own)), 2):
            if not np.isnan([own[i], own[j], other[i], other[j]]).any() and own[i] != own[j]:
                same = (own[i] > own[j]) == (other[i] > other[j])
                found.append(0.5 if other[i] == other[j] else float(same))
    expected = np.mean(found) if found else NAN
    assert pairwise_agreement(human, judge) == pytest.approx(expected, nan_ok=True)


@given(two_tables)
def test_turning_the_judge_round_turns_the_agreement_round(tables):
    human, judge = tables
    assert pairwise_agreement(human, -judge) == pytest.approx(1 - pairwise_agreement(human, judge), nan_ok=True)


# Three responses that the human rates 1, 1, 2 and the judge 5, 6, 6: he ties the first pair, the judge the last.
THREE = (np.array([[1.0, 1.0, 2.0]]), np.array([[5.0, 6.0, 6.0]]))


@pytest.mark.parametrize(("ties", "share"), [("half", 1.5 / 2), ("wrong", 1 / 2), ("verdict", 1 / 3)])
def test_each_convention_counts_ties_as_it_says(ties, share):
    assert pairwise_agreement(*THREE, ties=ties) == pytest.approx(share)


@pytest.mark.parametrize("ties", TIES)
def test_verdicts_count_like_the_scores_they_come_from(ties):
    rng = np.random.default_rng(5)
    human, judge = rng.integers(0, 3, (2, 20, 4)).astype(float)
    judge[rng.random(judge.shape) < 0.2] = np.nan
    first, second = np.triu_indices(4, k=1)
    signs = [np.sign(side[:, first] - side[:, second]) for side in (human, judge)]
    agreed, compared = verdicts_agree(*signs, ties=ties)
    assert agreed.sum() / compared.sum() == pytest.approx(pairwise_agreement(human, judge, ties=ties))


def test_same_verdicts_equal_scikit_learns_accuracy():
    from sklearn.metrics import accuracy_score

    human, judge = np.random.default_rng(2).integers(-1, 2, (2, 300))
    agreed, compared = verdicts_agree(human, judge, ties="verdict")
    assert agreed.sum() / compared.sum() == pytest.approx(accuracy_score(human, judge))

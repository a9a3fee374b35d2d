import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penmark.train.watch import distinct_pairs, drift, falls_while_reward_rises, length_and_diversity

RISING, FALLING = [0.1, 0.12, 0.11, 0.5, 0.52, 0.51], [5.0, 5.1, 4.9, 3.0, 3.1, 2.9]


def test_the_alarm_is_for_a_rising_reward_and_a_falling_judge():
    assert falls_while_reward_rises(RISING, FALLING, 3)
    assert not falls_while_reward_rises(RISING, FALLING[::-1], 3)
    assert not falls_while_reward_rises(RISING[::-1], FALLING, 3)
    assert not falls_while_reward_rises(RISING, [5.0] * 6, 3)


def test_what_lies_within_the_noise_is_no_alarm():
    assert not falls_while_reward_rises([0.1, 0.9, 0.2, 0.3, 0.8, 0.4], [5, 1, 4, 1, 5, 3], 3)


def test_the_alarm_looks_back_to_every_earlier_window():
    rewards = [0.1, 0.1, 0.2, 0.2, 0.3, 0.3]
    independent = [2.0, 2.0, 6.0, 6.0, 4.0, 4.0]  # Higher than at the start, and fallen from the middle.
    assert falls_while_reward_rises(rewards, independent, 2)


def test_too_few_updates_say_nothing_and_missing_ones_are_left_out():
    assert not falls_while_reward_rises(RISING[:5], FALLING[:5], 3)
    assert falls_while_reward_rises([math.nan, *RISING], [9.0, *FALLING], 3)
    assert not falls_while_reward_rises(RISING, [math.nan, *FALLING[1:]], 3)
    assert not falls_while_reward_rises([], [], 3)


@given(st.lists(st.floats(-10, 10), max_size=30), st.integers(2, 5))
def test_a_judge_that_agrees_with_the_reward_never_raises_the_alarm(rewards, window):
    assert not falls_while_reward_rises(rewards, rewards, window)


@pytest.mark.parametrize(
    ("text", "share"),
    [("", 0.0), ("one", 0.0), ("a b a b", 2 / 3), ("a b c d", 1.0), ("春天春天", 2 / 3)],
)
def test_distinct_pairs_are_counted_by_words_and_chinese_characters(text, share):
    assert distinct_pairs([text]) == pytest.approx(share)


def test_pairs_are_pooled_over_texts_but_never_reach_over_them():
    assert distinct_pairs(["a b", "a b"]) == 0.5
    assert distinct_pairs(["a b", "c d"]) == 1.0


def test_length_and_copies_of_what_was_written():
    assert length_and_diversity(["a b c", "a b c", "春天 x", ""]) == {
        "words": 9 / 4, "distinct_2": pytest.approx(4 / 6), "copies": 0.25,
    }  # fmt: skip


def test_drift_of_length_and_diversity_is_told():
    assert drift([10, 10, 10, 10], [1, 1, 1, 1], 2) == ""
    assert drift([10, 10, 30, 30], [1, 1, 1, 1], 2) == "texts went from 10 to 30 words"
    assert drift([30, 30, 10, 10], [1, 1, 1, 1], 2) == "texts went from 30 to 10 words"
    assert drift([10, 10, 10, 10], [0.9, 0.9, 0.3, 0.3], 2) == "distinct word pairs went from 0.90 to 0.30"
    assert drift([10, 90], [1, 1], 2) == ""

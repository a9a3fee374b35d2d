"""Batches by length: every text once, none padded far beyond its length."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penmark.models._checkpoint import by_length


def test_texts_of_similar_length_go_together_the_longest_first():
    assert list(by_length([5, 90, 6, 100, 7], tokens_at_once=200)) == [[3, 1], [4, 2, 0]]


def test_a_text_longer_than_a_batch_goes_alone():
    assert list(by_length([3, 500, 4], tokens_at_once=100)) == [[1], [2, 0]]


def test_no_texts_make_no_batches():
    assert list(by_length([], tokens_at_once=100)) == []


@given(st.lists(st.integers(1, 300), max_size=40), st.integers(1, 600))
def test_every_text_is_in_one_batch_and_no_batch_is_larger_than_allowed(lengths, tokens_at_once):
    batches = list(by_length(lengths, tokens_at_once))
    assert sorted(at for batch in batches for at in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[at] for at in batch) <= tokens_at_once
    flat = [lengths[at] for batch in batches for at in batch]
    assert flat == sorted(flat, reverse=True)

"""Batches by length: every text once, none padded far beyond its length, masked only where that changes anything."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penmark.models._checkpoint import by_length, load, open_checkpoint
from tiny_checkpoints import save_tiny_bert, save_tiny_llama

HEAD = "AutoModelForSequenceClassification"


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


def test_a_causal_model_padded_on_the_right_gets_no_mask_and_an_encoder_does(tmp_path):
    llama = load(open_checkpoint(save_tiny_llama(tmp_path / "l", outputs=1), named="l", user="a test"), HEAD)
    bert = load(open_checkpoint(save_tiny_bert(tmp_path / "b", outputs=1), named="b", user="a test"), HEAD)
    inputs = [{"input_ids": ids, "attention_mask": [1] * len(ids)} for ids in ([5, 6, 7], [8])]
    ((_, causal),) = llama.batches(inputs, pad_id=0)
    ((_, both_ways),) = bert.batches(inputs, pad_id=0)
    assert causal["input_ids"].tolist() == [[5, 6, 7], [8, 0, 0]]
    assert set(causal) == {"input_ids"}
    assert both_ways["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]


def test_a_causal_model_that_is_set_to_look_both_ways_keeps_its_mask(tmp_path):
    llama = load(open_checkpoint(save_tiny_llama(tmp_path / "l", outputs=1), named="l", user="a test"), HEAD)
    llama.network.config.is_causal = False
    assert not llama.is_causal

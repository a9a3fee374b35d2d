import pytest

pytest.importorskip("torch", reason="the extra `train` is not installed")

import torch

from penmark.train.agreement import critic_agreement
from penmark.train.base_model import open_base
from penmark.train.data import Dialogue
from penmark.train.recipe import CriticPart

pytestmark = pytest.mark.filterwarnings("ignore")


class Parrot:
    """Answers with these texts in turn, whatever it is asked."""

    device = "cpu"

    def __init__(self, tokenizer, replies):
        self.tokenizer = tokenizer
        self.replies = iter(replies)

    def generate(self, input_ids, **how):
        said = self.tokenizer(next(self.replies), return_tensors="pt", add_special_tokens=False)["input_ids"]
        return torch.cat([input_ids, said], dim=1)


def learnt(*scores):
    texts = [f'{{"score": {score}, "reason": "so"}}' for score in scores]
    return [Dialogue(messages=(("user", "?"), ("assistant", text)), task="t", line=1) for text in texts]


def agreement(base, samples, replies, **settings):
    tokenizer = open_base(str(base)).tokenizer
    return critic_agreement(Parrot(tokenizer, replies), tokenizer, samples, CriticPart(**settings))["agreement"]


def test_verdicts_are_compared_with_those_that_were_learnt(tiny_base):
    replies = ['{"score": 2, "reason": "x"}', '{"score": 6, "reason": "x"}', '{"score": 8, "reason": "x"}']
    figures = agreement(tiny_base, learnt(2, 5, 8), replies)
    assert figures["asked"] == 3
    assert figures["coverage"] == 1.0
    assert figures["exact"] == pytest.approx(2 / 3)
    assert figures["mean_difference"] == pytest.approx(1 / 3)
    assert figures["pearson"] > 0.9


def test_an_unreadable_verdict_lowers_the_coverage_and_nothing_else(tiny_base):
    replies = ['{"score": 2, "reason": "x"}', "nine out of ten", '{"score": 8, "reason": "x"}', '{"score": true}']
    figures = agreement(tiny_base, learnt(2, 5, 8, 9), replies)
    assert (figures["coverage"], figures["exact"], figures["mean_difference"]) == (0.5, 1.0, 0.0)


def test_constant_verdicts_have_no_correlation_and_too_few_no_figure(tiny_base):
    same = ['{"score": 5, "reason": "x"}'] * 2
    assert agreement(tiny_base, learnt(2, 5), same)["pearson"] is None
    assert agreement(tiny_base, learnt(2), same)["exact"] is None


def test_only_so_many_are_asked_and_only_what_has_a_score(tiny_base):
    samples = [Dialogue(messages=(("user", "?"), ("assistant", "no verdict")), task="t", line=1), *learnt(1, 2, 3)]
    assert agreement(tiny_base, samples, ["x"] * 3, evaluation_samples=2)["asked"] == 2

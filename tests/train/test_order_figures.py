import numpy as np
import pytest

from penmark.train.data import Pair
from penmark.train.order_figures import order_figures


def pair(dropped, rejected, prompt="p", chosen="c"):
    return Pair(prompt=prompt, chosen=chosen, rejected=rejected, dropped=dropped, kinds=(), task=prompt, line=1)


def test_pairs_of_one_prompt_are_a_group_in_the_order_of_what_they_break():
    pairs = [pair(2, "bad"), pair(1, "fair")]  # True order: chosen, fair, bad.
    figures = order_figures(pairs, np.array([[3.0, 2.0], [3.0, 1.0]]), seed=0)  # Scored: chosen, bad, fair.
    assert figures["correlation"]["value"] == pytest.approx(1 / 3)
    assert figures["il"]["value"] == pytest.approx(1 / 3)
    assert figures["pl"]["value"] == 0.0
    assert figures["position_consistency"]["value"] == pytest.approx(2 / 3)
    assert figures["correlation"]["n"] == 1
    assert figures["correlation"]["ci95"] is None


def test_a_lone_pair_is_a_group_of_two_and_a_tie_is_a_coin():
    pairs = [pair(1, "bad"), pair(3, "bad", "q"), pair(1, "bad", "r")]
    figures = order_figures(pairs, np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 2.0]]), seed=0)
    assert figures["correlation"]["value"] == 0.0
    assert figures["pl"]["value"] == 0.5
    assert figures["tie_rate"]["value"] == pytest.approx(1 / 3)
    assert figures["correlation"]["n"] == 3


def test_groups_of_several_sizes_count_alike():
    pairs = [pair(1, "x"), pair(2, "y"), pair(1, "x", "q")]
    figures = order_figures(pairs, np.array([[3.0, 2.0], [3.0, 1.0], [0.0, 1.0]]), seed=0)
    assert figures["correlation"]["value"] == 0.0
    assert figures["pl"]["value"] == 0.5


def test_texts_without_an_order_among_them_make_no_group():
    pairs = [pair(1, "x"), pair(1, "y")]
    assert order_figures(pairs, np.zeros((2, 2)), seed=0) == {}
    assert order_figures([], np.zeros((0, 2)), seed=0) == {}

import numpy as np
import pytest

from penmark.train.data import Pair
from penmark.train.pair_figures import accuracy, pair_figures


def pair(task, kinds=(), dropped=0, chosen="a", rejected="a b", checks=()):
    return Pair(
        prompt="p", chosen=chosen, rejected=rejected, dropped=dropped, kinds=tuple(kinds), checks=tuple(checks),
        task=task, line=1,
    )  # fmt: skip


PAIRS = [pair("1", ["style"], 1), pair("2", ["length", "style"], 2), pair("3", ["length"], 2), pair("4", [], 1)]
REWARDS = np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 2.0], [5.0, 4.0]])


def test_equal_rewards_count_one_half():
    figures = pair_figures(PAIRS, REWARDS, np.zeros((4, 2)), seed=0)
    assert figures["pair_accuracy"]["value"] == 2.5 / 4
    assert figures["untrained"]["value"] == 0.5
    assert figures["mean_difference"] == pytest.approx(0.25)


def test_accuracy_is_told_by_kind_and_by_number_of_broken_requirements():
    figures = pair_figures(PAIRS, REWARDS, REWARDS, seed=0)
    assert {kind: f["value"] for kind, f in figures["by_kind"].items()} == {"length": 0.25, "style": 0.5}
    assert {n: (f["value"], f["n"]) for n, f in figures["by_dropped"].items()} == {"1": (1.0, 2), "2": (0.25, 2)}


def test_rules_that_were_trained_on_are_told_from_those_that_never_were():
    checks = [["includes"], ["includes", "ends_with"], ["ends_with"], []]
    pairs = [pair(str(i), checks=names) for i, names in enumerate(checks)]
    trained = [pair("t", checks=["includes", "excludes"])]
    figures = pair_figures(pairs, REWARDS, REWARDS, seed=0, trained=trained)
    assert {check: (f["value"], f["n"]) for check, f in figures["by_check"].items()} == {
        "ends_with": (0.25, 2),
        "includes": (0.5, 2),
    }
    # The pair with one of each is on neither side, nor is the one without any.
    assert (figures["seen_checks"]["value"], figures["seen_checks"]["n"]) == (1.0, 1)
    assert (figures["unseen_checks"]["value"], figures["unseen_checks"]["n"]) == (0.5, 1)
    assert "seen_checks" not in pair_figures(pairs, REWARDS, REWARDS, seed=0)
    assert "unseen_checks" not in pair_figures(PAIRS, REWARDS, REWARDS, seed=0, trained=trained)


def test_the_length_of_the_text_is_a_rival():
    longer = [pair("1", chosen="a b c"), pair("2", chosen="春天来了"), pair("3"), pair("4", chosen="a b")]
    assert pair_figures(longer, REWARDS, REWARDS, seed=0)["length_only"]["value"] == pytest.approx(2.5 / 4)


def test_intervals_are_over_tasks_not_over_pairs():
    one_task = [pair("1")] * 50
    assert accuracy(one_task, np.ones(50), 0) == {"value": 1.0, "ci95": None, "n": 50}
    two_tasks = [pair("1")] * 50 + [pair("2")] * 50
    assert accuracy(two_tasks, np.array([1.0] * 50 + [0.0] * 50), 0)["ci95"] == [0.0, 1.0]

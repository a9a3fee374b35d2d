"""Judges against judges, from the store."""

import pytest
from rated_example import BENCH, judged, preferred, rated
from scipy import stats

from penmark.errors import ConfigError
from penmark.metaeval.heatmap import MEASURES, as_json, heatmap
from penmark.store import Store

HUMAN = {("1", "a"): 1, ("1", "b"): 2, ("1", "c"): 2, ("2", "a"): 3, ("2", "b"): 1, ("2", "c"): 4}
JUDGE = {("1", "a"): 5, ("1", "b"): 6, ("1", "c"): 7, ("2", "a"): 5, ("2", "b"): 5, ("2", "c"): 9}


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "penmark.db") as made:
        rated(made, {t: {w: {"kim": HUMAN[t, w]} for w in "abc"} for t in "12"})
        judged(made, "j", JUDGE)
        yield made


def test_everyone_is_held_against_everyone(store):
    preferred(store, "pairs", [("1", "a", "b", "ab", -1), ("2", "a", "b", "ab", -1)])
    made = as_json(heatmap(store, BENCH))
    assert made["judges"] == ["human", "human:kim", "j", "pairs", "length"]
    order = made["measures"]["pairwise"]
    assert order["j"]["human"] == (4 + 0.5) / 5  # b and c of task 1 are tied by people, a and b of task 2 by the judge.
    assert order["human"]["j"] == (4 + 0.5) / 5
    assert made["pairs"]["j"]["human"] == 5
    assert order["human"]["human:kim"] == 1
    assert (order["pairs"]["human"], order["human"]["pairs"]) == (0.5, 0.5)
    assert order["j"]["j"] is None
    places = sorted(HUMAN)
    expected = stats.kendalltau([HUMAN[p] for p in places], [JUDGE[p] for p in places]).statistic
    assert made["measures"]["kendall"]["human"]["j"] == pytest.approx(expected)
    assert made["measures"]["pearson"]["pairs"]["j"] is None


def test_the_length_coverage_and_cost_stand_beside_judges_that_are_named(store):
    judged(store, "length", dict.fromkeys(HUMAN, 10))
    judged(store, "half", {place: 3 if place[1] == "a" else None for place in HUMAN}, model="openai/m")
    made = as_json(heatmap(store, BENCH, ["half", "human"]))
    assert made["judges"] == ["half", "human", "length"]
    assert made["coverage"] == {"half": pytest.approx(1 / 3), "human": 1, "length": 1}
    assert made["cost"] == {"half": 0, "human": None, "length": 0}


@pytest.mark.parametrize("measure", [m for m in MEASURES if m != "pairwise"])
def test_all_but_pairs_in_order_are_the_same_both_ways(store, measure):
    values = as_json(heatmap(store, BENCH))["measures"][measure]
    assert values["j"]["human"] == pytest.approx(values["human"]["j"])


def test_one_judge_that_is_the_length_has_nobody_beside_it(tmp_path):
    with Store(tmp_path / "penmark.db") as store:
        rated(store, {"1": {"a": 1}})
        judged(store, "length", {("1", "a"): 10})
        with pytest.raises(ConfigError, match="only length on rated"):
            heatmap(store, BENCH, ["length"])
        with pytest.raises(ConfigError, match="no judgments by nobody"):
            heatmap(store, BENCH, ["nobody"])

"""How far judges follow length, from the store."""

import numpy as np
import pytest
from rated_example import BENCH, compared, judged, rated
from scipy import stats

from penmark.errors import ConfigError
from penmark.metaeval.length_bias import as_json, length_bias
from penmark.store import Store

PLACES = [(str(t), w) for t in range(6) for w in "abc"]


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "penmark.db") as made:
        yield made


def found(store, *judges, **choice):
    return as_json(length_bias(store, BENCH, judges, **choice))


def make(store, lengths, human, judge):
    rated(store, {t: {w: human[t, w] for w in "abc"} for t, _ in PLACES}, lengths=lengths)
    judged(store, "j", judge)


def random_scores(seed=0):
    rng = np.random.default_rng(seed)
    lengths = {p: int(rng.integers(5, 200)) for p in PLACES}
    return lengths, {p: float(rng.integers(0, 4)) for p in PLACES}, {p: float(rng.integers(1, 11)) for p in PLACES}


def test_correlations_and_slopes_equal_scipys(store):
    lengths, human, judge = random_scores()
    make(store, lengths, human, judge)
    made = found(store)
    out = made["judges"]["j"]["output"]
    scores, chars = [judge[p] for p in PLACES], [lengths[p] for p in PLACES]
    expected = stats.pearsonr(scores, chars)
    assert (out["pearson"]["value"], out["pearson"]["p"]) == pytest.approx((expected.statistic, expected.pvalue))
    expected = stats.spearmanr(scores, chars)
    assert (out["spearman"]["value"], out["spearman"]["p"]) == pytest.approx((expected.statistic, expected.pvalue))
    assert list(made["slopes"]) == ["all writers", "a", "b", "c"]
    assert made["slopes"]["a"] == {"slope": None, "r": None, "p": None, "n": 6}  # All tasks have the same length.


def test_the_slope_of_output_on_input_equals_scipys(tmp_path):
    with Store(tmp_path / "penmark.db") as store:
        scores = {"x" * n: {"a": 1.0} for n in (1, 5, 9, 20)}
        rated(store, scores, lengths={("x" * n, "a"): 3 * n + n % 2 for n in (1, 5, 9, 20)})
        slope = found(store)["slopes"]["a"]
    prompts = [len(f"Write {'x' * n}.") for n in (1, 5, 9, 20)]
    line = stats.linregress(prompts, [4, 16, 28, 60])
    assert (slope["slope"], slope["r"], slope["p"]) == pytest.approx((line.slope, line.rvalue, line.pvalue))


def test_a_judge_of_length_is_exposed_where_lengths_are_alike(store):
    """People like b and c; the judge counts characters, so it is right about c only."""
    lengths = {(t, w): {"a": 100, "b": 99, "c": 200}[w] for t, w in PLACES}
    human = {(t, w): {"a": 1, "b": 2, "c": 3}[w] for t, w in PLACES}
    make(store, lengths, human, {p: float(lengths[p]) for p in PLACES})
    judges = found(store)["judges"]
    assert judges["j"]["longer_preferred"]["value"] == 1
    assert judges["human"]["longer_preferred"]["value"] == pytest.approx(2 / 3)
    assert judges["j"]["agreement"]["value"] == pytest.approx(2 / 3)
    assert judges["j"]["length_matched"] == {"value": 0, "ci95": [0, 0], "n": 6}
    assert judges["human"]["length_matched"] is None


def test_partial_correlation_is_that_of_what_length_leaves(store):
    lengths, human, judge = random_scores(3)
    make(store, lengths, human, judge)
    ranks = [stats.rankdata([of[p] for p in PLACES]) for of in (human, judge, lengths)]
    left = [r - np.polyval(np.polyfit(ranks[2], r, 1), ranks[2]) for r in ranks[:2]]
    assert found(store)["judges"]["j"]["partial_spearman"] == pytest.approx(stats.pearsonr(*left).statistic)


def test_preferences_follow_length_too(store):
    compared(store, [("1", "longer", "a", "", 1), ("2", "longer", "a", "", -1), ("3", "longer", "a", "", 0)])
    human = found(store)["judges"]["human"]
    assert human["longer_preferred"] | {"ci95": 0} == {"value": 1 / 2, "ci95": 0, "n": 2}
    assert (human["output"], human["partial_spearman"]) == (None, None)


def test_without_people_judges_still_have_their_lengths(store):
    lengths, human, judge = random_scores()
    make(store, lengths, human, judge)
    made = found(store, "j", human="j")
    assert list(made["judges"]) == ["j"]
    with pytest.raises(ConfigError, match="no judgments by nobody"):
        found(store, "nobody")

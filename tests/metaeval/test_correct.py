"""Means and win rates of writers, corrected by a few human scores."""

from __future__ import annotations

import json

import numpy as np
import pytest
from score_tables import table

from penmark.errors import ConfigError
from penmark.metaeval.correct import as_json, correct

NONE = np.nan
WRITERS = ["a", "b", "c"]
TRUTH = {"a": 4.0, "b": 6.0, "c": 5.0}


def scores(count=600, seed=0):
    """People like b best; the judge, close to people but 1.5 points too kind to a, likes a best."""
    rng = np.random.default_rng(seed)
    human_N_W = np.array([TRUTH[w] for w in WRITERS]) + rng.normal(size=(count, 3))
    judge_N_W = 0.5 * human_N_W + 4 + 0.25 * rng.normal(size=(count, 3)) + np.array([1.5, 0, 0])
    return human_N_W, judge_N_W


def test_the_corrected_order_is_peoples_where_the_judges_is_not():
    human_N_W, judge_N_W = scores()
    made = correct(table(WRITERS, j=judge_N_W, human=human_N_W), "j", "human", labels=40, seed=3)
    assert max(WRITERS, key=lambda w: made.means[w].judge) == "a"
    assert list(made.means) == ["b", "c", "a"]
    for writer, found in made.means.items():
        assert found.mean.low <= TRUTH[writer] <= found.mean.high
        assert found.mean.width < 0.75 * found.human.width
        assert (found.labelled, found.unlabelled) == (40, 560)
        assert made.known[writer].value == pytest.approx(human_N_W[:, WRITERS.index(writer)].mean())
    assert [note for note in made.notes if "fewer than 50 labels (here 40)" not in note] == []


def test_win_rates_count_a_tie_half_and_weigh_tasks_alike():
    human = np.array([[1.0, 2, 3], [2, 2, 1], [3, 1, 1], [1, 1, 1]])
    made = correct(table(WRITERS, j=human, human=human), "j", "human")
    by_pair = {frozenset(pair): (pair, found.human.value) for pair, found in made.pairs.items()}
    (first, _), rate = by_pair[frozenset("ab")]
    assert (rate if first == "a" else 1 - rate) == (0 + 0.5 + 1 + 0.5) / 4
    assert made.wins["a"].human.value == (0 + 0.75 + 1 + 0.5) / 4
    assert sum(found.human.value for found in made.wins.values()) == pytest.approx(1.5)


def test_corrected_win_rates_cover_what_all_people_say():
    human_N_W, judge_N_W = scores()
    made = correct(table(WRITERS, j=judge_N_W, human=human_N_W), "j", "human", labels=60, seed=2)
    truth = ((1 + np.sign(human_N_W[:, [1]] - human_N_W[:, [0, 2]])) / 2).mean()
    assert made.wins["b"].mean.low <= truth <= made.wins["b"].mean.high
    assert made.wins["b"].mean.width < made.wins["b"].human.width


def test_what_a_reader_must_know_is_noted():
    human_N_W, judge_N_W = scores(count=60)
    human_N_W[:, 2] = NONE
    human_N_W[judge_N_W[:, 0] < np.median(judge_N_W[:, 0]), 0] = NONE
    human_N_W[10:, 1] = NONE
    notes = "\n".join(correct(table(WRITERS, j=judge_N_W, human=human_N_W), "j", "human").notes)
    assert "nothing of them: c" in notes
    assert "labelled texts of a unlike" in notes
    assert "fewer than 50 labels (here 10)" in notes
    useless = correct(table(WRITERS, j=np.full((60, 3), 5.0), human=scores(count=60)[0]), "j", "human")
    assert "people's alone" in useless.notes[-1]


def test_labels_that_are_all_alike_are_not_taken_for_certainty():
    human_N_W = np.array([[3.0, 3], [3, 4], [NONE, NONE], [3, 5]])
    made = correct(table(["a", "b"], j=np.ones((4, 2)), human=human_N_W), "j", "human")
    assert [note for note in made.notes if "alike" in note] == [
        "All labels of a are alike: that interval has no width, which is no certainty."
    ]
    assert made.means["a"].labels_to_halve is None


def test_more_labels_than_there_are_is_refused():
    human_N_W, judge_N_W = scores(count=5)
    with pytest.raises(ConfigError, match="human scores for 5 tasks, fewer than --labels 6"):
        correct(table(WRITERS, j=judge_N_W, human=human_N_W), "j", "human", labels=6)


def test_the_json_has_every_figure_and_no_nan():
    human_N_W, judge_N_W = scores(count=80)
    made = as_json(correct(table(WRITERS, j=judge_N_W, human=human_N_W), "j", "human", labels=1))
    text = json.dumps(made, allow_nan=False)
    assert json.loads(text)["writers"]["a"]["mean"]["human"]["ci95"] == [None, None]
    full = as_json(correct(table(WRITERS, j=judge_N_W, human=human_N_W), "j", "human", labels=40))
    assert full["writers"]["b"]["mean"]["corrected"]["n"] == 80
    assert full["writers"]["b"]["mean"]["narrower"] > 0
    assert {frozenset((p["first"], p["second"])) for p in full["pairs"]} == {
        frozenset("ab"),
        frozenset("ac"),
        frozenset("bc"),
    }

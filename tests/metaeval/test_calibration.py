"""What a judge's scores mean to people, from the store."""

import itertools

import numpy as np
import pytest
from rated_example import BENCH, compared, judged, preferred, rated

from penmark.metaeval.calibration import calibration, plain
from penmark.metaeval.comparing import Setting
from penmark.metaeval.panel import load_panel, load_rater
from penmark.store import Store


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "penmark.db") as made:
        yield made


def groups(store, judge="j"):
    setting = Setting.of(load_panel(store, BENCH), seed=0)
    made = plain(calibration(setting, *(load_rater(store, setting.panel, name) for name in ("human", judge))))
    return made and (made["of"], made["groups"])


def test_equal_scores_are_in_one_group_and_groups_rise(store):
    scores = {(f"t{t:02d}", w): (t % 4 + 1, t % 4 * 2 + int(w == "b")) for t in range(40) for w in "ab"}
    rated(store, {t: {w: float(scores[t, w][1]) for w in "ab"} for t, _ in scores})
    judged(store, "j", {p: judge for p, (judge, _) in scores.items()})
    of, found = groups(store)
    assert of == "scores"
    assert [(g["low"], g["high"], g["human"]["value"], g["human"]["n"]) for g in found] == [
        (1, 1, 0.5, 20), (2, 2, 2.5, 20), (3, 3, 4.5, 20), (4, 4, 6.5, 20),
    ]  # fmt: skip


def test_every_response_is_in_one_group_whatever_the_scores(store):
    rng = np.random.default_rng(0)
    scores = {(f"t{t:02d}", w): float(np.round(rng.exponential(2), 1)) for t in range(60) for w in "ab"}
    rated(store, {t: dict.fromkeys("ab", 1.0) for t, _ in scores})
    judged(store, "j", scores)
    _, found = groups(store)
    assert sum(g["human"]["n"] for g in found) == 120
    assert all(a["high"] < b["low"] for a, b in itertools.pairwise(found))
    assert len(found) == 10


def test_a_few_responses_are_one_group(store):
    rated(store, {"1": {"a": 1, "b": 4}})
    judged(store, "j", {("1", "a"): 2, ("1", "b"): 9})
    _, (only,) = groups(store)
    assert (only["low"], only["high"], only["judge"], only["human"]["value"]) == (2, 9, 5.5, 2.5)


def test_against_preferences_the_differences_are_held(store):
    compared(store, [(f"{t}", "a", "b", "", 1 if t % 4 else -1) for t in range(20)])
    judged(store, "j", {(str(t), w): 5 + (t // 10 + 1) * (w == "a") for t in range(20) for w in "ab"})
    of, found = groups(store)
    assert of == "differences"
    # The first ten differ by 1 and have 0, 4 and 8 the other way; the others by 2, with 12 and 16.
    assert [(g["judge"], g["human"]["value"]) for g in found] == [(1, 0.7), (2, 0.8)]


def test_a_judge_of_pairs_has_no_scores_to_hold(store):
    rated(store, {"1": {"a": 1, "b": 4}})
    preferred(store, "pairs", [("1", "a", "b", "ab", 1)])
    assert groups(store, "pairs") is None

"""Agreement of judges with people, from the store."""

import json
import math

import numpy as np
import pytest
from rated_example import BENCH, compared, judged, preferred, rated, task
from scipy import stats
from sklearn.metrics import accuracy_score, cohen_kappa_score

from penmark.errors import ConfigError
from penmark.metaeval.agreement import Question, agreement, as_json
from penmark.metaeval.comparing import MOST_TASKS, Setting, briefly
from penmark.metaeval.panel import Panel, Rater, within_writers
from penmark.store import Store


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "penmark.db") as made:
        yield made


def ask(store, **question):
    return as_json(agreement(store, Question(bench=BENCH, **question)))["judges"]


def random_store(store, seed=0, *, scale=None):
    """Twelve tasks by four writers, rated 1-4 and judged with ties and gaps; (human, judge) by place."""
    rng = np.random.default_rng(seed)
    places = [(f"t{t:02d}", w) for t in range(12) for w in "abcd"]
    human = {p: float(rng.integers(1, 5)) for p in places if rng.random() < 0.9}
    judge = {p: float(np.clip(human.get(p, 2) + rng.integers(-1, 2), 1, 4)) for p in places if rng.random() < 0.9}
    by_task = {t: {w: s for (task, w), s in human.items() if task == t} for t, _ in human}
    rated(store, by_task, scale=scale)
    judged(store, "j", {p: s for p, s in judge.items() if p in human})
    both = [p for p in places if p in human and p in judge]
    return [human[p] for p in both], [judge[p] for p in both], both, human


def test_a_case_counted_by_hand(store):
    # Pairs of task 1: a>b, a>c, b=c; of task 2: a<b. The judge: a=b, a>c, b>c; a<b.
    rated(store, {"1": {"a": 3, "b": 1, "c": 1}, "2": {"a": 0, "b": 2}})
    judged(store, "j", {("1", "a"): 7, ("1", "b"): 7, ("1", "c"): 5, ("2", "a"): 1, ("2", "b"): 9})
    found = ask(store)["j"]
    values = {name: (found[name]["value"], found[name]["n"]) for name in ("pairwise", "pairwise_strict", "accuracy")}
    assert values == {"pairwise": (2.5 / 3, 3), "pairwise_strict": (2 / 3, 3), "accuracy": (2 / 4, 4)}
    assert found["judge_ties"]["value"] == 1 / 4
    assert (found["coverage"], found["cost"]) == (1.0, 0.0)


def test_every_figure_equals_the_libraries_on_random_scores_with_ties_and_gaps(store):
    human, judge, places, _ = random_store(store)
    found = ask(store)["j"]
    expected = {
        "pearson": stats.pearsonr(human, judge).statistic,
        "spearman": stats.spearmanr(human, judge).statistic,
        "kendall": stats.kendalltau(human, judge).statistic,
    }
    for name, value in expected.items():
        assert found[name]["value"] == pytest.approx(value, abs=1e-9)
        low, high = found[name]["ci95"]
        assert low < value < high
    by = {w: [(h, j) for h, j, (_, v) in zip(human, judge, places, strict=True) if v == w] for w in "abcd"}
    means = np.array([np.mean(pairs, axis=0) for pairs in by.values()]).T
    assert found["system"]["pearson"]["value"] == pytest.approx(stats.pearsonr(*means).statistic)
    assert found["system"]["kendall"]["value"] == pytest.approx(stats.kendalltau(*means.round(9)).statistic)
    tasks = {t: [(h, j) for h, j, (u, _) in zip(human, judge, places, strict=True) if u == t] for t, _ in places}
    with np.errstate(all="ignore"):
        inside = [
            stats.spearmanr(*np.array(p).T).statistic for p in tasks.values() if np.ptp(p, axis=0).all() and len(p) > 1
        ]
    assert found["within_task"]["spearman"]["value"] == pytest.approx(np.mean(inside))
    assert found["within_task"]["spearman"]["n"] == len(inside)


def test_kendall_of_very_many_tasks_has_no_interval():
    n = MOST_TASKS + 1
    rng = np.random.default_rng(0)
    human, judge = rng.integers(0, 4, (2, n)).astype(float)
    panel = Panel(
        bench=BENCH, tasks=[task("t")] * n, writers=["a"], keys=[str(r) for r in range(n)], task_R=np.arange(n),
        writer_R=np.zeros(n, np.intp), chars_R=np.ones(n),
    )  # fmt: skip
    found = briefly(Setting.of(panel, seed=0), Rater("human", human), Rater("j", judge))
    assert found["kendall"].figure().value == pytest.approx(stats.kendalltau(human, judge).statistic)
    assert found["kendall"].figure().low is None
    assert found["spearman"].figure().low is not None


def test_verdicts_equal_scikit_learns(store):
    human, judge, places, _ = random_store(store, seed=4)
    pairs = [(i, k) for i in range(len(places)) for k in range(i + 1, len(places)) if places[i][0] == places[k][0]]
    said = [[int(np.sign(of[i] - of[k])) for i, k in pairs] for of in (human, judge)]
    found = ask(store)["j"]
    assert found["accuracy"]["value"] == pytest.approx(accuracy_score(*said))
    assert found["kappa"]["value"] == pytest.approx(cohen_kappa_score(*said))


def test_length_and_chance_stand_beside_every_judge(store):
    rated(
        store, {str(t): {"a": t % 2, "b": 1, "c": 2} for t in range(60)}, lengths={(str(t), "c"): 20 for t in range(60)}
    )
    found = ask(store)
    assert list(found) == ["length", "random"]
    # Of the 150 pairs that are not tied, 120 have c: it is longer and better; the lengths of a and b are tied.
    assert found["length"]["pairwise"] | {"ci95": 0} == {"value": (120 + 15) / 150, "ci95": 0, "n": 150}
    assert 0.35 < found["random"]["pairwise"]["value"] < 0.65
    assert found["random"]["pairwise"] == ask(store)["random"]["pairwise"]
    assert found["random"]["pairwise"] != ask(store, seed=1)["random"]["pairwise"]


def test_a_judge_is_held_against_the_length_on_the_pairs_it_has(store):
    scores = {str(t): {"a": 1, "b": 2} for t in range(4)}
    rated(store, scores, lengths={("0", "b"): 30, ("1", "b"): 30, ("2", "a"): 30, ("3", "a"): 30})
    judged(store, "j", {(t, w): s for t, by in scores.items() for w, s in by.items() if t != "3"} | {("3", "a"): None})
    found = ask(store)["j"]
    assert found["over_length"]["value"] == pytest.approx(1 - 2 / 3)
    assert found["coverage"] == 6 / 8


def test_a_judge_of_pairs_is_compared_on_its_pairs(store):
    compared(store, [("1", "a", "b", "", 1), ("2", "a", "b", "", -1), ("3", "b", "a", "", 1), ("4", "a", "b", "", 0)])
    preferred(
        store, "pairs",
        [("1", "a", "b", "ab", 2), ("1", "a", "b", "ba", 1),  # the same in both orders
         ("2", "a", "b", "ab", 1), ("2", "a", "b", "ba", -1),  # the orders disagree: a tie
         ("3", "a", "b", "ab", 1), ("4", "a", "b", "ab", None)],
    )  # fmt: skip
    found = ask(store)["pairs"]
    assert found["pairwise"] | {"ci95": 0} == {"value": 1.5 / 3, "ci95": 0, "n": 3}
    assert found["coverage"] == 3 / 4
    assert "pearson" not in found
    assert found["normalised"] is None


def test_scores_are_held_against_preferences(store):
    compared(store, [("1", "a", "b", "", 1), ("2", "a", "b", "", -1), ("3", "a", "b", "", 0)])
    judged(store, "j", {(t, w): s for t in "123" for w, s in (("a", 5), ("b", 3))})
    assert ask(store)["j"]["pairwise"]["value"] == 0.5
    assert ask(store)["j"]["accuracy"]["value"] == pytest.approx(1 / 3)


def test_one_annotator_against_the_rest_is_the_ceiling(store):
    # kim and lee rank a over b; pat the other way: against the rest, kim and lee meet a tie or half of them.
    rated(store, {"1": {"a": {"kim": 3, "lee": 3, "pat": 1}, "b": {"kim": 1, "lee": 1, "pat": 3}}})
    found = ask(store)["human ceiling"]
    # kim against the mean of lee and pat: a and b both 2, no pair; lee likewise; pat against (3, 1): wrong.
    assert (found["pairwise"]["value"], found["pairwise"]["n"]) == (0, 1)
    assert found["kind"] == "ceiling"


def test_annotators_who_never_rated_the_same_text_are_no_ceiling(store):
    rated(store, {"1": {"a": {"kim": 3}, "b": {"lee": 4}}, "2": {"a": {"kim": 2}, "b": {"lee": 4}}})
    made = agreement(store, Question(bench=BENCH))
    assert [j.name for j in made.judges] == ["length", "random"]
    assert (made.among, len(made.annotators), made.tasks) == ({}, 2, 2)
    assert made.notes[0].startswith("The human ceiling is not known")


def test_annotators_among_themselves_equal_the_packages(store):
    import krippendorff

    rng = np.random.default_rng(1)
    ratings = np.clip(rng.integers(1, 5, 40) + rng.integers(-1, 2, (3, 40)), 1, 4).astype(float)
    ratings[rng.random(ratings.shape) < 0.1] = math.nan
    who = ["kim", "lee", "pat"]
    said = {
        f"t{n // 2:02d}": {w: {a: ratings[i, k] for i, a in enumerate(who) if not math.isnan(ratings[i, k])}
                           for w, k in (("a", n), ("b", n + 1))}
        for n in range(0, 40, 2)
    }  # fmt: skip
    rated(store, said)
    made = agreement(store, Question(bench=BENCH))
    for level in ("nominal", "ordinal", "interval"):
        expected = krippendorff.alpha(reliability_data=ratings, level_of_measurement=level)
        assert made.among[f"alpha_{level}"] == pytest.approx(expected)
    pairs = [ratings[[i, k]] for i, k in ((0, 1), (0, 2), (1, 2))]
    kept = [p[:, ~np.isnan(p).any(axis=0)] for p in pairs]
    assert made.among["cohen_kappa"] == pytest.approx(np.mean([cohen_kappa_score(*p.astype(int)) for p in kept]))
    ceiling = as_json(made)["judges"]["human ceiling"]
    assert ceiling["among_annotators"] == made.among
    assert 0 < ceiling["kappa_quadratic"]["value"] < 1
    assert ceiling["alpha_interval"]["value"] is not None


def test_figures_on_one_scale_need_one_that_is_said(store):
    random_store(store)
    assert "kappa_quadratic" not in ask(store)["j"]


def test_on_one_scale_the_scores_themselves_are_compared(store):
    human, judge, *_ = random_store(store, scale=(1, 10))
    found = ask(store)["j"]
    assert found["kappa_quadratic"]["value"] == pytest.approx(cohen_kappa_score(human, judge, weights="quadratic"))
    assert found["alpha_interval"]["n"] == len(human)


def test_normalising_per_writer_takes_out_how_strict_each_annotator_was(store):
    """Writer b is rated by a strict person, a by a mild one; the judge sees no difference between the writers."""
    quality = [1, 2, 3, 4, 5, 6]
    rated(store, {str(t): {"a": q + 4, "b": q - 0.5} for t, q in enumerate(quality)})
    judged(store, "j", {(str(t), w): q for t, q in enumerate(quality) for w in "ab"})
    found = ask(store)["j"]
    assert found["pairwise"]["value"] == 0.5  # The judge ties every pair.
    assert found["pearson"]["value"] < 0.8
    assert found["normalised"]["pearson"]["value"] == pytest.approx(1)
    assert "system" not in found["normalised"]


def test_groups_of_tasks(store):
    scores = {str(t): {"a": 1, "b": 2} for t in range(4)}
    rated(store, scores, tags={str(t): {"genre": "tale" if t < 3 else "ode"} for t in range(4)})
    judged(store, "j", {(t, w): s if t != "3" else -s for t, by in scores.items() for w, s in by.items()})
    found = ask(store, tag="genre")["j"]["genre"]
    assert {v: f["pairwise"]["value"] for v, f in found.items()} == {"tale": 1.0, "ode": 0.0}
    assert found["ode"]["pairwise"]["ci95"] == [None, None]
    with pytest.raises(ConfigError, match="has the tag 'mood'; there are genre, language"):
        ask(store, tag="mood")


def test_one_rated_response_has_no_pair_and_no_figure(store):
    rated(store, {"1": {"a": 3}})
    made = agreement(store, Question(bench=BENCH))
    found = json.loads(json.dumps(as_json(made), allow_nan=False))["judges"]["length"]
    assert found["pairwise"] == {"value": None, "ci95": [None, None], "n": 0}
    assert found["pearson"]["value"] is None
    assert any("no pair" in note for note in made.notes)


def test_people_who_tie_everything_leave_no_order_to_agree_with(store):
    rated(store, {"1": {"a": 3, "b": 3}, "2": {"a": 1, "b": 1}})
    made = agreement(store, Question(bench=BENCH))
    assert made.judges[0].figures["pairwise"].value is None
    assert made.judges[0].figures["accuracy"].n == 2
    assert made.notes[-1] == "The human ties every pair, so there is no order to agree with."


def test_without_people_the_command_says_how_to_get_them(store):
    rated(store, {"1": {"a": 3, "b": 1}})
    judged(store, "j", {("1", "a"): 1, ("1", "b"): 2})
    with pytest.raises(ConfigError, match="no judgments by 'kim' on rated"):
        ask(store, human="kim")
    with pytest.raises(ConfigError, match="no judgments by nobody"):
        ask(store, judges=["nobody"])
    assert list(ask(store, human="j", judges=["human"])) == ["human", "length", "random"]


def test_a_writer_whose_scores_are_all_the_same_is_average_whatever_the_rounding():
    scores = np.array([0.1, 0.1, 0.1, 1, 3, math.nan])
    found = within_writers(scores, np.array([0, 0, 0, 1, 1, 1]))
    assert found[:5].tolist() == [0, 0, 0, -1, 1]
    assert math.isnan(found[5])

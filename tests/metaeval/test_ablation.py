"""Ablations of small stores: figures by hand, trees found again, variants kept as judges."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from penmark.errors import ConfigError, DataError
from penmark.evaluate.rollup import roll_up
from penmark.metaeval.ablate import FULL, Choice
from penmark.metaeval.ablation import ablate, as_json, check_choice, other_judge, save, standard_variants
from penmark.metaeval.judged import load_judged
from penmark.records import Criterion, Judgment, Plan, PlanRecord, Response, Rubric, Task
from penmark.reports.summary import build_report
from penmark.store import Store, reads


def leaf(name, weight=1.0):
    return Rubric(name=name, weight=weight, criterion=Criterion(name=name, description=name))


# root: content 2 (logic, emotion: planned), form 1
TREE = Rubric(
    children=(Rubric(name="content", weight=2.0, children=(leaf("logic", None), leaf("emotion", None))), leaf("form"))
)
SHORT = Rubric(children=(TREE.children[0],))
PLAN = Plan(weights={"content/logic": 0.75, "content/emotion": 0.25})
SPEC = {"judge": "mine", "rubric": [asdict(TREE), asdict(SHORT)]}


class Desk:
    """A store being filled by hand."""

    def __init__(self, path, spec=SPEC):
        self.store = Store(path / "penmark.db")
        self.spec = spec
        self.store.save_judge("J", spec)

    def task(self, number, rubric=None, plan=PLAN):
        task = Task(bench="demo", id=str(number), instruction=f"Task {number}.", rubric=rubric)
        self.store.save_tasks({number: task})
        if plan is not None:
            self.store.save_plan(PlanRecord(judge="J", task=task.key, repeat=0, plan=plan, status="scored"), run="r")
        return task

    def judged(self, task, writer, *values, tree=TREE, judge="J", repeat=0, finished=True):
        """A response with these leaf scores, left to right, and the nodes above them when finished."""
        response = Response(task=task.key, writer=writer, text=f"{task.id} by {writer}.")
        self.store.save_responses(response)
        scores = dict(zip([path for path, _ in tree.leaves()], values, strict=False))
        if finished:
            scores |= {path: n.score for path, n in roll_up(tree, scores, weights=PLAN.weights).items()}
        self.store.save_judgments(*(
            Judgment(
                response=response.key, judge=judge, node=node, score=score, repeat=repeat,
                status="unreadable" if score is None else "scored",
            )
            for node, score in scores.items()
        ), run="r")  # fmt: skip

    def rated(self, task, writer, score):
        self.store.save_judge("people", {"judge": "imported"})
        response = Response(task=task.key, writer=writer, text=f"{task.id} by {writer}.")
        self.store.save_judgments(
            Judgment(response=response.key, judge="people", node="", score=score, status="scored"), run="r"
        )

    def load(self, judge="J"):
        self.store.flush()
        return load_judged(self.store, "demo", judge)


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path)
    yield desk
    desk.store.close()


@pytest.fixture
def two(desk):
    """Two tasks, two writers. Roots of a: (2 * 7 + 4) / 3 = 6, (2 * 6 + 9) / 3 = 7; of b: (2 * 5 + 8) / 3 = 6, 3."""
    first, second = desk.task(0), desk.task(1)
    desk.judged(first, "a", 8, 4, 4)
    desk.judged(second, "a", 6, 6, 9)
    desk.judged(first, "b", 5, 5, 8)
    desk.judged(second, "b", 3, 3, 3)
    desk.store.flush()
    return desk


def figures_of(desk, *variants, human=None):
    judged = desk.load()
    compared = None if human is None else other_judge(desk.store, judged, human)
    return {v.name: v for v in ablate(judged, variants, compared).variants}


def test_the_full_tree_gives_the_other_judge_the_store_and_their_means(two):
    full = figures_of(two)["full"]
    assert full.scored == 4
    assert full.coverage == 1
    assert full.mean.value == pytest.approx(22 / 4)
    assert {w: (f.value, f.n) for w, f in full.writers.items()} == {"a": (6.5, 2), "b": (4.5, 2)}
    assert list(full.writers) == ["a", "b"]
    assert (full.kendall, full.spearman, full.change.value) == (pytest.approx(1), pytest.approx(1), 0)


def test_a_variant_says_what_it_moves(two):
    form = figures_of(two, Choice(only=["form"]).variant())["only form"]
    # a: 4 and 9, b: 8 and 3; changed by 2, 2, 2 and 0.
    assert {w: f.value for w, f in form.writers.items()} == {"a": 6.5, "b": 5.5}
    assert form.change.value == pytest.approx(6 / 4)
    assert form.change.n == 4
    assert form.kendall == pytest.approx(1)


def test_intervals_hold_the_mean_and_reach_over_the_tasks(two):
    mean = figures_of(two)["full"].writers["b"]
    assert (mean.low, mean.high) == (3, 6)


def test_writers_in_another_order_have_correlation_minus_one(two):
    two.judged(two.task(2), "b", 1, 1, 10)
    two.judged(two.task(2), "a", 2, 2, 2)
    # Full: a 5, b (6 + 3 + 4) / 3; form: a (4 + 9 + 2) / 3 = 5, b (8 + 3 + 10) / 3 = 7.
    form = figures_of(two, Choice(only=["form"]).variant())["only form"]
    assert list(form.writers) == ["b", "a"]
    assert (form.kendall, form.spearman) == (pytest.approx(-1), pytest.approx(-1))


def test_people_are_compared_with_by_writer_and_by_pair(two):
    (first, second) = [task for task, _ in reads.tasks(two.store.db, "demo")]
    for task, writer, score in [(first, "a", 3), (first, "b", 2), (second, "a", 1), (second, "b", 5)]:
        two.rated(task, writer, score)
    found = figures_of(two, Choice(only=["form"]).variant(), human="people")
    # Full: a tie of the judge's and an opposite order; form: opposite both times. People: a 2, b 3.5.
    assert found["full"].human.pairs.value == 0.25
    assert found["full"].human.pairs.n == 2
    assert found["only form"].human.pairs.value == 0
    assert found["full"].human.pearson == pytest.approx(-1)
    assert found["full"].human.kendall == pytest.approx(-1)


def test_only_responses_that_people_rated_count_in_the_comparison(two):
    (first, _) = [task for task, _ in reads.tasks(two.store.db, "demo")]
    two.rated(first, "a", 3)
    human = figures_of(two, human="people")["full"].human
    assert human.pairs.n == 0
    assert (human.pairs.value, human.pearson, human.spearman) == (None, None, None)


def test_the_length_stands_beside_the_agreement_with_people(desk):
    """The longer name makes the longer text; people prefer it once and twice not."""
    for number, (ann, annabel) in enumerate([(1, 2), (3, 1), (3, 2)]):
        task = desk.task(number)
        for writer, score in (("ann", ann), ("annabel", annabel)):
            desk.judged(task, writer, 8, 4, 4)
            desk.rated(task, writer, score)
    judged = desk.load()
    made = ablate(judged, [], other_judge(desk.store, judged, "people"))
    assert (made.length.pairs.value, made.length.pairs.n) == (pytest.approx(1 / 3), 3)
    assert made.length.kendall == pytest.approx(-1)
    assert as_json(made)["length"]["pairs"]["n"] == 3


def test_a_judge_that_rated_none_of_the_responses_is_refused(two):
    two.store.save_judge("people", {"judge": "imported"})
    with pytest.raises(ConfigError, match="judge 'people' has no root score of a response that 'J' has judged"):
        figures_of(two, human="people")


def test_an_unscored_leaf_costs_coverage_only_where_it_is_needed(two):
    two.judged(two.task(2), "a", 8, 4, None)
    found = figures_of(two, Choice(without=["form"]).variant())
    assert (found["full"].scored, found["full"].coverage) == (4, 0.8)
    assert (found["without form"].scored, found["without form"].coverage) == (5, 1)
    assert found["without form"].change.n == 4


def test_each_task_is_summed_up_by_its_own_tree(two):
    two.judged(two.task(2), "a", 8, 4, tree=SHORT)
    found = figures_of(two, Choice(only=["form"]).variant())
    assert found["full"].scored == 5
    assert found["full"].writers["a"].value == pytest.approx((6 + 7 + 7) / 3)
    assert (found["only form"].scored, found["only form"].coverage) == (4, 1)


def test_repeats_of_a_response_count_with_the_mean_of_the_scored_ones(desk):
    task = desk.task(0, plan=None)
    for repeat, values in enumerate([(8, 4, 4), (2, 2, 5), (1, 1, None)]):
        plan = PlanRecord(judge="J", task=task.key, repeat=repeat, plan=PLAN, status="scored")
        desk.store.save_plan(plan, run="r")
        desk.judged(task, "a", *values, repeat=repeat)
    full = figures_of(desk)["full"]
    assert full.mean.value == pytest.approx((6 + 3) / 2)
    assert full.coverage == pytest.approx(2 / 3)
    assert full.scored == 1


def test_plans_of_one_repeat_are_not_used_for_another(desk):
    task = desk.task(0)
    other = Plan(weights={"content/logic": 0.25, "content/emotion": 0.75})
    desk.store.save_plan(PlanRecord(judge="J", task=task.key, repeat=1, plan=other, status="scored"), run="r")
    desk.judged(task, "a", 8, 4, 4)
    desk.judged(task, "a", 8, 4, 4, repeat=1)
    content = figures_of(desk, Choice(only=["content"]).variant())["only content"]
    assert content.mean.value == pytest.approx((7 + 5) / 2)


def test_a_task_whose_tree_is_not_sure_is_left_out_and_said(two):
    two.judged(two.task(2), "a", 8, 4, finished=False)  # Of TREE or of SHORT.
    made = ablate(two.load(), [])
    assert made.variants[0].scored == 4
    assert made.notes == ["1 of 3 tasks left out: no response to them is judged to the end, so their tree is not sure."]


def test_roots_that_are_no_longer_the_sum_of_their_leaves_are_said(two):
    first = next(task for task, _ in reads.tasks(two.store.db, "demo"))
    two.judged(first, "a", 9, 4, 4, finished=False)
    assert ablate(two.load(), []).notes == [
        "1 of 4 roots in the store differ from those of the full tree here: leaves or weights came later."
    ]


def test_trees_with_other_weights_and_the_same_nodes_cannot_be_told_apart(tmp_path):
    heavier = replace(TREE, children=(TREE.children[0], leaf("form", 5.0)))
    desk = Desk(tmp_path, {"judge": "mine", "rubric": [asdict(TREE), asdict(heavier)]})
    desk.judged(desk.task(0), "a", 8, 4, 4)
    with pytest.raises(DataError, match="the store knows several trees with these nodes"):
        desk.load()
    desk.store.close()


def test_scores_of_nodes_that_no_tree_has_are_refused(two):
    two.judged(two.task(2), "a", 8, 4, tree=Rubric.flat(tuple(c for _, c in Rubric(children=(leaf("x"),)).leaves())))
    with pytest.raises(DataError, match="judge 'J' scored x of task '2', and the store knows no tree"):
        two.load()


@pytest.mark.parametrize(("values", "found"), [((5,), "one leaf, 'form'"), ((), "no leaf, only roots")])
def test_a_judge_without_several_leaves_has_nothing_to_leave_out(desk, values, found):
    tree = Rubric(children=(leaf("form"),))
    desk.judged(desk.task(0), "a", *values, tree=tree)
    with pytest.raises(ConfigError, match=found):
        desk.load()


# Criteria that come with the tasks.


@pytest.fixture
def own(tmp_path):
    """Two tasks with criteria of their own, one of which both have."""
    desk = Desk(tmp_path, {"judge": "rubric"})
    for number, names in enumerate([("Clarity", "Tone"), ("Clarity", "Facts")]):
        rubric = Rubric.flat(tuple(Criterion(name=name, description=name) for name in names))
        desk.judged(desk.task(number, rubric, plan=None), "a", 4 + number, 8, tree=rubric)
    yield desk
    desk.store.close()


def test_a_criterion_that_all_tasks_have_can_be_left_out(own):
    found = figures_of(own, check_choice(own.load(), Choice(without=["Clarity"])))
    assert found["full"].mean.value == pytest.approx((6 + 6.5) / 2)
    assert found["without Clarity"].mean.value == 8


def test_a_criterion_that_some_tasks_lack_cannot(own):
    with pytest.raises(ConfigError, match=r"'Tone' is in the criteria of some tasks, and 1 of 2 have it not.*static"):
        check_choice(own.load(), Choice(without=["Tone"]))


def test_criteria_that_differ_leave_no_usual_branch_to_leave_out(own):
    variants, notes = standard_variants(own.load())
    assert [v.name for v in variants] == ["equal weights"]
    assert notes == ["The criteria differ from task to task: there is no branch to leave out of all of them."]


def test_criteria_that_are_the_same_for_all_tasks_are_branches(tmp_path):
    desk = Desk(tmp_path, {"judge": "rubric"})
    rubric = Rubric.flat(tuple(Criterion(name=name, description=name) for name in ("Clarity", "Tone")))
    for number in range(2):
        desk.judged(desk.task(number, rubric, plan=None), "a", 4, 8, tree=rubric)
    variants, notes = standard_variants(desk.load())
    assert [v.name for v in variants][:2] == ["without Clarity", "without Tone"]
    assert notes == []
    desk.store.close()


# Choices and what is kept.


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (Choice(without=["fromat"]), "no 'fromat' in the tree; there is content, content/emotion, content/logic, form"),
        (Choice(only=[""]), "no '' in the tree"),
        (Choice(weights={"content": 1, "x": 2}), "no 'x' in the tree"),
        (Choice(without=["content", "form"]), "without content, form leaves no leaf of the tree of 'J'"),
        (Choice(weights={"content/logic": 1}), "was planned for each task"),
    ],
)
def test_a_choice_that_cannot_be_is_refused(two, choice, message):
    with pytest.raises(ConfigError, match=message):
        check_choice(two.load(), choice)


def test_a_kept_variant_is_a_judge_whose_report_has_its_means(two):
    two.judged(two.task(2), "a", 8, 4, None)
    judged = two.load()
    assert save(two.store, judged, Choice(only=["form"]).variant(), "form only") == 5
    report = build_report(two.store, "demo", "form only")
    assert {w.name: (w.overall.mean, w.overall.scored, w.overall.asked) for w in report.writers} == {
        "a": (6.5, 2, 3), "b": (5.5, 2, 2),
    }  # fmt: skip
    assert report.judge_spec["source"] == "J"
    assert report.judge_spec["variant"] == "only form"
    kept = [j for _, _, j in reads.judgments_on(two.store.db, "demo", "form only")]
    assert {(j.node, j.read_as) for j in kept} == {("", "sum")}
    assert sorted(j.status for j in kept) == ["incomplete"] + ["scored"] * 4


def test_keeping_a_variant_again_adds_what_is_new(two):
    variant = Choice(only=["form"]).variant()
    save(two.store, two.load(), variant, "kept")
    two.judged(two.task(2), "a", 8, 4, 1)
    save(two.store, two.load(), variant, "kept")
    assert len(list(reads.judgments_on(two.store.db, "demo", "kept"))) == 5


@pytest.mark.parametrize("name", ["J", "kept"])
def test_a_name_that_stands_for_another_judge_is_refused(two, name):
    judged = two.load()
    save(two.store, judged, Choice(only=["form"]).variant(), "kept")
    with pytest.raises(ConfigError, match=f"has another judge '{name}'; give another name with --save"):
        save(two.store, judged, Choice(without=["form"]).variant(), name)


def test_a_kept_variant_has_no_leaves_to_ablate_again(two):
    save(two.store, two.load(), FULL, "kept")
    with pytest.raises(ConfigError, match="no leaf, only roots"):
        two.load("kept")


def test_json_has_null_for_what_there_is_not_and_a_figure_has_its_interval(desk):
    desk.judged(desk.task(0), "a", 8, 4, 4)
    plain = json.loads(json.dumps(as_json(ablate(desk.load(), [])), allow_nan=False))
    assert plain == {
        "bench": "demo",
        "judge": "J",
        "human": None,
        "length": None,
        "variants": {
            "full": {
                "scored": 1,
                "coverage": 1.0,
                "mean": {"value": 6.0, "ci95": [None, None], "n": 1},
                "writers": {"a": {"value": 6.0, "ci95": [None, None], "n": 1}},
                "kendall": None,
                "spearman": None,
                "change": {"value": 0.0, "ci95": [None, None], "n": 1},
                "human": None,
            }
        },
        "notes": [],
    }

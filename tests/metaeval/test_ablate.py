"""Other trees over the same leaf scores, against sums by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penmark.errors import ConfigError
from penmark.evaluate.rollup import NodeScore, roll_up
from penmark.metaeval.ablate import FULL, Choice, equal, only, roots, standard, variant_trees, weighted, without
from penmark.metaeval.judged import Judged, Round, node_paths, outline
from penmark.records import Criterion, Rubric, Task


def leaf(name, weight=1.0, points=()):
    return Rubric(name=name, weight=weight, points=points, criterion=Criterion(name=name, description=name))


def node(name, *children, weight=1.0):
    return Rubric(name=name, weight=weight, children=children)


# root: content 2 (logic, emotion: planned), format 3 (layout, paragraphs in steps of 5), impression 1
TREE = node(
    "",
    node("content", leaf("logic", None), leaf("emotion", None), weight=2.0),
    node("format", leaf("layout"), leaf("paragraphs", points=((1, 0), (2, 5), (3, 10))), weight=3.0),
    leaf("impression"),
)
COMPLETION = node("", TREE.children[0], TREE.children[2])
PLANNED = {"content/logic": 0.75, "content/emotion": 0.25}
# content 0.75 * 8 + 0.25 * 4 = 7; format (10 + 5) / 2 = 7.5; root (2 * 7 + 3 * 7.5 + 1 * 6) / 6 = 42.5 / 6
SCORES = {
    "content/logic": 8.0,
    "content/emotion": 4.0,
    "format/layout": 10.0,
    "format/paragraphs": 2.0,
    "impression": 6.0,
}
FULL_ROOT = 42.5 / 6


def root_of(tree, scores=SCORES, planned=PLANNED):
    return roll_up(tree, scores, weights=planned)[""].score


def judged(*scores, tree=TREE, planned=PLANNED, partial=False):
    """One task a round."""
    tasks = [Task(bench="b", id=str(n), instruction=f"{n}") for n in range(len(scores))]
    rounds = [Round(f"r{n}", n, 0, 0, dict(s), planned) for n, s in enumerate(scores)]
    return Judged(
        bench="b", judge="j", tasks=tasks, writers=["w"], trees=[tree] * len(tasks), rounds=rounds, is_one_tree=True,
        partial=partial, spec={},
    )  # fmt: skip


def root_scores(found, variant):
    return [root and root.score for root in roots(found, variant_trees(found, variant))]


@pytest.mark.parametrize(
    ("tree", "root"),
    [
        (without(TREE, ["content"]), (3 * 7.5 + 6) / 4),
        (without(TREE, ["format"]), (2 * 7 + 6) / 3),
        (without(TREE, ["format", "impression"]), 7),
        (without(TREE, ["format/layout"]), (2 * 7 + 3 * 5 + 6) / 6),
        (without(TREE, ["content/emotion"]), (2 * 8 + 3 * 7.5 + 6) / 6),
        (only(TREE, ["content"]), 7),
        (only(TREE, ["format"]), 7.5),
        (only(TREE, ["content", "impression"]), (2 * 7 + 6) / 3),
        (only(TREE, ["content/logic", "format/paragraphs"]), (2 * 8 + 3 * 5) / 5),
        (equal(TREE), (6 + 7.5 + 6) / 3),
        (weighted(TREE, {"content": 1, "format": 1, "impression": 2}), (7 + 7.5 + 2 * 6) / 4),
        (weighted(TREE, {"content": 6}), (6 * 7 + 3 * 7.5 + 6) / 10),
        (weighted(TREE, {"format": 0}), (2 * 7 + 6) / 3),
        (weighted(TREE, {"content/logic": 1, "content/emotion": 3}), (2 * 5 + 3 * 7.5 + 6) / 6),
    ],
)
def test_a_root_by_another_tree_is_the_sum_done_by_hand(tree, root):
    assert root_of(TREE) == pytest.approx(FULL_ROOT)
    assert root_of(tree) == pytest.approx(root)


@pytest.mark.parametrize("cut", [without(TREE, ["content", "format", "impression"]), only(TREE, ["elsewhere"])])
def test_a_tree_without_a_leaf_is_none(cut):
    assert cut is None


def test_weights_of_zero_alone_leave_no_tree():
    assert weighted(TREE, {"content": 0, "format": 0, "impression": 0}) is None


def test_a_branch_that_some_tasks_lack_changes_nothing_there():
    assert without(COMPLETION, ["format"]) == COMPLETION
    assert only(COMPLETION, ["format"]) is None
    assert root_of(weighted(COMPLETION, {"content": 4, "format": 3, "impression": 1})) == pytest.approx((4 * 7 + 6) / 5)


def test_the_last_child_left_needs_no_plan():
    assert root_of(without(TREE, ["content/emotion"]), planned={}) == pytest.approx((2 * 8 + 3 * 7.5 + 6) / 6)
    assert root_of(TREE, planned={}) is None


def test_a_new_weight_beside_planned_ones_is_refused_as_they_share_no_scale():
    with pytest.raises(ConfigError, match=r"a weight for 'content/logic' and none for 'content/emotion'"):
        weighted(TREE, {"content/logic": 2.0})


def test_planned_weights_stay_where_nothing_is_said_about_them():
    assert root_of(Choice(weights={"impression": 4}).variant().change(None, TREE)) == pytest.approx(
        (2 * 7 + 3 * 7.5 + 4 * 6) / 9
    )


def test_a_response_is_scored_where_its_unscored_leaf_is_not_needed():
    lacking = {**SCORES, "format/layout": None}
    found = judged(SCORES, lacking)
    assert root_scores(found, FULL) == [pytest.approx(FULL_ROOT), None]
    assert root_scores(found, Choice(without=["format"]).variant()) == pytest.approx([20 / 3, 20 / 3])
    assert root_scores(found, Choice(without=["format/layout"]).variant()) == pytest.approx([35 / 6, 35 / 6])
    assert root_scores(found, Choice(only=["format"]).variant()) == [7.5, None]


def test_an_unplanned_task_is_scored_where_the_plan_is_not_needed():
    found = judged(SCORES, planned={})
    assert root_scores(found, FULL) == [None]
    assert root_scores(found, Choice(without=["content"]).variant()) == pytest.approx([28.5 / 4])


def test_a_judge_that_makes_do_with_the_scored_leaves_does_so_in_every_variant():
    lacking = {**SCORES, "format/layout": None}
    assert list(roots(judged(lacking, partial=True), [TREE])) == [NodeScore((2 * 7 + 3 * 5 + 6) / 6, "partial")]


def test_the_choices_of_a_variant_work_together_and_name_it():
    choice = Choice(without=["format/layout"], only=["content", "format"], weights={"content": 1, "format": 1})
    assert choice.variant().name == "without format/layout; only content, format; weights content=1, format=1"
    assert root_scores(judged(SCORES), choice.variant()) == [6]


def test_a_base_tree_comes_before_the_other_choices():
    base = Choice(weights={"content": 1, "format": 1, "impression": 1}).variant()
    assert root_scores(judged(SCORES), Choice(base=base, without=["format"]).variant()) == [6.5]


def test_the_usual_variants_are_each_branch_of_any_task_left_out_each_alone_and_equal_weights():
    assert [v.name for v in standard([COMPLETION, TREE])] == [
        "without content", "without format", "without impression",
        "only content", "only format", "only impression", "equal weights",
    ]  # fmt: skip
    assert [v.name for v in standard([node("", leaf("all"))])] == ["equal weights"]


shares = st.floats(0.125, 8)
trees = st.recursive(
    st.builds(leaf, st.just(""), shares),
    lambda below: st.builds(lambda c, w: node("", *c, weight=w), st.lists(below, min_size=1, max_size=3), shares),
    max_leaves=12,
)


def named(tree, name=""):
    return Rubric(
        name=name, weight=tree.weight, criterion=tree.criterion, points=tree.points,
        children=tuple(named(child, f"n{i}") for i, child in enumerate(tree.children)),
    )  # fmt: skip


rooted = st.lists(trees, min_size=1, max_size=4).map(lambda below: named(node("", *below)))


@given(rooted, st.randoms())
def test_leaving_nothing_out_gives_the_full_tree(tree, draw):
    leaves = {path: float(draw.randint(1, 10)) for path, _ in tree.leaves()}
    assert without(tree, []) == tree
    assert only(tree, [child.name for child in tree.children]) == tree
    assert FULL.change(None, tree) == tree
    assert root_scores(judged(leaves, tree=tree), FULL) == [roll_up(tree, leaves)[""].score]


@given(rooted, st.data())
def test_a_tree_without_some_nodes_has_neither_them_nor_what_is_below_them(tree, data):
    gone = data.draw(st.sets(st.sampled_from(sorted(set(node_paths(tree)) - {""}))))
    left = without(tree, gone)
    kept = [path for path, _ in tree.leaves() if not any(path == g or path.startswith(f"{g}/") for g in gone)]
    assert (left is None) == (kept == [])
    assert [path for path, _ in left.leaves()] == kept if left else True


@given(rooted, st.integers(1, 10))
def test_leaves_that_all_score_the_same_give_that_score_whatever_the_variant(tree, score):
    leaves = {path: float(score) for path, _ in tree.leaves()}
    for variant in standard([tree]):
        assert root_scores(judged(leaves, tree=tree), variant) == [pytest.approx(score)]


def test_an_outline_is_the_same_in_another_language_and_not_with_another_weight():
    assert outline(node("", leaf("a"))) == outline(
        node("", Rubric(name="a", criterion=Criterion(name="甲", description="乙")))
    )
    assert outline(node("", leaf("a"))) != outline(node("", leaf("a", 2.0)))

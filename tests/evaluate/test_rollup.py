import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penmark.evaluate.rollup import NodeScore, roll_up
from penmark.records import Criterion, Rubric


def leaf(name, weight=1.0):
    return Rubric(name=name, weight=weight, criterion=Criterion(name=name, description=name))


def node(name, *children, weight=1.0):
    return Rubric(name=name, weight=weight, children=children)


# root: content 3 (facts 1, depth 3), form 1 (style 1, layout 1)
TREE = node("", node("content", leaf("facts"), leaf("depth", 3), weight=3), node("form", leaf("style"), leaf("layout")))
ALL = {"content/facts": 4.0, "content/depth": 8.0, "form/style": 6.0, "form/layout": 9.0}


def test_a_tree_is_the_weighted_mean_of_weighted_means():
    # content (1*4 + 3*8) / 4 = 7; form (6 + 9) / 2 = 7.5; root (3*7 + 1*7.5) / 4 = 7.125
    assert roll_up(TREE, ALL) == {
        "content": NodeScore(7.0, "scored"),
        "form": NodeScore(7.5, "scored"),
        "": NodeScore(7.125, "scored"),
    }


@pytest.mark.parametrize("missing", [{"content/depth": None}, {}])
def test_a_node_with_an_unscored_child_is_unscored_and_so_is_all_above_it(missing):
    leaves = {**{n: s for n, s in ALL.items() if n != "content/depth"}, **missing}
    assert roll_up(TREE, leaves) == {
        "content": NodeScore(None, "incomplete"),
        "form": NodeScore(7.5, "scored"),
        "": NodeScore(None, "incomplete"),
    }


def test_partial_renormalises_the_weights_of_the_scored_children_and_says_so_up_to_the_root():
    # content 4 alone; root (3*4 + 1*7.5) / 4 = 4.875
    assert roll_up(TREE, ALL | {"content/depth": None}, partial=True) == {
        "content": NodeScore(4.0, "partial"),
        "form": NodeScore(7.5, "scored"),
        "": NodeScore(4.875, "partial"),
    }


def test_partial_leaves_out_a_branch_without_any_score():
    leaves = ALL | {"content/depth": None, "content/facts": None}
    scores = roll_up(TREE, leaves, partial=True)
    assert scores["content"] == NodeScore(None, "incomplete")
    assert scores[""] == NodeScore(7.5, "partial")


def test_partial_over_complete_scores_says_scored():
    assert roll_up(TREE, ALL, partial=True) == roll_up(TREE, ALL)


@pytest.mark.parametrize("partial", [False, True])
def test_without_any_score_nothing_is_scored(partial):
    assert set(roll_up(TREE, {}, partial=partial).values()) == {NodeScore(None, "incomplete")}


@pytest.mark.parametrize("partial", [False, True])
def test_weight_on_unscored_children_alone_gives_no_score_and_no_division_by_zero(partial):
    tree = node("", leaf("a", 0), leaf("b", 1))
    assert roll_up(tree, {"a": 5.0}, partial=partial)[""] == NodeScore(None, "incomplete")


def test_a_child_of_weight_zero_does_not_count_in_the_mean():
    assert roll_up(node("", leaf("a", 0), leaf("b", 1)), {"a": 1.0, "b": 7.0})[""] == NodeScore(7.0, "scored")


def test_a_score_of_zero_is_a_score():
    assert roll_up(node("", leaf("a"), leaf("b")), {"a": 0.0, "b": 1.0})[""] == NodeScore(0.5, "scored")


def test_a_single_leaf_has_no_inner_nodes():
    single = Rubric(criterion=Criterion(name="impression", description="d"))
    assert [path for path, _ in single.leaves()] == [""]
    assert roll_up(single, {"": 8.0}) == {}


def test_a_flat_rubric_weighs_its_criteria_alike():
    rubric = Rubric.flat(tuple(Criterion(name=n, description=n) for n in "abcde"))
    assert roll_up(rubric, dict(zip("abcde", [1.0, 2.0, 3.0, 4.0, 10.0], strict=True)))[""] == NodeScore(4.0, "scored")


weights = st.floats(0.125, 8)


def trees(depth=3):
    if depth == 0:
        return weights.map(lambda w: ("leaf", w, []))
    children = st.lists(trees(depth - 1), min_size=1, max_size=3)
    return st.one_of(weights.map(lambda w: ("leaf", w, [])), st.tuples(st.just("node"), weights, children))


def build(spec, name=""):
    kind, weight, children = spec
    if kind == "leaf":
        return leaf(name, weight)
    return node(name, *(build(child, f"n{i}") for i, child in enumerate(children)), weight=weight)


specs = st.tuples(st.just("node"), weights, st.lists(trees(), min_size=1, max_size=3))
points = st.one_of(st.none(), st.integers(1, 10).map(float))


def share_of_leaves(rubric, parent="", weight=1.0):
    """Weight of every leaf in the root's score when all are scored."""
    path = f"{parent}/{rubric.name}" if parent else rubric.name
    if rubric.criterion is not None:
        return {path: weight}
    total = sum(child.weight for child in rubric.children)
    shares = [share_of_leaves(child, path, weight * child.weight / total) for child in rubric.children]
    return {path: share for part in shares for path, share in part.items()}


@given(specs, st.data())
def test_the_root_is_the_sum_of_leaves_times_their_share_of_the_tree(spec, data):
    rubric = build(spec)
    leaves = {path: float(data.draw(st.integers(1, 10))) for path, _ in rubric.leaves()}
    shares = share_of_leaves(rubric)
    assert math.isclose(sum(shares.values()), 1)
    root = roll_up(rubric, leaves)[""]
    assert root.status == "scored"
    assert math.isclose(root.score, sum(shares[path] * score for path, score in leaves.items()))


@given(specs, st.data())
def test_scores_stay_within_the_leaves_and_only_a_partial_roll_up_makes_do_with_some(spec, data):
    rubric = build(spec)
    leaves = {path: data.draw(points) for path, _ in rubric.leaves()}
    known = [score for score in leaves.values() if score is not None]
    strict, partial = roll_up(rubric, leaves)[""], roll_up(rubric, leaves, partial=True)[""]
    assert (strict.score is None) == (len(known) < len(leaves))
    assert (partial.score is None) == (not known)
    assert (partial.status == "partial") == (0 < len(known) < len(leaves))
    if known:
        assert min(known) - 1e-9 <= partial.score <= max(known) + 1e-9
    if strict.score is not None:
        assert strict == partial


@given(specs, st.data())
def test_multiplying_all_weights_among_siblings_changes_nothing(spec, data):
    rubric = build(spec)
    leaves = {path: data.draw(points) for path, _ in rubric.leaves()}
    factor = data.draw(st.floats(0.5, 4))

    def scaled(part):
        return Rubric(
            name=part.name, weight=part.weight * factor, criterion=part.criterion,
            children=tuple(scaled(child) for child in part.children),
        )  # fmt: skip

    first, second = roll_up(rubric, leaves, partial=True), roll_up(scaled(rubric), leaves, partial=True)
    assert first.keys() == second.keys()
    for path, score in first.items():
        assert second[path].status == score.status
        assert score.score is None or math.isclose(score.score, second[path].score)


PLANNED = Rubric(children=(Rubric(name="a", weight=None, criterion=leaf("a").criterion), leaf("b", 0.4)))


def test_a_planned_weight_comes_from_the_plan():
    leaves = {"a": 10.0, "b": 5.0}
    assert roll_up(PLANNED, leaves, weights={"a": 0.6})[""] == NodeScore(8.0, "scored")


@pytest.mark.parametrize("partial", [False, True])
def test_a_node_without_its_planned_weights_is_unscored(partial):
    assert roll_up(PLANNED, {"a": 10.0, "b": 5.0}, weights={"c": 1.0}, partial=partial)[""] == NodeScore(
        None, "incomplete"
    )


@pytest.mark.parametrize(("score", "points"), [(1, 0), (4, 0), (4.5, 5), (5, 5), (7, 5), (8, 10), (10, 10), (11, 10)])
def test_a_leaf_with_steps_counts_what_its_step_says(score, points):
    steps = ((4.0, 0.0), (7.0, 5.0), (10.0, 10.0))
    tree = Rubric(children=(Rubric(name="a", criterion=leaf("a").criterion, points=steps),))
    assert roll_up(tree, {"a": score})[""] == NodeScore(points, "scored")

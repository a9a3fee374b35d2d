"""Trees in the drill-down: which one was judged, what each node counts, and how it gets into the page."""

import json
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_example import HOSTILE
from report_example import make as make_flat
from tree_example import JUDGE, STEPS, VARIANTS, WEIGHTS, leaf, make, plan, scores, task, tree

from penmark.records import Criterion, Judgment, Response, Rubric
from penmark.reports.drilldown import responses_with_judgments
from penmark.reports.embed import Pieces
from penmark.reports.trees import Variant, covering, is_plain, paths_of, places, planned_shares, variants_of
from penmark.store import Store

NODES = [
    "", "content", "content/opening", "content/logic", "content/emotion",
    "format", "format/plot", "format/layout", "impression",
]  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with make(tmp_path_factory.mktemp("tree") / "penmark.db") as opened:
        yield opened


@pytest.fixture(scope="module")
def items(store):
    return {item.task.id: item for item in responses_with_judgments(store, "demo", JUDGE, [])}


@pytest.fixture(scope="module")
def piece(store, tmp_path_factory):
    """(the drill-down's only piece, its text)."""
    pieces = Pieces(tmp_path_factory.mktemp("pieces"), ["ann"], factor=1.0)
    pieces.add_all(responses_with_judgments(store, "demo", JUDGE, ["ann"]))
    text = pieces.files[0].read_text(encoding="utf-8")
    return json.loads(text), text


def test_a_tree_has_all_its_nodes_parents_first(items):
    assert [node.node for node in items["t0"].criteria] == NODES
    assert items["t0"].tree == tree()


def test_the_root_of_a_tree_is_by_hand_what_its_leaves_make_it(items):
    # content 0.2*6 + 0.5*8 + 0.3*9 = 7.9; format (5 + 10)/2 = 7.5; root (3*7.9 + 2*7.5 + 7)/6
    assert items["t0"].score == pytest.approx(45.7 / 6)


def test_the_smallest_tree_that_has_every_judged_leaf_is_shown_in_the_tasks_language(items):
    assert [node.node for node in items["t2"].criteria] == [n for n in NODES if not n.startswith("format")]
    assert items["t2"].criteria[2].description == "评判的内容：开头与结尾"
    assert items["t0"].criteria[2].description == "What is judged: Opening and ending"


def test_repeats_stand_side_by_side_with_the_plan_of_each(items):
    logic = next(node for node in items["t1"].criteria if node.node == "content/logic")
    assert [(j.repeat, j.score, j.status) for j in logic.judgments] == [(0, 8.0, "scored"), (1, None, "unreadable")]
    assert [planned_shares(tree(), record)["content/logic"] for record in items["t1"].plans] == [0.5, 0.3]


def test_fixed_shares_are_of_the_parent_and_planned_ones_are_not_made_up():
    shares = {path: place.share for path, place in places(tree()).items()}
    assert (shares["content"], shares["format"], shares["impression"]) == (3 / 6, 2 / 6, 1 / 6)
    assert (shares["format/plot"], shares["format/layout"]) == (0.5, 0.5)
    assert {shares[node] for node in (*WEIGHTS, "")} == {None}


def test_a_fixed_weight_beside_planned_ones_shares_with_them():
    mixed = Rubric(children=(leaf("en", "logic", None), leaf("en", "emotion", 1.0)))
    assert places(mixed)["emotion"].share is None
    assert planned_shares(mixed, plan(task(0), {"logic": 3.0})) == {"logic": 0.75, "emotion": 0.25}


@pytest.mark.parametrize("weights", [None, {}, {"content/logic": 0.5}])
def test_without_the_whole_plan_there_are_no_planned_shares(weights):
    assert planned_shares(tree(), plan(task(0), weights)) == {}


@given(st.lists(st.floats(0.01, 0.99), min_size=3, max_size=3))
def test_the_shares_of_siblings_sum_to_1(weights):
    shares = planned_shares(tree(), plan(task(0), dict(zip(WEIGHTS, weights, strict=True))))
    assert sum(shares.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("rubric", "plain"),
    [
        (Rubric.flat((Criterion(name="a", description=""), Criterion(name="b", description=""))), True),
        (Rubric(criterion=Criterion(name="", description="")), True),
        (Rubric(children=(leaf("en", "logic", 2.0), leaf("en", "emotion", 2.0))), True),
        (Rubric(children=(leaf("en", "logic", 2.0), leaf("en", "emotion", 1.0))), False),
        (Rubric(children=(leaf("en", "logic", None), leaf("en", "emotion", None))), False),
        (Rubric(children=(leaf("en", "logic", steps=STEPS),)), False),
        (tree(), False),
    ],
)
def test_criteria_that_count_alike_need_no_tree(rubric, plain):
    assert is_plain(rubric) is plain


def test_a_tree_that_lacks_a_judged_leaf_is_not_shown():
    variants = [Variant.of(rubric) for rubric in VARIANTS]
    assert covering(variants, {"content/logic", "tone"}, "en") is None
    assert covering(variants, (), "en") is None
    assert covering(variants, {"content/logic"}, "en").rubric == tree("en", has_format=False)


def test_a_specification_gives_its_nodes_in_the_order_of_its_longest_tree():
    spec = json.loads(json.dumps({"rubric": [asdict(rubric) for rubric in reversed(VARIANTS)]}))
    assert paths_of(spec) == NODES
    assert [variant.language for variant in variants_of(spec)] == ["en", "zh", "en", "zh"]


@pytest.mark.parametrize("found", [None, "tow", [{"weight": "much"}]])
def test_a_specification_written_in_another_way_gives_no_tree(found):
    assert variants_of({"rubric": found}) == []


def test_the_page_has_each_nodes_place_its_scale_and_its_share(piece):
    rows = {row[0]: row[3] for row in piece[0]["rubrics"][0]}
    assert rows[""] == [0, None, None, False, ""]
    assert rows["content"] == [1, None, 0.5, False, "content"]
    assert rows["content/logic"] == [2, [1, 10], None, True, "Logic"]
    assert rows["format/layout"] == [2, [0, 10], 0.5, False, "Layout"]


def test_inner_nodes_are_called_as_the_judge_calls_them_in_the_tasks_language(piece):
    names = [{row[0]: row[3][4] for row in rubric} for rubric in piece[0]["rubrics"]]
    assert [name["content"] for name in names] == ["content", "内容"]


def test_the_page_has_what_a_score_counts_where_it_counts_in_steps(piece):
    verdicts = dict(zip(NODES, piece[0]["responses"][0][3], strict=True))
    assert verdicts["format/plot"] == [[0, 7.0, "scored", HOSTILE, None, 5.0]]
    assert verdicts["content/logic"] == [[0, 8.0, "scored", HOSTILE, 1]]
    assert verdicts["content"][0][1] == pytest.approx(7.9)


def test_the_page_has_each_plan_once_with_why_there_is_none(piece):
    plans = piece[0]["plans"]
    assert len(plans) == 3  # t0 and t2 share theirs
    assert plans[piece[0]["responses"][0][4]] == [[0, "scored", "", WEIGHTS, {}]]
    assert [repeat for repeat, *_ in plans[piece[0]["responses"][1][4]]] == [0, 1]
    assert plans[piece[0]["responses"][3][4]] == [[0, "unreadable", "no weights in the reply: 'dunno'", {}, {}]]


def test_hostile_reasons_stay_inside_their_script(piece):
    assert "<" not in piece[1]


def test_criteria_that_count_alike_look_as_ever(tmp_path):
    with make_flat(tmp_path / "flat.db", tasks=2) as flat:
        items = list(responses_with_judgments(flat, "demo", "rubric", []))
        pieces = Pieces(tmp_path, sorted({item.response.writer for item in items}), factor=1.0)
        pieces.add_all(items)
    data = json.loads(pieces.files[0].read_text(encoding="utf-8"))
    assert {item.tree for item in items} == {None}
    assert data["plans"] == []
    assert {len(node) for rubric in data["rubrics"] for node in rubric} == {3}
    assert {len(response) for response in data["responses"]} == {4}
    assert [node[0] for node in data["rubrics"][0]] == ["Fidelity", "Tone", "结构"]


def test_a_tree_that_is_judged_in_part_shows_what_is_missing(tmp_path):
    with Store(tmp_path / "penmark.db") as store:
        store.save_tasks({0: task(0)})
        store.save_judge(JUDGE, {"rubric": asdict(tree())})
        response = Response(task=task(0).key, writer="ann", text="Text")
        store.save_responses(response)
        judged = list(scores(5, 5, 5, 5, 5, 5).items())[:4]
        store.save_judgments(
            *(Judgment(response=response.key, judge=JUDGE, node=n, score=s, status="scored") for n, s in judged),
            run="r",
        )
        store.flush()
        (item,) = responses_with_judgments(store, "demo", JUDGE, [])
    assert [node.node for node in item.criteria] == NODES
    assert [node.node for node in item.criteria if not node.judgments] == [
        "",
        "content",
        "format",
        "format/layout",
        "impression",
    ]
    assert (item.score, item.status) == (None, "incomplete")

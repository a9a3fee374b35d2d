"""How planned weights are spread by genre: figures, picture, table and json."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_example import report
from tree_example import GENRES, WEIGHTS, make, plan, task, tree

from penmark.records import Plan
from penmark.reports.figures import Spread, WeightFigures
from penmark.reports.html import write_html
from penmark.reports.render_json import as_json
from penmark.reports.summary import build_report
from penmark.reports.weights import ALL, MAX_GENRES, NO_GENRE, drawn_genres, label, planned_weights, weight_boxes

LOGIC, EMOTION = "content/logic", "content/emotion"
ONE = Spread(low=0.5, q1=0.5, median=0.5, q3=0.5, high=0.5, count=1)


def planned(*logic, genre="散文", **options):
    """Figures of tasks of one genre, with these weights for logic and the rest for emotion."""
    tasks = [task(number, genre=genre) for number in range(len(logic))]
    weights = [None if w is None else {LOGIC: w, EMOTION: 1 - w} for w in logic]
    return planned_weights(tasks, [plan(t, w) for t, w in zip(tasks, weights, strict=True)], **options)


def test_quartiles_and_ends_of_a_genre_by_hand():
    spread = planned(0.1, 0.2, 0.3, 0.4, 0.9).genres["散文"][LOGIC]
    assert spread == Spread(low=0.1, q1=0.2, median=0.3, q3=0.4, high=0.9, count=5)


def test_quartiles_between_two_tasks_are_interpolated():
    spread = planned(0.2, 0.4).genres["散文"][LOGIC]
    assert (spread.q1, spread.median, spread.q3) == pytest.approx((0.25, 0.3, 0.35))


def test_genres_stand_in_the_order_of_the_benchmark_and_nodes_in_that_of_the_tree():
    tasks = [task(number, genre=genre) for number, genre in enumerate(["书信", "散文", "书信"])]
    figures = planned_weights(tasks, [plan(t, WEIGHTS) for t in reversed(tasks)], [path for path, _ in tree().leaves()])
    assert list(figures.genres) == ["书信", "散文"]
    assert figures.nodes == ["content/opening", LOGIC, EMOTION]
    assert [figures.genres[genre][LOGIC].count for genre in figures.genres] == [2, 1]


def test_tasks_without_genres_are_taken_together():
    assert list(planned(0.3, 0.5, genre="").genres) == [ALL]


def test_a_task_without_a_genre_stands_apart_from_those_with_one():
    tasks = [task(0, genre="散文"), task(1)]
    assert list(planned_weights(tasks, [plan(t, WEIGHTS) for t in tasks]).genres) == ["散文", NO_GENRE]


def test_a_genre_that_the_plan_settled_counts_where_the_task_has_none():
    tasks = [task(0), task(1, genre="散文")]
    plans = [plan(tasks[0], WEIGHTS, tags={"genre": "letter"}), plan(tasks[1], WEIGHTS, tags={"genre": "letter"})]
    assert list(planned_weights(tasks, plans).genres) == ["letter", "散文"]


def test_repeats_make_one_task_of_their_mean():
    one = task(0, genre="散文")
    plans = [plan(one, {LOGIC: 0.2}), plan(one, None, repeat=1), plan(one, {LOGIC: 0.6}, repeat=2)]
    figures = planned_weights([one], plans)
    assert figures.genres["散文"][LOGIC].median == pytest.approx(0.4)
    assert (figures.genres["散文"][LOGIC].count, figures.unplanned) == (1, 0)


def test_tasks_whose_plan_could_not_be_had_are_counted_and_weigh_nothing():
    figures = planned(0.2, None, 0.4, None)
    assert figures.unplanned == 2
    assert figures.genres["散文"][LOGIC].count == 2


def test_a_judge_none_of_whose_plans_could_be_had_says_so():
    assert planned(None, None) == WeightFigures(genres={}, unplanned=2)


@pytest.mark.parametrize("tags", [{}, {"genre": "letter"}])
def test_plans_without_weights_are_no_weights(tags):
    record = replace(plan(task(0), {}), plan=Plan(tags=tags))
    assert planned_weights([task(0)], [record]) is None
    assert planned_weights([task(0)], []) is None


@given(st.lists(st.floats(-0.99, 0.99), min_size=1, max_size=30))
def test_the_figures_of_a_spread_never_cross(weights):
    s = planned(*weights).genres["散文"][LOGIC]
    assert s.low <= s.q1 <= s.median <= s.q3 <= s.high
    assert (s.low, s.high) == (min(weights), max(weights))


def test_the_picture_has_every_genre_and_node_and_nothing_to_fetch():
    figures = WeightFigures(genres={g: {LOGIC: ONE, "content/opening_ending": ONE} for g in GENRES}, unplanned=0)
    svg = weight_boxes(figures)
    for shown in (*GENRES, "logic", "opening ending", "Share in the score above"):
        assert shown in svg
    assert 'aria-label="Planned weights by genre, as box plots"' in svg
    assert "http" not in svg


def test_hostile_genres_are_text_in_the_picture():
    svg = weight_boxes(WeightFigures(genres={"<script>alert(1)</script>": {LOGIC: ONE}}, unplanned=0))
    assert "<script" not in svg
    assert "&lt;script" in svg


def test_a_crowd_of_genres_is_drawn_by_the_largest_only():
    sizes = {f"g{number}": 40 - number if number else 1 for number in range(20)}
    figures = WeightFigures(genres={g: {LOGIC: replace(ONE, count=n)} for g, n in sizes.items()}, unplanned=0)
    assert drawn_genres(figures) == [f"g{number}" for number in range(1, MAX_GENRES + 1)]


def test_there_is_no_picture_without_weights():
    assert weight_boxes(WeightFigures(genres={}, unplanned=3)) == ""


@pytest.mark.parametrize(
    ("node", "shown"), [("content/opening_ending", "opening ending"), ("a/tone", "a/tone"), ("b/tone", "b/tone")]
)
def test_a_node_is_named_by_the_end_of_its_path_where_that_is_enough(node, shown):
    assert label(node, ["content/opening_ending", "a/tone", "b/tone"]) == shown


@pytest.fixture
def store(tmp_path):
    with make(tmp_path / "penmark.db") as opened:
        yield opened


def test_json_gives_weights_by_genre_and_node_and_says_what_is_missing(store):
    data = as_json(build_report(store, "demo", "tree"))
    assert list(data["weights"]) == ["report", "散文", "书信"]
    assert list(data["weights"]["散文"]) == ["content/opening", LOGIC, EMOTION]
    assert data["weights"]["散文"][LOGIC] == pytest.approx({"median": 0.4, "q1": 0.4, "q3": 0.4, "n": 1})
    assert data["tasks_without_plan"] == 1


def test_json_of_a_judge_without_plans_has_no_weights():
    assert not {"weights", "tasks_without_plan"} & as_json(report()).keys()


def section(page):
    return page.split('<section id="weights">')[1].split("</section>")[0]


def test_the_page_has_the_picture_the_table_and_the_missing_plans(store, tmp_path):
    page = write_html(build_report(store, "demo", "tree"), store, tmp_path / "r.html").read_text(encoding="utf-8")
    part = section(page)
    assert part.count("<svg") == 1
    assert re.findall(r'<th scope="row">(.*?)</th>', part) == ["report", "散文", "书信"]
    assert re.findall(r"<b>(.*?)</b>", part)[:3] == ["20.0%", "50.0%", "30.0%"]
    assert "had from the judge's model: 1." in part
    assert '<a href="#weights">' in page


def test_the_page_says_when_no_plan_could_be_had(store, tmp_path):
    none = report(weights=WeightFigures(genres={}, unplanned=12))
    part = section(write_html(none, store, tmp_path / "r.html").read_text(encoding="utf-8"))
    assert "No plan could be had." in part
    assert "model: 12." in part


def test_the_page_of_a_judge_without_plans_has_no_such_part(store, tmp_path):
    page = write_html(report(), store, tmp_path / "r.html").read_text(encoding="utf-8")
    assert 'id="weights"' not in page
    assert '"#weights"' not in page

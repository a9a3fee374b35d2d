"""Several judges of one benchmark in one report."""

import io
import json
import random
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judged_example import POINTS, Judged
from openpyxl import load_workbook
from report_example import figure
from rich.cells import cell_len
from rich.console import Console

from penmark.reports.figures import JudgeFigures
from penmark.reports.html import write_html
from penmark.reports.render_csv import write_csv
from penmark.reports.render_json import as_json
from penmark.reports.render_table import as_table
from penmark.reports.render_xlsx import write_xlsx

WORDS = {"judge": "length", "unit": "words", "model": None}
SCORINGS = {**POINTS, "aggregate": "scorings"}


@pytest.fixture
def judged(tmp_path):
    """Three writers, two tasks; `tow` and `length` agree on the order, `rubric` (by leaves) has it the other way."""
    made = Judged(tmp_path)
    for name, spec in (("tow", POINTS), ("length", WORDS), ("rubric", SCORINGS)):
        made.judge(name, spec)
    for task in (0, 1):
        for place, writer in enumerate(("ann", "bob", "眠")):
            made.score("tow", task, writer, {"a": 1.0, "": 9.0 - 2 * place - task})
            made.score("length", task, writer, {"length": 1.0, "": 300.0 - 100 * place})
            made.score("rubric", task, writer, {"a": 2.0 + place, "b": 4.0 + place, "": 3.0 + place})
    yield made
    made.store.close()


def shown(report, width=100):
    console = Console(width=width)
    with console.capture() as capture:
        console.print(as_table(report))
    return capture.get()


def page(report, store, path):
    return write_html(report, store, path / "report.html").read_text(encoding="utf-8")


def test_every_judge_stands_beside_the_chosen_one_on_its_own_scale(judged):
    judges = as_json(judged.report("tow"))["judges"]
    assert list(judges) == ["tow", "length", "rubric"]
    assert [(j["unit"], j["aggregate"], j["scale"]) for j in judges.values()] == [
        ("points", "root", 10), ("words", "root", None), ("points", "scorings", 10),
    ]  # fmt: skip
    means = {name: [w["value"] for w in j["writers"].values()] for name, j in judges.items()}
    assert means == {"tow": [8.5, 6.5, 4.5], "length": [300, 200, 100], "rubric": [3, 4, 5]}
    assert list(judges["rubric"]["writers"]) == ["ann", "bob", "眠"]
    assert {*judges["tow"]} == {"unit", "aggregate", "scale", "coverage", "cost_per_response", "tau", "writers"}
    assert judges["length"]["writers"]["眠"] == {"value": 100, "ci95": [100, 100], "n": 2, "rank": 3}


def test_tau_compares_the_order_of_the_writers_with_the_reports_judge(judged):
    judges = as_json(judged.report("tow"))["judges"]
    assert [j["tau"] for j in judges.values()] == [None, 1, -1]
    assert [w["rank"] for w in judges["rubric"]["writers"].values()] == [3, 2, 1]
    assert [j["tau"] for j in as_json(judged.report("rubric"))["judges"].values()] == [None, -1, -1]


def test_tau_corrects_for_ties_and_is_none_where_nothing_is_told_apart(judged):
    for name, roots in (("tied", (5.0, 5.0, 2.0)), ("flat", (5.0, 5.0, 5.0))):
        judged.judge(name)
        for writer, root in zip(("ann", "bob", "眠"), roots, strict=True):
            judged.score(name, 0, writer, {"": root})
    judges = as_json(judged.report("tow"))["judges"]
    assert judges["tied"]["tau"] == pytest.approx(2 / (3 * 2) ** 0.5)  # 2 pairs alike, of 3 and of 2 without a tie
    assert judges["flat"]["tau"] is None
    assert [w["rank"] for w in judges["tied"]["writers"].values()] == [1, 1, 3]
    assert as_json(judged.report("tow", writers=["ann"]))["judges"]["length"]["tau"] is None


def test_a_judge_that_scored_only_some_writers_is_compared_on_those(judged):
    judged.judge("late")
    judged.score("late", 0, "bob", {"": 3.0})
    judged.score("late", 0, "眠", {"": None})
    late = as_json(judged.report("tow"))["judges"]["late"]
    assert late["coverage"] == 0.5
    assert late["tau"] is None
    assert late["writers"]["ann"] == {"value": None, "ci95": [None, None], "n": 0, "rank": None}
    assert late["writers"]["眠"]["rank"] is None


def test_a_judge_with_leaves_but_no_root_yet_has_no_means(judged):
    judged.judge("begun")
    judged.score("begun", 0, "ann", {"a": 3.0})
    begun = as_json(judged.report("tow"))["judges"]["begun"]
    assert (begun["coverage"], begun["tau"], begun["writers"]["ann"]["value"]) == (0, None, None)


def test_cost_is_that_of_the_judges_own_runs_for_each_response(judged):
    for cost in (0.25, 0.5):
        judged.call("tow", cost)
    judged.judge("copy")  # every call of its run was there already
    judged.score("copy", 0, "ann", {"": 4.0})
    judged.call("rubric", 0.1)
    judged.call("rubric", None)
    costs = {name: j["cost_per_response"] for name, j in as_json(judged.report("tow"))["judges"].items()}
    assert costs == {"tow": 0.75 / 6, "length": 0, "copy": 0, "rubric": None}


def test_the_cost_of_imported_scores_and_of_other_benchmarks_is_left_out(judged):
    judged.store.save_judge("people", {"judge": "imported", "model": None})
    judged.score("people", 0, "ann", {"": 4.0})
    other = replace(judged._run("tow"), id="other", spec={"bench": "other", "judge_name": "tow"})
    judged.store.save_run(other)
    judged.call("tow", 0.6)
    costs = {name: j["cost_per_response"] for name, j in as_json(judged.report("tow"))["judges"].items()}
    assert costs["people"] is None
    assert costs["tow"] == pytest.approx(0.1)


def test_judges_are_compared_by_default_unless_alone_or_too_many(judged, tmp_path):
    assert judged.report("tow", beside=False).judges == ()
    (tmp_path / "alone").mkdir()
    alone = Judged(tmp_path / "alone")
    alone.judge("only")
    alone.score("only", 0, "ann", {"": 1.0})
    assert alone.report("only", beside=True).judges == ()
    alone.store.close()
    for extra in range(18):
        judged.judge(f"extra {extra}")
        judged.score(f"extra {extra}", 0, "ann", {"": 1.0})
    assert judged.report("tow").judges == ()
    assert len(judged.report("tow", beside=True).judges) == 21


scores = st.lists(st.lists(st.none() | st.integers(1, 10), min_size=2, max_size=2), min_size=1, max_size=2)


@settings(max_examples=25, deadline=None)
@given(
    rounds=st.lists(st.tuples(st.integers(0, 3), st.sampled_from("uvw"), scores), min_size=1, max_size=8,
                    unique_by=lambda row: row[:2]),
    aggregate=st.sampled_from(["root", "scorings"]), partial=st.booleans(), scale=st.sampled_from([10, 100]),
)  # fmt: skip
def test_a_judge_has_the_figures_of_its_own_report(tmp_path_factory, rounds, aggregate, partial, scale):
    made = Judged(tmp_path_factory.mktemp("any"), tasks=4)
    made.judge("other", {**POINTS, "aggregate": aggregate})
    made.judge("main")
    for task, writer, repeats in rounds:
        made.score("main", task, writer, {"": 5.0})
        for repeat, (a, b) in enumerate(repeats):
            root = None if None in (a, b) else (a + b) / 2
            made.score("other", task, writer, {"a": a, "b": b, "": root}, repeat)
    options = {"partial": partial, "scale": scale, "seed": 3}
    beside = made.report("main", **options).judges[1]
    own = made.report("other", **options)
    made.store.close()
    assert (beside.name, beside.unit, beside.scale) == (own.judge, own.unit, own.scale)
    for writer in own.writers:
        found, expected = beside.writers[writer.name], writer.overall
        assert (found.count, found.asked, found.scored) == (expected.count, expected.asked, expected.scored)
        for mine, theirs in zip((found.mean, found.low, found.high), (expected.mean, expected.low, expected.high),
                                strict=True):  # fmt: skip
            assert mine == (None if theirs is None else pytest.approx(theirs))


def test_unshown_writers_change_no_figure_of_the_shown(judged):
    whole, part = judged.report("tow"), judged.report("tow", writers=["bob"])
    assert [*part.judges[2].writers] == ["bob"]
    assert part.judges[2].writers["bob"] == whole.judges[2].writers["bob"]


def test_the_terminal_shows_judges_below_each_other_within_100_columns(judged):
    for n in range(9):
        for judge in ("tow", "length"):
            judged.score(judge, 0, f"provider/model-with-a-long-name-{n}", {"": 5.0})
    text = shown(judged.report("tow"))
    assert max(cell_len(line) for line in text.splitlines()) <= 100
    assert text.count("Mean, rank and 95% interval by each judge") == 3
    assert re.search(r"length +words +100% +\d\.\d\d +0", text)
    assert "300.0 #1" in text
    assert "8.50 #1" in text
    assert "a call that two judges share" in " ".join(text.split())
    assert "Other judges" not in text


def test_the_page_shows_means_ranks_and_intervals_of_every_judge(judged, tmp_path):
    text = page(judged.report("tow"), judged.store, tmp_path)
    part = text.split('<section id="judges">')[1].split("</section>")[0]
    assert part.count("<tr>") == 4
    row = part.split('<th scope="row">rubric')[1].split("</tr>")[0]
    for expected in ("of 10, all scorings", "−1.00", "<b>5.00</b>", '<i class="place">1</i>', "3.00 to 3.00"):
        assert expected in row
    assert "眠" in part
    assert 'href="#judges"' in text
    assert "Other judges of this benchmark" not in text


def test_a_page_of_one_judge_has_no_such_part(judged, tmp_path):
    text = page(judged.report("tow", beside=False), judged.store, tmp_path)
    assert "judges" not in re.findall(r'<section id="(\w+)"', text)
    assert "Other judges of this benchmark" in text


def test_hostile_judge_names_are_text(judged, tmp_path):
    judged.judge("<img src=x>", {**WORDS, "unit": "<b>"})
    judged.score("<img src=x>", 0, "ann", {"": 1.0})
    text = page(judged.report("tow"), judged.store, tmp_path)
    assert "<img" not in text
    assert "&lt;img src=x&gt;" in text


def test_csv_and_workbook_carry_the_other_judges(judged, tmp_path):
    report = judged.report("tow")
    stream = io.StringIO()
    write_csv(report, stream)
    assert "ann,judge,length,,300.0,300.0,300.0,2,2,2,1.0\r\n" in stream.getvalue()
    write_xlsx(report, [], tmp_path / "report.xlsx")
    rows = [*load_workbook(tmp_path / "report.xlsx")["Judges"].iter_rows(values_only=True)]
    assert rows[0][:6] == ("Judge", "Unit", "Coverage", "Kendall's tau-b with tow", "USD a response", "ann")
    assert rows[3] == ("rubric", "points", 1, -1, 0, 3, 3, 4, 2, 5, 1)
    assert len(rows) == 6


def test_json_of_a_report_with_judges_has_no_nan(judged):
    judged.judge("empty-handed")
    judged.score("empty-handed", 0, "ann", {"": None})
    json.dumps(as_json(judged.report("tow")), allow_nan=False)


@pytest.mark.parametrize(
    ("scale", "mean", "decimals"), [(10, 7.5, 2), (100, 75.0, 1), (None, 812.0, 1), (None, 0.48, 3), (None, 4.8, 2)]
)
def test_means_have_as_many_decimals_as_their_scale_is_worth(scale, mean, decimals):
    judge = JudgeFigures(
        name="j", unit="u", aggregate="root", scale=scale, cost_per_response_usd=None, writers={"w": figure(mean)}
    )
    assert judge.decimals == decimals


@pytest.mark.parametrize(("cost", "text"), [(None, "–"), (0.0, "0"), (0.00071, "0.000710"), (0.0147, "0.0147")])
def test_costs_have_enough_digits_to_compare(cost, text):
    judge = JudgeFigures(name="j", unit="u", aggregate="root", scale=10, cost_per_response_usd=cost, writers={})
    assert judge.cost == text


def test_ranks_of_equal_means_do_not_hang_on_the_last_digit():
    sums = [0.1 + 0.2, 0.3, 0.1]
    random.Random(0).shuffle(sums)
    judge = JudgeFigures(
        name="j", unit="u", aggregate="root", scale=10, cost_per_response_usd=None,
        writers={str(i): figure(mean) for i, mean in enumerate(sums)},
    )  # fmt: skip
    assert sorted(judge.ranks.values()) == [1, 1, 3]

"""What became of each leaf of a judge's rubric."""

import re

import pytest
from judged_example import Judged
from rich.console import Console

from penmark.reports.html import write_html
from penmark.reports.leaves import MOST_LEAVES
from penmark.reports.render_json import as_json
from penmark.reports.render_table import as_table


@pytest.fixture
def judged(tmp_path):
    made = Judged(tmp_path)
    made.judge("tow")
    made.score(
        "tow", 0, "ann", {"content/logic": 8.0, "content/feeling": 4.0, "impression": 6.0, "content": 6.0, "": 6.0}
    )
    made.score("tow", 1, "ann", {"content/logic": None, "content/feeling": 6.0, "impression": "failed",
                                 "content": "incomplete", "": "incomplete"})  # fmt: skip
    made.score("tow", 0, "bob", {"content/logic": "empty", "content/feeling": "empty", "impression": "empty",
                                 "content": "empty", "": "empty"})  # fmt: skip
    yield made
    made.store.close()


def shown(report):
    console = Console(width=100)
    with console.capture() as capture:
        console.print(as_table(report))
    return capture.get()


def leaf(asked, scored, empty, unreadable, failed, mean):
    return {
        "asked": asked, "scored": scored, "empty": empty, "unreadable": unreadable, "failed": failed, "mean": mean,
    }  # fmt: skip


def test_each_leaf_counts_its_judgments_by_what_became_of_them(judged):
    assert as_json(judged.report("tow"))["leaves"] == {
        "content/feeling": leaf(3, 2, 1, 0, 0, pytest.approx(11 / 3)),
        "content/logic": leaf(3, 1, 1, 1, 0, 4.5),
        "impression": leaf(3, 1, 1, 0, 1, 3.5),
    }


def test_only_the_shown_writers_count_and_means_are_on_the_reports_scale(judged):
    leaves = as_json(judged.report("tow", writers=["ann"], scale=100))["leaves"]
    assert leaves["content/logic"] == leaf(2, 1, 0, 1, 0, 80)
    assert leaves["impression"] == leaf(2, 1, 0, 0, 1, 60)


def test_other_benchmarks_of_the_same_judge_do_not_count(judged, tmp_path):
    before = as_json(judged.report("tow"))["leaves"]
    judged.store.flush()
    other = Judged(tmp_path, bench="other")
    other.score("tow", 0, "ann", {"content/logic": None, "": None})
    other.store.close()
    assert as_json(judged.report("tow"))["leaves"] == before


def test_the_terminal_names_the_leaves_that_failed_and_no_others(judged):
    text = shown(judged.report("tow"))
    assert "content/logic: 1 of 3 (33.3%): 1 unreadable" in text
    assert "impression: 1 of 3 (33.3%): 1 failed" in text
    assert "content/feeling" not in text


def test_the_page_has_a_row_for_each_leaf_with_counts_and_shares(judged, tmp_path):
    text = write_html(judged.report("tow"), judged.store, tmp_path / "r.html").read_text(encoding="utf-8")
    part = text.split('<section id="leaves">')[1].split("</section>")[0]
    row = part.split('<th scope="row">content/logic</th>')[1].split("</tr>")[0]
    assert re.findall(r"<b>(\d+)</b><small[^>]*>([\d.]+%)", row) == [("1", "33.3%"), ("1", "33.3%"), ("1", "33.3%")]
    assert '<td class="num">4.50</td>' in row
    assert part.count('<th scope="row">') == 3


def test_leaves_that_were_always_scored_are_in_the_json_alone(tmp_path):
    made = Judged(tmp_path)
    made.judge("tow")
    made.score("tow", 0, "ann", {"content/logic": 8.0, "content": 8.0, "": 8.0})
    report = made.report("tow")
    text = write_html(report, made.store, tmp_path / "r.html").read_text(encoding="utf-8")
    made.store.close()
    assert as_json(report)["leaves"] == {"content/logic": leaf(1, 1, 0, 0, 0, 8)}
    assert "Leaves without a score" not in shown(report)
    assert '<section id="leaves">' not in text


def test_a_rubric_of_a_single_leaf_is_its_root(tmp_path):
    made = Judged(tmp_path)
    made.judge("gut")
    made.score("gut", 0, "ann", {"": None})
    report = made.report("gut")
    made.store.close()
    assert as_json(report)["leaves"] == {"": leaf(1, 0, 0, 1, 0, None)}
    assert "(the whole response): 1 of 1 (100.0%)" in shown(report)


@pytest.mark.parametrize(("number", "listed"), [(MOST_LEAVES, MOST_LEAVES), (MOST_LEAVES + 1, 0)])
def test_criteria_of_single_tasks_are_too_many_to_list(tmp_path, number, listed):
    made = Judged(tmp_path, tasks=number)
    made.judge("rubric")
    for task in range(number):
        made.score("rubric", task, "ann", {f"criterion {task}": None, "": None})
    report = made.report("rubric")
    made.store.close()
    assert len(report.leaves) == listed

"""Figures by task type, genre and group, where a benchmark has them."""

import csv
import io

import pytest
from judged_example import POINTS, Judged
from openpyxl import load_workbook
from rich.console import Console

from penmark.reports.figures import OPTIONAL_TAGS
from penmark.reports.html import write_html
from penmark.reports.render_csv import write_csv
from penmark.reports.render_json import as_json
from penmark.reports.render_table import as_table
from penmark.reports.render_xlsx import write_xlsx

GENRES = {0: "散文", 1: "信件类写作", 2: "散文", 3: "诗歌"}


@pytest.fixture
def judged(tmp_path):
    """Four tasks of three genres; the poem was not judged, and the last essay of bob's was not scored."""
    made = Judged(
        tmp_path, tasks=4, genre=GENRES, task_type={0: "open", 1: "guide", 2: "guide", 3: "open"},
        group={0: "creative", 1: "functional", 2: "creative", 3: "creative"},
    )  # fmt: skip
    made.judge("tow")
    for task, root in enumerate((8.0, 5.0, 6.0)):
        made.score("tow", task, "ann", {"a": 1.0, "": root})
        made.score("tow", task, "bob", {"a": 1.0, "": None if task == 2 else root - 1})
    yield made
    made.store.close()


def part_of(text, start, end):
    return text.split(start)[1].split(end)[0]


def test_each_group_is_the_mean_of_its_tasks_root_scores(judged):
    writers = as_json(judged.report("tow"))["writers"]
    assert writers["ann"]["genre"] == {"散文": 7, "信件类写作": 5, "诗歌": None}
    assert writers["bob"]["genre"] == {"散文": 7, "信件类写作": 4, "诗歌": None}
    assert writers["ann"]["task_type"] == {"open": 8, "guide": 5.5}
    assert writers["ann"]["group"] == {"creative": 7, "functional": 5}
    assert writers["bob"]["detail"]["genre"]["散文"]["coverage"] == 0.5
    assert writers["ann"]["detail"]["group"]["creative"]["n"] == 2
    low, high = writers["ann"]["detail"]["task_type"]["guide"]["ci95"]
    assert 5 <= low < high <= 6


def test_a_judge_of_scorings_averages_the_scorings_of_each_task_first(tmp_path):
    made = Judged(tmp_path, genre={0: "散文", 1: "散文"})
    made.judge("rubric", {**POINTS, "aggregate": "scorings"})
    made.score("rubric", 0, "ann", {"a": 2.0, "b": 4.0, "": 3.0})
    made.score("rubric", 1, "ann", {"c": 9.0, "": 9.0})
    writer = made.report("rubric").writers[0]
    made.store.close()
    assert writer.tags["genre"]["散文"].mean == (3 + 9) / 2
    assert writer.overall.mean == (2 + 4 + 9) / 3


def test_a_benchmark_without_these_tags_has_none_of_the_tables(tmp_path):
    made = Judged(tmp_path, domain1={0: "Law", 1: "Law"})
    made.judge("tow")
    made.score("tow", 0, "ann", {"": 5.0})
    report = made.report("tow")
    page = write_html(report, made.store, tmp_path / "r.html").read_text(encoding="utf-8")
    write_xlsx(report, [], tmp_path / "r.xlsx")
    made.store.close()
    assert not {*OPTIONAL_TAGS} & {*as_json(report)["writers"]["ann"]}
    assert '<section id="domains">' in page
    assert 'id="genre"' not in page
    assert "Genres" not in load_workbook(tmp_path / "r.xlsx").sheetnames
    console = Console(width=100)
    with console.capture() as capture:
        console.print(as_table(report))
    assert "Genres" not in capture.get()


def test_the_terminal_has_a_table_for_each_tag_with_chinese_names_whole(judged):
    console = Console(width=100)
    with console.capture() as capture:
        console.print(as_table(judged.report("tow")))
    text = capture.get()
    assert [line.split()[:3] for line in text.splitlines() if "信件类写作" in line] == [["信件类写作", "5.00", "4.00"]]
    assert "诗歌" not in text  # nothing was judged there
    for title in ("Task types", "Genres", "Groups"):
        assert title in text


def test_csv_has_the_groups_as_rows(judged):
    stream = io.StringIO()
    write_csv(judged.report("tow"), stream)
    rows = [r for r in csv.DictReader(io.StringIO(stream.getvalue(), newline="")) if r["writer"] == "ann"]
    assert [(r["name"], r["mean"]) for r in rows if r["group"] == "genre"] == [
        ("散文", "7.0"), ("信件类写作", "5.0"), ("诗歌", ""),
    ]  # fmt: skip


def test_a_workbook_has_a_sheet_for_each_tag(judged, tmp_path):
    write_xlsx(judged.report("tow"), [], tmp_path / "r.xlsx")
    book = load_workbook(tmp_path / "r.xlsx")
    assert [name for name in book.sheetnames if name in ("Task types", "Genres", "Groups")] == [
        "Task types", "Genres", "Groups",
    ]  # fmt: skip
    assert [*book["Genres"].iter_rows(values_only=True)] == [
        ("Writer", "散文", "信件类写作", "诗歌"), ("ann", 7, 5, None), ("bob", 7, 4, None),
    ]  # fmt: skip


def test_the_page_has_a_heatmap_for_each_tag_in_place_of_the_domains_it_lacks(judged, tmp_path):
    page = write_html(judged.report("tow"), judged.store, tmp_path / "r.html").read_text(encoding="utf-8")
    genre = part_of(page, '<section id="genre"', "</section>")
    assert [f'<th scope="col">{name}</th>' in genre for name in ("散文", "信件类写作", "诗歌")] == [True] * 3
    bob = part_of(genre, '<th scope="row">bob</th>', "</tr>")
    assert 'class="part few"' in bob
    assert "1 query, coverage 50%" in bob
    assert "诗歌, bob: no query" in bob
    assert 'href="#genre"' in page
    assert '<section id="domains">' not in page
    # One colour scale for all: the highest mean of any group is the darkest.
    assert part_of(page, '<section id="task_type"', "</section>").count("background:#2a3f94") == 1

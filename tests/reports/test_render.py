"""The json and terminal views of a report."""

import json
import re
from dataclasses import replace
from itertools import combinations

import pytest
from report_example import DOMAINS, WRITERS, figure, report
from rich.cells import cell_len
from rich.console import Console

from penmark.reports.figures import Difference, Figure
from penmark.reports.render_json import as_json
from penmark.reports.render_table import as_table, coverage

NOTHING = Figure(mean=None, low=None, high=None, count=0, asked=0, scored=0)


def shown(one, *, width=100, full=False):
    console = Console(width=width)
    with console.capture() as capture:
        console.print(as_table(one, full=full))
    return capture.get()


def with_writers(one, *names):
    return replace(one, writers=tuple(replace(one.writers[0], name=name) for name in names))


def test_json_has_exactly_the_keys_of_the_format_and_the_additions():
    data = as_json(report())
    assert list(data)[:3] == ["bench", "judge", "scale"]
    assert {*data} == {
        "bench", "judge", "scale", "writers", "unit", "partial", "differences", "notes", "other_judges", "judge_spec",
        "judges", "leaves",
    }  # fmt: skip
    writer = data["writers"][WRITERS[0]]
    assert {*writer} == {
        "overall", "ci95", "count", "coverage", "domain1", "domain2", "language", "requirement", "length_in",
        "length_out", "mean_words", "detail",
    }  # fmt: skip
    assert (writer["overall"], writer["ci95"]) == (7.5, [7.15, 7.9])
    assert (writer["count"], writer["coverage"]) == (8, pytest.approx(23 / 24))
    assert writer["domain1"]["Education"] == 7.5 + 4 / 5
    assert writer["requirement"]["style"] == {"R": 7.5, "C": 7.1}
    assert {*writer["requirement"]} == {"style", "format", "length"}
    assert {*writer["length_in"]} == {"<1K", "1K-3K", "3K-5K", "5K+"}


def test_json_detail_gives_every_figure_its_interval_count_and_coverage():
    detail = as_json(report())["writers"][WRITERS[0]]["detail"]
    assert detail["overall"] == {"value": 7.5, "ci95": [7.15, 7.9], "n": 8, "coverage": 23 / 24}
    assert detail["domain2"]["Meeting Minutes"]["coverage"] == 0.5
    assert detail["requirement"]["length"]["C"]["value"] == 7.1
    assert {*detail} == {"overall", "domain1", "domain2", "language", "requirement", "length_in", "length_out"}


def test_json_differences_carry_both_names_and_the_interval():
    first = as_json(report())["differences"][0]
    assert first == {"first": WRITERS[0], "second": WRITERS[1], "value": 1.0, "ci95": [0.4, 1.6], "n": 24}


def test_json_says_null_where_there_is_no_figure():
    writer = replace(report().writers[0], overall=NOTHING, tags={"domain1": {"Education": NOTHING}}, mean_words=None)
    data = json.loads(json.dumps(as_json(report(writers=(writer,))), allow_nan=False))["writers"][WRITERS[0]]
    assert data["overall"] is None
    assert data["ci95"] == [None, None]
    assert data["domain1"] == {"Education": None}
    assert data["coverage"] == 0


def test_the_table_shows_every_part_and_fits_100_columns():
    text = shown(report())
    for part in ("Overall", "95% interval", "Coverage", "Domains", "style R", "zh", "1K-3K", "Paired", "Note: The emb"):
        assert part in text
    assert all(domain in text for domain in DOMAINS)
    assert "Other judges of this benchmark: length" in text
    assert max(cell_len(line) for line in text.splitlines()) <= 100


def test_chinese_names_stay_whole_and_markup_in_names_is_text():
    text = shown(with_writers(report(), "通义千问-72B", "[bold]x[/bold]", "a\x1b[31mb"))
    assert "通义千问-72B" in text
    assert "[bold]x[/bold]" in text
    assert "\x1b" not in text


def test_twenty_writers_with_long_names_fit_into_tables_side_by_side():
    text = shown(with_writers(report(), *(f"provider/model-with-a-long-name-{i:02}" for i in range(20))))
    assert max(cell_len(line) for line in text.splitlines()) <= 100
    assert len(re.findall("^Domains", text, re.MULTILINE)) == 4
    assert "…" not in text


def test_more_writers_than_stand_abreast_have_a_row_each_where_the_groups_fit():
    text = shown(with_writers(report(), *(f"writer-{i}" for i in range(8))))
    table = text.split("Language of the task")[1].split("Length of the task")[0]
    assert re.findall(r"writer-\d", table) == [f"writer-{i}" for i in range(8)]
    assert re.search(r"writer-7 +7\.60 +7\.40", table)
    assert re.search(r"Queries +8 +8", table)


def test_titles_are_not_broken_by_a_narrow_table():
    text = shown(with_writers(report(), "a"))
    for title in (
        "Requirements (R: queries with one, C: criteria about it)",
        "Length of the response, in estimated tokens",
    ):
        assert title in text.splitlines()


def test_many_pairs_of_writers_are_cut_to_those_with_the_best_unless_all_are_wanted():
    names = [f"w{i}" for i in range(7)]
    pairs = [Difference(first=a, second=b, mean=0.1, low=0, high=1, count=9) for a, b in combinations(names, 2)]
    many = replace(report(), differences=tuple(pairs))
    assert len(re.findall(r"^ +w0 +w\d", shown(many), re.MULTILINE)) == 6
    assert not re.search(r"^ +w1 +w2", shown(many), re.MULTILINE)
    assert "15 further pairs of writers: `penmark report --full`" in shown(many)
    assert re.search(r"^ +w1 +w2", shown(many, full=True), re.MULTILINE)
    assert "further pairs" not in shown(many, full=True)
    assert "further pairs" not in shown(replace(many, differences=tuple(pairs[:15])))


def test_writers_of_one_mean_share_a_rank():
    one = report()
    tied = replace(one, writers=(one.writers[0], replace(one.writers[0], name="zwilling"), one.writers[2]))
    assert re.findall(r"^ +(\d) {3}\S", shown(tied).split("Domains")[0], re.MULTILINE) == ["1", "1", "3"]


def test_subdomains_are_listed_on_request_only():
    assert "Meeting Minutes" not in shown(report())
    assert "Meeting Minutes" in shown(report(), full=True)


@pytest.mark.parametrize(
    ("scale", "mean", "text"), [(10, 7.456, " 7.46 "), (100, 74.56, " 74.6 "), (None, 812, " 812.0 ")]
)
def test_numbers_have_two_decimals_on_scale_10_and_one_elsewhere(scale, mean, text):
    writer = replace(report().writers[0], overall=replace(figure(mean), mean=mean))
    assert text in shown(report(scale=scale, unit="points" if scale else "words", writers=(writer,)))


def test_a_dash_stands_where_there_is_no_figure():
    first, second, _ = report().writers
    writers = (
        first,
        replace(
            second, overall=NOTHING, tags={**second.tags, "domain1": dict.fromkeys(DOMAINS, NOTHING)}, mean_words=None
        ),
    )
    lines = shown(report(writers=writers)).splitlines()
    leaderboard = next(line for line in lines if "gpt-4o" in line)
    assert leaderboard.split() == ["–", "gpt-4o", "–", "–", "–", "0", "–"]
    education = next(line for line in lines if "Education" in line)
    assert education.split() == ["Education", "8.30", "–", "0-8"]


@pytest.mark.parametrize(("scored", "text"), [(10_000, "100%"), (9_999, "99.9%"), (5_000, "50%"), (0, "0%")])
def test_coverage_reads_100_per_cent_only_when_nothing_is_missing(scored, text):
    given = coverage(replace(figure(5.0), asked=10_000, scored=scored))
    assert given.plain == text
    assert bool(given.style) == (scored < 10_000)


def test_a_report_without_writers_still_renders():
    assert "judged by" in shown(report(writers=(), differences=(), domains={}))

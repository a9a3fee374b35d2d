from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from report_example import BANDS, CRITERIA, DOMAINS, HOSTILE, WRITERS, judgments, large_store, make, report, task

from penmark.records import Criterion, Judgment, Response, Rubric
from penmark.reports.drilldown import band_of, responses_with_judgments
from penmark.reports.embed import safe_json
from penmark.reports.figures import Figure
from penmark.reports.html import percent, write_html
from penmark.reports.plots import SHADES, length_curves, shade
from penmark.store import Store

PARTS = "notes leaderboard differences domains subdomains requirements languages lengths judging responses"


class Page(HTMLParser):
    """Elements of a page: (tag, attributes), ids in order, and the text of each script."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text = path.read_text(encoding="utf-8")
        self._is_script = False
        self.feed(self.text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._is_script = tag == "script"

    def handle_data(self, data):
        if self._is_script:
            self.scripts.append(data)
            self._is_script = False

    def json(self, name: str) -> dict:
        at = [a for tag, a in self.elements if tag == "script"].index({"type": "application/json", "id": name})
        return json.loads(self.scripts[at])


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with make(tmp_path_factory.mktemp("store") / "penmark.db") as opened:
        yield opened


@pytest.fixture(scope="module")
def page(store, tmp_path_factory) -> Page:
    return Page(write_html(report(), store, tmp_path_factory.mktemp("report") / "report.html"))


def test_every_part_is_there_in_order(page):
    assert [a["id"] for tag, a in page.elements if tag == "section"] == PARTS.split()


def test_figures_stand_with_interval_and_coverage(page):
    row = page.text.split("<h2>Leaderboard</h2>")[1].split("</tr>")[1]
    for expected in ("通义千问-72B", "7.50", "7.15 to 7.90", "95.8%", "23 of 24 scorings", "812"):
        assert expected in row


def test_only_differences_whose_interval_leaves_out_0_are_marked(page):
    part = page.text.split('id="differences"')[1].split("</section>")[0]
    assert part.count('<tr class="clear">') == 1
    assert "通义千问-72B is higher" in part
    assert "not told apart" in part


def test_a_report_without_scores_says_so_instead_of_failing(store, tmp_path):
    empty = report(writers=(), differences=(), domains={}, judge_spec={}, writer_specs={}, notes=())
    text = write_html(empty, store, tmp_path / "empty.html").read_text(encoding="utf-8")
    assert "No response has been judged yet" in text


def test_requirements_that_no_query_carries_are_no_table_of_dashes(store, tmp_path):
    nothing = Figure(mean=None, low=None, high=None, count=0, asked=0, scored=0)
    writers = [
        replace(w, requirement={**w.requirement, **{k: {"R": nothing, "C": nothing} for k in ("style", "format")}})
        for w in report().writers
    ]
    text = write_html(report(writers=tuple(writers)), store, tmp_path / "some.html").read_text(encoding="utf-8")
    part = text.split('<section id="requirements">')[1].split("</section>")[0]
    assert "Length" in part
    assert "Style" not in part


def test_cells_of_few_queries_are_marked(store, tmp_path):
    some, *others = report().writers
    few = replace(
        some, tags={**some.tags, "domain1": {d: replace(f, count=4) for d, f in some.tags["domain1"].items()}}
    )
    text = write_html(report(writers=(few, *others)), store, tmp_path / "few.html").read_text(encoding="utf-8")
    part = text.split('<section id="domains">')[1].split("</section>")[0]
    assert part.count(" few") == len(DOMAINS) + part.count("few-sample")
    assert "fewer than 5 queries" in part


def test_a_scale_of_100_applies_to_the_list_too(store, page, tmp_path):
    ten = page.json("penmark-index")["rows"]
    hundred = Page(write_html(report(scale=100), store, tmp_path / "100.html")).json("penmark-index")["rows"]
    assert [row[2] * 10 for row in ten if row[2]] == pytest.approx([row[2] for row in hundred if row[2]], abs=1e-3)


def test_a_judge_that_counts_words_is_shown_in_words(store, tmp_path):
    text = write_html(report(scale=None, unit="words"), store, tmp_path / "words.html").read_text(encoding="utf-8")
    assert "in words" in text
    assert "7.5</td>" in text


def test_nothing_is_fetched_from_a_network(page):
    resources = [a[key] for _, a in page.elements for key in ("src", "href", "xlink:href") if a.get(key)]
    assert {link.split(":")[0] for link in resources if not link.startswith("#")} == {"data"}
    assert not re.search(r"https?://|url\(|@import|fetch\(|XMLHttpRequest", page.text)
    policy = next(a["content"] for tag, a in page.elements if a.get("http-equiv"))
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert "file:" not in policy


def test_writing_cannot_leave_its_place(page):
    tags = [tag for tag, _ in page.elements]
    assert "img" not in tags
    assert tags.count("script") == 3  # index, one piece, our program
    assert not [a for _, a in page.elements if any(name.startswith("on") for name in a)]
    responses = page.json("penmark-piece-0")["responses"]
    assert [verdicts[0][0][3] for text, _, _, verdicts in responses if text == HOSTILE] == [HOSTILE]


def test_hostile_names_and_notes_are_escaped(store, tmp_path):
    hostile = report(
        bench="demo", judge=HOSTILE, notes=(HOSTILE,), judge_spec={HOSTILE: HOSTILE}, writer_specs={HOSTILE: {}},
        domains={HOSTILE: (HOSTILE,)},
    )  # fmt: skip
    written = Page(write_html(hostile, store, tmp_path / "hostile.html"))
    tags = [tag for tag, _ in written.elements]
    assert "img" not in tags
    assert tags.count("script") == 3
    assert not [a for _, a in written.elements if any(name.startswith("on") for name in a)]


def test_json_in_a_script_element_is_inert_and_means_the_same():
    text = safe_json({"a": HOSTILE})
    assert not re.search("[<>&\u2028\u2029]", text)
    assert json.loads(text) == {"a": HOSTILE}


def test_an_unscored_response_has_no_number_anywhere(page):
    index, piece = page.json("penmark-index"), page.json("penmark-piece-0")
    states = [(row[2], index["statuses"][row[3]], piece["responses"][row[5]]) for row in index["rows"]]
    unscored = [(state, row) for score, state, row in states if score is None]
    assert len(unscored) == 2
    assert {state for state, _ in unscored} == {"incomplete"}
    assert [0, None, "unreadable", "Clear and complete.", None] in unscored[0][1][3][0] + unscored[1][1][3][0]


def test_a_missing_text_says_why(page):
    absent = [row for row in page.json("penmark-piece-0")["responses"] if row[0] is None]
    assert [row[1] for row in absent] == ["the writer gave none: time-out after 60 s"]


def test_task_texts_and_rubrics_are_stored_once(page):
    piece = page.json("penmark-piece-0")
    assert len(piece["responses"]) == 72
    assert len(piece["tasks"]) == 24
    assert len(piece["rubrics"]) == 1
    assert page.text.count("Job 5: report on the trial.") == 2  # snippet in the index, text in the piece


def test_a_large_report_becomes_a_page_and_bounded_files(tmp_path, tmp_path_factory):
    path = tmp_path / "my report.html"
    folder = tmp_path / "my report-responses"
    with large_store(tmp_path_factory.getbasetemp()) as store:
        written = Page(write_html(report(), store, path, max_bytes=1_000_000))
        files = sorted(folder.iterdir())
        assert len(files) > 3
        assert max(f.stat().st_size for f in files) < 600_000
        assert path.stat().st_size < 1_000_000
        index = written.json("penmark-index")
        assert len(index["rows"]) == 5001
        assert index["pieces"] == len(files)
        assert all(re.match(r"penmarkPiece\(\d+, \{", f.read_text(encoding="utf-8")) for f in files)
        assert next(a for tag, a in written.elements if a.get("id") == "browse")["data-folder"] == folder.name

        (folder / "mine.txt").write_text("keep", encoding="utf-8")
        write_html(report(), store, path)
        assert [f.name for f in folder.iterdir()] == ["mine.txt"]
        assert path.stat().st_size > 2_000_000
    assert not list(tmp_path.glob(".penmark-*"))


def test_responses_are_read_one_at_a_time(store):
    reading = responses_with_judgments(store, "demo", "rubric", WRITERS)
    asked: list[str] = []
    store.db.set_trace_callback(lambda sql: asked.append(sql) if "FROM judgments" in sql else None)
    next(reading)
    next(reading)
    store.db.set_trace_callback(None)
    reading.close()
    assert len(asked) == 2


def test_items_carry_task_verdicts_and_rubric(store):
    item = next(i for i in responses_with_judgments(store, "demo", "rubric", ["gpt-4o"]) if i.score is not None)
    assert item.response.writer == "gpt-4o"
    assert [c.node for c in item.criteria] == list(CRITERIA)
    assert item.criteria[0].bands == BANDS
    assert item.score == pytest.approx(sum(c.judgments[0].score for c in item.criteria) / 3)


@pytest.fixture
def one_response(tmp_path):
    with Store(tmp_path / "one.db") as store:
        response = Response(task=task(0).key, writer="w", text="text")
        store.save_tasks({0: task(0)})
        store.save_responses(response)
        yield store, response


def test_repeats_are_all_kept_and_the_score_is_their_mean(one_response):
    store, response = one_response
    again = [Judgment(response=response.key, judge="rubric", node="", score=9.0, status="scored", repeat=1)]
    store.save_judgments(*judgments(response, [4, 4, 4]), *again, run="r")
    store.flush()
    (item,) = responses_with_judgments(store, "demo", "rubric", [])
    assert item.score == 6.5
    assert [c.node for c in item.criteria] == list(CRITERIA)


def test_another_rubric_is_read_from_the_judge(one_response):
    store, response = one_response
    other = Rubric.flat((Criterion(name="结构", description="from the judge"), Criterion(name="Depth", description="")))
    spec = {"rubric": [{"children": []}, json.loads(json.dumps(asdict(other)))]}
    store.save_judge("static", spec)
    for node in ("结构", "Depth"):
        store.save_judgments(
            Judgment(response=response.key, judge="static", node=node, score=3.0, status="scored"), run="r"
        )
    store.flush()
    (item,) = responses_with_judgments(store, "demo", "static", [])
    assert [(c.node, c.description) for c in item.criteria] == [("结构", "from the judge"), ("Depth", "")]


def test_a_rubric_of_a_single_leaf_shows_its_root(one_response):
    store, response = one_response
    store.save_judgments(Judgment(response=response.key, judge="gut", node="", score=3.0, status="scored"), run="r")
    store.flush()
    (item,) = responses_with_judgments(store, "demo", "gut", [])
    assert [(c.node, c.judgments[0].score) for c in item.criteria] == [("", 3.0)]


def test_a_response_the_judge_never_saw_is_not_judged(one_response):
    store, _ = one_response
    store.flush()
    (item,) = responses_with_judgments(store, "demo", "rubric", [])
    assert (item.score, item.status, item.criteria) == (None, "not judged", ())


@pytest.mark.parametrize(
    ("score", "band"),
    [(1, 0), (2, 0), (2.5, 0), (3, 1), (8.5, 3), (9, 4), (10, 4), (0, None), (11, None), (None, None)],
)
def test_the_band_that_contains_the_score(score, band):
    assert band_of(BANDS, score) == band


@pytest.mark.parametrize("bands", [(), (("good", "text"),)])
def test_no_band_is_marked_where_bands_have_no_numbers(bands):
    assert band_of(bands, 5) is None


def test_bands_may_run_from_high_to_low():
    assert band_of(tuple(reversed(BANDS)), 9) == 0


@pytest.mark.parametrize(
    ("share", "shown"), [(1.0, "100%"), (0.9999, "99.9%"), (0.5, "50%"), (0.98, "98%"), (0.0, "0%")]
)
def test_coverage_is_never_rounded_up(share, shown):
    assert percent(share) == shown


def test_curves_carry_names_in_any_script_and_nothing_to_fetch():
    svg = length_curves(report())
    assert "通义千问-72B" in svg
    assert "&lt;b&gt;" in svg
    assert "http" not in svg
    assert "<b>" not in svg


def test_there_are_no_curves_without_scores():
    assert length_curves(report(writers=())) == ""


@pytest.mark.parametrize("step", range(41))
def test_heatmap_text_can_be_read_on_every_colour(step):
    background, text = shade(step, 0, 40)
    lights = sorted((_luminance(background), 0.0 if text == "#000" else 1.0))
    assert (lights[1] + 0.05) / (lights[0] + 0.05) >= 4.5


def test_the_ends_of_the_heatmap_scale_have_the_end_colours():
    assert (shade(2, 2, 8)[0], shade(8, 2, 8)[0]) == (SHADES[0], SHADES[-1])


def test_every_subdomain_stands_under_its_domain(page):
    part = page.text.split('id="subdomains"')[1].split("</section>")[0]
    for domain, subdomains in DOMAINS.items():
        block = part.split(f'<th scope="col">{domain.replace("&", "&amp;")}</th>')[1].split("</table>")[0]
        assert re.findall(r'<th scope="row">(.*?)</th>', block) == list(subdomains)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

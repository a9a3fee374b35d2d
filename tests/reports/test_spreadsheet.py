"""The csv and xlsx views of a report: readable back, and inert."""

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openpyxl import load_workbook
from report_example import HOSTILE, WRITERS, fill_store, report

from penmark.reports.figures import Figure
from penmark.reports.render_csv import write_csv
from penmark.reports.render_xlsx import write_xlsx
from penmark.reports.spreadsheet import CELL_LIMIT, JudgmentRow, cell_text, inert, judgment_rows
from penmark.store import Store

SHEETS = ["Leaderboard", "Domains", "Subdomains", "Requirements", "Length", "Differences", "Judgments"]
FORMULAS = [
    "=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\rx", "\n=1", "  =1", "\u00a0=1", "\ufeff=1", "\u200b@x", "\x00=1",
    "＝1+1", "\u3000－1", '=HYPERLINK("http://x","y")',
]  # fmt: skip


def judgment(**changes):
    fields = {
        "task": "1", "writer": "W", "criterion": "a", "repeat": 0, "score": 7.0, "status": "scored", "reason": "why",
        "text": "text",
    }  # fmt: skip
    return JudgmentRow(**{**fields, **changes})


def workbook(path, one=None, judgments=()):
    write_xlsx(one or report(), judgments, path / "report.xlsx")
    return load_workbook(path / "report.xlsx")


def rows_of(one):
    stream = io.StringIO()
    write_csv(one, stream)
    return list(csv.DictReader(io.StringIO(stream.getvalue(), newline="")))


@pytest.mark.parametrize("text", FORMULAS)
def test_text_that_could_run_gets_an_apostrophe(text):
    assert inert(text) == "'" + text


@pytest.mark.parametrize("text", ["", "plain", "1+1=2", "a=b", "通义千问", "'=1", "(=1)", "3.5", " x -1"])
def test_other_text_stays_as_it_is(text):
    assert inert(text) == text


@given(st.text())
def test_no_text_begins_like_a_formula_once_inert_and_doing_it_twice_changes_nothing(text):
    once = inert(text)
    assert once.lstrip()[:1] not in {"=", "+", "-", "@"}
    assert inert(once) == once
    assert once.endswith(text)


@given(
    st.text(alphabet=st.characters(exclude_categories=[]), min_size=1, max_size=5)
    | st.sampled_from(["<r></r>", "a😀"]),
    st.integers(1, 40_000),
)
@example("<r></r>", CELL_LIMIT // 7)
def test_any_text_fits_a_cell_and_none_passes_for_rich_text(piece, times):
    text = cell_text(piece * times)
    assert len(text.encode("utf-16-le")) <= 2 * CELL_LIMIT
    assert not (text.startswith("<r>") and text.endswith("</r>"))


def test_csv_has_a_row_for_each_figure_of_each_writer():
    rows = rows_of(report())
    assert list(rows[0]) == [
        "writer", "group", "name", "measure", "mean", "ci_low", "ci_high", "queries", "asked", "scored", "coverage",
    ]  # fmt: skip
    assert [r["group"] for r in rows if r["writer"] == WRITERS[0]].count("domain2") == 12
    (overall,) = (r for r in rows if r["writer"] == WRITERS[0] and r["group"] == "overall")
    assert [float(overall[k]) for k in ("mean", "ci_low", "queries", "asked", "scored")] == [7.5, 7.15, 8, 24, 23]
    requirement = [(r["name"], r["measure"]) for r in rows if r["writer"] == WRITERS[0] and r["group"] == "requirement"]
    assert requirement == [(kind, measure) for kind in ("style", "format", "length") for measure in "RC"]


def test_csv_leaves_missing_figures_empty_and_negative_numbers_numbers():
    nothing = Figure(mean=None, low=None, high=None, count=0, asked=0, scored=0)
    negative = replace(nothing, mean=-1.5, low=-2.0, high=-1.0)
    writer = replace(report().writers[0], overall=nothing, tags={"domain1": {"Education": negative}})
    overall, education, *_ = rows_of(report(writers=(writer,)))
    assert (overall["mean"], overall["ci_low"], overall["coverage"]) == ("", "", "0.0")
    assert education["mean"] == "-1.5"


def test_csv_files_open_in_excel_with_chinese_names(tmp_path):
    write_csv(report(), tmp_path / "report.csv")
    raw = (tmp_path / "report.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbfwriter,")
    assert "通义千问-72B" in raw.decode("utf-8")


@pytest.mark.parametrize("name", FORMULAS)
def test_names_that_are_formulas_are_inert_in_csv(name):
    writer = replace(
        report().writers[0],
        name=name,
        tags={**report().writers[0].tags, "domain1": {name: report().writers[0].overall}},
    )
    rows = rows_of(report(writers=(writer,)))
    assert {r["writer"] for r in rows} == {"'" + name}
    assert [r["name"] for r in rows if r["group"] == "domain1"] == ["'" + name]


def test_a_line_break_in_a_name_starts_no_row_of_its_own_in_csv():
    stream = io.StringIO()
    write_csv(report(writers=(replace(report().writers[0], name="a\r=1+1"),)), stream)
    assert '"a\r=1+1",overall' in stream.getvalue()


def test_xlsx_has_every_sheet_with_a_frozen_header_and_the_figures(tmp_path):
    book = workbook(tmp_path, judgments=[judgment(), judgment(criterion="b", score=None, status="unreadable", text="")])
    assert book.sheetnames == SHEETS
    assert all(sheet.freeze_panes == "B2" for sheet in book)
    leaderboard = book["Leaderboard"]
    assert [c.value for c in leaderboard[2]] == [WRITERS[0], 1, 7.5, 7.15, 7.9, 23 / 24, 8, 24, 23, 812.4]
    assert leaderboard["C2"].number_format == "0.00"
    assert leaderboard["F2"].number_format == "0.0%"
    assert [c.value for c in book["Domains"][1]][-3:] == ["Advertising & Marketing", "zh", "en"]
    assert book["Domains"].conditional_formatting
    assert [c.value for c in book["Subdomains"][2]] == ["Abstract", "Academic & Engineering", 7.5, 6.5, 5.5]
    assert [c.value for c in book["Requirements"][1]][:3] == ["Writer", "style R", "style C"]
    assert [c.value for c in book["Differences"][2]] == [WRITERS[0], WRITERS[1], 1.0, 0.4, 1.6, 24]
    assert [c.value for c in book["Judgments"][2]] == ["1", "W", "a", 0, 7, "scored", "why", "text"]
    assert [c.value for c in book["Judgments"][3]][4:6] == [None, "unreadable"]


def test_xlsx_leaves_out_sheets_that_would_hold_no_figure(tmp_path):
    nothing = replace(report().writers[0].overall, asked=0)
    kinds = {kind: {"R": nothing, "C": nothing} for kind in ("style", "format", "length")}
    writers = tuple(replace(w, requirement=kinds, tags={"domain1": {}, "language": {}}) for w in report().writers)
    assert workbook(tmp_path, report(writers=writers, domains={})).sheetnames == [
        "Leaderboard", "Domains", "Length", "Differences", "Judgments",
    ]  # fmt: skip


def test_xlsx_tells_the_notes_below_the_leaderboard(tmp_path):
    column = [cell.value for cell in workbook(tmp_path)["Leaderboard"]["A"]]
    assert "The embedded model judges poorly." in column


@pytest.mark.parametrize("text", [*FORMULAS, "http://example.org", "{=1+1}", "<r>x</r>", "<r><t>a</t></r>", HOSTILE])
def test_no_text_in_a_workbook_is_a_formula_or_a_link(tmp_path, text):
    writer = replace(
        report().writers[0],
        name=text,
        tags={**report().writers[0].tags, "domain1": {text: report().writers[0].overall}},
    )
    one = report(writers=(writer,), domains={text: (text,)}, differences=(), notes=(text,), bench=text)
    row = judgment(task=text, writer=text, criterion=text, reason=text, text=text)
    book = workbook(tmp_path, one, [row])
    cells = [cell for sheet in book for line in sheet.iter_rows() for cell in line if isinstance(cell.value, str)]
    assert {cell.data_type for cell in cells} == {"s"}
    assert not any(cell.hyperlink for cell in cells)
    # White space and control characters come back escaped or trimmed, so only what starts with the sign is compared.
    assert not any(cell.value.startswith(("=", "+", "-", "@")) for cell in cells)


def test_a_text_longer_than_a_cell_is_cut_and_one_that_fits_is_kept(tmp_path):
    judgments = [judgment(text="好" * 40_000), judgment(text="😀" * 20_000), judgment(text="好" * CELL_LIMIT)]
    cells = [row[7].value for row in workbook(tmp_path, judgments=judgments)["Judgments"].iter_rows(min_row=2)]
    assert [len(cell) for cell in cells] == [CELL_LIMIT, CELL_LIMIT // 2, CELL_LIMIT]


def test_judgments_come_from_the_store_with_the_text_once_for_each_response(tmp_path):
    with Store(tmp_path / "penmark.db") as store:
        fill_store(store, tasks=2)
        rows = list(judgment_rows(store, report()))
        some = list(judgment_rows(store, report(writers=report().writers[:1])))
        book = workbook(tmp_path, judgments=rows)
    assert len(rows) == 2 * 3 * 4
    texts = [row.text for row in rows if row.text]
    assert len(texts) == len(set(texts)) == 2 * 3 - 1  # One response has no text.
    assert {row.writer for row in some} == {WRITERS[0]}
    unscored = [row for row in rows if row.status == "unreadable"]
    assert all(row.score is None for row in unscored)
    assert len(unscored) > 0
    assert book["Judgments"].max_row == len(rows) + 1
    assert any(cell.value == HOSTILE for cell in book["Judgments"]["H"])


def test_a_report_without_writers_still_makes_a_workbook(tmp_path):
    book = workbook(tmp_path, report(writers=(), differences=(), domains={}))
    assert book.sheetnames == [name for name in SHEETS if name not in ("Subdomains", "Requirements")]

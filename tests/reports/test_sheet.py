"""Findings about judges as tables and as pages."""

from io import StringIO

import pytest
from rich.cells import cell_len
from rich.console import Console

from penmark.reports.calibration_plot import calibration_plot
from penmark.reports.sheet import Cell, Section, Sheet, as_rich, money, number, percent, write_page

HOSTILE = "<script>alert(1)</script>\x1b[31m"


def sheet(*rows, title="T", notes=()):
    columns = ("Name", *(f"c{i}" for i in range(len(rows[0][1]))))
    return Sheet(title=title, sections=[Section(title="S", columns=columns, rows=rows)], notes=notes)


def printed(made, width=120):
    console = Console(width=width, record=True, file=StringIO())
    console.print(as_rich(made))
    return console.export_text()


def test_figures_as_readers_see_them():
    assert (number(None), number(-0.125), number(1234.5)) == ("–", "−0.12", "1,234.50")
    assert (percent(0.9999), percent(1), percent(None)) == ("99.9%", "100%", "–")
    assert (money(None), money(0), money(0.00123)) == ("unknown", "0", "0.00123")


def test_what_others_wrote_cannot_speak_in_a_page_or_a_terminal(tmp_path):
    made = sheet((HOSTILE, [Cell(HOSTILE, HOSTILE)]), title=HOSTILE, notes=[HOSTILE])
    write_page(made, tmp_path / "deep" / "page.html")
    page = (tmp_path / "deep" / "page.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "\x1b" not in printed(made)


def test_notes_stand_below_their_figure_where_a_table_is_wide():
    narrow, wide = (printed(sheet(("n", [Cell("0.57", "[0.54, 0.60]")] * k))) for k in (2, 7))
    assert "0.57 [0.54, 0.60]" in narrow
    assert "0.57 [0.54, 0.60]" not in wide
    assert wide.count("[0.54, 0.60]") == 7


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_figure_name_or_line_is_cut_whatever_the_width(width):
    cells = [Cell(f"−{i}.125", "[−12.25, 12,345.5]", heat=0.1) for i in range(8)]
    out = printed(sheet(("裁判 a", cells), ("another judge", cells)), width)
    words = out.split()
    for i in range(8):
        assert words.count(f"−{i}.125") == 2
    assert words.count("12,345.5]") == 16
    assert "another judge" in out
    assert max(cell_len(line) for line in out.splitlines()) <= width
    assert (out.count("continued") > 0) == (width < 120)


def test_heat_is_shared_by_the_cells_of_a_section(tmp_path):
    write_page(sheet(("n", [Cell("a", heat=0.1), Cell("b", heat=0.9), Cell("c")])), tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count('style="background:#') == 2


@pytest.mark.parametrize("low", [None, 0.4])
def test_a_picture_needs_two_points_and_no_intervals(low):
    points = [{"x": x, "y": 0.5, "low": low, "high": low and 0.6} for x in (1.0, 2.0)]
    assert calibration_plot(points[:1], "x", "y") == ""
    svg = calibration_plot(points, "score (points)", "mean human rating")
    assert svg.startswith("<svg")
    assert "mean human rating" in svg

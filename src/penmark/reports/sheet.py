"""Tables and pictures of a finding about judges: described once, printed in a terminal or written as a page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from penmark import __version__
from penmark.reports.plots import shade
from penmark.reports.render_table import NO_FIGURE, plain

TEMPLATES = Path(__file__).parent / "templates"
WIDTH, LONGEST_NAME = 120, 20  # of a table in a terminal, with room for the names of its rows
Mood = Literal["", "good", "bad"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table.

    Attributes:
        note: a smaller second line, such as an interval.
        mood: "bad" for what should worry a reader, "good" for its opposite.
        heat: its place among the section's cells, which share a colour scale; None = no colour.
    """

    text: str
    note: str = ""
    mood: Mood = ""
    heat: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A table or a picture with what one must know to read it.

    Attributes:
        says: what it shows, in a sentence or two, above it.
        rows: names and cells; the name of a row stands first.
        svg: a picture, as inline SVG of our own making; shown on pages only.
        legend: how to read single columns, below.
    """

    title: str
    says: str = ""
    columns: Sequence[str] = ()
    rows: Sequence[tuple[str, Sequence[Cell]]] = ()
    svg: str = ""
    legend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A finding.

    Attributes:
        about: what such findings are about, above the title.
        lead: what it comes to, in plain words, one sentence each.
        facts: name to value, beside the title.
    """

    title: str
    sections: Sequence[Section]
    lead: Sequence[str] = ()
    facts: Mapping[str, str] | None = None
    notes: Sequence[str] = ()
    about: str = "how far a judge can be trusted"


def number(value: float | None, decimals: int = 2) -> str:
    """A figure as readers see it; a dash where there is none."""
    return NO_FIGURE if value is None else f"{value:,.{decimals}f}".replace("-", "−")


def percent(value: float | None) -> str:
    """A share in per cent, rounded down so that only the whole reads 100%; a dash where there is none."""
    return NO_FIGURE if value is None else f"{math.floor(1000 * value) / 10:g}%"


def money(value: float | None) -> str:
    """USD; "unknown" where it is not known."""
    return "unknown" if value is None else "0" if value == 0 else f"{value:.4g}"


def as_rich(sheet: Sheet) -> RenderableType:
    """The sheet for a terminal of 120 columns."""
    parts: list[RenderableType] = [Text(plain(sheet.title), style="bold")]
    parts += [Text(plain(sentence)) for sentence in sheet.lead]
    for section in (s for s in sheet.sections if s.rows):
        parts.append(_table(section))
        if section.legend:
            parts.append(Text(plain(section.legend), style="dim"))
    return Group(*parts, *(Text(f"Note: {plain(note)}", style="yellow") for note in sheet.notes))


def _table(section: Section) -> Table:
    table = Table(title=Text(plain(section.title)), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for i, name in enumerate(section.columns):
        table.add_column(Text(plain(name)), justify="right" if i else "left", overflow="fold")
    styles = {"good": "green", "bad": "bold red", "": ""}
    columns = zip(section.columns[1:], *(cells for _, cells in section.rows), strict=True)
    widths = (max(len(name), *(len(f"{c.text} {c.note}") for c in cells)) for name, *cells in columns)
    between = " " if sum(width + 3 for width in widths) < WIDTH - LONGEST_NAME else "\n"
    for name, cells in section.rows:
        shown = (f"{c.text}{between}{c.note}".strip() for c in cells)
        table.add_row(Text(plain(name)), *(_styled(text, styles[c.mood]) for text, c in zip(shown, cells, strict=True)))
    return table


def _styled(text: str, style: str) -> Text:
    return Text("\n".join(map(plain, text.split("\n"))), style)


def write_page(sheet: Sheet, path: Path) -> None:
    """Write the sheet as one offline page; its folder is made when missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("sheet.html.j2").render(
        sheet=sheet,
        sections=[(s, Markup(s.svg), _heats(s)) for s in sheet.sections],
        style=Markup((TEMPLATES / "style.css").read_text(encoding="utf-8")),
        version=__version__,
        date=datetime.now(UTC),
    )
    path.write_text(page, encoding="utf-8", errors="replace", newline="\n")


def _heats(section: Section) -> dict[float, str]:
    """CSS of each heat among the section's cells."""
    values = [cell.heat for _, cells in section.rows for cell in cells if cell.heat is not None]
    colours = {value: shade(value, min(values), max(values)) for value in values}
    return {value: f"background:{back};color:{ink}" for value, (back, ink) in colours.items()}

"""Tables and pictures of a finding about judges: described once, printed in a terminal or written as a page."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.table import Table
from rich.text import Text

from penmark import __version__
from penmark.reports.plots import shade
from penmark.reports.render_table import NO_FIGURE, plain

TEMPLATES = Path(__file__).parent / "templates"
LONGEST_NAME, LONGEST_TITLE = 20, 12  # of a row and of a column in a terminal; longer ones go on below
BETWEEN, EDGES = 3, 4  # columns of a table, and around all of them
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
    """The sheet for a terminal of any width: columns that do not fit stand in a table of their own below."""
    parts: list[RenderableType] = [Text(plain(sheet.title), style="bold")]
    parts += [Text(plain(sentence)) for sentence in sheet.lead]
    for section in (s for s in sheet.sections if s.rows):
        parts.append(_Fitted(section))
        if section.legend:
            parts.append(Text(plain(section.legend), style="dim"))
    return Group(*parts, *(Text(f"Note: {plain(note)}", style="yellow") for note in sheet.notes))


@dataclass(frozen=True, slots=True)
class _Fitted:
    """A section as tables, as many as the terminal's width asks for."""

    section: Section

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        room = options.max_width - EDGES - _names(self.section)
        parts = list(_parts(self.section, room))
        for part in parts:
            title = self.section.title if part is parts[0] else f"{self.section.title}, continued"
            yield Text(plain(title), style="bold")
            yield _table(self.section, part, room)


def _names(section: Section) -> int:
    """Width of the names of the rows; longer ones go on below."""
    names = [section.columns[0], *(name for name, _ in section.rows)]
    return min(LONGEST_NAME, max(cell_len(plain(name)) for name in names))


def _parts(section: Section, room: int) -> Iterator[list[int]]:
    """Columns that fit side by side beside the names, without a number or word cut in two."""
    part: list[int] = []
    left = room
    for column in range(1, len(section.columns)):
        needed = _needed(section, column) + BETWEEN
        if part and needed > left:
            yield part
            part, left = [], room
        part.append(column)
        left -= needed
    yield part


def _needed(section: Section, column: int) -> int:
    """Width of the longest number or word in a column, of which a title may be cut."""
    title = min(LONGEST_TITLE, max((cell_len(word) for word in plain(section.columns[column]).split()), default=0))
    words = (word for cell in _cells(section, column) for word in plain(f"{cell.text} {cell.note}").split())
    return max(title, *(cell_len(word) for word in words), 1)


def _wanted(section: Section, column: int, between: str) -> int:
    """Width of a column of which no line is broken."""
    lines = (line for cell in _cells(section, column) for line in f"{cell.text}{between}{cell.note}".split("\n"))
    return max(cell_len(plain(section.columns[column])), *(cell_len(plain(line)) for line in lines))


def _cells(section: Section, column: int) -> list[Cell]:
    return [cells[column - 1] for _, cells in section.rows]


def _widths(section: Section, part: Sequence[int], room: int, between: str) -> list[int]:
    """What each column needs and, as long as there is room, what it wants."""
    widths = [_needed(section, column) for column in part]
    left = max(0, room - sum(width + BETWEEN for width in widths))
    for at, column in enumerate(part):
        more = min(left, max(0, _wanted(section, column, between) - widths[at]))
        widths[at] += more
        left -= more
    return widths


def _table(section: Section, part: Sequence[int], room: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column(Text(plain(section.columns[0])), overflow="fold", width=_names(section))
    one_line = sum(_wanted(section, column, " ") + BETWEEN for column in part)
    between = " " if one_line <= room else "\n"
    for column, width in zip(part, _widths(section, part, room, between), strict=True):
        table.add_column(Text(plain(section.columns[column])), justify="right", overflow="fold", width=width)
    styles = {"good": "green", "bad": "bold red", "": ""}
    for name, cells in section.rows:
        shown = ((f"{c.text}{between}{c.note}".strip(), styles[c.mood]) for c in (cells[at - 1] for at in part))
        table.add_row(Text(plain(name)), *(_styled(text, style) for text, style in shown))
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

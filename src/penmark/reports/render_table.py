"""A report as tables for the terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from rich import box
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from penmark.reports.figures import (
    FAILURES,
    OPTIONAL_TAGS,
    SHARED_CALLS,
    TAG_TITLES,
    WHOLE,
    Difference,
    Figure,
    JudgeFigures,
    LeafFigures,
    Report,
    WriterFigures,
    decimals_of,
)

NO_FIGURE = "–"
WIDTH = 100
MOST_DIFFERENCES = 15  # all pairs of six writers
WRITERS_ABREAST = 5  # with the names of the rows they fit into 100 columns
Rows = Mapping[str, Sequence[Figure]]  # name of the row to one figure a writer


def as_table(report: Report, *, full: bool = False) -> RenderableType:
    """The report as a group of tables, readable at 100 columns.

    Args:
        report: what to show.
        full: also the subdomains, which are a hundred in WritingBench.
    """
    parts: list[RenderableType] = [_leaderboard(report)]
    for tag in ("domain1", "domain2", *OPTIONAL_TAGS):
        if full or tag != "domain2":
            parts += _by_writers(report, TAG_TITLES[tag], _rows(report.writers, tag))
    parts += _by_writers(report, "Requirements (R: queries with one, C: criteria about it)", _requirements(report))
    parts += _by_writers(report, TAG_TITLES["language"], _rows(report.writers, "language"))
    parts += _by_writers(report, "Length of the task, in estimated tokens", _rows(report.writers, "length_in"))
    parts += _by_writers(report, "Length of the response, in estimated tokens", _rows(report.writers, "length_out"))
    parts += _differences(report, full=full)
    parts += [*_judges(report), *_leaves(report)]
    parts += [Text(f"Note: {note}", style="yellow") for note in report.notes]
    if report.other_judges and not report.judges:
        parts.append(Text(f"Other judges of this benchmark: {', '.join(map(plain, report.other_judges))}"))
    return Group(*chain.from_iterable(map(_titled, parts)))


def _titled(part: RenderableType) -> Iterator[RenderableType]:
    """The part, the title of a table as a line of its own: within a narrow table it would be broken."""
    if isinstance(part, Table) and part.title:
        yield Text(str(part.title), style="bold")
        part.title = None
    yield part


def plain(text: str) -> str:
    """The text without characters that could steer a terminal."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def number(value: float | None, scale: int | None) -> str:
    """The value with as many decimals as its scale is worth; a dash for None."""
    return NO_FIGURE if value is None else f"{value:.{decimals_of(value, scale)}f}"


def coverage(figure: Figure) -> Text:
    """Scored / asked in per cent, rounded down so that only full coverage reads 100%; highlighted below that."""
    if not figure.asked:
        return Text(NO_FIGURE)
    share = f"{math.floor(1000 * figure.coverage) / 10:g}%"
    return Text(share, style="" if figure.scored == figure.asked else "bold yellow")


def _interval(low: float | None, high: float | None, scale: int | None) -> str:
    return NO_FIGURE if low is None or high is None else f"[{number(low, scale)}, {number(high, scale)}]"


def _table(title: str, names: Sequence[str], *, left: int) -> Table:
    """An empty table whose first `left` columns hold names and the others numbers."""
    table = Table(title=Text(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1))
    for i, name in enumerate(names):
        table.add_column(Text(plain(name)), justify="left" if i < left else "right", overflow="fold")
    return table


def _leaderboard(report: Report) -> Table:
    shown = f"0-{report.scale}" if report.scale else report.unit
    title = f"{plain(report.bench)} judged by {plain(report.judge)}, {shown}{', partial' if report.partial else ''}"
    table = _table(title, ("#", "Writer", "Overall", "95% interval", "Coverage", "Queries", "Words"), left=0)
    table.columns[1].justify = "left"
    for writer in report.writers:
        figure = writer.overall
        table.add_row(
            Text(str(report.ranks.get(writer.name, NO_FIGURE))),
            Text(plain(writer.name)),
            Text(number(figure.mean, report.scale)),
            Text(_interval(figure.low, figure.high, report.scale)),
            coverage(figure),
            Text(str(figure.count)),
            Text(NO_FIGURE if writer.mean_words is None else f"{writer.mean_words:.0f}"),
        )
    return table


def _rows(writers: Sequence[WriterFigures], group: str) -> Rows:
    names = writers[0].groups().get(group, ()) if writers else ()
    return {name: [writer.groups()[group][name] for writer in writers] for name in names}


def _requirements(report: Report) -> Rows:
    kinds = report.writers[0].requirement if report.writers else {}
    return {
        f"{kind} {measure}": [writer.requirement[kind][measure] for writer in report.writers]
        for kind, measures in kinds.items()
        for measure in measures
    }


def _by_writers(report: Report, title: str, rows: Rows) -> Iterator[Table]:
    """One table for every few writers, with a column each; none where no row has a figure.

    Where there are more writers and the rows are few, they become the columns of a single table.
    """
    rows = {name: figures for name, figures in rows.items() if any(figure.asked for figure in figures)}
    columns = ["Writer", *rows]
    widths = [max(cell_len(plain(w.name)) for w in report.writers) if report.writers else 0, *map(cell_len, rows)]
    if rows and len(report.writers) > WRITERS_ABREAST and sum(max(w, 5) + 2 for w in widths) < WIDTH:
        yield _by_rows(report, _table(title, columns, left=1), list(rows.values()))
        return
    for start in range(0, len(report.writers) if rows else 0, WRITERS_ABREAST):
        abreast = slice(start, start + WRITERS_ABREAST)
        table = _table(title, ["", *(w.name for w in report.writers[abreast]), "Queries"], left=1)
        for name, figures in rows.items():
            means = [_cell(figure, report.scale) for figure in figures[abreast]]
            table.add_row(Text(plain(name)), *means, Text(_counts(figures[abreast])))
        yield table


def _by_rows(report: Report, table: Table, columns: Sequence[Sequence[Figure]]) -> Table:
    """The table filled with a row for each writer, and one for the queries behind each column."""
    for w, writer in enumerate(report.writers):
        table.add_row(Text(plain(writer.name)), *(_cell(figures[w], report.scale) for figures in columns))
    table.add_section()
    table.add_row(Text("Queries"), *(Text(_counts(figures)) for figures in columns))
    return table


def _cell(figure: Figure, scale: int | None) -> Text:
    """The mean, highlighted where scorings are missing."""
    return Text(number(figure.mean, scale), style="yellow" if figure.scored < figure.asked else "")


def _counts(figures: Sequence[Figure]) -> str:
    """How many queries stand behind the means of a row: "12", or "9-12" where the writers differ."""
    fewest, most = min(f.count for f in figures), max(f.count for f in figures)
    return str(most) if fewest == most else f"{fewest}-{most}"


def _differences(report: Report, *, full: bool) -> Iterator[RenderableType]:
    """Every pair or, where there are many, those with the best writer and how to see the others."""
    if not report.differences:
        return
    names = ("Writer", "minus", "Difference", "95% interval", "Queries")
    table = _table("Paired differences, over the queries both were scored on", names, left=2)
    best = [d for d in report.differences if d.first == report.differences[0].first]
    listed = report.differences if full or len(report.differences) <= MOST_DIFFERENCES else best
    for difference in listed:
        table.add_row(
            Text(plain(difference.first)),
            Text(plain(difference.second)),
            Text(number(difference.mean, report.scale), style="bold" if _is_clear(difference) else ""),
            Text(_interval(difference.low, difference.high, report.scale)),
            Text(str(difference.count)),
        )
    yield table
    if others := len(report.differences) - len(listed):
        yield Text(f"{others} further pairs of writers: `penmark report --full`", style="dim")


def _is_clear(difference: Difference) -> bool:
    """Whether the interval leaves out 0."""
    return difference.low is not None and difference.high is not None and difference.low * difference.high > 0


def _judges(report: Report) -> Iterator[RenderableType]:
    """How the judges compare, and the mean each gives each writer; nothing where they are not compared."""
    if not report.judges:
        return
    table = _table("Judges side by side", ("Judge", "Unit", "Coverage", "Tau-b", "USD a response"), left=2)
    for judge in report.judges:
        whole = Text(f"{math.floor(1000 * judge.coverage) / 10:g}%", style="" if judge.coverage == 1 else "bold yellow")
        unit = f"0-{judge.scale}" if judge.scale else plain(judge.unit)
        tau = NO_FIGURE if judge.tau is None else f"{judge.tau:.2f}"
        table.add_row(Text(plain(judge.name)), Text(unit), whole, Text(tau), Text(judge.cost))
    yield table
    for start in range(0, len(report.writers), WRITERS_ABREAST):
        names = [writer.name for writer in report.writers[start : start + WRITERS_ABREAST]]
        table = _table("Mean, rank and 95% interval by each judge", ["Judge", *names], left=1)
        for judge in report.judges:
            table.add_row(Text(plain(judge.name)), *(_judged(judge, name) for name in names))
        yield table
    yield Text(f"Tau-b: Kendall's, of the writer means with those of {plain(report.judge)}. {SHARED_CALLS}")


def _judged(judge: JudgeFigures, writer: str) -> Text:
    """Mean and rank, and the interval below them."""
    figure = judge.writers[writer]
    if figure.mean is None:
        return Text(NO_FIGURE)
    mean = Text(f"{figure.mean:.{judge.decimals}f} #{judge.ranks[writer]}")
    if figure.low is not None and figure.high is not None:
        mean.append(f"\n[{figure.low:.{judge.decimals}f}, {figure.high:.{judge.decimals}f}]", style="dim")
    return mean


def _leaves(report: Report) -> Iterator[Text]:
    """One line for each leaf that was not always scored."""
    missing = [leaf for leaf in report.leaves if leaf.missing]
    if missing:
        yield Text("Leaves without a score", style="bold")
    yield from (Text(f"  {plain(leaf.node) or WHOLE}: {_failures(leaf)}") for leaf in missing)


def _failures(leaf: LeafFigures) -> str:
    kinds = ", ".join(f"{leaf.statuses[status]} {status}" for status in FAILURES if leaf.statuses.get(status))
    return f"{leaf.missing} of {leaf.asked} ({100 * leaf.missing / leaf.asked:.1f}%): {kinds}"

"""The robustness table for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType

    from penmark.metaeval.robustness import Effect, Robustness

STYLES = {"right": "green", "unclear": "", "wrong": "bold red"}
MARKS = {"right": "", "unclear": " ?", "wrong": " !"}
LEGEND = (
    "Score of the disturbed copy less that of the text, mean and 95% interval over tasks. "
    "! (red): not what a sound judge does, beyond chance; ? : chance could do it; else as a sound judge."
)


def robustness_table(made: Robustness) -> RenderableType:
    """One row a perturbation, one column a judge; the texts' own mean in the first row."""
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from penmark.reports.render_table import plain

    title = f"{made.bench}: {made.texts} texts disturbed"
    table = Table(title=Text(plain(title)), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    table.add_column("Disturbance", overflow="fold")
    table.add_column("A sound score")
    for name in made.columns:
        table.add_column(Text(plain(f"{name}, {made.units[name]}")), justify="right", overflow="fold")
    first = (next((d.effects[name] for d in made.disturbances if name in d.effects), None) for name in made.columns)
    table.add_row("(as written)", "", *(f"{e.initial:,.2f}" if e else "–" for e in first))
    for disturbance in made.disturbances:
        cells = [_cell(disturbance.effects.get(name)) for name in made.columns]
        table.add_row(disturbance.name, disturbance.expected, *(Text(text, style=style) for text, style in cells))
    return Group(table, Text(LEGEND))


def _cell(effect: Effect | None) -> tuple[str, str]:
    """(text, style)."""
    if effect is None or effect.change.value is None:
        return "–", ""
    f = effect.change
    interval = f" [{f.low:+.2f}, {f.high:+.2f}]" if f.low is not None and f.high is not None else ""
    return f"{f.value:+.2f}{interval}{MARKS[effect.verdict]}", STYLES[effect.verdict]

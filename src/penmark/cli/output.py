"""Printing rows, tables and JSON to standard output or into a file."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from penmark.cli.failure import writing_to

if TYPE_CHECKING:
    from rich.console import RenderableType


def print_json(value: object) -> None:
    """Print a value as JSON, Chinese as it is."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2, allow_nan=False)
    print()


def print_rows(rows: Sequence[Mapping[str, object]], *, as_json: bool = False) -> None:
    """Print rows of equal keys as a table: numbers right-aligned, text left."""
    if as_json:
        print_json(list(rows))
        return
    if not rows:
        print("nothing here yet")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, value in rows[0].items():
        table.add_column(name, justify="right" if isinstance(value, int | float) else "left", overflow="fold")
    for row in rows:
        table.add_row(*(f"{v:,}" if isinstance(v, int) else str(v) for v in row.values()))
    Console(markup=False, width=None if sys.stdout.isatty() else 120).print(table)


def print_or_save(output: Path | None, value: object | None, table: Callable[[], RenderableType]) -> None:
    """Give out a value as JSON or, where it is None, the table; to standard output where no file is named."""
    with writing_to(output), output.open("w", encoding="utf-8") if output else nullcontext(sys.stdout) as stream:
        if value is not None:
            json.dump(value, stream, ensure_ascii=False, indent=2, allow_nan=False)
            stream.write("\n")
        else:
            from rich.console import Console

            Console(file=stream, width=None if stream.isatty() else 120).print(table())

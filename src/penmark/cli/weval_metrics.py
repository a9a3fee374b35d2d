"""`penmark weval metrics`: how well the scores of a file order its groups."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from penmark.cli.failure import check_writable, writing_to

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import RenderableType

UPSTREAM_TIES = (
    "penmark: warning: --ties upstream breaks the judge's ties by the true order: a judge that gives every text the "
    "same score comes out perfect. Use it only to compare with numbers published so."
)

TiesOption = Annotated[
    Literal["expected", "upstream"],
    typer.Option(help="Ties at their expectation or, to compare with published numbers, broken by the true order."),
]


@dataclass(kw_only=True)
class MetricsFlags:
    """Options of `penmark weval metrics`."""

    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help='JSONL of {"group", "order" (0 = best), "score"}, maybe with "dropped": a number or a list of kinds.',
        ),
    ]
    ties: TiesOption = "expected"
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to.", show_default="standard output")
    ] = None
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Seed of the bootstrap.")] = 0


def metrics(flags: MetricsFlags) -> None:
    """Say how well the scores of a file order its groups: correlation, IL, PL, position consistency, tie rate."""
    from penmark.metaeval.ranking_file import read_ranking
    from penmark.metaeval.rankings import as_json, rank_figures

    if flags.output is not None:
        check_writable(flags.output)
    figures = rank_figures(read_ranking(flags.file), ties=flags.ties, seed=flags.seed)
    found = {**as_json(figures), "ties": flags.ties}
    warn_of_ties(flags.ties)
    if flags.json:
        print_found(found, flags.output)
    else:
        from penmark.cli.weval_tables import figures_tables

        title = "How well the scores order the groups"
        print_renderable(figures_tables(title, {flags.file.name: figures}), flags.output)


def warn_of_ties(ties: str) -> None:
    """Say on standard error what figures with the released script's ties are worth."""
    if ties == "upstream":
        print(UPSTREAM_TIES, file=sys.stderr)


def print_found(found: Mapping[str, object], out: Path | None) -> None:
    """Print plain values as JSON, or write them to a file."""
    import json

    with writing_to(out), out.open("w", encoding="utf-8") if out else nullcontext(sys.stdout) as stream:
        json.dump(found, stream, ensure_ascii=False, indent=2, allow_nan=False)
        stream.write("\n")


def print_renderable(table: RenderableType, out: Path | None) -> None:
    """Print tables, or write them to a file."""
    from rich.console import Console

    with writing_to(out), out.open("w", encoding="utf-8") if out else nullcontext(sys.stdout) as stream:
        Console(file=stream, width=None if stream.isatty() else 120).print(table)

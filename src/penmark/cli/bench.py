"""`penmark bench`: what can be written and judged, and the files it needs."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from penmark.cli.flags import DataFlags, command

app = typer.Typer(help="Benchmarks and their files.", no_args_is_help=True)
Bench = Annotated[str, typer.Argument(metavar="BENCH", help="A benchmark, see `penmark bench list`.")]


def register(tree: typer.Typer) -> None:
    """Add the commands of this file."""
    tree.add_typer(app, name="bench")


@dataclass(kw_only=True)
class ListFlags:
    """Options of `penmark bench list`."""

    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False


@dataclass(kw_only=True)
class BenchFlags(DataFlags):
    """Options of `penmark bench check` and `penmark bench info`."""

    bench: Bench
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False


@dataclass(kw_only=True)
class FetchFlags(DataFlags):
    """Options of `penmark bench fetch`."""

    bench: Bench
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files whose content differs.")] = False


def list_benches(flags: ListFlags) -> None:
    """List the benchmarks."""
    from penmark import registry
    from penmark.cli.output import print_rows

    cards = [registry.load("benchmarks", name).CARD for name in registry.names("benchmarks")]
    rows = [
        {"benchmark": c.id, "languages": " ".join(c.languages), "licence": c.licence, "what it is": c.title}
        for c in cards
    ]
    print_rows(rows, as_json=flags.json)


def info(flags: BenchFlags) -> None:
    """Say what a benchmark is and, where its files are present, what they hold."""
    from penmark import registry
    from penmark.cli.output import print_json
    from penmark.errors import DataError
    from penmark.named import open_benchmark

    card = registry.load("benchmarks", flags.bench).CARD
    try:
        counts, here = _counts(list(open_benchmark(flags.bench, flags.data).tasks())), ""
    except DataError as error:
        counts, here = {}, str(error)
    if flags.json:
        print_json({**asdict(card), "tasks": counts, "problem": here})
        return
    print(f"{card.title} ({card.id})\n{card.description}\nsource: {card.source}\nrevision: {card.revision}")
    print(f"licence: {card.licence}\nlanguages: {', '.join(card.languages)}")
    for name, values in counts.items():
        print(f"{name}: {values if isinstance(values, int) else ', '.join(f'{k} {v}' for k, v in values.items())}")
    if here:
        print(f"files: {here}")


def _counts(tasks: list[object]) -> dict[str, int | dict[str, int]]:
    from penmark.records import Task

    known = [task for task in tasks if isinstance(task, Task)]
    counts: dict[str, int | dict[str, int]] = {"tasks": len(known)}
    for tag in ("domain1", "language"):
        counts[tag] = dict(Counter(task.tags[tag] for task in known if tag in task.tags))
    counts["requirements"] = dict(Counter(kind for task in known for kind in {r.kind for r in task.requirements}))
    return counts


def check(flags: BenchFlags) -> None:
    """Report every malformed record of a benchmark's files."""
    from penmark.cli.output import print_json
    from penmark.named import open_benchmark

    problems = open_benchmark(flags.bench, flags.data).problems()
    if flags.json:
        print_json([{**asdict(problem), "path": str(problem.path)} for problem in problems])
    else:
        for problem in problems:
            print(problem)
        print("no problems" if not problems else f"{len(problems)} problems")
    raise typer.Exit(2 if problems else 0)


def fetch(flags: FetchFlags) -> None:
    """Download a benchmark's files, each verified; what is there already is not downloaded again."""
    import asyncio

    from penmark import registry
    from penmark.benchmarks.fetch import fetch as fetch_files
    from penmark.folders import data_folder

    source = registry.load("benchmarks", flags.bench).SOURCE
    if source is None:
        print(f"{flags.bench} comes with penmark; there is nothing to fetch")
        return
    folder = (flags.data or data_folder()) / flags.bench
    for path in asyncio.run(fetch_files(source, folder, progress=_show, overwrite=flags.overwrite)):
        print(path)


def _show(name: str, done_bytes: int, total_bytes: int | None) -> None:
    import sys

    if sys.stderr.isatty():
        total = f" of {total_bytes / 1e6:.1f}" if total_bytes else ""
        print(f"\r\x1b[2K{Path(name).name}: {done_bytes / 1e6:.1f}{total} MB", end="", file=sys.stderr, flush=True)


command(app, "list", ListFlags)(list_benches)
command(app, "info", BenchFlags)(info)
command(app, "check", BenchFlags)(check)
command(app, "fetch", FetchFlags)(fetch)

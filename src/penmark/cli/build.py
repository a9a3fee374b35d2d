"""`penmark build`: making benchmarks and training data, with `build_tasks.py`, `build_data.py`, `build_pairs.py`."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penmark.cli.failure import INTERRUPTED, LOW_COVERAGE, check_writable, writing_to
from penmark.cli.flags import CallFlags, DataFlags, DbFlags, SamplingFlags, command

if TYPE_CHECKING:
    from penmark.build.criteria import CriteriaBuilding
    from penmark.jsonl import Row
    from penmark.protocols import Model
    from penmark.records import Task

FAILURES_SHOWN = 10
_NUMBER = re.compile(r"[0-9]{1,18}")

app = typer.Typer(help="Making benchmarks and training data.", no_args_is_help=True)


def register(tree: typer.Typer) -> None:
    """Add the commands of this file, of `build_tasks.py`, `build_data.py` and `build_pairs.py`."""
    from penmark.cli import build_data, build_pairs, build_tasks

    build_tasks.register(app)
    build_pairs.register(app)
    build_data.register(app)
    tree.add_typer(app, name="build")


@app.callback()
def root() -> None:
    """Making benchmarks."""


@dataclass(kw_only=True)
class CriteriaFlags(SamplingFlags, CallFlags, DataFlags, DbFlags):
    """Options of `penmark build criteria`."""

    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE|BENCH",
            help='JSONL file of {"query"}, maybe with index, domain1, domain2, lang, material; or a benchmark.',
        ),
    ]
    model: Annotated[
        str, typer.Option(metavar="MODEL", help="The model that makes them, such as openai/gpt-4.1; not embedded.")
    ]
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to.", show_default="standard output"),
    ] = None
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Only the first N queries.")] = None


def criteria(flags: CriteriaFlags) -> None:
    """Make five criteria with bands for each query: a JSONL file in WritingBench's shape.

    A query without a usable reply after three is named and left out. Replies are kept: a second run costs nothing.
    """
    from penmark.named import make_model

    tasks = read_tasks(flags.source, flags.data)[: flags.limit]
    if flags.output is not None:
        check_writable(flags.output)
    building, stopped_by = _build(flags, tasks, make_model(flags.model, flags.model_options()))
    made, failed = _rows(building), list(building.failed())
    if stopped_by:
        _tell_stopped(stopped_by, len(made), len(tasks))
        raise typer.Exit(INTERRUPTED if stopped_by == "interrupted" else LOW_COVERAGE)
    if made:
        save_rows(made, flags.output)
    _tell(flags, tasks, len(made), failed)
    if len(made) < flags.min_coverage * len(tasks):
        raise typer.Exit(LOW_COVERAGE)


def read_tasks(source: str, data: Path | None) -> list[Task]:
    """The queries of a benchmark of this name or, where there is none, of a file."""
    from penmark import registry
    from penmark.errors import ConfigError
    from penmark.named import open_benchmark

    known = registry.names("benchmarks")
    if source in known:
        return list(open_benchmark(source, data).tasks())
    path = Path(source)
    if not path.exists():
        raise ConfigError(
            f"{source} is neither a file nor a benchmark; give a JSONL file with a query in each line, "
            f"or one of {', '.join(known)}"
        )
    return read_queries(path)


def read_queries(path: Path) -> list[Task]:
    """The queries of a file.

    Raises:
        DataError: naming the first malformed records.
    """
    from penmark.jsonl import raise_problems, read_jsonl
    from penmark.protocols import Problem

    problems: list[Problem] = []
    lines: dict[str, int] = {}
    tasks = []
    for row in read_jsonl(path, problems):
        task = _read_query(row)
        line = lines.setdefault(task.id, row.line)
        if line != row.line:
            row.report("index", f"query {task.id} is on line {line} too", "give each query its own number")
        tasks.append(task)
    raise_problems(problems)
    return tasks


def _read_query(row: Row) -> Task:
    from penmark.benchmarks.criteria import LANGUAGES
    from penmark.records import Task
    from penmark.text import language

    given = [key for key in ("domain1", "domain2", "material") if key in row.values]
    texts = {key: row.text(key, may_be_empty=True) for key in given}
    query = row.text("query")
    lang = row.choice("lang", LANGUAGES) if "lang" in row.values else language(query)
    return Task(
        bench=str(row.path),
        id=_read_index(row),
        instruction=query,
        material=texts.pop("material", ""),
        tags={**texts, "language": lang},
    )


def _read_index(row: Row) -> str:
    """The query's number; that of its line where it has none."""
    from penmark.jsonl import shown

    value = row.values.get("index", row.line)
    if _NUMBER.fullmatch(str(value)):
        return str(int(str(value)))
    row.report("index", f"{shown(value)} is not a whole number from 0", "number the queries, or leave all indexes out")
    return f"line {row.line}"


def _build(flags: CriteriaFlags, tasks: Sequence[Task], model: Model) -> tuple[CriteriaBuilding, str]:
    """Ask for what is missing with progress shown; why it ended early comes with it."""
    from penmark.build.criteria import SAMPLING, CriteriaBuilding, CriteriaPlan
    from penmark.cli.watch import watching
    from penmark.evaluate.running import run_async
    from penmark.session import override
    from penmark.store import Store

    plan = CriteriaPlan(
        tasks=tasks,
        source=flags.source,
        model=model,
        sampling=override(SAMPLING, flags.sampling(flags.seed)),
        connections=flags.connections,
    )
    budget = flags.budget()

    async def work(building: CriteriaBuilding) -> str:
        async with model:
            await model.check()
            with watching(f"criteria by {model.id}", building.progress):
                return await building.run()

    with Store(flags.db) as store:
        building = CriteriaBuilding(store, plan, budget)
        return building, run_async(work(building))


def _rows(building: CriteriaBuilding) -> list[dict[str, object]]:
    from penmark.build.criteria import query_numbers, writingbench_row

    numbers = query_numbers(building.plan.tasks)
    return [writingbench_row(numbers[task.id], task, made) for task, made in building.made()]


def save_rows(rows: Sequence[dict[str, object]], output: Path | None) -> None:
    """Write all of the file or nothing of it."""
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    if output is None:
        sys.stdout.writelines(lines)
        return
    with writing_to(output):
        if output.exists() and not output.is_file():  # Such as /dev/stdout, which nothing can take the place of.
            _write(output, lines)
            return
        target = output.resolve()
        part = target.with_name(f"{target.name}.part")
        _write(part, lines)
        part.replace(target)


def _write(path: Path, lines: Iterator[str]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(lines)


def _tell_stopped(stopped_by: str, made: int, total: int) -> None:
    """Say how to go on; a file is written only when all queries were asked about."""
    again = shlex.join(["penmark", *sys.argv[1:]])
    kept = f"criteria for {made} of {total} queries are kept, no file is written"
    print(f"stopped: {stopped_by}; {kept}. Go on with: {again}", file=sys.stderr)


def _tell(flags: CriteriaFlags, tasks: Sequence[Task], made: int, failed: Sequence[tuple[Task, str]]) -> None:
    """Say what was made, what was not and why, and what to do with it; on standard error."""
    for task, reason in failed[:FAILURES_SHOWN]:
        print(f"no criteria for query {task.id}: {reason}", file=sys.stderr)
    if len(failed) > FAILURES_SHOWN:
        print(f"no criteria for {len(failed) - FAILURES_SHOWN} more", file=sys.stderr)
    if failed:
        print("another --model, --temperature or --seed asks anew; the same command does not", file=sys.stderr)
    where = f": {flags.output}" if flags.output and made else "" if made else "; nothing written"
    print(f"criteria for {made} of {len(tasks)} queries{where}", file=sys.stderr)
    if made:
        print(_next_step(tasks), file=sys.stderr)


def _next_step(tasks: Sequence[Task]) -> str:
    """How to use the file as the `writingbench` benchmark, whose loader wants each query's domains."""
    from penmark.benchmarks.criteria import DOMAINS

    lacking = [t.id for t in tasks if t.tags.get("domain1") not in DOMAINS or not t.tags.get("domain2", "").strip()]
    use = "place the file as FOLDER/benchmark_query/benchmark_all.jsonl for `penmark run writingbench --data FOLDER`"
    if not lacking:
        return use
    return (
        f"to judge with them, give the {len(lacking)} queries without domains a domain2 and one of these as domain1: "
        f"{', '.join(map(repr, DOMAINS))}; then {use}"
    )


command(app, "criteria", CriteriaFlags)(criteria)

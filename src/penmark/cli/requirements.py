"""`penmark requirements`: what queries demand, and whether texts obey."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penmark.cli.failure import INTERRUPTED, LOW_COVERAGE, check_writable
from penmark.cli.flags import CallFlags, DataFlags, DbFlags, SamplingFlags, command

if TYPE_CHECKING:
    from penmark.build.requirements import RequirementsReading
    from penmark.protocols import Model, Sampling
    from penmark.records import Requirement, Task

FAILURES_SHOWN = 10
SHOWN_CHARS = 60

app = typer.Typer(help="What queries demand, and whether texts obey.", no_args_is_help=True)

Query = Annotated[str | None, typer.Option(metavar="TEXT", help="One query, given here.")]
Bench = Annotated[str | None, typer.Option(metavar="BENCH", help="The tasks of a benchmark.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(tree: typer.Typer) -> None:
    """Add the commands of this file."""
    tree.add_typer(app, name="requirements")


@app.callback()
def root() -> None:
    """What queries demand, and whether texts obey."""


@dataclass(kw_only=True)
class ExtractFlags(SamplingFlags, CallFlags, DataFlags, DbFlags):
    """Options of `penmark requirements extract`."""

    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help='JSONL file of {"query"}, maybe with index, lang, material.')
    ] = None
    bench: Bench = None
    query: Query = None
    model: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Have a model find the demands that take a reader, too."),
    ] = None
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Only the first N queries.")] = None
    json: Json = False
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="JSONL of them, for `check` and for tasks.")
    ] = None


@dataclass(kw_only=True)
class CheckFlags(DataFlags):
    """Options of `penmark requirements check`."""

    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help='JSONL of {"response"} with "query", "requirements" or "task"; with --query a text file.',
        ),
    ]
    requirements: Annotated[
        Path | None, typer.Option(metavar="FILE", help='What `extract -o` wrote; "task" says which are meant.')
    ] = None
    bench: Bench = None
    query: Query = None
    json: Json = False


def extract(flags: ExtractFlags) -> None:
    """List what queries demand of a text: lengths, words, layout, language, ... by rule, the rest with --model.

    A demand that a rule can check has a check; the others take a reader (`penmark judge --judge constraints`).
    """
    from penmark.build.requirements import read_by_rule
    from penmark.cli.requirement_files import save_requirements

    tasks = _tasks(flags)
    if flags.output is not None:
        check_writable(flags.output)
    found = {task.id: read_by_rule(task) for task in tasks}
    failed = _add_by_model(flags, tasks, found) if flags.model else []
    if flags.output is not None:
        save_requirements(found, flags.output)
    else:
        _show(found, as_json=flags.json)
    _tell(found, failed)
    if len(failed) > (1 - flags.min_coverage) * len(tasks):
        raise typer.Exit(LOW_COVERAGE)


def _tasks(flags: ExtractFlags) -> list[Task]:
    """The queries that are meant: of a file, of a benchmark, or the one given."""
    from penmark.cli.build import read_queries
    from penmark.cli.requirement_files import given_query
    from penmark.errors import ConfigError
    from penmark.named import open_benchmark
    from penmark.records import Task
    from penmark.text import language

    given = [name for name in ("file", "bench", "query") if getattr(flags, name) is not None]
    if len(given) != 1:
        found = " and ".join(given) or "none of them"
        raise ConfigError(f"give queries as FILE, with --bench BENCH or with --query TEXT; found {found}")
    if flags.bench is not None:
        return list(islice(open_benchmark(flags.bench, flags.data).tasks(), flags.limit))
    if flags.file is not None:
        return read_queries(flags.file)[: flags.limit]
    query = given_query(flags.query or "")
    return [Task(bench="query", id="1", instruction=query, tags={"language": language(query)})]


def _add_by_model(
    flags: ExtractFlags, tasks: Sequence[Task], found: dict[str, list[Requirement]]
) -> list[tuple[Task, str]]:
    """Put what a model finds beside what rules found; gives back the queries it gave nothing usable for."""
    from penmark.build.requirements import SAMPLING, RequirementsReading, merged
    from penmark.named import make_model
    from penmark.session import override
    from penmark.store import Store

    model = make_model(flags.model or "", flags.model_options())
    sampling = override(SAMPLING, flags.sampling(flags.seed))
    budget = flags.budget()
    source = flags.bench or str(flags.file or "query")
    if flags.dry_run:
        _estimate(tasks, model, sampling)
    with Store(flags.db) as store:
        reading = RequirementsReading(store, tasks, source, model, sampling, budget)
        stopped_by = _run(reading, flags)
    if stopped_by:
        print(f"stopped: {stopped_by}; what is finished is kept, the same command goes on", file=sys.stderr)
        raise typer.Exit(INTERRUPTED if stopped_by == "interrupted" else LOW_COVERAGE)
    for task, more in reading.made():
        found[task.id] = merged(found[task.id], more)
    return list(reading.failed())


def _estimate(tasks: Sequence[Task], model: Model, sampling: Sampling) -> None:
    """Say what the calls would take, and end the command."""
    from penmark.build.requirements import requirements_prompt
    from penmark.cli.run import print_estimates
    from penmark.evaluate.estimate import estimate, prompt_tokens

    print_estimates([estimate(model, ((prompt_tokens(requirements_prompt(task)), 0) for task in tasks), sampling)])
    raise typer.Exit


def _run(reading: RequirementsReading, flags: ExtractFlags) -> str:
    from penmark.cli.watch import watching
    from penmark.evaluate.running import run_async

    model = reading.questions.model

    async def work() -> str:
        async with model:
            await model.check()
            with watching(f"requirements by {model.id}", reading.progress, log=flags.log):
                return await reading.run()

    return run_async(work())


def _show(found: Mapping[str, Sequence[Requirement]], *, as_json: bool) -> None:
    from penmark.cli.output import print_json, print_rows
    from penmark.cli.requirement_files import as_record

    if as_json:
        print_json([{"task": task, "requirements": list(map(as_record, some))} for task, some in found.items()])
        return
    rows = [
        {"task": task, "kind": r.kind, "check": _check_told(r), "demand": _short(r.text)}
        for task, some in found.items()
        for r in some
    ]
    print_rows(rows)


def _check_told(requirement: Requirement) -> str:
    """The check with its arguments on one line; "takes a reader" where there is none."""
    if requirement.check is None:
        return "takes a reader"
    arguments = (f"{k}={json.dumps(v, ensure_ascii=False)}" for k, v in requirement.check.arguments.items())
    return _short(" ".join((requirement.check.name, *arguments)))


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]}..."


def _tell(found: Mapping[str, Sequence[Requirement]], failed: Sequence[tuple[Task, str]]) -> None:
    from penmark.text import amount

    for task, reason in failed[:FAILURES_SHOWN]:
        print(f"by rule only, query {task.id}: {reason}", file=sys.stderr)
    if len(failed) > FAILURES_SHOWN:
        print(f"by rule only, {len(failed) - FAILURES_SHOWN} more", file=sys.stderr)
    all_of_them = [r for some in found.values() for r in some]
    checkable = sum(r.check is not None for r in all_of_them)
    without = sum(not some for some in found.values())
    said = f"{amount(len(all_of_them), 'requirement')} in {amount(len(found), 'query', 'queries')}"
    print(
        f"{said}, {checkable} of them checkable by rule; {amount(without, 'query', 'queries')} without any",
        file=sys.stderr,
    )


def check(flags: CheckFlags) -> None:
    """Say which demands each text meets, by rule: what was measured, how far off it is, and what was found.

    Each line of FILE has a "response" and, unless one query is given for all, its own "query", its own "requirements"
    or the "task" they are known by.
    """
    from penmark.cli.requirement_files import texts_to_check
    from penmark.requirements import check

    rows: list[dict[str, object]] = []
    unread = 0
    for name, text, requirements in texts_to_check(flags):
        unread += sum(r.check is None for r in requirements)
        for requirement in requirements:
            if requirement.check is not None:
                finding = asdict(check(requirement, text))
                told = {"text": name, "check": _check_told(requirement), "demand": requirement.text}
                rows.append({**told, **finding})
    _print_findings(rows, as_json=flags.json)
    met = sum(bool(row["is_met"]) for row in rows)
    print(f"{met} of {len(rows)} demands met; {unread} more take a reader", file=sys.stderr)


def _print_findings(rows: Sequence[Mapping[str, object]], *, as_json: bool) -> None:
    from penmark.cli.output import print_json, print_rows

    if as_json:
        print_json(rows)
        return
    print_rows(
        [
            {"text": r["text"], "check": r["check"], "met": "yes" if r["is_met"] else "NO", "found": r["explanation"]}
            for r in rows
        ]
    )


command(app, "extract", ExtractFlags)(extract)
command(app, "check", CheckFlags)(check)

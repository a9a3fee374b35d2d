"""`penmark import` and `penmark export`: upstream projects' own files and penmark's, both ways."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TextIO

import typer

from penmark.cli.failure import check_writable, writing_to
from penmark.cli.flags import DataFlags, DbFlags, command

if TYPE_CHECKING:
    from penmark.records import Task
    from penmark.store import Store

import_app = typer.Typer(
    help="Take in tasks, responses, scores and ratings made elsewhere, and references.", no_args_is_help=True
)
export_app = typer.Typer(help="Give out responses, scores, judgments and preferences as JSONL.", no_args_is_help=True)


def register(tree: typer.Typer) -> None:
    """Add the commands of this file, and the imports that have a file of their own."""
    from penmark.cli import ratings  # It builds on this file.

    ratings.register(import_app)
    tree.add_typer(import_app, name="import")
    tree.add_typer(export_app, name="export")


@dataclass(kw_only=True)
class ImportFlags(DataFlags, DbFlags):
    """Options of all imports."""

    bench: Annotated[str, typer.Option(metavar="BENCH", help="The benchmark it belongs to.")]


@dataclass(kw_only=True)
class ImportTasksFlags(DbFlags):
    """Options of `penmark import tasks`."""

    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="JSONL files with a task in each line.")]
    bench: Annotated[str, typer.Option(metavar="NAME", help="What to call the benchmark.")]


@dataclass(kw_only=True)
class ImportResponsesFlags(ImportFlags):
    """Options of `penmark import responses`."""

    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="JSONL files, in WritingBench's, HoWToBench's or our shape.")
    ]
    writer: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose responses they are.", show_default="as the files say")
    ] = None


@dataclass(kw_only=True)
class ImportReferencesFlags(ImportFlags):
    """Options of `penmark import references`."""

    writer: Annotated[str, typer.Option(metavar="NAME", help="What to call their writer.")] = "reference"


@dataclass(kw_only=True)
class ImportScoresFlags(ImportFlags):
    """Options of `penmark import scores`."""

    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSONL file, in WritingBench's shape or penmark's.")]
    writer: Annotated[str, typer.Option(metavar="NAME", help="Whose responses they are about.")]
    judge: Annotated[str, typer.Option(metavar="NAME", help="Whose scores they are.")]


@dataclass(kw_only=True)
class ExportFlags(DbFlags):
    """Options of the exports."""

    bench: Annotated[str | None, typer.Option(metavar="BENCH", help="Which benchmark.", show_default="the newest")] = (
        None
    )
    writer: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this writer; may be given several times.")
    ] = None
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to.", show_default="standard output")
    ] = None


@dataclass(kw_only=True)
class ExportResponsesFlags(ExportFlags):
    """Options of `penmark export responses`."""

    format: Annotated[
        Literal["writingbench", "penmark"], typer.Option(help="WritingBench's shape (one writer), or penmark's.")
    ] = "writingbench"


@dataclass(kw_only=True)
class ExportJudgmentsFlags(ExportFlags):
    """Options of `penmark export judgments`."""

    judge: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which judge, by its name here.", show_default="the newest")
    ] = None


@dataclass(kw_only=True)
class ExportScoresFlags(ExportJudgmentsFlags, ExportResponsesFlags):
    """Options of `penmark export scores`."""


def import_tasks(flags: ImportTasksFlags) -> None:
    """Take in writing tasks of your own, as a benchmark that is then written, judged and reported on by its name.

    JSONL lines {"instruction"}, maybe with id, material, reference, lang, genre, task_type, domain1, domain2,
    requirements and checklist (criteria for the judge `rubric`).
    """
    from penmark.benchmarks.task_files import read_tasks
    from penmark.evaluate.imports import import_tasks
    from penmark.named import check_own_name
    from penmark.store import Store
    from penmark.text import amount

    check_own_name(flags.bench)
    tasks = read_tasks(flags.files, flags.bench)
    with Store(flags.db) as store:
        new = import_tasks(store, tasks, source=", ".join(map(str, flags.files)))
    print(f"{amount(new, 'new task')} of {flags.bench}, {len(tasks) - new} were there already")
    print(f"next: penmark run {shlex.quote(flags.bench)} --writer MODEL --judge JUDGE --judge-model MODEL")


def import_responses(flags: ImportResponsesFlags) -> None:
    """Take in responses: JSONL lines {"index", "response"}, {"infer_id", "model", "output"}, or penmark's own.

    Those of one writer may be in several files; they are stored whole or not at all.
    """
    tasks = tasks_of(flags)
    texts, sources = _read_files(flags, tasks)
    for writer, by_task in texts.items():
        _save_responses(flags, tasks, by_task, writer=writer, source=", ".join(map(str, sources[writer])))


def import_references(flags: ImportReferencesFlags) -> None:
    """Take in the tasks' references as if a writer had written them, to see where people stand."""
    from penmark.errors import ConfigError

    tasks = tasks_of(flags)
    texts = {task.id: task.reference for task in tasks.values() if task.reference is not None}
    if not texts:
        raise ConfigError(f"no task of {flags.bench} has a reference; choose a --bench with them, such as howtobench")
    _save_responses(flags, tasks, texts, writer=flags.writer, source=f"references of {flags.bench}")


def _read_files(
    flags: ImportResponsesFlags, tasks: Mapping[str, Task]
) -> tuple[dict[str, dict[str, str]], dict[str, list[Path]]]:
    """(writer to task id to text, writer to files) over all files; each may hold a part of a writer's responses."""
    from penmark.benchmarks.exchange import read_responses
    from penmark.errors import DataError

    texts: dict[str, dict[str, str]] = {}
    sources: dict[str, list[Path]] = {}
    for file in flags.files:
        for writer, found in read_responses(file, tasks, writer=flags.writer).items():
            there = texts.setdefault(writer, {})
            twice = next((task for task, text in found.items() if there.get(task, text) != text), None)
            if twice is not None:
                raise DataError(
                    f"{file}: another response by {writer!r} to query {twice!r} than in the files before it; "
                    "import one of them under another --writer name"
                )
            there |= found
            sources.setdefault(writer, []).append(file)
    return texts, sources


def _save_responses(
    flags: ImportFlags, tasks: Mapping[str, Task], texts: Mapping[str, str], *, writer: str, source: str
) -> None:
    from penmark.evaluate.imports import import_responses
    from penmark.store import Store

    with Store(flags.db) as store:
        new = import_responses(store, tasks, texts, writer=writer, source=source)
    print(f"{new} new responses by {writer} to {flags.bench}, {len(texts) - new} were there already")


def import_scores(flags: ImportScoresFlags) -> None:
    """Take in scores: JSONL lines {"index", "scores": {criterion: [{"score", "reason"}]}}, or penmark's own."""
    from penmark.benchmarks.exchange import read_scores
    from penmark.evaluate.imports import Scoring, import_scores
    from penmark.store import Store

    tasks = tasks_of(flags)
    nodes = {task_id: frozenset(n for n, _ in task.rubric.leaves()) for task_id, task in tasks.items() if task.rubric}
    scores = [
        Scoring(task=s.task, node=s.node, repeat=s.repeat, score=s.score, reason=s.reason)
        for s in read_scores(flags.file, nodes)
    ]
    with Store(flags.db) as store:
        count = import_scores(store, tasks, scores, (flags.writer, flags.judge), source=str(flags.file))
    print(f"{count} scorings of {flags.writer} by {flags.judge} on {flags.bench}")


def tasks_of(flags: ImportFlags) -> dict[str, Task]:
    """The benchmark's tasks by id: from its files or, where those are not here, from the database."""
    from penmark.errors import ConfigError, DataError
    from penmark.named import open_benchmark
    from penmark.store import Store, reads

    try:
        return {task.id: task for task in open_benchmark(flags.bench, flags.data).tasks()}
    except (ConfigError, DataError):
        if flags.data is not None or not flags.db.exists():
            raise
        with Store(flags.db, create=False) as store:
            tasks = {task.id: task for task, _ in reads.tasks(store.db, flags.bench)}
        if not tasks:
            raise
        return tasks


def export_responses(flags: ExportResponsesFlags) -> None:
    """Give out responses."""
    from penmark.benchmarks.exchange import write_own_responses, write_responses
    from penmark.store import Store, reads

    with Store(flags.db, create=False) as store:
        bench = _bench(store, flags)
        _check_writers(store, bench, flags, names_writers=flags.format == "penmark")
        rows = reads.responses(store.db, bench, tuple(flags.writer or ()))
        with _stream(flags.output) as stream:
            if flags.format == "penmark":
                write_own_responses(stream, ((t.id, r.writer, r.text) for t, r in rows if r.text is not None))
            else:
                write_responses(stream, ((t.id, r.text) for t, r in rows if r.text is not None))


def export_scores(flags: ExportScoresFlags) -> None:
    """Give out the scores of the leaves."""
    from penmark.benchmarks.exchange import ImportedScore, write_own_scores, write_scores
    from penmark.reports.choice import choose
    from penmark.store import Store, reads

    with Store(flags.db, create=False) as store:
        bench, judge, _ = choose(store, flags.bench, flags.judge)
        _check_writers(store, bench, flags, names_writers=False)
        scores = (
            ImportedScore(task=task, node=j.node, repeat=j.repeat, score=j.score, reason=j.reason)
            for task, writer, j in reads.judgments_on(store.db, bench, judge, tuple(flags.writer or ()))
            if j.node
        )
        with _stream(flags.output) as stream:
            (write_own_scores if flags.format == "penmark" else write_scores)(stream, scores)


def export_judgments(flags: ExportJudgmentsFlags) -> None:
    """Give out every judgment, inner nodes, unscored ones and their reasons included."""
    from penmark.benchmarks.exchange import write_own_judgments
    from penmark.reports.choice import choose
    from penmark.store import Store, reads

    with Store(flags.db, create=False) as store:
        bench, judge, _ = choose(store, flags.bench, flags.judge)
        _check_writers(store, bench, flags, names_writers=True)
        rows = reads.judgments_on(store.db, bench, judge, tuple(flags.writer or ()))
        with _stream(flags.output) as stream:
            write_own_judgments(stream, rows)


def export_preferences(flags: ExportJudgmentsFlags) -> None:
    """Give out every verdict on two responses, as shown in each order, unscored ones and their reasons included."""
    from penmark.benchmarks.exchange import write_own_preferences
    from penmark.reports.choice import choose_pair_judge
    from penmark.store import Store, reads

    with Store(flags.db, create=False) as store:
        bench, judge, _ = choose_pair_judge(store, flags.bench, flags.judge)
        _check_writers(store, bench, flags, names_writers=True)
        wanted = set(flags.writer or ())
        rows = reads.preferences_on(store.db, bench, judge)
        with _stream(flags.output) as stream:
            write_own_preferences(stream, (row for row in rows if not wanted or wanted & {row[1], row[2]}))


def _bench(store: Store, flags: ExportFlags) -> str:
    """The benchmark that was asked for, else the newest."""
    from penmark.errors import ConfigError
    from penmark.store import reads

    benches = reads.benches(store.db)
    if not benches:
        raise ConfigError(
            f"{store.path} holds no responses; get some with `penmark write` or `penmark import responses`"
        )
    if flags.bench is not None and flags.bench not in benches:
        raise ConfigError(f"no benchmark {flags.bench!r} in {store.path}, only: {', '.join(benches)}")
    return flags.bench or benches[-1]


def _check_writers(store: Store, bench: str, flags: ExportFlags, *, names_writers: bool) -> None:
    """Make sure that the writers are here, and one only where the lines do not name theirs."""
    from penmark.errors import ConfigError
    from penmark.store import reads

    known = dict.fromkeys(reads.writers_of(store.db, bench)).keys()
    unknown = [name for name in flags.writer or () if name not in known]
    if unknown:
        raise ConfigError(
            f"no responses by {', '.join(unknown)} to {bench} in {store.path}, only by {', '.join(known)}"
        )
    copies = reads.copies(store.db)
    writers = flags.writer or [name for name in known if name not in copies]
    if len(set(writers)) > 1 and not names_writers:
        raise ConfigError(
            f"{bench} has responses of {', '.join(writers)}, and this shape names no writer; "
            "pass one --writer NAME, or use a shape that does: `export responses --format penmark`, `export judgments`"
        )


@contextmanager
def _stream(output: Path | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
        return
    check_writable(output)
    with writing_to(output), output.open("w", encoding="utf-8", newline="\n") as stream:
        yield stream


command(import_app, "tasks", ImportTasksFlags)(import_tasks)
command(import_app, "responses", ImportResponsesFlags)(import_responses)
command(import_app, "references", ImportReferencesFlags)(import_references)
command(import_app, "scores", ImportScoresFlags)(import_scores)
command(export_app, "responses", ExportResponsesFlags)(export_responses)
command(export_app, "scores", ExportScoresFlags)(export_scores)
command(export_app, "judgments", ExportJudgmentsFlags)(export_judgments)
command(export_app, "preferences", ExportJudgmentsFlags)(export_preferences)

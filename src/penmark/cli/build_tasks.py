"""`penmark build tasks`: a benchmark out of one's own documents."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penmark.cli.build import FAILURES_SHOWN, save_rows
from penmark.cli.failure import DONE, INTERRUPTED, LOW_COVERAGE, check_writable
from penmark.cli.flags import CallFlags, DbFlags, SamplingFlags, command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penmark.build.tasks import TaskBuilding, TaskPlan
    from penmark.records import Task


class Kind(StrEnum):
    """What a writer is given: an outline, a theme, or a text with a gap."""

    guide = "guide"
    open = "open"
    completion = "completion"


BENCH = "documents"  # what their benchmark is called until the tasks are imported under a name


@dataclass(kw_only=True)
class TasksFlags(SamplingFlags, CallFlags, DbFlags):
    """Options of `penmark build tasks`."""

    documents: Annotated[
        list[Path],
        typer.Argument(
            metavar="DOCUMENT",
            help='Text files (.txt, .md), folders of them, or JSONL of {"text"}, maybe with id, genre.',
        ),
    ]
    model: Annotated[
        str, typer.Option(metavar="MODEL", help="The model that reads them, such as openai/gpt-4.1; not embedded.")
    ]
    kind: Annotated[
        list[Kind] | None,
        typer.Option(
            help="From an outline, from a theme, or a gap to fill; may be given several times.", show_default="guide"
        ),
    ] = None
    least_quality: Annotated[
        int, typer.Option(min=1, max=5, metavar="N", help="Keep documents with this mark or more; 1 asks for none.")
    ] = 4
    min_words: Annotated[int, typer.Option(min=1, metavar="N", help="Shortest document, in words or 字.")] = 100
    max_words: Annotated[int, typer.Option(min=1, metavar="N", help="Longest document, in words or 字.")] = 6000
    criteria: Annotated[bool, typer.Option("--criteria", help="Make five criteria for each task, too.")] = False
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to.", show_default="standard output"),
    ] = None
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Only the first N documents.")] = None


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    command(app, "tasks", TasksFlags)(tasks)


def tasks(flags: TasksFlags) -> None:
    """Make writing tasks of your own documents, for `penmark import tasks`.

    A model finds each document's genre, marks it, and tells theme, facts and outline; the document is then the
    reference. What cannot be used is named and left out. Replies are kept: a second run costs nothing.
    """
    from penmark.build.tasks import TaskBuilding
    from penmark.cli.watch import watching
    from penmark.evaluate.running import run_async
    from penmark.store import Store

    plan, left_out = _plan(flags)
    if flags.output is not None:
        check_writable(flags.output)
    with Store(flags.db if flags.db.exists() or not flags.dry_run else ":memory:") as store:
        building = TaskBuilding(store, plan, flags.budget())
        building.left_out += left_out
        if flags.dry_run:
            _show_estimate(building)
            return
        stopped_by = run_async(building.run(partial(watching, log=flags.log)))
    raise typer.Exit(_finish(flags, building, stopped_by))


def _plan(flags: TasksFlags) -> tuple[TaskPlan, list[tuple[str, str]]]:
    """What to make, and (id, reason) of the documents that cannot be used."""
    from penmark.build.documents import read_documents, usable
    from penmark.build.tasks import SAMPLING, TaskPlan
    from penmark.errors import ConfigError
    from penmark.named import make_model
    from penmark.session import override

    if flags.min_words > flags.max_words:
        raise ConfigError(f"--min-words {flags.min_words} is over --max-words {flags.max_words}; no document has both")
    documents, left_out = usable(read_documents(flags.documents, BENCH), flags.min_words, flags.max_words)
    if not documents:
        raise ConfigError(f"no document can be used: {_listed(left_out)}; see --min-words and --max-words")
    plan = TaskPlan(
        documents=documents[: flags.limit],
        source=", ".join(map(str, flags.documents)),
        model=make_model(flags.model, flags.model_options()),
        kinds=[kind.value for kind in flags.kind or (Kind.guide,)],
        least_quality=flags.least_quality,
        with_criteria=flags.criteria,
        sampling=override(SAMPLING, flags.sampling(flags.seed)),
        seed=flags.seed or 0,
        connections=flags.connections,
    )
    return plan, left_out


def _show_estimate(building: TaskBuilding) -> None:
    from penmark.cli.run import print_estimates
    from penmark.evaluate.estimate import estimate, sizes

    plan = building.plan
    asked = chain.from_iterable(map(sizes, building.prompts()))
    print_estimates([estimate(plan.model, asked, plan.sampling)])
    if plan.with_criteria:
        print("The criteria take one more call for each task.")


def _finish(flags: TasksFlags, building: TaskBuilding, stopped_by: str) -> int:
    """Write the file and say what was made, what was not and why, and what to do next; gives back the exit code."""
    from penmark.benchmarks.task_files import task_row

    if stopped_by:
        again = shlex.join(["penmark", *sys.argv[1:]])
        print(
            f"stopped: {stopped_by}. What is finished is kept, no file is written; go on with: {again}", file=sys.stderr
        )
        return INTERRUPTED if stopped_by == "interrupted" else LOW_COVERAGE
    if building.tasks:
        save_rows([task_row(task) for task in building.tasks], flags.output)
    _tell(flags, building.tasks, building.left_out)
    return DONE if building.tasks and building.coverage >= flags.min_coverage else LOW_COVERAGE


def _tell(flags: TasksFlags, made: Sequence[Task], left_out: Sequence[tuple[str, str]]) -> None:
    from penmark.text import amount

    for name, reason in left_out[:FAILURES_SHOWN]:
        print(f"left out: {name}: {reason}", file=sys.stderr)
    if len(left_out) > FAILURES_SHOWN:
        print(f"left out: {len(left_out) - FAILURES_SHOWN} more", file=sys.stderr)
    for tag in ("task_type", "genre", "language") if made else ():
        counts = Counter(task.tags[tag] for task in made)
        print(f"{tag}: {', '.join(f'{name} {n}' for name, n in counts.most_common())}", file=sys.stderr)
    where = f": {flags.output}" if flags.output and made else "" if made else "; nothing written"
    print(f"{amount(len(made), 'task')}{where}", file=sys.stderr)
    if made:
        file = shlex.quote(str(flags.output)) if flags.output else "FILE"
        print(f"next: read and revise them, then penmark import tasks {file} --bench NAME", file=sys.stderr)


def _listed(left_out: Sequence[tuple[str, str]]) -> str:
    shown = "; ".join(f"{name}: {reason}" for name, reason in left_out[:3])
    return shown + (f"; and {len(left_out) - 3} more" if len(left_out) > 3 else "") if left_out else "there are none"

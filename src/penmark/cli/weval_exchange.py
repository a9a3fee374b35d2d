"""`penmark weval import` and `export`: groups of known order from and to JSONL."""

from __future__ import annotations

import shlex
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penmark.cli.failure import check_writable, writing_to
from penmark.cli.flags import DbFlags
from penmark.cli.weval_build import BenchName

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penmark.metaeval.group_file import Group
    from penmark.store import Store


@dataclass(kw_only=True)
class ImportFlags(DbFlags):
    """Options of `penmark weval import`."""

    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help='JSONL of {"prompt", "chosen", "constraint", "instruction_id_list"}, a group together.'
        ),
    ]
    bench: BenchName = "weval"
    group_size: Annotated[
        int | None,
        typer.Option(min=2, metavar="N", help="Lines of each group.", show_default="lines of one prompt"),
    ] = None


@dataclass(kw_only=True)
class ExportFlags(DbFlags):
    """Options of `penmark weval export`."""

    bench: BenchName = "weval"
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to.", show_default="standard output")
    ] = None


def import_groups(flags: ImportFlags) -> None:
    """Take in groups of known order that were made elsewhere, such as WEval's eval.jsonl."""
    from penmark.build.groups import check_groups
    from penmark.metaeval.group_file import read_groups
    from penmark.named import check_own_name
    from penmark.store import Store
    from penmark.text import amount

    check_own_name(flags.bench)
    groups = read_groups(flags.file, flags.bench, flags.group_size)
    with Store(flags.db) as store:
        check_groups(store, flags.bench, [group.task for group in groups])
        new = _store(store, groups, str(flags.file))
    print(
        f"{amount(new, 'new response')} in {amount(len(groups), 'group')}: benchmark {flags.bench} in {flags.db}",
        file=sys.stderr,
    )
    print(f"next: penmark weval rank --bench {shlex.quote(flags.bench)} --judge JUDGE", file=sys.stderr)


def _store(store: Store, groups: Sequence[Group], source: str) -> int:
    from penmark.evaluate.imports import import_responses

    tasks = {group.task.id: group.task for group in groups}
    writers = dict.fromkeys(writer for group in groups for writer in group.texts)
    new = 0
    for writer in writers:
        texts = {group.task.id: group.texts[writer] for group in groups if writer in group.texts}
        new += import_responses(store, tasks, texts, writer=writer, source=source)
    return new


def export(flags: ExportFlags) -> None:
    """Write the groups as JSONL that `penmark weval import` reads, in the shape of WEval's eval.jsonl."""
    from penmark.metaeval.group_file import Group, write_groups
    from penmark.metaeval.weval import group_tasks
    from penmark.store import Store, reads
    from penmark.text import amount

    if flags.output is not None:
        check_writable(flags.output)
    out = flags.output
    with Store(flags.db, create=False) as store:
        texts: dict[str, dict[str, str]] = {}
        for task, response in reads.responses(store.db, flags.bench):
            if response.text is not None:
                texts.setdefault(task.id, {})[response.writer] = response.text
        made = [Group(task, texts.get(task.id, {})) for task in group_tasks(store, flags.bench)]
        groups = [group for group in made if group.is_whole]
    with writing_to(out), out.open("w", encoding="utf-8", newline="\n") if out else nullcontext(sys.stdout) as stream:
        written = write_groups(stream, groups)
    print(f"{amount(written, 'response')} in {amount(len(groups), 'group')}", file=sys.stderr)
    if len(groups) < len(made):
        print(f"{len(made) - len(groups)} groups that lack responses are left out", file=sys.stderr)

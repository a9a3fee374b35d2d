"""`penmark import ratings`: what people said of texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penmark.cli.exchange import ImportFlags, tasks_of
from penmark.cli.flags import command

if TYPE_CHECKING:
    from penmark.benchmarks.ratings import Terms
    from penmark.evaluate.ratings import Imported
    from penmark.records import Task
    from penmark.store import Store

FORMATS = "scores, pairs, best, ranking, writing-preference, autoj"
SIDES = {"a": 1, "b": -1, "tie": 0}
SCALE = re.compile(r"(-?\d+(?:\.\d+)?)-(-?\d+(?:\.\d+)?)")


@dataclass(kw_only=True)
class ImportRatingsFlags(ImportFlags):
    """Options of `penmark import ratings`."""

    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSONL, CSV or TSV file.")]
    format: Annotated[
        str | None, typer.Option(metavar="FORMAT", help=f"One of {FORMATS}.", show_default="by its columns")
    ] = None
    as_bench: Annotated[
        bool, typer.Option("--as-bench", help="Make the benchmark from the file's own tasks and responses.")
    ] = False
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD=COLUMN", help="Which column has a field, such as score=rating or tag:genre=kind; repeatable."
        ),
    ] = None
    verdict: Annotated[
        list[str] | None,
        typer.Option(metavar="VALUE=a|b|tie", help="What a value of the column `preferred` says; repeatable."),
    ] = None
    annotator: Annotated[str | None, typer.Option(metavar="NAME", help="Who rated, where the file does not say.")] = (
        None
    )
    scale: Annotated[str | None, typer.Option(metavar="LOW-HIGH", help="Refuse scores outside, such as 1-5.")] = None
    judge: Annotated[str, typer.Option(metavar="NAME", help="What to call the people.")] = "human"


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    command(app, "ratings", ImportRatingsFlags)(import_ratings)


def import_ratings(flags: ImportRatingsFlags) -> None:
    """Take in people's ratings: scores, pairwise preferences, picks of the best, rankings.

    With --as-bench the tasks and texts come from the file too. People are judges: `human` is all of them together,
    `human:NAME` one of them.
    """
    from penmark.benchmarks.ratings import FORMATS, read_ratings
    from penmark.benchmarks.ratings.table import FAMILIES, FIELDS
    from penmark.errors import ConfigError
    from penmark.evaluate import ratings
    from penmark.store import Store

    if flags.format not in (None, *FORMATS):
        raise ConfigError(f"no format {flags.format!r}; there are {', '.join(FORMATS)}")
    columns = dict(_pair(text, "--column", "FIELD=COLUMN") for text in flags.column or ())
    unknown = [name for name in columns if name not in FIELDS and name.partition(":")[0] not in FAMILIES]
    if unknown:
        raise ConfigError(f"no field {', '.join(unknown)} for --column; there are {', '.join(FIELDS)}, tag:NAME, "
                          "criterion:NAME and score:ANNOTATOR")  # fmt: skip
    terms = _terms(flags, _known(flags))
    found = read_ratings(flags.file, terms, format=flags.format, columns=columns)
    if not found.scores and not found.preferences:
        raise ConfigError(f"{flags.file} has no rating, {len(found.unrated)} are empty; nothing was stored")
    with Store(flags.db) as store:
        done = ratings.import_ratings(store, found, flags.bench, judge=flags.judge, source=flags.file)
    print(_summary(done, flags.bench))


def _summary(done: Imported, bench: str) -> str:

    counts = {"scores": done.scores, "preferences": done.preferences, "scores left empty": done.unrated}
    said = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    names = ", ".join(done.judges[:5]) + (f" and {len(done.judges) - 5} more" if len(done.judges) > 5 else "")
    return f"{said} on {done.responses:,} responses to {done.tasks:,} tasks of {bench}; judges: {names}"


def _terms(flags: ImportRatingsFlags, known: dict[str, Task]) -> Terms:
    from penmark.benchmarks.ratings import Terms

    pairs = [_pair(text, "--verdict", "VALUE=a, VALUE=b or VALUE=tie") for text in flags.verdict or ()]
    return Terms(
        bench=flags.bench,
        known=known,
        makes_tasks=flags.as_bench,
        annotator=flags.annotator or "",
        verdicts={value: _side(side) for value, side in pairs},
        scale=_scale(flags.scale),
    )


def _known(flags: ImportRatingsFlags) -> dict[str, Task]:
    """The benchmark's tasks: with --as-bench, those that an earlier file brought."""
    from penmark.errors import ConfigError
    from penmark.registry import names
    from penmark.store import Store

    if not flags.as_bench:
        try:
            return tasks_of(flags)
        except ConfigError as error:
            raise ConfigError(f"{error}; or make {flags.bench} from {flags.file} with --as-bench") from error
    if flags.bench in names("benchmarks"):
        raise ConfigError(
            f"{flags.bench} is a benchmark of its own; leave out --as-bench, or give another --bench name"
        )
    if not flags.db.exists():
        return {}
    with Store(flags.db, create=False) as store:
        return _stored(store, flags.bench)


def _stored(store: Store, bench: str) -> dict[str, Task]:
    from penmark.store import reads

    return {task.id: task for task, _ in reads.tasks(store.db, bench)}


def _pair(text: str, option: str, form: str) -> tuple[str, str]:
    from penmark.errors import ConfigError

    name, equals, value = text.partition("=") if option == "--column" else _last(text)
    if not (name.strip() and equals and value.strip()):
        raise ConfigError(f"{option} {text!r} is not {form}")
    return name.strip(), value.strip()


def _last(text: str) -> Sequence[str]:
    """Split at the last "=", as a value may be such as "a=b"."""
    return text.rpartition("=")


def _side(side: str) -> int:
    from penmark.errors import ConfigError

    if side not in SIDES:
        raise ConfigError(f"--verdict ...={side} is not one of {', '.join(SIDES)}")
    return SIDES[side]


def _scale(text: str | None) -> tuple[float, float] | None:
    from penmark.errors import ConfigError

    if text is None:
        return None
    found = SCALE.fullmatch(text.strip())
    low, high = map(float, found.groups()) if found else (1.0, 0.0)
    if low >= high:
        raise ConfigError(f"--scale {text!r} is not LOW-HIGH, such as 1-5")
    return low, high

"""What the commands of `penmark meta` share: which judgments, and where the finding goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penmark.cli.failure import check_writable, writing_to
from penmark.cli.flags import DbFlags, JudgedBench
from penmark.cli.output import print_or_save

if TYPE_CHECKING:
    from penmark.reports.sheet import Sheet
    from penmark.store import Store

PAGES = {".html", ".htm"}


@dataclass(kw_only=True)
class MetaFlags(DbFlags):
    """Options of all of them."""

    bench: JudgedBench = None
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Where to; a page where it ends in .html.",
            show_default="standard output",
        ),
    ] = None  # fmt: skip
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Seed of the bootstrap.")] = 0

    def check(self) -> None:
        """Make sure that the file can be written, before any work.

        Raises:
            ConfigError: when it cannot.
        """
        from penmark.errors import ConfigError

        if self.output is None:
            return
        if self.json and self.output.suffix.lower() in PAGES:
            raise ConfigError(f"--json and a page, {self.output}; leave out --json, or name another file")
        check_writable(self.output)


@dataclass(kw_only=True)
class JudgeChoice:
    """Which judges."""

    judge: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this judge, by its name here; repeatable.", show_default="all"),
    ] = None


@dataclass(kw_only=True)
class HumanChoice:
    """Whom to compare with."""

    human: Annotated[
        str | None, typer.Option(metavar="NAME", help="Judge to compare with.", show_default="the newest people")
    ] = None


def bench_of(store: Store, bench: str | None, *, is_fitting: Callable[[str], bool] = lambda _: True) -> str:
    """The benchmark that was named, else the newest judged one that fits.

    Raises:
        ConfigError: when nothing has been judged, or not this.
    """
    from penmark.errors import ConfigError
    from penmark.store import reads

    judged = [b for b in reads.benches(store.db) if reads.judges_of(store.db, b) or reads.pair_judges_of(store.db, b)]
    if not judged:
        raise ConfigError(
            f"nothing has been judged in {store.path}; run `penmark judge BENCH --judge length`, "
            "or bring people's ratings with `penmark import ratings FILE --bench BENCH`"
        )
    if bench is not None and bench not in judged:
        raise ConfigError(f"nothing has been judged on {bench!r} in {store.path}, only on: {', '.join(judged)}")
    return bench or next((b for b in reversed(judged) if is_fitting(b)), judged[-1])


def show(flags: MetaFlags, values: Mapping[str, object], sheet: Sheet) -> None:
    """Print or write the finding: as JSON, as tables or as a page."""
    out = flags.output
    if out is not None and out.suffix.lower() in PAGES:
        from penmark.reports.sheet import write_page

        with writing_to(out):
            write_page(sheet, out)
        return
    from penmark.reports.sheet import as_rich

    print_or_save(out, values if flags.json else None, lambda: as_rich(sheet))

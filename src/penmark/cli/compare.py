"""`penmark compare`: responses in pairs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penmark.cli.flags import CallFlags, DbFlags, SamplingFlags, command
from penmark.cli.run import (
    JUDGING,
    Bench,
    JudgeModel,
    JudgeName,
    Limit,
    PromptLanguage,
    RetryUnscored,
    call_options,
    finish,
    print_estimates,
)

if TYPE_CHECKING:
    from penmark.pair_session import CompareRequest
    from penmark.session import Outcome


@dataclass(kw_only=True)
class CompareFlags(SamplingFlags, CallFlags, DbFlags):
    """Options of `penmark compare`."""

    bench: Bench
    judge: Annotated[
        str, typer.Option(metavar="JUDGE", rich_help_panel=JUDGING, help="A judge that compares, such as pairwise.")
    ] = "pairwise"
    judge_model: JudgeModel = None
    judge_name: JudgeName = None
    prompt_language: PromptLanguage = None
    repeats: Annotated[
        int, typer.Option(min=1, metavar="N", rich_help_panel=JUDGING, help="Compare each pair N times in each order.")
    ] = 1
    retry_unscored: RetryUnscored = False
    writer: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only the responses of this writer; may be given several times."),
    ] = None
    against: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Compare with this baseline only; may be given several times.",
            show_default="all against all",
        ),
    ] = None
    max_pairs: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Compare so many pairs at most, spread evenly over writers and tasks."),
    ] = None
    limit: Limit = None


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    command(app, "compare", CompareFlags)(compare)


def compare(flags: CompareFlags) -> None:
    """Have a judge say which of two responses to a task is better, in both orders, for many pairs of writers."""
    request = _request(flags)
    if flags.dry_run:
        _show_estimate(flags.db, request)
    else:
        finish([_compare(flags.db, request, flags.log)], flags.min_coverage)


def _request(flags: CompareFlags) -> CompareRequest:
    from penmark.pair_session import CompareRequest
    from penmark.protocols import JudgeOptions

    return CompareRequest(
        bench=flags.bench,
        judge=flags.judge,
        model=flags.judge_model,
        name=flags.judge_name,
        writers=tuple(flags.writer or ()),
        limit=flags.limit,
        repeats=flags.repeats,
        retry_unscored=flags.retry_unscored,
        options=JudgeOptions(prompt_language=flags.prompt_language),
        calls=call_options(flags, flags),
        against=tuple(flags.against or ()),
        max_pairs=flags.max_pairs,
        seed=flags.seed or 0,
    )


def _compare(db: Path, request: CompareRequest, log: Path | None) -> Outcome:
    """Compare with progress shown."""
    from penmark import pair_session
    from penmark.cli.watch import watching
    from penmark.store import Store

    with Store(db, create=False) as store:
        watch = partial(watching, f"comparing with {request.name or request.judge}", log=log)
        return pair_session.compare(store, request, watch)


def _show_estimate(db: Path, request: CompareRequest) -> None:
    from penmark.pair_session import estimate_comparing
    from penmark.store import Store

    with Store(db, create=False) as store:
        print_estimates([estimate_comparing(store, request)])

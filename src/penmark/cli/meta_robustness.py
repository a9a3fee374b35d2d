"""`penmark meta robustness`: what judges make of texts that were disturbed on purpose."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penmark.cli.failure import check_writable, writing_to
from penmark.cli.flags import CallFlags, DbFlags, SamplingFlags, command
from penmark.cli.output import print_or_save
from penmark.cli.robustness_table import robustness_table
from penmark.cli.run import (
    JUDGING,
    Bench,
    JudgingFlags,
    call_options,
    do_judge,
    finish,
    judge_request,
    show_estimates,
)
from penmark.errors import ConfigError

if TYPE_CHECKING:
    from penmark.metaeval.copies import Drawn
    from penmark.session import JudgeRequest
    from penmark.store import Store


@dataclass(kw_only=True)
class RobustnessFlags(JudgingFlags, SamplingFlags, CallFlags, DbFlags):
    """Options of `penmark meta robustness`."""

    bench: Bench
    judge: Annotated[
        str,
        typer.Option(
            metavar="JUDGE",
            rich_help_panel=JUDGING,
            help="Have this judge score texts and copies.",
            show_default="none, show what is judged",
        ),
    ] = ""
    writer: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only texts of this writer; may be given several times."),
    ] = None
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="Perturb N texts, evenly over the writers.")] = 50
    transfer_model: Annotated[
        str | None, typer.Option(metavar="MODEL", help="A model that rewrites the texts in four other genres, too.")
    ] = None
    node: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH", help="Show this node of the judges' trees, too, such as content; several times."),
    ] = None
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
    html: Annotated[bool, typer.Option("--html", help="One offline page; name it with --output.")] = False
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to.", show_default="standard output")
    ] = None


def robustness(flags: RobustnessFlags) -> None:
    """Disturb texts in many ways, have a judge score them again, and show whether its scores go where they should.

    Copies are kept as responses of their own, which reports leave out; --dry-run makes those that need no model.
    Without --judge: what is judged already.
    """
    if flags.html and flags.output is None:
        raise ConfigError("--html makes a page; say where it goes with --output FILE")
    if not flags.judge and flags.transfer_model is not None:
        raise ConfigError("--transfer-model makes copies to judge; name a judge with --judge")
    if flags.output is not None:
        check_writable(flags.output)
    if not flags.judge:
        _show(flags, [])
        return
    request = _prepared(flags)
    if flags.dry_run:
        show_estimates(flags.db, request)
        return
    outcome = do_judge(flags.db, request, log=flags.log)
    if not outcome.stopped_by:
        _show(flags, [outcome.name])
    finish([outcome], flags.min_coverage)


def _prepared(flags: RobustnessFlags) -> JudgeRequest:
    """What to judge, after the copies are made; everything is checked before."""
    from penmark import session
    from penmark.metaeval.copies import draw, save_copies
    from penmark.store import Store

    made = judge_request(flags, writers=tuple(flags.writer or ()), calls=call_options(flags, flags))
    request = replace(made, limit=None)  # Here it limits the texts, not the tasks.
    seed = flags.seed or 0
    with Store(flags.db, create=False) as store:
        drawn = draw(store, flags.bench, request.writers, flags.limit, seed)
        session.check_judging(store, request, (task for task, _ in drawn))
        if flags.transfer_model is not None and not flags.dry_run:
            _transfer(store, flags, drawn, seed)
        copied = save_copies(store, flags.bench, drawn, seed)
    for kind, number in copied.impossible.items():
        print(f"{kind}: no room for it in {number} of {len(drawn)} texts", file=sys.stderr)
    return replace(request, writers=copied.writers, responses=copied.keys)


def _transfer(store: Store, flags: RobustnessFlags, drawn: Drawn, seed: int) -> None:
    """Have a model write the copies in other genres."""
    from penmark.cli.watch import watching
    from penmark.evaluate.running import run_async
    from penmark.metaeval.transfers import transfer, transfer_plans
    from penmark.named import make_model

    model = make_model(flags.transfer_model or "", flags.model_options())
    plans = transfer_plans(store, drawn, model, seed=seed, connections=flags.connections)
    watch = partial(watching, f"rewriting with {model.id}", log=flags.log)
    stopped = run_async(transfer(store, model, plans, call_options(flags, flags).budget(), watch))
    if stopped:
        raise ConfigError(f"stopped: {stopped}; what is rewritten is kept, run the same command again to go on")


def _show(flags: RobustnessFlags, judges: Sequence[str]) -> None:
    from penmark.metaeval.robustness import as_json, robustness
    from penmark.reports.robustness import write_page
    from penmark.store import Store

    with Store(flags.db, create=False) as store:
        made = robustness(store, flags.bench, judges, nodes=flags.node or (), seed=flags.seed or 0)
    if flags.html and flags.output is not None:
        with writing_to(flags.output):
            write_page(as_json(made), flags.output)
        return
    print_or_save(flags.output, as_json(made) if flags.json else None, lambda: robustness_table(made))


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    command(app, "robustness", RobustnessFlags)(robustness)

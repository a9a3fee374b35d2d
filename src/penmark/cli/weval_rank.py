"""`penmark weval rank`: have a judge score the groups, beside what every judge must be compared with."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from penmark.cli.flags import CallFlags, DbFlags, SamplingFlags
from penmark.cli.run import JudgingFlags, Limit
from penmark.cli.weval_build import BenchName

if TYPE_CHECKING:
    from penmark.records import Task
    from penmark.session import JudgeRequest

BESIDE = ("golden", "length", "constant")  # free, and always there to compare with
BLIND_INSTEAD = "static"  # stands in for a judge that has nothing to score without requirements


@dataclass(kw_only=True)
class RankFlags(JudgingFlags, SamplingFlags, CallFlags, DbFlags):
    """Options of `penmark weval rank`."""

    bench: BenchName = "weval"
    limit: Limit = None
    blind: Annotated[
        bool,
        typer.Option("--blind/--no-blind", help="Also ask the judge without showing it the requirements."),
    ] = True
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False


def rank(flags: RankFlags) -> None:
    """Have a judge score the groups, and show how well every judge so far orders them.

    Beside it stand the true order, the length of the text, a constant, and the same judge without the requirements.
    """
    from penmark.cli.run import do_judge, finish, show_estimates
    from penmark.metaeval.weval import group_tasks
    from penmark.store import Store

    with Store(flags.db, create=False) as store:
        first = group_tasks(store, flags.bench)[0]
    asked = _requests(flags, first)
    if flags.dry_run:
        show_estimates(flags.db, *asked)
        return
    budget = asked[0].calls.budget()
    outcomes = [do_judge(flags.db, _free(flags, judge)) for judge in BESIDE]
    for request in asked:
        outcomes.append(do_judge(flags.db, request, budget, flags.log))
        if outcomes[-1].stopped_by:
            break
    _show(flags)
    finish(outcomes, flags.min_coverage)


def _requests(flags: RankFlags, first: Task) -> list[JudgeRequest]:
    """The judge's scorings, then those without the requirements, where there is something to score."""
    from penmark.cli.run import call_options, judge_request
    from penmark.metaeval.weval import BLIND

    request = judge_request(flags, writers=(), calls=call_options(flags, flags))
    name = request.name or (f"{request.judge}@{request.model}" if request.model else request.judge)
    if not flags.blind or request.judge in BESIDE:
        return [request]
    blind = replace(request, name=f"{name}{BLIND}", options=replace(request.options, blind=True))
    if not _can_score(blind, first):
        if request.model is None:
            print(f"{name} has nothing to score without requirements; compare it with constant", file=sys.stderr)
            return [request]
        blind = replace(blind, judge=BLIND_INSTEAD)
        print(f"without requirements {name} has nothing to score; {BLIND_INSTEAD} is asked instead", file=sys.stderr)
    return [request, blind]


def _can_score(request: JudgeRequest, task: Task) -> bool:
    from penmark.errors import DataError
    from penmark.named import make_judge

    try:
        leaves = list(make_judge(request.judge, request.options).rubric(task).leaves())
    except DataError:
        return False
    return bool(leaves)


def _free(flags: RankFlags, judge: str) -> JudgeRequest:
    from penmark.session import JudgeRequest

    return JudgeRequest(bench=flags.bench, judge=judge)


def _show(flags: RankFlags) -> None:
    from rich.console import Console

    from penmark.cli.output import print_json
    from penmark.cli.weval_tables import weval_tables
    from penmark.metaeval.weval import rank_judges, weval_json
    from penmark.store import Store

    with Store(flags.db, create=False) as store:
        found = rank_judges(store, flags.bench)
    if flags.json:
        print_json(weval_json(found))
    else:
        Console(width=None if sys.stdout.isatty() else 120).print(weval_tables(found))

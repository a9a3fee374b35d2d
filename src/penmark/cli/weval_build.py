"""`penmark weval build`: groups of responses of known order from seed queries."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penmark.cli.failure import DONE, INTERRUPTED, LOW_COVERAGE
from penmark.cli.flags import CallFlags, DataFlags, DbFlags, SamplingFlags

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penmark.build.groups import GroupBuilding, GroupPlan
    from penmark.records import Task

FAILURES_SHOWN = 10
USUAL_WORDS = 20  # of a requirement that is still to be made, for estimates
FILTER = "Filter"
BenchName = Annotated[str, typer.Option(metavar="NAME", help="The groups' name as a benchmark in the database.")]


@dataclass(kw_only=True)
class BuildFlags(SamplingFlags, CallFlags, DataFlags, DbFlags):
    """Options of `penmark weval build`; the sampling options are the responses'."""

    seeds: Annotated[
        str,
        typer.Option(
            metavar="FILE|BENCH", help='JSONL file of {"query"}, maybe with index, lang, material; or a benchmark.'
        ),
    ]
    model: Annotated[str, typer.Option(metavar="MODEL", help="The model that adds five requirements to each seed.")]
    writer: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="The model that writes the responses.", show_default="the same"),
    ] = None
    bench: BenchName = "weval"
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Only the first N seeds, filtered ones.")] = None
    dropout_seed: Annotated[
        int, typer.Option(min=0, metavar="N", help="Seed of what is dropped; --seed is that of the sampling.")
    ] = 0
    encoder: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            rich_help_panel=FILTER,
            help="Keep seeds near prototypes of writing tasks, by this local Hugging Face encoder.",
        ),
    ] = None
    no_filter: Annotated[bool, typer.Option("--no-filter", rich_help_panel=FILTER, help="Keep all seeds.")] = False
    prototypes: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=FILTER,
            help='JSONL of {"category", "query"}: prototypes instead of the packaged ones.',
        ),
    ] = None
    min_similarity: Annotated[
        float,
        typer.Option(
            min=-1, max=1, metavar="X", rich_help_panel=FILTER, help="Least cosine of a seed to the nearest centre."
        ),
    ] = 0.5


def build(flags: BuildFlags) -> None:
    """Make groups of known order: five requirements for each seed, then responses with 0 to 4 of them dropped.

    A seed without five usable requirements after three replies is named and left out. What is finished is kept: the
    same command goes on where it stopped.
    """
    from penmark.build.groups import GroupBuilding
    from penmark.cli.watch import watching
    from penmark.evaluate.running import run_async
    from penmark.store import Store

    plan = _plan(flags)
    budget = flags.budget()
    with Store(flags.db if flags.db.exists() or not flags.dry_run else ":memory:") as store:
        building = GroupBuilding(store, plan, budget)
        if flags.dry_run:
            _show_estimates(plan)
            return

        stopped_by = run_async(building.run(partial(watching, log=flags.log)))
    raise typer.Exit(_tell(flags, building, stopped_by))


def _plan(flags: BuildFlags) -> GroupPlan:
    from penmark.build.constraints import SAMPLING
    from penmark.build.groups import WRITING, GroupPlan
    from penmark.named import check_own_name, make_model
    from penmark.session import override

    check_own_name(flags.bench)
    seeds = _seeds(flags)
    options = flags.model_options()
    model = make_model(flags.model, options)
    asking = replace(SAMPLING, seed=flags.seed)
    return GroupPlan(
        seeds=seeds,
        source=flags.seeds,
        bench=flags.bench,
        model=model,
        writer=make_model(flags.writer or flags.model, replace(options, structured=False)),
        asking=asking,
        writing=override(WRITING, flags.sampling(flags.seed)),
        seed=flags.dropout_seed,
        connections=flags.connections,
    )


def _seeds(flags: BuildFlags) -> list[Task]:
    """The seeds to take, those near a prototype where there is a filter."""
    from penmark.cli.build import read_tasks
    from penmark.errors import ConfigError

    if (flags.encoder is None) != flags.no_filter:
        raise ConfigError(
            "say how seeds are chosen: --encoder DIR keeps those near prototypes of writing tasks, by a local Hugging "
            "Face encoder, and --no-filter keeps all; give one of the two"
        )
    tasks = read_tasks(flags.seeds, flags.data)
    if flags.encoder is not None:
        tasks = _near_prototypes(flags, tasks, flags.encoder)
    if not tasks:
        raise ConfigError(f"no seed of {flags.seeds} is near a prototype; lower --min-similarity or take --no-filter")
    return tasks[: flags.limit]


def _near_prototypes(flags: BuildFlags, tasks: Sequence[Task], encoder: Path) -> list[Task]:
    from penmark.build.prototypes import nearest_categories, open_encoder, read_prototypes

    prototypes = read_prototypes(flags.prototypes)
    near = nearest_categories(tasks, prototypes, open_encoder(encoder))
    kept = [
        replace(task, tags={**task.tags, "task_type": found.category})
        for task, found in zip(tasks, near, strict=True)
        if found.similarity >= flags.min_similarity
    ]
    print(f"{len(kept)} of {len(tasks)} seeds are within {flags.min_similarity:g} of a prototype", file=sys.stderr)
    return kept


def _show_estimates(plan: GroupPlan) -> None:
    """What all of it would take, what is kept from before included."""
    from penmark.build.constraints import CONSTRAINTS, constraints_prompt
    from penmark.cli.run import print_estimates
    from penmark.evaluate.estimate import estimate, prompt_tokens
    from penmark.text import estimate_tokens

    more = estimate_tokens("word " * USUAL_WORDS)
    sizes = [
        (estimate_tokens(task.prompt) + (CONSTRAINTS - dropped) * more, 0)
        for task in plan.seeds
        for dropped in range(CONSTRAINTS)
    ]
    asked = ((prompt_tokens(constraints_prompt(task)), 0) for task in plan.seeds)
    print_estimates([estimate(plan.model, asked, plan.asking), estimate(plan.writer, sizes, plan.writing)])


def _tell(flags: BuildFlags, building: GroupBuilding, stopped_by: str) -> int:
    """Say what was made, what was not and why, and what to do next; gives back the exit code."""
    from penmark.text import amount

    if stopped_by:
        again = shlex.join(["penmark", *sys.argv[1:]])
        print(f"stopped: {stopped_by}. What is finished is kept; go on with: {again}", file=sys.stderr)
        return INTERRUPTED if stopped_by == "interrupted" else LOW_COVERAGE
    failed = list(building.constraints.failed())
    for task, reason in failed[:FAILURES_SHOWN]:
        print(f"no requirements for seed {task.id}, left out: {reason}", file=sys.stderr)
    if len(failed) > FAILURES_SHOWN:
        print(f"no requirements for {len(failed) - FAILURES_SHOWN} more", file=sys.stderr)
    missing = sum(progress.unscored for progress in building.written)
    if missing:
        print(f"{missing} responses could not be had; the same command asks again", file=sys.stderr)
    seeds = len(building.plan.seeds)
    made = f"{amount(len(building.groups), 'group')} from {amount(seeds, 'seed')}"
    print(f"{made}: benchmark {flags.bench} in {flags.db}", file=sys.stderr)
    if building.groups:
        print(f"next: penmark weval rank --bench {shlex.quote(flags.bench)} --judge JUDGE", file=sys.stderr)
    had = len(building.groups) * len(building.written) - missing
    return DONE if had >= flags.min_coverage * seeds * max(len(building.written), 1) else LOW_COVERAGE

"""`penmark run`, `write` and `judge`: where models are called."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from penmark.cli.failure import DONE, INTERRUPTED, LOW_COVERAGE, check_writable
from penmark.cli.flags import CallFlags, DataFlags, DbFlags, SamplingFlags, command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penmark.cli.meta_robustness import RobustnessFlags
    from penmark.cli.weval_rank import RankFlags
    from penmark.evaluate.budget import Budget
    from penmark.evaluate.estimate import Estimate
    from penmark.session import CallOptions, JudgeRequest, Outcome, WriteRequest

JUDGING = "Judging"
Bench = Annotated[str, typer.Argument(metavar="BENCH", help="A benchmark, see `penmark bench list`.")]
Writer = Annotated[
    str, typer.Option(metavar="MODEL", help="The model that writes, such as openai/gpt-4.1-mini or embedded.")
]
WriterName = Annotated[
    str | None, typer.Option(metavar="NAME", help="Keep its responses under this name.", show_default="the model's")
]
Limit = Annotated[int | None, typer.Option(min=1, metavar="N", help="Only the first N tasks.")]
JudgeModel = Annotated[
    str | None,
    typer.Option(metavar="MODEL", rich_help_panel=JUDGING, help="The model behind the judge, where it asks one."),
]
JudgeName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        rich_help_panel=JUDGING,
        help="Keep what it finds under this name.",
        show_default="JUDGE@MODEL",
    ),
]
PromptLanguage = Annotated[
    Literal["en", "zh"] | None,
    typer.Option(
        rich_help_panel=JUDGING, help="The language to judge in.", show_default="the task's; English for embedded"
    ),
]
RetryUnscored = Annotated[
    bool,
    typer.Option(
        "--retry-unscored", rich_help_panel=JUDGING, help="Ask again for verdicts an earlier run could not read."
    ),
]


@dataclass(kw_only=True)
class WriteFlags(SamplingFlags, CallFlags, DataFlags, DbFlags):
    """Options of `penmark write`."""

    bench: Bench
    writer: Writer
    writer_name: WriterName = None
    limit: Limit = None


@dataclass(kw_only=True)
class JudgingFlags:
    """How to judge."""

    judge: Annotated[
        str, typer.Option(metavar="JUDGE", rich_help_panel=JUDGING, help="A judge, see `penmark judges list`.")
    ]
    judge_model: JudgeModel = None
    judge_name: JudgeName = None
    repeats: Annotated[
        int, typer.Option(min=1, metavar="N", rich_help_panel=JUDGING, help="Score each response N times.")
    ] = 1
    score: Annotated[
        Literal["integer", "expected"],
        typer.Option(
            rich_help_panel=JUDGING, help="The score as written, or its mean over the log-probabilities, where offered."
        ),
    ] = "integer"
    layout: Annotated[
        Literal["shared", "upstream"],
        typer.Option(
            rich_help_panel=JUDGING, help="Prompt order: what criteria share first (cheaper), or as in the papers."
        ),
    ] = "shared"
    joint: Annotated[bool, typer.Option("--joint", rich_help_panel=JUDGING, help="All criteria in one call.")] = False
    prompt_language: PromptLanguage = None
    tree: Annotated[
        Path | None,
        typer.Option(metavar="FILE", rich_help_panel=JUDGING, help="The tree to score, as TOML, for the judge `tree`."),
    ] = None
    preset: Annotated[
        Literal["paper", "upstream"],
        typer.Option(rich_help_panel=JUDGING, help="Where a paper and its released script differ: which to follow."),
    ] = "paper"
    reference: Annotated[
        bool,
        typer.Option(
            "--reference/--no-reference",
            rich_help_panel=JUDGING,
            help="Show the task's reference to judges that can do without.",
        ),
    ] = True
    units: Annotated[
        Literal["chars", "words"],
        typer.Option(
            rich_help_panel=JUDGING, help="What `length` counts, and overlap metrics compare in Chinese texts."
        ),
    ] = "chars"
    checkpoint: Annotated[
        Path | None,
        typer.Option(metavar="DIR", rich_help_panel=JUDGING, help="A local model, for judges that run one themselves."),
    ] = None
    calibration: Annotated[
        Path | None,
        typer.Option(metavar="FILE", rich_help_panel=JUDGING, help="What the judge `calibrated` goes by."),
    ] = None
    partial: Annotated[
        bool,
        typer.Option(
            "--partial", rich_help_panel=JUDGING, help="Let means make do with the scored criteria, and say so."
        ),
    ] = False
    retry_unscored: RetryUnscored = False


@dataclass(kw_only=True)
class JudgeFlags(JudgingFlags, SamplingFlags, CallFlags, DbFlags):
    """Options of `penmark judge`."""

    bench: Bench
    writer: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only the responses of this writer; may be given several times."),
    ] = None
    limit: Limit = None


@dataclass(kw_only=True)
class RunFlags(JudgingFlags, SamplingFlags, CallFlags, DataFlags, DbFlags):
    """Options of `penmark run`; the sampling options are the writer's."""

    bench: Bench
    writer: Writer
    writer_name: WriterName = None
    limit: Limit = None
    report: Annotated[Path, typer.Option(metavar="FILE", help="Where the html report goes.")] = Path(
        "penmark-report.html"
    )


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    command(app, "run", RunFlags)(run)
    command(app, "write", WriteFlags)(write)
    command(app, "judge", JudgeFlags)(judge)


def write(flags: WriteFlags) -> None:
    """Have a model write a benchmark's tasks."""
    request = write_request(flags)
    if flags.dry_run:
        show_estimates(flags.db, request)
    else:
        finish([do_write(flags.db, request, log=flags.log)], flags.min_coverage)


def judge(flags: JudgeFlags) -> None:
    """Have a judge score what the database holds of a benchmark."""
    request = judge_request(flags, writers=tuple(flags.writer or ()), calls=call_options(flags, flags))
    if flags.dry_run:
        show_estimates(flags.db, request)
    else:
        finish([do_judge(flags.db, request, log=flags.log)], flags.min_coverage)


def run(flags: RunFlags) -> None:
    """Write, judge and report in one go."""
    judging = judge_request(
        flags,
        writers=(flags.writer_name or flags.writer,),
        calls=call_options(flags, SamplingFlags()),
    )
    if flags.dry_run:
        show_estimates(flags.db, write_request(flags), judging)
    else:
        write_judge_report(flags.db, write_request(flags), judging, flags.report, flags.min_coverage, log=flags.log)


def write_judge_report(
    db: Path,
    writing: WriteRequest,
    judging: JudgeRequest,
    report: Path,
    min_coverage: float,
    *,
    log: Path | None = None,
) -> None:
    """Write, judge and report, after a look at whether all of it can be done; what was stopped is not reported on."""
    from penmark import session
    from penmark.store import Store

    check_writable(report)
    with Store(db if db.exists() else ":memory:") as store:
        session.check_run(store, writing, judging)
    budget = writing.calls.budget()
    outcomes = [do_write(db, writing, budget, log)]
    if not outcomes[0].stopped_by:
        outcomes.append(do_judge(db, judging, budget, log))
        show_report(db, judging.bench, outcomes[-1].name, report)
    finish(outcomes, min_coverage)


def write_request(flags: WriteFlags | RunFlags) -> WriteRequest:
    """What the options ask to write."""
    from penmark.session import WriteRequest

    return WriteRequest(
        bench=flags.bench,
        writer=flags.writer,
        name=flags.writer_name,
        limit=flags.limit,
        data=flags.data,
        calls=call_options(flags, flags),
    )


def judge_request(
    flags: JudgeFlags | RunFlags | RankFlags | RobustnessFlags, *, writers: tuple[str, ...], calls: CallOptions
) -> JudgeRequest:
    """What the options ask to judge.

    Raises:
        ConfigError: when a file is named that this judge does not read.
    """
    from penmark.protocols import JudgeOptions
    from penmark.session import JudgeRequest

    _check_read(flags.judge, "tree", flags.tree)
    _check_read(flags.judge, "calibrated", flags.calibration, option="--calibration")
    return JudgeRequest(
        bench=flags.bench,
        judge=flags.judge,
        model=flags.judge_model,
        name=flags.judge_name,
        writers=writers,
        limit=flags.limit,
        repeats=flags.repeats,
        score=flags.score,
        partial=flags.partial,
        retry_unscored=flags.retry_unscored,
        options=JudgeOptions(
            layout=flags.layout,
            joint=flags.joint,
            prompt_language=flags.prompt_language,
            tree=flags.tree,
            preset=flags.preset,
            use_reference=flags.reference,
            units=flags.units,
            checkpoint=flags.checkpoint,
            calibration=flags.calibration,
        ),
        calls=calls,
    )


def _check_read(judge: str, reader: str, file: Path | None, *, option: str = "--tree") -> None:
    """Rather than pay for scores by something else than the file that was named."""
    from penmark.errors import ConfigError

    if file is not None and judge != reader:
        raise ConfigError(
            f"the judge `{judge}` reads no {option}; judge with `--judge {reader}`, or leave out {option}"
        )


def call_options(flags: CallFlags, sampling: SamplingFlags) -> CallOptions:
    """How calls are to be made."""
    from penmark.session import CallOptions

    return CallOptions(
        model=flags.model_options(),
        sampling=sampling.sampling(flags.seed),
        connections=flags.connections,
        max_calls=flags.max_calls,
        max_tokens=flags.max_tokens,
        max_cost_usd=flags.max_cost,
    )


def show_estimates(db: Path, *requests: WriteRequest | JudgeRequest) -> None:
    """Print what the requests would take, and send nothing."""
    from penmark.session import estimates
    from penmark.store import Store

    with Store(db if db.exists() else ":memory:") as store:
        made = estimates(store, requests)
    print_estimates(made)


def print_estimates(made: Sequence[Estimate]) -> None:
    """Print estimates as a table."""
    from penmark.cli.output import print_rows

    print_rows(
        [
            {
                "model": e.model,
                "calls": e.calls,
                "prompt tokens": e.tokens_in,
                "of them shared": e.tokens_shared,
                "reply tokens, at most": e.tokens_out if e.tokens_out is not None else "no limit",
                "cost, at most": f"${e.cost_usd:.2f}" if e.cost_usd is not None else "price not known",
                "with prefix cache": f"${e.cached_cost_usd:.2f}" if e.cached_cost_usd is not None else "",
            }
            for e in made
        ]
    )
    print("Tokens are estimated from the text. Nothing was sent.")


def do_write(db: Path, request: WriteRequest, budget: Budget | None = None, log: Path | None = None) -> Outcome:
    """Write with progress shown."""
    from penmark import session
    from penmark.cli.watch import watching
    from penmark.store import Store

    with Store(db) as store:
        watch = partial(watching, f"writing with {request.name or request.writer}", log=log)
        return session.write(store, request, watch, budget)


def do_judge(db: Path, request: JudgeRequest, budget: Budget | None = None, log: Path | None = None) -> Outcome:
    """Judge with progress shown."""
    from penmark import session
    from penmark.cli.watch import watching
    from penmark.store import Store

    with Store(db, create=False) as store:
        watch = partial(watching, f"judging with {request.name or request.judge}", log=log)
        return session.judge(store, request, watch, budget)


def show_report(db: Path, bench: str, judge: str, path: Path) -> None:
    """Print the tables and write the html report."""
    from penmark.cli.report import print_table, write_html_report
    from penmark.store import Store

    with Store(db, create=False) as store:
        print_table(store, bench, judge)
        print(f"report: {write_html_report(store, bench, judge, path).resolve()}")


def finish(outcomes: list[Outcome], min_coverage: float) -> None:
    """End the command: 0 done, 3 when too little could be had, 130 interrupted; say how to go on."""
    stopped = next((o.stopped_by for o in outcomes if o.stopped_by), "")
    if stopped:
        again = shlex.join(["penmark", *sys.argv[1:]])
        print(f"stopped: {stopped}. What is finished is kept; go on with: {again}", file=sys.stderr)
        raise typer.Exit(INTERRUPTED if stopped == "interrupted" else LOW_COVERAGE)
    for outcome in outcomes:
        if outcome.progress.left_out:
            left = f"{outcome.progress.left_out} task{'s' * (outcome.progress.left_out > 1)} left out"
            print(f"{left}: {outcome.name} has nothing to score there", file=sys.stderr)
    low = [o for o in outcomes if o.progress.coverage < min_coverage]
    for outcome in low:
        p = outcome.progress
        print(
            f"coverage {p.coverage:.3f} of {outcome.name} is below {min_coverage:g}: "
            f"{p.unscored} of {p.total} {p.unit} could not be had, for these reasons:",
            file=sys.stderr,
        )
        for reason, count in p.why.most_common(3):
            print(f"  {count} x {reason[:300]}", file=sys.stderr)
    raise typer.Exit(LOW_COVERAGE if low else DONE)

"""`penmark build critic-data`, `select` and `sft`: training data from the database; `pairs` is in `build_pairs.py`."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from penmark.cli.failure import check_writable, writing_to
from penmark.cli.flags import DataFlags, DbFlags, command

if TYPE_CHECKING:
    from penmark.build.data_card import DataCard, Sample
    from penmark.build.overlap import HeldApart
    from penmark.protocols import Judge
    from penmark.records import Response, Task
    from penmark.store import Store

APART, SPLIT = "Apart from benchmarks", "Split by task"
Bench = Annotated[str, typer.Option(metavar="BENCH", help="Whose responses in the database.")]
Writers = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="Only the responses of this writer; may be given several times."),
]
Reasoning = Annotated[
    bool,
    typer.Option("--with-reasoning", help="Answers with the reasoning before them, as they came; the others left out."),
]


@dataclass(kw_only=True)
class OutputFlags(DataFlags, DbFlags):
    """Where training data goes, and what it must stand apart from."""

    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The JSONL file; its card is put beside it.")
    ]
    apart_from: Annotated[
        list[str] | None,
        typer.Option(
            metavar="BENCH",
            rich_help_panel=APART,
            help="A benchmark that the data must share no run of 13 words with; may be given several times.",
        ),
    ] = None
    leave_out_overlaps: Annotated[
        bool,
        typer.Option(
            "--leave-out-overlaps", rich_help_panel=APART, help="Leave out what overlaps instead of refusing all."
        ),
    ] = False
    side: Annotated[
        Literal["train", "held-out"] | None,
        typer.Option(rich_help_panel=SPLIT, help="Only tasks on this side of a split by the task's name."),
    ] = None
    held_out_share: Annotated[
        float, typer.Option(min=0, max=1, metavar="SHARE", rich_help_panel=SPLIT, help="Share of tasks held out.")
    ] = 0.2
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Seed of every draw.")] = 0


@dataclass(kw_only=True)
class CriticFlags(OutputFlags):
    """Options of `penmark build critic-data`."""

    bench: Bench
    judge: Annotated[str, typer.Option(metavar="NAME", help="Whose verdicts, by the judge's name in the database.")]
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Most samples.", show_default="an equal share of all")
    ] = None


@dataclass(kw_only=True)
class SelectFlags(OutputFlags):
    """Options of `penmark build select`."""

    bench: Bench
    judge: Annotated[str, typer.Option(metavar="NAME", help="Whose scores, by the judge's name in the database.")]
    best: Annotated[
        float | None, typer.Option(min=0, max=1, metavar="SHARE", help="Keep this share, the highest scores first.")
    ] = None
    above: Annotated[float | None, typer.Option(metavar="SCORE", help="Keep what scores this or more.")] = None
    by: Annotated[
        str, typer.Option(metavar="TAG", help='Select within each value of this tag, such as domain1; "" = in all.')
    ] = "language"
    at_random: Annotated[
        bool, typer.Option("--at-random", help="Keep as many, but drawn at random: what to compare selection with.")
    ] = False
    writer: Writers = None
    with_reasoning: Reasoning = False


@dataclass(kw_only=True)
class SftFlags(OutputFlags):
    """Options of `penmark build sft`."""

    bench: Bench
    writer: Writers = None
    with_reasoning: Reasoning = False


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    command(app, "critic-data", CriticFlags)(critic_data)
    command(app, "select", SelectFlags)(select)
    command(app, "sft", SftFlags)(sft)


def critic_data(flags: CriticFlags) -> None:
    """Make samples that teach a critic: the judge's question, and the score with its reason; balanced over scores."""
    from penmark.build.critic_data import balanced, critic_samples
    from penmark.store import Store

    check_writable(flags.output)
    left_out: Counter[str] = Counter()
    with Store(flags.db, create=False) as store:
        check_bench(store, flags.bench)
        judge = _stored_judge(store, flags.judge)
        made = critic_samples(store.db, flags.bench, flags.judge, judge, left_out)
        found = [sample for sample in made if is_wanted(flags, str(sample["task"]))]
    samples = balanced(found, flags.seed, flags.limit, left_out)
    settings = {"judge": flags.judge, "limit": flags.limit, **split(flags), "seed": flags.seed}
    finish(flags, samples, "critic data", [f"{flags.bench} judged by {flags.judge}"], settings, left_out)


def select(flags: SelectFlags) -> None:
    """Keep the texts that a judge finds best, as dialogues to train a writer on; the card says what was dropped."""
    from penmark.build.selection import Cut, scored
    from penmark.build.selection import select as keep
    from penmark.errors import ConfigError
    from penmark.store import Store

    check_writable(flags.output)
    if (flags.best is None) == (flags.above is None):
        raise ConfigError("give either --best SHARE or --above SCORE: how much to keep")
    left_out: Counter[str] = Counter()
    with Store(flags.db, create=False) as store:
        check_bench(store, flags.bench)
        _stored_spec(store, flags.judge)
        pool = scored(store.db, flags.judge, _written(flags, store, left_out), left_out, flags.by)
    cut = Cut(best=flags.best, above=flags.above, by=flags.by, at_random=flags.at_random, seed=flags.seed)
    samples = keep(pool, cut, left_out)
    settings = {
        "judge": flags.judge, "best": flags.best, "above": flags.above, "by": flags.by, "at_random": flags.at_random,
        "with_reasoning": flags.with_reasoning, **split(flags), "seed": flags.seed,
    }  # fmt: skip
    finish(flags, samples, "selected texts", [f"{flags.bench} judged by {flags.judge}"], settings, left_out)


def sft(flags: SftFlags) -> None:
    """Make dialogues of all texts of a benchmark, with or without the reasoning before them."""
    from penmark.store import Store

    check_writable(flags.output)
    left_out: Counter[str] = Counter()
    with Store(flags.db, create=False) as store:
        check_bench(store, flags.bench)
        samples = [sample for _, _, sample in _written(flags, store, left_out)]
    settings = {"writers": flags.writer or "all", "with_reasoning": flags.with_reasoning, **split(flags)}
    finish(flags, samples, "written texts", [flags.bench], settings, left_out)


def is_wanted(flags: OutputFlags, task: str) -> bool:
    """Whether a task is on the side asked for."""
    from penmark.build.sides import is_on_side

    return is_on_side(task, flags.side, flags.held_out_share)


def split(flags: OutputFlags) -> dict[str, object]:
    """What a card says of the side of the split."""
    return {"tasks": f"{flags.side}, {flags.held_out_share:g} held out" if flags.side else "all"}


def _written(
    flags: SelectFlags | SftFlags, store: Store, left_out: Counter[str]
) -> Iterator[tuple[Task, Response, Sample]]:
    from penmark.build.selection import written_samples

    found = written_samples(store.db, flags.bench, flags.writer or (), left_out, with_reasoning=flags.with_reasoning)
    return (made for made in found if is_wanted(flags, str(made[2]["task"])))


def check_bench(store: Store, bench: str) -> None:
    """Make sure that the database has something of a benchmark.

    Raises:
        ConfigError: when it has nothing.
    """
    from penmark.errors import ConfigError
    from penmark.store import reads

    if bench not in reads.benches(store.db):
        known = ", ".join(reads.benches(store.db)) or "nothing"
        raise ConfigError(
            f"{store.path} holds nothing of {bench!r}, only: {known}; get texts with `penmark write {bench}`"
        )


def _stored_spec(store: Store, name: str) -> Mapping[str, object]:
    from penmark.errors import ConfigError
    from penmark.store import reads

    judges = reads.specs(store.db, "judges")
    if name not in judges:
        known = ", ".join(judges) or "none"
        raise ConfigError(
            f"there is no judge {name!r} in {store.path}, only: {known}; judge with `penmark judge` first"
        )
    return judges[name]


def _stored_judge(store: Store, name: str) -> Judge:
    """The judge as it was when it judged; only its calls are made again, in words."""
    from penmark.errors import ConfigError
    from penmark.named import make_judge
    from penmark.protocols import JudgeOptions

    spec = _stored_spec(store, name)
    if "judge" not in spec or spec.get("model") is None:
        raise ConfigError(
            f"judge {name!r} asked no model, so there is nothing for a critic to learn; take one that did"
        )
    judge = make_judge(str(spec["judge"]), JudgeOptions.recorded(spec))
    same = {"version": judge.card.version, **judge.settings()}
    changed = [key for key, value in same.items() if key in spec and spec[key] != value]
    if changed:
        raise ConfigError(
            f"judge {name!r} judged with another {', '.join(changed)} than penmark has now, so its questions cannot be "
            f"made again; judge anew with `penmark judge --judge {spec['judge']} --judge-name NAME`"
        )
    return judge


def _held(flags: OutputFlags) -> HeldApart:
    """The benchmarks to stand apart from, with all that they show."""
    from penmark.build.overlap import HeldApart
    from penmark.named import open_benchmark

    held = HeldApart()
    for name in flags.apart_from or ():
        tasks = open_benchmark(name, flags.data).tasks()
        held.add(name, ((task.id, text) for task in tasks for text in (task.prompt, task.reference or "")))
    return held


def finish(
    flags: OutputFlags,
    samples: Sequence[Sample],
    kind: str,
    made_from: Sequence[str],
    settings: Mapping[str, object],
    left_out: Mapping[str, int],
) -> None:
    """Hold the data apart from the benchmarks, write it with its card, and say what came out."""
    from penmark.build.data_card import DataCard, apart, write_data
    from penmark.errors import DataError

    if not samples:
        why = "; ".join(f"{n} x {reason}" for reason, n in left_out.items()) or "there are no texts"
        raise DataError(f"no sample could be made: {why}; nothing was written")
    held = _held(flags)
    kept, overlaps = apart(samples, held, leave_out=flags.leave_out_overlaps)
    card = DataCard(kind=kind, made_from=made_from, settings=settings, counts=_counts(kept), left_out=left_out)
    with writing_to(flags.output):
        flags.output.parent.mkdir(parents=True, exist_ok=True)
        write_data(flags.output, kept, card, held, len(overlaps))
    _tell(flags.output, len(kept), card, len(overlaps))


def _counts(samples: Sequence[Sample]) -> dict[str, dict[str, int]]:
    """How the samples spread over the fields that they have of these."""
    from penmark.build.data_card import counted, demand_counts

    names = ("language", "dropped", "kinds", "score", "stratum", "writer")
    first = samples[0]
    is_long = {"score"} if isinstance(first.get("score"), float) else set()
    return {**counted(samples, *(n for n in names if n in first and n not in is_long)), **demand_counts(samples)}


def _tell(output: Path, samples: int, card: DataCard, overlaps: int) -> None:
    from penmark.text import amount

    for why, number in sorted(card.left_out.items(), key=lambda item: -item[1]):
        print(f"left out, {number} x: {why}", file=sys.stderr)
    if overlaps:
        print(f"left out, {overlaps} x: shares a run of 13 words with a benchmark", file=sys.stderr)
    print(
        f"{amount(samples, 'sample')}: {output}, with {output.with_suffix('.card.md').name} beside it", file=sys.stderr
    )

"""`penmark meta`: how far judges can be trusted."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from penmark.cli import (
    meta_agreement,
    meta_calibrate,
    meta_card,
    meta_correct,
    meta_judges,
    meta_length,
    meta_order,
    meta_robustness,
    meta_stability,
)
from penmark.cli.failure import check_writable
from penmark.cli.flags import DbFlags, JudgedBench, NewestJudge, command
from penmark.cli.output import print_or_save

if TYPE_CHECKING:
    from penmark.metaeval.ablate import Choice, Variant
    from penmark.metaeval.ablation import Other
    from penmark.metaeval.judged import Judged
    from penmark.store import Store

app = typer.Typer(help="How far judges can be trusted.", no_args_is_help=True)


def register(tree: typer.Typer) -> None:
    """Add the commands of this file."""
    tree.add_typer(app, name="meta")


@app.callback()
def root() -> None:
    """How far judges can be trusted."""


@dataclass(kw_only=True)
class AblateFlags(DbFlags):
    """Options of `penmark meta ablate`."""

    bench: JudgedBench = None
    judge: NewestJudge = None
    without: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH", help="Leave out this branch or leaf, such as content/logic; several times."),
    ] = None
    only: Annotated[
        list[str] | None, typer.Option(metavar="PATH", help="Keep only this branch or leaf; several times.")
    ] = None
    weights: Annotated[
        str | None,
        typer.Option(metavar="TOML|PATH=X,...", help='Other weights: a file, or such as "content=4,format=3".'),
    ] = None
    preset: Annotated[Literal["paper", "upstream"] | None, typer.Option(help="The judge's tree with this preset.")] = (
        None
    )
    tree: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Another tree over the same leaves, as for the judge `tree`.")
    ] = None
    human: Annotated[
        str | None, typer.Option(metavar="NAME", help="Judge to compare with, such as imported human ratings.")
    ] = None
    save: Annotated[
        str | None, typer.Option(metavar="NAME", help="Keep the roots of the chosen variant as a judge of this name.")
    ] = None
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to.", show_default="standard output")
    ] = None
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Seed of the bootstrap.")] = 0


def ablate(flags: AblateFlags) -> None:
    """Sum the leaf scores up by other trees, without a call: what a branch, the weights or the preset matter.

    Without a choice: without each branch, only each branch, equal weights, the other preset. All choices together
    make one variant.
    """
    from penmark.cli.ablation_table import as_table
    from penmark.metaeval.ablation import ablate, as_json, save
    from penmark.metaeval.judged import load_judged
    from penmark.reports.choice import choose
    from penmark.store import Store

    if flags.output is not None:
        check_writable(flags.output)
    with Store(flags.db, create=False) as store:
        bench, judge, others = choose(store, flags.bench, flags.judge)
        if others and flags.judge is None:
            print(f"judge {judge}; there are also {', '.join(others)} (--judge NAME)", file=sys.stderr)
        judged = load_judged(store, bench, judge)
        variants, notes = _variants(judged, flags)
        human = _human(store, judged, flags.human)
        made = ablate(judged, variants, human, notes=notes, seed=flags.seed)
        if flags.save is not None:
            kept = save(store, judged, variants[0], flags.save)
            print(f"{kept} roots kept as judge {flags.save}", file=sys.stderr)
    print_or_save(flags.output, as_json(made) if flags.json else None, lambda: as_table(made))


def _variants(judged: Judged, flags: AblateFlags) -> tuple[Sequence[Variant], Sequence[str]]:
    """The one that was chosen, else the usual ones, and why others are left out."""
    from penmark.errors import ConfigError
    from penmark.metaeval.ablate import FULL
    from penmark.metaeval.ablation import check_choice, standard_variants

    variant = check_choice(judged, _choice(judged, flags))
    if variant.name != FULL.name:
        return [variant], []
    if flags.save is not None:
        raise ConfigError("--save keeps one variant; choose it with --without, --only, --weights, --preset or --tree")
    return standard_variants(judged)


def _choice(judged: Judged, flags: AblateFlags) -> Choice:
    from penmark.metaeval.ablate import Choice
    from penmark.metaeval.ablation import other_tree
    from penmark.metaeval.weights import read_weights

    base = other_tree(judged, preset=flags.preset, file=flags.tree) if flags.preset or flags.tree else None
    weights = read_weights(flags.weights) if flags.weights is not None else {}
    return Choice(without=flags.without or (), only=flags.only or (), weights=weights, base=base)


def _human(store: Store, judged: Judged, name: str | None) -> Other | None:
    """The judge to compare with."""
    from penmark.metaeval.ablation import other_judge
    from penmark.reports.choice import choose

    if name is None:
        return None
    choose(store, judged.bench, name)
    return other_judge(store, judged, name)


command(app, "ablate", AblateFlags)(ablate)
meta_calibrate.register(app)
meta_correct.register(app)
meta_robustness.register(app)
meta_agreement.register(app)
meta_order.register(app)
meta_stability.register(app)
meta_length.register(app)
meta_judges.register(app)
meta_card.register(app)

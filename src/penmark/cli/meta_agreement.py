"""`penmark meta agreement`: how far judges agree with people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from penmark.cli.flags import command
from penmark.cli.meta_flags import HumanChoice, JudgeChoice, MetaFlags, bench_of, show

if TYPE_CHECKING:
    from penmark.metaeval.agreement import Agreement, JudgeAgreement
    from penmark.metaeval.variant_figures import Figure
    from penmark.reports.sheet import Cell, Section, Sheet
    from penmark.store import Store

PAIRS = "Pairs in the same order"
SAYS_PAIRS = (
    "Which of two responses to one task is better: how often a judge says what the human says. A coin gets one half."
)
LEGEND_PAIRS = (
    "In order: of the pairs that the human does not tie, a judge's tie counting one half; strictly: a judge's tie "
    "counting nothing. Same verdict: of all pairs, a tie being a verdict; kappa: the same beyond chance. Over length: "
    "in order, less what the length of the text gets on the same pairs. Square brackets: 95% intervals, from a "
    "bootstrap over tasks."
)
LEGEND_SCORES = (
    "All responses: correlation over every response. Within tasks: mean correlation among the responses to one task. "
    "Writers: correlation of the writers' means. r: Pearson, rho: Spearman, tau: Kendall's tau-b."
)
SAYS_EVEN = (
    "Each score less the mean of its writer, in standard deviations, on both sides. Where every writer was rated by "
    "one person, raw ratings mix how good a writer is with how strict that person was; these figures leave out both."
)


@dataclass(kw_only=True)
class AgreementFlags(HumanChoice, JudgeChoice, MetaFlags):
    """Options of `penmark meta agreement`."""

    by: Annotated[
        str | None, typer.Option(metavar="TAG", help="Also for each value of this tag of the tasks, such as genre.")
    ] = None


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    command(app, "agreement", AgreementFlags)(show_agreement)


def show_agreement(flags: AgreementFlags) -> None:
    """How far judges agree with people, beside the length of the text, chance, and people among themselves."""
    from penmark.metaeval.agreement import Question, agreement, as_json
    from penmark.store import Store, reads

    flags.check()
    with Store(flags.db, create=False) as store:
        people = [name for name, spec in reads.specs(store.db, "judges").items() if spec.get("judge") == "human"]
        bench = bench_of(store, flags.bench, is_fitting=lambda b: _has(store, b, people))
        question = Question(
            bench=bench, human=flags.human, judges=tuple(flags.judge or ()), tag=flags.by, seed=flags.seed
        )
        made = agreement(store, question)
    show(flags, as_json(made), as_sheet(made))


def _has(store: Store, bench: str, people: Sequence[str]) -> bool:
    from penmark.store import reads

    return bool({*reads.judges_of(store.db, bench), *reads.pair_judges_of(store.db, bench)} & set(people))


def as_sheet(made: Agreement) -> Sheet:
    """The figures as tables."""
    from penmark.reports.sheet import Sheet

    return Sheet(
        title=f"Agreement with {made.human} on {made.bench}",
        lead=list(_lead(made)),
        sections=list(sections(made)),
        notes=made.notes,
    )


def _lead(made: Agreement) -> Iterator[str]:
    yield f"{made.tasks:,} tasks, {made.rated:,} ratings, {made.pairs:,} pairs of responses."
    if made.among:
        shown = (f"{name.replace('_', ' ')} {value:.2f}" for name, value in made.among.items() if value is not None)
        yield f"{len(made.annotators)} annotators among themselves: {', '.join(shown)}."


def sections(made: Agreement) -> Iterator[Section]:
    """Pairs, scores, normalised, and groups of tasks; those there are."""
    from penmark.reports.sheet import Section

    columns = ("Judge", "In order", "Strictly", "Same verdict", "Kappa", "Over length", "Pairs", "Coverage", "USD each")
    rows = [(judge.name, _pair_cells(judge)) for judge in made.judges]
    yield Section(title=PAIRS, says=SAYS_PAIRS, columns=columns, rows=rows, legend=LEGEND_PAIRS)
    scored = [judge for judge in made.judges if "pearson" in judge.figures]
    if scored:
        names = [f"{level} {short}" for level in ("All", "Tasks", "Writers") for short in ("r", "rho", "tau")]
        rows = [(judge.name, _score_cells(judge.figures)) for judge in scored]
        yield Section(title="Scores", columns=("Judge", *names), rows=rows, legend=LEGEND_SCORES)
        even = ("Judge", "In order", "All r", "All rho", "All tau", "Tasks rho", "Pairs")
        rows = [(judge.name, _even_cells(judge.normalised)) for judge in scored]
        yield Section(title="Normalised per writer", says=SAYS_EVEN, columns=even, rows=rows)
    yield from _scale_section(made)
    if made.tag:
        groups = list(dict.fromkeys(value for judge in made.judges for value in judge.groups))
        rows = [(v, list(_group_cells(made, v))) for v in groups]
        of = [judge.name for judge in made.judges if judge.groups]
        yield Section(title=f"{PAIRS}, by {made.tag}", columns=(made.tag, *of, "Pairs"), rows=rows)
        yield from _group_systems(made, groups)


def _group_cells(made: Agreement, value: str) -> Iterator[Cell]:
    """Each judge on the tasks of a group, and the most pairs that one of them was compared on."""
    from penmark.reports.sheet import Cell

    found = [judge.groups[value]["pairwise"] for judge in made.judges if value in judge.groups]
    yield from map(cell, found)
    yield Cell(f"{max(figure.n for figure in found):,}")


def _group_systems(made: Agreement, values: Sequence[str]) -> Iterator[Section]:
    """Correlations of the writers' means on the tasks of each group, where there are enough writers."""
    from penmark.reports.sheet import Cell, Section

    names = [f"system.{name}" for name in ("pearson", "spearman", "kendall")]
    found = [(v, j.name, j.groups[v]) for v in values for j in made.judges if names[0] in j.groups.get(v, {})]
    rows = [
        (value, [Cell(judge), *(cell(of[name]) for name in names), Cell(f"{of[names[0]].n:,}")])
        for value, judge, of in found if of[names[0]].value is not None
    ]  # fmt: skip
    if rows:
        columns = (made.tag or "", "Judge", "r", "rho", "tau", "Writers")
        yield Section(title=f"Writers' means, by {made.tag}", columns=columns, rows=rows)


def _scale_section(made: Agreement) -> Iterator[Section]:
    from penmark.reports.sheet import Section

    names = ("kappa_quadratic", "alpha_nominal", "alpha_ordinal", "alpha_interval")
    rows = [(j.name, [cell(j.figures[n]) for n in names]) for j in made.judges if names[-1] in j.figures]
    if rows:
        columns = ("Judge", "Quadratic kappa", "Alpha, nominal", "Alpha, ordinal", "Alpha, interval")
        says = "How alike the scores themselves are, of judges on the human's own scale."
        yield Section(title="On one scale", says=says, columns=columns, rows=rows)


def _pair_cells(judge: JudgeAgreement) -> list[Cell]:
    from penmark.reports.sheet import Cell, money, percent

    figures = judge.figures
    over = judge.over_length
    is_worse = over is not None and over.value is not None and over.value <= 0
    return [
        cell(figures["pairwise"]),
        cell(figures["pairwise_strict"], is_short=True),
        cell(figures["accuracy"], is_short=True),
        cell(figures["kappa"], is_short=True),
        Cell("", "") if over is None else cell(over, mood="bad" if is_worse else ""),
        Cell(f"{figures['pairwise'].n:,}"),
        Cell(percent(judge.coverage), mood="bad" if judge.coverage < 0.98 else ""),
        Cell(money(judge.cost_usd)),
    ]


def _score_cells(figures: Mapping[str, Figure]) -> list[Cell]:
    levels = ("", "within_task.", "system.")
    return [cell(figures.get(f"{p}{n}"), is_short=True) for p in levels for n in ("pearson", "spearman", "kendall")]


def _even_cells(figures: Mapping[str, Figure]) -> list[Cell]:
    from penmark.reports.sheet import Cell

    names = ("pairwise", "pearson", "spearman", "kendall", "within_task.spearman")
    pairs = figures["pairwise"].n if "pairwise" in figures else 0
    return [*(cell(figures.get(n), is_short=n != "pairwise") for n in names), Cell(f"{pairs:,}")]


def cell(figure: Figure | None, *, mood: str = "", is_short: bool = False) -> Cell:
    """A figure with its interval, which short cells leave out."""
    from penmark.reports.sheet import Cell, number

    if figure is None or figure.value is None:
        return Cell(number(None))
    ends = "" if figure.low is None or is_short else f"[{number(figure.low)}, {number(figure.high)}]"
    return Cell(number(figure.value, 3 if not is_short else 2), ends, "bad" if mood == "bad" else "")

"""`penmark meta card`: a page for each judge, with all that is known of how far it can be trusted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from penmark.cli import meta_agreement, meta_length, meta_stability
from penmark.cli.failure import check_writable
from penmark.cli.flags import command
from penmark.cli.meta_flags import PAGES, HumanChoice, JudgeChoice, MetaFlags, bench_of
from penmark.cli.output import print_json

if TYPE_CHECKING:
    from penmark.metaeval.card import Card
    from penmark.metaeval.robustness import Effect, Robustness
    from penmark.metaeval.variant_figures import Figure
    from penmark.reports.sheet import Cell, Section, Sheet

SAYS_CALIBRATION = (
    "All that was rated, in up to ten groups from the judge's lowest to its highest scores: what people gave each. "
    "A line that rises all along means that a higher score is a better text to people too; where it is flat, the "
    "difference in score means nothing to them."
)
SAYS_DIFFERENCES = (
    "Pairs that people compared, in up to ten groups by how far apart the judge's two scores are: how often people "
    "prefer the response with the higher score. At one half the difference means nothing to them."
)
SAYS_ROBUSTNESS = (
    "Copies of the texts were disturbed on purpose, and the judge scored them like any other. A sound judge lowers its "
    "score for damage and is not moved by what does not touch the writing."
)
LEGEND_ROBUSTNESS = (
    "Change: score of the copy less that of the text. It does: right or wrong where the interval says so, else unclear."
)
SPEC_SHOWN = ("judge", "version", "model", "unit", "aggregate", "score", "partial", "layout", "preset", "prompt_hash")


@dataclass(kw_only=True)
class CardFlags(HumanChoice, JudgeChoice, MetaFlags):
    """Options of `penmark meta card`."""

    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE|FOLDER", help="Where to: a page for one judge, else a folder of pages.",
            show_default="judge-cards",
        ),
    ] = None  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    command(app, "card", CardFlags)(show_cards)


def show_cards(flags: CardFlags) -> None:
    """A page for each judge: agreement, coverage, cost, stability, length, robustness, calibration."""
    from penmark.errors import ConfigError
    from penmark.metaeval.card import as_json, cards
    from penmark.reports.sheet import write_page
    from penmark.store import Store

    flags.check()
    out = flags.output or Path("judge-cards")
    is_page = out.suffix.lower() in PAGES
    if is_page and len(flags.judge or ()) != 1:
        raise ConfigError(f"{out} is one page; name its judge with --judge NAME, or a folder as --output")
    with Store(flags.db, create=False) as store:
        bench = bench_of(store, flags.bench)
        made = list(cards(store, bench, tuple(flags.judge or ()), human=flags.human, seed=flags.seed))
    if flags.json:
        print_json(as_json(bench, made))
        return
    for card in made:
        path = out if is_page else out / f"{file_name(card.judge)}.html"
        check_writable(path)
        write_page(as_sheet(card), path)
        print(path)


def file_name(judge: str) -> str:
    """A judge's name as a file can have it."""
    return re.sub(r"[^\w.@-]+", "-", judge).strip(".-") or "judge"


def as_sheet(card: Card) -> Sheet:
    """The card as a page."""
    from penmark.reports.sheet import Sheet

    facts = {name: str(card.spec[name]) for name in SPEC_SHOWN if card.spec.get(name) not in (None, "")}
    return Sheet(
        title=f"{card.judge} on {card.bench}",
        lead=list(lead(card)),
        facts=facts,
        sections=list(_sections(card)),
        notes=list(_notes(card)),
    )


def lead(card: Card) -> Iterator[str]:
    """What the figures come to, in plain words."""
    if card.agreement is not None and card.own is not None:
        yield from _agreement_in_words(card)
    yield from _coverage_in_words(card)
    if card.stability is not None and card.stability.flipped.value is not None:
        yield f"Asked again, it says the opposite about {_in_100(card.stability.flipped)} in 100 pairs of responses."
    own, *people = card.lengths
    if own.longer.value is not None:
        beside = (
            f"; people are {_in_100(people[0].longer)} times" if people and people[0].longer.value is not None else ""
        )
        yield f"Of two responses of different length it picks the longer {_in_100(own.longer)} times in 100{beside}."


def _coverage_in_words(card: Card) -> Iterator[str]:
    from penmark.reports.sheet import percent

    share = percent(card.scored / card.asked if card.asked else None)
    cost = "what that cost is not known" if card.cost_usd is None else f"for USD {card.cost_usd:,.4g} in all"
    had = f"{card.scored:,} of them ({share})"
    yield f"It was asked about {_items(card, card.asked)} and has a verdict on {had}, {cost}."


def _items(card: Card, count: int) -> str:
    return f"{count:,} {'responses' if card.statuses else 'pairs of responses'}"


def _agreement_in_words(card: Card) -> Iterator[str]:
    assert card.agreement is not None
    assert card.own is not None
    pairwise = card.own.figures["pairwise"]
    if pairwise.value is None:
        yield "It has no pair in common with people, so nothing is known about their agreement."
        return
    others = {row.name: row.figures["pairwise"] for row in card.agreement.judges if row.name != card.judge}
    names = {"length": "the length of the text", "random": "chance", "human ceiling": "one person against the others"}
    beside = [f"{names[n]} gets {_in_100(f)}" for n, f in others.items() if n in names and f.value is not None]
    times = f"{_in_100(pairwise)} times in 100{_ends_in_100(pairwise)}"
    yield f"Of two responses it picks the one that people prefer {times}; {', '.join(beside)}."
    over = card.own.over_length
    if over is not None and over.low is not None and over.high is not None:
        yield (
            "That is better than counting characters, beyond chance." if over.low > 0
            else "That is worse than counting characters, beyond chance." if over.high < 0
            else "Whether that is better than counting characters cannot be told from these ratings."
        )  # fmt: skip


def _ends_in_100(figure: Figure) -> str:
    if figure.low is None or figure.high is None:
        return ""
    return f" (95% interval {100 * figure.low:.0f} to {100 * figure.high:.0f})"


def _in_100(figure: Figure) -> str:
    return f"{100 * (figure.value or 0):.0f}"


def _notes(card: Card) -> Iterator[str]:
    if card.human is None:
        yield (
            f"Nobody has rated {card.bench}, so nothing is known about agreement with people; bring ratings with "
            f"`penmark import ratings FILE --bench {card.bench}`."
        )
    yield from card.agreement.notes if card.agreement else ()
    if "embedded" in str(card.spec.get("model")):
        yield "The embedded model judges poorly; it shows how penmark works."
    if card.stability is None:
        yield f"It was asked once about everything; `penmark judge {card.bench} --repeats 5` shows how stable it is."
    if card.robustness is None:
        how = f"`penmark meta robustness {card.bench} --judge JUDGE`"
        yield f"It has judged no disturbed texts; {how} shows what it notices."


def _sections(card: Card) -> Iterator[Section]:
    if card.agreement is not None:
        yield from meta_agreement.sections(card.agreement)
    yield from _calibration(card)
    yield _coverage(card)
    if card.stability is not None:
        yield meta_stability.section([card.stability])
    yield meta_length.section(card.lengths)
    if card.robustness is not None:
        yield _robustness(card.robustness)


def _coverage(card: Card) -> Section:
    from penmark.reports.sheet import Cell, Section, money, percent

    each = None if card.cost_usd is None or not card.asked else card.cost_usd / card.asked
    share = card.scored / card.asked if card.asked else None
    rows = [
        (_items(card, card.asked).partition(" ")[2], [Cell(f"{card.asked:,}")]),
        (
            "with a verdict",
            [Cell(f"{card.scored:,}", percent(share), "bad" if share is not None and share < 0.98 else "")],
        ),
        *((f"scorings: {status}", [Cell(f"{count:,}")]) for status, count in card.statuses.items()),
        ("USD in all", [Cell(money(card.cost_usd))]),
        ("USD each", [Cell(money(each))]),
    ]
    says = "What could not be had is no score: it counts against coverage, and is never a number."
    return Section(title="Coverage and cost", says=says, columns=("", "Number"), rows=rows)


def _calibration(card: Card) -> Iterator[Section]:
    from penmark.reports.calibration_plot import calibration_plot
    from penmark.reports.sheet import Section, number

    made = card.calibration
    if made is None or not made.groups:
        return
    unit = str(card.spec.get("unit", "points"))
    is_scores = made.of == "scores"
    points = [{"x": g.judge, "y": g.human.value, "low": g.human.low, "high": g.human.high} for g in made.groups]
    x, y = (f"score ({unit})", "mean human rating") if is_scores else (f"difference ({unit})", "share for the higher")
    rows: list[tuple[str, list[Cell]]] = [
        (f"{number(g.low)} to {number(g.high)}", [*_calibrated(g.judge, g.human)]) for g in made.groups
    ]
    yield Section(
        title="What its scores mean to people" if is_scores else "What its differences mean to people",
        says=SAYS_CALIBRATION if is_scores else SAYS_DIFFERENCES,
        svg=calibration_plot(points, x[0].upper() + x[1:], y[0].upper() + y[1:]),
        columns=("Judge", "Mean", "Human", "Of"),
        rows=rows,
    )


def _calibrated(judge: float, human: Figure) -> Iterator[Cell]:
    from penmark.reports.sheet import Cell, number

    yield Cell(number(judge))
    yield meta_agreement.cell(human)
    yield Cell(f"{human.n:,}")


def _robustness(made: Robustness) -> Section:
    """What the judge makes of disturbed texts; one row a disturbance."""
    from penmark.reports.sheet import Section

    (judge,) = made.columns
    rows = [(d.name, _effect(d.expected, d.effects[judge])) for d in made.disturbances if judge in d.effects]
    columns = ("Disturbance", "A sound score", "Of the texts", "Change", "It does")
    title = f"{made.texts:,} texts disturbed"
    return Section(title=title, says=SAYS_ROBUSTNESS, columns=columns, rows=rows, legend=LEGEND_ROBUSTNESS)


def _effect(expected: str, effect: Effect) -> list[Cell]:
    from penmark.reports.sheet import Cell, number

    moods: dict[str, Literal["", "good", "bad"]] = {"right": "good", "wrong": "bad"}
    change = meta_agreement.cell(effect.change)
    return [
        Cell(expected),
        Cell(number(effect.initial)),
        change,
        Cell(effect.verdict, mood=moods.get(effect.verdict, "")),
    ]

"""What comparisons in pairs say: win rates, strengths with intervals, and how far the verdicts can be counted.

The verdicts are a judge's preferences or, where it has none or that is wanted, its scores read as such.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from penmark.errors import ConfigError
from penmark.stats import resample_weights
from penmark.stats.bradley_terry import PRIOR_SD, Strengths, bradley_terry
from penmark.stats.comparisons import Comparisons, WinRates, win_rates
from penmark.store import Store, reads
from penmark.store.compared import Compared, comparisons_of
from penmark.text.style import style_counts

FloatArray = NDArray[np.float64]
Control = Literal["none", "length", "style"]

RESAMPLES = 500
RESAMPLES_WITH_CONTROL = 200  # each takes ten times as long
CONTROLLED: Mapping[Control, tuple[str, ...]] = {
    "none": (),
    "length": ("length",),
    "style": ("length", "headings", "list items", "bold"),
}
TWICE = 1 / 3  # what is controlled is (a - b) / (a + b): a third where a is twice b


@dataclass(frozen=True, slots=True)
class PairFigure:
    """A figure with its 95% interval.

    Attributes:
        value: None where there is none.
        low: None where there is no interval; infinite where nothing bounds it; likewise `high`.
        n: comparisons behind it.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PairWriter:
    """How a writer stands.

    Attributes:
        strength: Bradley-Terry, logits; 0 is the average writer of its part.
        win_rate: mean over its opponents, a tie counting one half.
        against: opponent to the win rate against it.
        part: writers of other parts were never compared with it, directly or through others.
    """

    name: str
    strength: PairFigure
    win_rate: PairFigure
    against: Mapping[str, PairFigure]
    part: int
    is_undefeated: bool
    is_winless: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PairReport:
    """What a judge's verdicts on pairs come to.

    Attributes:
        writers: strongest first, part by part.
        effects: what is held constant to its effect: logits for a text with twice as much of it.
        asked: comparisons; `scored` those with a verdict, `ties` and `contradicted` of those.
        tasks: on which something was compared.
    """

    bench: str
    judge: str
    judge_spec: Mapping[str, Any]
    control: Control
    writers: Sequence[PairWriter]
    effects: Mapping[str, PairFigure]
    asked: int
    scored: int
    ties: int
    contradicted: int
    tasks: int
    notes: Sequence[str]


def build_pair_report(
    store: Store,
    bench: str,
    judge: str,
    *,
    writers: Sequence[str] = (),
    control: Control = "none",
    seed: int = 0,
) -> PairReport:
    """The report of a judge's verdicts on pairs.

    Args:
        store: where they are.
        bench: the benchmark.
        judge: one that compares, or one whose scores are read as preferences.
        writers: only comparisons among these; all when none is named.
        control: what is held constant.
        seed: of the bootstrap.

    Raises:
        ConfigError: when there is nothing to report.
    """
    found = [c for c in comparisons_of(store.db, bench, judge) if not writers or {c.first, c.second} <= set(writers)]
    if not found:
        raise ConfigError(
            f"judge {judge!r} has compared no two responses to {bench} by these writers in {store.path}; "
            f"run `penmark compare {bench} --judge pairwise --judge-model MODEL`"
        )
    scored = [c for c in found if c.margin is not None]
    columns = _Columns.of(store, found, scored, CONTROLLED[control])
    resamples = RESAMPLES_WITH_CONTROL if control != "none" else RESAMPLES
    weights_B_N = resample_weights(len(columns.tasks), resamples=resamples, seed=seed)
    strengths = bradley_terry(columns.comparisons, weights_B_N)
    rates = win_rates(columns.comparisons, weights_B_N)
    made = [_writer(columns.names, w, strengths, rates) for w in range(len(columns.names))]
    made.sort(key=lambda w: (w.part, -(w.strength.value if w.strength.value is not None else -math.inf), w.name))
    effects = {
        name: _figure(strengths.effect_K[k] * TWICE, strengths.effect_interval_2_K[:, k] * TWICE, len(scored))
        for k, name in enumerate(CONTROLLED[control])
    }
    spec = reads.specs(store.db, "judges").get(judge, {})
    report = PairReport(
        bench=bench, judge=judge, judge_spec=spec, control=control, writers=made, effects=effects, asked=len(found),
        scored=len(scored), ties=sum(c.margin == 0 for c in scored),
        contradicted=sum(c.state == "contradicted" for c in scored), tasks=len(columns.tasks), notes=(),
    )  # fmt: skip
    return _noted(report, is_from_scores=judge not in reads.pair_judges_of(store.db, bench))


@dataclass(frozen=True, slots=True)
class _Columns:
    """The comparisons as arrays, with the names their numbers stand for."""

    names: Sequence[str]
    tasks: Sequence[str]
    comparisons: Comparisons

    @classmethod
    def of(
        cls, store: Store, found: Sequence[Compared], scored: Sequence[Compared], controlled: Sequence[str]
    ) -> _Columns:
        names = sorted({name for c in found for name in (c.first, c.second)})
        tasks = list(dict.fromkeys(c.task for c in scored))
        place = {name: at for at, name in enumerate(names)}
        task_place = {task: at for at, task in enumerate(tasks)}
        comparisons = Comparisons(
            len(names),
            np.array([place[c.first] for c in scored], np.intp),
            np.array([place[c.second] for c in scored], np.intp),
            np.array([(1 + np.sign(c.margin)) / 2 for c in scored if c.margin is not None], np.float64),
            np.array([task_place[c.task] for c in scored], np.intp),
            _differences(store, scored, controlled),
        )
        return cls(names, tasks, comparisons)


def _differences(store: Store, scored: Sequence[Compared], controlled: Sequence[str]) -> FloatArray:
    """(a - b) / (a + b) of each count of the two texts, 0 where both have none: shape (comparisons, counts)."""
    if not controlled:
        return np.zeros((len(scored), 0))
    keys = {key for c in scored for key in c.keys}
    counts = {key: style_counts(reads.response_text(store.db, key)) for key in keys}
    of_first, of_second = (
        np.array([[counts[c.keys[side]][name] for name in controlled] for c in scored], np.float64).reshape(
            len(scored), len(controlled)
        )
        for side in (0, 1)
    )
    difference: FloatArray = (of_first - of_second) / np.maximum(of_first + of_second, 1)
    return difference


def _writer(names: Sequence[str], w: int, strengths: Strengths, rates: WinRates) -> PairWriter:
    met = int(rates.met_W_W[w].sum())
    against = {
        name: _figure(rates.rate_W_W[w, v], rates.interval_2_W_W[:, w, v], int(rates.met_W_W[w, v]))
        for v, name in enumerate(names)
        if rates.met_W_W[w, v]
    }
    return PairWriter(
        name=names[w],
        strength=_figure(strengths.strength_W[w], strengths.interval_2_W[:, w], met),
        win_rate=_figure(rates.mean_W[w], rates.mean_interval_2_W[:, w], met),
        against=against,
        part=int(strengths.part_W[w]),
        is_undefeated=bool(strengths.undefeated_W[w]),
        is_winless=bool(strengths.winless_W[w]),
    )


def _figure(value: float, bounds: FloatArray, n: int) -> PairFigure:
    low, high = (None if np.isnan(bound) else float(bound) for bound in bounds)
    return PairFigure(None if np.isnan(value) else float(value), low, high, n)


def _noted(report: PairReport, *, is_from_scores: bool) -> PairReport:
    notes = [*_notes_on_verdicts(report, is_from_scores), *_notes_on_strengths(report)]
    return replace(report, notes=tuple(notes))


def _notes_on_verdicts(report: PairReport, is_from_scores: bool) -> list[str]:
    notes = []
    if is_from_scores:
        notes.append(
            "its scores are read as preferences: of two responses to a task the one with the higher score wins"
        )
    if report.contradicted:
        notes.append(
            f"{report.contradicted:,} of {report.scored:,} pairs have verdicts that contradict each other in the two "
            "orders, and count as ties; see `penmark meta order`"
        )
    if report.scored < report.asked:
        notes.append(f"{report.asked - report.scored:,} of {report.asked:,} pairs have no verdict and are left out")
    if report.scored and report.ties == report.scored:
        notes.append("every verdict is a tie: the writers are level, as far as this judge can tell")
    return notes


def _notes_on_strengths(report: PairReport) -> list[str]:
    notes = []
    parts = dict.fromkeys(writer.part for writer in report.writers)
    if len(parts) > 1:
        groups = (", ".join(w.name for w in report.writers if w.part == part) for part in parts)
        notes.append(
            f"these were never compared with each other, directly or through others: {' | '.join(groups)}; strengths "
            f"hold within each group only; connect them with `penmark compare {report.bench}`"
        )
    held = f"a prior (normal, {PRIOR_SD:g} logits wide) holds the estimate, and the interval is open"
    if names := [writer.name for writer in report.writers if writer.is_undefeated]:
        notes.append(f"{', '.join(names)} never lost to nor tied with the rest, so nothing bounds its strength: {held}")
    if names := [writer.name for writer in report.writers if writer.is_winless]:
        notes.append(f"{', '.join(names)} never won nor tied against the rest, so nothing bounds its strength: {held}")
    if report.tasks < 2:
        notes.append("intervals need comparisons on two tasks or more")
    return notes

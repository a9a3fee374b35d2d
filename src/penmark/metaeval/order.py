"""Position bias: does a judge that compares prefer the place or the text?

Shown each pair in both orders, a judge that reads only the texts names the text shown first in half of its verdicts,
and the same winner in both orders. Ties name nobody. Verdicts that needed no reading, on empty responses, are left out.
Intervals are 95% bootstrap intervals over tasks.

Source: Zheng et al., "Judging LLM-as-a-Judge" (2023), section 3.3: position bias and consistency.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from penmark.errors import ConfigError
from penmark.metaeval.variant_figures import Figure
from penmark.stats import difference_interval, ratio_interval, resample_weights
from penmark.store import Store
from penmark.store.compared import Compared, settled

FloatArray = NDArray[np.float64]

FAIR = 0.5
RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class WriterOrder:
    """How a writer fares in each place, ties counting one half.

    Attributes:
        gain: what being shown first adds to its win rate.
    """

    name: str
    first: Figure
    second: Figure
    gain: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderBias:
    """The position bias of one judge.

    Attributes:
        pairs: comparisons that were shown to the judge at least once.
        both: of them, those with a verdict in both orders, which all figures but `first_wins` of a judge that was
            shown each pair once are taken over.
        first_wins: share of the verdicts that name a winner which name the text shown first; fair is 0.5.
        ties: share of the verdicts that name nobody.
        consistent: share of pairs with the same winner, or a tie, in both orders.
        same_winner: of the pairs with a winner in both orders, the share where it is the same; a coin's is 0.5, however
            often a judge ties.
        first_twice: share of pairs whose text shown first won in both orders; `second_twice` likewise.
        one_tie: share of pairs with a tie in one order and a winner in the other.
        lean: mean margin for the text shown first, in steps of the five verdicts; fair is 0.
    """

    bench: str
    judge: str
    pairs: int
    both: int
    first_wins: Figure
    ties: Figure
    consistent: Figure
    same_winner: Figure
    first_twice: Figure
    second_twice: Figure
    one_tie: Figure
    lean: Figure
    writers: Sequence[WriterOrder]
    notes: Sequence[str] = field(default=())

    @property
    def prefers_place(self) -> bool:
        """Whether one place wins more often than is fair, beyond chance."""
        share = self.first_wins
        return share.low is not None and share.high is not None and not share.low <= FAIR <= share.high

    @property
    def is_blind(self) -> bool:
        """Whether its winners in the two orders are the same no more often than a coin's."""
        return self.same_winner.value is not None and self.same_winner.value <= FAIR


@dataclass(frozen=True, slots=True)
class _Shown:
    """One verdict as it was shown: margin from the side of the text shown first."""

    task: int
    first: str
    second: str
    margin: int


def judges_with_an_order(store: Store, bench: str, judges: Sequence[str]) -> list[str]:
    """Those of these judges that have a verdict which shows an order."""
    return [judge for judge in judges if _asked(store, bench, judge)]


def _asked(store: Store, bench: str, judge: str) -> list[Compared]:
    return [c for c in settled(store.db, bench, judge) if c.is_asked and c.shown != (None, None)]


def order_bias(store: Store, bench: str, judge: str, *, seed: int = 0) -> OrderBias:
    """The position bias of a judge that compares.

    Raises:
        ConfigError: when the judge has compared nothing in a way that shows an order.
    """
    asked = _asked(store, bench, judge)
    if not asked:
        raise ConfigError(
            f"judge {judge!r} has no verdicts on pairs of {bench} in {store.path}; "
            f"compare some with `penmark compare {bench} --judge pairwise --judge-model MODEL`"
        )
    both = [c for c in asked if None not in c.shown]
    shares = _Shares([c.task for c in asked], seed)
    shown = [verdict for c in both or asked for verdict in shares.shown(c)]
    decided = [v for v in shown if v.margin]
    made = OrderBias(
        bench=bench,
        judge=judge,
        pairs=len(asked),
        both=len(both),
        first_wins=shares.of([(v.task, v.margin > 0) for v in decided]),
        ties=shares.of([(v.task, v.margin == 0) for v in shown]),
        consistent=shares.pairs(both, lambda one, other: one == -other),
        same_winner=shares.pairs([c for c in both if all(c.shown)], lambda one, other: one == -other),
        first_twice=shares.pairs(both, lambda one, other: one == other == 1),
        second_twice=shares.pairs(both, lambda one, other: one == other == -1),
        one_tie=shares.pairs(both, lambda one, other: (one == 0) != (other == 0)),
        lean=shares.of([(v.task, v.margin) for v in shown]),
        writers=[shares.writer(name, shown) for name in sorted({w for c in asked for w in (c.first, c.second)})],
    )
    return _with_notes(made)


class _Shares:
    """Shares over the same tasks and resamples."""

    def __init__(self, tasks: Sequence[str], seed: int) -> None:
        self._index = {task: place for place, task in enumerate(dict.fromkeys(tasks))}
        self._weights_B_N = resample_weights(len(self._index), resamples=RESAMPLES, seed=seed)

    def shown(self, c: Compared) -> list[_Shown]:
        """The verdicts of a comparison, each from the side of the text shown first."""
        task = self._index[c.task]
        first = [] if c.shown[0] is None else [_Shown(task, c.first, c.second, c.shown[0])]
        second = [] if c.shown[1] is None else [_Shown(task, c.second, c.first, -c.shown[1])]
        return first + second

    def of(self, values: Sequence[tuple[int, float]]) -> Figure:
        """The mean of (task, value)."""
        if not values:
            return Figure(None, None, None, 0)
        total_N, count_N = self._sums(values)
        low, high = ratio_interval(total_N[:, None], count_N[:, None], self._weights_B_N)[:, 0]
        return Figure(float(total_N.sum() / count_N.sum()), _or_none(low), _or_none(high), len(values))

    def pairs(self, both: Sequence[Compared], fits: Callable[[int, int], bool]) -> Figure:
        """The share of pairs that fit: of the signs for the text shown first, in the one order and in the other."""
        signs = ((self._index[c.task], *(_sign(v.margin) for v in self.shown(c))) for c in both)
        return self.of([(task, fits(one, other)) for task, one, other in signs])

    def writer(self, name: str, shown: Sequence[_Shown]) -> WriterOrder:
        """How a writer fares when shown first and when shown second."""
        first = [(v.task, (1 + _sign(v.margin)) / 2) for v in shown if v.first == name]
        second = [(v.task, (1 - _sign(v.margin)) / 2) for v in shown if v.second == name]
        return WriterOrder(name, self.of(first), self.of(second), self._gain(first, second))

    def _gain(self, first: Sequence[tuple[int, float]], second: Sequence[tuple[int, float]]) -> Figure:
        if not first or not second:
            return Figure(None, None, None, 0)
        (won_a, met_a), (won_b, met_b) = self._sums(first), self._sums(second)
        value, low, high = difference_interval(won_a, met_a, won_b, met_b, self._weights_B_N)
        return Figure(value, _or_none(low), _or_none(high), len(first) + len(second))

    def _sums(self, values: Sequence[tuple[int, float]]) -> tuple[FloatArray, FloatArray]:
        """(sum, number) of the values of each task."""
        task, value = (np.array(column) for column in zip(*values, strict=True))
        tasks = len(self._index)
        total = np.bincount(task.astype(np.intp), value.astype(np.float64), tasks)
        return total.astype(np.float64), np.bincount(task.astype(np.intp), minlength=tasks).astype(np.float64)


def _with_notes(made: OrderBias) -> OrderBias:
    return replace(made, notes=tuple(_notes(made)))


def _notes(made: OrderBias) -> list[str]:
    """What the figures mean, for those who do not know what is fair."""
    notes = []
    share, same = made.first_wins.value, made.same_winner.value
    if made.prefers_place and share is not None:
        place = "first" if share > FAIR else "second"
        won = share if share > FAIR else 1 - share
        notes.append(f"it prefers the text shown {place}: that one wins {won:.1%} of its decided verdicts, 50% is fair")
    if made.is_blind and same is not None:
        notes.append(
            f"where it names a winner in both orders, it is the same one in {same:.1%} of the pairs, no more often "
            "than a coin's: it follows the place, or chance, and not the text; do not rank writers by it"
        )
    if not made.both:
        notes.append("each pair was shown in one order only, so a taste for a place cannot be told from one for texts")
    elif made.both < made.pairs:
        notes.append(f"{made.pairs - made.both} of {made.pairs} pairs lack a verdict in one order and are left out")
    return notes


def _sign(margin: int) -> int:
    return (margin > 0) - (margin < 0)


def _or_none(bound: float) -> float | None:
    return None if np.isnan(bound) else float(bound)


def as_json(made: OrderBias) -> dict[str, object]:
    """The figures as plain values: {"value", "ci95", "n"} each, null where there is none."""
    names = ("first_wins", "ties", "consistent", "same_winner", "first_twice", "second_twice", "one_tie", "lean")
    writers = {
        w.name: {"first": _figure(w.first), "second": _figure(w.second), "gain": _figure(w.gain)} for w in made.writers
    }
    return {
        "bench": made.bench,
        "judge": made.judge,
        "pairs": made.pairs,
        "pairs_in_both_orders": made.both,
        **{name: _figure(getattr(made, name)) for name in names},
        "writers": writers,
        "notes": list(made.notes),
    }


def _figure(share: Figure) -> dict[str, object] | None:
    if share.value is None:
        return None
    ci95 = None if share.low is None else [share.low, share.high]
    return {"value": share.value, "ci95": ci95, "n": share.n}

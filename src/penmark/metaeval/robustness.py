"""What judges make of perturbed copies: how far each perturbation moves a judge's score, and whether the way it should.

A change is the copy's score less the text's, for the same judge; its mean is over texts, its interval a 95% bootstrap
over tasks.

Source: HoWToBench, section 6.2 and table 7; SPEC section 2.
Differs: the paper marks every change with the wrong sign; here a change is wrong only where its interval says so too,
    and one that should be a fall and may be none is unclear.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from penmark.errors import ConfigError
from penmark.metaeval.perturbations import PERTURBATIONS
from penmark.metaeval.perturbations.kind import Expected
from penmark.metaeval.perturbations.transfer import DESCRIPTIONS
from penmark.metaeval.score_table import FloatArray, ScoreTable, load_table
from penmark.metaeval.variant_figures import Figure, plain_figure
from penmark.stats.bootstrap import ratio_interval, resample_weights
from penmark.store import Store, reads

# "right": the change is as expected, beyond chance. "wrong": it is not, beyond chance. "unclear": chance could do it.
Verdict = Literal["right", "unclear", "wrong"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What one perturbation does to one judge's scores.

    Attributes:
        initial: mean score of the texts that were perturbed.
        change: mean of copy less text.
        size: the change in standard deviations of the judge's scores of the texts; None where those do not vary.
    """

    initial: float
    change: Figure
    size: float | None
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """One perturbation and what it does to each judge, by the judge's column."""

    name: str
    description: str
    expected: Expected
    effects: Mapping[str, Effect]


@dataclass(frozen=True, slots=True, kw_only=True)
class Robustness:
    """The whole table.

    Attributes:
        columns: judges, and nodes of judges as "JUDGE: NODE".
        units: what each column's scores count.
        texts: different texts that were perturbed.
    """

    bench: str
    columns: Sequence[str]
    units: Mapping[str, str]
    texts: int
    disturbances: Sequence[Disturbance]


def robustness(
    store: Store, bench: str, judges: Sequence[str] = (), *, nodes: Sequence[str] = (), seed: int = 0
) -> Robustness:
    """The table, of what the store holds.

    Args:
        store: where the copies and their judgments are.
        bench: the benchmark.
        judges: all that have scored copies when none is named.
        nodes: paths of nodes to show beside each judge's root, where it has them.
        seed: of the bootstrap.

    Raises:
        ConfigError: when there are no copies, or none that is judged.
    """
    copies = copies_on(store, bench)
    judges = list(judges) or _judges_of_copies(store, bench, copies)
    if not copies or not judges:
        found = "no judge has scored the perturbed copies" if copies else "there are no perturbed copies"
        raise ConfigError(
            f"{found} of texts on {bench} in {store.path}; run `penmark meta robustness {bench} --judge JUDGE`"
        )
    originals = list(dict.fromkeys(spec["perturbation_of"] for spec in copies.values()))
    here = reads.writers_of(store.db, bench)
    table = load_table(store, bench, judges, [*copies, *(name for name in originals if name in here)])
    pairs: dict[str, list[tuple[str, str]]] = {}
    for name, spec in copies.items():
        pairs.setdefault(spec["perturbation"], []).append((spec["perturbation_of"], name))
    return _table_of(store, table, pairs, nodes, seed)


def copies_on(store: Store, bench: str) -> dict[str, Mapping[str, Any]]:
    """What made the perturbed copies of a benchmark's texts, by the name they are kept under."""
    here = set(reads.writers_of(store.db, bench))
    specs = reads.specs(store.db, "writers").items()
    return {name: spec for name, spec in specs if name in here and "perturbation_of" in spec}


def _judges_of_copies(store: Store, bench: str, copies: Mapping[str, object]) -> list[str]:
    """Judges that have scored a copy, oldest first."""
    return [
        judge
        for judge in reads.judges_of(store.db, bench)
        if next(reads.judgments_on(store.db, bench, judge, list(copies)), None) is not None
    ]


def _table_of(
    store: Store, table: ScoreTable, pairs: Mapping[str, Sequence[tuple[str, str]]], nodes: Sequence[str], seed: int
) -> Robustness:
    specs = reads.specs(store.db, "judges")
    columns = {
        f"{judge}: {node}" if node else judge: (judge, node)
        for judge, by_node in table.score_N_W.items()
        for node in ("", *nodes)
        if node in by_node
    }
    weights_B_N = resample_weights(len(table.tasks), seed=seed)
    originals = sorted({original for of_kind in pairs.values() for original, _ in of_kind} & set(table.writers))
    changes = {kind: _paired(table, originals, of_kind) for kind, of_kind in pairs.items()}
    perturbed = {kind: _any_scored(by_judge) for kind, by_judge in changes.items()}
    return Robustness(
        bench=table.bench,
        columns=list(columns),
        units={name: str(specs[judge].get("unit", "points")) for name, (judge, _) in columns.items()},
        texts=int(np.logical_or.reduce(list(perturbed.values())).sum()),
        disturbances=[
            Disturbance(
                name=kind,
                description=PERTURBATIONS[kind].description if kind in PERTURBATIONS else DESCRIPTIONS[kind],
                expected=_expected(kind),
                effects={
                    name: effect
                    for name, at in columns.items()
                    if (effect := _effect(*changes[kind][at], _expected(kind), weights_B_N)) is not None
                },
            )
            for kind in (*PERTURBATIONS, *DESCRIPTIONS)
            if kind in pairs
        ],
    )


def _expected(kind: str) -> Expected:
    return PERTURBATIONS[kind].expected if kind in PERTURBATIONS else "falls"


def _any_scored(by_node: Mapping[tuple[str, str], tuple[FloatArray, FloatArray]]) -> NDArray[np.bool_]:
    scored: NDArray[np.bool_] = np.logical_or.reduce([~np.isnan(change) for _, change in by_node.values()])
    return scored


def _paired(
    table: ScoreTable, originals: Sequence[str], of_kind: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], tuple[FloatArray, FloatArray]]:
    """(judge, node) to (scores of the texts, changes), shape (tasks, originals); NaN where one is missing."""
    writers = list(table.writers)
    found = {}
    for judge, by_node in table.score_N_W.items():
        for node, score_N_W in by_node.items():
            change_N_O = np.full((len(table.tasks), len(originals)), np.nan)
            for original, copy in of_kind:
                if original in writers and copy in writers:
                    at = originals.index(original)
                    moved_N = score_N_W[:, writers.index(copy)] - score_N_W[:, writers.index(original)]
                    change_N_O[:, at] = np.where(np.isnan(moved_N), change_N_O[:, at], moved_N)
            initial_N_O = score_N_W[:, [writers.index(writer) for writer in originals]]
            found[judge, node] = (np.where(np.isnan(change_N_O), np.nan, initial_N_O), change_N_O)
    return found


def _effect(
    initial_N_O: FloatArray, change_N_O: FloatArray, expected: Expected, weights_B_N: FloatArray
) -> Effect | None:
    there_N_O = ~np.isnan(change_N_O)
    count = int(there_N_O.sum())
    if not count:
        return None
    total_N_1 = np.where(there_N_O, change_N_O, 0).sum(axis=1, keepdims=True)
    number_N_1 = there_N_O.sum(axis=1, keepdims=True).astype(np.float64)
    low, high = (_number(bound) for bound in ratio_interval(total_N_1, number_N_1, weights_B_N)[:, 0])
    change = float(total_N_1.sum() / count)
    initial = initial_N_O[there_N_O]
    spread = float(initial.std(ddof=1)) if count > 1 else 0.0
    return Effect(
        initial=float(initial.mean()),
        change=Figure(change, low, high, count),
        size=change / spread if spread > 0 else None,
        verdict=verdict(expected, change, low, high),
    )


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def verdict(expected: Expected, change: float, low: float | None, high: float | None) -> Verdict:
    """Whether a change is as expected, judged by its interval; a score that never moves cannot have fallen."""
    if low is None or high is None:
        return "unclear"
    if expected == "falls":
        return "right" if high < 0 else "wrong" if low > 0 or low == high == change == 0 else "unclear"
    if expected == "stays":
        return "right" if low <= 0 <= high else "wrong"
    return "wrong" if low > 0 else "right"


def as_json(made: Robustness) -> dict[str, object]:
    """The table as plain values; null where there is no figure."""
    return {
        "bench": made.bench,
        "texts": made.texts,
        "judges": {name: {"unit": made.units[name]} for name in made.columns},
        "perturbations": {d.name: _plain(d) for d in made.disturbances},
    }


def _plain(disturbance: Disturbance) -> dict[str, object]:
    return {
        "description": disturbance.description,
        "expected": disturbance.expected,
        "judges": {name: _plain_effect(effect) for name, effect in disturbance.effects.items()},
    }


def _plain_effect(effect: Effect) -> dict[str, object]:
    change = plain_figure(effect.change)
    return {"initial": effect.initial, "change": change, "size": effect.size, "verdict": effect.verdict}

"""How far a judge agrees with itself: repeats of the same scoring, and the weights it plans anew each time.

Axes: T repeats, R responses, K aspects.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from penmark.errors import ConfigError, VerdictError
from penmark.judges.auto_plan import CARD as AUTO_PLAN
from penmark.judges.auto_plan import dimension_shares
from penmark.metaeval.comparing import Estimate, Setting
from penmark.metaeval.panel import FloatArray, Panel, load_panel
from penmark.metaeval.variant_figures import DECIMALS, Figure, plain_figure
from penmark.stats import repeats
from penmark.stats.resampled import ratios
from penmark.store import Store, reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """One judge's repeats.

    Attributes:
        rounds: the most repeats of a response.
        responses: those scored at least twice.
        std: pooled standard deviation of a response's scores, in the judge's unit.
        identical: share of the responses whose scores are all the same.
        flipped: share of comparisons (two responses to one task, two rounds) whose order is reversed.
        changed: the same, a tie in one of the two rounds counting as well.
        reliability: ICC(1), the share of the variance between responses.
        delta: negotiation bias, see `stats.repeats.negotiation`; likewise `sigma`; None where nothing is negotiated.
        negotiated: what delta and sigma are of: "planned weights", or "shares of the total".
    """

    judge: str
    unit: str
    rounds: int
    responses: int
    std: Figure
    identical: Figure
    flipped: Figure
    changed: Figure
    reliability: float | None
    delta: Figure | None
    sigma: Figure | None
    negotiated: str = ""


def stability(store: Store, bench: str, judges: Sequence[str] = (), *, seed: int = 0) -> list[Stability]:
    """The judges of a benchmark that scored anything more than once.

    Args:
        store: the judgments.
        bench: name of the benchmark.
        judges: only these; all that have repeats when none is named.
        seed: of the bootstrap.

    Raises:
        ConfigError: when none has, or one that was named has not.
    """
    there = reads.judges_of(store.db, bench)
    _check_scoring(store, bench, judges, there)
    panel = load_panel(store, bench)
    setting = Setting.of(panel, seed=seed)
    found = [made for name in judges or there if (made := stability_of(store, setting, name)) is not None]
    missing = {*judges} - {made.judge for made in found}
    if missing or not found:
        who = ", ".join(sorted(missing)) or "no judge"
        raise ConfigError(
            f"{who} has scored a response to {bench} more than once; "
            f"run `penmark judge {bench} --repeats 5` with the judge's options"
        )
    return found


def _check_scoring(store: Store, bench: str, judges: Sequence[str], there: Sequence[str]) -> None:
    """Nothing, where all that are named have scored something."""
    unknown = [name for name in judges if name not in there]
    comparing = [name for name in unknown if name in reads.pair_judges_of(store.db, bench)]
    if comparing:
        raise ConfigError(
            f"{', '.join(comparing)} compared responses in pairs and scored none; how far its verdicts hold when the "
            f"texts change places is shown by `penmark meta order --bench {bench} --judge {comparing[0]}`"
        )
    if unknown:
        known = ", ".join(there) or "nobody"
        raise ConfigError(f"no scores by {', '.join(unknown)} on {bench} in {store.path}, only by: {known}")


def stability_of(store: Store, setting: Setting, judge: str) -> Stability | None:
    """One judge's; None where it has scored nothing twice."""
    scores_T_R = _rounds(store, setting.panel, judge)
    twice_R = (~np.isnan(scores_T_R)).sum(axis=0) > 1
    if not twice_R.any():
        return None
    spec = reads.specs(store.db, "judges")[judge]
    flipped, changed = _flips(setting, scores_T_R)
    negotiated, delta, sigma = _negotiation(store, setting, judge, str(spec.get("judge")))
    icc = repeats.reliability(scores_T_R)
    return Stability(
        judge=judge,
        unit=str(spec.get("unit", "points")),
        rounds=int((~np.isnan(scores_T_R)).sum(axis=0).max()),
        responses=int(twice_R.sum()),
        std=_std(setting, scores_T_R),
        identical=_identical(setting, scores_T_R, twice_R),
        flipped=flipped,
        changed=changed,
        reliability=None if np.isnan(icc) else icc,
        delta=delta,
        sigma=sigma,
        negotiated=negotiated,
    )


def _rounds(store: Store, panel: Panel, judge: str) -> FloatArray:
    """Root scores by repeat and response; NaN = unscored."""
    place = {key: r for r, key in enumerate(panel.keys)}
    rows = [row for row in reads.root_scores(store.db, panel.bench, judge) if row[0] in place]
    scores_T_R = np.full((1 + max((repeat for _, repeat, _ in rows), default=0), len(place)), np.nan)
    for response, repeat, score in rows:
        scores_T_R[repeat, place[response]] = np.nan if score is None else round(score, DECIMALS)
    return scores_T_R


def _std(setting: Setting, scores_T_R: FloatArray) -> Figure:
    squares_R, degrees_R = repeats.squares(scores_T_R)
    by_task = [setting.by_task(values, setting.panel.task_R) for values in (squares_R, degrees_R)]
    return Estimate(np.sqrt(ratios(setting.weights_B_N, *by_task)), int((degrees_R > 0).sum())).figure()


def _identical(setting: Setting, scores_T_R: FloatArray, twice_R: np.ndarray) -> Figure:
    squares_R, _ = repeats.squares(scores_T_R)
    same_R = twice_R & (squares_R == 0)
    by_task = [setting.by_task(values.astype(float), setting.panel.task_R) for values in (same_R, twice_R)]
    return Estimate(ratios(setting.weights_B_N, *by_task), int(twice_R.sum())).figure()


def _flips(setting: Setting, scores_T_R: FloatArray) -> tuple[Figure, Figure]:
    panel = setting.panel
    counts_N_3 = np.zeros((len(panel.tasks), 3))
    by_task: dict[int, list[int]] = defaultdict(list)
    for r in np.flatnonzero((~np.isnan(scores_T_R)).sum(axis=0) > 1):
        by_task[int(panel.task_R[r])].append(int(r))
    for task, responses in by_task.items():
        for a, b in combinations(responses, 2):
            counts_N_3[task] += repeats.flips(scores_T_R[:, a], scores_T_R[:, b])
    n = int(counts_N_3[:, 2].sum())
    flipped, changed = (ratios(setting.weights_B_N, counts_N_3[:, i], counts_N_3[:, 2]) for i in (0, 1))
    return Estimate(flipped, n).figure(), Estimate(changed, n).figure()


def _negotiation(store: Store, setting: Setting, judge: str, kind: str) -> tuple[str, Figure | None, Figure | None]:
    """(what is negotiated, delta, sigma); the samples are tasks for planned weights, else responses."""
    panel = setting.panel
    if kind == AUTO_PLAN.id:
        what, samples = "shares of the total", _dimension_shares(store, panel, judge)
    else:
        what, samples = "planned weights", _planned_shares(store, panel, judge)
    both = [(task, *repeats.negotiation(_table(shares))) for task, shares in samples]
    both = [sample for sample in both if not np.isnan(sample[1])]
    if not both:
        return "", None, None
    task = np.array([t for t, _, _ in both], np.intp)
    count_N = setting.by_task(np.ones(len(both)), task)
    sums = [setting.by_task(np.array([sample[i] for sample in both]), task) for i in (1, 2)]
    delta, sigma = (Estimate(ratios(setting.weights_B_N, of, count_N), len(both)).figure() for of in sums)
    return what, delta, sigma


def _table(shares: Sequence[Mapping[str, float]]) -> FloatArray:
    """Shares by repeat and aspect. An aspect that a repeat does not have got nothing there."""
    names = list(dict.fromkeys(name for of_repeat in shares for name in of_repeat))
    return np.array([[of_repeat.get(name, 0.0) for name in names] for of_repeat in shares])


def _planned_shares(store: Store, panel: Panel, judge: str) -> Iterator[tuple[int, list[Mapping[str, float]]]]:
    """(task, shares by repeat) of each task with plans that weigh anything."""
    of_task: dict[str, list[Mapping[str, float]]] = defaultdict(list)
    for record in reads.plans_on(store.db, panel.bench, judge):
        if record.plan is not None and record.plan.weights:
            of_task[record.task].append(record.plan.weights)
    places = {task.key: n for n, task in enumerate(panel.tasks)}
    yield from ((places[task], shares) for task, shares in of_task.items() if task in places)


def _dimension_shares(store: Store, panel: Panel, judge: str) -> Iterator[tuple[int, list[Mapping[str, float]]]]:
    """(task, shares by repeat) of each response that a judge picked dimensions for, from its raw replies."""
    for r, response in enumerate(panel.keys):
        calls = [j.call for j in reads.judgments(store.db, response, judge) if j.call is not None]
        replies = (reads.call(store.db, call) for call in calls)
        shares: list[Mapping[str, float]] = [
            found for reply in replies if reply is not None and (found := _shares(reply.text))
        ]
        yield int(panel.task_R[r]), shares


def _shares(reply: str) -> dict[str, float]:
    """The shares in a reply that was read; by names without regard to case."""
    try:
        return {name.casefold(): share for name, share in dimension_shares(reply).items()}
    except VerdictError:  # Read by an earlier version of the judge, which took other replies.
        return {}


def as_json(bench: str, found: Sequence[Stability]) -> dict[str, object]:
    """{"bench", "judges": {NAME: {...}}}; a figure with an interval is {"value", "ci95", "n"}."""
    return {"bench": bench, "judges": {s.judge: plain(s) for s in found}}


def plain(s: Stability) -> dict[str, object]:
    """One judge's as plain values."""
    figures = {"std": s.std, "identical": s.identical, "flip_rate": s.flipped, "change_rate": s.changed}
    negotiated = {"delta": s.delta, "sigma": s.sigma}
    shown = {name: None if f is None else plain_figure(f) for name, f in {**figures, **negotiated}.items()}
    return {
        "unit": s.unit, "rounds": s.rounds, "responses": s.responses, **shown, "reliability": s.reliability,
        "negotiated": s.negotiated or None,
    }  # fmt: skip

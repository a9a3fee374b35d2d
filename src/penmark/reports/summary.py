"""From the store to a report: means, intervals, coverage and paired differences of every writer.

Source: WritingBench's aggregation. A query score is the mean over all scorings of the query; Overall is the mean
    over all scorings of all queries; domains, subdomains and R are means of query scores, C is the mean over
    (query, criterion) pairs.
Differs: a scoring that could not be had is left out and shows in the coverage; by default the leaves of a round whose
    root is unscored are left out too, so that no response is judged on the criteria that happened to be readable.
"""
# ruff: noqa: N815 - the names carry the axes of the arrays

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from penmark.errors import ConfigError
from penmark.reports.beside import judges_beside
from penmark.reports.choice import Reading
from penmark.reports.choice import ReportOptions as ReportOptions
from penmark.reports.choice import choose as choose
from penmark.reports.figures import OPTIONAL_TAGS, TAG_TITLES, Difference, Figure, Report, WriterFigures
from penmark.reports.leaves import leaf_figures
from penmark.reports.scores import FloatArray, Scores, load_scores
from penmark.reports.sums import (
    Key,
    Sums,
    TaskGroups,
    figures_of,
    number_of,
    query_scores,
    scorings_of,
    task_groups,
    writer_sums,
)
from penmark.reports.trees import paths_of
from penmark.reports.weights import planned_weights
from penmark.stats import ratio_interval, resample_weights
from penmark.store import Store, reads

MOST_WRITERS_FOR_ALL_PAIRS = 12


@dataclass(frozen=True, slots=True)
class _Frame:
    """What all writers' figures share: the scorings, the groups, the resamples and the unit."""

    scores: Scores
    groups: TaskGroups
    weights_B_N: FloatArray
    factor: float


def build_report(store: Store, bench: str, judge: str, options: ReportOptions | None = None) -> Report:
    """The report of one judge's scores of one benchmark.

    Raises:
        ConfigError: an unknown benchmark, judge or writer.
    """
    options = options or ReportOptions()
    bench, judge, other_judges = choose(store, bench, judge)
    spec = reads.specs(store.db, "judges")[judge]
    reading = Reading.of(spec, options)
    scores = load_scores(
        store.db, bench, judge, by_root=reading.by_root, partial=reading.partial, writers=options.writers
    )
    wanted = _shown(scores.writers, options.writers, _judging(bench, judge, spec))
    weights_B_N = resample_weights(len(scores.tasks), seed=options.seed)
    frame = _Frame(scores, task_groups(scores), weights_B_N, reading.factor)
    writers = tuple(sorted(_all_figures(frame, wanted), key=_rank))
    names = [writer.name for writer in writers]
    compared = (judge, *other_judges) if options.compared(other_judges) else ()
    specs = reads.specs(store.db, "writers")
    writer_specs = {name: specs.get(name, {}) for name in names}
    return Report(
        bench=bench, judge=judge, scale=reading.scale, unit=reading.unit, partial=reading.partial,
        domains=_domains(scores), writers=writers, differences=tuple(_differences(frame, names)),
        judge_spec=spec, writer_specs=writer_specs, other_judges=other_judges,
        notes=(
            *_notes(writers, {judge: spec, **writer_specs}, _left_out(scores, names), partial=reading.partial),
            *_mixed(bench, scores),
        ),
        judges=judges_beside(store.db, bench, compared, names, options) if compared else (),
        leaves=leaf_figures(store.db, (bench, judge), scores, names, reading.factor),
        weights=planned_weights(scores.bench_tasks, reads.plans_on(store.db, bench, judge), paths_of(spec)),
    )  # fmt: skip


def _shown(known: Sequence[str], wanted: Sequence[str], command: str) -> list[str]:
    for name in wanted:
        if name not in known:
            there = ", ".join(known)
            raise ConfigError(
                f"no scores of writer {name!r}, only of: {there}; run `{command} --writer {shlex.quote(name)}`"
            )
    return list(dict.fromkeys(wanted)) or list(known)


def _judging(bench: str, judge: str, spec: Mapping[str, Any]) -> str:
    """The command that has more writers judged as the judge of this name and specification does."""
    if spec.get("judge") == "imported":
        return f"penmark import scores FILE --bench {bench} --judge {shlex.quote(judge)}"
    model = f" --judge-model {shlex.quote(str(spec['model']))}" if spec.get("model") else ""
    return f"penmark judge {bench} --judge {spec.get('judge', judge)}{model}"


def _rank(writer: WriterFigures) -> tuple[bool, float, str]:
    """Best first, those without a mean last, equals by name."""
    mean = writer.overall.mean
    return mean is None, -(mean or 0.0), writer.name


def _domains(scores: Scores) -> dict[str, tuple[str, ...]]:
    domains: dict[str, dict[str, None]] = {}
    for task in scores.bench_tasks:
        if domain1 := task.tags.get("domain1"):
            below = domains.setdefault(domain1, {})
            below |= {domain2: None for domain2 in [task.tags.get("domain2")] if domain2}
    return {domain1: tuple(below) for domain1, below in domains.items()}


def _all_figures(frame: _Frame, names: Sequence[str]) -> list[WriterFigures]:
    sums_W = [writer_sums(frame.scores, frame.groups, frame.scores.writers.index(name)) for name in names]
    intervals_2_G_W = frame.factor * _intervals(sums_W, frame.weights_B_N)
    return [
        _writer_figures(frame, name, figures_of(sums, intervals_2_G_W[:, :, w], frame.factor))
        for w, (name, sums) in enumerate(zip(names, sums_W, strict=True))
    ]


def _intervals(sums_W: Sequence[Sums], weights_B_N: FloatArray) -> FloatArray:
    """Lower and upper bounds of each figure of each writer, shape (2, figures, writers)."""
    intervals_2_G_W = np.full((2, len(sums_W[0].keys) if sums_W else 0, len(sums_W)), np.nan)
    # Figure by figure, as a subdomain is a hundredth of the tasks: the others need no resampling.
    for g in range(intervals_2_G_W.shape[1]):
        numerator_N_W = np.stack([sums.numerator_N_G[:, g] for sums in sums_W], axis=1)
        denominator_N_W = np.stack([sums.denominator_N_G[:, g] for sums in sums_W], axis=1)
        part = denominator_N_W.any(axis=1)
        intervals_2_G_W[:, g] = ratio_interval(numerator_N_W[part], denominator_N_W[part], weights_B_N[:, part])
    return intervals_2_G_W


def _writer_figures(frame: _Frame, name: str, figures: Mapping[Key, Figure]) -> WriterFigures:
    words_P = frame.scores.words_P[frame.scores.writer_P == frame.scores.writers.index(name)]
    words = words_P[~np.isnan(words_P)]
    return WriterFigures(
        name=name,
        overall=figures["overall", "", ""],
        tags={tag: named for tag in TAG_TITLES if (named := _named(figures, tag)) or tag not in OPTIONAL_TAGS},
        length_in=_named(figures, "length_in"),
        length_out=_named(figures, "length_out"),
        requirement={k: {m: figures["requirement", k, m] for m in ("R", "C")} for k in frame.groups.kinds},
        mean_words=float(words.mean()) if len(words) else None,
    )


def _named(figures: Mapping[Key, Figure], wanted: str) -> dict[str, Figure]:
    return {name: figure for (group, name, _), figure in figures.items() if group == wanted}


def _differences(frame: _Frame, ranked: Sequence[str]) -> list[Difference]:
    """Every pair of writers, the better first; only pairs with the best where there are many writers."""
    pairs = list(combinations(range(len(ranked)), 2))
    if len(ranked) > MOST_WRITERS_FOR_ALL_PAIRS:
        pairs = [pair for pair in pairs if pair[0] == 0]
    if not pairs:
        return []
    scores = frame.scores
    query_N_W = np.stack(
        [query_scores(scorings_of(scores, scores.writers.index(name)), len(scores.tasks)) for name in ranked], axis=1
    )
    first, second = np.array(pairs).T
    difference_N_G = (query_N_W[:, first] - query_N_W[:, second]) * frame.factor
    both_N_G = (~np.isnan(difference_N_G)).astype(np.float64)
    low_G, high_G = ratio_interval(difference_N_G, both_N_G, frame.weights_B_N)
    sum_G, count_G = np.nansum(difference_N_G, axis=0), both_N_G.sum(axis=0)
    return [
        Difference(
            first=ranked[a],
            second=ranked[b],
            mean=float(sum_G[g] / count_G[g]) if count_G[g] else None,
            low=number_of(low_G[g]),
            high=number_of(high_G[g]),
            count=int(count_G[g]),
        )
        for g, (a, b) in enumerate(pairs)
    ]


def _mixed(bench: str, scores: Scores) -> list[str]:
    """A note where a query is there in two versions, as when two releases of a benchmark share a database."""
    versions = Counter(task.id for task in scores.tasks)
    twice = [task_id for task_id, number in versions.items() if number > 1]
    if not twice:
        return []
    return [
        f"{len(twice)} of the judged queries of {bench} are here in more than one version (such as {twice[0]!r}), and "
        "all versions are in the means: keep releases of a benchmark, or an edited one, in a --db each."
    ]


def _left_out(scores: Scores, writers: Sequence[str]) -> tuple[int, int]:
    """How many scorings of the writers were had and count in no mean, and to how many responses they belong."""
    shown_P = np.isin(scores.writer_P, [scores.writers.index(name) for name in writers])
    out_S = ~np.isnan(scores.score_S) & ~scores.counted_S & shown_P[scores.response_S]
    return int(out_S.sum()), len(np.unique(scores.response_S[out_S]))


def _notes(
    writers: Sequence[WriterFigures],
    specs: Mapping[str, Mapping[str, Any]],
    left_out: tuple[int, int],
    *,
    partial: bool,
) -> list[str]:
    """What a reader must be told before believing the figures; `left_out` as `_left_out`."""
    notes = []
    embedded = [name for name, spec in specs.items() if str(spec.get("model") or "").startswith("embedded")]
    if embedded:
        notes.append(
            f"The embedded model ({', '.join(embedded)}) writes and judges poorly: it is there so that everything runs "
            "without a key, and what it scores or writes is for demonstration only."
        )
    missing = {w.name: w.overall.asked - w.overall.scored for w in writers if w.overall.coverage < 1}
    if missing:
        asked = sum(w.overall.asked for w in writers)
        by_writer = ", ".join(f"{name} {number}" for name, number in missing.items())
        notes.append(f"{sum(missing.values())} of {asked} scorings are missing and in no mean ({by_writer}).")
    scorings, responses = left_out
    if scorings:
        notes.append(
            "What was scored beside them in the same responses is in no mean either "
            f"(scorings {scorings}, responses {responses}); `penmark report --partial` counts it."
        )
    if partial:
        notes.append("Partial: responses with unscored criteria count with the criteria that were scored.")
    return notes

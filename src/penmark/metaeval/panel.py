"""Judges side by side on the responses of one benchmark: their scores, and their verdicts on pairs.

A panel is the responses; a rater is what one judge, a person or a baseline said of them. A rater has scores, from
which its verdict on a pair follows, or verdicts alone.

Axes: N tasks, R responses, P pairs of responses to one task by different writers.
"""
# ruff: noqa: N815 - the names carry the axes of the arrays

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from penmark.errors import ConfigError
from penmark.metaeval.variant_figures import DECIMALS
from penmark.records import Task
from penmark.store import Store, reads
from penmark.store.compared import settled
from penmark.store.tallies import tallies

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """The responses that are compared, perturbed copies left out.

    Attributes:
        tasks: those with a response, in the benchmark's order.
        task_R: index of each response's task; likewise `writer_R`.
        chars_R: characters of each text, white space included; NaN where there is none.
    """

    bench: str
    tasks: Sequence[Task]
    writers: Sequence[str]
    keys: Sequence[str]
    task_R: IntArray
    writer_R: IntArray
    chars_R: FloatArray


@dataclass(frozen=True, slots=True)
class Rater:
    """What one judge said of a panel's responses.

    Attributes:
        scores_R: mean root score of each response; NaN = unscored; None for a judge of pairs.
        margins: (first, second) response to 1 where the first is better, -1 where the second is, 0 for a tie; None for
            a judge that scores.
        asked: responses (or pairs) it was asked about; `scored` those it has a verdict on.
    """

    name: str
    scores_R: FloatArray | None = None
    margins: Mapping[tuple[int, int], float] | None = None
    asked: int = 0
    scored: int = 0


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of responses with the verdict of the one that is compared with: 1, 0, -1 as in `Rater.margins`."""

    task_P: IntArray
    first_P: IntArray
    second_P: IntArray
    human_P: FloatArray
    index: Mapping[tuple[int, int], int] = field(default_factory=dict)


def load_panel(store: Store, bench: str) -> Panel:
    """The responses of a benchmark."""
    copies = reads.copies(store.db)
    found = [row for row in reads.response_lengths(store.db, bench) if row[2] not in copies]
    tasks = {key: n for n, key in enumerate(dict.fromkeys(task for _, task, _, _ in found))}
    writers = {name: n for n, name in enumerate(sorted({writer for _, _, writer, _ in found}))}
    return Panel(
        bench=bench,
        tasks=[reads.task(store.db, key) for key in tasks],
        writers=list(writers),
        keys=[key for key, _, _, _ in found],
        task_R=np.array([tasks[task] for _, task, _, _ in found], np.intp),
        writer_R=np.array([writers[writer] for _, _, writer, _ in found], np.intp),
        chars_R=np.array([np.nan if n is None else n for *_, n in found], np.float64),
    )


def load_rater(store: Store, panel: Panel, judge: str) -> Rater:
    """What a judge in the store said: its root scores or, where it has none, its preferences.

    A response scored several times has the mean of its scores, a pair judged several times the side that more verdicts
    are on, a tie where neither is; the verdicts on a pair shown in both orders are settled first, as in
    `store.compared`.

    Raises:
        ConfigError: when it has neither here.
    """
    place = {key: r for r, key in enumerate(panel.keys)}
    rows = [row for row in tallies(store.db, judge, by_root=True, partial=False) if row.response in place]
    if rows:
        scores_R = np.full(len(place), np.nan)
        for row in rows:
            if row.counted:
                scores_R[place[row.response]] = round(row.total / row.counted, DECIMALS)
        return Rater(judge, scores_R, asked=len(rows), scored=int((~np.isnan(scores_R)).sum()))
    sums: dict[tuple[int, int], float] = defaultdict(float)
    asked: dict[tuple[int, int], bool] = {}
    for c in settled(store.db, panel.bench, judge):
        if not place.keys() >= set(c.keys):
            continue
        pair = place[c.keys[0]], place[c.keys[1]]
        asked[pair] = asked.get(pair, False) or c.margin is not None
        if c.margin is not None:
            sums[pair] += np.sign(c.margin)
    if not asked:
        raise ConfigError(
            f"judge {judge!r} has judged nothing on {panel.bench}; see `penmark report` for those who have"
        )
    margins = {pair: float(np.sign(total)) for pair, total in sums.items()}
    return Rater(judge, margins=margins, asked=len(asked), scored=len(margins))


def length_rater(panel: Panel) -> Rater:
    """The judge that scores a text by its characters."""
    return _whole("length", panel.chars_R)


def random_rater(panel: Panel, seed: int) -> Rater:
    """The judge that scores by chance."""
    return _whole("random", np.random.default_rng(seed).random(len(panel.keys)))


def _whole(name: str, scores_R: FloatArray) -> Rater:
    return Rater(name, scores_R, asked=len(scores_R), scored=int((~np.isnan(scores_R)).sum()))


def pairs_of(panel: Panel, human: Rater) -> Pairs:
    """The pairs that the human judged: those compared, or all of rated responses to one task by different writers."""
    if human.margins is not None:
        found = [(first, second, verdict) for (first, second), verdict in human.margins.items()]
    else:
        found = [(first, second, np.nan) for first, second in _cross_writer_pairs(panel, human)]
    first_P, second_P = (np.array([pair[side] for pair in found], np.intp) for side in (0, 1))
    human_P = np.array([pair[2] for pair in found], np.float64)
    if human.scores_R is not None:
        human_P = np.sign(human.scores_R[first_P] - human.scores_R[second_P])
    index = {(first, second): p for p, (first, second, _) in enumerate(found)}
    return Pairs(panel.task_R[first_P], first_P, second_P, human_P, index)


def _cross_writer_pairs(panel: Panel, human: Rater) -> list[tuple[int, int]]:
    assert human.scores_R is not None
    by_task: dict[int, list[int]] = defaultdict(list)
    for r in np.flatnonzero(~np.isnan(human.scores_R)):
        by_task[int(panel.task_R[r])].append(int(r))
    pairs = (pair for responses in by_task.values() for pair in combinations(responses, 2))
    return [(a, b) for a, b in pairs if panel.writer_R[a] != panel.writer_R[b]]


def verdicts(rater: Rater, pairs: Pairs) -> FloatArray:
    """A rater's verdict on each pair, 1, 0 or -1; NaN where it has none."""
    if rater.scores_R is not None:
        verdict_P: FloatArray = np.sign(rater.scores_R[pairs.first_P] - rater.scores_R[pairs.second_P])
        return verdict_P
    verdict_P = np.full(len(pairs.human_P), np.nan)
    for (first, second), margin in (rater.margins or {}).items():
        for pair, sign in (((first, second), 1), ((second, first), -1)):
            if pair in pairs.index:
                verdict_P[pairs.index[pair]] = sign * margin
    return verdict_P


def normalised(panel: Panel, rater: Rater) -> Rater:
    """The rater with scores as standard deviations from its mean of the same writer; one that scores.

    Where each writer was rated by one person, this takes out how strict that person was, and with it how good the
    writer is.
    """
    assert rater.scores_R is not None
    return replace(rater, scores_R=within_writers(rater.scores_R, panel.writer_R))


def within_writers(scores_R: FloatArray, writer_R: IntArray) -> FloatArray:
    """Scores less the mean of their writer, in standard deviations; 0 where a writer's are all the same, NaN stays."""
    z_R = np.full_like(scores_R, np.nan)
    for writer in np.unique(writer_R):
        of_writer = (writer_R == writer) & ~np.isnan(scores_R)
        scores = scores_R[of_writer]
        if scores.size:
            spread = scores.std()
            z_R[of_writer] = ((scores - scores.mean()) / (spread if spread > 10**-DECIMALS else np.inf)).round(DECIMALS)
    return z_R

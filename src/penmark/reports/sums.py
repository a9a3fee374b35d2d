"""The sums behind every figure: a figure is a ratio of sums over tasks, so its interval is one matrix product.

Axes: N tasks that the judge has touched, G figures, P responses, S scorings of one writer, K length buckets.
"""
# ruff: noqa: N815 - the names carry the axes of the arrays

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from penmark.records import REQUIREMENT_KINDS
from penmark.reports.figures import LENGTH_BUCKETS, TAG_TITLES, Figure
from penmark.reports.scores import BoolArray, FloatArray, IntArray, Scores

Key = tuple[str, str, str]  # (group, name, measure), such as ("requirement", "style", "R")

BUCKET_EDGES = (1000, 3000, 5000)  # estimated tokens, as LENGTH_BUCKETS says
NO_BUCKET = len(LENGTH_BUCKETS)


@dataclass(frozen=True, slots=True)
class Sums:
    """Figures before the division: figure g is sum(numerator[:, g]) / sum(denominator[:, g]).

    Attributes:
        keys: what figure each column is.
        denominator_N_G: 0 where the task has no part in the figure.
        asked_G: scorings asked for.
        scored_G: scorings that could be had.
    """

    keys: list[Key]
    numerator_N_G: FloatArray
    denominator_N_G: FloatArray
    asked_G: FloatArray
    scored_G: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskGroups:
    """Which figures a task has a part in.

    Attributes:
        keys: the figures that are means of query scores.
        member_N_G: whether a task belongs to each of them.
        kinds: the requirement kinds to report.
        about: kind to the codes (task * number of nodes + node) of the criteria about it.
    """

    keys: list[Key]
    member_N_G: FloatArray
    kinds: Sequence[str]
    about: dict[str, IntArray]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorings:
    """One writer's scorings; `value_S` is 0 where the score does not count."""

    task_S: IntArray
    response_S: IntArray
    node_S: IntArray
    value_S: FloatArray
    counted_S: BoolArray
    had_S: BoolArray


def task_groups(scores: Scores) -> TaskGroups:
    """The groups of the benchmark in its order, also those without a touched task."""
    used = {r.kind for task in scores.bench_tasks for r in task.requirements}
    kinds = [kind for kind in REQUIREMENT_KINDS if kind in used or kind != "content"]
    tags = [
        (tag, name)
        for tag in TAG_TITLES
        for name in dict.fromkeys(t.tags.get(tag, "") for t in scores.bench_tasks)
        if name
    ]
    columns = [[task.tags.get(tag) == name for task in scores.tasks] for tag, name in tags]
    columns += [[any(r.kind == kind for r in task.requirements) for task in scores.tasks] for kind in kinds]
    keys = [(tag, name, "") for tag, name in tags] + [("requirement", kind, "R") for kind in kinds]
    member_N_G = np.array(columns, np.float64).reshape(len(keys), len(scores.tasks)).T
    return TaskGroups(keys=keys, member_N_G=member_N_G, kinds=kinds, about=_about(scores, kinds))


def _about(scores: Scores, kinds: Sequence[str]) -> dict[str, IntArray]:
    index = {node: i for i, node in enumerate(scores.nodes)}
    codes: dict[str, list[int]] = {kind: [] for kind in kinds}
    for n, task in enumerate(scores.tasks):
        for path, criterion in task.rubric.leaves() if task.rubric else ():
            for kind in set(criterion.about) & codes.keys() if path in index else ():
                codes[kind].append(n * len(index) + index[path])
    return {kind: np.array(of_kind, np.intp) for kind, of_kind in codes.items()}


def scorings_of(scores: Scores, writer: int) -> Scorings:
    """The scorings of the writer with this index."""
    mine_S = scores.writer_P[scores.response_S] == writer
    response_S, counted_S = scores.response_S[mine_S], scores.counted_S[mine_S]
    return Scorings(
        task_S=scores.task_P[response_S],
        response_S=response_S,
        node_S=scores.node_S[mine_S],
        value_S=np.where(counted_S, scores.score_S[mine_S], 0.0),
        counted_S=counted_S,
        had_S=~np.isnan(scores.score_S[mine_S]),
    )


def writer_sums(scores: Scores, groups: TaskGroups, writer: int) -> Sums:
    """The sums of every figure of one writer."""
    mine = scorings_of(scores, writer)
    bucket_in_P = length_bucket(scores.tokens_N)[scores.task_P]
    parts = [
        _overall(mine, len(scores.tasks)),
        _by_task_group(mine, groups),
        _by_criterion(mine, groups, len(scores.nodes)),
        _by_length("length_in", mine, scores, bucket_in_P),
        _by_length("length_out", mine, scores, length_bucket(scores.tokens_P)),
    ]
    return Sums(
        [key for part in parts for key in part.keys],
        np.hstack([part.numerator_N_G for part in parts]),
        np.hstack([part.denominator_N_G for part in parts]),
        np.concatenate([part.asked_G for part in parts]),
        np.concatenate([part.scored_G for part in parts]),
    )


def figures_of(sums: Sums, interval_2_G: FloatArray, factor: float) -> dict[Key, Figure]:
    """The quotients times `factor`, with their intervals, which have it already."""
    low_G, high_G = interval_2_G
    total_G, number_G = sums.numerator_N_G.sum(axis=0), sums.denominator_N_G.sum(axis=0)
    count_G = np.count_nonzero(sums.denominator_N_G, axis=0)
    return {
        key: Figure(
            mean=float(total_G[g] / number_G[g] * factor) if number_G[g] else None,
            low=number_of(low_G[g]),
            high=number_of(high_G[g]),
            count=int(count_G[g]),
            asked=int(sums.asked_G[g]),
            scored=int(sums.scored_G[g]),
        )
        for g, key in enumerate(sums.keys)
    }


def number_of(value: float) -> float | None:
    """The value; None for NaN."""
    return None if np.isnan(value) else float(value)


def length_bucket(tokens: FloatArray) -> IntArray:
    """Index in LENGTH_BUCKETS of each length, NO_BUCKET where it is NaN."""
    return np.where(np.isnan(tokens), NO_BUCKET, np.searchsorted(BUCKET_EDGES, tokens, side="right"))


def query_scores(mine: Scorings, tasks: int) -> FloatArray:
    """Mean over all counted scorings of each task, shape (tasks,); NaN where there is none."""
    return _ratio(_count(mine.task_S, tasks, mine.value_S), _count(mine.task_S, tasks, mine.counted_S))


def _overall(mine: Scorings, tasks: int) -> Sums:
    """The mean over all scorings of all queries: a query with more scorings weighs more."""
    return Sums(
        [("overall", "", "")],
        _count(mine.task_S, tasks, mine.value_S)[:, None],
        _count(mine.task_S, tasks, mine.counted_S)[:, None],
        np.array([float(len(mine.had_S))]),
        np.array([float(mine.had_S.sum())]),
    )


def _by_task_group(mine: Scorings, groups: TaskGroups) -> Sums:
    """Means of query scores over the tasks of each group."""
    tasks = len(groups.member_N_G)
    query_N = query_scores(mine, tasks)
    return Sums(
        groups.keys,
        groups.member_N_G * np.nan_to_num(query_N)[:, None],
        groups.member_N_G * ~np.isnan(query_N)[:, None],
        _count(mine.task_S, tasks) @ groups.member_N_G,
        _count(mine.task_S, tasks, mine.had_S) @ groups.member_N_G,
    )


def _by_criterion(mine: Scorings, groups: TaskGroups, nodes: int) -> Sums:
    """Means over the (query, criterion) pairs about each kind, a pair being the mean of its scorings."""
    tasks = len(groups.member_N_G)
    pairs, pair_S = np.unique(mine.task_S * nodes + mine.node_S, return_inverse=True)
    value = _ratio(_count(pair_S, len(pairs), mine.value_S), _count(pair_S, len(pairs), mine.counted_S))
    about_G = [np.isin(pairs, groups.about[kind]) for kind in groups.kinds]
    task = pairs // max(nodes, 1)
    return Sums(
        [("requirement", kind, "C") for kind in groups.kinds],
        np.stack([_count(task, tasks, np.where(about, np.nan_to_num(value), 0.0)) for about in about_G], axis=1),
        np.stack([_count(task, tasks, about & ~np.isnan(value)) for about in about_G], axis=1),
        np.array([about[pair_S].sum() for about in about_G], np.float64),
        np.array([(about[pair_S] & mine.had_S).sum() for about in about_G], np.float64),
    )


def _by_length(group: str, mine: Scorings, scores: Scores, bucket_P: IntArray) -> Sums:
    """Means of response scores over the responses of each length; a response without a text has no length."""
    tasks, responses, buckets = len(scores.tasks), len(bucket_P), len(LENGTH_BUCKETS) + 1
    scored_P = _count(mine.response_S, responses, mine.counted_S)
    mean_P = np.nan_to_num(_ratio(_count(mine.response_S, responses, mine.value_S), scored_P))
    cell_P = scores.task_P * buckets + bucket_P
    numerator_N_K = _count(cell_P, tasks * buckets, mean_P).reshape(tasks, buckets)
    denominator_N_K = _count(cell_P, tasks * buckets, scored_P > 0).reshape(tasks, buckets)
    bucket_S = bucket_P[mine.response_S]
    return Sums(
        [(group, name, "") for name in LENGTH_BUCKETS],
        numerator_N_K[:, :NO_BUCKET],
        denominator_N_K[:, :NO_BUCKET],
        _count(bucket_S, buckets)[:NO_BUCKET],
        _count(bucket_S, buckets, mine.had_S)[:NO_BUCKET],
    )


def _count(codes: IntArray, size: int, weights: FloatArray | BoolArray | None = None) -> FloatArray:
    """Number of times each code below `size` occurs, or the sum of its weights; shape (size,)."""
    return np.bincount(codes, weights=weights, minlength=size).astype(np.float64)


def _ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """The quotient; NaN where the denominator is 0."""
    return np.divide(numerator, denominator, out=np.full_like(numerator, np.nan), where=denominator > 0)

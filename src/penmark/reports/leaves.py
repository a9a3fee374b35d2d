"""What became of each leaf of a judge's rubric: how often it was scored, and why it was not."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from penmark.reports.figures import LeafFigures
from penmark.reports.scores import Scores
from penmark.store.tallies import without_verdict

MOST_LEAVES = 40  # more are the criteria of single tasks, not the leaves of one tree


def leaf_figures(
    db: sqlite3.Connection, about: tuple[str, str], scores: Scores, writers: Sequence[str], factor: float
) -> tuple[LeafFigures, ...]:
    """The leaves by path; none where there are more than `MOST_LEAVES`.

    Args:
        db: the store's connection.
        about: the benchmark and the judge.
        scores: every scoring of that judge there.
        writers: whose responses count; a leaf that none of them was judged on is left out.
        factor: what a score is multiplied by to be shown.
    """
    leaves = _leaf_paths(scores.nodes)
    if len(leaves) > MOST_LEAVES:
        return ()
    failures: dict[str, dict[str, int]] = {node: {} for node in scores.nodes}
    for node, status, number in without_verdict(db, *about, writers):
        failures.setdefault(node, {})[status] = number
    sums = _node_sums(scores, writers)
    return tuple(_leaf(node, sums[node], failures[node], factor) for node in leaves if sums[node][0])


def _leaf_paths(nodes: Collection[str]) -> list[str]:
    """The paths without another below them, in order; the root only where it stands alone."""
    inner = {""} if len(nodes) > 1 else set()
    inner |= {node[:i] for node in nodes for i, c in enumerate(node) if c == "/"}
    return sorted(set(nodes) - inner)


def _node_sums(scores: Scores, writers: Sequence[str]) -> dict[str, tuple[int, int, float]]:
    """Path to (judgments asked for, those with a score, sum of their points)."""
    shown_P = np.isin(scores.writer_P, [scores.writers.index(name) for name in writers])
    shown_R = shown_P[scores.response_R]
    node_R, score_R = scores.node_R[shown_R], scores.score_R[shown_R]
    known_R = ~np.isnan(score_R)
    size = len(scores.nodes)
    asked = np.bincount(node_R, minlength=size)
    known = np.bincount(node_R[known_R], minlength=size)
    total = np.bincount(node_R[known_R], score_R[known_R], minlength=size)
    return {node: (int(asked[i]), int(known[i]), float(total[i])) for i, node in enumerate(scores.nodes)}


def _leaf(node: str, sums: tuple[int, int, float], others: Mapping[str, int], factor: float) -> LeafFigures:
    _, known, total = sums
    return LeafFigures(
        node=node,
        mean=total / known * factor if known else None,
        # An empty response has a score, too.
        statuses={"scored": known - others.get("empty", 0), **others},
    )

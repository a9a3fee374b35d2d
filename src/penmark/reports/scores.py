"""One judge's scorings of one benchmark as numpy columns: which were asked for, which were had, which count.

Axes: N tasks that the judge has touched, P responses, S scorings asked for, R judgments (of inner nodes, too).
"""
# ruff: noqa: N815 - the names carry the axes of the arrays

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penmark.records import Task
from penmark.store import reads

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Scorings as columns; a scoring is one leaf (or, for judges of one root score, one root) in one repeat.

    Attributes:
        bench_tasks: every task of the benchmark, in its order.
        tasks: the touched ones, N of them.
        tokens_N: estimated tokens of the task.
        writers: the names that `writer_P` indexes.
        tokens_P: estimated tokens of the response; NaN where there is no text.
        words_P: words of the response; NaN where there is no text.
        nodes: the paths that `node_S` and `node_R` index.
        score_S: points; NaN where it could not be had.
        counted_S: whether the score counts in means; never where it is NaN.
        response_R: the response of every judgment; likewise `node_R` and `score_R`.
    """

    bench_tasks: Sequence[Task]
    tasks: Sequence[Task]
    tokens_N: FloatArray
    writers: Sequence[str]
    task_P: IntArray
    writer_P: IntArray
    tokens_P: FloatArray
    words_P: FloatArray
    nodes: Sequence[str]
    response_S: IntArray
    node_S: IntArray
    score_S: FloatArray
    counted_S: BoolArray
    response_R: IntArray
    node_R: IntArray
    score_R: FloatArray


def load_scores(
    db: sqlite3.Connection, bench: str, judge: str, *, by_root: bool, partial: bool, writers: Sequence[str] = ()
) -> Scores:
    """Every scoring of a judge on a benchmark.

    Args:
        db: the store's connection.
        bench: name of the benchmark.
        judge: name of the judge.
        by_root: whether a scoring is a root score; otherwise a leaf score.
        partial: whether the leaves of a round whose root is unscored count all the same.
        writers: whose perturbed copies are wanted; those of others are left out.
    """
    rows = reads.score_rows(db, bench, judge, writers)
    response_R, node_R = np.array(rows.response, np.intp), np.array(rows.node, np.intp)
    score_R = np.array(rows.score, np.float64)
    root_R = node_R == (rows.nodes.index("") if "" in rows.nodes else -1)
    asked_R = root_R if by_root else ~root_R
    counted_R = ~np.isnan(score_R)
    if not (by_root or partial):
        counted_R &= ~_in_incomplete_round(response_R, np.array(rows.repeat, np.intp), root_R & np.isnan(score_R))
    touched, response_R = np.unique(response_R, return_inverse=True)
    texts = [rows.responses[i] for i in touched]
    tasks, task_P = np.unique(np.array([text[0] for text in texts], np.intp), return_inverse=True)
    writers = sorted({text[1] for text in texts})
    return Scores(
        bench_tasks=[task for task, _ in rows.tasks],
        tasks=[rows.tasks[i][0] for i in tasks],
        tokens_N=np.array([rows.tasks[i][1] for i in tasks], np.float64),
        writers=writers,
        task_P=task_P,
        writer_P=np.array([writers.index(text[1]) for text in texts], np.intp),
        tokens_P=np.array([text[2] for text in texts], np.float64),
        words_P=np.array([text[3] for text in texts], np.float64),
        nodes=rows.nodes,
        response_S=response_R[asked_R],
        node_S=node_R[asked_R],
        score_S=score_R[asked_R],
        counted_S=counted_R[asked_R],
        response_R=response_R,
        node_R=node_R,
        score_R=score_R,
    )


def _in_incomplete_round(response_R: IntArray, repeat_R: IntArray, failed_root_R: BoolArray) -> BoolArray:
    """Whether a row's round, its (response, repeat), has an unscored root; a round without a root row has not."""
    round_R = response_R * (repeat_R.max(initial=0) + 1) + repeat_R
    return np.isin(round_R, round_R[failed_root_R])

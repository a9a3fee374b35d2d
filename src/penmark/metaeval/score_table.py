"""Several judges' scores of the same responses side by side: by judge and node, one number a task and writer.

Axes: N tasks, W writers.
"""
# ruff: noqa: N802, N815 - the names carry the axes of the arrays

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from penmark.errors import ConfigError
from penmark.records import Task
from penmark.store import Store, reads

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreTable:
    """Scores by judge and node.

    Attributes:
        tasks: those that one of the judges has touched, in the benchmark's order.
        writers: in alphabetical order.
        score_N_W: judge to node path ("" = the root) to the mean over repeats; NaN = unscored.
    """

    bench: str
    tasks: Sequence[Task]
    writers: Sequence[str]
    score_N_W: Mapping[str, Mapping[str, FloatArray]]

    def root_N_W(self, judge: str) -> FloatArray:
        """The root scores of a judge."""
        return self.score_N_W[judge][""]


def load_table(store: Store, bench: str, judges: Sequence[str], writers: Sequence[str] = ()) -> ScoreTable:
    """The scores of these judges.

    Args:
        store: where they are.
        bench: the benchmark.
        judges: names in the store.
        writers: only these; all but perturbed copies when none is named.

    Raises:
        ConfigError: when a judge or writer is not there, or a judge has no root score of any response.
    """
    _check_names(store, bench, judges, writers)
    by_judge = {judge: reads.score_rows(store.db, bench, judge, writers) for judge in dict.fromkeys(judges)}
    wanted = set(writers)
    touched: dict[int, None] = {}
    names: set[str] = set()
    for judge, rows in by_judge.items():
        chosen = [rows.responses[i] for i in set(rows.response) if not wanted or rows.responses[i][1] in wanted]
        if not chosen:
            raise ConfigError(f"judge {judge!r} has scored none of these responses; run `penmark judge {bench}`")
        touched |= dict.fromkeys(task for task, *_ in chosen)
        names |= {writer for _, writer, *_ in chosen}
    places = _Places(sorted(touched), sorted(names))
    tasks = next(iter(by_judge.values())).tasks
    return ScoreTable(
        bench=bench,
        tasks=[tasks[i][0] for i in places.tasks],
        writers=places.writers,
        score_N_W={judge: places.scores(rows) for judge, rows in by_judge.items()},
    )


def chars_of(store: Store, bench: str, tasks: Sequence[Task], writers: Sequence[str]) -> FloatArray:
    """What the judge that counts characters says of these, shape (tasks, writers), white space included.

    NaN where there is no text.
    """
    task_at, writer_at = ({name: at for at, name in enumerate(of)} for of in ([t.key for t in tasks], writers))
    chars_N_W = np.full((len(task_at), len(writer_at)), np.nan)
    for _, task, writer, chars in reads.response_lengths(store.db, bench):
        if task in task_at and writer in writer_at and chars is not None:
            chars_N_W[task_at[task], writer_at[writer]] = chars
    return chars_N_W


def _check_names(store: Store, bench: str, judges: Sequence[str], writers: Sequence[str]) -> None:
    for kind, given, known in (
        ("judge", judges, reads.judges_of(store.db, bench)),
        ("writer", writers, reads.writers_of(store.db, bench)),
    ):
        for name in given:
            if name not in known:
                there = ", ".join(known) or "nobody"
                raise ConfigError(
                    f"no {kind} {name!r} on {bench} in {store.path}, only: {there}; "
                    f"name one of these with --{kind}, or run `penmark judge {bench}` first"
                )


@dataclass(frozen=True)
class _Places:
    """Which cell a response is in."""

    tasks: Sequence[int]
    writers: Sequence[str]

    def scores(self, rows: reads.ScoreRows) -> dict[str, FloatArray]:
        """Node to the mean of a judge's scores of each cell."""
        task_at = {task: n for n, task in enumerate(self.tasks)}
        writer_at = {writer: w for w, writer in enumerate(self.writers)}
        cell = np.array(
            [
                task_at.get(t, -1) * len(writer_at) + writer_at[w] if w in writer_at else -1
                for t, w, *_ in rows.responses
            ]
        )
        size = len(task_at) * len(writer_at)
        cell_R, node_R = cell[np.array(rows.response, np.intp)], np.array(rows.node, np.intp)
        score_R = np.array(rows.score, np.float64)
        counts_R = (cell_R >= 0) & ~np.isnan(score_R)
        code_R = node_R[counts_R] * size + cell_R[counts_R]
        total = np.bincount(code_R, weights=score_R[counts_R], minlength=size * len(rows.nodes))
        number = np.bincount(code_R, minlength=size * len(rows.nodes))
        mean = np.divide(total, number, out=np.full_like(total, np.nan), where=number > 0)
        shape = (len(rows.nodes), len(task_at), len(writer_at))
        by_node = dict(zip(rows.nodes, mean.reshape(shape), strict=True))
        return {"": np.full(shape[1:], np.nan), **by_node}

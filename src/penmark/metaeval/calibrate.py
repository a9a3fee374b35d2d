"""Leaf scores of judges, calibrated to human scores: how well that works on unseen tasks, and the calibration itself.

What is held out: whole tasks; in a second figure whole writers, too. Where each writer was rated by one person, a
calibration can learn to tell the writers apart and who of the raters is kind, which is no judgment of the text: so each
figure is given against human scores normalised within each writer, too.

Axes: N tasks, W writers, R responses that people scored, F leaves.
"""
# ruff: noqa: N815 - the names carry the axes of the arrays

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from penmark.errors import ConfigError
from penmark.metaeval.panel import within_writers
from penmark.metaeval.score_table import FloatArray, ScoreTable
from penmark.metaeval.variant_figures import DECIMALS, Figure, plain_figure
from penmark.stats.agreement import pair_counts
from penmark.stats.bootstrap import difference_interval, ratio_interval, resample_weights
from penmark.stats.leaf_calibration import METHODS, Calibration, Method, cross_fit, fit, folds

LENGTH = "length"
FOLDS = 10
WRITER_FOLDS = 5
FEWEST_TASKS = 5

Leaf = tuple[str, str]  # (judge, node)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """The responses that people scored.

    Attributes:
        leaves: judge and node of each column.
        task_R: number of the task; likewise `writer_R`.
        root_R: root scores by judge; NaN = unscored.
    """

    tasks: int
    writers: int
    leaves: Sequence[Leaf]
    leaf_R_F: FloatArray
    human_R: FloatArray
    task_R: NDArray[np.intp]
    writer_R: NDArray[np.intp]
    root_R: Mapping[str, FloatArray]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """How often a judge or a calibration puts two responses to a task in people's order, on tasks it has not seen.

    Attributes:
        agreement: with the human scores; people's ties left out, its own count one half.
        normalised: with the human scores normalised within each writer.
        gain: agreement less that of the first source judge; None for judges.
        unseen_writers: agreement where its writers were held out, too; None for judges and where it is not computed.
    """

    name: str
    agreement: Figure
    normalised: Figure
    gain: Figure | None
    unseen_writers: Figure | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """The figures, judges and the length first, and the calibration by the chosen method over all responses."""

    bench: str
    human: str
    tasks: int
    responses: int
    rows: Sequence[HeldOut]
    leaves: Sequence[Leaf]
    calibration: Calibration


def rated(table: ScoreTable, sources: Sequence[str], human: str) -> Rated:
    """The responses that people scored, with every leaf of the source judges.

    Raises:
        ConfigError: when people scored too little, or the sources scored no leaf there.
    """
    human_N_W = table.root_N_W(human)
    at_N_W = ~np.isnan(human_N_W)
    task_R, writer_R = np.nonzero(at_N_W)
    leaves = [(judge, node) for judge in sources for node in _leaves(table.score_N_W[judge])]
    columns = {leaf: table.score_N_W[leaf[0]][leaf[1]][at_N_W] for leaf in leaves}
    used = [leaf for leaf, column in columns.items() if len(np.unique(column[~np.isnan(column)])) > 1]
    tasks = len(np.unique(task_R))
    if tasks < FEWEST_TASKS or not used:
        found = f"{tasks} tasks with human scores" if used else "no leaf that varies over the rated responses"
        raise ConfigError(
            f"{found} by {human!r} on {table.bench}; at least {FEWEST_TASKS} tasks and one leaf are needed: run "
            f"`penmark import ratings` and `penmark judge {table.bench} --judge surface`"
        )
    return Rated(
        tasks=len(table.tasks),
        writers=len(table.writers),
        leaves=used,
        leaf_R_F=np.column_stack([columns[leaf] for leaf in used]),
        human_R=human_N_W[at_N_W],
        task_R=task_R,
        writer_R=writer_R,
        root_R={judge: table.root_N_W(judge)[at_N_W] for judge in sources},
    )


def _leaves(nodes: Mapping[str, FloatArray]) -> list[str]:
    """Paths that no other path goes on from; the root where it is all there is."""
    inner = {"/".join(path.split("/")[:depth]) for path in nodes for depth in range(1, path.count("/") + 1)}
    return [path for path in nodes if path and path not in inner] or [""]


def calibrate(
    table: ScoreTable,
    sources: Sequence[str],
    human: str,
    *,
    chars_N_W: FloatArray,
    method: Method = "ranks",
    seed: int = 0,
) -> Calibrated:
    """Held-out figures of every method beside the sources and the length, and the calibration by one of them.

    Args:
        table: has the sources and the human judge.
        sources: judges whose leaves are combined; the first is what the others are compared with.
        human: the judge to agree with.
        chars_N_W: from `chars_of`, for the tasks and writers of the table.
        method: of the calibration to give back.
        seed: of the folds and the bootstrap.

    Raises:
        ConfigError: see `rated`.
    """
    at = rated(table, sources, human)
    figures = _Figures(at, seed)
    judges = {LENGTH: chars_N_W[at.task_R, at.writer_R], **at.root_R}
    rows = [figures.row(judge, judges[judge]) for judge in dict.fromkeys([*sources, LENGTH])]
    by_task = folds(at.task_R, FOLDS, seed=seed)
    by_writer = folds(at.writer_R, WRITER_FOLDS, seed=seed)
    for each in METHODS:
        points_R = cross_fit(each, at.leaf_R_F, at.human_R, at.task_R, [by_task])
        apart = [by_task, by_writer]
        is_quick = each != "alike" and len(np.unique(at.writer_R)) > 2
        unseen = cross_fit(each, at.leaf_R_F, at.human_R, at.task_R, apart) if is_quick else None
        rows.append(figures.row(each, points_R, unseen, beside=at.root_R[sources[0]]))
    return Calibrated(
        bench=table.bench,
        human=human,
        tasks=len(np.unique(at.task_R)),
        responses=len(at.human_R),
        rows=rows,
        leaves=at.leaves,
        calibration=fit(method, at.leaf_R_F, at.human_R, at.task_R),
    )


class _Figures:
    """Agreements with the human scores, all over the same resamples of tasks."""

    def __init__(self, at: Rated, seed: int) -> None:
        self.at = at
        self.weights_B_N = resample_weights(at.tasks, seed=seed)
        self.human_N_W = self._placed(at.human_R)
        self.normalised_N_W = self._placed(within_writers(at.human_R, at.writer_R))

    def row(
        self, name: str, points_R: FloatArray, unseen_R: FloatArray | None = None, beside: FloatArray | None = None
    ) -> HeldOut:
        """The figures of one judge or calibration."""
        points_N_W = self._placed(points_R)
        gain = None
        if beside is not None:
            ours, others = (pair_counts(self.human_N_W, side) for side in (points_N_W, self._placed(beside)))
            value, low, high = difference_interval(*ours, *others, self.weights_B_N)
            gain = Figure(_number(value), _number(low), _number(high), int(ours[1].sum()))
        return HeldOut(
            name=name,
            agreement=self._agreement(self.human_N_W, points_N_W),
            normalised=self._agreement(self.normalised_N_W, points_N_W),
            gain=gain,
            unseen_writers=None if unseen_R is None else self._agreement(self.human_N_W, self._placed(unseen_R)),
        )

    def _placed(self, value_R: FloatArray) -> FloatArray:
        value_N_W = np.full((self.at.tasks, self.at.writers), np.nan)
        value_N_W[self.at.task_R, self.at.writer_R] = value_R.round(DECIMALS)
        return value_N_W

    def _agreement(self, human_N_W: FloatArray, judge_N_W: FloatArray) -> Figure:
        agreed_N, compared_N = pair_counts(human_N_W, judge_N_W)
        compared = compared_N.sum()
        low, high = ratio_interval(agreed_N[:, None], compared_N[:, None], self.weights_B_N)[:, 0]
        value = float(agreed_N.sum() / compared) if compared else None
        return Figure(value, _number(low), _number(high), int(compared))


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def as_json(made: Calibrated) -> dict[str, object]:
    """The figures as plain values; null where there is none."""
    return {
        "bench": made.bench,
        "human": made.human,
        "tasks": made.tasks,
        "responses": made.responses,
        "leaves": len(made.leaves),
        "held_out": {row.name: dict(_plain(row)) for row in made.rows},
    }


def _plain(row: HeldOut) -> Iterator[tuple[str, object]]:
    for name in ("agreement", "normalised", "gain", "unseen_writers"):
        f = getattr(row, name)
        yield name, None if f is None else plain_figure(f)


def save(made: Calibrated, specs: Mapping[str, Mapping[str, object]], path: Path) -> None:
    """Write the calibration as a file that the judge `calibrated` reads.

    Args:
        made: the figures and the calibration.
        specs: specifications of the source judges.
        path: where to.

    Raises:
        ConfigError: when a source cannot be run again, as imported scores cannot.
    """
    sources = list(dict.fromkeys(judge for judge, _ in made.leaves))
    for source in sources:
        if specs[source].get("judge") in {"imported", "ablation", "human", "calibrated"}:
            raise ConfigError(
                f"{source!r} holds {specs[source]['judge']} scores, which cannot be had for other texts; "
                "calibrate judges that can be run, such as `--judge surface --judge length`"
            )
    c = made.calibration
    values = {
        "format": "penmark calibration 1",
        "bench": made.bench,
        "human": made.human,
        "method": c.method,
        "base": c.base,
        "sources": {source: specs[source] for source in sources},
        "leaves": [
            {"source": judge, "node": node, "at": _short(curve.at), "points": _short(curve.points)}
            for (judge, node), curve in zip(made.leaves, c.curves, strict=True)
        ],
        "rated": [_short(row) for row in c.rated_T_F],
        "weights": _short(c.weight_T),
        "held_out": as_json(made)["held_out"],
    }
    path.write_text(json.dumps(values, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def _short(values: FloatArray) -> list[float]:
    return [float(f"{value:.9g}") for value in values.tolist()]

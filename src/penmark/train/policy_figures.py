"""A policy before and after: its texts for held-out prompts, as its own judges and the independent ones score them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from penmark.stats.bootstrap import difference_interval, ratio_interval, resample_weights
from penmark.store import reads
from penmark.text import count_words
from penmark.train.data import BENCH
from penmark.train.recipe import Recipe
from penmark.train.rewards import Panel

FloatArray = NDArray[np.float64]


def policy_figures(panel: Panel, tasks: Sequence[str], steps: int, recipe: Recipe) -> dict[str, object]:
    """Of the reward, each judge and the length: {"before", "after", "difference"}, with intervals over prompts.

    All is read from the run's store. A text without a score is in no mean; `coverage` says how many have one.

    Args:
        panel: the judges, open.
        tasks: ids of the held-out prompts.
        steps: updates that were made.
        recipe: the run.
    """
    before, after = (_texts(panel, f"held-out-{step}") for step in (0, steps))
    place = {task: i for i, task in enumerate(tasks)}
    weights_B_N = resample_weights(len(tasks), seed=recipe.seed)
    figures = {}
    for name in ("reward", *(p.component.label for p in (*panel.rewards, *panel.independent)), "words"):
        sides = [_sums(rows, name, place) for rows in (before, after)]
        figures[name] = _figure(sides, weights_B_N)
    return {"prompts": len(tasks), "held_out": figures}


def _figure(sides: Sequence[tuple[FloatArray, FloatArray, float]], weights_B_N: FloatArray) -> dict[str, object]:
    (sum_a, count_a, _), (sum_b, count_b, _) = sides
    difference = difference_interval(sum_b, count_b, sum_a, count_a, weights_B_N)
    shown = [_mean(total, count, coverage, weights_B_N) for total, count, coverage in sides]
    return {"before": shown[0], "after": shown[1], "difference": _with_interval(*difference)}


def _mean(sum_N: FloatArray, count_N: FloatArray, coverage: float, weights_B_N: FloatArray) -> dict[str, object]:
    low, high = ratio_interval(sum_N[:, None], count_N[:, None], weights_B_N)[:, 0]
    value = sum_N.sum() / count_N.sum() if count_N.sum() else np.nan
    return {**_with_interval(float(value), float(low), float(high)), "n": int(count_N.sum()), "coverage": coverage}


def _with_interval(value: float, low: float, high: float) -> dict[str, object]:
    return {
        "value": None if np.isnan(value) else value,
        "ci95": None if np.isnan(low) or np.isnan(high) else [low, high],
    }


def _sums(
    rows: Sequence[tuple[str, Mapping[str, float | None]]], name: str, place: Mapping[str, int]
) -> tuple[FloatArray, FloatArray, float]:
    """(sum of the scores of each prompt, how many it has, share of texts with a score)."""
    sum_N, count_N = np.zeros(len(place)), np.zeros(len(place))
    for task, scores in rows:
        score = scores[name]
        if score is not None:
            sum_N[place[task]] += score
            count_N[place[task]] += 1
    return sum_N, count_N, float(count_N.sum()) / len(rows) if rows else 0.0


def _texts(panel: Panel, phase: str) -> list[tuple[str, dict[str, float | None]]]:
    """(task, score by name) of every text that was written in a phase."""
    db = panel.store.db
    writers = [name for name in reads.writers_of(db, BENCH) if name.startswith((f"{phase}.", f"{phase}-"))]
    if not writers:
        return []
    found = []
    for task, response in reads.responses(db, BENCH, writers):
        scores = {p.component.label: panel.stored(response.key, p) for p in (*panel.rewards, *panel.independent)}
        (total,) = panel.total({label: [score] for label, score in scores.items()})
        found.append((task.id, {**scores, "reward": total, "words": float(count_words(response.text or ""))}))
    return found

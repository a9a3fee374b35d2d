"""What a further judge says of a finished GRPO run's texts for held-out prompts, before and after, with intervals.

    penmark judge rollouts --db RUN/rollouts-0.db --judge NAME
    python bench/grpo_judge.py RUN NAME

NAME is the judge's name in the database. A text without a score is in no mean; intervals are over prompts.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from penmark.stats.bootstrap import difference_interval, ratio_interval, resample_weights
from penmark.store import Store, reads
from penmark.train.data import BENCH


def scores(store: Store, phase: str, judge: str) -> dict[str, list[float]]:
    """Root scores of the texts of a phase, by task."""
    found: dict[str, list[float]] = defaultdict(list)
    writers = [w for w in reads.writers_of(store.db, BENCH) if w.startswith((f"{phase}.", f"{phase}-"))]
    for task, response in reads.responses(store.db, BENCH, writers):
        roots = [j.score for j in reads.judgments(store.db, response.key, judge) if j.node == ""]
        found[task.id] += [score for score in roots if score is not None]
    return found


def main(run: Path, judge: str) -> None:
    """Print mean before, mean after and their difference."""
    steps = json.loads((run / "run.json").read_text(encoding="utf-8"))["settings"]["optimizer.steps"]
    with Store(run / "rollouts-0.db", create=False) as store:
        before, after = (scores(store, f"held-out-{step}", judge) for step in (0, steps))
    tasks = sorted({*before, *after})
    weights_B_N = resample_weights(len(tasks), seed=1)
    sums = [[np.array([f(side[t]) for t in tasks], dtype=float) for f in (sum, len)] for side in (before, after)]
    for name, (sum_N, count_N) in zip(("before", "after"), sums, strict=True):
        low, high = ratio_interval(sum_N[:, None], count_N[:, None], weights_B_N)[:, 0]
        print(f"{name}: {sum_N.sum() / count_N.sum():.3f} [{low:.3f}, {high:.3f}], {int(count_N.sum())} texts")
    value, low, high = difference_interval(*sums[1], *sums[0], weights_B_N)
    print(f"difference: {value:.3f} [{low:.3f}, {high:.3f}], {len(tasks)} prompts")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])

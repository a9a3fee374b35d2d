"""Small tables of scores, and stores that hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from penmark.metaeval.score_table import ScoreTable
from penmark.records import Judgment, Response, Task
from penmark.store import Store

BENCH = "b"


def task(number: int) -> Task:
    return Task(bench=BENCH, id=str(number), instruction=f"Task {number}.")


def table(writers: Sequence[str], **roots: np.ndarray) -> ScoreTable:
    """A table of roots, each of shape (tasks, writers)."""
    tasks = [task(n) for n in range(len(next(iter(roots.values()))))]
    return ScoreTable(bench=BENCH, tasks=tasks, writers=writers, score_N_W={j: {"": r} for j, r in roots.items()})


def stored(path: Path, writers: Sequence[str], **scores: Mapping[str, np.ndarray]) -> Path:
    """A store with a text for each task and writer, and what each judge says of each node of it; NaN = nothing."""
    count = len(next(iter(next(iter(scores.values())).values())))
    with Store(path) as store:
        store.save_tasks({n: task(n) for n in range(count)})
        texts = {(n, w): Response(task=task(n).key, writer=w, text=f"{w} {n}") for n in range(count) for w in writers}
        store.save_responses(*texts.values())
        for judge, by_node in scores.items():
            store.save_judge(judge, {"judge": judge, "aggregate": "root", "model": None})
            for node, score_N_W in by_node.items():
                for (n, writer), response in texts.items():
                    score = float(score_N_W[n, list(writers).index(writer)])
                    if not np.isnan(score):
                        made = Judgment(response=response.key, judge=judge, node=node, score=score, status="scored")
                        store.save_judgments(made, run="r")
    return path

"""Ideas for agreeing with Chinese human ratings, each with its held-out figure.

Run `python bench/calibration_ideas.py FILE`, where FILE is writing_preference_zh.jsonl. Ten folds of tasks, seed 0;
needs the extra `dev` (scikit-learn). Each line: share of response pairs in people's order, raw and with human scores
normalised within each writer, with 95% intervals over tasks.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.stats import rankdata
from sklearn.ensemble import ExtraTreesRegressor, GradientBoostingRegressor, RandomForestRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from penmark.judges._surface import MEASURES, Surface
from penmark.stats.agreement import pair_counts
from penmark.stats.bootstrap import ratio_interval, resample_weights
from penmark.stats.leaf_calibration import folds

rows = [json.loads(line) for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()]
human = np.array([row["human_score"] for row in rows], float)
tasks, task = np.unique([row["prompt_id"] for row in rows], return_inverse=True)
writers, writer = np.unique([row["model"] for row in rows], return_inverse=True)
texts = ["".join(row["response"].split()) for row in rows]


def within(values: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Values less the mean of their group."""
    return values - (np.bincount(group, values) / np.bincount(group))[group]


def in_task_ranks(leaves: np.ndarray) -> np.ndarray:
    """Each leaf's rank among the responses to the task, -0.5..0.5."""
    ranks = np.empty_like(leaves)
    for t in range(len(tasks)):
        here = task == t
        ranks[here] = (rankdata(leaves[here], axis=0) - 0.5) / here.sum() - 0.5
    return ranks


def alike_others() -> np.ndarray:
    """Mean, greatest and least cosine of pairs and triples of characters with the other answers to the task."""
    vectors = TfidfVectorizer(analyzer="char", ngram_range=(2, 3), min_df=2, sublinear_tf=True).fit_transform(texts)
    found = np.zeros((len(rows), 3))
    for t in range(len(tasks)):
        here = np.flatnonzero(task == t)
        cosine = (vectors[here] @ vectors[here].T).toarray()
        np.fill_diagonal(cosine, np.nan)
        found[here] = np.column_stack([np.nanmean(cosine, 1), np.nanmax(cosine, 1), np.nanmin(cosine, 1)])
    return found


def placed(values: np.ndarray) -> np.ndarray:
    """By task and writer."""
    table = np.full((len(tasks), len(writers)), np.nan)
    table[task, writer] = values
    return table


spread = np.sqrt(np.bincount(writer, within(human, writer) ** 2) / np.bincount(writer))[writer]
truths = [placed(human), placed((within(human, writer) / spread).round(9))]
weights = resample_weights(len(tasks))
fold = folds(task, 10, seed=0)
target = within(human, task)


def show(name: str, points: np.ndarray) -> None:
    """Print one line."""
    cells = []
    for truth in truths:
        agreed, compared = pair_counts(truth, placed(points.round(9)))
        low, high = ratio_interval(agreed[:, None], compared[:, None], weights)[:, 0]
        cells.append(f"{agreed.sum() / compared.sum():.4f} [{low:.4f}, {high:.4f}]")
    print(f"{name:58} {cells[0]}   {cells[1]}", flush=True)


def held_out(make: Callable, leaves: np.ndarray) -> np.ndarray:
    """Predictions for tasks that were not seen."""
    points = np.empty(len(rows))
    for k in np.unique(fold):
        points[fold == k] = make().fit(leaves[fold != k], target[fold != k]).predict(leaves[fold == k])
    return points


def ridge(penalty: float) -> Callable:
    """Ridge regression over standardised leaves."""
    return lambda: make_pipeline(StandardScaler(), Ridge(alpha=penalty))


def boosted(depth: int) -> Callable:
    """Gradient boosting of small trees."""
    settings = {"n_estimators": 150, "learning_rate": 0.05, "subsample": 0.5, "max_features": 0.3, "random_state": 0}
    return lambda: GradientBoostingRegressor(max_depth=depth, min_samples_leaf=20, **settings)


def forest(kind: type) -> Callable:
    """A forest of 200 trees."""
    return lambda: kind(n_estimators=200, min_samples_leaf=5, max_features=0.5, random_state=0)


surface = np.array(
    [[f(s) for _, f in MEASURES.values()] for row in rows for s in [Surface(row["response"], row["prompt"])]]
)
ranks = in_task_ranks(surface)
others = alike_others()
show("length in characters", np.array([len(row["response"]) for row in rows], float))
show("who wrote it, and nothing of the text (ridge)", held_out(ridge(1), np.eye(len(writers))[writer]))
for at, name in enumerate(MEASURES):
    agreed, compared = pair_counts(truths[0], placed(surface[:, at]))
    if abs(agreed.sum() / compared.sum() - 0.5) > 0.045:
        show(f"one leaf: {name}", surface[:, at])
show("overlap with the other answers, mean", others[:, 0])
show("surface, ridge", held_out(ridge(100), surface))
show("surface and overlap with other answers, ridge", held_out(ridge(100), np.hstack([surface, others])))
show("ranks within the task, ridge", held_out(ridge(1000), ranks))
for depth in (1, 2, 3):
    show(f"surface, boosted trees of depth {depth}", held_out(boosted(depth), surface))
show("surface, support vectors", held_out(lambda: make_pipeline(StandardScaler(), SVR(C=0.3, gamma=0.01)), surface))
show("surface, random forest", held_out(forest(RandomForestRegressor), surface))
show("surface, extremely random trees", held_out(forest(ExtraTreesRegressor), surface))
show("ranks within the task, random forest", held_out(forest(RandomForestRegressor), ranks))
show("ranks within the task and surface, extremely random trees",
     held_out(forest(ExtraTreesRegressor), np.hstack([ranks, surface])))  # fmt: skip

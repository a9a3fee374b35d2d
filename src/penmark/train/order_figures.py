"""How well a reward model orders held-out texts by the number of requirements they break: WEval's figures, from pairs.

The pairs of one prompt that share their chosen text are a group: the chosen text first, then the rejected ones, those
that break fewer requirements before those that break more.

Source: WEval, "From Coarse to Fine"; SPEC section 3. Ties count at their expectation, as in `penmark weval`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from penmark.stats.bootstrap import ratio_interval, resample_weights
from penmark.stats.ranking import group_metrics
from penmark.train.data import Pair

FloatArray = NDArray[np.float64]


def order_figures(pairs: Sequence[Pair], scores_N_2: FloatArray, *, seed: int) -> dict[str, object]:
    """Correlation, il, pl, position consistency and tie rate over the groups, each {"value", "ci95", "n"}.

    Rejected texts of a group that break equally many requirements have no order among them: such a group is left out.
    `ci95` is a percentile bootstrap interval over groups; None with fewer than two.

    Args:
        pairs: the pairs, N of them.
        scores_N_2: scores of chosen and rejected.
        seed: of the resamples.
    """
    by_size: dict[int, list[list[float]]] = defaultdict(list)
    for scores in _groups(pairs, scores_N_2):
        by_size[len(scores)].append(scores)
    metrics = [group_metrics(np.array(rows)) for rows in by_size.values()]
    if not metrics:
        return {}
    found = {
        "correlation": np.concatenate([m.correlation_G for m in metrics]),
        "il": np.concatenate([m.il_G for m in metrics]),
        "pl": np.concatenate([m.pl_G for m in metrics]),
        "position_consistency": np.concatenate([m.position_consistency_G for m in metrics]),
        "tie_rate": np.concatenate([m.tie_rate_G for m in metrics]),
    }
    return {name: _mean(values_G, seed) for name, values_G in found.items()}


def _groups(pairs: Sequence[Pair], scores_N_2: FloatArray) -> list[list[float]]:
    """Scores of each group's texts in their true order."""
    members: dict[tuple[str, str, str], list[tuple[int, float, float]]] = defaultdict(list)
    for pair, (chosen, rejected) in zip(pairs, scores_N_2, strict=True):
        members[pair.task, pair.prompt, pair.chosen].append((pair.dropped, float(chosen), float(rejected)))
    ordered = [sorted(found) for found in members.values()]
    distinct = [found for found in ordered if len({dropped for dropped, _, _ in found}) == len(found)]
    return [[found[0][1], *(rejected for _, _, rejected in found)] for found in distinct]


def _mean(values_G: FloatArray, seed: int) -> dict[str, object]:
    weights_B_G = resample_weights(len(values_G), seed=seed)
    low, high = ratio_interval(values_G[:, None], np.ones((len(values_G), 1)), weights_B_G)[:, 0]
    interval = None if np.isnan(low) else [float(low), float(high)]
    return {"value": float(values_G.mean()), "ci95": interval, "n": len(values_G)}

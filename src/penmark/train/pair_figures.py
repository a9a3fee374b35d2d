"""How often a reward model prefers the chosen text: overall, by kind, by rule and by number of broken requirements.

Beside it stands what must be beaten: the model before training, and the length of the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from penmark.stats.bootstrap import ratio_interval, resample_weights
from penmark.text import count_words
from penmark.train.data import Pair
from penmark.train.order_figures import order_figures

FloatArray = NDArray[np.float64]


def pair_figures(
    pairs: Sequence[Pair],
    rewards_N_2: FloatArray,
    untrained_N_2: FloatArray,
    *,
    seed: int,
    trained: Iterable[Pair] = (),
) -> dict[str, object]:
    """Accuracies on pairs, each {"value", "ci95", "n"}; a pair with equal rewards counts one half.

    `seen_checks` is over pairs that break nothing but what rules tell that were trained on, `unseen_checks` over pairs
    that break nothing of the kind; each is there where there are such pairs.

    The intervals are percentile bootstrap intervals over tasks.

    Args:
        pairs: the pairs, N of them.
        rewards_N_2: the trained model's rewards of chosen and rejected.
        untrained_N_2: the same of the model before training, its head drawn at random.
        seed: of the resamples.
        trained: the pairs that were trained on.
    """
    lengths_N_2 = np.array([[count_words(p.chosen), count_words(p.rejected)] for p in pairs], dtype=float)
    right_N = _right(rewards_N_2)
    dropped = sorted({pair.dropped for pair in pairs})
    return {
        "pair_accuracy": accuracy(pairs, right_N, seed),
        "length_only": accuracy(pairs, _right(lengths_N_2), seed),
        "untrained": accuracy(pairs, _right(untrained_N_2), seed),
        "by_kind": _by_name(pairs, right_N, [pair.kinds for pair in pairs], seed),
        "by_check": _by_name(pairs, right_N, [pair.checks for pair in pairs], seed),
        **_by_novelty(pairs, right_N, {check for pair in trained for check in pair.checks}, seed),
        "by_dropped": {str(n): _among(pairs, right_N, (p.dropped == n for p in pairs), seed) for n in dropped},
        "weval": {
            "trained": order_figures(pairs, rewards_N_2, seed=seed),
            "length_only": order_figures(pairs, lengths_N_2, seed=seed),
            "untrained": order_figures(pairs, untrained_N_2, seed=seed),
        },
        "mean_reward": float(rewards_N_2.mean()),
        "mean_difference": float((rewards_N_2[:, 0] - rewards_N_2[:, 1]).mean()),
    }


def accuracy(pairs: Sequence[Pair], right_N: FloatArray, seed: int) -> dict[str, object]:
    """{"value", "ci95", "n"} of pairs that were put in the right order; `ci95` is None with fewer than two tasks."""
    tasks = {task: i for i, task in enumerate(dict.fromkeys(pair.task for pair in pairs))}
    place_N = np.array([tasks[pair.task] for pair in pairs], dtype=int)
    right_T, count_T = np.zeros(len(tasks)), np.zeros(len(tasks))
    np.add.at(right_T, place_N, right_N)
    np.add.at(count_T, place_N, 1.0)
    weights_B_T = resample_weights(len(tasks), seed=seed)
    low, high = ratio_interval(right_T[:, None], count_T[:, None], weights_B_T)[:, 0]
    interval = None if np.isnan(low) else [float(low), float(high)]
    return {"value": float(right_N.mean()), "ci95": interval, "n": len(pairs)}


def _by_name(
    pairs: Sequence[Pair], right_N: FloatArray, names: Sequence[Sequence[str]], seed: int
) -> dict[str, object]:
    """The accuracy over the pairs that have each name."""
    known = sorted({name for own in names for name in own})
    return {name: _among(pairs, right_N, (name in own for own in names), seed) for name in known}


def _by_novelty(pairs: Sequence[Pair], right_N: FloatArray, trained: set[str], seed: int) -> dict[str, object]:
    """The accuracy over pairs with nothing but checks that were trained on, and with none of them."""
    sides = {
        "seen_checks": [bool(p.checks) and trained.issuperset(p.checks) for p in pairs],
        "unseen_checks": [bool(p.checks) and trained.isdisjoint(p.checks) for p in pairs],
    }
    return {name: _among(pairs, right_N, wanted, seed) for name, wanted in sides.items() if any(wanted)}


def _among(pairs: Sequence[Pair], right_N: FloatArray, wanted: Iterable[bool], seed: int) -> dict[str, object]:
    places = [i for i, is_wanted in enumerate(wanted) if is_wanted]
    return accuracy([pairs[i] for i in places], right_N[places], seed)


def _right(scores_N_2: FloatArray) -> FloatArray:
    """1 where the chosen scores higher, 0 where lower, 1/2 where equal."""
    difference_N = scores_N_2[:, 0] - scores_N_2[:, 1]
    right_N: FloatArray = (np.sign(difference_N) + 1) / 2
    return right_N

"""How well a judge's scores order groups of responses whose order is known: figures with intervals over groups.

A response that follows more of its task's requirements is the better one; so are groups made by requirement dropout,
and any other groups whose order is known, such as rankings by people.

Source: From Coarse to Fine (WEval), section 3.1.3; SPEC section 3.
Differs: ties count at their expectation; `position_consistency` is what the released script calls IL. See
    `stats.ranking`.

Axes: R scored responses, N groups, G groups of one size, n responses of such a group, F figures, K kinds.
"""
# ruff: noqa: N815 - the names carry the axes of the arrays

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from penmark.metaeval.variant_figures import Figure
from penmark.stats.bootstrap import ratio_interval_of_many
from penmark.stats.ranking import FloatArray, break_ties, group_metrics, pair_wins, position_shares

IntArray = NDArray[np.intp]
Ties = Literal["expected", "upstream"]
# The kinds of the requirements a response was written without; their number where only that is known; None = neither.
Dropped = tuple[str, ...] | int | None
METRICS = ("correlation", "il", "pl", "position_consistency")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """Scores of responses in groups of known order, one row a response, in any order.

    Attributes:
        group_R: number of the group, 0..N-1; each group has two rows or more.
        order_R: true rank within the group, lower is better; no two rows of a group share one.
        score_R: what the judge gave, higher is better; NaN = unscored.
        dropped: by row; empty where nothing is known of any.
    """

    group_R: IntArray
    order_R: IntArray
    score_R: FloatArray
    dropped: Sequence[Dropped] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RankFigures:
    """What the groups say of a judge.

    Attributes:
        correlation: -1..1, as are the next three 0..1; `stats.ranking` says what each is.
        tie_rate: share of pairs that the judge ties, over the groups that count; None without any.
        groups: that count: those with a score for every response.
        unscored_groups: that do not.
        coverage: scored / asked responses.
        by_dropped: requirements dropped to the share of pairs of the response to the whole query and one with so many
            dropped in which the whole query's is above; a tie counts one half.
        by_kind: requirement kind to the same share, of pairs in which the lesser response lacks requirements of this
            kind and no other in addition.
        confusion: probability of each position (column) for each true position (row), in the groups of the commonest
            size; empty without any.
    """

    correlation: Figure
    il: Figure
    pl: Figure
    position_consistency: Figure
    tie_rate: float | None
    groups: int
    unscored_groups: int
    coverage: float
    by_dropped: dict[int, Figure]
    by_kind: dict[str, Figure]
    confusion: list[list[float]]


def as_json(figures: RankFigures) -> dict[str, object]:
    """The figures as plain values, null where there is none; one with an interval is {"value", "ci95", "n"}."""
    return {key: _plain(getattr(figures, key)) for key in RankFigures.__slots__}


def _plain(value: object) -> object:
    if isinstance(value, Figure):
        return {"value": value.value, "ci95": [value.low, value.high], "n": value.n}
    return {str(key): _plain(part) for key, part in value.items()} if isinstance(value, dict) else value


@dataclass(frozen=True, slots=True)
class Bucket:
    """The groups of one size: scores by true order, and what each response was written without."""

    at_G: IntArray
    score_G_n: FloatArray
    dropped: list[tuple[Dropped, ...]]


def rank_figures(ranked: Ranked, *, ties: Ties = "expected", seed: int = 0) -> RankFigures:
    """Every figure, with 95% bootstrap intervals over groups.

    Args:
        ranked: the scores; a group with an unscored response is in the coverage and nowhere else.
        ties: "upstream" breaks the judge's ties by the true order, as the released script does.
        seed: of the bootstrap.
    """
    buckets = list(_buckets(ranked))
    groups = sum(len(bucket.at_G) for bucket in buckets)
    metric_N_5 = np.full((groups, 5), np.nan)
    for bucket in buckets:
        metric_N_5[bucket.at_G] = _metrics(bucket.score_G_n, ties)
    counts_N = ~np.isnan(metric_N_5[:, 0])
    pairs = _PairShares(buckets, groups, ties)
    found = _figures(np.where(counts_N[:, None], metric_N_5[:, :4], 0), np.repeat(counts_N[:, None], 4, axis=1), seed)
    of_pairs = _figures(pairs.won_N_F, pairs.asked_N_F, seed)
    shares = dict(zip(pairs.keys, of_pairs, strict=True))
    return RankFigures(
        **dict(zip(METRICS, found, strict=True)),
        tie_rate=float(metric_N_5[counts_N, 4].mean()) if counts_N.any() else None,
        groups=int(counts_N.sum()),
        unscored_groups=int((~counts_N).sum()),
        coverage=float(np.mean(~np.isnan(ranked.score_R))) if len(ranked.score_R) else 0.0,
        by_dropped={key: figure for key, figure in shares.items() if isinstance(key, int)},
        by_kind={key: figure for key, figure in shares.items() if isinstance(key, str)},
        confusion=_confusion(buckets, ties),
    )  # fmt: skip


def _buckets(ranked: Ranked) -> Iterator[Bucket]:
    """The groups by size, the smallest first; a group's place is its number."""
    row_R = np.lexsort((ranked.order_R, ranked.group_R))
    size_N = np.bincount(ranked.group_R)
    start_N = np.cumsum(size_N) - size_N
    for n in np.unique(size_N):
        at_G = np.flatnonzero(size_N == n)
        row_G_n = row_R[start_N[at_G][:, None] + np.arange(n)]
        rows = row_G_n.tolist() if ranked.dropped else []
        dropped = [tuple(ranked.dropped[row] for row in group) for group in rows]
        yield Bucket(at_G, ranked.score_R[row_G_n], dropped)


def _broken(score_G_n: FloatArray, ties: Ties) -> FloatArray:
    return break_ties(score_G_n) if ties == "upstream" else score_G_n


def _metrics(score_G_n: FloatArray, ties: Ties) -> FloatArray:
    """The four metrics and the tie rate, shape (groups, 5); the tie rate is the judge's own, however ties count."""
    m = group_metrics(_broken(score_G_n, ties))
    tie_rate_G = m.tie_rate_G if ties == "expected" else group_metrics(score_G_n).tie_rate_G
    return np.column_stack([m.correlation_G, m.il_G, m.pl_G, m.position_consistency_G, tie_rate_G])


class _PairShares:
    """Pairs won and pairs there are, by group and by what the lesser response was written without.

    Attributes:
        keys: numbers of requirements dropped, ascending, then kinds.
    """

    def __init__(self, buckets: Sequence[Bucket], groups: int, ties: Ties) -> None:
        patterns = {pattern: isolating_pairs(pattern) for bucket in buckets for pattern in bucket.dropped}
        keys = {key for pairs in patterns.values() for _, _, key in pairs}
        self.keys: list[int | str] = sorted(keys, key=lambda key: (isinstance(key, str), key))
        column = {key: f for f, key in enumerate(self.keys)}
        self.won_N_F = np.zeros((groups, len(self.keys)))
        self.asked_N_F = np.zeros_like(self.won_N_F)
        for bucket in buckets:
            win_G_n_n = pair_wins(_broken(bucket.score_G_n, ties))
            is_scored_G = ~np.isnan(win_G_n_n[:, 0, 0])
            for pattern, of_pattern_G in _by_pattern(bucket.dropped).items():
                scored_G = of_pattern_G[is_scored_G[of_pattern_G]]
                for better, lesser, key in patterns[pattern]:
                    place = (bucket.at_G[scored_G], column[key])
                    self.won_N_F[place] += win_G_n_n[scored_G, better, lesser]
                    self.asked_N_F[place] += 1


def _by_pattern(dropped: Sequence[tuple[Dropped, ...]]) -> dict[tuple[Dropped, ...], IntArray]:
    """Which groups have the same pattern."""
    places: dict[tuple[Dropped, ...], list[int]] = {}
    for place, pattern in enumerate(dropped):
        places.setdefault(pattern, []).append(place)
    return {pattern: np.array(found) for pattern, found in places.items()}


def isolating_pairs(pattern: Sequence[Dropped]) -> list[tuple[int, int, int | str]]:
    """(better, lesser, what it shows) of a group's pairs, where what was dropped tells: a number, or a kind."""
    pairs: list[tuple[int, int, int | str]] = []
    for better, kept in enumerate(pattern):
        for lesser, without in enumerate(pattern[better + 1 :], start=better + 1):
            if kept is None or without is None:
                continue
            if _number(kept) == 0 < _number(without):
                pairs.append((better, lesser, _number(without)))
            if isinstance(kept, tuple) and isinstance(without, tuple):
                more = Counter(without)
                more.subtract(kept)
                kinds = [kind for kind, times in more.items() if times > 0]
                if len(kinds) == 1 and min(more.values()) >= 0:
                    pairs.append((better, lesser, kinds[0]))
    return pairs


def _number(dropped: tuple[str, ...] | int) -> int:
    return len(dropped) if isinstance(dropped, tuple) else dropped


def _figures(numerator_N_F: FloatArray, denominator_N_F: NDArray[np.generic], seed: int) -> list[Figure]:
    """The ratio of each column's sums, with its interval; n counts what the denominators count."""
    asked_N_F = denominator_N_F.astype(np.float64)
    if not asked_N_F.shape[1]:
        return []
    low_F, high_F = ratio_interval_of_many(numerator_N_F, asked_N_F, seed=seed)
    sums = zip(numerator_N_F.sum(axis=0), asked_N_F.sum(axis=0), low_F, high_F, strict=True)
    return [
        Figure(float(total / n) if n else None, _number_or_none(low), _number_or_none(high), int(n))
        for total, n, low, high in sums
    ]


def _number_or_none(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _confusion(buckets: Sequence[Bucket], ties: Ties) -> list[list[float]]:
    scored = [bucket.score_G_n[~np.isnan(bucket.score_G_n).any(axis=1)] for bucket in buckets]
    largest = max(scored, key=len, default=np.zeros((0, 0)))
    return position_shares(_broken(largest, ties)).mean(axis=0).tolist() if len(largest) else []

"""Which responses to compare: all against all, or against baselines; in an order that serves a limited budget.

A round is one comparison of every two writers that may meet. In the even order, however soon it ends, every writer
has been compared about as often as any other, and all of them directly or through others as soon as the number of
comparisons allows it; a longer schedule begins with the shorter one, so that nothing is paid for in vain.

Axes: P pairs of writers that may meet, W writers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.intp]


class Pair(NamedTuple):
    """Two responses to one task, all by their keys; the lesser key is first, whatever asked for the pair."""

    task: str
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Field:
    """Who may be compared with whom, on what.

    Attributes:
        responses: task key to writer to the key of its response, in the benchmark's order.
        against: the baselines, which are not compared among themselves; all against all when there is none.
    """

    responses: Mapping[str, Mapping[str, str]]
    against: Sequence[str] = ()

    def in_task_order(self) -> Iterator[Pair]:
        """Every pair, all of a task together: what they share stays in the caches of providers."""
        for task, by_writer in self.responses.items():
            for one, other in self._meetings(sorted(by_writer)):
                yield self._pair(task, one, other)

    def in_even_order(self, seed: int) -> Iterator[Pair]:
        """Every pair, round by round, so that any beginning is balanced."""
        writers = sorted({writer for by_writer in self.responses.values() for writer in by_writer})
        meetings = list(self._meetings(writers))
        tasks_of = self._tasks_of(meetings, np.random.default_rng(seed))
        meet = [(one, other) for (one, other), tasks in zip(meetings, tasks_of, strict=True) if tasks]
        tasks_of = [tasks for tasks in tasks_of if tasks]
        order = even_round(np.array([[writers.index(w) for w in pair] for pair in meet]).reshape(-1, 2), seed)
        for turn in range(max(map(len, tasks_of), default=0)):
            for at in order:
                if turn < len(tasks_of[at]):
                    yield self._pair(tasks_of[at][turn], *meet[at])

    def _meetings(self, writers: Sequence[str]) -> Iterator[tuple[str, str]]:
        bases = set(self.against)
        return ((a, b) for a, b in combinations(writers, 2) if not bases or (a in bases) != (b in bases))

    def _tasks_of(self, meetings: Sequence[tuple[str, str]], rng: np.random.Generator) -> list[list[str]]:
        """For each two writers the tasks both have answered, in a drawn order that each begins at another place."""
        tasks = list(self.responses)
        drawn = [tasks[i] for i in rng.permutation(len(tasks))]
        found = []
        for at, (one, other) in enumerate(meetings):
            start = at * max(1, len(drawn) // max(1, len(meetings))) % max(1, len(drawn))
            turned = drawn[start:] + drawn[:start]
            found.append([task for task in turned if {one, other} <= self.responses[task].keys()])
        return found

    def _pair(self, task: str, one: str, other: str) -> Pair:
        keys = self.responses[task][one], self.responses[task][other]
        return Pair(task, min(keys), max(keys))


def even_round(writers_P_2: IntArray, seed: int) -> list[int]:
    """The order in which to make one comparison of each pair, as indices.

    Next is always a pair that connects writers not connected yet, if one does; among those, the one whose two writers
    have been compared least. Ties are drawn.

    Args:
        writers_P_2: shape (pairs, 2): the indices of the two writers of each pair.
        seed: of the draw.
    """
    pairs = len(writers_P_2)
    if not pairs:
        return []
    rank_P = np.random.default_rng(seed).permutation(pairs)
    group_W = np.arange(writers_P_2.max() + 1)
    compared_W = np.zeros(len(group_W), np.intp)
    is_left_P = np.ones(pairs, bool)
    order = []
    for _ in range(pairs):
        left = np.flatnonzero(is_left_P)
        one, other = writers_P_2[left].T
        is_connected = group_W[one] == group_W[other]
        compared = compared_W[one] + compared_W[other]
        # One number to sort by: connected or not, then how often compared (at most 2P), then the draw (below P).
        at = left[np.argmin((is_connected * (2 * pairs + 1) + compared) * pairs + rank_P[left])]
        order.append(int(at))
        is_left_P[at] = False
        a, b = writers_P_2[at]
        compared_W[[a, b]] += 1
        group_W[group_W == group_W[b]] = group_W[a]
    return order


def schedule(field: Field, *, most: int | None, is_even: bool, seed: int) -> list[Pair]:
    """The comparisons to make.

    Args:
        field: who may be compared.
        most: at most so many pairs, in the even order; None = all.
        is_even: whether the order must be even all the same, as when the money may run out.
        seed: of what is drawn.
    """
    if most is None and not is_even:
        return list(field.in_task_order())
    return list(islice(field.in_even_order(seed), most))

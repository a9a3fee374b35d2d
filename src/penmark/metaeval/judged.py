"""One judge's leaf scores of one benchmark, as the store has them, with the tree of each task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from penmark.errors import ConfigError, DataError
from penmark.records import Rubric, Task, content_key
from penmark.store import Store, reads
from penmark.store.decode import read_rubric


@dataclass(frozen=True, slots=True)
class Round:
    """One scoring of one response.

    Attributes:
        response: key of the response.
        task: index of its task; likewise `writer`.
        scores: by node path, leaves and inner nodes, as read; None = unscored.
        weights: those planned for the task, by node path.
    """

    response: str
    task: int
    writer: int
    repeat: int
    scores: dict[str, float | None]
    weights: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a judge scored.

    Attributes:
        tasks: those it has touched, in the benchmark's order.
        trees: what it scored each task by; None where no response to the task was finished and the tree is not sure.
        is_one_tree: whether the trees are the judge's own, the same but for branches that some tasks lack;
            else each task has its own.
        partial: whether nodes make do with their scored children.
        spec: the judge as the store knows it.
    """

    bench: str
    judge: str
    tasks: Sequence[Task]
    writers: Sequence[str]
    trees: Sequence[Rubric | None]
    rounds: Sequence[Round]
    is_one_tree: bool
    partial: bool
    spec: Mapping[str, Any]


def load_judged(store: Store, bench: str, judge: str) -> Judged:
    """The scores of a judge on a benchmark; both are in the store.

    Raises:
        ConfigError: when the judge gives one score a response and no tree, or has finished nothing.
        DataError: when its scores do not fit its tree.
    """
    spec = reads.specs(store.db, "judges")[judge]
    own = [read_rubric(values) for values in spec.get("rubric") or ()]
    found = _Reading(store, bench, judge)
    seen: list[set[str]] = [set() for _ in found.tasks]
    for scored in found.rounds:
        seen[scored.task] |= scored.scores.keys()
    _check_is_tree(judge, seen)
    pairs = zip(found.tasks, seen, strict=True)
    trees = [_tree_of(judge, task, own or [r for r in (task.rubric,) if r], nodes) for task, nodes in pairs]
    if not any(trees):
        raise ConfigError(f"judge {judge!r} has judged no response to {bench} to the end; run `penmark judge {bench}`")
    return Judged(
        bench=bench, judge=judge, tasks=found.tasks, writers=found.writers, trees=trees, rounds=found.rounds,
        is_one_tree=bool(own), partial=bool(spec.get("partial")), spec=spec,
    )  # fmt: skip


class _Reading:
    """One pass over the judgments: the rounds, and the tasks and writers they index."""

    def __init__(self, store: Store, bench: str, judge: str) -> None:
        task_of = {response: task for task, response in reads.response_keys(store.db, bench)}
        plans = {(p.task, p.repeat): p.plan.weights for p in reads.plans_on(store.db, bench, judge) if p.plan}
        rounds: dict[tuple[str, int], Round] = {}
        tasks: dict[str, int] = {}
        writers: dict[str, int] = {}
        for _, writer, j in reads.judgments_on(store.db, bench, judge):
            if (key := (j.response, j.repeat)) not in rounds:
                task = task_of.get(j.response)
                if task is None:  # Another process has added it since.
                    continue
                at, by = tasks.setdefault(task, len(tasks)), writers.setdefault(writer, len(writers))
                rounds[key] = Round(j.response, at, by, j.repeat, {}, plans.get((task, j.repeat), {}))
            rounds[key].scores[j.node] = j.score
        self.tasks = [reads.task(store.db, key) for key in tasks]
        self.writers = list(writers)
        self.rounds = list(rounds.values())


def _check_is_tree(judge: str, seen: Sequence[set[str]]) -> None:
    leaves = set().union(*seen) - {""}
    if len(leaves) < 2:
        found = f"one leaf, {leaves.pop()!r}" if leaves else "no leaf, only roots"
        raise ConfigError(
            f"judge {judge!r} has scores of {found}; name one that scores several leaves with --judge, "
            "such as `tow`, `tree`, `rubric` or `static`"
        )


def _tree_of(judge: str, task: Task, candidates: Sequence[Rubric], seen: set[str]) -> Rubric | None:
    """The tree whose nodes were scored; None when responses are unfinished and it could be several.

    Raises:
        DataError: when no tree has these nodes, or several trees that differ in weights only.
    """
    fitting = {outline(tree): tree for tree in candidates if seen <= set(node_paths(tree))}
    exact = {key: tree for key, tree in fitting.items() if seen == set(node_paths(tree))}
    if len(exact or fitting) == 1:
        return next(iter((exact or fitting).values()))
    if fitting and not exact:
        return None
    found = "several trees" if exact else "no tree"
    raise DataError(
        f"judge {judge!r} scored {', '.join(sorted(seen - {''}))} of task {task.id!r}, and the store knows {found} "
        "with these nodes; judge again under another --judge-name"
    )


def node_paths(tree: Rubric, path: str = "") -> Iterator[str]:
    """The path of every node, the root's "" included, parents first."""
    yield path
    for child in tree.children:
        yield from node_paths(child, under(path, child.name))


def under(path: str, name: str) -> str:
    """The path of a child."""
    return f"{path}/{name}" if path else name


def outline(tree: Rubric) -> str:
    """Key of what counts in the sums: names, weights and points, whatever the language of the criteria."""
    return content_key(_outline(tree))


def _outline(tree: Rubric) -> tuple[object, ...]:
    return tree.name, tree.weight, tree.points, [_outline(child) for child in tree.children]

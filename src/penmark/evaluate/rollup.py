"""Inner nodes from leaves: plain arithmetic, so weights, ablations and re-aggregation never call a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from penmark.records import Rubric, Status


@dataclass(frozen=True, slots=True)
class NodeScore:
    """One inner node's score, or why there is none."""

    score: float | None
    status: Status


def roll_up(
    rubric: Rubric,
    leaves: Mapping[str, float | None],
    *,
    weights: Mapping[str, float] | None = None,
    partial: bool = False,
) -> dict[str, NodeScore]:
    """Score of every inner node by path, the root's being "".

    A node is the weighted mean of its children. A node with an unscored child is unscored ("incomplete"); with
    `partial` the weights of the scored children are renormalised and the node, and all above it, say "partial".
    A node over children whose weights were to be planned and are not known is unscored in any case.

    Args:
        rubric: the tree.
        leaves: scores by leaf path; None or missing = unscored.
        weights: shares by node path, of the nodes whose rubric weight is None.
        partial: whether to make do with the scored children.
    """
    rolled = _Rolling(leaves, weights or {}, partial)
    rolled.score(rubric, "")
    return rolled.inner


class _Rolling:
    """One pass over a tree; `inner` has the scores of the inner nodes met so far."""

    def __init__(self, leaves: Mapping[str, float | None], weights: Mapping[str, float], partial: bool) -> None:
        self.leaves = leaves
        self.weights = weights
        self.partial = partial
        self.inner: dict[str, NodeScore] = {}

    def score(self, node: Rubric, path: str) -> NodeScore:
        if node.criterion is not None:
            value = self.leaves.get(path)
            return NodeScore(None, "incomplete") if value is None else NodeScore(node.counted(value), "scored")
        weighted: list[tuple[float | None, NodeScore]] = []
        for child in node.children:
            child_path = f"{path}/{child.name}" if path else child.name
            weight = self.weights.get(child_path) if child.weight is None else child.weight
            weighted.append((weight, self.score(child, child_path)))
        self.inner[path] = self._mean(weighted)
        return self.inner[path]

    def _mean(self, children: list[tuple[float | None, NodeScore]]) -> NodeScore:
        if any(weight is None for weight, _ in children):
            return NodeScore(None, "incomplete")
        scored = [(weight or 0.0, child.score) for weight, child in children if child.score is not None]
        total = sum(weight for weight, _ in scored)
        if (len(scored) < len(children) and not self.partial) or total == 0:
            return NodeScore(None, "incomplete")
        whole = len(scored) == len(children) and all(child.status == "scored" for _, child in children)
        return NodeScore(sum(weight * score for weight, score in scored) / total, "scored" if whole else "partial")

"""Other trees over the same leaf scores: without a branch, only a branch, other weights. Arithmetic alone, no calls.

A branch that is left out leaves the others their weights relative to each other, as in the paper: a root of
content 4, format 3, impression 1 without its format is (4 * content + impression) / 5. A leaf left out of a branch
does not change what the branch counts above.

Source: HoWToBench, ablation of the tree; SPEC section 2.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from penmark.errors import ConfigError
from penmark.evaluate.rollup import NodeScore, roll_up
from penmark.metaeval.judged import Judged, under
from penmark.records import Rubric, Task

# The tree of a variant from a task and the tree it was judged by; None where the variant has nothing to score.
Change = Callable[[Task, Rubric], Rubric | None]


@dataclass(frozen=True, slots=True)
class Variant:
    """Another way to sum up the same leaf scores."""

    name: str
    change: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What one variant changes, all of it together.

    Attributes:
        without: paths to leave out.
        only: paths to keep; everything when none is named.
        weights: node path to its weight among its siblings; 0 leaves the node out.
        base: the tree to start from and its name; None is the tree as judged.
    """

    without: Sequence[str] = ()
    only: Sequence[str] = ()
    weights: Mapping[str, float] = field(default_factory=dict)
    base: Variant | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        """Every node it names."""
        return (*self.without, *self.only, *self.weights)

    def variant(self) -> Variant:
        """The variant, named after what it changes."""
        shown = ", ".join(f"{path}={weight:g}" for path, weight in self.weights.items())
        parts = {
            "": self.base.name if self.base else "",
            "without ": ", ".join(self.without),
            "only ": ", ".join(self.only),
            "weights ": shown,
        }
        return Variant("; ".join(word + part for word, part in parts.items() if part) or "full", self._change)

    def _change(self, task: Task, tree: Rubric) -> Rubric | None:
        changed = self.base.change(task, tree) if self.base else tree
        if changed is not None:
            changed = without(changed, self.without)
        if changed is not None and self.only:
            changed = only(changed, self.only)
        return changed if changed is None else weighted(changed, self.weights)


FULL = Choice().variant()
EQUAL = Variant("equal weights", lambda _, tree: equal(tree))


def standard(trees: Sequence[Rubric]) -> list[Variant]:
    """Besides the full tree: without each branch of the root; only each branch; equal weights everywhere."""
    whole_first = sorted(trees, key=lambda tree: -len(tree.children))
    branches = dict.fromkeys(child.name for tree in whole_first for child in tree.children)
    if len(branches) < 2:
        return [EQUAL]
    less = [Choice(without=[name]).variant() for name in branches]
    lone = [Choice(only=[name]).variant() for name in branches]
    return [*less, *lone, EQUAL]


def without(tree: Rubric, paths: Collection[str]) -> Rubric | None:
    """The tree without the nodes at these paths; None when no leaf is left."""
    return _cut(tree, "", lambda path, is_leaf: False if path in paths else is_leaf or None)


def only(tree: Rubric, paths: Collection[str]) -> Rubric | None:
    """The tree with nothing but the nodes at these paths, whole, and what is above them; None when it has none."""
    return _cut(tree, "", lambda path, is_leaf: True if path in paths else False if is_leaf else None)


def _cut(node: Rubric, path: str, keep: Callable[[str, bool], bool | None]) -> Rubric | None:
    """The node with what `keep` (of path and whether it is a leaf) keeps; where that says None, its children decide."""
    verdict = keep(path, node.criterion is not None)
    if verdict is not None:
        return node if verdict else None
    cut = [_cut(child, under(path, child.name), keep) for child in node.children]
    kept = tuple(child for child in cut if child is not None)
    if len(kept) == 1 < len(node.children):
        kept = (replace(kept[0], weight=1.0),)  # All of its parent, whatever was or was not planned for it.
    return replace(node, children=kept) if kept else None


def weighted(tree: Rubric, weights: Mapping[str, float]) -> Rubric | None:
    """The tree with these weights by node path in place of its own; None when none above 0 is left.

    Raises:
        ConfigError: when only some of siblings whose weights were planned are named: the two have no common scale.
    """
    left = without(tree, [path for path, weight in weights.items() if weight == 0])
    return left and _reweighted(left, "", weights)


def _reweighted(node: Rubric, path: str, weights: Mapping[str, float]) -> Rubric:
    named = {child.name: under(path, child.name) for child in node.children}
    given = [name for name, place in named.items() if place in weights]
    planned = [named[child.name] for child in node.children if child.weight is None and child.name not in given]
    if given and planned:
        raise ConfigError(
            f"a weight for {named[given[0]]!r} and none for {', '.join(map(repr, planned))}, which was planned for "
            "each task and is on another scale; give weights to all of them, or 0"
        )
    children = [_reweighted(child, named[child.name], weights) for child in node.children]
    return replace(
        node,
        children=tuple(replace(c, weight=weights.get(named[c.name], c.weight)) for c in children),
    )


def equal(tree: Rubric) -> Rubric:
    """The tree with every node as heavy as its siblings."""
    return replace(tree, weight=1.0, children=tuple(equal(child) for child in tree.children))


def variant_trees(judged: Judged, variant: Variant) -> list[Rubric | None]:
    """The variant's tree for each task, in the order of `judged.tasks`; None where it has nothing to score."""
    pairs = zip(judged.tasks, judged.trees, strict=True)
    return [None if tree is None else variant.change(task, tree) for task, tree in pairs]


def missing_leaves(judged: Judged, trees: Sequence[Rubric | None]) -> list[str]:
    """Leaves of these trees, one a task, that the judge was never to score."""
    missing: dict[str, None] = {}
    for own, wanted in zip(judged.trees, trees, strict=True):
        if own is not None and wanted is not None:
            scored = {path for path, _ in own.leaves()}
            missing |= {path: None for path, _ in wanted.leaves() if path not in scored}
    return list(missing)


def roots(judged: Judged, trees: Sequence[Rubric | None]) -> Iterator[NodeScore | None]:
    """The root of each round under these trees, one a task; None where there is no tree.

    A leaf that the tree does not have may be unscored.
    """
    for scored in judged.rounds:
        tree = trees[scored.task]
        if tree is None:
            yield None
            continue
        yield roll_up(tree, scored.scores, weights=scored.weights, partial=judged.partial)[""]

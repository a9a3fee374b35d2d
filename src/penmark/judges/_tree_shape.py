"""A tree as data: which of its leaves a task has, and the rubric over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, product

from penmark.errors import DataError
from penmark.judges._tree_entries import PRESETS, ROOT, Leaf, Node, Placed, Preset
from penmark.judges._tree_text import LeafText
from penmark.records import Criterion, Rubric

FEWEST_PLANNED = 2  # one weight alone could only be 1, which no planned weight may be


@dataclass(frozen=True)
class PlannedNode:
    """A node whose children's weights the judge model settles for each task.

    Attributes:
        asked: paths of the children it is asked about.
        derived: paths of the children that get the mean of those.
    """

    path: str
    asked: tuple[str, ...]
    derived: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tree:
    """A tree file, checked, as one preset sees it.

    Attributes:
        nodes: the file's inner nodes by path, the root's being "".
        leaves: the file's leaves by path, in its order, those of the other preset too.
        texts: of each leaf, by language.
        sources: contents of every file it was read from.
    """

    id: str
    preset: Preset
    nodes: Mapping[str, Node]
    leaves: Mapping[str, Leaf]
    texts: Mapping[str, Mapping[str, LeafText]]
    sources: Mapping[str, str]

    def text(self, path: str, language: str) -> LeafText:
        """A leaf's text in this language or, where it has none, in another."""
        texts = self.texts[path]
        return texts.get(language) or next(iter(texts.values()))

    def criterion(self, path: str, language: str) -> Criterion:
        """What a leaf asks."""
        text, (low, high) = self.text(path, language), self.leaves[path].scale
        return Criterion(name=text.name, description=text.description, bands=text.bands, low=low, high=high)

    def placed(self, path: str) -> Placed:
        """The leaf or node at a path, whether the file lists it or not."""
        return self.leaves.get(path) or self.nodes.get(path) or Node(path=path)

    def leaves_for(self, tags: Mapping[str, str]) -> tuple[str, ...]:
        """Paths of the leaves that tasks with these tags have, in the file's order."""
        return tuple(
            leaf for leaf in self.leaves if all(self.placed(path).stays(self.preset, tags) for path in _down_to(leaf))
        )

    def all_shapes(self) -> list[tuple[str, ...]]:
        """Every choice of leaves that some task may have, the one of a task without tags first."""
        values: dict[str, dict[str | None, None]] = {}
        for placed in (*self.nodes.values(), *self.leaves.values()):
            for tag, skipped in placed.skip.items():
                values.setdefault(tag, {None: None}).update(dict.fromkeys(skipped))
        tags = (dict(zip(values, found, strict=True)) for found in product(*values.values()))
        shapes = (self.leaves_for({tag: value for tag, value in t.items() if value is not None}) for t in tags)
        return list(dict.fromkeys(shape for shape in shapes if shape))

    def planned_nodes(self, leaves: Sequence[str]) -> tuple[PlannedNode, ...]:
        """The nodes to plan over these leaves, from the root down; not those with a single child to ask about."""
        found = (self._planned(path, leaves) for path in inner_paths(leaves) if self._weights(path) == "planned")
        return tuple(node for node in found if len(node.asked) >= FEWEST_PLANNED)

    def rubric(self, leaves: Sequence[str], language: str, *, equal: bool = False) -> Rubric:
        """The rubric over these leaves; `equal` counts the children of planned nodes alike."""
        planned = set() if equal else {node.path for node in self.planned_nodes(leaves)}
        return self._rubric("", leaves, language, planned)

    def _weights(self, path: str) -> str:
        node = self.nodes.get(path)
        return node.weights if node else "equal"

    def _planned(self, path: str, leaves: Sequence[str]) -> PlannedNode:
        below = children(path, leaves)
        asked = tuple(child for child in below if self.placed(child).planned)
        return PlannedNode(path, asked, tuple(child for child in below if child not in asked))

    def _rubric(self, path: str, leaves: Sequence[str], language: str, planned: set[str]) -> Rubric:
        name = path.rsplit("/", 1)[-1]
        if path in self.leaves:
            steps = self.leaves[path].steps(self.preset)
            return Rubric(name=name, criterion=self.criterion(path, language), points=steps)
        below = children(path, leaves)
        rubrics = {child: self._rubric(child, leaves, language, planned) for child in below}
        weighted = (replace(r, weight=self._weight(path, c, below[c], planned)) for c, r in rubrics.items())
        return Rubric(name=name, children=tuple(weighted))

    def _weight(self, path: str, child: str, n_leaves: int, planned: set[str]) -> float | None:
        match self._weights(path):
            case "leaves":
                return float(n_leaves)
            case "given":
                return self.placed(child).weight
            case "planned":
                return None if path in planned else 1.0
        return 1.0


def children(path: str, leaves: Sequence[str]) -> dict[str, int]:
    """The children of a node, in order, with the number of leaves at or below each."""
    prefix = f"{path}/" if path else ""
    found: dict[str, int] = {}
    for leaf in leaves:
        if leaf.startswith(prefix):
            child = prefix + leaf.removeprefix(prefix).split("/", 1)[0]
            found[child] = found.get(child, 0) + 1
    return found


def inner_paths(leaves: Sequence[str]) -> list[str]:
    """Paths of the nodes above these leaves, the root's "" first, each before those below it."""
    above = (path for leaf in leaves for path in _down_to(leaf)[:-1])
    return ["", *dict.fromkeys(above)]


def _down_to(leaf: str) -> list[str]:
    """Paths of the nodes from below the root down to a leaf, the leaf's own last."""
    return list(accumulate(leaf.split("/"), "{}/{}".format))


def check_shape(tree: Tree) -> None:
    """Nothing, when nodes and leaves make a tree with every weight it needs, in both presets.

    Raises:
        DataError: at the first that does not fit, naming it and what to do.
    """
    for problem in (*_misplaced(tree), *(p for preset in PRESETS for p in _misweighted(replace(tree, preset=preset)))):
        raise DataError(problem)


def _misplaced(tree: Tree) -> Iterator[str]:
    inner = set(inner_paths(list(tree.leaves)))
    for path in tree.leaves:
        if path in inner or path in tree.nodes:
            yield f"leaf {path!r}: it is a node too, with leaves below it or a [[node]] of its own; rename one of them"
    for path in tree.nodes:
        if path not in inner:
            yield f"node {path!r}: there is no leaf below it; add one or leave the node out"


def _misweighted(tree: Tree) -> Iterator[str]:
    leaves = tree.leaves_for({})
    if not leaves:
        yield f"no leaf is left in preset {tree.preset!r}; take `presets` off one"
    for path in inner_paths(leaves) if leaves else ():
        node, name = tree.nodes.get(path) or Node(path=path), path or ROOT
        for child in children(path, leaves):
            yield from _misplaced_settings(name, node, tree.placed(child))
        asked = tree._planned(path, leaves).asked
        if node.weights == "planned" and len(asked) < FEWEST_PLANNED:
            yield f'node {name!r}: {len(asked)} children to plan weights for; it needs 2, or weights = "equal"'


def _misplaced_settings(name: str, node: Node, child: Placed) -> Iterator[str]:
    what = "leaf" if isinstance(child, Leaf) else "node"
    if node.weights == "given" and child.weight is None:
        yield f"{what} {child.path!r}: no `weight`, though the weights of {name!r} are given; add one"
    if node.weights != "given" and child.weight is not None:
        yield f'{what} {child.path!r}: `weight` counts nothing here; set weights = "given" for {name!r} or drop it'
    if node.weights != "planned" and not child.planned:
        yield f'{what} {child.path!r}: `planned` says nothing here; set weights = "planned" for {name!r} or drop it'

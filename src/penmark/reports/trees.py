"""Which tree a response was judged with, and where each of its nodes stands in it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from penmark.records import Criterion, Plan, PlanRecord, Rubric
from penmark.text import language


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the rubrics a judge may have scored.

    Attributes:
        leaves: criteria by path, left to right.
        language: that its criteria are written in, "zh" or "en".
    """

    rubric: Rubric
    leaves: Mapping[str, Criterion]
    language: str

    @classmethod
    def of(cls, rubric: Rubric, written_in: str = "") -> Variant:
        """The rubric with its leaves; the language is read from its descriptions where it is not said."""
        leaves = dict(rubric.leaves())
        return cls(rubric, leaves, written_in or language("\n".join(c.description for c in leaves.values())))


@dataclass(frozen=True, slots=True)
class Place:
    """One node of a tree.

    Attributes:
        depth: 0 for the root.
        share: in its parent's score, 0..1; None for the root and where it takes a plan to know.
        node: the node itself.
    """

    depth: int
    share: float | None
    node: Rubric


def variants_of(spec: Mapping[str, object]) -> list[Variant]:
    """The rubrics in a judge's specification (`rubric`: one or several); none when they are written in another way."""
    found = spec.get("rubric") or []
    try:
        rubrics = TypeAdapter(list[Rubric]).validate_python(found if isinstance(found, list) else [found])
    except ValidationError:
        return []
    return [Variant.of(rubric) for rubric in rubrics]


def paths_of(spec: Mapping[str, object]) -> list[str]:
    """Every node of the rubrics in a judge's specification, parents before children, the longest rubric's first."""
    trees = sorted((places(variant.rubric) for variant in variants_of(spec)), key=len, reverse=True)
    return list(dict.fromkeys(path for tree in trees for path in tree))


def labels_of(spec: Mapping[str, object], written_in: str) -> dict[str, str]:
    """What the inner nodes are called in a language, by path, where the specification says (`labels`)."""
    found = spec.get("labels")
    labels = found if isinstance(found, dict) else {}
    return {path: name[written_in] for path, name in labels.items() if isinstance(name, dict) and written_in in name}


def covering(variants: Sequence[Variant], leaves: Collection[str], written_in: str) -> Variant | None:
    """The smallest rubric that has all these leaves, of equals one in the language; None where there is none."""
    able = [v for v in variants if leaves and set(leaves) <= v.leaves.keys()]
    return min(able, key=lambda v: (len(v.leaves), v.language != written_in), default=None)


def is_plain(rubric: Rubric) -> bool:
    """Whether it is a list of criteria that count alike, with nothing a tree could show beyond the scores."""
    weights = {child.weight for child in rubric.children}
    is_flat = all(child.criterion is not None and not child.points for child in rubric.children)
    return is_flat and len(weights) <= 1 and None not in weights


def places(rubric: Rubric) -> dict[str, Place]:
    """Every node by path, parents before children; the root's path is ""."""
    shares = _shares(rubric, {})
    return {path: Place(depth, shares.get(path), node) for path, depth, node in _walk(rubric)}


def planned_shares(rubric: Rubric, record: PlanRecord) -> dict[str, float]:
    """Shares of the nodes whose share takes a plan to know, by path; none where there is no plan."""
    known = _shares(rubric, {})
    plan = record.plan or Plan()
    return {path: share for path, share in _shares(rubric, plan.weights).items() if path not in known}


def _walk(node: Rubric, path: str = "", depth: int = 0) -> Iterator[tuple[str, int, Rubric]]:
    yield path, depth, node
    for child in node.children:
        yield from _walk(child, _below(path, child), depth + 1)


def _below(path: str, child: Rubric) -> str:
    return f"{path}/{child.name}" if path else child.name


def _shares(rubric: Rubric, planned: Mapping[str, float]) -> dict[str, float]:
    """Share of every node in its parent; without those that have a sibling of unknown weight."""
    shares: dict[str, float] = {}
    for path, _, node in _walk(rubric):
        paths = [_below(path, child) for child in node.children]
        weights = [planned.get(p) if c.weight is None else c.weight for p, c in zip(paths, node.children, strict=True)]
        known = [weight for weight in weights if weight is not None]
        if len(known) == len(paths) and (total := sum(known)):
            shares |= {p: weight / total for p, weight in zip(paths, known, strict=True)}
    return shares

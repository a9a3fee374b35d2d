"""Every response with what a judge said about it, criterion by criterion, read from the store one at a time."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import attrgetter
from statistics import fmean

from penmark.records import Judgment, PlanRecord, Response, Rubric, Task
from penmark.reports.trees import Variant, covering, is_plain, labels_of, places, variants_of
from penmark.store import Store, reads

Verdicts = Mapping[str, tuple[Judgment, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedNode:
    """One node of the rubric with its verdicts.

    Attributes:
        node: path in the rubric; "" is the root of a tree, or a rubric of a single leaf.
        description: what is judged; "" when the store does not say.
        bands: (label, text) from low to high; may be empty.
        judgments: one for each repeat; empty when the node was never judged.
    """

    node: str
    description: str
    bands: tuple[tuple[str, str], ...]
    judgments: tuple[Judgment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One response and everything a reader needs to check its score.

    Attributes:
        score: mean of the root's scores over repeats, in the judge's points; None when there is none.
        status: of the root: "scored", or why there is no score; "not judged" when the judge never saw it.
        criteria: in the rubric's order; of a tree the inner nodes too, each before its children.
        tree: what was judged, where it is more than a list of criteria that count alike.
        labels: what the tree's inner nodes are called, by path, where it is not their name.
        plans: what the judge settled for the task of a tree, one for each repeat.
    """

    task: Task
    response: Response
    score: float | None
    status: str
    criteria: tuple[JudgedNode, ...]
    tree: Rubric | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    plans: tuple[PlanRecord, ...] = ()


def responses_with_judgments(store: Store, report_bench: str, judge: str, writers: Sequence[str]) -> Iterator[Item]:
    """Every response of the writers (of all when none is named), by task and then writer, one at a time.

    What was judged is the task's rubric or one of those in the judge's specification (`rubric`: one or several
    rubrics as JSON): the smallest that has every judged leaf.
    """
    spec = reads.specs(store.db, "judges").get(judge, {})
    shared = variants_of(spec)
    plans = {task: tuple(of) for task, of in groupby(reads.plans_on(store.db, report_bench, judge), attrgetter("task"))}
    for task, response in reads.responses(store.db, report_bench, writers):
        judgments = reads.judgments(store.db, response.key, judge)
        own = [Variant.of(task.rubric, task.language)] if task.rubric else []
        item = _item(task, response, judgments, [*own, *shared])
        labels = labels_of(spec, task.language)
        yield replace(item, plans=plans.get(task.key, ()), labels=labels) if item.tree else item


def band_of(bands: Sequence[tuple[str, str]], score: float | None) -> int | None:
    """Position of the band that contains a score; None when no band does or the score is missing.

    A score between two bands (8.5 between "7-8" and "9-10") belongs to the lower one.
    """
    limits = [[float(n) for n in re.findall(r"\d+(?:\.\d+)?", label)] for label, _ in bands]
    if score is None or not all(limits) or not limits or not min(map(min, limits)) <= score <= max(map(max, limits)):
        return None
    return max((i for i, ends in enumerate(limits) if min(ends) <= score), key=lambda i: min(limits[i]))


def _item(task: Task, response: Response, judgments: Sequence[Judgment], variants: Sequence[Variant]) -> Item:
    by_node = {node: tuple(js) for node, js in groupby(sorted(judgments, key=attrgetter("node")), attrgetter("node"))}
    roots = by_node.get("", ())
    variant = covering(variants, _leaves(by_node), task.language)
    tree = variant.rubric if variant and not is_plain(variant.rubric) else None
    if len(by_node) > 1 and tree is None:
        by_node.pop("", None)
    scores = [j.score for j in roots if j.score is not None]
    return Item(
        task=task,
        response=response,
        score=fmean(scores) if scores else None,
        status=_status(roots, judged=bool(by_node)),
        criteria=tuple(_criteria(by_node, variant, places(tree) if tree else ())),
        tree=tree,
    )


def _status(roots: Sequence[Judgment], *, judged: bool) -> str:
    """Status of the root; with several repeats, of the first that was scored."""
    if not roots:
        return "incomplete" if judged else "not judged"
    return next((j.status for j in roots if j.score is not None), roots[0].status)


def _leaves(by_node: Verdicts) -> set[str]:
    """The judged nodes that have no judged node below them."""
    inner = {"/".join(parts[:i]) for parts in (node.split("/") for node in by_node) for i in range(len(parts))}
    return set(by_node) - (inner if len(by_node) > 1 else set())


def _criteria(by_node: Verdicts, variant: Variant | None, tree: Collection[str]) -> Iterator[JudgedNode]:
    """The nodes of the tree or, without one, of the list; then those that are judged all the same."""
    leaves = variant.leaves if variant else {}
    nodes = tree or leaves
    for node in [*nodes, *(n for n in by_node if n not in nodes)]:
        criterion = leaves.get(node)
        yield JudgedNode(
            node=node,
            description=criterion.description if criterion else "",
            bands=criterion.bands if criterion else (),
            judgments=by_node.get(node, ()),
        )

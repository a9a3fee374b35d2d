"""Weights planned for a task: what the judge model is asked, and how its reply is read.

The reply is {"weights": ..., "explanation": "..."}. With one planned node the weights are one object, child name to
weight; with several they are an object of such objects, keyed by the path of the node ("root" for the root). All are
asked for in one call. A list of as many numbers, in the order of the children, is read in place of an object.

Source: Tree-of-Writing, section 3.3 and appendix L.1; SPEC section 2. Differs: our own prompt; strict JSON with
every weight strictly between -1 and 1 and the sum 1 within 1e-3, or the reply is unreadable.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise
from math import fsum

from penmark.errors import VerdictError
from penmark.judges._tree_entries import ROOT
from penmark.judges._tree_shape import PlannedNode, Tree
from penmark.models.reply import REASON_CHARS, object_schema, read_object, refuse_quoted
from penmark.protocols import Prompt
from penmark.records import Plan
from penmark.text.template import fill

FIELDS = {"weights", "explanation"}
SUM_TOLERANCE = 1e-3
FLOAT_SLACK = 1e-9  # 0.25 + 0.25 + 0.25 + 0.251 must not fail by rounding.
TENTHS = 10
MOST_DERIVED = 0.3  # Source: SPEC section 2, the fifth content leaf of preset "upstream".


def plan_prompt(
    tree: Tree, nodes: Sequence[PlannedNode], language: str, texts: Mapping[str, str], assignment: str
) -> Prompt:
    """The prompt that asks for the weights of these nodes' children.

    It begins as the leaves' prompts do, so that prefix caches hold the assignment for them.
    """
    if len(nodes) == 1:
        aspects, sums = _aspects(tree, nodes[0], language), texts["plan_sum"]
    else:
        groups = (
            f"## {_key(node)}{_label(tree, node.path, language)}\n\n{_aspects(tree, node, language)}" for node in nodes
        )
        aspects, sums = "\n\n".join(groups), texts["plan_sums"]
    asked = fill(texts["plan"], {"aspects": aspects, "sums": sums})
    answer = fill(texts["plan_answer"], {"shape": _shape(nodes)})
    return Prompt(system=texts["system"], shared=f"{assignment}\n\n", tail=f"{asked}\n\n{answer}")


def plan_schema(nodes: Sequence[PlannedNode], *, summing: bool = False) -> dict[str, object]:
    """JSON schema of a good reply.

    Args:
        nodes: whose children's weights are asked for.
        summing: admit only weights that sum to 1, positive ones in steps of 0.1, by listing them; for models that gave
            others when they were free to. A node of too many children for a list keeps its free numbers.
    """
    objects = {_key(node): _summing(node) if summing else _free(node) for node in nodes}
    weights = next(iter(objects.values())) if len(nodes) == 1 else object_schema(objects)
    explanation = {"type": "string", "minLength": 1, "maxLength": REASON_CHARS}
    return object_schema({"weights": weights, "explanation": explanation})


def _free(node: PlannedNode) -> dict[str, object]:
    weight = {"type": "number", "minimum": -1, "maximum": 1}
    return object_schema({_name(child): weight for child in node.asked})


def _summing(node: PlannedNode) -> dict[str, object]:
    """Every way to share 10 tenths among two to ten children, each of them at least one: 126 at most."""
    names = [_name(child) for child in node.asked]
    if not 2 <= len(names) <= TENTHS:
        return _free(node)
    inner = combinations(range(1, TENTHS), len(names) - 1)
    shares = ([b - a for a, b in pairwise((0, *cuts, TENTHS))] for cuts in inner)
    return {
        "anyOf": [
            object_schema({n: {"const": s / TENTHS} for n, s in zip(names, ways, strict=True)}) for ways in shares
        ]
    }


def read_plan(nodes: Sequence[PlannedNode], assignment: str, reply: str) -> Plan:
    """The weights of all children of these nodes, by path; those of each node sum to 1.

    Raises:
        VerdictError: for anything but exactly the weights that were asked for, or what stands in the assignment.
    """
    found = _read_fields(reply)
    refuse_quoted(reply, assignment)
    keys = [_key(node) for node in nodes]
    groups = {keys[0]: found} if len(nodes) == 1 else found
    if not isinstance(groups, dict) or set(groups) != set(keys):
        raise VerdictError(f"weights of {_shown(groups)} where those of {_listed(keys)} were due")
    weights: dict[str, float] = {}
    for node in nodes:
        weights.update(_read_node(node, groups[_key(node)]))
    return Plan(weights=weights)


def _read_fields(reply: str) -> object:
    """What stands under `weights`, in a reply of just the two fields that are due."""
    found = read_object(reply)
    if set(found) != FIELDS:
        raise VerdictError(f"fields {_listed(found)} where weights and explanation were due")
    explanation = found["explanation"]
    if not isinstance(explanation, str) or not explanation.strip():
        raise VerdictError("no explanation with the weights")
    return found["weights"]


def _read_node(node: PlannedNode, found: object) -> dict[str, float]:
    """Weight by path: the given ones made to sum to 1; then, where some are derived, all of them again."""
    names = [_name(child) for child in node.asked]
    if isinstance(found, list) and len(found) == len(names):
        found = dict(zip(names, found, strict=True))
    if not isinstance(found, dict) or set(found) != set(names):
        raise VerdictError(f"weights of {_shown(found)} where {_listed(names)} were due")
    given = [_read_weight(name, found[name]) for name in names]
    total = fsum(given)
    if abs(total - 1) > SUM_TOLERANCE + FLOAT_SLACK:
        raise VerdictError(f"the weights of {_listed(names)} sum to {total:.6g} where 1 was due")
    weights = {child: weight / total for child, weight in zip(node.asked, given, strict=True)}
    derived = dict.fromkeys(node.derived, min(1 / len(weights), MOST_DERIVED))
    whole = 1 + fsum(derived.values())
    return {child: weight / whole for child, weight in {**weights, **derived}.items()}


def _read_weight(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1 < value < 1:
        raise VerdictError(f"weight {str(value)[:40]!r} of {name} is no number between -1 and 1")
    return float(value)


def _aspects(tree: Tree, node: PlannedNode, language: str) -> str:
    return "\n".join(f"- {_name(child)}{_described(tree, child, language)}" for child in node.asked)


def _described(tree: Tree, path: str, language: str) -> str:
    """What a child is about: a leaf's name and gist, or a node's label."""
    if path not in tree.leaves:
        return _label(tree, path, language)
    text = tree.text(path, language)
    return f" ({text.name}): {text.gist}" if language == "en" else f"（{text.name}）：{text.gist}"


def _label(tree: Tree, path: str, language: str) -> str:
    label = tree.nodes[path].label.get(language, "") if path in tree.nodes else ""
    return (f" ({label})" if language == "en" else f"（{label}）") if label else ""


def _shape(nodes: Sequence[PlannedNode]) -> str:
    def of(node: PlannedNode) -> str:
        return "{" + ", ".join(f"{json.dumps(_name(c), ensure_ascii=False)}: <...>" for c in node.asked) + "}"

    if len(nodes) == 1:
        return of(nodes[0])
    return "{" + ", ".join(f"{json.dumps(_key(node), ensure_ascii=False)}: {of(node)}" for node in nodes) + "}"


def _key(node: PlannedNode) -> str:
    return node.path or ROOT


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _shown(found: object) -> str:
    if isinstance(found, list):
        return f"{len(found)} without names"
    return _listed(found) if isinstance(found, dict) else type(found).__name__


def _listed(names: Mapping[str, object] | Sequence[str]) -> str:
    return ", ".join(names)[:240] or "nothing"

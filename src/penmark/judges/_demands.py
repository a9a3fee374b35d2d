"""A task's demands as the leaves of a rubric.

Only machinery: the judges themselves are `rules.py`, `length_score.py` and `constraints.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from penmark.records import Criterion, Requirement, Task
from penmark.requirements import check, extract, is_checkable
from penmark.requirements.finding import Finding

NOT_MET, MET = 0, 1


def checkable(task: Task) -> list[Requirement]:
    """The demands that a rule can tell: the task's own where any has a check, else those its instruction says."""
    own = [r for r in task.requirements if r.check is not None and is_checkable(r.check)]
    return own or [r for r in extract(task.instruction) if r.check is not None]


def named(requirements: Iterable[Requirement]) -> list[tuple[str, Requirement]]:
    """(leaf name, requirement): the name of its check, or its kind, numbered from the second of a name on."""
    counts: dict[str, int] = {}
    leaves = []
    for requirement in requirements:
        name = requirement.check.name if requirement.check else requirement.kind
        counts[name] = counts.get(name, 0) + 1
        leaves.append((name if counts[name] == 1 else f"{name} {counts[name]}", requirement))
    return leaves


def criterion(name: str, requirement: Requirement) -> Criterion:
    """A leaf that is 1 where the demand is met and 0 where it is not."""
    text = requirement.text or f"the text's {requirement.kind} is as the task demands"
    return Criterion(name=name, description=text, low=NOT_MET, high=MET, about=(requirement.kind,))


def by_rule(requirement: Requirement) -> list[Requirement]:
    """What to check by rule for this demand, all of it; nothing where it takes a reader.

    A demand about length whose words say only lengths is as good as its checks; any other may ask for more than a
    rule sees.
    """
    if requirement.check is not None:
        return [requirement] if is_checkable(requirement.check) else []
    if requirement.kind != "length":
        return []
    said = extract(requirement.text)
    return said if said and all(r.check is not None and r.kind == "length" for r in said) else []


def find_all(requirements: Sequence[Requirement], text: str) -> Finding:
    """What the rules say together: met where every one is, else the first that is not."""
    findings = [check(requirement, text) for requirement in requirements]
    return next((finding for finding in findings if not finding.is_met), findings[0])

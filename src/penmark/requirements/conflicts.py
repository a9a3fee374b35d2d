"""What rules make of demands in words: the check of one, and pairs that no text can meet together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from penmark.records import Check, Requirement
from penmark.requirements.extraction import extract
from penmark.requirements.finding import Bounds

BOUNDS = ("least", "most", "about")


def checked(requirement: Requirement) -> Requirement:
    """The requirement with the rule that checks it, where its text says one checkable thing of its own kind."""
    found = extract(requirement.text)
    if len(found) == 1 and found[0].kind == requirement.kind:
        return replace(requirement, check=found[0].check)
    return requirement


def conflict(requirements: Sequence[Requirement]) -> tuple[Requirement, Requirement] | None:
    """The first two that exclude each other; None where there are none, or no rule tells."""
    for first, second in combinations(requirements, 2):
        if first.check is not None and second.check is not None and exclude(first.check, second.check):
            return first, second
    return None


def exclude(first: Check, second: Check) -> bool:
    """Whether no text can obey both."""
    names = {first.name, second.name}
    if names == {"includes", "excludes"} or names == {"mentions", "excludes"}:
        wanted, unwanted = sorted((first, second), key=lambda check: check.name == "excludes")
        return bool(_words(wanted) & _words(unwanted))
    if names == {"lowercase", "uppercase"}:
        return True
    if len(names) == 2:
        return False
    if first.name == "language":
        return first.arguments != second.arguments
    return _rest(first) == _rest(second) and not _overlap(
        Bounds.of(first.arguments).allowed(), Bounds.of(second.arguments).allowed()
    )


def _words(check: Check) -> set[str]:
    """The words it is about; one that is to be mentioned at most so often need not occur."""
    if check.name == "mentions" and not check.arguments.get("least"):
        return set()
    words = check.arguments.get("words") or [check.arguments.get("word", "")]
    return {str(word).casefold() for word in words if word}  # type: ignore[attr-defined]


def _rest(check: Check) -> dict[str, object]:
    """What its amount is of."""
    return {name: value for name, value in check.arguments.items() if name not in BOUNDS}


def _overlap(first: tuple[float, float], second: tuple[float, float]) -> bool:
    return max(first[0], second[0]) <= min(first[1], second[1])

"""What a query demands, read by rule: the demands of every family, each with the words it comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from penmark.records import Requirement
from penmark.requirements.case import find_case
from penmark.requirements.checking import is_checkable
from penmark.requirements.choices import find_choices
from penmark.requirements.edges import find_edges
from penmark.requirements.found import Found, clause_around
from penmark.requirements.highlights import find_highlights
from penmark.requirements.keywords import find_keywords, find_no_commas
from penmark.requirements.languages import find_language
from penmark.requirements.layout import find_layout
from penmark.requirements.lengths import find_lengths
from penmark.requirements.parts import find_parts

FAMILIES: tuple[Callable[[str], Iterator[Found]], ...] = (
    find_lengths, find_parts, find_keywords, find_no_commas, find_case, find_language, find_edges, find_layout,
    find_choices, find_highlights,
)  # fmt: skip
# A query that carries material says what it wants at its beginning or its end: the middle is left aside, so that a law
# or a paper that speaks of "at least 30 pages" demands nothing.
WINDOW_CHARS = 1500


def extract(query: str) -> list[Requirement]:
    """The demands of a query that can be read by rule, in the order of their words.

    Lengths that no rule can check (minutes, pages, the length of a part that cannot be told apart) come without a
    check. The same demand said twice is one. Of a query of more than twice `WINDOW_CHARS` the middle is not read.
    """
    text = window(query)
    demands = sorted(find(text), key=lambda demand: (demand.start, demand.end))
    return [_requirement(text, demand) for demand in _distinct(demands)]


def find(query: str) -> Iterator[Found]:
    """Every demand of every family, in no order."""
    for family in FAMILIES:
        yield from family(query)


def window(query: str) -> str:
    """The beginning and the end of a long query; all of a short one."""
    if len(query) <= 2 * WINDOW_CHARS:
        return query
    return f"{query[:WINDOW_CHARS]}\n{query[-WINDOW_CHARS:]}"


def _distinct(demands: list[Found]) -> Iterator[Found]:
    seen: set[str] = set()
    for demand in demands:
        key = f"{demand.check.name} {sorted(demand.check.arguments.items(), key=str)}"
        if key not in seen:
            seen.add(key)
            yield demand


def _requirement(query: str, demand: Found) -> Requirement:
    clause = clause_around(query, demand.start, demand.end)
    rule = demand.check if is_checkable(demand.check) else None
    return Requirement(kind=demand.kind, text=clause, check=rule, quote=clause)

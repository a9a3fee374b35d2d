"""What a family's patterns find in a query, before it becomes a requirement."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from penmark.records import Check, RequirementKind

# Where a clause ends, so that a requirement quotes no more than the words it comes from.
_CLAUSE_END = re.compile(r"[\n。；;！？]|[.!?](?=\s|$)")
MOST_QUOTED = 160


@dataclass(frozen=True, slots=True)
class Found:
    """One demand and where it stands.

    Attributes:
        check: its checkable form, or one whose rule does not exist (a length in minutes, say): then a reader must tell.
        start: first character of the words that say it.
        end: one past the last.
    """

    kind: RequirementKind
    check: Check
    start: int
    end: int


def found(kind: RequirementKind, name: str, arguments: Mapping[str, object], match: re.Match[str]) -> Found:
    """A demand that a pattern has found."""
    return Found(kind, Check(name, dict(arguments)), match.start(), match.end())


def clause_around(query: str, start: int, end: int) -> str:
    """The clause that words of a query stand in; those words alone where the clause is long."""
    begin = max((stop.end() for stop in _CLAUSE_END.finditer(query, 0, start)), default=0)
    stop = _CLAUSE_END.search(query, max(start, end - 1))
    clause = query[begin : stop.start() if stop else len(query)].strip()
    return clause if len(clause) <= MOST_QUOTED else query[start:end].strip()


def before(query: str, position: int, most: int = 80) -> str:
    """The same clause's words before a position, `most` characters at most."""
    text = query[max(0, position - most) : position]
    last = max((stop.end() for stop in _CLAUSE_END.finditer(text)), default=0)
    return text[last:]


def after(query: str, position: int, most: int = 60) -> str:
    """The same clause's words from a position on, `most` characters at most."""
    text = query[position : position + most]
    stop = _CLAUSE_END.search(text)
    return text[: stop.start()] if stop else text


def matches(pattern: re.Pattern[str], query: str, words: Iterable[str]) -> Iterator[re.Match[str]]:
    """Where a pattern applies; it is not tried on a query without any of these words, one of which it needs.

    Amounts are slow to look for, as anything may stand before them; most queries lack most of what is counted.
    """
    lowered = query.lower()
    if any(word in lowered for word in words):
        yield from pattern.finditer(query)

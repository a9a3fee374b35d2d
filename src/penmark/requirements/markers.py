"""Sections that are told by a word and a number before each ("Day 1", "SECTION X"), and parts with *** between them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from penmark.requirements.bounds import EN_AMOUNT, read_bounds
from penmark.requirements.finding import Bounds
from penmark.requirements.found import Found, found
from penmark.requirements.highlights import find_highlights, is_highlighted

SIX = re.compile(r"(?<!\*)\*{6,7}(?!\*)|\b(?:6|six) (?:asterisk|star)", re.I)
THREE = re.compile(r"(?<!\*)\*{3}(?!\*)|\b(?:3|three) as?terisk|markdown divider", re.I)
_PLACE = r"(?:X|1|#|N|\[X\]|\{X\}|<X>|\(X\)|\[#\]|\[N\])(?!\w)"
_MARKED = re.compile(
    rf"(?:start|begin|mark|label|head|nam|titl|call)\w*\b[^.\n]{{0,40}}?\b(?:with|by|as|of)\b\s*[:\"“'‘]*(?P<marker>[A-Za-z]+)\s+{_PLACE}"
)
# "Label them Day X": the marker by itself, in a query that speaks of marking.
_MARKER = re.compile(r"\b(?P<marker>[A-Z][A-Za-z]+)\s+(?:X\b|#|\[X\]|N\b)")
_MARKING = re.compile(r"\b(?:mark|label|start|begin|head|titl|not|nam|separat|divid|call)\w*\b", re.I)
_LABELLING = re.compile(
    r"\b(?:mark|label|head|titl|nam|call|start|begin|separat)(?:ed|led|e|s|ing)?\s+(?:\w+\s+)?(?:each|every|all|them|the|with|as|by|"
    r"for)\b",
    re.I,
)
_FOLLOWED = re.compile(
    r"[\"“'‘](?P<marker>[A-Za-z]+)[\"”'’],?\s+(?:followed by|and)\s+(?:its|the|a)\s+(?:\w+\s+)?number", re.I
)
_SHOWN = re.compile(r"(?P<line>^[ \t#>\"“'‘(\[]*(?:\*\*)?)?\b(?P<marker>[A-Z][A-Za-z]+)\s+(?P<number>\d{1,2})\b", re.M)
_EACH = re.compile(r"\b(?:each|every)\s+(?:of (?:the|your)\s+)?(?P<noun>[a-z]+)", re.I)
MOST_SHOWN = 20


def find_marked_sections(query: str) -> Iterator[Found]:
    """Sections with a word and a number before each: as many as are asked for, else as many as are shown."""
    named = _named(query)
    # What is shown between stars are parts, or the two answers.
    shown = None if SIX.search(query) else _shown(query)
    first, count, begins_lines = shown or (None, 0, False)
    match = named or first
    if match is None or THREE.search(query):
        return
    marker = match["marker"]
    counted = _amount(query, ("section", "part"))
    if counted is None and _LABELLING.search(query) and (named or begins_lines):
        counted = _amount(query, (marker.lower(), *sorted(m["noun"].lower() for m in _EACH.finditer(query))))
    if counted:
        bounds = read_bounds(query, counted, bare_is_about=False) or Bounds(least=1)
        least = bounds.least if bounds.least is not None else bounds.about or 1
        yield found("format", "marked_sections", {"marker": marker, "least": least}, counted)
    elif first and begins_lines:
        yield found("format", "marked_sections", {"marker": first["marker"], "least": count}, first)


def _named(query: str) -> re.Match[str] | None:
    """The word that is said to mark sections."""
    marker = _MARKER.search(query) if _MARKING.search(query) else None
    return _FOLLOWED.search(query) or _MARKED.search(query) or marker


def _shown(query: str) -> tuple[re.Match[str], int, bool] | None:
    """The first of "Day 1", "Day 2", ..., how many there are, and whether each begins a line."""
    for first in _SHOWN.finditer(query):
        if first["number"] != "1":
            continue
        same = [m for m in _SHOWN.finditer(query) if m["marker"].lower() == first["marker"].lower()]
        numbers = {int(m["number"]) for m in same}
        if len(numbers) > 1 and max(numbers) <= MOST_SHOWN:
            return first, max(numbers), all(m["line"] is not None for m in same)
    return None


def _amount(query: str, nouns: Sequence[str]) -> re.Match[str] | None:
    """How many of the things that these nouns name."""
    names = "|".join(re.escape(noun) + ("" if noun.endswith("s") else "s?") for noun in nouns)
    pattern = rf"{EN_AMOUNT}[ \t-]*(?:[\w-]+\s+){{0,2}}?(?P<unit>{names})\b(?P<after>)"
    highlights = list(find_highlights(query))
    return next((m for m in re.finditer(pattern, query, re.I) if not is_highlighted(query, m, highlights)), None)


# "Give me five jokes, separated by ***": whatever is counted.
EN_SEPARATED = re.compile(
    rf"{EN_AMOUNT}\s+(?:\w+\s+){{0,3}}?(?P<unit>[a-z]+s)\b(?P<after>)[^\n]{{0,80}}?\b(?:separat|divid|split)", re.I
)
_COUNT_NEAR = re.compile(rf"{EN_AMOUNT}\s+(?:\w+\s+){{0,2}}?(?P<unit>[a-z]+s|of them)\b(?P<after>)", re.I)
_NO_PART = re.compile(
    r"asterisk|star|line|symbol|word|sentence|time|bullet|placeholder|this|is\b|was|has|keyword|divider|charact|"
    r"year|month|week|day|hour|minute|second|inch|feet|foot|mile|dollar|euro|degree",
    re.I,
)
_BETWEEN = re.compile(r"\b(?:between|after|before)\s+(?:the\s+|each\s+|every\s+|any\s+)*$", re.I)
_PARTED = re.compile(
    r"\b(?:separat\w*|divid\w*|between)\s+(?:the\s+|each of the\s+|any\s+|two\s+)*(?P<unit>[a-z]+s)\b", re.I
)
# "Separate the riddle and its answer with ***."
_TWO_THINGS = re.compile(
    r"\bseparat\w*\s+(?:(?:your|the|an?|both)\s+)?[\w' -]{1,30}?\s+(?:and|from)\s+[\w' -]{1,30}?\s+(?:by|with|using)\b",
    re.I,
)
_STARS_ALONE = re.compile(r"(?<=\n)[ \t]*\*{3}[ \t]*(?=\n)")


def find_separated(query: str) -> Iterator[Found]:
    """So many of anything, with *** between them: counted where they are said to be parted, near the ***, or shown."""
    stars = THREE.search(query)
    if stars is None:
        return
    shown = list(_STARS_ALONE.finditer(query))
    for match in _counts(query, stars):
        bounds = read_bounds(query, match, bare_is_about=False)
        if bounds is not None and not _NO_PART.search(match["unit"]) and not _BETWEEN.search(query[: match.start()]):
            yield found("format", "parts", {"separator": "***", **bounds.arguments()}, match)
            return
    two = _TWO_THINGS.search(query)
    where = shown[0] if shown else two
    if where:
        count = len(shown) + 1 if shown else 2
        yield found("format", "parts", {"separator": "***", "least": count, "most": count}, where)


def _counts(query: str, stars: re.Match[str]) -> Iterator[re.Match[str]]:
    yield from EN_SEPARATED.finditer(query)
    begin = max((stop.end() for stop in re.finditer(r"[.!?]\s|\n", query[: stars.start()])), default=0)
    end = re.compile(r"[.!?](?:\s|$)|\n").search(query, stars.end())
    yield from _COUNT_NEAR.finditer(query, begin, end.end() if end else len(query))
    parted = {match["unit"].lower() for match in _PARTED.finditer(query)}
    yield from (match for match in _COUNT_NEAR.finditer(query) if match["unit"].lower() in parted)

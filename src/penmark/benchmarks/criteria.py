"""Reading what benchmarks with criteria and domains share: a rubric's criteria with five bands, and the tags.

Only machinery: the benchmarks are the other modules.
"""

from __future__ import annotations

import re
from typing import get_args

from penmark.jsonl import Row
from penmark.records import Criterion, RequirementKind
from penmark.text import Language, language

BANDS = ("1-2", "3-4", "5-6", "7-8", "9-10")
CRITERIA = 5
# Source: WritingBench, tables 7-9. The names of the second level vary between releases.
DOMAINS = (
    "Academic & Engineering",
    "Finance & Business",
    "Politics & Law",
    "Literature & Arts",
    "Education",
    "Advertising & Marketing",
)
LANGUAGES: tuple[Language, ...] = ("en", "zh")
KINDS: tuple[RequirementKind, ...] = get_args(RequirementKind)

_BAND = re.compile(r"\s*\d+\s*[-–—~]\s*\d+\s*")


def read_tags(row: Row, instruction: str) -> dict[str, str]:
    """The tags domain1, domain2 and language; the language is told from the instruction where `lang` is not given."""
    return {
        "domain1": row.choice("domain1", DOMAINS),
        "domain2": row.text("domain2"),
        "language": row.choice("lang", LANGUAGES) if "lang" in row.values else language(instruction),
    }


def read_criteria(row: Row, key: str, *, count: int | None = CRITERIA) -> tuple[Criterion, ...]:
    """The criteria in a field of a row.

    Args:
        row: takes the reports.
        key: the list's name.
        count: how many there must be; None = one or more.
    """
    items = row.children(key)
    listed = row.values.get(key)
    if isinstance(listed, list) and (len(listed) != count if count else not listed):
        row.report(key, f"{len(listed)} criteria", f"expected {count or 'one or more'}: add or remove criteria")
    names: dict[str, str] = {}
    criteria = tuple(_read_criterion(item) for item in items)
    for item, criterion in zip(items, criteria, strict=True):
        if criterion.name in names:
            found = f"{criterion.name!r} is the name of {names[criterion.name]} too"
            item.report("name", found, "give each criterion of a query its own name")
        elif criterion.name:
            names[criterion.name] = item.at
    return criteria


def _read_criterion(row: Row) -> Criterion:
    name, description = row.text("name"), row.text("criteria_description")
    about = (row.choice("about", KINDS),) if "about" in row.values else ()
    return Criterion(name=name, description=description, bands=_read_bands(row), about=about)


def _read_bands(row: Row) -> tuple[tuple[str, str], ...]:
    """(label, text) of the five bands from low to high; one report where the set of bands is another one."""
    unknown = [label for label in row.values if _BAND.fullmatch(label) and label not in BANDS]
    if unknown:
        found = f"unknown bands {', '.join(map(repr, unknown))}"
        row.report(unknown[0], found, f"use the bands {', '.join(BANDS)}")
        return ()
    return tuple((label, row.text(label)) for label in BANDS)

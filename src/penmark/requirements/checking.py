"""Does a text obey a requirement? The rules by name, and what each must be given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from penmark.errors import DataError
from penmark.records import Check, Requirement
from penmark.requirements import case, choices, edges, highlights, keywords, languages, layout, lengths, parts
from penmark.requirements.finding import Finding

Rule = Callable[[str, Mapping[str, object]], Finding]

CHECKS: Mapping[str, Rule] = {
    **{unit: partial(lengths.check_length, unit=unit) for unit in lengths.UNITS},
    "each": parts.check_each,
    "paragraphs": parts.check_paragraphs,
    "parts": parts.check_parts,
    "sections": parts.check_sections,
    "marked_sections": parts.check_marked_sections,
    "paragraph_start": parts.check_paragraph_start,
    "includes": keywords.check_includes,
    "excludes": keywords.check_excludes,
    "mentions": keywords.check_mentions,
    "letters": keywords.check_letters,
    "no_commas": keywords.check_no_commas,
    "lowercase": case.check_lowercase,
    "uppercase": case.check_uppercase,
    "capital_words": case.check_capital_words,
    "language": languages.check_language,
    "starts_with": edges.check_starts_with,
    "ends_with": edges.check_ends_with,
    "quoted": edges.check_quoted,
    "postscript": edges.check_postscript,
    "repeats": edges.check_repeats,
    "bullets": layout.check_bullets,
    "numbered": layout.check_numbered,
    "items": layout.check_items,
    "headings": layout.check_headings,
    "highlights": highlights.check_highlights,
    "placeholders": layout.check_placeholders,
    "json": layout.check_json,
    "title": layout.check_title,
    "table": layout.check_table,
    "one_of": choices.check_one_of,
}

# What an argument must be, by its name: a description for people and a test.
_ARGUMENTS: Mapping[str, tuple[str, Callable[[object], bool]]] = {
    **dict.fromkeys(
        ("least", "most", "about"),
        ("a whole number from 0", lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 0),
    ),
    "paragraph": (
        "a whole number other than 0",
        lambda value: isinstance(value, int) and not isinstance(value, bool) and value != 0,
    ),
    **dict.fromkeys(
        ("word", "letter", "text", "marker", "separator"),
        ("a text", lambda value: isinstance(value, str) and bool(value.strip())),
    ),
    **dict.fromkeys(
        ("words", "phrases"),
        (
            "a list of texts",
            lambda value: (
                isinstance(value, list | tuple) and bool(value) and all(isinstance(v, str) and v for v in value)
            ),
        ),
    ),
    "language": (
        f"one of {', '.join(sorted(set(languages.NAMES.values())))}",
        lambda value: value in languages.NAMES.values(),
    ),
    "part": (f"one of {', '.join(parts.PIECES)}", lambda value: value in parts.PIECES),
    "unit": (f"one of {', '.join(lengths.UNITS)}", lambda value: value in lengths.UNITS),
}
# What each rule needs besides bounds; those that count need at least one bound.
_NEEDS: Mapping[str, tuple[str, ...]] = {
    "each": ("part", "unit"),
    "parts": ("separator",),
    "marked_sections": ("marker",),
    "paragraph_start": ("paragraph", "word"),
    "includes": ("words",),
    "excludes": ("words",),
    "mentions": ("word",),
    "letters": ("letter",),
    "language": ("language",),
    "starts_with": ("text",),
    "ends_with": ("text",),
    "postscript": ("marker",),
    "repeats": ("text",),
    "one_of": ("phrases",),
}
_COUNTS = {
    *lengths.UNITS,
    "each",
    "paragraphs",
    "parts",
    "sections",
    "marked_sections",
    "mentions",
    "letters",
    "capital_words",
    "bullets",
    "numbered",
    "items",
    "headings",
    "highlights",
    "placeholders",
}
_BOUNDS = ("least", "most", "about")


def check(requirement: Requirement, text: str) -> Finding:
    """Whether the text obeys the requirement, with what was measured.

    Raises:
        DataError: when the requirement has no checkable form, or one that no rule understands.
    """
    if requirement.check is None:
        raise DataError(
            f"requirement {requirement.text!r} has no checkable form; judge it by a model: --judge constraints"
        )
    validate(requirement.check)
    return CHECKS[requirement.check.name](text, requirement.check.arguments)


def is_checkable(found: Check) -> bool:
    """Whether a rule can tell."""
    try:
        validate(found)
    except DataError:
        return False
    return True


def validate(wanted: Check) -> None:
    """Nothing, when a rule can tell.

    Raises:
        DataError: naming what is wrong with the check and what is expected.
    """
    if wanted.name not in CHECKS:
        raise DataError(f"there is no check {wanted.name!r}; there are {', '.join(CHECKS)}")
    needed = _NEEDS.get(wanted.name, ())
    may_have = {*needed, *(_BOUNDS if wanted.name in _COUNTS else ())}
    missing = [name for name in needed if name not in wanted.arguments]
    unknown = [name for name in wanted.arguments if name not in may_have]
    if missing or unknown:
        raise DataError(
            f"check {wanted.name!r} takes {', '.join(sorted(may_have)) or 'no arguments'}; "
            f"missing: {', '.join(missing) or 'none'}, unknown: {', '.join(unknown) or 'none'}"
        )
    _validate_values(wanted)


def _validate_values(wanted: Check) -> None:
    for name, value in wanted.arguments.items():
        expected, is_right = _ARGUMENTS[name]
        if not is_right(value):
            raise DataError(f"check {wanted.name!r}: {name} is {value!r}, expected {expected}")
    if wanted.name not in _COUNTS:
        return
    given = {name: value for name in _BOUNDS if isinstance(value := wanted.arguments.get(name), int)}
    if not given or ("about" in given and len(given) > 1) or given.get("least", 0) > given.get("most", 10**9):
        raise DataError(
            f"check {wanted.name!r} wants least, most or both with least <= most, or about alone; "
            f"found {given or 'none'}"
        )

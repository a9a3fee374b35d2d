"""What a writer is told of a document that is to be the reference of a task, and how a model's reply is read as it.

Source: HoWToBench, section 4.5 and appendix F; SPEC section 2. Differs: strict JSON; nothing may repeat the document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from penmark.build.overlap import HeldApart
from penmark.errors import VerdictError
from penmark.models.reply import object_schema, read_object
from penmark.text import amount, is_one_line

FIELDS = ("theme", "summary", "facts", "outline")
MOST_CHARS = {"theme": 60, "summary": 600, "facts": 160, "outline": 600}
MOST_FACTS = 20
FACTS_SHARE = 1 / 3  # of the document's characters; facts that fill more of it are its text


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What a writer is told.

    Attributes:
        facts: what a writer could not know; maybe none.
        points: (aspect of the genre, what to do in it).
    """

    theme: str
    summary: str
    facts: tuple[str, ...]
    points: tuple[tuple[str, str], ...]


def outline_schema(fewest: int, most: int) -> dict[str, object]:
    """JSON schema of a reply whose outline has from `fewest` to `most` entries."""

    def text(name: str) -> dict[str, object]:
        return {"type": "string", "minLength": 1, "maxLength": MOST_CHARS[name]}

    properties = {
        "theme": text("theme"),
        "summary": text("summary"),
        "facts": {"type": "array", "items": text("facts"), "maxItems": MOST_FACTS},
        "outline": {"type": "array", "items": text("outline"), "minItems": fewest, "maxItems": most},
    }
    return object_schema(properties)


def read_outline(reply: str, document: str, aspects: Sequence[str]) -> Outline:
    """The outline in a reply, with one entry for each aspect.

    Raises:
        VerdictError: for anything but the four fields, a text that is empty, too long or on several lines, another
            number of entries than of aspects, facts that make up a third of the document, and 13 words in a row (in
            Chinese 13 characters) of theme, summary or outline that stand in the document.
    """
    found = read_object(reply)
    if set(found) != set(FIELDS):
        raise VerdictError(f"the fields are {sorted(found)}, expected {list(FIELDS)}")
    facts, entries = _texts(found, "facts"), _texts(found, "outline")
    if len(entries) != len(aspects):
        raise VerdictError(f"{amount(len(entries), 'entry', 'entries')} in the outline where {len(aspects)} were due")
    if len(facts) > MOST_FACTS or sum(map(len, facts)) > FACTS_SHARE * len(document):
        raise VerdictError(f"{len(facts)} facts of {sum(map(len, facts))} characters tell too much of the document")
    outline = Outline(
        theme=_text(found["theme"], "theme"),
        summary=_text(found["summary"], "summary"),
        facts=tuple(facts),
        points=tuple(zip(aspects, entries, strict=True)),
    )
    _refuse_repetition(outline, document)
    return outline


def _texts(found: Mapping[str, object], name: str) -> list[str]:
    listed = found[name]
    if not isinstance(listed, list):
        raise VerdictError(f"{name!r} is no list: {str(listed)[:80]!r}")
    return [_text(item, name) for item in listed]


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise VerdictError(f"{name!r} is empty or not a text: {str(value)[:80]!r}")
    text = value.strip()
    if len(text) > MOST_CHARS[name] or not is_one_line(text):
        raise VerdictError(f"{name!r} is over {MOST_CHARS[name]} characters or has line breaks in it: {text[:80]!r}")
    return text


def _refuse_repetition(outline: Outline, document: str) -> None:
    held = HeldApart()
    held.add("document", [("", document)])
    told = [outline.theme, outline.summary, *(entry for _, entry in outline.points)]
    if repeated := held.overlaps([told]):
        raise VerdictError(f"it repeats the document word for word: {repeated[0].words!r}")

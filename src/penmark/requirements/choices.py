"""The answers to choose from: "say yes or no", one of these sentences, options in a list."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from penmark.requirements.finding import Finding, yes_or_no
from penmark.requirements.found import Found, before, found

_QUOTED = r"(?:[\"“”][^\"“”\n]{2,80}[\"“”]|(?<!\w)['‘][^\"“”\n]{2,80}?['’](?!\w))"
_LIST = rf"[\[({{]?\s*{_QUOTED}(?:[\s,;/|.()*•-]*(?:(?:or|and)\b[\s,:(]*)?{_QUOTED})+"
# Words that offer a choice whatever joins the answers, and words that do where "or" joins them.
_OFFERED = (
    r"(?:\b(?:one|any) of\b|\bchoose\b|\bselect\b|\bpick\b|\boptions?\b|\bchoices?\b|\beither\b|\bonly answers?\b|"
    r"\b(?:possible|allowed|permitted|valid|acceptable) (?:answer|response|repl|phrase)\w*|"
    r"\banswers? (?:allowed|permitted)|"
    r"\b(?:can|may|must|should) only (?:answer|reply|respond|say)\b)"
)
_ASKED = r"\b(?:answer|say|reply|respond|response|output)\b"
QUOTED_CHOICE = re.compile(rf"{_OFFERED}[^\n\"“”]{{0,80}}?(?P<options>{_LIST})", re.I)
QUOTED_OR = re.compile(
    rf"{_ASKED}[^\n\"“”]{{0,50}}?(?P<options>{_QUOTED}(?:\s*,\s*{_QUOTED})*"
    rf"(?:(?:\s*,)?\s+or\s+{_QUOTED}|\s*/\s*{_QUOTED})+)",
    re.I,
)
LISTED_CHOICE = re.compile(
    r"(?:\b(?:one of|choose|select|pick)\b[^.:\n]{0,80}?\b(?:following|phrases?|options|answers|sentences|responses|"
    r"choices)\b[^:.\n]{0,40}|\b(?:choose|select|pick) (?:one )?from|"
    r"\b(?:options|choices|(?:possible|allowed|valid|permitted) (?:answers|replies|responses))\b[^:.\n\"“”]{0,20})"
    r":\s*(?P<options>.+)",
    re.I | re.S,
)
_OPTION = re.compile(r"[\"“”]([^\"“”\n]{2,80}?)[\"“”]|(?<!\w)['‘]([^\"“”\n]{2,80}?)['’](?!\w)")
_UNWANTED = re.compile(r"(?:\b(?:not|never|without|avoid\w*|exclud\w*|neither)\b|n't\b)[^.]{0,40}$", re.I)
_INLINE = re.compile(r"\s+/\s+|(?<=[.!?])\s*,?\s+(?:or\s+|and\s+)?(?=[A-Z])")
_BULLET = " -*•\t"
MOST_WORDS = 8  # a longer line is no answer to choose


def find_choices(query: str) -> Iterator[Found]:
    """The demand to give one of several answers, which are named."""
    for pattern in (QUOTED_CHOICE, QUOTED_OR, LISTED_CHOICE):
        for match in pattern.finditer(query):
            phrases = _options(match["options"])
            if len(phrases) > 1 and not _UNWANTED.search(before(query, match.start("options"))):
                yield found("format", "one_of", {"phrases": phrases}, match)
                return


def _options(text: str) -> list[str]:
    """The answers: those in quotation marks, else a line each, else one after the other."""
    quoted = ["".join(pair) for pair in _OPTION.findall(text)]
    if quoted:
        return [option.strip() for option in quoted if option.strip()]
    block = re.split(r"\n\s*\n", text.strip())[0]
    lines = block.splitlines() if "\n" in block else _INLINE.split(block)
    lines = [line.strip(_BULLET) for line in ([line for line in lines if line[:1] in _BULLET] or lines)]
    return [line for line in lines if line and len(line.split()) <= MOST_WORDS]


def check_one_of(text: str, arguments: Mapping[str, object]) -> Finding:
    """Whether one of the phrases stands in the text."""
    phrases = arguments["phrases"]
    options = [str(phrase) for phrase in phrases] if isinstance(phrases, list | tuple) else []
    here = next((phrase for phrase in options if phrase.casefold() in text.casefold()), None)
    return yes_or_no(here is not None, f"the text says {here!r}" if here else "none of the phrases is there", here)

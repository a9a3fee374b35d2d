"""What a query speaks about and does not demand of the answer: "why are some poems in lowercase?".

A demand is told by its clause. A question about a thing, a thing that somebody else does, has or has done, and a thing
that is denied ("need not be in JSON") are none.
"""

from __future__ import annotations

import re

from penmark.requirements.found import before

_SENTENCE_END = re.compile(r"\n|[.!?](?=\s|$|[\"”'’])|[。！？]")
# A question about things, and not a request in the form of one ("can you write ...?").
_QUESTION = re.compile(
    r"^\W*(?:what|why|who|whose|when|where|how (?:come|do|does|did|is|are)|should (?:I|we|people)|is|are|was|were|"
    r"does|do|did|am I|can (?:I|we|people))\b(?![^?]*\b(?:answer|reply|respond|response|your|write me|give me)\b)",
    re.I,
)
_OTHERS = (
    r"\b(?:people|someone|somebody|he|she|they|who|which|children|pupils|students|users|"
    r"(?:teacher|boss|editor|friend|boy|girl|man|woman|professor|wife|husband)|I|we)"
)
# "people who write in ...", "I have written ...", "my teacher made me write ...": no demand, unless "you" is asked.
_OF_OTHERS = re.compile(
    rf"{_OTHERS}\s+(?:(?!you\b|want|need|would|must|should|like|ask)\w+\s+){{0,3}}?"
    rf"(?:writ|wrote|typ|speak|spok|talk|text|said|post|publish|read|know|knew|learn)\w*\s+"
    rf"(?:(?!and\b|that\b|you\b)\w+\s+){{0,2}}?$",
    re.I,
)
_ABOUT = re.compile(
    r"\b(?:what|about|the (?:use|history|meaning|difference) (?:of|between)|difference between\b[^.]{0,24}|"
    r"worth(?: an?)?|vocabulary of|parsing|parses|reading|that \w+s(?: \w+){0,3} (?:to|into)|makes|sells)"
    r"\s+(?:an?\s+|the\s+)?$",
    re.I,
)
_GIVEN = re.compile(
    r"\b(?:summari[sz]e|shorten|edit|proofread|revise|translate|read|of|in|from|about)\s+(?:the|this|my)\s*$", re.I
)
_DENIED = re.compile(
    r"(?:\bneed not|\b(?:do|does|must|should|can) not|n't|\bnever)\s+"
    r"(?:(?!\w*thing\b|any\b|other\b|use\b)\w+\s+){0,3}$",
    re.I,
)


def is_aside(query: str, match: re.Match[str]) -> bool:
    """Whether the words that a pattern has found are spoken about and not demanded."""
    preceding = before(query, match.start(), 90)
    return bool(_OF_OTHERS.search(preceding) or _ABOUT.search(preceding) or _is_in_question(query, match))


def is_given(query: str, match: re.Match[str]) -> bool:
    """Whether an amount is that of a text which is there already: "summarise the 2,000-word article"."""
    return bool(_GIVEN.search(before(query, match.start(), 40)))


def is_denied(query: str, match: re.Match[str]) -> bool:
    """Whether a format is what the answer is not to have."""
    return bool(_DENIED.search(before(query, match.start(), 50)))


def _is_in_question(query: str, match: re.Match[str]) -> bool:
    begin = max((stop.end() for stop in _SENTENCE_END.finditer(query, 0, match.start())), default=0)
    end = _SENTENCE_END.search(query, match.end())
    return bool(end and end.group() in "?？" and _QUESTION.match(query[begin : end.end()]))

"""Passages to set in italics or bold, and how many there are in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from penmark.requirements.asides import is_denied
from penmark.requirements.bounds import EN_AMOUNT, read_bounds
from penmark.requirements.finding import Bounds, Finding, count_finding
from penmark.requirements.found import Found, before, clause_around, found, matches
from penmark.requirements.layout import at_least

_MARK = r"(?:highlight|itali[cs]i[sz]|bold|emphasi[sz])\w*"
_THINGS = (
    r"(?:\w+\s+){0,3}?(?:sections?|parts?|phrases?|(?:key)?words|points?|pieces?|sentences?|texts?|of (?:your|the))\b"
)
_PASSAGES = (
    r"(?:\w+\s+){0,2}?(?:sections?|parts?|phrases?|passages?|(?:key)?words?|sentences?|terms?|texts?|titles?|names?|lines|points?|"
    r"pieces?|ideas|areas|portions)\b"
)
_SET = (
    r"(?:highlighted|italici[sz]ed|bolded|emphasi[sz]ed|(?:in )?(?:bold(?:face)?|italics?)|"
    r"(?:with|by|between|in) (?:\w+ )?asterisks?)\b"
)
HIGHLIGHTS = (
    re.compile(rf"\b{_MARK}[^.\n]{{0,25}}?{EN_AMOUNT}\s+{_THINGS}(?P<after>)", re.I),
    re.compile(
        rf"{EN_AMOUNT}\s+(?:\w+\s+)?(?:italic(?:i[sz]ed)?|highlighted|bold(?:ed)?|emphasi[sz]ed)"
        rf"\s+(?:\w+\s+)?(?:sections?|parts?|phrases?|words?|texts?)(?P<after>)",
        re.I,
    ),
    re.compile(
        rf"{EN_AMOUNT}\s+(?:\w+\s+)?(?:sections?|parts?|phrases?)\b[^.\n]{{0,40}}\b(?:highlighted|"
        rf"italici[sz]ed|in (?:bold|italics))(?P<after>)",
        re.I,
    ),
    re.compile(rf"{EN_AMOUNT}\s+\*[^*\n]+\*(?P<after>)", re.I),
    # "Put at least 5 words in bold", "4 passages that you highlight", "six sections marked like *this*".
    re.compile(rf"{EN_AMOUNT}\s+{_PASSAGES}(?:(?!\band\b)[^.\n]){{0,30}}?\b{_SET}(?P<after>)", re.I),
    re.compile(rf"{EN_AMOUNT}\s+{_PASSAGES}\s+(?:that|which|you|to)\b[^.,\n]{{0,20}}\b{_MARK}(?P<after>)", re.I),
    re.compile(rf"{EN_AMOUNT}\s+{_PASSAGES}[^.\n]{{0,40}}?(?<!\*)\*[^*\s][^*\n]*\*(?!\*)(?P<after>)", re.I),
    re.compile(
        rf"(?:\*italics?\*|\*bold\*|\b(?:italics?|bold(?:face)?))\s+(?:for|on|in)\s+{EN_AMOUNT}\s+{_PASSAGES}(?P<after>)",
        re.I,
    ),
    re.compile(
        rf"\b{_MARK}\b(?![^.\n]*\b(?:capital|caps\b))[^.\n]{{0,70}}?{EN_AMOUNT}"
        rf"\s+(?!\w*\s*(?:asterisk|star|bullet|word|paragraph|placeholder))\w+(?P<after>)",
        re.I,
    ),
    # "Highlight the rivers, e.g. *Rhine*; there should be at least 4 of them."
    re.compile(
        rf"\b{_MARK}\b[^\n]{{0,90}}?{EN_AMOUNT}\s+(?:of (?:them|these|those)|(?:should|must) be {_SET}|"
        rf"{_MARK}\b)(?P<after>)",
        re.I,
    ),
)
# Some are to be set so, however many.
_SOME = re.compile(
    r"\b(?:italici[sz]e|(?:highlight|emphasi[sz]e|mark)\b(?![^.\n]*\b(?:capital|caps\b))[^.\n]{0,60}"
    r"(?:\bmarkdown\b|\bin (?:bold|italics)\b|asterisks?\b|(?<!\*)\*[^*\s][^*\n]*\*(?!\*))|"
    r"(?:use|in|with)\s+(?:\*italics?\*|italics)|"
    r"(?:highlighted|emphasi[sz]ed|italici[sz]ed) (?:text )?(?:sections?|parts?|phrases?|texts?|passages?)\b)",
    re.I,
)
_NOTHING = re.compile(r"\b(?:nothing|no|none|without|avoid\w*|neither|not|never)\b[^.,;]*$|n't\b[^.,;]*$", re.I)
_SHOWN = re.compile(r"(?<!\*)\*(?!\s)[^*\n]+\*(?!\*)")
_HIGHLIGHTING = re.compile(r"(?:highlight|itali|bold|emphasi)[^.]{0,40}$", re.I)
_TOLD = re.compile(
    r"[^.;\n]{0,40}(?:markdown, |highlight|\bi\.e\.? ?,? ?\*|italic|bold|of (?:the|your|this) (?:poem|answer))", re.I
)
_CUES = ("highlight", "italic", "italis", "bold", "emphas", "asterisk", "*")
_IN_CAPITALS = re.compile(r"\bwords?\b[^.\n]*\b(?:capital|caps\b)", re.I)
# What stars there are may part paragraphs, or be counted themselves.
_OTHER = re.compile(r"\*{3}|\b(?:separat|divid|divider|bullet|placeholder)", re.I)


def find_highlights(query: str) -> Iterator[Found]:
    """How many passages are to be in italics or bold.

    A number alone means at least as many; no number at least as many as the query shows, or one.
    """
    for pattern in HIGHLIGHTS:
        for match in matches(pattern, query, _CUES):
            bounds = read_bounds(query, match, bare_is_about=False)
            if bounds is not None and not _is_other(query, match):
                yield found("format", "highlights", at_least(bounds).arguments(), match)
                return
    some = next((m for m in matches(_SOME, query, _CUES) if not _is_other(query, m) and not _is_denied(query, m)), None)
    if some:
        shown = {example.group() for example in _SHOWN.finditer(clause_around(query, some.start(), some.end()))}
        yield found("format", "highlights", {"least": max(1, len(shown))}, some)


def _is_other(query: str, match: re.Match[str]) -> bool:
    """Whether words highlight by being in capitals, or the stars are for something else."""
    clause = clause_around(query, match.start(), match.end())
    return bool(_IN_CAPITALS.search(clause) or _OTHER.search(match.group()))


def _is_denied(query: str, match: re.Match[str]) -> bool:
    return is_denied(query, match) or bool(_NOTHING.search(before(query, match.start(), 40)))


def is_highlighted(query: str, match: re.Match[str], demands: Sequence[Found]) -> bool:
    """Whether what is counted here are passages to highlight, and not words, sentences or sections of the text.

    Args:
        query: the text that was searched.
        match: of an amount pattern, with what is counted as its group `unit`.
        demands: what `find_highlights` finds in the query.
    """
    if any(demand.start <= match.start() and match.end() <= demand.end for demand in demands):
        return True
    return match["unit"].lower().startswith(("section", "part")) and bool(
        _HIGHLIGHTING.search(query[max(0, match.start() - 40) : match.start()])
        or _TOLD.match(query[match.end() : match.end() + 60])
    )


def check_highlights(text: str, arguments: Mapping[str, object]) -> Finding:
    """Whether as many passages as demanded are in italics or bold (*so*, **so** or _so_)."""
    bold = re.findall(r"\*\*[^\n*]*[^\s*][^\n*]*\*\*", text)
    rest = re.sub(r"\*\*[^\n*]*\*\*", " ", text)
    italic = re.findall(r"(?<![*\w])\*(?! )[^\n*]+?\*(?!\*)|(?<![_\w])_(?! )[^\n_]+?_(?![_\w])", rest)
    return count_finding(len(bold) + len(italic), "highlighted passages", Bounds.of(arguments))

"""Capital letters: none, all, or a number of words in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from penmark.requirements.asides import is_aside, is_denied
from penmark.requirements.bounds import EN_AFTER, EN_AMOUNT, read_bounds
from penmark.requirements.finding import Bounds, Finding, count_finding, yes_or_no
from penmark.requirements.found import Found, clause_around, found

_CAPITAL_WORDS = (
    r"words?[^.,\n]{0,40}?(?:all[- ]?cap|capital letters|capitalized|in caps)|"
    r"(?:all[- ]?caps?|capitali[sz]ed|stress)[- ]words?|words in all[- ]cap"
)
MENTIONS_CAPITAL_WORDS = re.compile(_CAPITAL_WORDS, re.I)
_TIMES = re.compile(
    rf"{EN_AMOUNT}\s*(?P<unit>(?:such\s+)?(?:capitali[sz]ed\s+|all[- ]caps?\s+)?(?:words?|times)){EN_AFTER}", re.I
)
# "The number of words in capital letters should be less than four."
_NUMBER_OF = re.compile(
    rf"number of words\b[^.\n]{{0,40}}?\b(?:capital|caps)\w*(?: letters)?[^.\n]{{0,24}}?\b(?:to|"
    rf"be|is)\s+{EN_AMOUNT}(?P<after>)",
    re.I,
)
_SOME = re.compile(r"\b(?:use|include|add)\b(?:\s+\w+){0,2}\s+words\b", re.I)
LOWERCASE = re.compile(
    r"\bno(?:t a single)? letters?\b[^.\n]{0,40}\bcapitali[sz]ed|"
    r"lower[- ]?cases?|(?:\bno|without|not?\b[^.\n]{0,30}\bany)"
    r"\b[^.\n]{0,20}capital(?:ized)? letters|capital letters are (?:not|n't) allowed|"
    r"\b(?:no|without|avoid(?:ing)?|never use|(?:not|n't) use|refrain from(?: using)?) "
    r"(?:capitals|capital letters)\b(?! (?:for|in|at|to)\b)|"
    r"全(?:部)?(?:用|为)?小写|小写字母",
    re.I,
)
_NO_LOWERCASE = re.compile(
    r"(?:\b(?:no|not|without|never|any|nothing|avoid\w*|refrain)\b|n't)[^.]{0,70}lower[- ]?case$", re.I
)
UPPERCASE = re.compile(
    r"\b(?:in|use|using|with|only)\s+(?:only\s+|all\s+)?(?:(?:all|full)[- ])?(?:English )?(?:capital(?:ized)? letters|"
    r"capitals|caps\b|upper[- ]?case)|\ball[- ](?:caps|capital letters|uppercase|capitali[sz]ed)|"
    r"(?:entire|whole|every letter|all letters|everything)\b[^.,;\n]{0,50}\b(?:be|is) (?:all )?capitali[sz]ed|"
    r"capitali[sz]e (?:every|all|each)(?: (?:of )?(?:your|the))? (?:letter|word)|"
    r"all (?:of the )?letters[^.\n]{0,40}(?:capitali[sz]ed|upper)|全(?:部)?(?:用|为)?大写|大写字母",
    re.I,
)
_WORD = re.compile(r"[^\W_]+(?:['’&-][^\W_]+)*")


def find_case(query: str) -> Iterator[Found]:
    """Demands about capital letters."""
    counted = MENTIONS_CAPITAL_WORDS.search(query)
    if counted:
        yield from _capital_words(query, counted)
        return
    lower, upper = (_demanded(pattern, query) for pattern in (LOWERCASE, UPPERCASE))
    if lower and _NO_LOWERCASE.search(query[max(0, lower.start() - 90) : lower.end()]):
        yield found("format", "uppercase", {}, upper or lower)
    elif lower:
        yield found("format", "lowercase", {}, lower)
    elif upper:
        yield found("format", "uppercase", {}, upper)


def _demanded(pattern: re.Pattern[str], query: str) -> re.Match[str] | None:
    """The first place where letters are demanded to be so, and not spoken about; "not in capitals" is lowercase."""
    return next((m for m in pattern.finditer(query) if not is_aside(query, m) and not _is_denied(query, m)), None)


def _is_denied(query: str, match: re.Match[str]) -> bool:
    return "lower" not in match.group().lower() and is_denied(query, match)


def _capital_words(query: str, mention: re.Match[str]) -> Iterator[Found]:
    """How many words are to be in capitals; "use some" is at least one."""
    bounds: list[Bounds] = []
    span = (mention.start(), mention.end())
    for match in (*_TIMES.finditer(query), *_NUMBER_OF.finditer(query)):
        clause = clause_around(query, match.start(), match.end()).lower()
        near = query[max(0, match.start() - 120) : match.end() + 60].lower()
        read = read_bounds(query, match, bare_is_about=False)
        if read is not None and (re.search(r"capital|caps|stress", clause) or re.search(r"capital|caps", near)):
            bounds.append(read)
            span = (min(span[0], match.start()), max(span[1], match.end()))
    least = next((b.least for b in bounds if b.least is not None), None)
    most = next((b.most for b in bounds if b.most is not None), None)
    if least is None and (_SOME.search(query) or most is None):
        least = 1
    yield Found(
        "format", found("format", "capital_words", Bounds(least=least, most=most).arguments(), mention).check, *span
    )


def check_lowercase(text: str, arguments: Mapping[str, object]) -> Finding:
    """Whether no letter is a capital."""
    capitals = [c for c in text if c.isupper()]
    return yes_or_no(not capitals, f"{len(capitals)} capital letters", len(capitals))


def check_uppercase(text: str, arguments: Mapping[str, object]) -> Finding:
    """Whether every letter that has a case is a capital; a text without such letters is not."""
    small = [c for c in text if c.islower()]
    has_capitals = any(c.isupper() for c in text)
    return yes_or_no(not small and has_capitals, f"{len(small)} lowercase letters", len(small))


def capital_words(text: str) -> int:
    """Number of words of which every letter is a capital: NASA, I, COVID-19; numbers alone are none."""
    return sum(1 for word in _WORD.findall(text) if word.isupper())


def check_capital_words(text: str, arguments: Mapping[str, object]) -> Finding:
    """Whether as many words as demanded are in capitals."""
    return count_finding(capital_words(text), "words in capitals", Bounds.of(arguments))

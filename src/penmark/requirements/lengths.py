"""How long a text is to be: words, characters, sentences, lines; and minutes and pages, which no rule can check.

A word is a word, and each CJK character is one (字数); a character is any visible one, punctuation included. A number
alone is a target ("a 500-word story" is about 500 words) for words, characters, minutes and pages, and exact for
sentences and lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from penmark.records import Check
from penmark.requirements.asides import is_aside, is_given
from penmark.requirements.bounds import EN_AFTER, EN_AMOUNT, ZH_AFTER, ZH_AMOUNT, read_bounds
from penmark.requirements.finding import Bounds, Finding, count_finding
from penmark.requirements.found import Found, matches
from penmark.requirements.highlights import find_highlights, is_highlighted
from penmark.requirements.numbers import read_number
from penmark.requirements.scopes import is_length, part_of
from penmark.text import count_chars, count_words, sentences

SMALL = ("sentences", "lines")  # units whose bare number is exact
_EN_UNIT = (
    r"(?P<unit>words?\b|(?:Chinese )?characters?\b"
    r"(?!\s+(?:named|who|from|with|in))|sentences?\b|lines?\b(?!\s+(?:break|of (?:text|dialogue)))|pages?\b|minutes?\b|"
    r"mins?\b|seconds?\b|hours?\b)"
)
EN_LENGTH = re.compile(
    rf"{EN_AMOUNT}[ \t-]*(?:(?:total|short|long|full|complete|simple|very|different|English)"
    rf"\s+){{0,2}}{_EN_UNIT}{EN_AFTER}",
    re.I,
)
# "The total number of words should be 250 or more."
EN_COUNTED = re.compile(
    rf"number of (?P<unit>words|sentences|characters|lines)\b[^.;\n]{{0,60}}?{EN_AMOUNT}{EN_AFTER}(?!\s*\w+s\b)", re.I
)
ZH_LENGTH = re.compile(
    rf"{ZH_AMOUNT}(?P<unit>个?(?:汉|中文|英文|文)?字(?![符体号迹幅典母数节段面形])|个?字符|个?(?:英文|英语)?单?词(?![语汇条典曲牌])|"
    rf"(?:个|句)?句(?:话|子)?(?![式型号])|行(?![业动为程走驶李])|页(?:纸)?|分钟|秒钟?|(?:个)?小时){ZH_AFTER}"
)
_UNIT_NAMES: tuple[tuple[str, str], ...] = (
    ("字符", "characters"), ("character", "characters"), ("字", "words"), ("词", "words"), ("word", "words"),
    ("句", "sentences"), ("sentence", "sentences"), ("行", "lines"), ("line", "lines"), ("页", "pages"),
    ("page", "pages"), ("分钟", "minutes"), ("min", "minutes"), ("秒", "seconds"), ("second", "seconds"),
    ("小时", "hours"), ("hour", "hours"),
)  # fmt: skip


def find_lengths(query: str) -> Iterator[Found]:
    """Every length that the query demands of the whole text or of its parts, of any unit."""
    unit_words = [word for word, _ in _UNIT_NAMES]
    highlights = list(find_highlights(query))
    for pattern in (EN_LENGTH, EN_COUNTED, ZH_LENGTH):
        is_chinese = pattern is ZH_LENGTH
        for match in matches(pattern, query, (word for word in unit_words if word.isascii() != is_chinese)):
            unit = next(name for word, name in _UNIT_NAMES if word in match["unit"].lower())
            bounds = read_bounds(query, match, bare_is_about=unit not in SMALL)
            if bounds is not None and is_length(query, match, unit) and not _is_none_to_write(query, match, highlights):
                yield Found("length", _check(query, match, unit, bounds), match.start(), match.end())


def _is_none_to_write(query: str, match: re.Match[str], highlights: Sequence[Found]) -> bool:
    """Whether it is the length of a text that is there, one that is spoken about, or so many words in bold."""
    return is_aside(query, match) or is_given(query, match) or is_highlighted(query, match, highlights)


def _check(query: str, match: re.Match[str], unit: str, bounds: Bounds) -> Check:
    if unit == "hours":
        bounds, unit = _in_minutes(match, bounds), "minutes"
    part = part_of(query, match)
    if part is None:
        return Check(unit, bounds.arguments())
    return Check("each", {"part": part, "unit": unit, **bounds.arguments()})


def _in_minutes(match: re.Match[str], bounds: Bounds) -> Bounds:
    low, high = read_number(match["low"]) or 0, read_number(match["high"] or "") or 0
    if match["high"]:
        return Bounds(least=round(60 * low), most=round(60 * high))
    minutes = {name: round(60 * low) for name in bounds.arguments()}
    return Bounds(**minutes)


def count_lines(text: str) -> int:
    """Number of lines with something on them."""
    return sum(1 for line in text.splitlines() if line.strip())


UNITS: Mapping[str, Callable[[str], int]] = {
    "words": count_words,
    "characters": count_chars,
    "sentences": lambda text: len(sentences(text)),
    "lines": count_lines,
}


def check_length(text: str, arguments: Mapping[str, object], unit: str) -> Finding:
    """Whether the text is as long as demanded, in this unit."""
    return count_finding(UNITS[unit](text), unit, Bounds.of(arguments))

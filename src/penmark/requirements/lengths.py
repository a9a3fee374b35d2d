"""How long a text is to be: words, characters, sentences, lines; and minutes and pages, which no rule can check.

A word is a word, and each CJK character is one (字数); a character is any visible one, punctuation included. A number
alone is a target ("a 500-word story" is about 500 words) for words, characters, minutes and pages, and exact for
sentences and lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from penmark.records import Check
from penmark.requirements.bounds import EN_AFTER, EN_AMOUNT, ZH_AFTER, ZH_AMOUNT, read_bounds
from penmark.requirements.finding import Bounds, Finding, count_finding
from penmark.requirements.found import Found, after, before
from penmark.text import count_chars, count_cjk, count_words, sentences

PART_NAMES = {  # what the part is called, and what `each` knows it as
    "paragraph": "paragraph", "sentence": "sentence", "line": "line", "bullet": "item", "bullet point": "item",
    "item": "item", "point": "item", "section": "section", "chapter": "section", "part": "section",
    "段": "paragraph", "自然段": "paragraph", "段落": "paragraph", "句": "sentence", "行": "line", "条": "item",
    "点": "item", "部分": "section", "章": "section", "节": "section", "章节": "section", "板块": "section",
}  # fmt: skip
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
    rf"number of (?P<unit>words|sentences|characters|lines)\b[^.;\n]{{0,40}}?{EN_AMOUNT}{EN_AFTER}(?!\s*\w+s\b)", re.I
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
_SPOKEN = re.compile(
    r"时长|口播|视频|短片|剧本|篇幅|演出|演讲|讲话|发言|致辞|播客|答辩|朗读|课堂|教案|讲稿|脚本|微课|阅读|总长|duration|\blong\b|length|speech|script|"
    r"video|lesson|class\b|presentation|report|read\b|course|podcast|talk|segment|sermon|lecture|narration|toast",
    re.I,
)
_PAGES = re.compile(
    r"控制|篇幅|长度|以内|内|不超过|最多|左右|length|within|exceed|at most|at least|no more|up to|about|-page", re.I
)
_CHARACTERS = re.compile(
    r"exceed|limit|within|under|up to|max|no more|less than|fewer than|at most|\blong\b|length|-|–|~| to |prefer", re.I
)
_CHANGE = re.compile(
    r"(?:increas|expand|extend|length|grow|reduc|cut|shorten|shrink)\w*\b[^.,;]{0,15}\bby\s*(?:about|around)?\s*$", re.I
)
_EN_EACH = re.compile(
    r"\b(?:each|every|per)\b(?:\s+(?:of (?:the|your)\s+)?(?:\w+\s+)?"
    r"(?P<part>bullet point|bullet|paragraph|sentence|line|item|point|section|chapter|part)s?\b)?",
    re.I,
)
_AMOUNT_SAID = re.compile(r"\d|\bwords?\b|字|分钟|全文|总|一共")  # what "each" is about has been said before
_EN_OF_PART = re.compile(
    r"\b(?:main|sub-?)\s?(?:slogan|title)|\b(?:sub)?title\b|headline|\bcaption|"
    r"\bfor the [\w\s]{0,24}(?:section|part|chapter)\b|\bapiece\b|\beach\b|\bper\b",
    re.I,
)
_ZH_EACH = re.compile(
    r"(?:每|各|单)(?:一|个|篇|则|封|张|幅|首|集|期|场|小)*(?P<part>自然段|段落|部分|章节|板块|[\u4e00-\u9fff])"
)
_ZH_HEADED = re.compile(
    r"^\s*(?:[一二三四五六七八九十]+、|\d+[.、)）]|[（(][一二三四五六七八九十\d]+[)）]|[-*•])(?![^\n]{0,20}(?:字数|篇幅|长度|"
    r"全文|总(?:字|长|计)))[^\n。，,；]{1,20}[（(]$"
)


def find_lengths(query: str) -> Iterator[Found]:
    """Every length that the query demands of the whole text or of its parts, of any unit."""
    for pattern in (EN_LENGTH, EN_COUNTED, ZH_LENGTH):
        for match in pattern.finditer(query):
            unit = next(name for word, name in _UNIT_NAMES if word in match["unit"].lower())
            bounds = read_bounds(query, match, bare_is_about=unit not in SMALL)
            if bounds is not None and _is_length(query, match, unit):
                yield Found("length", _check(query, match, unit, bounds), match.start(), match.end())


def _is_length(query: str, match: re.Match[str], unit: str) -> bool:
    """Whether the amount is about the text to write and not about something in it."""
    preceding, following = before(query, match.start(), 40), after(query, match.end(), 40)
    if _CHANGE.search(preceding) or (count_cjk(match["unit"]) and _is_aside(match, preceding)):
        return False
    told_by = {**_TOLD_BY, "characters": None if "字符" in match["unit"] else _CHARACTERS}.get(unit)
    if told_by is not None:
        return bool(told_by.search(f"{preceding}{match.group()}{following}"))
    return unit != "words" or "字" in match["unit"] or not _CAPITALS_AFTER.match(following)


def _is_aside(match: re.Match[str], preceding: str) -> bool:
    """Whether a Chinese amount with nothing around it belongs to the story: 一词, 五字, 一行, 斩成两段."""
    is_bounded = any(match[name] for name in (*_BOUNDING, "high", "inner", "after"))
    if is_bounded or match["unit"][0] in "页分秒" or match["unit"].endswith("小时"):
        return False
    has_digits = bool(re.search(r"[\d千百]", match["low"]) and re.search(r"\d", match["low"]))
    if "字" in match["unit"] or "词" in match["unit"]:
        return not (has_digits and "字" in match["unit"]) and not _ZH_LENGTH.search(preceding[-14:])
    return not _ZH_ASKED.search(preceding[-14:])


_BOUNDING = ("least", "most", "over", "under", "about", "exact")
_ZH_ASKED = re.compile(r"每|各|共|写|用|分为|分成|诗|控制|限|须|要求|篇幅|长度|全文")
_ZH_LENGTH = re.compile(r"字数|篇幅|长度|全文|控制|限")
_HOURS = re.compile(r"时长|总长|duration|\blasts?\b|\blong\b", re.I)
_TOLD_BY = {"minutes": _SPOKEN, "seconds": _SPOKEN, "hours": _HOURS, "pages": _PAGES}
_CAPITALS_AFTER = re.compile(r"[^.,;]{0,12}(?:all[- ]cap|capital|upper)", re.I)


def _check(query: str, match: re.Match[str], unit: str, bounds: Bounds) -> Check:
    if unit == "hours":
        bounds, unit = _in_minutes(match, bounds), "minutes"
    part = _part(query, match)
    if part is None:
        return Check(unit, bounds.arguments())
    return Check("each", {"part": part, "unit": unit, **bounds.arguments()})


def _in_minutes(match: re.Match[str], bounds: Bounds) -> Bounds:
    from penmark.requirements.numbers import read_number

    low, high = read_number(match["low"]) or 0, read_number(match["high"] or "") or 0
    if match["high"]:
        return Bounds(least=round(60 * low), most=round(60 * high))
    minutes = {name: round(60 * low) for name in bounds.arguments()}
    return Bounds(**minutes)


def _part(query: str, match: re.Match[str]) -> str | None:
    """Which part the length is about: a name that `each` knows, "" for another part, None for the whole."""
    preceding, following = before(query, match.start()), after(query, match.end(), 40)
    named = [
        m for p in (_EN_EACH, _ZH_EACH) for m in p.finditer(preceding) if not _AMOUNT_SAID.search(preceding, m.end())
    ]
    each = named[-1] if named else _EN_EACH.match(following.lstrip(" ,"))
    if each:
        return PART_NAMES.get((each["part"] or "").lower(), "")
    line = query[query.rfind("\n", 0, match.start()) + 1 : match.start()]
    near = preceding[-24:] if "," not in preceding[-24:] else preceding[preceding.rfind(",") :]
    is_part = _EN_OF_PART.search(near) or re.match(r"\s*(?:per|each|apiece|for the [\w\s]{0,24}section)\b", following)
    return "" if is_part or _ZH_HEADED.match(line) else None


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

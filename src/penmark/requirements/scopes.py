"""What an amount in a query is about: the text to write, a part of it, or nothing to do with its length."""

from __future__ import annotations

import re

from penmark.requirements.found import after, before
from penmark.text import count_cjk

PART_NAMES = {  # what the part is called, and what `each` knows it as
    "paragraph": "paragraph", "sentence": "sentence", "line": "line", "bullet": "item", "bullet point": "item",
    "item": "item", "point": "item", "section": "section", "chapter": "section", "part": "section",
    "段": "paragraph", "自然段": "paragraph", "段落": "paragraph", "句": "sentence", "行": "line", "条": "item",
    "点": "item", "部分": "section", "章": "section", "节": "section", "章节": "section", "板块": "section",
}  # fmt: skip
# Words near a number of minutes, pages or characters that make it the length of a text.
_SPOKEN = re.compile(
    r"时长|口播|视频|短片|剧本|篇幅|演出|演讲|讲话|发言|致辞|播客|答辩|朗读|课堂|教案|讲稿|脚本|微课|阅读|总长|duration|\blong\b|length|"
    r"speech|script|video|lesson|class\b|presentation|report|read\b|course|podcast|talk|segment|sermon|lecture|"
    r"narration|toast",
    re.I,
)
_HOURS = re.compile(r"时长|总长|duration|\blasts?\b|\blong\b", re.I)
_PAGES = re.compile(
    r"控制|篇幅|长度|以内|内|不超过|最多|左右|length|within|exceed|at most|at least|no more|up to|about|-page", re.I
)
_CHARACTERS = re.compile(
    r"exceed|limit|within|under|up to|max|no more|less than|fewer than|at most|\blong\b|length|-|–|~| to |prefer", re.I
)
_TOLD_BY = {"minutes": _SPOKEN, "seconds": _SPOKEN, "hours": _HOURS, "pages": _PAGES}
_CHANGE = re.compile(
    r"(?:increas|expand|extend|length|grow|reduc|cut|shorten|shrink)\w*\b[^.,;]{0,15}\bby\s*(?:about|around)?\s*$", re.I
)
_CAPITALS = re.compile(r"\bwords?\b[^.,;]{0,45}?\b(?:all[- ]cap|capital|upper|caps\b)", re.I)
# Where a number without any such word as "at least" is a demand all the same.
_BOUNDING = ("least", "most", "over", "under", "about", "exact")
_ZH_ASKED = re.compile(r"(?:每|各|共|分为|分成|控制|限|要求|全文|篇幅)[^，,、；;]{0,3}$|写(?:成|满|够)?$")
_ZH_LENGTH = re.compile(r"(?:字数|篇幅|长度|全文|控制|限)[^，,；;]{0,8}$")
_ZH_IN_SO_MANY = re.compile(r"(?<!先)(?<!再)用$")  # 用三句话概括, but not 先用一句话交代
_ZH_SAYING = re.compile(r"(?:话)?(?:来)?(?:概括|总结|介绍|回答|说明|描述|评价|概述|写)")
_THOSE = re.compile(r"\b(?:first|last|next|following|these|those|previous|above)\s*$", re.I)
_ONE_SENTENCE = re.compile(r"\b(?:in|exactly|only|just|write)\s*(?:a\s+)?$", re.I)
# Which part it is.
_EN_EACH = re.compile(
    r"\b(?:each|every|per)\b(?:\s+(?:of (?:the|your)\s+)?(?:\w+\s+)?"
    r"(?P<part>bullet point|bullet|paragraph|sentence|line|item|point|section|chapter|part)s?\b)?",
    re.I,
)
_AMOUNT_SAID = re.compile(r"\d|\bwords?\b|字|分钟|全文|总|一共")  # what "each" is about has been said before
_EN_OF_PART = re.compile(
    r"\b(?:main|sub-?)\s?(?:slogan|title)|\b(?:sub)?title\b|headline|\bcaption|\btogether\b|"
    r"\bfor the [\w\s]{0,24}(?:section|part|chapter)\b|\bapiece\b|\beach\b|\bper\b|"
    r"\bno \w+ (?:may|should|must|can|is to)\b|"
    r"\b(?:title|heading|headline|subject line|line|slogan|sentence|cue|caption|item|bullet|tagline|stanza|verse|"
    r"answer|greeting|phrase|name|question)s?\s+of\s*$|\b(?:final|last|first|opening|closing) (?:\w+ )?be\b",
    re.I,
)
_ALONE = re.compile(r"\b(?:alone|left out|excluding|not counting)\b", re.I)
_EN_OF_PART_AFTER = re.compile(r"\s*(?:per|each|apiece|for the [\w\s]{0,24}section)\b", re.I)
_ZH_OF_PART = re.compile(
    r"(?:开头|开篇|开场|中间|结尾|文末|末尾|引言|导语|导读|前言|摘要|简介|结语|结论|标题|题目|口号|小结|按语|评语部分)(?:部分|段|处)?"
    r"(?:用|写|控制在|为|约|：|:)?\s*$"
)
_OF_ALL = re.compile(
    r"\b(?:total(?:ing|ling|s)?|overall|altogether|whole|entire)\b[^.;]{0,16}$|(?:全文|总(?!结)|合计|共计)[^，。；]{0,6}$",
    re.I,
)
_ZH_OF_PART_AFTER = re.compile(r"(?:之?内)?的?(?:小|大|副)?(?:标题|题目|口号|题记|导语|关键词)")
_ZH_EACH = re.compile(
    r"(?:每|各|单)(?:一|个|篇|则|封|张|幅|首|集|期|场|小)*(?P<part>自然段|段落|部分|章节|板块|[\u4e00-\u9fff])"
)
_ZH_HEADED = re.compile(
    r"^\s*(?:[一二三四五六七八九十]+、|\d+[.、)）]|[（(][一二三四五六七八九十\d]+[)）]|[-*•])(?![^\n]{0,20}(?:字数|篇幅|长度|"
    r"全文|总(?:字|长|计)))[^\n。，,；]{1,20}[（(]$"
)


def is_length(query: str, match: re.Match[str], unit: str) -> bool:
    """Whether an amount is the length of something to write and not of something that is written about."""
    preceding, following = before(query, match.start(), 40), after(query, match.end(), 40)
    if _CHANGE.search(preceding):
        return False
    told_by = {**_TOLD_BY, "characters": None if "字符" in match["unit"] else _CHARACTERS}.get(unit)
    if told_by is not None:
        return bool(told_by.search(f"{preceding}{match.group()}{following}"))
    if any(match[name] for name in (*_BOUNDING, "high", "inner", "after")):
        return unit != "words" or "字" in match["unit"] or not _CAPITALS.search(f"{match.group()}{following}")
    return (
        _is_asked_chinese(match, preceding, following)
        if count_cjk(match["unit"])
        else _is_asked(match, preceding, unit)
    )


def _is_asked(match: re.Match[str], preceding: str, unit: str) -> bool:
    """Whether a number alone is a demand: "one sentence" often is a part of the text, "the first four" always are."""
    if _THOSE.search(preceding) or (unit == "words" and _CAPITALS.search(match.group())):
        return False
    return unit != "sentences" or match["low"].lower() not in ("one", "1") or bool(_ONE_SENTENCE.search(preceding))


def _is_asked_chinese(match: re.Match[str], preceding: str, following: str) -> bool:
    """Whether a number alone is a demand: 一词, 五字, 一行, 先用一句话交代 belong to the story."""
    if match["unit"][0] in "页分秒" or match["unit"].endswith("小时"):
        return True
    if "字" in match["unit"] or "词" in match["unit"]:
        has_digits = bool(re.search(r"\d", match["low"]))
        return (has_digits and "字" in match["unit"]) or bool(_ZH_LENGTH.search(preceding[-14:]))
    if _ZH_IN_SO_MANY.search(preceding) and _ZH_SAYING.match(following):
        return True
    return bool(_ZH_ASKED.search(preceding))


def part_of(query: str, match: re.Match[str]) -> str | None:
    """Which part the length is about: a name that `each` knows, "" for another part, None for the whole."""
    preceding, following = before(query, match.start()), after(query, match.end(), 40)
    if _OF_ALL.search(preceding):
        return None
    if _ZH_OF_PART_AFTER.match(following) or _ZH_OF_PART.search(preceding):
        return ""
    named = [
        m for p in (_EN_EACH, _ZH_EACH) for m in p.finditer(preceding) if not _AMOUNT_SAID.search(preceding, m.end())
    ]
    each = named[-1] if named else _EN_EACH.match(following.lstrip(" ,"))
    if each:
        return PART_NAMES.get((each["part"] or "").lower(), "")
    line = query[query.rfind("\n", 0, match.start()) + 1 : match.start()]
    near = preceding[-28:] if "," not in preceding[-28:] else preceding[preceding.rfind(",") :]
    is_part = _EN_OF_PART.search(near) or _ALONE.search(preceding) or _EN_OF_PART_AFTER.match(following)
    return "" if is_part or _ZH_HEADED.match(line) else None

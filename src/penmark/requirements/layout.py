"""Lists, headings, tables, JSON, emphasis, titles and placeholders."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from penmark.requirements.asides import is_aside, is_denied
from penmark.requirements.bounds import EN_AFTER, EN_AMOUNT, ZH_AFTER, ZH_AMOUNT, read_bounds
from penmark.requirements.finding import Bounds, Finding, count_finding, yes_or_no
from penmark.requirements.found import Found, before, found, matches
from penmark.requirements.headings import count_bullets, count_items, count_numbered, headings

BULLETS = (
    re.compile(rf"{EN_AMOUNT}\s+(?:[\w*-]+\s+){{0,3}}?bullet(?:ed|s)?(?:[- ]?points?|\s+items?)?\b{EN_AFTER}", re.I),
    re.compile(rf"{EN_AMOUNT}\s+\w+(?:[^.\n]{{0,50}}?)(?:markdown )?bullet points(?P<after>)", re.I),
    re.compile(rf"{ZH_AMOUNT}(?:个|条)(?:项目符号|要点列表|列表项){ZH_AFTER}"),
)
ITEMS = (
    re.compile(
        rf"\b(?:list|name|enumerate|a list of|list out)\s+(?:me\s+)?{EN_AMOUNT}\s+(?:\w+\s+){{0,2}}?"
        rf"(?:items?|points?|tips|reasons|steps|ideas|examples|suggestions|questions|facts|ways|rules|benefits)\b(?P<after>)",
        re.I,
    ),
    re.compile(rf"(?:列出|列举|列|罗列|归纳出?|总结出?|提出|给出)\s*{ZH_AMOUNT}(?:条|点|项)(?![件目款例]){ZH_AFTER}"),
)
PLACEHOLDERS = (
    re.compile(rf"{EN_AMOUNT}\s+(?:\w+\s+){{0,2}}?placeholders?\b{EN_AFTER}", re.I),
    re.compile(rf"{ZH_AMOUNT}(?:个|处)?占位符{ZH_AFTER}"),
)
_JSON = re.compile(
    r"\bJSON\b[^.\n]{0,12}\b(?:format|block|object|code|output|content)|\b(?:in|as|valid|a|"
    r"wrap\w*[^.\n]{0,40})\s*(?:valid\s+)?JSON\b|JSON\s?格式",
    re.I,
)
_TITLE = re.compile(r"<<[^<>\n]*>>|double angular brackets?|double angle brackets?", re.I)
_TABLE = re.compile(
    r"\b(?:in|as|with|include|create|using|make)\s+(?:an?\s+)?(?:\w+\s+)?table\b(?! of contents)"
    r"|\btable format\b|表格(?:形式|的形式|方式)|(?:用|以|使用|制作|包含)(?:一个)?表格",
    re.I,
)
_HEADINGS = re.compile(
    r"\b(?:with|use|using|clear|include|have|under)\s+(?:\w+\s+){0,2}?(?:sub)?head(?:ing|er)s\b|"
    r"\bsubheadings\b|小标题|分标题|各级标题",
    re.I,
)
_HEADING_COUNT = re.compile(rf"{EN_AMOUNT}\s+(?:\w+\s+)?(?:sub)?headings?\b{EN_AFTER}", re.I)
_NO_HEADINGS = re.compile(r"\b(?:no|not|without|never)\b|n't\b|(?:不|无|勿|没有|别)[^，。；,;超多少]{0,3}$", re.I)
_NUMBERED = re.compile(
    r"\bnumbered (?:list|items|points|steps)|\bas a numbered\b|编号列表|(?:分步骤|逐条|按序号)编号|有序列表", re.I
)
ONE = Bounds(least=1, most=1)
_NEEDED = {
    "items": ("list", "name", "enumerate", "条", "点", "项"),
    "bullets": ("bullet", "项目符号", "列表"),
    "placeholders": ("placeholder", "占位符"),
    "headings": ("heading",),
}


def find_layout(query: str) -> Iterator[Found]:
    """Demands about how the text is laid out."""
    counted = {"bullets": BULLETS, "items": ITEMS, "placeholders": PLACEHOLDERS}
    for name, patterns in counted.items():
        yield from _first_count(query, patterns, name)
    for name, pattern in (
        ("json", _JSON),
        ("title", _TITLE),
        ("table", _TABLE),
        ("numbered", _NUMBERED),
    ):
        match = next((m for m in pattern.finditer(query) if not is_aside(query, m) and not is_denied(query, m)), None)
        if match:
            yield found("format", name, {"least": 1} if name == "numbered" else {}, match)
    yield from _headings(query)


def _headings(query: str) -> Iterator[Found]:
    """So many headings, some, or none."""
    match = _HEADINGS.search(query)
    if match and _NO_HEADINGS.search(f"{before(query, match.start(), 12)}{match.group().removesuffix('标题')}"):
        yield found("format", "headings", {"most": 0}, match)
        return
    counted = next(_first_count(query, (_HEADING_COUNT,), "headings"), None)
    if counted:
        yield counted
    elif match:
        yield found("format", "headings", {"least": 1}, match)


def _first_count(query: str, patterns: Sequence[re.Pattern[str]], name: str) -> Iterator[Found]:
    """The first amount that a pattern finds; all but bullets are "at least" where only a number stands."""
    for pattern in patterns:
        for match in matches(pattern, query, _NEEDED[name]):
            bounds = read_bounds(query, match, bare_is_about=False)
            if bounds is not None and not (name == "items" and bounds == ONE):  # "List one suggestion."
                kept = bounds if name in ("bullets", "items", "headings") else at_least(bounds)
                yield found("format", name, kept.arguments(), match)
                return


def at_least(bounds: Bounds) -> Bounds:
    """The bounds without an upper end, where they have a lower one."""
    return Bounds(least=bounds.least) if bounds.least is not None else bounds


def check_bullets(text: str, arguments: Mapping[str, object]) -> Finding:
    """Whether there are as many bulleted items as demanded."""
    return count_finding(count_bullets(text), "bullet points", Bounds.of(arguments))


def check_numbered(text: str, arguments: Mapping[str, object]) -> Finding:
    """Whether there are as many numbered items as demanded."""
    return count_finding(count_numbered(text), "numbered items", Bounds.of(arguments))


def check_items(text: str, arguments: Mapping[str, object]) -> Finding:
    """Whether there are as many items as demanded: of lists, or lines with a number."""
    return count_finding(count_items(text), "items", Bounds.of(arguments))


def check_headings(text: str, arguments: Mapping[str, object]) -> Finding:
    """Whether there are as many headings as demanded, of any level."""
    return count_finding(len(headings(text)), "headings", Bounds.of(arguments))


def check_placeholders(text: str, arguments: Mapping[str, object]) -> Finding:
    """Whether there are as many [placeholders] as demanded; links and tick boxes are none."""
    count = len(re.findall(r"\[(?![ xX]?\])[^\[\]\n]+\](?!\()", text))
    return count_finding(count, "placeholders", Bounds.of(arguments))


def check_json(text: str, arguments: Mapping[str, object]) -> Finding:
    """Whether the text is one JSON value, bare or in one code fence."""
    stripped = text.strip()
    fenced = re.fullmatch(r"(```+|~~~+)\w*\s*\n?(.*?)\n?\s*\1", stripped, re.S)
    try:
        json.loads(fenced.group(2) if fenced else stripped)
    except (ValueError, RecursionError) as error:
        return yes_or_no(False, f"the text is not JSON: {error}")
    return yes_or_no(True, "the text is JSON")


def check_title(text: str, arguments: Mapping[str, object]) -> Finding:
    """Whether a title stands in <<double angular brackets>>."""
    title = re.search(r"<<[^\n<>]*\w[^\n<>]*>>", text)
    return yes_or_no(
        title is not None, f"the title is {title.group()}" if title else "no <<title>>", title and title.group()
    )


def check_table(text: str, arguments: Mapping[str, object]) -> Finding:
    """Whether there is a table: two Markdown rows that follow each other, or an HTML one."""
    is_met = bool(re.search(r"^[ \t]*\|.+\|[ \t]*\n[ \t]*\|.+\|", text, re.M) or re.search(r"<table\b", text, re.I))
    return yes_or_no(is_met, "there is a table" if is_met else "no table")

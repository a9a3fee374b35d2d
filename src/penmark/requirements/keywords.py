"""Words and letters that a text is to have, to leave out, or to have so many times.

Words are matched whole and without regard to case; Chinese ones wherever they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from penmark.requirements.bounds import EN_AFTER, EN_AMOUNT, read_bounds
from penmark.requirements.finding import Bounds, Finding, count_finding
from penmark.requirements.found import Found, after, before, found, matches
from penmark.requirements.layout import at_least
from penmark.requirements.numbers import EN_NUMBER, ZH_NUMBER, read_number
from penmark.text import count_cjk

_QUOTED = r"[\"“”'‘「『]\s?[^\"“”'‘’「」『』\n]{1,60}?[\"“”'’」』]"
_BARE = (
    r"(?!(?:for|in|with|that|or|and|before|after|should|must|from|to|of|are|is|be|limit|count|"
    r"long|short|which|as|by|the|"
    r"you|your|on|at|into|per|each|it|when|where|about|so|other|than|can|do|will|may|there|this|"
    r"no|not|such|like|altogether|total|only|all|every|any|left|used|whose|who|have|has|from)\b)[A-Za-z][\w-]*"
)
_JOIN = r"(?:\s*[,;]\s*(?:and\s+|or\s+|&\s*)?|\s+(?:and|or)\s+|\s*[、，和与或]\s*)"
QUOTED_LIST = rf"\[?\s*{_QUOTED}(?:(?:{_JOIN}|\s*){_QUOTED})*\s*\]?"
# After a colon: words with commas or semicolons between them, up to the end of the sentence.
_COMMA = r"\s*[,;]\s*(?:and\s+|or\s+|&\s*)?"
_PLAIN = r"[A-Za-z][\w'-]*"
_PLAIN_LIST = rf"{_PLAIN}(?:{_COMMA}{_PLAIN}(?:\s+[\w'-]+)?|\s+(?:and|or)\s+{_PLAIN})*(?=\s*(?:[.!?\n]|$))"
_BARE_LIST = (
    rf"{_BARE}(?:{_JOIN}{_BARE})*(?=\s*(?:[.;:!?\n)]|$|\b(?:in|should|must|can|cannot|at|"
    rf"throughout|appear|to|does|is|are|less|more|once|twice|for|within|anywhere|out)\w*\b))|"
    rf"{_BARE}"
)
MENTION = re.compile(
    rf"\b(?:key ?)?(?:words?|terms?|phrases?)\b(?:\s+(?:such as|like))?\s*:?\s*(?P<list>{QUOTED_LIST}|{_BARE_LIST})",
    re.I,
)
_ITEMS = re.compile(
    rf"\b(?:includ\w+|mention\w*|us(?:e|ing)|contain\w*)\s+(?:all\s+(?:of\s+)?)?(?:these|"
    rf"the following)\s+(?:\w+\s+)?(?:items|names|words|keywords|terms)"
    rf"\s*:\s*(?P<list>{QUOTED_LIST}|{_BARE_LIST})",
    re.I,
)
# "Keywords to include: ...", "the following words are not allowed: ...".
_LISTED = re.compile(
    rf"\b(?P<said>(?:key ?)?(?:words?|terms?|phrases)\b[^.:;\n\"“”]{{0,40}}):\s*(?P<list>{QUOTED_LIST}|{_PLAIN_LIST})",
    re.I,
)
# "It should mention "salt" and "sea"": words in quotation marks without being called words.
_NAMED = re.compile(
    r"(?:\b(?:should|must|has to|have to|needs? to|to)\s+(?:mention|contain|include)|"
    r"\b(?:mention|contain|include)\s+both|(?:^|[.!?\n]\s*|\band\s+)(?:please\s+)?mention|"
    r"\b(?:mention|contain|include|use)\s+the\s+(?:line|name|expression|saying))"
    rf"\s+(?:both\s+|all of\s+)?(?P<list>{QUOTED_LIST})",
    re.I,
)
_APPEARING = re.compile(
    rf"(?P<list>{QUOTED_LIST})\s+(?:both\s+|all\s+)?(?:(?:must|should|have to|has to)\s+)?"
    rf"(?:appear|be included|be mentioned)\b",
    re.I,
)
_LEFT_OUT = re.compile(
    rf"(?:\b(?:do|does|must|should|can|to|may)\s?(?:not|n[o']t)|n't|cannot|never|\bavoid(?:ing)?|"
    rf"\bwithout|refrain from|\bnot)\s+"
    rf"(?:(?:ever|even|to|please)\s+)?(?:includ|us|say|mention|contain|writ|hav)\w*\s+(?P<list>{QUOTED_LIST})",
    re.I,
)
ZH_MENTION = re.compile(
    rf"(?P<verb>(?:不(?:要|能|得|可|许|应)?|避免|禁止|切勿|勿)?(?:再|直接)?(?:包含|包括|使用|出现|用到|用上|用|提到|提及|加入|含有|运用|"
    rf"嵌入|写))(?:到|上|了)?(?:以下|下列|这些|这个|这)?(?:[一二两三四五六七八九十\d]+个)?"
    rf"(?:关键)?(?:词|词语|词汇|字|字眼|短语|成语)?(?:语|汇)?\s*[:：为]?\s*(?P<list>{QUOTED_LIST})"
    rf"(?P<noun>(?:等)?(?:这|两|三|几|一|个)*(?:关键)?(?:词|字|短语|成语))?"
)
_TIMES = re.compile(
    rf"(?:(?P<least>at (?:the )?least|no (?:less|fewer) than|minimum of)|(?P<most>at most|"
    rf"no more than|up to|max(?:imum)?(?: of)?)|(?P<over>more than|over)|"
    rf"(?P<under>less than|fewer than|under)|(?P<exact>exactly))?\s*(?P<count>once|twice|"
    rf"(?:(?P<from>{EN_NUMBER})\s*(?:-|–|to|or|and)\s*)?(?P<number>{EN_NUMBER})"
    rf"\s+(?:or (?P<inner>more|less|fewer)\s+)?(?:different\s+)?times?)"
    rf"(?P<after>\s+or (?:more|less|fewer))?",
    re.I,
)
_ZH_TIMES = re.compile(
    rf"(?:(?P<least>至少|不少于|最少)|(?P<most>至多|最多|不超过|不多于))?(?:要|须|需)?(?:出现|使用|提到|"
    rf"用)?(?P<count>{ZH_NUMBER})(?:次|回|遍)(?P<after>以上|以下|以内)?"
)
_NOT_BEFORE = re.compile(
    r"(?:\b(?:not|never|avoid\w*|without|refrain|exclud\w*|omit\w*|no|forbid\w*|cannot|"
    r"leave out|leaving out|stay away from|banned|taboo|skip|ban|drop)\b|n't\b)[^.,;]{0,45}$|\bkeep\s+(?:the\s+)?$",
    re.I,
)
_NOT_AFTER = re.compile(
    r"^(?:(?!\band\b|\bbut\b)[^.,;]){0,24}(?:\b(?:not|never|cannot|forbidden|banned|out of)\b|n't\b)", re.I
)
_AT_AN_EDGE = re.compile(
    r"\b(?:start|begin|open|end|finish|conclud|clos|following|mark)\w*\b[^.;]{0,40}$|"
    r"\bone of\b(?![^.;]*\b(?:should|must|has to|needs to)\s)[^.;]{0,40}$|\b(?:after|before|than)\s+(?:the\s+)?$",
    re.I,
)
# What makes a word without quotation marks the word that is meant: not "300 words describing".
_NAMES_A_WORD = re.compile(r"\b(?:the|these|following|exact|this|a|any|no)\s+(?:key ?)?(?:word|term|phra)|\bkey", re.I)
_WANTED = re.compile(
    r"\b(?:includ|us(?:e|es|ing)\b|contain|mention|incorporat|featur|add|have\b|has\b|with\b|keyword|insert)\w*", re.I
)
_WANTED_AFTER = re.compile(r"^\W*(?:\w+\s+){0,2}?(?:appear|be (?:used|included|in)|(?:is|are) (?:used|included))", re.I)
_FORBIDDEN = re.compile(
    r"\b(?:not|never|avoid\w*|without|exclud\w*|forbid\w*|forbidden|banned|taboo|omit\w*|cannot|no|leave out|stay away|"
    r"refrain)\b|n't\b",
    re.I,
)
_CHOICE = re.compile(r"\bone of\b|\beither\b|\bchoose\b|\boptions\b|\bpick\b|\bselect\b", re.I)
_TOPIC = re.compile(r"\b(?:rhym\w*|meaning|mean|definition|origin|history|etymology|synonyms?)\b[^.,;]{0,24}$", re.I)
_ON_A_THING = re.compile(
    r"\s*(?:(?:is |was )?(?:written|printed|painted|tattooed|carved|engraved|embroidered)|"
    r"on (?:his|her|their|its|a|the) (?!page|text|answer|response|essay|letter|poem|title))\b",
    re.I,
)
_TIMES_FIRST = re.compile(
    r"(?:^|[.;]\s*)(?P<times>(?:at least|at most|exactly)\s[\w ]{1,20}?times?|twice),?\s+"
    r"(?:use|mention|include|say)\b[^.]*$",
    re.I,
)
LETTER = re.compile(r"\bletter\s+[\"'“‘]?(?P<letter>[A-Za-z])\b[\"'”’]?", re.I)
_SIGNS = re.compile(rf"{EN_AMOUNT}\s+(?P<sign>hash ?tags|(?:exclamation|question) (?:marks?|points?)){EN_AFTER}", re.I)
_SIGN_OF = {"h": "#", "e": "!", "q": "?"}


def find_keywords(query: str) -> Iterator[Found]:
    """Demands about words and letters."""
    spans: list[tuple[int, int]] = []
    for pattern in (_LISTED, MENTION, _ITEMS, _LEFT_OUT, _NAMED, _APPEARING):
        for match in pattern.finditer(query):
            if any(start < match.end("list") and match.start("list") < end for start, end in spans):
                continue
            demands = list(_demands_of(query, match, pattern))
            if demands:
                spans.append(match.span("list"))
            yield from demands
    yield from _chinese(query)
    yield from _letters(query)


def _demands_of(query: str, match: re.Match[str], pattern: re.Pattern[str]) -> Iterator[Found]:
    """What one pattern's match says; see `_word_demands` for what stands around a list."""
    if pattern is _LISTED:
        yield from _listed(match, f"{before(query, match.start(), 60)}{match['said']}")
    elif pattern not in (_NAMED, _APPEARING) or all(_is_word(item) for item in _items(match["list"])):
        is_wanted = pattern in (_ITEMS, _NAMED, _APPEARING)
        yield from _word_demands(query, match, is_left_out=pattern is _LEFT_OUT, is_wanted=is_wanted)


def _listed(match: re.Match[str], said: str) -> Iterator[Found]:
    """Words after a colon: wanted or not, as what is said before it tells."""
    if _FORBIDDEN.search(said):
        yield found("content", "excludes", {"words": _items(match["list"])}, match)
    elif _WANTED.search(said) and not _CHOICE.search(said) and _TIMES.search(said) is None:
        yield found("content", "includes", {"words": _items(match["list"])}, match)


def _is_word(item: str) -> bool:
    """Whether it is a word or two, and not a sentence, a sign or a placeholder."""
    return bool(re.fullmatch(r"[^\W\d_][\w'’-]*(?: [\w'’-]+){0,2}", item))


def _word_demands(query: str, match: re.Match[str], *, is_left_out: bool, is_wanted: bool) -> Iterator[Found]:
    words = _items(match["list"])
    preceding, following = before(query, match.start(), 60), after(query, match.end(), 70)
    is_named = match["list"].lstrip("[ ")[0] in "\"“”'‘「『" or _NAMES_A_WORD.search(f"{preceding}{match.group()[:4]}")
    if _AT_AN_EDGE.search(preceding) or not (is_named or is_wanted) or _is_told_of(preceding, following):
        return
    bounds = None if is_left_out else _times(following, preceding) or _times_before(preceding)
    if bounds is not None:
        yield from (_amount(word, bounds, match) for word in words)
    elif is_left_out or _NOT_BEFORE.search(preceding) or _NOT_AFTER.search(following):
        yield found("content", "excludes", {"words": words}, match)
    elif is_wanted or _WANTED.search(f"{preceding}{match.group()[:8]}") or _WANTED_AFTER.search(following):
        yield found("content", "includes", {"words": words}, match)


def _is_told_of(preceding: str, following: str) -> bool:
    """Whether the word is the query's topic, or stands on something in it."""
    return bool(_TOPIC.search(preceding) or _ON_A_THING.match(following))


def _times_before(preceding: str) -> Bounds | None:
    """How many times, where a clause opens with that: "at least five times, use the word ..."."""
    match = _TIMES_FIRST.search(preceding)
    return _times(match["times"]) if match else None


def _amount(word: str, bounds: Bounds, match: re.Match[str]) -> Found:
    """So many mentions of a word; at least one is to include it, at most none to leave it out."""
    if bounds == Bounds(least=1):
        return found("content", "includes", {"words": [word]}, match)
    if bounds == Bounds(most=0):
        return found("content", "excludes", {"words": [word]}, match)
    return found("content", "mentions", {"word": word, **bounds.arguments()}, match)


def _items(text: str) -> list[str]:
    """The words of a list, quoted or not, in lower case."""
    quoted = re.findall(_QUOTED, text)
    words = [item[1:-1] for item in quoted] if quoted else re.split(_JOIN, text)
    return [word.strip(" ,.").lower() for word in words if word.strip(" ,.")]


def _times(following: str, preceding: str = "") -> Bounds | None:
    """How many times, where the words that follow say so before another demand begins."""
    reach = re.split(r"\bwords?\b|\bletters?\b|\bkeywords?\b|,\s*(?:and|but)\b", following)[0]
    match = _TIMES.search(reach)
    if match is None:
        return None
    count = read_number(match["number"]) if match["number"] else {"once": 1.0, "twice": 2.0}[match["count"].lower()]
    start = read_number(match["from"]) if match["from"] else None
    if count is None:
        return None
    if start is not None:
        return Bounds(least=round(start), most=round(count))
    if match["over"] and _NOT_BEFORE.search(preceding):  # "Avoid the letter z more than twice."
        return Bounds(most=round(count))
    return _bounds_of(match, round(count), f"{match['inner'] or ''}{match['after'] or ''}".lower())


def _bounds_of(match: re.Match[str], count: int, said: str) -> Bounds:
    groups = match.groupdict()
    if groups.get("most") or re.search(r"less|fewer|以下|以内", said):
        return Bounds(most=count)
    if groups.get("under"):
        return Bounds(most=max(0, count - 1))
    if groups.get("exact"):
        return Bounds(least=count, most=count)
    return Bounds(least=count + 1 if groups.get("over") else count)


def _chinese(query: str) -> Iterator[Found]:
    for match in ZH_MENTION.finditer(query):
        has_noun = re.search(r"词|字|短语|成语", match.group().split(match["list"])[0]) or match["noun"]
        words, following = _items(match["list"]), after(query, match.end(), 24)
        times = _ZH_TIMES.search(following)
        is_left_out = bool(re.match(r"不|避免|禁止|切勿|勿", match["verb"]))
        count = read_number(times["count"]) if times else None
        if is_left_out:
            yield found("content", "excludes", {"words": words}, match)
        elif times and count:
            bounds = _bounds_of(times, round(count), times["after"] or "")
            yield from (_amount(word, bounds, match) for word in words)
        elif has_noun:
            yield found("content", "includes", {"words": words}, match)


def _letters(query: str) -> Iterator[Found]:
    named = list(LETTER.finditer(query))
    for match in named:
        preceding, following = before(query, match.start(), 50), after(query, match.end(), 60)
        bounds = _times(following, preceding)
        if bounds is None and len(named) == 1 and (_NOT_BEFORE.search(preceding) or _NOT_AFTER.search(following)):
            bounds = Bounds(most=0)
        if bounds is not None:
            yield found("content", "letters", {"letter": match["letter"].lower(), **bounds.arguments()}, match)
    for match in matches(_SIGNS, query, ("hash", "exclamation", "question m")):
        bounds = read_bounds(query, match, bare_is_about=False)
        if bounds is not None:
            sign = _SIGN_OF[match["sign"][0].lower()]
            yield found("content", "letters", {"letter": sign, **at_least(bounds).arguments()}, match)


def count_mentions(text: str, word: str) -> int:
    """How often a word or phrase stands in a text."""
    if count_cjk(word):
        return text.casefold().count(word.casefold())
    return len(re.findall(rf"(?<![\w]){re.escape(word)}(?![\w])", text, re.I))


def check_includes(text: str, arguments: Mapping[str, object]) -> Finding:
    """Whether every word is there."""
    missing = [word for word in _words(arguments) if not count_mentions(text, word)]
    told = f"missing: {', '.join(missing)}" if missing else "every word is there"
    return Finding(is_met=not missing, measured=None, distance=float(len(missing)), explanation=told)


def check_excludes(text: str, arguments: Mapping[str, object]) -> Finding:
    """Whether none of the words is there."""
    counts = {word: times for word in _words(arguments) if (times := count_mentions(text, word))}
    told = ", ".join(f"{word!r} {times}x" for word, times in counts.items()) or "none of the words is there"
    return Finding(is_met=not counts, measured=None, distance=float(sum(counts.values())), explanation=told)


def check_mentions(text: str, arguments: Mapping[str, object]) -> Finding:
    """Whether a word stands as often as demanded."""
    word = str(arguments["word"])
    return count_finding(count_mentions(text, word), f"times {word!r}", Bounds.of(arguments))


def check_letters(text: str, arguments: Mapping[str, object]) -> Finding:
    """Whether a letter or mark stands as often as demanded, capital or not."""
    letter = str(arguments["letter"])
    return count_finding(text.casefold().count(letter.casefold()), f"times {letter!r}", Bounds.of(arguments))


def check_no_commas(text: str, arguments: Mapping[str, object]) -> Finding:
    """Whether there is no comma, of any script."""
    commas = len(re.findall(r"[,，،﹐､]", text))
    return Finding(is_met=not commas, measured=commas, distance=float(commas), explanation=f"{commas} commas")


_NO_COMMAS = re.compile(
    r"\bcommas?\b (?:are|is|must|should|may)(?: not|n't)(?: be)? (?:allowed|permitted|used|included|appear)|"
    r"(?:\b(?:no|not|without|never|cannot|avoid\w*|refrain\w*|zero)\b|n't\b)[^.\n;]{0,60}?\bcommas?\b|"
    r"(?:不(?:要|能|得|可|许)?(?:使用|出现|用|含|含有|包含)|避免使用|无|没有)(?:任何)?逗号",
    re.I,
)


def find_no_commas(query: str) -> Iterator[Found]:
    """The demand to do without commas."""
    match = _NO_COMMAS.search(query)
    if match:
        yield found("style", "no_commas", {}, match)


def _words(arguments: Mapping[str, object]) -> Sequence[str]:
    words = arguments["words"]
    return [str(word) for word in words] if isinstance(words, list | tuple) else []

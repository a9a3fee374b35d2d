"""How a text is to begin and end, and what is to stand around it: quotation marks, a postscript, the request again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from penmark.requirements.finding import Finding, yes_or_no
from penmark.requirements.found import Found, found

_Q = r"[\"“”「『]"
_SAID = (
    rf"(?::?\s*{_Q}(?P<quoted>[^\"“”「」『』\n]+)[\"“”」』]|(?<=[\s:])'(?P<single>[^\"\n]+?)'(?!\w)|"
    rf":\s*(?P<plain>[^\n\"“”]+?)(?=\s*(?:\n|$)|(?<=[.?!])\s))"
)
ENDS = (
    re.compile(
        rf"\b(?:end(?:s|ing)?|finish(?:es|ing)?|conclud(?:e|es|ing)|clos(?:e|ing))"
        rf"\b[^.\n\"“”:]{{0,60}}?\bwith\b[^\"“”\n:.]{{0,50}}?{_SAID}",
        re.I,
    ),
    re.compile(
        rf"\b(?:very\s+)?(?:last|final|end)\b[^.\n\"“”:]{{0,60}}(?:should|must|has to|needs to)"
        rf"\s+(?:be|read)\b[^\"“”\n:]{{0,30}}{_SAID}",
        re.I,
    ),
    re.compile(
        r"以\s*[“\"「『](?P<quoted>[^”\"」』\n]+)[”\"」』](?P<single>)(?P<plain>)\s*(?:作为|为)?(?:结尾|结束|收尾|收束|作结|结句)"
    ),
    re.compile(
        r"(?:最后一句|结尾|末句|末尾)(?:话)?(?:必须|须|要|应)?(?:为|是|写|用)\s*[:：]?\s*[“\"「『](?P<quoted>[^”\"」』\n]+)"
        r"[”\"」』](?P<single>)(?P<plain>)"
    ),
    re.compile(
        r"(?i:\b(?:end|finish|conclude)\b)[^.\n\"“”:]{0,40}\bwith (?:the|this)"
        r" (?:exact )?(?:phrase|sentence|question|words)\s+"
        r"(?P<quoted>)(?P<single>)(?P<plain>[A-Z][^\n\"“”]+?[.?!])(?=\s|$)"
    ),
)
STARTS = (
    re.compile(
        rf"(?:\b(?:response|answer|reply|essay|story|text|letter|email|poem|article|output|it)"
        rf"\b\s+(?:must|should|has to|needs to|is to)\s+(?:start|begin)|"
        rf"(?:^|[.\n]\s*)(?:please\s+)?(?:start|begin)\s+(?:your|the)\s+(?:entire\s+)?(?:response|"
        rf"answer|reply|essay|story|text|letter|email|poem|article))"
        rf"\s+with\b[^\"“”\n:.]{{0,40}}?{_SAID}",
        re.I,
    ),
    re.compile(
        r"以\s*[“\"「『](?P<quoted>[^”\"」』\n]+)[”\"」』](?P<single>)(?P<plain>)\s*(?:作为|为)?(?:开头|开篇|起首|首句|开始)"
    ),
    re.compile(
        r"(?:第一句|首句|开头)(?:话)?(?:必须|须|要|应)?(?:为|是|写|用)\s*[:：]?\s*[“\"「『](?P<quoted>[^”\"」』\n]+)"
        r"[”\"」』](?P<single>)(?P<plain>)"
    ),
)
_QUOTES = re.compile(
    r"double quot(?:ation|e)\w*|\b(?:wrap|put|enclos|surround)\w*[^.\n]{0,40}\b"
    r"(?:response|reply|answer|output|text|everything|whole|entire|essay|letter|email)"
    r"\b[^.\n]{0,30}\bquotation marks?|(?:用|以)双引号(?:括|包|引|框)",
    re.I,
)
_POSTSCRIPT = re.compile(r"\bpost ?script|\bP\.\s?(?:P\.\s?)?S\b|附言", re.I)
_PPS = re.compile(r"P\.\s?P\.\s?S", re.I)
_REPEAT = re.compile(
    r"(?<!not )(?<!n't )\brepl?eat(?:ing)?\b[^.\n]{0,60}?\b(?:requests?|sentences?|prompts?|"
    r"texts?|lines?|questions?|quer(?:y|ies)|instructions?|messages?|"
    r"paragraphs?|it|above|below|phrases?|tasks?|everything)\b|"
    r"\b(?:copy|restate|write out)\b[^.\n]{0,40}\b(?:request|prompt|question|sentence)"
    r"\b[^.\n]{0,40}(?:word for word|verbatim|exactly|unchanged)|(?:先|首先)?(?:原样|逐字|"
    r"完整)?重复(?:一遍)?(?:上述|上面|以上|下面|以下|该|这(?:个|段|句))",
    re.I,
)
_ABOUT_REPEATING = re.compile(
    r"\brepl?eat|\bdo not (?:say|output|add|change)|\bdon't (?:say|output|add)|\bbefore you (?:answer|respond)|重复",
    re.I,
)


def find_edges(query: str) -> Iterator[Found]:
    """Demands about the beginning, the end and what surrounds the text."""
    for name, patterns in (("ends_with", ENDS), ("starts_with", STARTS)):
        for match in (match for pattern in patterns for match in pattern.finditer(query)):
            if re.search(r"\b(?:start|beginn)ing\b", match.group(), re.I):
                continue
            text = (match["quoted"] or match["single"] or match["plain"] or "").strip()
            if len(text) > 1:
                yield found("format", name, {"text": text}, match)
                break
    quotes = _QUOTES.search(query)
    if quotes:
        yield found("format", "quoted", {}, quotes)
    postscript = _POSTSCRIPT.search(query)
    if postscript:
        yield found("format", "postscript", {"marker": "P.P.S" if _PPS.search(query) else "P.S."}, postscript)
    repeat = _REPEAT.search(query)
    if repeat:
        yield found("format", "repeats", {"text": _to_repeat(query, repeat)}, repeat)


def _to_repeat(query: str, repeat: re.Match[str]) -> str:
    """What is to be repeated: the lines that do not speak of repeating; else what stands before the words that do."""
    lines = query.split("\n")
    kept = [line for line in lines if not _ABOUT_REPEATING.search(line)]
    first = lines[0]
    if re.search(r"first line", repeat.group(), re.I):
        return first.strip()
    if any(line.strip() for line in kept):
        return "\n".join(kept).strip()
    begin = max((stop.end() for stop in re.finditer(r"[.!?。？！]\s", query[: repeat.start()])), default=0)
    return query[:begin].strip() or query.strip()


_TRIMMED = " \t\r\n*_~"


def _plain(text: str) -> str:
    return " ".join(text.split()).strip(_TRIMMED + "\"“”'‘’「」『』").casefold()


def check_ends_with(text: str, arguments: Mapping[str, object]) -> Finding:
    """Whether the text ends with these words; case, emphasis and closing quotation marks aside."""
    wanted = _plain(str(arguments["text"]))
    ending = _plain(text)[-max(40, len(wanted)) :]
    return yes_or_no(ending.endswith(wanted), f"the text ends {ending[-40:]!r}; wanted {wanted!r}", ending[-40:])


def check_starts_with(text: str, arguments: Mapping[str, object]) -> Finding:
    """Whether the text begins with these words; case, emphasis and opening quotation marks aside."""
    wanted = _plain(str(arguments["text"]))
    opening = _plain(text)[: max(40, len(wanted))]
    return yes_or_no(opening.startswith(wanted), f"the text begins {opening[:40]!r}; wanted {wanted!r}", opening[:40])


def check_quoted(text: str, arguments: Mapping[str, object]) -> Finding:
    """Whether the whole text stands between double quotation marks, straight or curved."""
    stripped = text.strip()
    is_met = len(stripped) > 1 and stripped[0] in '"“' and stripped[-1] in '"”'
    return yes_or_no(is_met, f"the text stands between {stripped[:1]!r} and {stripped[-1:]!r}")


def check_postscript(text: str, arguments: Mapping[str, object]) -> Finding:
    """Whether a line begins with the marker, such as "P.S."; points and spaces inside it are optional."""
    letters = [c for c in str(arguments["marker"]) if c.isalnum()]
    pattern = r"^[ \t*_>#(\"“]*" + r"\.?\s?".join(map(re.escape, letters)) + r"(?![A-Za-z])"
    is_met = bool(re.search(pattern, text, re.I | re.M) or ("附言" in str(arguments["marker"]) and "附言" in text))
    return yes_or_no(is_met, f"{'a' if is_met else 'no'} line begins with {arguments['marker']}")


def check_repeats(text: str, arguments: Mapping[str, object]) -> Finding:
    """Whether the text begins with these words unchanged; white space and case aside."""
    wanted, opening = " ".join(str(arguments["text"]).split()).casefold(), " ".join(text.split()).casefold()
    is_met = opening.startswith(wanted)
    return yes_or_no(is_met, "the request is repeated first" if is_met else f"the text begins {opening[:40]!r}")

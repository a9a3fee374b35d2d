"""Into how many parts a text is to be divided, how long each is to be, and how one of them begins.

Paragraphs are the blocks between blank lines, or the lines where no line is blank; a heading, a title in 《》 or <<>>
or a line of marks alone is none. Parts lie between separators such as ***. Sections stand under headings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from penmark.requirements.bounds import EN_AFTER, EN_AMOUNT, ZH_AFTER, ZH_AMOUNT, read_bounds
from penmark.requirements.finding import Bounds, Finding, count_finding, yes_or_no
from penmark.requirements.found import Found, clause_around, found, matches
from penmark.requirements.headings import headings, list_items, sections_under_headings
from penmark.requirements.highlights import find_highlights, is_highlighted
from penmark.requirements.lengths import UNITS
from penmark.requirements.markers import SIX, THREE, find_marked_sections, find_separated
from penmark.text import paragraphs as blocks
from penmark.text import sentences

_ADJECTIVES = (
    r"(?:(?:short|long|full|different|distinct|separate|main|clear|complete|well-\w+|key|"
    r"major|numbered|labeled)\s+){0,2}"
)
EN_PARAGRAPHS = re.compile(rf"{EN_AMOUNT}[ \t-]*{_ADJECTIVES}(?P<unit>paragraphs?|sections?|parts)\b{EN_AFTER}", re.I)
ZH_PARAGRAPHS = re.compile(rf"{ZH_AMOUNT}个?(?P<unit>自然段落?|段落|段(?=[，。；,;\n左以]|$)){ZH_AFTER}")
ZH_SECTIONS = re.compile(rf"{ZH_AMOUNT}(?:个|大)+(?P<unit>部分|板块|章节|小节|模块|章){ZH_AFTER}")
_ZH_DIVIDED = re.compile(r"分为|分成|包含|包括|按照?|须|需|共|由|写|】|、")
_NTH = (
    r"(?:(?:the\s+)?(?P<nth>\d+(?:st|nd|rd|th)|first|second|third|fourth|fifth|sixth|seventh|"
    r"eighth|ninth|tenth|last|final)"
    r"\s+paragraph|paragraph\s+(?P<number>\d+))"
)
_WORD = r"(?:the\s+)?(?:exact\s+)?(?:word\s+)?[\"“'‘]?(?P<word>[\w-]+)[\"”'’]?"
PARAGRAPH_START = (
    re.compile(
        rf"{_NTH}\s+(?:must|should|has to|needs to|is to|shall|will)?\s*(?:start|begin)s?\s+with\s+{_WORD}", re.I
    ),
    re.compile(rf"(?:start|begin)\s+{_NTH}\s+with\s+{_WORD}", re.I),
    re.compile(rf"first word (?:of|in) {_NTH}\s+(?:must|should|has to|needs to|is to)?\s*(?:be|is)\s+{_WORD}", re.I),
)
# A text that has these has more blocks than paragraphs, and no rule tells which are which.
_OTHER_PARTS = re.compile(r"\b(?:greeting|salutation|sign-?off|subject line|headline|(?<!no )heading|bullet)", re.I)
_ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"]
LAST = -1
MOST_TITLE_CHARS = 30
MOST_HEADING_CHARS = 240  # no heading is longer, so a text without a shorter block has none of its own
_TITLE_LINE = re.compile(r"\s*(?:《[^》]*》|<<.*>>|\W+)\s*")


def find_parts(query: str) -> Iterator[Found]:
    """How many paragraphs, sections or separated parts are demanded, and how a paragraph is to begin."""
    divided = SIX.search(query)
    if divided:
        yield found("format", "parts", {"separator": "******", "least": 2, "most": 2}, divided)
    starts = list(_paragraph_starts(query))
    marked = list(find_marked_sections(query))
    counted = [demand for demand in _english_counts(query) if not marked or demand.check.name != "sections"]
    yield from (*marked, *counted)
    if not counted:
        yield from find_separated(query)
    for pattern, name in ((ZH_PARAGRAPHS, "paragraphs"), (ZH_SECTIONS, "sections")):
        for match in matches(pattern, query, "段部板章节模"):
            bounds = read_bounds(query, match, bare_is_about=False)
            near = query[max(0, match.start() - (12 if name == "paragraphs" else 40)) : match.start()]
            is_demand = _ZH_DIVIDED.search(near) or match["least"] or match["most"]
            if bounds is not None and is_demand and query[max(0, match.start() - 1)] not in "第前后上下":
                yield found("format", name, bounds.arguments(), match)
    yield from starts


def _english_counts(query: str) -> Iterator[Found]:
    highlights = list(find_highlights(query))
    for match in matches(EN_PARAGRAPHS, query, ("paragraph", "section", "part")):
        bounds = read_bounds(query, match, bare_is_about=False)
        is_other = _is_of_a_source(query, match) or _is_one_of_several(query, match)
        if bounds is not None and not is_other and not is_highlighted(query, match, highlights):
            yield _english(query, match, bounds)


def _english(query: str, match: re.Match[str], bounds: Bounds) -> Found:
    is_paragraph = match["unit"].lower().startswith("paragraph")
    if THREE.search(query):
        return found("format", "parts", {"separator": "***", **bounds.arguments()}, match)
    if is_paragraph and _OTHER_PARTS.search(clause_around(query, match.start(), match.end())):
        return found("format", "body_paragraphs", bounds.arguments(), match)
    return found("format", "paragraphs" if is_paragraph else "sections", bounds.arguments(), match)


def _is_one_of_several(query: str, match: re.Match[str]) -> bool:
    """Whether "one paragraph" is one thing among others, or "the three paragraphs" are named before."""
    if re.search(r"\b(?:the|these|those|all|both)\s*$", query[: match.start()], re.I):
        return True
    is_bare = not any(match[name] for name in ("least", "most", "over", "under", "about", "exact", "high", "inner"))
    is_one = is_bare and match["low"].lower() in ("one", "1")
    return is_one and not re.search(r"\b(?:in|write|only|just|of|single)\s*$", query[: match.start()], re.I)


def _is_of_a_source(query: str, match: re.Match[str]) -> bool:
    """Whether it is said of a text that is there: "the two paragraphs above"."""
    return bool(re.match(r"\s+(?:above|below)\b", query[match.end() : match.end() + 10]))


def _paragraph_starts(query: str) -> Iterator[Found]:
    for pattern in PARAGRAPH_START:
        for match in matches(pattern, query, ["paragraph"]):
            number = int(match["number"]) if match["number"] else _ordinal(match["nth"].lower())
            if number == LAST and (total := re.search(rf"exactly {EN_AMOUNT}\s+paragraphs", query, re.I)):
                number = int(float(total["low"])) if total["low"].isdigit() else LAST
            yield found("format", "paragraph_start", {"paragraph": number, "word": match["word"].lower()}, match)


def _ordinal(text: str) -> int:
    if text in ("last", "final"):
        return LAST
    return _ORDINALS.index(text) + 1 if text in _ORDINALS else int(re.sub(r"\D", "", text))


def paragraphs(text: str) -> list[str]:
    """The text's paragraphs; titles, headings and lines of marks alone are none."""
    found_blocks = [block for block in blocks(text) if not _TITLE_LINE.fullmatch(block)]
    may_be_titles = any("\n" not in block and len(block) <= MOST_HEADING_CHARS for block in found_blocks)
    titles = set(headings(text)) if may_be_titles else set()
    kept = [block for block in found_blocks if "\n" in block or block.strip() not in titles]
    return kept[1:] if _opens_with_title(kept) else kept


def _opens_with_title(found_blocks: Sequence[str]) -> bool:
    """Whether the first block is a short line without a final mark, and the second at least twice as long."""
    if len(found_blocks) < 2 or "\n" in found_blocks[0]:
        return False
    title, body = found_blocks[0].strip(), found_blocks[1]
    return len(title) <= MOST_TITLE_CHARS and title[-1].isalnum() and len(body) >= 2 * len(title)


def parts(text: str, separator: str) -> list[str]:
    """What stands between separators that stand alone, between spaces or line ends; blank pieces are none."""
    return [piece for piece in re.split(rf"(?:^|(?<=\s)){re.escape(separator)}(?=\s|$)", text) if piece.strip()]


def check_parts(text: str, arguments: Mapping[str, object]) -> Finding:
    """Whether the separators make as many parts as demanded, no two alike."""
    pieces = parts(text, str(arguments["separator"]))
    finding = count_finding(len(pieces), f"parts between {arguments['separator']}", Bounds.of(arguments))
    if finding.is_met and len({piece.strip() for piece in pieces}) < len(pieces):
        return yes_or_no(False, "two parts are the same", len(pieces))
    return finding


def check_paragraphs(text: str, arguments: Mapping[str, object]) -> Finding:
    """Whether there are as many paragraphs as demanded."""
    return count_finding(len(paragraphs(text)), "paragraphs", Bounds.of(arguments))


def check_sections(text: str, arguments: Mapping[str, object]) -> Finding:
    """Whether there are as many sections as demanded: headings of the highest level that occurs more than once."""
    return count_finding(len(sections_under_headings(text)), "sections", Bounds.of(arguments))


def check_marked_sections(text: str, arguments: Mapping[str, object]) -> Finding:
    """Whether enough sections begin with the marker and a number, such as "SECTION 3"."""
    marker = re.escape(str(arguments["marker"]))
    count = len(re.findall(rf"(?<!\w){marker}\s+(?:\d+|[IVXLC]+|[A-Z]|\w+)\b(?=\W|$)", text, re.I | re.M))
    return count_finding(count, f"sections marked {arguments['marker']}", Bounds.of(arguments))


def check_paragraph_start(text: str, arguments: Mapping[str, object]) -> Finding:
    """Whether the paragraph of this number (-1 = the last) begins with the word."""
    number, word = arguments["paragraph"], str(arguments["word"])
    found_paragraphs = paragraphs(text)
    index = int(str(number)) - (1 if int(str(number)) > 0 else 0)
    if not -len(found_paragraphs) <= index < len(found_paragraphs):
        return yes_or_no(False, f"there is no paragraph {number}, only {len(found_paragraphs)}")
    opening = re.search(r"[\w'’-]+", found_paragraphs[index])
    first = opening.group() if opening else ""
    is_met = first.casefold() == word.casefold() or found_paragraphs[index].lstrip("\"'“‘*_ ").startswith(word)
    return yes_or_no(is_met, f"paragraph {number} begins with {first!r}; wanted {word!r}", first)


PIECES: Mapping[str, Callable[[str], list[str]]] = {
    "paragraph": paragraphs,
    "sentence": sentences,
    "line": lambda text: [line for line in text.splitlines() if line.strip()],
    "item": list_items,
    "section": lambda text: sections_under_headings(text) or paragraphs(text),
}


def check_each(text: str, arguments: Mapping[str, object]) -> Finding:
    """Whether every part is as long as demanded; the one that is furthest off is told."""
    part, unit, bounds = str(arguments["part"]), str(arguments["unit"]), Bounds.of(arguments)
    pieces = PIECES[part](text)
    if not pieces:
        return yes_or_no(False, f"there is no {part}")
    findings = [count_finding(UNITS[unit](piece), unit, bounds) for piece in pieces]
    worst = max(findings, key=lambda finding: finding.distance)
    missed = sum(not finding.is_met for finding in findings)
    told = f"{missed} of {len(pieces)} {part}s miss it; the furthest has {worst.explanation}"
    all_meet = f"each of {len(pieces)} {part}s has the length; wanted {bounds} {unit}"
    return Finding(
        is_met=not missed, measured=worst.measured, distance=worst.distance, explanation=told if missed else all_meet
    )

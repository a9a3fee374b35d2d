"""Cutting a text into paragraphs and sentences, in Chinese, English and a mix of both."""

import re
import unicodedata
from collections.abc import Iterator

from penmark.text.count import CJK

# Never end a sentence: a name, a number or an example follows.
LEADING_ABBREVIATION = re.compile(
    r"mrs?|ms|mx|dr|prof|st|mt|gen|col|capt|lt|sgt|maj|adm|rev|hon|sen|rep|gov|pres|messrs|"
    r"vs|e\.?g|i\.?e|cf|viz|approx|dept"
)
# Stand before a number and are ordinary words elsewhere.
NUMBERING_ABBREVIATION = re.compile(
    r"nos?|pp?|figs?|sec|ch|vol|eq|art|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec",
)
# May end a sentence, and do when a word that opens sentences comes next: initials, U.S., a.m., etc.
TRAILING_ABBREVIATION = re.compile(r"[a-z](?:\.[a-z])*|etc|inc|ltd|co|corp|jr|sr|al|ave|blvd|rd|ph\.d")
OPENING_WORD = re.compile(
    r"the|an?|he|she|it|we|they|you|i|this|that|these|those|there|his|her|its|our|their|my|in|on|at|by|for|from|to|as|"
    r"with|after|before|when|while|if|although|however|but|and|so|or|yet|then|thus|what|why|how|who|where"
)

STOP = re.compile(r"[.．。！？!?…｡؟۔।॥]+")
BREAKING = frozenset(
    {"Cc", "Cs", "Zl", "Zp"}
)  # Unicode categories: controls, lone surrogates, line and paragraph separators
FULL_STOPS = frozenset("。！？｡؟۔।॥")  # end a sentence without a space after them
DOTS = frozenset(".．…")
ASIDE_CLOSERS = frozenset("）)》〉】")
# Open and close with the same mark. Between two letters or digits it is an operator or part of a name.
PAIRED_MARK = re.compile(r'"|(?<![0-9A-Za-z])[*_]+|[*_]+(?![0-9A-Za-z])')
EMOJI = "\u2600-\u27bf\U0001f300-\U0001faff\ufe0f\u200d"
CLOSER = re.compile(rf"[”’」』﹂﹄）)】〕》〉\]}}'`~{EMOJI}]+|\[\^?\d{{1,3}}\]|{PAIRED_MARK.pattern}")
NEXT = re.compile(r"""(\s*)[“‘「『﹁﹃（(【〔《〈\[{"'`*_]*(\S?)""")
CONTINUATION = frozenset("，、；：,;:—–")
CJK_START = re.compile(f"[{CJK}]")
WORD_BEFORE = re.compile(r"(?:^|(?<=[^A-Za-z.]))[A-Za-z.]+$")
WORD_AFTER = re.compile(r"[A-Za-z]+(?![A-Za-z.])")

STANDALONE_LINE = re.compile(
    r"\s*(?:\#{1,6}\s|\||```|~~~|[-=*_]{3,}\s*$|(\*\*|__).+\1\s*$"  # heading, table row, fence, rule, bold title
    r"|[（(]?[一二三四五六七八九十]{1,3}[、．.）)]|第[一二三四五六七八九十百千零〇\d]{1,6}[章节回部分篇卷幕](?:[\s：:]|$))"
)
UNDIVIDED_LINE = re.compile(r"\s*(?:#{1,6}\s|\|)")  # heading, table row
UNWRAPPED_ENDS = ("：", ":", "】", "  ")  # a lead-in, a label, a Markdown line break
ITEM_MARK = re.compile(
    rf"\s*(?:[-*+•·●]\s+|[①-⑳]\s*|(?:\*\*|__)?(?:"  # a numbered title may be bold
    rf"\d{{1,3}}[.．)）、](?:\s+|(?=[{CJK}*“《（【]))|[（(]\d{{1,3}}[)）]|(?:[A-Za-z]|[IVX]{{1,5}})[.)]\s+))"
)


def paragraphs(text: str) -> list[str]:
    r"""Paragraphs of a text: its blocks between blank lines, or its lines where no line is blank.

    The second is common in Chinese. A line of white space only is blank, at the ends of the text it does not count.
    Every line ending is understood; inside a block it becomes "\n".

    No paragraph is empty or has white space at its ends, and together they hold every other character in order.
    """
    lines = text.strip().splitlines()
    has_blank_lines = any(not line.strip() for line in lines)
    if not has_blank_lines:
        return [line.strip() for line in lines]
    blocks: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            blocks[-1].append(line)
        elif blocks[-1]:
            blocks.append([])
    return ["\n".join(block).strip() for block in blocks]


def is_one_line(text: str) -> bool:
    """Whether a text has neither a line break nor a control or lone surrogate in it; spaces of every width may be."""
    return not any(unicodedata.category(character) in BREAKING for character in text)


def sentences(text: str) -> list[str]:
    """Sentences of a text, each with its final marks, closing quotes, brackets and emoji, and footnote numbers.

    A sentence ends at 。！？…… wherever they stand; at . ! ? ... only before white space or a CJK character and not
    after an abbreviation, an initial or before a word in lower case. An aside in brackets or a 《title？》 does not end
    the sentence around it. After a closing Chinese quote a new sentence begins, also where a speech tag (他说) follows.

    A sentence never runs across paragraphs. Headings and table rows are one sentence each, list items begin one;
    other line breaks inside a paragraph are taken for wrapping. Pieces without a word (a rule) are kept.

    No sentence is empty or has white space at its ends, and together they hold every other character in order.
    """
    return [
        piece.strip()
        for paragraph in paragraphs(text)
        for unit in _units(paragraph)
        for piece in _split_unit(unit)
        if piece.strip()
    ]


def _units(paragraph: str) -> Iterator[str]:
    """Parts of a paragraph that no sentence crosses: lines that stand alone, list items, running text."""
    unit: list[str] = []
    for line in paragraph.splitlines():
        is_standalone = bool(STANDALONE_LINE.match(line))
        if unit and (is_standalone or ITEM_MARK.match(line)):
            yield "\n".join(unit)
            unit = []
        unit.append(line)
        if is_standalone or line.endswith(UNWRAPPED_ENDS):
            yield "\n".join(unit)
            unit = []
    yield "\n".join(unit)


def _split_unit(unit: str) -> Iterator[str]:
    if UNDIVIDED_LINE.match(unit):
        yield unit
        return
    mark = ITEM_MARK.match(unit)
    text_start = mark.end() if mark else 0
    closing_marks = {m.start() for i, m in enumerate(PAIRED_MARK.finditer(unit, text_start)) if i % 2}
    start = 0
    for stop in STOP.finditer(unit, text_start):
        end = _closers_end(unit, stop.end(), closing_marks)
        if _is_boundary(unit, stop, end):
            yield unit[start:end]
            start = end
    yield unit[start:]


def _closers_end(unit: str, position: int, closing_marks: set[int]) -> int:
    """Position after the quotes, brackets, emphasis marks and footnote numbers that close at `position`."""
    while closer := CLOSER.match(unit, position):
        # A straight quote or an asterisk that opens belongs to the next sentence.
        if PAIRED_MARK.match(unit, position) and position not in closing_marks:
            break
        position = closer.end()
    return position


def _is_boundary(unit: str, stop: re.Match[str], end: int) -> bool:
    """Whether the sentence ends at `end`, after the marks of `stop` and what closes with them."""
    following = NEXT.match(unit, end)
    assert following is not None  # every part of the pattern may be empty
    gap, first = following.groups()
    if first in CONTINUATION or (not gap and _is_aside(unit, stop, end)):
        return False
    marks = stop.group()
    if not FULL_STOPS.isdisjoint(marks):
        return True
    if not gap and not CJK_START.match(first):
        return False
    is_dotted = DOTS.issuperset(marks)
    if first.islower() and (is_dotted or end > stop.end()):
        return False
    return not (marks == "." and _is_inner_point(unit, stop.start(), following))


def _is_aside(unit: str, stop: re.Match[str], end: int) -> bool:
    """Whether the marks sit in a remark (真的！) or a title 《你好吗？》 inside a longer sentence."""
    return end > stop.end() and unit[end - 1] in ASIDE_CLOSERS and "。" not in stop.group()


def _is_inner_point(unit: str, point: int, following: re.Match[str]) -> bool:
    """Whether the point at `point` belongs to a number, an abbreviation or an initial."""
    gap, first = following.groups()
    before = WORD_BEFORE.search(unit[max(0, point - 12) : point])
    if before is None:
        return not gap and unit[point - 1 : point].isdigit()
    word = before.group().lower()
    if LEADING_ABBREVIATION.fullmatch(word):
        return True
    if NUMBERING_ABBREVIATION.fullmatch(word):
        return first.isdigit()
    if not TRAILING_ABBREVIATION.fullmatch(word):
        return False
    after = WORD_AFTER.match(unit, following.start(2))
    return bool(first) and first.isascii() and (after is None or not OPENING_WORD.fullmatch(after.group().lower()))

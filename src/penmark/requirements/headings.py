"""Headings and list items of a text."""

from __future__ import annotations

import re
from itertools import pairwise

# Level of a heading by its mark: Markdown by its hashes, then the Chinese numbering and a bold line alone.
_MARKDOWN = re.compile(r"\s{0,3}(?P<hashes>#{1,6})\s+\S")
_ZH_LEVELS = (
    (re.compile(r"\s*(?:\*\*)?第[一二三四五六七八九十百\d]+[章节部分篇幕回]"), 1),
    (re.compile(r"\s*(?:\*\*)?[一二三四五六七八九十]{1,3}、"), 2),
    (re.compile(r"\s*(?:\*\*)?[（(][一二三四五六七八九十]{1,3}[）)]"), 3),
)
_BRACKETED = re.compile(r"\s*【[^】]{1,30}】\s*")
_BOLD_LINE = re.compile(r"\s*(?:\*\*|__)[^*_\n]{1,60}(?:\*\*|__)[：:]?\s*")
MOST_HEADING_CHARS = 40  # a numbered line that is longer, or ends as a sentence does, is prose
BULLET = re.compile(r"^[ \t]*(?P<mark>[-*+•·●])(?!\*)[ \t]+(?P<text>\S.*)$", re.M)
NUMBERED = re.compile(r"^[ \t]*(?:\*\*)?(?:\d{1,3}[.、)）]|[（(]\d{1,3}[）)]|[①-⑳])[ \t]*(?P<text>\S.*)$", re.M)


def heading_level(line: str) -> int:
    """1..6 for a heading, 7 for a bold line alone, 0 for a line that is none."""
    markdown = _MARKDOWN.match(line)
    if markdown:
        return len(markdown["hashes"])
    plain = line.strip().strip("*").strip()
    if len(plain) <= MOST_HEADING_CHARS and not plain.endswith(("。", "；", "，", ".", ";", ",")):
        for pattern, level in _ZH_LEVELS:
            if pattern.match(line):
                return level
    return 7 if _BOLD_LINE.fullmatch(line) or _BRACKETED.fullmatch(line) else 0


def is_heading(line: str) -> bool:
    """Whether a line is a heading."""
    return heading_level(line) > 0


def heading_lines(text: str) -> list[tuple[int, str]]:
    """(level, line) of every line of a text; level 0 where it is no heading.

    A short line without a final mark, right above a line of prose at least twice as long, is a heading of level 8.
    """
    lines = [*text.splitlines(), ""]
    return [(heading_level(line) or 8 * _is_plain_heading(line, below), line) for line, below in pairwise(lines)]


def _is_plain_heading(line: str, following: str) -> bool:
    plain, below = line.strip(), following.strip()
    if not plain or len(plain) > MOST_HEADING_CHARS or BULLET.match(line) or NUMBERED.match(line):
        return False
    is_open = plain[-1].isalnum() or plain[-1] in "?？）)》"
    return is_open and len(below) >= 2 * len(plain) and below.endswith(tuple('。！？.!?…”"'))


def heading_levels(text: str) -> list[int]:
    """Level of each heading, in order."""
    return [level for level, _ in heading_lines(text) if level]


def sections_under_headings(text: str) -> list[str]:
    """What stands under each heading of the highest level that occurs more than once; [] where none does.

    So the title above the sections of a text is none of them.
    """
    levels = heading_levels(text)
    repeated = [level for level in set(levels) if levels.count(level) > 1]
    if not repeated:
        return []
    top = min(repeated)
    found: list[list[str]] = []
    for level, line in heading_lines(text):
        if level == top:
            found.append([])
        elif found:
            found[-1].append(line)
    return ["\n".join(lines).strip() for lines in found]


def list_items(text: str) -> list[str]:
    """The items of the text's lists, bulleted and numbered, in order."""
    lines = (BULLET.match(line) or NUMBERED.match(line) for line in text.splitlines())
    return [match["text"] for match in lines if match]

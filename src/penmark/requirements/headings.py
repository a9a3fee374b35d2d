"""Headings and list items as requirements count them: those that `penmark.text.headings` tells, and two kinds more.

The two are a line such as 【测试目的】 and a short line without a final mark right above a line of prose at least twice
as long: a text that is asked for headings may have plain ones.
"""

from __future__ import annotations

import re
from itertools import pairwise

from penmark.text.headings import Block, blocks, unfenced

# Level of a heading without Markdown's #, by the kind of its mark; below any with.
_LEVELS = {"chapter": 7, "article": 7, "han": 8, "han_bracket": 9, "decimal": 10, "decimal_bracket": 11}
_OTHER_MARK, _PLAIN = 12, 13
_BRACKETED = re.compile(r"\s*【[^】]{1,30}】\s*")
MOST_PLAIN_CHARS = 40


def heading_lines(text: str) -> list[tuple[int, str]]:
    """(level, line) of every line of a text; level 0 where it is no heading, else the lower the higher it ranks."""
    lines = unfenced(text).splitlines()
    found = blocks(text)
    levels = {
        block.line: block.level or _LEVELS.get(block.mark, _OTHER_MARK) for block in found if block.kind == "heading"
    }
    prose = {block.line for block in found if block.kind == "prose" and not block.mark}
    return [
        (levels.get(number) or (_plain_level(line, below) if number in prose else 0), line)
        for number, (line, below) in enumerate(pairwise([*lines, ""]), start=1)
    ]


def _plain_level(line: str, below: str) -> int:
    plain, below = line.strip(), below.strip()
    if _BRACKETED.fullmatch(line):
        return _OTHER_MARK
    is_open = len(plain) <= MOST_PLAIN_CHARS and (plain[-1].isalnum() or plain[-1] in "?？）)》")
    return _PLAIN if is_open and len(below) >= 2 * len(plain) and below.endswith(tuple('。！？.!?…”"')) else 0


def headings(text: str) -> list[str]:
    """The lines that are headings."""
    return [line.strip() for level, line in heading_lines(text) if level]


def sections_under_headings(text: str) -> list[str]:
    """What stands under each heading of the highest level that occurs more than once; [] where none does.

    So the title above the sections of a text is none of them.
    """
    lines = heading_lines(text)
    levels = [level for level, _ in lines if level]
    repeated = [level for level in set(levels) if levels.count(level) > 1]
    if not repeated:
        return []
    found: list[list[str]] = []
    for level, line in lines:
        if level == min(repeated):
            found.append([])
        elif found:
            found[-1].append(line)
    return ["\n".join(part).strip() for part in found]


def list_items(text: str) -> list[str]:
    """The items of the text's lists, bulleted and numbered, in order."""
    return [block.text for block in blocks(text) if block.kind == "item"]


def count_bullets(text: str) -> int:
    """Number of bulleted items."""
    return sum(block.kind == "item" and block.mark == "bullet" for block in blocks(text))


def count_numbered(text: str) -> int:
    """Number of lines numbered 1. or (1): items, and titles with text below."""
    return sum(map(_is_numbered, blocks(text)))


def count_items(text: str) -> int:
    """Number of list items or, where there are more of them, of lines with a number (一、, 第一条, 1.)."""
    found = blocks(text)
    numbered = sum(bool(block.number) and "." not in block.number for block in found)
    return max(sum(block.kind == "item" for block in found), numbered)


def _is_numbered(block: Block) -> bool:
    return (
        block.kind in ("item", "heading") and block.mark in ("decimal", "decimal_bracket") and "." not in block.number
    )

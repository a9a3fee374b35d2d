"""The headings, list items and paragraphs of a text, in Chinese, English and a mix of both.

Kinds of heading, by the mark they open with: Markdown `#`..`######`; `第一章` and `Chapter 1`; `第一条`; `一、`;
`（一）`; `1.`, `1、` and `1.1`; `（1）`; a line all in bold; a bare number on a line of its own; a line such as 结语.
Markdown and bold may carry a number of another kind: `## 一、`, `**（一）**`.

A numbered line is a heading when it is short and ends like a title; `1.` and `（1）` only when running text follows,
not the next item, else it is a list item. `-`, `*` and `•` always open a list item.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from penmark.text.count import count_chars, count_cjk

Kind = Literal["heading", "item", "prose", "rule", "table", "fence"]
Mark = Literal[
    "", "markdown", "chapter", "article", "han", "han_bracket", "decimal", "decimal_bracket", "bold", "bare", "named",
    "bullet",
]  # fmt: skip
LONGEST_TITLE = 40  # visible characters, in Chinese
LETTERS_PER_HAN = 3  # how long the same is in English, roughly
_HAN = "[一二三四五六七八九十百零〇]{1,5}"
_NUMBERS: tuple[tuple[Mark, re.Pattern[str]], ...] = (
    (
        "chapter",
        re.compile(rf"第\s*({_HAN}|\d{{1,3}})\s*(?:章|(?:节|回|部分|篇|卷|编|幕|辑)(?=[\s：:、.]|$))[：:、.]?"),
    ),
    ("chapter", re.compile(r"(?:chapter|part|act|section)\s+(\d{1,3}|[ivxIVX]{1,6})\b[.:：]?", re.IGNORECASE)),
    ("article", re.compile(rf"第\s*({_HAN}|\d{{1,3}})\s*条[、：:.]?")),
    ("han", re.compile(rf"({_HAN})\s*[、．](?=\s*\S)|({_HAN})\.(?=\s*\S)")),
    ("han_bracket", re.compile(rf"[（(]\s*({_HAN})\s*[)）]、?(?=\s*\S)")),
    ("decimal_bracket", re.compile(r"[（(]\s*(\d{1,2})\s*[)）]、?(?=\s*\S)|(\d{1,2})[)）](?=\s*\S)")),
    ("decimal", re.compile(r"(\d{1,2}(?:\.\d{1,2}){0,3})(?:[.．、](?!\d)|(?<=\.\d)\s|(?<=\.\d\d)\s)(?=\s*\S)")),
)
_BARE = re.compile(rf"[（(]?\s*({_HAN}|\d{{1,2}}|[IVX]{{1,5}})\s*[)）]?[.、]?")
_MARKDOWN = re.compile(r"(#{1,6})(?:\s+|(?=[^\s#][^#]*$))(.*?)#*\s*")  # not the tag of #this# kind
_BOLD = re.compile(r"(\*\*|__)(?!\s)((?:(?!\1).)+)\1\s*[:：]?\s*")
_BULLET = re.compile(r"[-*+•·●▪◆]\s+(?=\S)")
_FENCE = re.compile(r"(`{3,}|~{3,})(.*)")
_WHOLE_LINES: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("fence", _FENCE),
    ("rule", re.compile(r"[-=*_—]{3,}|(?:[*_-]\s){2,}[*_-]")),
    ("table", re.compile(r"\|.*\|")),
)
_NAMED = re.compile(r"(?:结语|结束语|结尾|引言|前言|导言|序言|序|序幕|楔子|尾声|后记|附则|总则|结论|总结|小结)[:：]?")
_ENDS_A_SENTENCE = "。；;，,、.!！…"


@dataclass(frozen=True, slots=True)
class Block:
    """A line of the text that is not blank, or a whole fenced block.

    Attributes:
        kind: a heading, a list item, running text, a line across the page, a table row or a fenced block.
        text: without its mark.
        line: number of its first line, from 1.
        mark: the kind of its number or, where it has none, of its other mark; "" for plain text.
        number: what the number says, such as "三" or "1.2"; "" where there is none.
        level: number of `#`; 0 where there is none.
        indent: ASCII spaces before it; a tab is four.
        continues: it goes on with the list item above it.
    """

    kind: Kind
    text: str
    line: int
    mark: Mark = ""
    number: str = ""
    level: int = 0
    indent: int = 0
    continues: bool = False

    @property
    def length(self) -> int:
        """Visible characters."""
        return count_chars(self.text)


def blocks(text: str) -> list[Block]:
    """The blocks of a text, in its order. Of a text that is one fenced block, those inside the fence."""
    read = _read_lines(unfenced(text))
    return [_settled(read, at) for at in range(len(read))]


def unfenced(text: str) -> str:
    """The text without the fence around the whole of it, where there is one."""
    lines = text.strip().splitlines()
    if len(lines) < 3 or not (opened := _FENCE.fullmatch(lines[0].strip())):
        return text
    is_whole = lines[-1].strip() == opened[1] and not any(_FENCE.match(line.strip()) for line in lines[1:-1])
    return "\n".join(lines[1:-1]) if is_whole else text


def _read_lines(text: str) -> list[Block]:
    """Every line by its mark alone; what a numbered or bold line is, its neighbours say later."""
    found: list[Block] = []
    fence, in_item = "", False
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if fence:
            fence = "" if bare == fence else fence
            continue
        if not bare:
            continue
        if opened := _FENCE.match(bare):
            fence = opened[1]
        block = _read_line(bare, number, indent=_indent(line))
        if in_item and block.kind == "prose" and not block.mark and block.indent >= 2:
            block = replace(block, continues=True)
        in_item = block.kind == "item" or block.continues or (in_item and block.kind in {"fence", "table"})
        found.append(block)
    return found


def _indent(line: str) -> int:
    opening = line[: len(line) - len(line.lstrip(" \t"))]
    return len(opening.expandtabs(4))


def _read_line(bare: str, line: int, *, indent: int) -> Block:
    for kind, pattern in _WHOLE_LINES:
        if pattern.fullmatch(bare):
            return Block(kind, bare if kind == "table" else "", line, indent=indent)
    if (markdown := _MARKDOWN.fullmatch(bare)) and _is_title(markdown[2].strip(), most=2 * LONGEST_TITLE):
        mark, number, rest = _numbered(_unbold(markdown[2].strip())[0])
        return Block("heading", rest, line, mark or "markdown", number, len(markdown[1]), indent)
    if bullet := _BULLET.match(bare):
        return Block("item", bare[bullet.end() :], line, "bullet", indent=indent)
    return _read_text(bare, line, indent)


def _read_text(bare: str, line: int, indent: int) -> Block:
    """A line without a mark of Markdown, by the number it opens with."""
    inside, is_bold = _unbold(bare)
    mark, number, rest = _numbered(inside)
    if mark:
        return Block("prose", rest, line, mark, number, indent=indent)
    if bare_number := _BARE.fullmatch(inside):
        return Block("prose", "", line, "bare", bare_number[1], indent=indent)
    plain: Mark = "named" if _NAMED.fullmatch(inside) else "bold" if is_bold else ""
    return Block("prose", inside, line, plain, indent=indent)


def _numbered(text: str) -> tuple[Mark, str, str]:
    """(kind of number, number, rest) of a text that opens with one."""
    for mark, pattern in _NUMBERS:
        if found := pattern.match(text):
            rest = text[found.end() :].strip()
            return mark, next(group for group in found.groups() if group), _unbold(rest)[0]
    return "", "", text


def _unbold(text: str) -> tuple[str, bool]:
    """(text, whether all of it was in bold)."""
    bold = _BOLD.fullmatch(text)
    return (bold[2].strip(), True) if bold else (text, False)


def _is_title(text: str, *, most: int = LONGEST_TITLE) -> bool:
    """Whether it is short and ends like a title: no full stop, comma or semicolon. Letters take more room than Han."""
    room = most if count_cjk(text) else LETTERS_PER_HAN * most
    return bool(text) and text[-1] not in _ENDS_A_SENTENCE and count_chars(text) <= room


def _settled(read: Sequence[Block], at: int) -> Block:
    """The block, with what its neighbours make of it."""
    block = read[at]
    if block.kind != "prose" or block.continues:
        return block
    match block.mark:
        case "bare" | "named":
            return replace(block, kind="heading") if _is_followed(read, at) else replace(block, mark="")
        case "bold":
            return replace(block, kind="heading") if _is_title(block.text) and not _in_a_run(read, at) else block
        case "chapter" | "article" | "han" | "han_bracket":
            is_title = _is_title(block.text) or not block.text
            return replace(block, kind="heading") if is_title and _is_followed(read, at) else block
        case "decimal" | "decimal_bracket":
            if _is_title(block.text) and _is_followed_by_text(read, at):
                return replace(block, kind="heading")
            return block if "." in block.number else replace(block, kind="item")  # 3.14 opens no list
    return block


def _is_followed(read: Sequence[Block], at: int) -> bool:
    """Whether something stands below it that is no sibling with the same mark."""
    return at + 1 < len(read) and (read[at + 1].mark != read[at].mark or bool(read[at + 1].level))


def _is_followed_by_text(read: Sequence[Block], at: int) -> bool:
    """Whether running text stands below it: no item, no other number."""
    below = read[at + 1] if at + 1 < len(read) else None
    return below is not None and below.kind == "prose" and not below.mark and not below.continues


def _in_a_run(read: Sequence[Block], at: int) -> bool:
    """Whether it is one of three or more lines in bold one below the other: a letterhead, or emphasis."""
    is_bold = [block.mark == "bold" and block.kind == "prose" for block in read[max(0, at - 2) : at + 3]]
    return any(all(is_bold[start : start + 3]) for start in range(len(is_bold) - 2))

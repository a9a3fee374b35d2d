"""The same words with other dress: Markdown taken off or put on."""

from __future__ import annotations

import random
import re

from penmark.metaeval.perturbations.kind import Kind, Source
from penmark.metaeval.perturbations.pieces import Pieces, with_line_feeds

# Line marks first, then what stands inside a line; each leaves the words.
_MARKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^\s*(?:```|~~~).*$\n?", re.MULTILINE), ""),
    (re.compile(r"^\s*(?:[-*_]\s*){3,}$\n?", re.MULTILINE), ""),
    (re.compile(r"^\s*\|?(?:\s*:?-{3,}:?\s*\|)+\s*(?::?-{3,}:?\s*)?$\n?", re.MULTILINE), ""),
    (re.compile(r"^(\s*)(?:#{1,6}|>|[-*+])\s+", re.MULTILINE), r"\1"),
    (re.compile(r"^\s*\|(.*)\|\s*$", re.MULTILINE), r"\1"),
    (re.compile(r"!?\[([^\]\n]+)\]\([^)\n]*\)"), r"\1"),
    (re.compile(r"\*{1,3}(?=\S)([^*\n]+)(?<=\S)\*{1,3}"), r"\1"),
    (re.compile(r"(?<!\w)_{1,3}([^_\n]+)_{1,3}(?!\w)"), r"\1"),
    (re.compile(r"`([^`\n]+)`"), r"\1"),
)
_CLAUSE = re.compile(r"[^\s#>|*_`-][^，。！？；：,.!?;:\n*_`]{1,39}")
_DRESSED = re.compile(r"\s*(?:#{1,6}\s|[-*+>]\s|\||```|\d+[.、)])")
HEADINGS = {"en": "Part {}", "zh": "第{}部分"}
CHINESE_NUMBERS = "一二三四五六七八九十"
PARAGRAPHS_A_HEADING = 2


def strip(source: Source, rng: random.Random) -> str | None:
    """Without headings, bold, lists, rules, tables and code marks; None where there are none."""
    text = with_line_feeds(source.text)
    bare = text
    for pattern, words in _MARKS:
        bare = pattern.sub(words, bare)
    return None if bare == text or not bare.strip() else bare


def add(source: Source, rng: random.Random) -> str | None:
    """With a heading over every other paragraph, and the first clause of each in bold."""
    cut = Pieces.of(source.text, "paragraphs")
    plain = [i for i, paragraph in enumerate(cut.pieces) if not _DRESSED.match(paragraph)]
    if not plain:
        return None
    pieces = [_in_bold(piece) if i in plain else piece for i, piece in enumerate(cut.pieces)]
    headed = Pieces(cut.unit, pieces, cut.gaps, cut.end)
    places = plain[::PARAGRAPHS_A_HEADING]
    return headed.with_more((i, f"## {_heading(source, number)}") for number, i in enumerate(places, start=1))


def _heading(source: Source, number: int) -> str:
    in_chinese = source.language == "zh" and number <= len(CHINESE_NUMBERS)
    return HEADINGS[source.language].format(CHINESE_NUMBERS[number - 1] if in_chinese else number)


def _in_bold(paragraph: str) -> str:
    clause = _CLAUSE.match(paragraph)
    if clause is None or "**" in paragraph:
        return paragraph
    words = clause.group().rstrip()
    return f"**{words}**{paragraph[len(words) :]}"


KINDS = (
    Kind(
        name="strip-markdown", description="Markdown taken off, the words as they were", expected="stays", change=strip
    ),
    Kind(name="add-markdown", description="headings and bold put on", expected="does not rise", change=add),
)

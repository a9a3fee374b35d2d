"""Whether the headings of a text nest: no ladder upside down, no level skipped, no number out of order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from penmark.text.headings import Block, Mark

# From the outside in, as Chinese official documents have it; going from 一、 straight to 1. is allowed.
_RANKS: Mapping[Mark, int] = {"chapter": 0, "han": 1, "han_bracket": 2, "decimal": 3, "decimal_bracket": 4}
_COUNTED: tuple[Mark, ...] = ("chapter", "article", "han", "han_bracket")
_DIGITS = {digit: value for value, digit in enumerate("〇一二三四五六七八九")} | {"零": 0}


def ladders(headings: Sequence[Block]) -> list[list[Block]]:
    """For each heading those it stands below, the outermost first, then itself.

    A kind that was seen before stands where it stood last; a new one stands below what is above it.
    """
    found, ladder, places = [], list[Block](), dict[tuple[Mark, int, int], int]()
    for heading in headings:
        kind = heading.mark, heading.level, heading.number.count(".")
        ladder = [*_climbed(ladder, heading, places.get(kind)), heading]
        places[kind] = len(ladder) - 1
        found.append(ladder)
    return found


def paragraphs_below(blocks: Sequence[Block], headings: Sequence[Block]) -> list[int]:
    """Paragraphs directly below each heading, without those that only stand over other headings."""
    starts, counts = {heading.line: at for at, heading in enumerate(headings)}, [0] * len(headings)
    at = -1
    for block in blocks:
        at = starts.get(block.line, at)
        if at >= 0:
            counts[at] += block.kind == "prose"
    levels = [len(ladder) for ladder in ladders(headings)]
    is_parent = [below > above for above, below in pairwise(levels)] + [False]
    return [count for count, parent in zip(counts, is_parent, strict=False) if not parent]


def upside_down(headings: Sequence[Block]) -> list[str]:
    """Where a heading stands below one that its number ranks it above or beside, in words."""
    return [
        f"line {ladder[-1].line}: {_shown(ladder[-1])} below {_shown(ladder[-2])}"
        for ladder in ladders(headings)
        if len(ladder) > 1 and _outranks(*ladder[-2:])
    ]


def skipped(headings: Sequence[Block]) -> list[str]:
    """Where Markdown goes down by more than one level, in words."""
    marked = [heading for heading in headings if heading.level]
    return [
        f"line {below.line}: from {'#' * above.level} to {'#' * below.level}"
        for above, below in pairwise(marked)
        if below.level > above.level + 1
    ]


def miscounted(blocks: Sequence[Block]) -> list[str]:
    """Where the numbers of sections neither go on nor begin again, in words; list items are not looked at."""
    return [slip for mark in _COUNTED for slip in _miscounted([b for b in blocks if b.mark == mark and b.number])]


def _miscounted(numbered: Sequence[Block]) -> Iterator[str]:
    last = 0
    for block in numbered:
        number = counted(block.number)
        if number not in {1, last + 1}:
            yield f"line {block.line}: {block.number} after {last or 'nothing'}"
        last = number


def counted(number: str) -> int:
    """The value of a number such as "12", "十二" or "IV"; of another, 1."""
    if number.isdecimal():
        return int(number)
    roman = {"I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6, "VII": 7, "VIII": 8, "IX": 9, "X": 10}
    if number.upper() in roman:
        return roman[number.upper()]
    hundreds, _, rest = number.rpartition("百")
    tens, ten, ones = rest.rpartition("十")
    value = 100 * _DIGITS.get(hundreds or "〇", 1) + (10 * _DIGITS.get(tens[-1:] or "一", 1) if ten else 0)
    return value + sum(_DIGITS.get(digit, 0) for digit in ones[-1:])


def _climbed(ladder: Sequence[Block], heading: Block, place: int | None) -> list[Block]:
    """The headings that stand above this one: those before its kind, or before one of its level."""
    level = next((at for at, above in enumerate(ladder) if heading.level and above.level >= heading.level), len(ladder))
    return list(ladder[: level if place is None else min(level, place)])


def _outranks(above: Block, heading: Block) -> bool:
    outer, inner = _RANKS.get(above.mark), _RANKS.get(heading.mark)
    if outer is None or inner is None:
        return False
    return inner < outer or (inner == outer and heading.mark in _COUNTED)


def _shown(heading: Block) -> str:
    return f"{'#' * heading.level + ' ' if heading.level else ''}{heading.number or heading.mark} {heading.text[:12]!r}"

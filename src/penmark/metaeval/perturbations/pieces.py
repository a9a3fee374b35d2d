"""A text as sentences or paragraphs with what stands between them, so that it can be put together in another way."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from penmark.text import language, paragraphs, sentences

Unit = Literal["sentences", "paragraphs"]
MARKED_LINE = re.compile(r"#{1,6}\s|[-*+>|]\s?|\d+[.、)]|```")  # a heading, an item, a row: it keeps its own line


@dataclass(frozen=True, slots=True)
class Pieces:
    """A text cut up.

    Attributes:
        pieces: without white space at their ends.
        gaps: the white space before each piece.
        end: the white space after the last one.
    """

    unit: Unit
    pieces: Sequence[str]
    gaps: Sequence[str]
    end: str

    @classmethod
    def of(cls, text: str, unit: Unit) -> Pieces:
        r"""The text cut into sentences or paragraphs; line endings become "\n"."""
        text = with_line_feeds(text)
        pieces = sentences(text) if unit == "sentences" else paragraphs(text)
        gaps, at = [], 0
        for piece in pieces:
            start = text.index(piece, at)
            gaps.append(text[at:start])
            at = start + len(piece)
        return cls(unit, pieces, gaps, text[at:])

    def __len__(self) -> int:
        return len(self.pieces)

    def permuted(self, order: Sequence[int]) -> str:
        """The pieces in another order; the gaps stay where they are."""
        return "".join(gap + self.pieces[i] for gap, i in zip(self.gaps, order, strict=True)) + self.end

    def kept(self, numbers: Collection[int]) -> str:
        """The pieces with these numbers; what parted them parts them still, also where a piece between is gone."""
        parts: list[str] = []
        widest = ""
        for i, piece in enumerate(self.pieces):
            widest = max(widest, self.gaps[i], key=lambda gap: (gap.count("\n"), len(gap)))
            if i in numbers:
                parts.append((widest if parts else "") + piece)
                widest = ""
        return "".join(parts) + self.end

    def with_more(self, added: Iterable[tuple[int, str]]) -> str:
        """The text with more pieces, each before the piece of that number, or at the end."""
        before: dict[int, list[str]] = {}
        for place, piece in added:
            before.setdefault(place, []).append(piece)
        out = last = ""
        for i in range(len(self) + 1):
            own = [self.pieces[i]] if i < len(self) else []
            for piece in (*before.get(i, ()), *own):
                is_own = bool(own) and piece is own[0]
                gap = self.gaps[i] if is_own and (i not in before or "\n" in self.gaps[i]) else self._gap(last, piece)
                out += (gap if last or is_own else "") + piece
                last = piece
        return out + self.end

    def _gap(self, last: str, piece: str) -> str:
        """What stands between two pieces that were not neighbours."""
        if self.unit == "paragraphs":
            return self.gaps[1] if len(self) > 1 else "\n\n"
        if MARKED_LINE.match(last) or MARKED_LINE.match(piece):
            return "\n"
        return "" if language(piece) == "zh" else " "


def with_line_feeds(text: str) -> str:
    r"""The text with every line ending as "\n"."""
    return "\n".join([*text.splitlines(), ""] if text != text.rstrip("\r\n") else text.splitlines())

"""How much of a text stands in lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from penmark.text.headings import Block


@dataclass(frozen=True)
class Lists:
    """The list items of a text.

    Attributes:
        items: how many there are; table rows count.
        bullets: how many of them have no number.
        runs: how many lists they make.
        share: of the characters outside headings, 0..1.
    """

    items: int
    bullets: int
    runs: int
    share: float


def lists_of(blocks: Sequence[Block]) -> Lists:
    """The lists of a text."""
    listed = [block for block in blocks if is_listed(block)]
    items = [block for block in listed if not block.continues]
    body = sum(block.length for block in blocks if block.kind != "heading")
    starts = sum(is_listed(b) and not (at and is_listed(blocks[at - 1])) for at, b in enumerate(blocks))
    share = sum(block.length for block in listed) / body if body else 0.0
    return Lists(len(items), sum(b.mark == "bullet" for b in items), starts, share)


def is_listed(block: Block) -> bool:
    """Whether it is a list item, a table row, or goes on with an item."""
    return block.kind in {"item", "table"} or block.continues

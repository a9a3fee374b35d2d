"""Completion tasks: whole paragraphs taken out of a text, which is then the material with a gap.

Source: HoWToBench, section 4.5; SPEC section 2. Differs: one run of paragraphs is taken out, never the first or the
last, about a third of the text; the paper says only that whole paragraphs go, at most ten.
"""

from __future__ import annotations

import random

from penmark.errors import DataError
from penmark.text import amount, count_words, paragraphs

GAP = "[fill in the blank]"
MOST_PARAGRAPHS = 10
FEWEST_PARAGRAPHS = 4  # of the whole text: two stay, and there is a choice
SHARE = 1 / 3  # of the words, as near as whole paragraphs come


def cut_gap(text: str, seed: str) -> tuple[str, str]:
    """(the text with a gap in it, the passage that is gone), the same for the same seed.

    Of all runs of one to ten paragraphs that leave the first and the last, those within a fifth of the best are drawn
    from, the best being nearest to a third of the words.

    Raises:
        DataError: when the text has fewer than four paragraphs.
    """
    parts = paragraphs(text)
    if len(parts) < FEWEST_PARAGRAPHS:
        raise DataError(f"{amount(len(parts), 'paragraph')}, and a gap takes {FEWEST_PARAGRAPHS} or more")
    words = [count_words(part) for part in parts]
    wanted = SHARE * sum(words)
    runs = [
        (first, last)
        for first in range(1, len(parts) - 1)
        for last in range(first + 1, min(first + MOST_PARAGRAPHS, len(parts) - 1) + 1)
    ]
    off = {run: abs(sum(words[slice(*run)]) - wanted) for run in runs}
    near = [run for run in runs if off[run] <= min(off.values()) + wanted / 5]
    first, last = random.Random(seed).choice(near)
    return "\n\n".join([*parts[:first], GAP, *parts[last:]]), "\n\n".join(parts[first:last])

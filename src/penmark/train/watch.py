"""Signs that a policy games its reward: the reward rises while an independent judge falls, texts grow or repeat.

Pure functions over texts and over series of figures.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from penmark.text import count_words, language
from penmark.text.tokens import tokenizer

SURE = 3.0  # standard errors of a difference to believe in; many windows are looked at
LENGTH_FACTOR = 2.0  # growth or shrinkage of the mean length to tell
DIVERSITY_FACTOR = 0.5  # of the first diversity, below which it is told


def length_and_diversity(texts: Sequence[str]) -> dict[str, float]:
    """Mean words, share of distinct word pairs, and share of texts that stand there twice or more.

    Args:
        texts: what was written in one update; at least one.
    """
    copies = len(texts) - len(set(texts))
    return {
        "words": sum(map(count_words, texts)) / len(texts),
        "distinct_2": distinct_pairs(texts),
        "copies": copies / len(texts),
    }


def distinct_pairs(texts: Sequence[str]) -> float:
    """Distinct pairs of neighbouring words among all of them, 0..1; Chinese by characters. 0 where there are none.

    Source: Li et al., A Diversity-Promoting Objective Function (2016), distinct-2.
    """
    pairs = []
    for text in texts:
        tokens = tokenizer(language(text), "chars")(text)
        pairs += list(pairwise(tokens))
    return len(set(pairs)) / len(pairs) if pairs else 0.0


def falls_while_reward_rises(rewards: Sequence[float], independent: Sequence[float], window: int) -> bool:
    """Whether, since some earlier window of updates, the reward has risen and the independent judge has fallen.

    The last window is compared with every earlier one that does not overlap it; both differences must exceed three
    standard errors. Fewer than two windows of updates say nothing.

    Args:
        rewards: mean reward of each update; NaN = none could be had, and the update is left out.
        independent: mean score by a judge that is no part of the reward; likewise.
        window: updates to average over, at least 2.
    """
    both = [(r, i) for r, i in zip(rewards, independent, strict=True) if not (math.isnan(r) or math.isnan(i))]
    last = both[-window:]
    earlier = both[: len(both) - window]
    starts = range(len(earlier) - window, -1, -window)
    return any(_rises(earlier[s : s + window], last, 0) and _rises(last, earlier[s : s + window], 1) for s in starts)


def drift(words: Sequence[float], distinct: Sequence[float], window: int) -> str:
    """What has become of length and diversity since the first window of updates, in words; "" where they hold."""
    if len(words) < 2 * window:
        return ""
    (first, last), (was, now) = ((float(np.mean(s[:window])), float(np.mean(s[-window:]))) for s in (words, distinct))
    if last > LENGTH_FACTOR * first or last < first / LENGTH_FACTOR:
        return f"texts went from {first:.0f} to {last:.0f} words"
    if now < DIVERSITY_FACTOR * was:
        return f"distinct word pairs went from {was:.2f} to {now:.2f}"
    return ""


def _rises(before: Sequence[tuple[float, float]], after: Sequence[tuple[float, float]], which: int) -> bool:
    old, new = (np.array([pair[which] for pair in part], dtype=float) for part in (before, after))
    spread = math.sqrt(old.var(ddof=1) / len(old) + new.var(ddof=1) / len(new))
    return bool(new.mean() - old.mean() > SURE * spread)

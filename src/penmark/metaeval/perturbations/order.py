"""Pieces that are missing, said twice, in another order or cut off."""

from __future__ import annotations

import random
from functools import partial

from penmark.metaeval.perturbations.kind import Kind, Source
from penmark.metaeval.perturbations.pieces import Pieces, Unit

MOST = 3  # Source: the paper's "at most 3".
KEPT_SHARE = 0.5  # of a text that is cut off


def drop(unit: Unit, source: Source, rng: random.Random) -> str | None:
    """Without one to three pieces; at least one stays."""
    cut = Pieces.of(source.text, unit)
    if len(cut) < 2:
        return None
    gone = rng.sample(range(len(cut)), rng.randint(1, min(MOST, len(cut) - 1)))
    return cut.kept(set(range(len(cut))) - set(gone))


def repeat(unit: Unit, source: Source, rng: random.Random) -> str | None:
    """One to three pieces once more, elsewhere in the text."""
    cut = Pieces.of(source.text, unit)
    if not len(cut):
        return None
    twice = rng.sample(range(len(cut)), rng.randint(1, min(MOST, len(cut))))
    return cut.with_more((rng.choice(_elsewhere(len(cut), i)), cut.pieces[i]) for i in twice)


def _elsewhere(count: int, number: int) -> list[int]:
    """Places that are not beside a piece; any place where there are no such."""
    return [place for place in range(count + 1) if place not in (number, number + 1)] or [count]


def shuffle_paragraphs(source: Source, rng: random.Random) -> str | None:
    """The paragraphs in another order."""
    cut = Pieces.of(source.text, "paragraphs")
    return cut.permuted(_other_order(len(cut), rng)) if len(cut) > 1 else None


def shuffle_sentences(source: Source, rng: random.Random) -> str | None:
    """The sentences in another order, within each paragraph."""
    whole = Pieces.of(source.text, "paragraphs")
    cut = [Pieces.of(paragraph, "sentences") for paragraph in whole.pieces]
    if all(len(paragraph) < 2 for paragraph in cut):
        return None
    mixed = [p.permuted(_other_order(len(p), rng)) if len(p) > 1 else p.permuted(range(len(p))) for p in cut]
    return Pieces(whole.unit, mixed, whole.gaps, whole.end).permuted(range(len(mixed)))


def _other_order(count: int, rng: random.Random) -> list[int]:
    """A random order that is not the first one."""
    first = list(range(count))
    order = first
    while order == first:
        order = rng.sample(first, count)
    return order


def truncate(source: Source, rng: random.Random) -> str | None:
    """The first half of the sentences, as when the longest output was reached."""
    cut = Pieces.of(source.text, "sentences")
    return cut.kept(range(max(1, int(KEPT_SHARE * len(cut))))).rstrip() if len(cut) > 1 else None


KINDS = (
    Kind(
        name="drop-sentences", description="1-3 sentences missing", expected="falls", change=partial(drop, "sentences")
    ),
    Kind(
        name="drop-paragraphs",
        description="1-3 paragraphs missing",
        expected="falls",
        change=partial(drop, "paragraphs"),
    ),
    Kind(
        name="repeat-sentences",
        description="1-3 sentences twice",
        expected="falls",
        change=partial(repeat, "sentences"),
    ),
    Kind(
        name="repeat-paragraphs",
        description="1-3 paragraphs twice",
        expected="falls",
        change=partial(repeat, "paragraphs"),
    ),
    Kind(
        name="shuffle-sentences",
        description="sentences in another order within their paragraph",
        expected="falls",
        change=shuffle_sentences,
    ),
    Kind(
        name="shuffle-paragraphs",
        description="paragraphs in another order",
        expected="falls",
        change=shuffle_paragraphs,
    ),
    Kind(name="truncate", description="the second half missing", expected="falls", change=truncate),
)

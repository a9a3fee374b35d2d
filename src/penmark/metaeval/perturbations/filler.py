"""Paragraphs that do not belong: fluent words that say nothing, or a piece of a text on another task."""

from __future__ import annotations

import random
from functools import cache
from importlib.resources import files

from penmark.metaeval.perturbations.kind import Kind, Source
from penmark.metaeval.perturbations.pieces import Pieces
from penmark.text import Language, count_words, language, paragraphs
from penmark.text.template import sections

PARAGRAPHS = 3
FEWEST_WORDS = 20  # of a paragraph that is worth taking elsewhere


def pad(source: Source, rng: random.Random) -> str | None:
    """Three paragraphs of filler between or after the text's own."""
    cut = Pieces.of(source.text, "paragraphs")
    if not len(cut):
        return None
    chosen = rng.sample(filler(source.language), PARAGRAPHS)
    return cut.with_more((rng.randint(1, len(cut)), paragraph) for paragraph in chosen)


def insert(source: Source, rng: random.Random) -> str | None:
    """One paragraph of a text on another task, in the same language; None where there is no such text."""
    cut = Pieces.of(source.text, "paragraphs")
    others = [text for text in source.others if language(text) == source.language and text != source.text]
    if not len(cut) or not others:
        return None
    of_other = paragraphs(rng.choice(others))
    long_enough = [p for p in of_other if count_words(p) >= FEWEST_WORDS] or of_other
    return cut.with_more([(rng.randint(1, len(cut)), rng.choice(long_enough))])


@cache
def filler(of: Language) -> tuple[str, ...]:
    """The packaged paragraphs of a language."""
    text = (files("penmark.metaeval.perturbations") / "filler.md").read_text(encoding="utf-8")
    return tuple(sections(text)[of].split("\n\n"))


KINDS = (
    Kind(name="pad", description="3 paragraphs of fluent filler", expected="falls", change=pad),
    Kind(name="insert", description="a paragraph of a text on another task", expected="falls", change=insert),
)

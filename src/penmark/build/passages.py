"""Short passages out of longer texts: runs of whole sentences of one paragraph, as they stand there.

Short texts make short training steps. A passage answers no prompt of its own text, so all have one plain prompt.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from penmark.build.texts import Text
from penmark.records import content_key
from penmark.text import count_words, paragraphs, sentences

PROMPTS = {"en": "Write a short passage.", "zh": "写一小段文字。"}
JOINTS = {"en": " ", "zh": ""}
PER_TEXT = 4  # so that long texts do not crowd out the others
_MARKUP = re.compile(r"[#*_`|<>\[\]]|^\s*(?:[-•·]|\w{1,2}[.、)）])\s*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Span:
    """How long passages are, in words (each CJK character one): from `fewest` to `most`."""

    fewest: int
    most: int


def passages(texts: Sequence[Text], span: Span, seed: int) -> list[Text]:
    """Passages of the texts, at most four of each, under their task and writer; headings, lists and tables give none.

    Args:
        texts: written texts.
        span: how long passages are; a run of sentences ends as soon as it is long enough.
        seed: of the draw where a text has more than four.
    """
    found = []
    for text in texts:
        runs = [run for paragraph in paragraphs(text.text) for run in _runs(paragraph, span, text.language)]
        rng = random.Random(content_key("passages", seed, text.task, text.writer, text.text))
        drawn = rng.sample(runs, min(PER_TEXT, len(runs)))
        found += [replace(text, prompt=PROMPTS[text.language], text=run) for run in drawn]
    return found


def _runs(paragraph: str, span: Span, language: str) -> Iterator[str]:
    """Sentences in a row that come to the length asked for; none in a paragraph with markup."""
    if _MARKUP.search(paragraph):
        return
    run: list[str] = []
    for sentence in sentences(paragraph):
        run.append(" ".join(sentence.split()))
        joined = JOINTS[language].join(run)
        words = count_words(joined)
        if words < span.fewest:
            continue
        if words <= span.most:
            yield joined
        run = []

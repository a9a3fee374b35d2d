"""What can be counted on the surface of a text: lengths, layout, marks, vocabulary, repetition, the task's own words.

Only machinery: the judge is `surface.py`. Shares are of all visible characters unless another whole is named; counts
that grow with the text enter as logarithms. Chinese and English are measured alike; word lists have both.
"""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

from penmark.text import count_words, paragraphs, sentences

WINDOW = 200  # characters over which variety is taken, so that longer texts do not seem poorer
HABITS: Mapping[str, str] = {
    "first_person": r"我们?|咱们?|\b(?:I|we|me|us|my|our)\b",
    "second_person": r"你们?|您|\b(?:you|your)\b",
    "third_person": r"[他她它]们?|\b(?:he|she|they|him|her|them|his|their)\b",
    "negation": r"[不没无未]|\b(?:not|no|never)\b|n't\b",
    "likeness": r"仿佛|犹如|宛如|好像|似的|如同|\b(?:like|as if|as though)\b",
    "connectives": r"然而|但是?|因此|所以|不过|于是|因为|如果|虽然|此外|同时|"
    r"\b(?:but|however|therefore|so|because|if|although|also)\b",
    "particle_de": r"的",
    "particle_le": r"了",
}
MARKS: Mapping[str, str] = {
    "commas": "，,", "full_stops": "。.", "exclamations": "！!", "questions": "？?", "semicolons": "；;",
    "colons": "：:", "dashes": "—–", "ellipses": "…", "listing_commas": "、", "brackets": "（）()", "titles": "《》",
    "quotes": "“”\"「」",
}  # fmt: skip
LAYOUT: Mapping[str, str] = {
    "headings": r"^\s*#{1,6}\s",
    "bold": r"\*\*[^*\n]+\*\*",
    "bullets": r"^\s*[-*•]\s",
    "numbering": r"^\s*\d+[.、)）]",
    "rules": r"^\s*(?:-{3,}|\*{3,})\s*$",
    "table_rows": r"^\s*\|.*\|\s*$",
}
_PATTERNS = {name: re.compile(p, re.MULTILINE | re.IGNORECASE) for name, p in {**HABITS, **LAYOUT}.items()}
_SPEECH = re.compile(r"[“\"「][^”\"」\n]{2,}[”\"」]")
_LATIN = re.compile(r"[A-Za-z]+")
_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]")
_ENDED = tuple("。！？”」…)）』!?.~*》\"'")


class Surface:
    """One text and what its measures share, each counted once."""

    def __init__(self, text: str, asked: str) -> None:
        self.text = text
        self.dense = "".join(text.split())
        self.asked = re.sub(r"\W", "", asked)

    @cached_property
    def words(self) -> int:
        """Words, each CJK character one; at least 1."""
        return max(count_words(self.text), 1)

    @cached_property
    def sentences(self) -> list[str]:
        """Its sentences."""
        return sentences(self.text)

    @cached_property
    def sentence_words(self) -> list[int]:
        """Words of each sentence."""
        return [max(count_words(s), 1) for s in self.sentences] or [1]

    @cached_property
    def paragraph_words(self) -> list[int]:
        """Words of each paragraph."""
        return [max(count_words(p), 1) for p in paragraphs(self.text)] or [1]

    def count(self, name: str) -> int:
        """How often one of the named patterns is there."""
        return len(_PATTERNS[name].findall(self.text))

    def share_of(self, characters: str) -> float:
        """Percent of the visible characters that are one of these."""
        return 100 * sum(map(self.dense.count, characters)) / max(len(self.dense), 1)

    def repeated(self, length: int) -> float:
        """Share of the runs of so many characters that were there before."""
        runs = Counter(self._runs(self.dense, length))
        return 1 - len(runs) / runs.total() if runs else 0.0

    def variety(self, length: int) -> float:
        """Different runs of so many characters in a window of the text, as a share, mean over windows."""
        starts = range(0, max(len(self.dense) - WINDOW, 0) + 1, WINDOW // 2)
        windows = [self._runs(self.dense[at : at + WINDOW], length) for at in starts]
        return _mean([len(set(runs)) / len(runs) for runs in windows if runs])

    def asked_in_text(self) -> float:
        """Share of the task's pairs of characters that the text has."""
        asked, there = set(self._runs(self.asked, 2)), set(self._runs(re.sub(r"\W", "", self.text), 2))
        return len(asked & there) / len(asked) if asked else 0.0

    def text_in_asked(self) -> float:
        """Share of the text's pairs of characters that the task has."""
        asked, there = set(self._runs(self.asked, 2)), self._runs(re.sub(r"\W", "", self.text), 2)
        return sum(run in asked for run in there) / len(there) if there else 0.0

    @staticmethod
    def _runs(text: str, length: int) -> list[str]:
        return [text[at : at + length] for at in range(len(text) - length + 1)]


Measure = tuple[str, Callable[[Surface], float]]  # what is counted, and how


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _variation(values: Sequence[int]) -> float:
    """Standard deviation over mean."""
    mean = _mean(values)
    return math.sqrt(_mean([(value - mean) ** 2 for value in values])) / mean if mean else 0.0


def _same_start(s: Surface) -> float:
    starts = Counter(sentence[:2] for sentence in s.sentences)
    return starts.most_common(1)[0][1] / starts.total() if starts else 0.0


def _packed(s: Surface) -> float:
    raw = s.text.encode("utf-8", "replace")
    return len(zlib.compress(raw, 9)) / len(raw) if raw else 0.0


def _habit(name: str) -> Callable[[Surface], float]:
    return lambda s: 100 * s.count(name) / s.words


def _layout(name: str) -> Callable[[Surface], float]:
    return lambda s: math.log1p(s.count(name))


def _mark(characters: str) -> Callable[[Surface], float]:
    return lambda s: s.share_of(characters)


MEASURES: Mapping[str, Measure] = {
    "sentences": ("sentences", lambda s: float(len(s.sentences))),
    "log_words": ("logarithm of the words", lambda s: math.log(s.words)),
    "log_sentences": ("logarithm of the sentences", lambda s: math.log(len(s.sentences) + 1)),
    "log_paragraphs": ("logarithm of the paragraphs", lambda s: math.log(len(s.paragraph_words))),
    "log_lines": ("logarithm of the lines", lambda s: math.log1p(sum(map(bool, map(str.strip, s.text.splitlines()))))),
    "sentence_length": ("logarithm of the words a sentence", lambda s: math.log(_mean(s.sentence_words))),
    "sentence_variation": ("spread of the sentence lengths over their mean", lambda s: _variation(s.sentence_words)),
    "paragraph_length": ("logarithm of the words a paragraph", lambda s: math.log(_mean(s.paragraph_words))),
    "paragraph_variation": ("spread of the paragraph lengths over their mean", lambda s: _variation(s.paragraph_words)),
    "last_paragraph": ("share of the words in the last paragraph", lambda s: s.paragraph_words[-1] / s.words),
    "speech": (
        "passages in quotation marks a sentence",
        lambda s: len(_SPEECH.findall(s.text)) / max(len(s.sentences), 1),
    ),
    "latin": ("words in Latin letters, share of all", lambda s: len(_LATIN.findall(s.text)) / s.words),
    "digits": ("digits, percent", lambda s: 100 * sum(map(str.isdigit, s.dense)) / max(len(s.dense), 1)),
    "emoji": ("emoji, percent", lambda s: 100 * len(_EMOJI.findall(s.text)) / max(len(s.dense), 1)),
    "markdown": ("characters that mark up, percent", lambda s: s.share_of("#*|`>_-")),
    "variety": ("different characters in a window, share", lambda s: s.variety(1)),
    "pair_variety": ("different pairs of characters in a window, share", lambda s: s.variety(2)),
    "packed": ("size when compressed, share", _packed),
    "repeated_4": ("runs of 4 characters that come again, share", lambda s: s.repeated(4)),
    "repeated_8": ("runs of 8 characters that come again, share", lambda s: s.repeated(8)),
    "repeated_sentences": (
        "sentences that come again, share",
        lambda s: 1 - len(set(s.sentences)) / max(len(s.sentences), 1) if s.sentences else 0.0,
    ),
    "same_start": ("sentences with the commonest beginning, share", _same_start),
    "ended": ("whether it ends with a final mark", lambda s: float(s.text.rstrip().endswith(_ENDED))),
    "asked_in_text": ("the task's pairs of characters that it has, share", Surface.asked_in_text),
    "text_in_asked": ("its pairs of characters that the task has, share", Surface.text_in_asked),
    **{name: (f"{name.replace('_', ' ')}, per 100 words", _habit(name)) for name in HABITS},
    **{name: (f"{name.replace('_', ' ')}, logarithm", _layout(name)) for name in LAYOUT},
    **{name: (f"{name.replace('_', ' ')}, percent", _mark(characters)) for name, characters in MARKS.items()},
}

"""Tokens for overlap metrics: Chinese by characters or by words, other languages by words.

Source: the tokenizers `zh` and `13a` of sacrebleu (after mteval-v13a), and jieba for Chinese words.
Differs: the rules of `zh` and `13a` stand here in regular expressions that give the same tokens in a third of the time;
sacrebleu's own keep every text they have seen in memory. The tests hold the two equal.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Literal

from penmark.text.language import Language

if TYPE_CHECKING:
    import jieba

Units = Literal["chars", "words"]

# What `zh` makes a token of its own: Han of the basic plane, with CJK and general punctuation, symbols and full-width
# forms; neither kana nor the Han of other planes.
ALONE = re.compile(
    "[\u2001-\u2a6d\u2e80-\u2fdf\u2ff0-\u303f\u3100-\u312f\u31a0-\u31ef\u3200-\u4db5\u4e00-\u9fbb"
    "\uf900-\ufa2d\ufa30-\ufa6a\ufa70-\ufad9\ufe10-\ufe1f\ufe30-\ufe4f\uff00-\uffef]"
)
ENTITIES = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))
# Each pattern reads what the one before it has written.
PUNCTUATION = (
    (re.compile(r"([!-&(-+:-@/\[-`{-~])"), r" \1 "),
    (re.compile(r"([^0-9])([.,])"), r"\1 \2 "),
    (re.compile(r"([.,])([^0-9])"), r" \1 \2"),
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),
)


def tokenizer(language: Language, units: Units) -> Callable[[str], list[str]]:
    """The function that cuts texts of this language; `units` are for Chinese, all else goes by words."""
    if language != "zh":
        return words
    return chinese_chars if units == "chars" else chinese_words


def tokenizer_names(units: Units) -> dict[str, str]:
    """What names the rules of `tokenizer`, by language: a part of what decides a score."""
    return {"zh": "zh" if units == "chars" else f"jieba {version('jieba')}", "en": "13a"}


def chinese_chars(text: str) -> list[str]:
    """Tokens as sacrebleu's `zh`: each Chinese character or punctuation mark one, the rest by words as in `words`."""
    alone = {ord(character): f" {character} " for character in ALONE.findall("".join(set(text)))}
    return _split(text.strip().translate(alone))


def words(text: str) -> list[str]:
    """Tokens as sacrebleu's `13a`: words, numbers and punctuation marks; case is kept."""
    line = text.rstrip().replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    for entity, character in ENTITIES:
        line = line.replace(entity, character)
    return _split(f" {line} ")


def chinese_words(text: str) -> list[str]:
    """Tokens as jieba's accurate mode with its model for unknown words; white space is no token.

    The first call in a process reads the dictionary, which takes most of a second.
    """
    return [word for word in _segmenter().cut(text) if not word.isspace()]


def _split(line: str) -> list[str]:
    for pattern, replacement in PUNCTUATION:
        line = pattern.sub(replacement, line)
    return line.split()


@cache
def _segmenter() -> jieba.Tokenizer:
    """A segmenter with the dictionary of jieba's own package.

    Left to itself jieba reads `jieba.cache` in the machine's folder for temporary files, whoever put that there for
    whichever version, and logs to standard error.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Its patterns and its imports are those of older Pythons.
        import jieba
    segmenter = jieba.Tokenizer()
    segmenter.FREQ, segmenter.total = segmenter.gen_pfdict(segmenter.get_dict_file())
    segmenter.initialized = True
    return segmenter

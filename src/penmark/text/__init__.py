"""Counting and cutting text, in Chinese, English and a mix of both.

Counts: `count_words`, `count_chars`, `count_cjk`, `estimate_tokens`; `amount` writes one with its noun.
Pieces: `sentences`, `paragraphs`; `is_one_line`.
Prompt language: `language`, which gives a `Language`.

Every function takes any `str` (lone surrogates too), raises nothing and runs in time linear in its length.
"""

from penmark.text.count import amount, count_chars, count_cjk, count_words, estimate_tokens
from penmark.text.language import Language, language
from penmark.text.segment import is_one_line, paragraphs, sentences

__all__ = [
    "Language",
    "amount",
    "count_chars",
    "count_cjk",
    "count_words",
    "estimate_tokens",
    "is_one_line",
    "language",
    "paragraphs",
    "sentences",
]

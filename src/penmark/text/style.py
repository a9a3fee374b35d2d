"""What a text looks like: its length and its Markdown, counted."""

from __future__ import annotations

import re

from penmark.text.count import count_words

_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]", re.MULTILINE)
_ITEM = re.compile(r"^[ \t]*(?:[-*+]|\d{1,3}[.)])[ \t]", re.MULTILINE)
_BOLD = re.compile(r"\*\*(?=\S)[^*\n]+?\*\*|__(?=\S)[^_\n]+?__")


def style_counts(text: str) -> dict[str, int]:
    """Words (each CJK character one), Markdown headings, list items and bold passages.

    Source: Chatbot Arena's style control, which counts length, headings, lists and bold passages.
    """
    return {
        "length": count_words(text),
        "headings": len(_HEADING.findall(text)),
        "list items": len(_ITEM.findall(text)),
        "bold": len(_BOLD.findall(text)),
    }

"""The same matter in another genre: a model rewrites the text as a comment, a letter, an official document or a poem.

Source: HoWToBench, robustness test: transfer to comment, letter, official, poem.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from penmark.metaeval.perturbations.kind import Source
from penmark.text.template import fence, fill, sections

GENRES: Mapping[str, Mapping[str, str]] = {
    "transfer-comment": {"en": "a comment on the matter, as a newspaper prints it", "zh": "一篇评论文章"},
    "transfer-letter": {"en": "a letter to somebody", "zh": "一封书信"},
    "transfer-official": {"en": "an official document", "zh": "一篇公文"},
    "transfer-poem": {"en": "a poem", "zh": "一首诗歌"},
}
DESCRIPTIONS = {name: f"rewritten as {words['en'].split(',')[0]}" for name, words in GENRES.items()}


def transfer_prompt(name: str, source: Source) -> str:
    """What a model is asked so that it rewrites the text in the genre of this name."""
    return fill(_templates()[source.language], {"genre": GENRES[name][source.language], "text": fence(source.text)})


def prompt_hash() -> str:
    """Names the wording of the prompts."""
    return hashlib.sha256(_file().encode()).hexdigest()[:16]


@cache
def _templates() -> dict[str, str]:
    return sections(_file())


def _file() -> str:
    return (files("penmark.metaeval.perturbations") / "transfer.md").read_text(encoding="utf-8")

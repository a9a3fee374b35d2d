"""The prompts of builders that ask a model: files beside them, one a language, `NAME.en.md` and `NAME.zh.md`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from penmark.text.template import sections

LANGUAGES = ("en", "zh")


@cache  # The prompt files are read and cut once, not once a query.
def prompt_sections(name: str, language: str) -> Mapping[str, str]:
    """Section by title of a builder's prompt file; the English one where there is none in that language."""
    return sections(_resource(name, language if language in LANGUAGES else "en"))


def prompt_hash(name: str) -> str:
    """16 hex digits that name the wording of a builder's prompts in all languages."""
    return hashlib.sha256("".join(_resource(name, language) for language in LANGUAGES).encode()).hexdigest()[:16]


def _resource(name: str, language: str) -> str:
    return (files("penmark.build") / f"{name}.{language}.md").read_text(encoding="utf-8")

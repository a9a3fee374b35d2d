"""What a perturbation is, and what it is given."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from penmark.text import Language, language

# What a sound judge's score does: "falls", "stays" as it is, or at least "does not rise".
Expected = Literal["falls", "stays", "does not rise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A text to disturb.

    Attributes:
        key: names the text; the random generator is seeded with it.
        others: texts on other tasks, to take paragraphs from.
    """

    key: str
    text: str
    others: Sequence[str] = ()

    @property
    def language(self) -> Language:
        """Which of penmark's languages it is in."""
        return language(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One perturbation.

    Attributes:
        change: the disturbed text; None where the text gives no room for it.
    """

    name: str
    description: str
    expected: Expected
    change: Callable[[Source, random.Random], str | None]

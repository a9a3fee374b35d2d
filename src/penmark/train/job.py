"""What a method is given to train with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from penmark.train.base_model import Base
from penmark.train.prepare import Prepared
from penmark.train.recipe import Recipe
from penmark.train.run_folder import RunFolder

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Job:
    """Everything a method needs.

    Attributes:
        tell: is told how it goes, a line at a time.
    """

    recipe: Recipe
    base: Base
    prepared: Prepared
    folder: RunFolder
    tell: Tell

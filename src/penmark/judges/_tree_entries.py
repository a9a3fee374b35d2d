"""The settings of a tree file as it has them; `_tree_file.py` says what each means."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from penmark.judges._formatting import formatting
from penmark.judges._tree_text import by_language
from penmark.protocols import Verdict

Preset = Literal["paper", "upstream"]
Weights = Literal["equal", "leaves", "given", "planned"]
Words = Annotated[dict[str, str], BeforeValidator(by_language)]
Bands = Annotated[dict[str, dict[str, str]], BeforeValidator(by_language)]

PRESETS: tuple[Preset, ...] = ("paper", "upstream")
ROOT = "root"  # what messages and plans call the root
RULES: Mapping[str, Callable[[str, str], Verdict]] = {"formatting": formatting}  # (text, genre) -> 0..10
RULE_SCALE = (0, 10)
# What a reference counts as where a leaf does not say otherwise. Source: SPEC section 2.
REFERENCE_SCALE, REFERENCE_POINTS = (1, 10), 6
_PATH = re.compile(r"\w[\w .-]*(?:/\w[\w .-]*)*")


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Placed(_Entry):
    """What nodes and leaves have in common."""

    path: str
    weight: float | None = Field(default=None, gt=0)
    planned: bool = True
    presets: list[Preset] = Field(default=list(PRESETS), min_length=1)
    skip: dict[str, list[str]] = Field(default_factory=dict)

    @field_validator("path")
    @classmethod
    def _names(cls, path: str) -> str:
        if path == ROOT or not _PATH.fullmatch(path):
            raise ValueError(f"{path!r} is no path; write names with '/' between them, and no node called {ROOT!r}")
        return path

    def stays(self, preset: Preset, tags: Mapping[str, str]) -> bool:
        """Whether tasks with these tags have it in this preset."""
        return preset in self.presets and not any(tags.get(tag) in values for tag, values in self.skip.items())


class Node(Placed):
    """One `[[node]]`, or the root."""

    weights: Weights = "equal"
    label: Words = Field(default_factory=dict)


class Leaf(Placed):
    """One `[[leaf]]`."""

    text: str | None = None
    name: Words | None = None
    description: Words | None = None
    bands: Bands | None = None
    low: int = 1
    high: int = 10
    reference: int | Literal[False] | None = None
    points: list[tuple[float, float]] = Field(default_factory=list)
    points_upstream: list[tuple[float, float]] | None = None
    rule: str | None = None

    @property
    def scale(self) -> tuple[int, int]:
        """Lowest and highest score."""
        return RULE_SCALE if self.rule is not None else (self.low, self.high)

    @property
    def anchor(self) -> int | None:
        """What the reference counts as on the scale; None = not compared with it."""
        if self.reference is None:
            return REFERENCE_POINTS if self.rule is None and self.scale == REFERENCE_SCALE else None
        return None if self.reference is False else self.reference

    def steps(self, preset: Preset) -> tuple[tuple[float, float], ...]:
        """What its scores count in the parent."""
        is_other = preset == "upstream" and self.points_upstream is not None
        return tuple((self.points_upstream or []) if is_other else self.points)

    @field_validator("points", "points_upstream", mode="before")
    @classmethod
    def _pairs(cls, steps: object) -> object:
        """TOML has no tuples."""
        is_list = isinstance(steps, list)
        return [tuple(step) if isinstance(step, list) else step for step in steps] if is_list else steps  # type: ignore[attr-defined]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for problem in (self._scale_problem(), self._source_problem(), *map(self._steps_problem, PRESETS)):
            if problem:
                raise ValueError(problem)
        return self

    def _scale_problem(self) -> str:
        low, high = self.scale
        if low >= high:
            return f"the scale goes from {low} to {high}; `low` must be below `high`"
        if self.anchor is not None and not low <= self.anchor <= high:
            return f"`reference` is {self.anchor}, outside the scale {low}-{high}; move it, or set it to false"
        return ""

    def _source_problem(self) -> str:
        if self.rule is not None:
            extra = self.model_fields_set & {"text", "bands", "low", "high", "reference"}
            if self.rule not in RULES:
                return f"there is no rule {self.rule!r}; known: {', '.join(RULES)}"
            return f"a rule asks no model: leave out `{min(extra)}`" if extra else self._description_problem()
        if self.text is not None:
            extra = self.model_fields_set & {"name", "description", "bands"}
            return f"it has a `text` file: leave out `{min(extra)}`" if extra else ""
        return self._description_problem()

    def _description_problem(self) -> str:
        if self.description is None or not all(words.strip() for words in self.description.values()):
            return "it does not say what is judged; give it a `description`, or a `text` file"
        return ""

    def _steps_problem(self, preset: Preset) -> str:
        tops = [top for top, _ in self.steps(preset)]
        if tops and (sorted(set(tops)) != tops or tops[-1] < self.scale[1]):
            return f"`points` go up to {tops}; they must ascend and reach the end of the scale, {self.scale[1]}"
        return ""


class Root(_Entry):
    """The `[root]`."""

    weights: Weights = "equal"


class TreeEntry(_Entry):
    """A whole file."""

    id: str = Field(min_length=1)
    description: str = ""
    root: Root = Root()
    node: list[Node] = Field(default_factory=list)
    leaf: list[Leaf] = Field(min_length=1)

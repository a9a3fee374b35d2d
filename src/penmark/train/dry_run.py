"""Looking at a recipe without training: every setting, what the run will take, and what is not there yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from penmark import registry
from penmark.errors import ConfigError
from penmark.train.base_model import Base, open_base
from penmark.train.estimate import Estimate, estimate
from penmark.train.prepare import Prepared, prepare, read_samples
from penmark.train.quiet import quiet
from penmark.train.read_recipe import flat
from penmark.train.recipe import Component, Recipe
from penmark.train.rewards import make_panelist
from penmark.train.run import check_length, plan_lines

BUILDERS = {
    "critic": "penmark build critic-data",
    "writer": "penmark build sft",
    "reward": "penmark build pairs",
    "grpo": "penmark requirements extract",
}


@dataclass(frozen=True)
class Look:
    """What was seen.

    Attributes:
        settings: every setting by its dotted key.
        takes: updates, memory and disk.
        plan: the same in words, with the data.
        missing: what must be there before the run can start.
    """

    settings: dict[str, object]
    takes: Estimate
    plan: list[str]
    missing: list[str]


def look(recipe: Recipe) -> Look:
    """Everything that can be said without training.

    What is there is checked as strictly as before a run; what is not there yet is listed.

    Raises:
        PenmarkError: when something that is there does not fit.
    """
    missing = list(_missing_judges(recipe))
    with quiet():
        base = _base(recipe, missing)
        prepared = _data(recipe, base, missing)
    takes = estimate(recipe, prepared)
    if prepared is not None:
        check_length(recipe, takes)
    plan = plan_lines(recipe, prepared, takes)
    if prepared is None and recipe.data.expected:
        plan.insert(
            0, f"training: {recipe.data.expected:,} samples expected, up to {recipe.data.max_tokens:,} tokens each"
        )
    memory = recipe.hardware.gpu_memory_gb
    if recipe.hardware.gpus and takes.total_gb > memory:
        missing.append(f"memory: {takes.total_gb:.0f} GB a GPU, and hardware.gpu_memory_gb is {memory}")
    return Look(flat(recipe), takes, plan, missing)


def _base(recipe: Recipe, missing: list[str]) -> Base | None:
    try:
        return open_base(recipe.model.base)
    except ConfigError as error:
        missing.append(str(error))
        return None


def _data(recipe: Recipe, base: Base | None, missing: list[str]) -> Prepared | None:
    """The data as token ids; None where a file is missing or nothing can count its tokens."""
    absent = [path for path in (recipe.data.train, recipe.data.held_out) if path is not None and not path.exists()]
    for path in absent:
        missing.append(f"data {path}: no such file; make it with `{BUILDERS[recipe.method]}`, or name one with --data")
    if absent:
        return None
    if base is None:
        read_samples(recipe)
        return None
    return prepare(recipe, base.tokenizer)


def _missing_judges(recipe: Recipe) -> Iterator[str]:
    """Why judges of the reward cannot be had yet, such as a checkpoint that is still to be trained.

    Raises:
        ConfigError: when there is no judge of a name.
    """
    components: list[Component] = [*recipe.grpo.rewards, *recipe.grpo.independent] if recipe.grpo else []
    known = registry.names("judges")
    for component in components:
        if component.judge not in known:
            registry.load("judges", component.judge)  # Says which there are.
        try:
            make_panelist(component)
        except ConfigError as error:
            yield f"judge {component.label!r}: {error}"

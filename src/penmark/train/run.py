"""A training run from recipe to model card: everything that can be wrong is looked at before anything is trained."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from penmark.errors import ConfigError
from penmark.train.base_model import Base, check_libraries, open_base
from penmark.train.card import next_commands, save_card
from penmark.train.estimate import Estimate, check_disk, estimate, size
from penmark.train.job import Job, Tell
from penmark.train.launch import check_started, rank
from penmark.train.prepare import Prepared, counts, data_record, prepare
from penmark.train.quiet import quiet
from penmark.train.read_recipe import flat
from penmark.train.recipe import Recipe
from penmark.train.run_folder import RunFolder, check_startable, git_revision, open_run, software

MODULES = {"critic": "sft", "writer": "sft", "reward": "reward", "grpo": "grpo"}


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    Attributes:
        figures: on what was held out; empty where nothing was.
        commands: what to do with the model.
    """

    folder: Path
    figures: Mapping[str, object]
    commands: list[str]


def run(recipe: Recipe, *, resume: bool, tell: Tell) -> Outcome:
    """Train, measure and describe a model.

    Args:
        recipe: what to do.
        resume: go on with the run that its folder holds.
        tell: is told how it goes, a line at a time.

    Raises:
        PenmarkError: before anything is trained, when something does not fit; later, when the disk is full at the
            end or the judges of a reward cannot be asked. The last checkpoint stays.
    """
    check_libraries()
    check_started(recipe)
    with quiet():
        job = _begin(recipe, resume, tell if rank() == 0 else _nothing)
        method = import_module(f"penmark.train.{MODULES[recipe.method]}")
        figures: dict[str, object] = method.train(job)
        if rank() == 0:
            _describe(recipe, job.folder, figures)
    return Outcome(job.folder.path, figures, next_commands(recipe, job.folder))


def check_length(recipe: Recipe, takes: Estimate) -> None:
    """Make sure that there is at least one update.

    Raises:
        ConfigError: when there are too few prompts for one.
    """
    if takes.updates < 1:
        needed = recipe.optimizer.global_batch * recipe.updates_per_generation
        raise ConfigError(
            f"{recipe.data.train}: {takes.samples} prompts to train on, and one generation takes {needed}; "
            "add prompts, or lower grpo.prompts_per_generation and optimizer.global_batch"
        )


def run_record(recipe: Recipe, base: Base, prepared: Prepared) -> dict[str, Any]:
    """What run.json says: enough to do it again, and to tell whether a continuation is one."""
    config = (base.folder / "config.json").read_bytes()
    return {
        "settings": {key: value for key, value in flat(recipe).items() if key != "output"},
        "data": data_record(recipe),
        "counts": {"train": counts(prepared.train), "held_out": counts(prepared.held_out)},
        "base": {"folder": str(base.folder), "config_sha256": hashlib.sha256(config).hexdigest()},
        "software": software(),
        "git_revision": git_revision(Path.cwd()),
        "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def plan_lines(recipe: Recipe, prepared: Prepared | None, takes: Estimate) -> list[str]:
    """What a run will do, in words: data, updates, memory and disk."""
    lines = []
    if prepared is not None:
        for name, side in (("training", prepared.train), ("held out", prepared.held_out)):
            numbers = counts(side)
            lines.append(
                f"{name}: {numbers['samples']:,} samples of {numbers['tasks']:,} tasks, {numbers['tokens']:,} tokens, "
                f"longest {numbers['longest_tokens']:,}; {numbers['left_out']} left out as too long, "
                f"{numbers['cut']} cut"
            )
    parts = ", ".join(f"{name} {size(gb)}" for name, gb in takes.memory_gb.items())
    where = f"each of {recipe.hardware.gpus} GPUs" if recipe.hardware.gpus else "the CPU"
    lines.append(f"updates: {takes.updates:,} of {recipe.optimizer.global_batch} samples")
    lines.append(f"memory on {where}, about: {size(takes.total_gb)} ({parts})")
    lines.append(f"disk: {size(takes.disk_gb)}")
    return lines


def _begin(recipe: Recipe, resume: bool, tell: Tell) -> Job:
    """What the method is given; the run's folder is there when everything has been looked at."""
    base = open_base(recipe.model.base)
    prepared = prepare(recipe, base.tokenizer)
    takes = estimate(recipe, prepared)
    check_length(recipe, takes)
    record = run_record(recipe, base, prepared)
    checkpoint = check_startable(recipe.folder, record, resume=resume)
    check_disk(recipe, takes.disk_gb)
    for line in plan_lines(recipe, prepared, takes):
        tell(line)
    return Job(recipe, base, prepared, open_run(recipe.folder, record, checkpoint), tell)


def _describe(recipe: Recipe, folder: RunFolder, figures: Mapping[str, object]) -> None:
    from penmark.train.curves import save_curves  # Loads the plotting library.

    try:
        folder.save_json("figures.json", figures)
        save_curves(folder.metric_rows(), folder.path)
        save_card(recipe, folder, figures)
    except OSError as error:
        raise ConfigError(
            f"{folder.path}: the model is saved, but its card cannot be written ({error.strerror}); "
            "free space and run the same command with --resume"
        ) from error


def _nothing(text: str) -> None:
    """What processes other than the first tell."""

"""Several GPUs: the command that starts one process for each, and DeepSpeed's file where weights are sharded."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from penmark.errors import ConfigError
from penmark.train.recipe import Recipe

Launcher = Literal["accelerate", "deepspeed"]


def launch_command(launcher: Launcher, recipe: Recipe, arguments: Sequence[str]) -> list[str]:
    """The command that runs `penmark ARGUMENTS` in one process for each GPU.

    Raises:
        ConfigError: when the recipe is for one process.
    """
    gpus = recipe.hardware.gpus
    if gpus < 2:
        raise ConfigError(f"--launcher {launcher} starts one process a GPU, and hardware.gpus is {gpus}; leave it out")
    module = ["-m", "penmark.cli", *arguments] if launcher == "accelerate" else ["penmark.cli", *arguments]
    if launcher == "deepspeed":
        return ["deepspeed", "--num_gpus", str(gpus), "--module", *module]
    precision = "bf16" if recipe.model.dtype == "bfloat16" else "no"
    shape = ["--num_machines", "1", "--num_processes", str(gpus), "--mixed_precision", precision]
    return ["accelerate", "launch", "--multi_gpu", *shape, "--dynamo_backend", "no", *module]


def check_launcher(launcher: Launcher, recipe: Recipe) -> None:
    """Make sure that the launcher and the GPUs are there.

    Raises:
        ConfigError: naming what is not.
    """
    needed = {launcher, "deepspeed"} if recipe.hardware.zero_stage else {launcher}
    missing = sorted(name for name in needed if shutil.which(name) is None)
    if missing:
        raise ConfigError(
            f"{' and '.join(missing)} not found; run `pip install {' '.join(missing)}`, or add --dry-run to see the "
            "command only"
        )
    check_gpus(recipe)


def check_gpus(recipe: Recipe) -> None:
    """Make sure that the machine has the GPUs the recipe asks for.

    Raises:
        ConfigError: when it has fewer.
    """
    import torch

    wanted, found = recipe.hardware.gpus, torch.cuda.device_count()
    if found < wanted:
        raise ConfigError(
            f"hardware.gpus = {wanted}, and this machine has {found}; add --dry-run to check the recipe only, or take "
            "a tiny-* recipe for the CPU"
        )


def check_started(recipe: Recipe) -> None:
    """Make sure that a run over several GPUs was started as such.

    Raises:
        ConfigError: when this is a single process.
    """
    check_gpus(recipe)
    if recipe.hardware.gpus > 1 and not is_launched():
        raise ConfigError(
            f"hardware.gpus = {recipe.hardware.gpus} takes a process for each; add --launcher accelerate or deepspeed"
        )


def is_launched() -> bool:
    """Whether a launcher started this process."""
    return "WORLD_SIZE" in os.environ


def rank() -> int:
    """Number of this process among those of a run, from 0."""
    return int(os.environ.get("RANK", "0"))


def zero_file(folder: Path) -> Path:
    """Where DeepSpeed's settings stand in a run's folder."""
    return folder / "deepspeed.json"


def write_zero_file(recipe: Recipe) -> Path | None:
    """DeepSpeed's settings, written into the run's folder; None where nothing is sharded.

    Raises:
        ConfigError: when the folder cannot be written.
    """
    if not recipe.hardware.zero_stage:
        return None
    path = zero_file(recipe.folder)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(zero_settings(recipe), indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; choose an --output that can be written") from error
    return path


def zero_settings(recipe: Recipe) -> dict[str, Any]:
    """DeepSpeed's settings; "auto" takes the trainer's.

    Source: Rajbhandari et al., ZeRO (2020), stages 2 and 3.
    """
    stage = recipe.hardware.zero_stage
    zero: dict[str, Any] = {"stage": stage, "overlap_comm": True, "contiguous_gradients": True}
    if stage == 3:
        zero |= {
            "reduce_bucket_size": "auto",
            "stage3_prefetch_bucket_size": "auto",
            "stage3_param_persistence_threshold": "auto",
            "stage3_max_live_parameters": 1_000_000_000,
            "stage3_gather_16bit_weights_on_model_save": True,
        }
    return {
        "bf16": {"enabled": "auto"},
        "zero_optimization": zero,
        "gradient_accumulation_steps": "auto",
        "train_micro_batch_size_per_gpu": "auto",
        "train_batch_size": "auto",
        "gradient_clipping": "auto",
    }

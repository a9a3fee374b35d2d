"""A run as TRL's trainers take it: its settings, and what is trained on what."""

from __future__ import annotations

from typing import Any

from datasets import Dataset

from penmark.train.base_model import Head, load_network, lora_config
from penmark.train.job import Job
from penmark.train.launch import is_launched, zero_file
from penmark.train.recipe import Recipe
from penmark.train.run_folder import RunFolder


def arguments(recipe: Recipe, folder: RunFolder) -> dict[str, Any]:
    """What the trainers of all methods are told alike."""
    optimizer, checkpoints, hardware = recipe.optimizer, recipe.checkpoints, recipe.hardware
    return {
        "output_dir": str(folder.checkpoints),
        "seed": recipe.seed,
        "learning_rate": optimizer.learning_rate,
        "num_train_epochs": optimizer.epochs or 1.0,
        "max_steps": optimizer.steps or -1,
        "per_device_train_batch_size": optimizer.device_batch,
        "per_device_eval_batch_size": optimizer.device_batch,
        "gradient_accumulation_steps": recipe.accumulation,
        "lr_scheduler_type": _schedule(recipe),
        "warmup_steps": optimizer.warmup_share,
        "weight_decay": optimizer.weight_decay,
        "max_grad_norm": optimizer.max_grad_norm,
        "logging_steps": checkpoints.log_every_steps,
        "logging_first_step": True,
        "logging_nan_inf_filter": False,
        "save_strategy": "steps",
        "save_steps": checkpoints.every_steps,
        "save_total_limit": checkpoints.keep,
        "bf16": recipe.model.dtype == "bfloat16",
        "gradient_checkpointing": hardware.gradient_checkpointing,
        "use_cpu": hardware.gpus == 0,
        "dataloader_pin_memory": hardware.gpus > 0,
        "deepspeed": str(zero_file(folder.path)) if hardware.zero_stage and is_launched() else None,
        "report_to": "none",
        "disable_tqdm": True,
    }


def evaluation(recipe: Recipe, *, held_out: int, is_fresh: bool) -> dict[str, Any]:
    """When the trainers evaluate: at the start of a fresh run and, where the recipe says so, on the way.

    Args:
        recipe: the run.
        held_out: number of samples to evaluate on; without any there is no evaluation.
        is_fresh: whether the run starts from the beginning.
    """
    every = recipe.checkpoints.evaluate_every_steps if held_out else None
    strategy = {"eval_strategy": "no"} if every is None else {"eval_strategy": "steps", "eval_steps": every}
    return {**strategy, "eval_on_start": bool(held_out) and is_fresh}


def material(job: Job, head: Head) -> dict[str, Any]:
    """What the trainers of all methods train and learn from; make the settings first: they may say to shard weights.

    Args:
        job: the run.
        head: what is on top of the network.
    """
    train, held_out, lora = job.prepared.train.rows, job.prepared.held_out.rows, job.recipe.lora
    return {
        "model": load_network(job.base, job.recipe, head),
        "train_dataset": Dataset.from_list(train),
        "eval_dataset": Dataset.from_list(held_out) if held_out else None,
        "processing_class": job.base.tokenizer,
        "peft_config": lora_config(lora, head) if lora else None,
    }


def _schedule(recipe: Recipe) -> str:
    schedule = recipe.optimizer.schedule
    return "constant_with_warmup" if schedule == "constant" and recipe.optimizer.warmup_share else schedule

"""The end of a run: the trained model saved whole, low-rank updates added in, and loaded again to be measured."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from safetensors import SafetensorError
from transformers import PrinterCallback

from penmark.errors import ConfigError
from penmark.train.base_model import Base, Head, load_network
from penmark.train.job import Job
from penmark.train.saving import could_not_write


def train_and_save(job: Job, trainer: Any, head: Head) -> None:  # noqa: ANN401  TRL is not typed.
    """Run a trainer to its end from where the run stands, evaluate, and save what came out.

    Raises:
        ConfigError: when the model cannot be written; the last checkpoint stays.
    """
    trainer.remove_callback(PrinterCallback)  # The run's own log tells it.
    checkpoint = job.folder.checkpoint
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if job.prepared.held_out.rows:
        trainer.evaluate()
    try:
        _save(job, trainer, head)
    except (OSError, RuntimeError, SafetensorError) as error:
        if not could_not_write(error):
            raise
        raise ConfigError(
            f"{job.folder.path}: the trained model cannot be written ({error}); free space and run the same command "
            "with --resume: it goes on from the last checkpoint"
        ) from error


def load_trained(job: Job, head: Head) -> Any:  # noqa: ANN401
    """The model as it was saved, in evaluation mode, on a GPU where the run had one."""
    folder, tokenizer = job.folder, job.base.tokenizer
    if folder.model.is_dir():
        network = load_network(Base(folder.model, job.base.config, tokenizer), job.recipe, head)
    else:
        network = PeftModel.from_pretrained(load_network(job.base, job.recipe, head), folder.adapter)
    return network.to("cuda" if job.recipe.hardware.gpus else "cpu").eval()


def _save(job: Job, trainer: Any, head: Head) -> None:  # noqa: ANN401
    lora = job.recipe.lora
    target = job.folder.adapter if lora else job.folder.model
    part = target.with_name(f"{target.name}.part")
    trainer.save_model(str(part))  # On every process: sharded weights are gathered from all.
    if not trainer.is_world_process_zero():
        return
    job.base.tokenizer.save_pretrained(part)
    _replace(part, target)
    if lora and lora.merge:
        merged = job.folder.model.with_name("model.part")
        _merged(job, head).save_pretrained(merged)
        job.base.tokenizer.save_pretrained(merged)
        _replace(merged, job.folder.model)


def _merged(job: Job, head: Head) -> Any:  # noqa: ANN401
    """The base model with the saved low-rank updates added in."""
    network = PeftModel.from_pretrained(load_network(job.base, job.recipe, head), job.folder.adapter)
    with torch.no_grad():
        return network.merge_and_unload()


def _replace(part: Path, target: Path) -> None:
    if target.exists():
        shutil.rmtree(target)
    (part / "training_args.bin").unlink(missing_ok=True)  # A pickle; the settings stand in run.json.
    part.replace(target)

"""Supervised fine-tuning: a critic learns verdicts, a writer learns texts; of a dialogue, the last answer.

Source: WritingBench, training of critic and writer; SPEC section 1.
"""

from __future__ import annotations

from trl import SFTConfig, SFTTrainer

from penmark.train.agreement import critic_agreement
from penmark.train.arguments import arguments, evaluation, material
from penmark.train.finish import load_trained, train_and_save
from penmark.train.job import Job
from penmark.train.saving import MetricsLog, SafeSaving


class Trainer(SafeSaving, SFTTrainer):  # type: ignore[misc]  # TRL is not typed.
    """TRL's, which a full disk does not end."""


def train(job: Job) -> dict[str, object]:
    """Figures of the model that was trained and saved."""
    recipe, held_out = job.recipe, job.prepared.held_out
    settings = SFTConfig(
        **arguments(recipe, job.folder),
        **evaluation(recipe, held_out=len(held_out.rows), is_fresh=job.folder.checkpoint is None),
        max_length=None,  # The encoder has seen to that.
        shuffle_dataset=False,  # The sampler does.
    )
    trainer = Trainer(args=settings, callbacks=[MetricsLog(job.folder, job.tell)], **material(job, "causal"))
    trainer.tell = job.tell
    train_and_save(job, trainer, "causal")
    if recipe.critic is None or not held_out.rows or not trainer.is_world_process_zero():
        return {}
    return critic_agreement(load_trained(job, "causal"), job.base.tokenizer, held_out.samples, recipe.critic)

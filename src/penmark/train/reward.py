"""A reward model: one score for a prompt and a text, learnt from pairs by the Bradley-Terry loss.

Source: Bradley and Terry (1952); WRL ("From Coarse to Fine"), section 3.2.1: -log sigmoid(r(q, a) - r(q, a_drop)).
Differs: on request the rejected text must score lower by a margin that grows with the number of requirements it
breaks (Touvron et al., Llama 2, 2023, section 3.2.2), and rewards are kept around 0 (Eisenstein et al., 2023).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from trl import RewardConfig, RewardTrainer

from penmark.train.arguments import arguments, evaluation, material
from penmark.train.base_model import load_network
from penmark.train.encode import Row
from penmark.train.finish import load_trained, train_and_save
from penmark.train.job import Job
from penmark.train.pair_figures import FloatArray, pair_figures
from penmark.train.saving import MetricsLog, SafeSaving


class Trainer(SafeSaving, RewardTrainer):  # type: ignore[misc]  # TRL is not typed.
    """TRL's, which a full disk does not end."""


def train(job: Job) -> dict[str, object]:
    """Figures of the model that was trained and saved, beside those of the untrained one."""
    recipe, held_out = job.recipe, job.prepared.held_out
    settings = RewardConfig(
        **arguments(recipe, job.folder),
        **evaluation(recipe, held_out=len(held_out.rows), is_fresh=job.folder.checkpoint is None),
        max_length=None,  # The encoder has seen to that.
        center_rewards_coefficient=(recipe.reward.centring or None) if recipe.reward else None,
    )
    trainer = Trainer(args=settings, callbacks=[MetricsLog(job.folder, job.tell)], **material(job, "reward"))
    trainer.tell = job.tell
    train_and_save(job, trainer, "reward")
    if not held_out.rows or not trainer.is_world_process_zero():
        return {}
    rewards = [
        score_pairs(network, held_out.rows, job.base.tokenizer.pad_token_id, recipe.optimizer.device_batch)
        for network in (load_trained(job, "reward"), load_network(job.base, recipe, "reward").eval())
    ]
    return pair_figures(held_out.samples, *rewards, seed=recipe.seed, trained=job.prepared.train.samples)


def score_pairs(network: Any, rows: Sequence[Row], padding: int, batch: int) -> FloatArray:  # noqa: ANN401
    """Rewards of shape (pairs, 2): of the chosen and of the rejected text.

    Args:
        network: a model with one score, in evaluation mode.
        rows: "chosen_ids" and "rejected_ids" of each pair.
        padding: token id to fill up with.
        batch: pairs at once.
    """
    rewards = [_score(network, texts, padding) for texts in _batches(rows, batch)]
    return np.concatenate(rewards).reshape(-1, 2)


def _batches(rows: Sequence[Row], batch: int) -> Iterator[list[list[int]]]:
    for start in range(0, len(rows), batch):
        yield [row[key] for row in rows[start : start + batch] for key in ("chosen_ids", "rejected_ids")]


def _score(network: Any, texts: Sequence[Sequence[int]], padding: int) -> FloatArray:  # noqa: ANN401
    longest = max(map(len, texts))
    ids_B_L = torch.tensor([[*text, *[padding] * (longest - len(text))] for text in texts])
    mask_B_L = torch.tensor([[1] * len(text) + [0] * (longest - len(text)) for text in texts])
    with torch.inference_mode():
        output = network(input_ids=ids_B_L.to(network.device), attention_mask=mask_B_L.to(network.device))
    rewards: FloatArray = output.logits[:, 0].float().cpu().numpy().astype(np.float64)
    return rewards

"""How far a trained critic's verdicts agree with those it was to learn, on held-out tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from penmark.errors import VerdictError
from penmark.models.reply import read_object
from penmark.stats.correlation import pearson
from penmark.train.data import Dialogue
from penmark.train.recipe import CriticPart


def critic_agreement(
    network: Any,  # noqa: ANN401  transformers is not typed.
    tokenizer: Any,  # noqa: ANN401
    samples: Sequence[Dialogue],
    wanted: CriticPart,
) -> dict[str, object]:
    """Figures of greedy verdicts against the held-out ones.

    A reply that is not one JSON object with a whole-number score has no score: it lowers the coverage and is in no
    other figure.

    Returns:
        asked, coverage (readable share), exact (share of equal scores), mean_difference (points), pearson; the
        last three are None where fewer than two are readable or nothing varies.
    """
    asked = [(s, score) for s in samples if (score := _score(s.messages[-1][1])) is not None]
    asked = asked[: wanted.evaluation_samples]
    replies = [_reply(network, tokenizer, sample, wanted.max_reply_tokens) for sample, _ in asked]
    scored = [
        (score, said) for (_, score), text in zip(asked, replies, strict=True) if (said := _score(text)) is not None
    ]
    figures: dict[str, object] = {"asked": len(asked), "coverage": len(scored) / len(asked) if asked else None}
    if len(scored) < 2:
        return {"agreement": {**figures, "exact": None, "mean_difference": None, "pearson": None}}
    learnt_N, said_N = np.array(scored, dtype=float).T
    correlation = pearson(learnt_N, said_N)
    return {
        "agreement": {
            **figures,
            "exact": float(np.mean(learnt_N == said_N)),
            "mean_difference": float(np.mean(np.abs(learnt_N - said_N))),
            "pearson": None if np.isnan(correlation) else correlation,
        }
    }


def _reply(network: Any, tokenizer: Any, sample: Dialogue, most: int) -> str:  # noqa: ANN401
    turns = [{"role": role, "content": content} for role, content in sample.messages[:-1]]
    text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    inputs = tokenizer(text, add_special_tokens=False, return_tensors="pt", return_token_type_ids=False)
    inputs = inputs.to(network.device)
    with torch.inference_mode():
        output = network.generate(
            **inputs, max_new_tokens=most, do_sample=False, use_cache=True, pad_token_id=tokenizer.pad_token_id
        )
    return str(tokenizer.decode(output[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True))


def _score(reply: str) -> int | None:
    """The whole-number score of a verdict; None where it has none."""
    try:
        score = read_object(reply).get("score")
    except VerdictError:
        return None
    return score if isinstance(score, int) and not isinstance(score, bool) else None

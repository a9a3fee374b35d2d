"""BERTScore against the task's reference: greedy matching of token embeddings from a local encoder.

Every token of the response is matched with the most similar token of the reference (precision) and the other way
round (recall), by the cosine of their embeddings in context. The root is F1, their harmonic mean; precision and recall
are leaves of weight 0, there to be read. Needs `--checkpoint DIR` and the extra `train`.

Source: Zhang et al. 2020, BERTScore, section 3; with importance weights off.
Differs: an encoder takes 512 tokens or so, and the released code cuts off the rest of a text. Here a longer text is
split into windows of the longest input, each is embedded by itself, and matching goes over the tokens of all windows:
nothing is cut, but the first tokens of a window do not see what stands before them. Beginning and end markers are left
out on both sides; the released code lets words match them. The paper tunes the layer for each encoder on translation
data; here it is the one at three quarters of the depth, rounded up, which is the tuned one for BERT base (9 of 12) and
BERT large (18 of 24), and near it for others. A mean below 0 counts as 0, so that nothing scores below an empty text.
Scores are not rescaled with a baseline.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from penmark.errors import ConfigError
from penmark.judges._checkpoint import CheckpointJudge, readable, reference_text
from penmark.protocols import JudgeCard, JudgeOptions, Verdict
from penmark.records import Criterion, Response, Rubric, Task

CARD = JudgeCard(
    id="bertscore",
    version=1,
    description="likeness to the task's reference by token embeddings of a local encoder (--checkpoint): BERTScore F1",
    needs_model=False,
    unit="F1",
)
LEAVES = tuple(
    Rubric(name=name, weight=weight, criterion=Criterion(name=name, description=description, low=0, high=1))
    for name, weight, description in (
        ("precision", 0.0, "How well the reference's tokens match each of the response's."),
        ("recall", 0.0, "How well the response's tokens match each of the reference's."),
        ("f1", 1.0, "Harmonic mean of precision and recall."),
    )
)
DEPTH = 0.75  # of the layers, from below, is where embeddings are taken
REFERENCES_AT_HAND = 4  # responses come task by task
WINDOWS_AT_ONCE = 8
ROWS_AT_ONCE = 1024  # of the similarity matrix, which would be large for two long texts

Vectors = NDArray[np.float32]


class Match(NamedTuple):
    """How well the tokens of two texts match, each 0..1."""

    precision: float
    recall: float
    f1: float


class Embedded(NamedTuple):
    """A text's token embeddings, shape (tokens, dimensions), and the number of windows it took."""

    vectors: Vectors
    windows: int

    def __str__(self) -> str:
        """Its size in words."""
        return f"{len(self.vectors)} tokens in {self.windows} window{'s' if self.windows > 1 else ''}"


class BertScoreJudge(CheckpointJudge):
    """Scores a response by how well its tokens match those of the reference."""

    card = CARD
    head = "AutoModel"
    tree = Rubric(children=LEAVES)

    def __init__(self, options: JudgeOptions) -> None:
        super().__init__(options)
        self._reference = lru_cache(maxsize=REFERENCES_AT_HAND)(self._embed)

    def measure(self, task: Task, response: Response) -> Mapping[str, Verdict]:
        """Precision, recall and F1, 0..1; nothing for an empty text, which gets the lowest score as it is.

        Raises:
            ConfigError: when the checkpoint cannot be loaded or gives no numbers.
            DataError: when the task has no reference.
        """
        text = readable(response.text or "")
        if not text.strip():
            return {}
        reference, found = self._reference(reference_text(task)), self._embed(text)
        match = greedy_match(found.vectors, reference.vectors)
        values = ", ".join(f"{name} {score:.4f}" for name, score in match._asdict().items())
        reason = f"{values}; response: {found}; reference: {reference}"
        return {name: Verdict(score=score, reason=reason, read_as="rule") for name, score in match._asdict().items()}

    def _embed(self, text: str) -> Embedded:
        tokens = self.model.tokenizer(
            text, truncation=True, max_length=self.model.max_tokens, return_overflowing_tokens=True, padding=True,
            return_special_tokens_mask=True, return_attention_mask=True, return_tensors="pt", verbose=False,
        )  # fmt: skip
        # Padding is marked as special, too.
        is_text = tokens.pop("special_tokens_mask").numpy() == 0
        tokens.pop("overflow_to_sample_mapping")
        layer = math.ceil(DEPTH * self.model.network.config.num_hidden_layers)
        vectors = []
        for start in range(0, len(is_text), WINDOWS_AT_ONCE):
            batch = slice(start, start + WINDOWS_AT_ONCE)
            output = self.model.run({name: ids[batch] for name, ids in tokens.items()}, output_hidden_states=True)
            vectors.append(output.hidden_states[layer].cpu().numpy()[is_text[batch]])
        vectors_N_D = np.concatenate(vectors)
        if not np.isfinite(vectors_N_D).all():
            folder = self.checkpoint.folder
            raise ConfigError(f"--checkpoint {folder}: its embeddings are no finite numbers; copy its weights again")
        return Embedded(vectors_N_D, len(is_text))


def create(options: JudgeOptions) -> BertScoreJudge:
    """The judge, as the command line makes it.

    Raises:
        ConfigError: when `--checkpoint` is missing or cannot be run.
    """
    return BertScoreJudge(options)


def greedy_match(response_N_D: Vectors, reference_M_D: Vectors) -> Match:
    """Precision, recall and F1 of matching each token with its most similar one, by cosine.

    Args:
        response_N_D: one row for each token; need not be of unit length.
        reference_M_D: likewise.

    Returns:
        Each 0..1; a mean below 0 counts as 0, and all are 0 when either text has no tokens.
    """
    if not len(response_N_D) or not len(reference_M_D):
        return Match(0.0, 0.0, 0.0)
    response_N_D, reference_M_D = _unit(response_N_D), _unit(reference_M_D)
    best_N, best_M = [], np.full(len(reference_M_D), -1.0, dtype=np.float32)
    for start in range(0, len(response_N_D), ROWS_AT_ONCE):
        cosines = response_N_D[start : start + ROWS_AT_ONCE] @ reference_M_D.T
        best_N.append(cosines.max(axis=1))
        np.maximum(best_M, cosines.max(axis=0), out=best_M)
    precision, recall = _mean(np.concatenate(best_N)), _mean(best_M)
    f1 = 2 * precision * recall / (precision + recall) if precision and recall else 0.0
    return Match(precision, recall, f1)


def _unit(vectors_N_D: Vectors) -> Vectors:
    """The rows at length 1; a row of zeros stays."""
    lengths = np.linalg.norm(vectors_N_D, axis=1, keepdims=True)
    return (vectors_N_D / np.where(lengths > 0, lengths, 1)).astype(np.float32, copy=False)


def _mean(best: Vectors) -> float:
    """The mean within 0..1, which rounding can leave by a hair."""
    return float(np.clip(best.mean(dtype=np.float64), 0, 1))

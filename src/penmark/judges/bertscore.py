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
from collections.abc import Mapping, Sequence
from itertools import chain, islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from penmark.errors import ConfigError
from penmark.judges._checkpoint import ReferenceJudge, reference_text
from penmark.models._checkpoint import Tokens, readable
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
TEXTS_AT_ONCE = 16  # whose embeddings are held in memory
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


class BertScoreJudge(ReferenceJudge):
    """Scores a response by how well its tokens match those of the reference."""

    card = CARD
    head = "AutoModel"
    tree = Rubric(children=LEAVES)

    def __init__(self, options: JudgeOptions) -> None:
        super().__init__(options)
        self._at_hand: dict[str, Embedded] = {}  # references of the tasks just seen: responses come task by task

    def measure_texts(self, items: Sequence[tuple[Task, Response]]) -> list[Mapping[str, Verdict]]:
        """Precision, recall and F1 of each response, 0..1.

        Raises:
            ConfigError: when the checkpoint cannot be loaded or gives no numbers.
            DataError: when a task has no reference.
        """
        pairs = [(reference_text(task), readable(response.text or "")) for task, response in items]
        some = iter(pairs)
        groups = iter(lambda: list(islice(some, TEXTS_AT_ONCE)), [])
        return [verdicts for group in groups for verdicts in self._compare(group)]

    def _compare(self, pairs: Sequence[tuple[str, str]]) -> list[Mapping[str, Verdict]]:
        """Verdicts on some (reference, response), embedded together."""
        known = {text: self._at_hand[text] for text in chain(*pairs) if text in self._at_hand}
        new = list(dict.fromkeys(text for text in chain(*pairs) if text not in known))
        known |= zip(new, self._embed(new), strict=True)
        self._at_hand = {reference: known[reference] for reference, _ in pairs}
        return [_verdicts(known[text], known[reference]) for reference, text in pairs]

    def _embed(self, texts: Sequence[str]) -> list[Embedded]:
        """The texts' token embeddings; windows of all of them run together."""
        windows = [self._windows(text) for text in texts]
        vectors = self._run([window for own in windows for window in own])
        if not all(np.isfinite(own).all() for own in vectors):
            raise ConfigError(f"{self.checkpoint.named}: its embeddings are no finite numbers; copy its weights again")
        rest = iter(vectors)
        return [Embedded(np.concatenate(list(islice(rest, len(own)))), len(own)) for own in windows]

    def _windows(self, text: str) -> list[Tokens]:
        """The text in as many windows of the longest input as it takes."""
        tokens = self.model.tokenizer(
            text, truncation=True, max_length=self.model.max_tokens, return_overflowing_tokens=True,
            return_special_tokens_mask=True, return_attention_mask=True, verbose=False,
        )  # fmt: skip
        names = [name for name in tokens if name != "overflow_to_sample_mapping"]
        return [{name: tokens[name][at] for name in names} for at in range(len(tokens["input_ids"]))]

    def _run(self, windows: Sequence[Tokens]) -> list[Vectors]:
        """Of each window, the embeddings of the tokens that are text."""
        layer = math.ceil(DEPTH * self.model.network.config.num_hidden_layers)
        is_text = [np.asarray(window["special_tokens_mask"]) == 0 for window in windows]
        inputs = [{n: ids for n, ids in window.items() if n != "special_tokens_mask"} for window in windows]
        found: dict[int, Vectors] = {}
        for batch, tensors in self.model.batches(inputs, self.model.tokenizer.pad_token_id):
            states = self.model.run(tensors, output_hidden_states=True).hidden_states[layer].cpu().numpy()
            for at, vectors in zip(batch, states, strict=True):
                found[at] = vectors[: len(is_text[at])][is_text[at]]
        return [found[at] for at in range(len(windows))]


def _verdicts(response: Embedded, reference: Embedded) -> Mapping[str, Verdict]:
    match = greedy_match(response.vectors, reference.vectors)
    values = ", ".join(f"{name} {score:.4f}" for name, score in match._asdict().items())
    reason = f"{values}; response: {response}; reference: {reference}"
    return {name: Verdict(score=score, reason=reason, read_as="rule") for name, score in match._asdict().items()}


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
    # In double precision, in which the square of the smallest number is not lost.
    lengths = np.sqrt(np.einsum("nd,nd->n", vectors_N_D, vectors_N_D, dtype=np.float64))[:, None]
    return (vectors_N_D / np.where(lengths > 0, lengths, 1)).astype(np.float32, copy=False)


def _mean(best: Vectors) -> float:
    """The mean within 0..1, which rounding can leave by a hair."""
    return float(np.clip(best.mean(dtype=np.float64), 0, 1))

"""BLEURT against the task's reference: a local regression model, trained on people's ratings, reads both texts.

The score is the one output of a sequence-classification checkpoint for the pair (reference, response), as the PyTorch
ports of BLEURT are. It is on the scale of the ratings the checkpoint learned from, which for BLEURT are standardized
for each rater: compare scores of one checkpoint, never of two. Needs `--checkpoint DIR` and the extra `train`.

A pair must fit into the model's input, 512 tokens or so, and cannot be split into windows. Longer pairs are cut at the
end, evenly: each text keeps half of the room, or what the other leaves. The verdict's reason says how many tokens of
each were left out; where that is many, the score is about the beginnings only.

Source: Sellam et al. 2020, BLEURT, section 3; rival of Tree-of-Writing (SPEC section 2).
Differs: scores end at -3, three standard deviations below the mean rating, which is what an empty text gets.
Checkpoints whose architecture transformers does not know, such as ports that bring code of their own, are refused.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from penmark.errors import ConfigError
from penmark.judges._checkpoint import ReferenceJudge, reference_text
from penmark.models._checkpoint import Tokens, readable
from penmark.protocols import JudgeCard, JudgeOptions, Verdict
from penmark.records import Criterion, Response, Rubric, Task

CARD = JudgeCard(
    id="bleurt",
    version=1,
    description="likeness to the task's reference as a local regression model sees it (--checkpoint): a BLEURT port",
    needs_model=False,
    unit="standardized rating",
)
LOWEST = -3
BLEURT = Criterion(
    name="bleurt",
    description="The rating that people would give the response beside the reference.",
    low=LOWEST,
    high=3,
)


class Pair(NamedTuple):
    """Reference and response, tokenized, and in words what of them was left out."""

    tokens: Tokens
    left_out: str


class BleurtJudge(ReferenceJudge):
    """Scores a response by a regression model's output for it and the reference."""

    card = CARD
    head = "AutoModelForSequenceClassification"
    tree = Rubric.flat((BLEURT,))

    def __init__(self, options: JudgeOptions) -> None:
        super().__init__(options)
        config = self.checkpoint.config
        outputs = config.get("num_labels") or len(config.get("id2label") or ("two", "by default"))
        if outputs != 1:
            raise ConfigError(
                f"--checkpoint {self.checkpoint.folder}: its configuration has {outputs} outputs, bleurt needs one, "
                f"a rating; give a PyTorch port of BLEURT"
            )

    def measure_texts(self, items: Sequence[tuple[Task, Response]]) -> list[Mapping[str, Verdict]]:
        """The model's output for each response.

        Raises:
            ConfigError: when the checkpoint cannot be loaded or gives no number.
            DataError: when a task has no reference.
        """
        pairs = [self._read(reference_text(task), readable(response.text or "")) for task, response in items]
        outputs = [0.0] * len(pairs)
        for batch, tensors in self.model.batches([pair.tokens for pair in pairs], self.model.tokenizer.pad_token_id):
            for at, logit in zip(batch, self.model.run(tensors).logits[:, 0].tolist(), strict=True):
                outputs[at] = logit
        return [self._verdict(pair, output) for pair, output in zip(pairs, outputs, strict=True)]

    def _verdict(self, pair: Pair, logit: float) -> Mapping[str, Verdict]:
        if not math.isfinite(logit):
            raise ConfigError(f"{self.checkpoint.named}: its output is {logit}; copy its weights again")
        reason = f"output {logit:.4f}{pair.left_out}"
        return {"bleurt": Verdict(score=max(logit, float(LOWEST)), reason=reason, read_as="rule")}

    def _read(self, reference: str, text: str) -> Pair:
        """Reference and response as the model takes them."""
        tokens = self.model.tokenizer(
            reference, text, truncation="longest_first", max_length=self.model.max_tokens, verbose=False
        )
        kept = Counter(tokens.sequence_ids(0))
        return Pair(tokens, self._left_out(reference, kept[0], text, kept[1]))

    def _left_out(self, reference: str, kept_reference: int, text: str, kept_text: int) -> str:
        """What of the two texts the model will not see, in words; "" when it sees all."""
        count_reference, count_text = self._count(reference), self._count(text)
        if (kept_reference, kept_text) == (count_reference, count_text):
            return ""
        return (
            f"; the model takes {self.model.max_tokens} tokens: left out were "
            f"{count_reference - kept_reference} of the reference's {count_reference} and "
            f"{count_text - kept_text} of the response's {count_text}"
        )

    def _count(self, text: str) -> int:
        return len(self.model.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])


def create(options: JudgeOptions) -> BleurtJudge:
    """The judge, as the command line makes it.

    Raises:
        ConfigError: when `--checkpoint` is missing or cannot be run.
    """
    return BleurtJudge(options)

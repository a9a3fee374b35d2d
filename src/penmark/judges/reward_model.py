"""A reward model: a local sequence-classification checkpoint reads the prompt and the response and gives one number.

`--judge reward-model --checkpoint DIR`, or in short `--judge reward:DIR`. A head with one output gives the reward as
it is, on the scale the model was trained to; a head with two gives the probability of class 1, 0..1. Compare scores of
one checkpoint, never of two. Needs the extra `train`. Prompt and response stand in the checkpoint's chat template;
encoders without one get them as a pair of texts. Many responses run together, in batches of similar length, in
bfloat16 on a GPU that has it, else in float32.

Where prompt and response are longer than the model's input, the prompt is cut at its end first, then the response; the
verdict's reason says how much was left out. Two different pairs that would become the same input that way are unscored:
a model that was shown the same cannot tell them apart. That is noticed among all responses of one run; the
reason of a cut pair ends with a key of what the model read, by which later runs can be compared.

Source: SPEC section 3: WRL's reward model is trained with one output; the released server loads two, with softmax.
Differs: an empty response scores lowest (0, or -50 where the reward has no lower end), whatever the model thinks of it;
rewards below that count as that. Reward models that are asked in words go through the judges that ask a model.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from penmark.errors import ConfigError
from penmark.judges._checkpoint import CheckpointJudge
from penmark.models._checkpoint import Dtype, Tokens, usual_dtype
from penmark.models._exchange import Exchange, ExchangeReader
from penmark.protocols import JudgeCard, JudgeOptions, Verdict
from penmark.records import Criterion, Response, Rubric, Task, content_key

CARD = JudgeCard(
    id="reward-model",
    version=1,
    description="one number for prompt and response by a local reward model (--checkpoint, or in short reward:DIR)",
    needs_model=False,
    unit="reward",
)
LEAF = "reward"
REWARD = Criterion(name=LEAF, description="The reward model's output.", low=-50, high=50)
PROBABILITY = Criterion(name=LEAF, description="The probability of class 1, in the model's eyes.", low=0, high=1)
SAME_INPUT = "cut to what the model takes, it is the same as another response's or prompt's"


class Reading(NamedTuple):
    """A response as the model reads it.

    Attributes:
        pair: names prompt and response.
        seen: names what the model is given of them.
    """

    exchange: Exchange
    pair: str
    seen: str


class RewardModelJudge(CheckpointJudge):
    """Scores a response by a classification model's output for its prompt and it."""

    card = CARD
    head = "AutoModelForSequenceClassification"

    def __init__(self, options: JudgeOptions) -> None:
        super().__init__(options)
        config = self.checkpoint.config
        self._outputs = config.get("num_labels") or len(config.get("id2label") or ("two", "by default"))
        if self._outputs not in (1, 2):
            raise ConfigError(
                f"{self.checkpoint.named}: its configuration has {self._outputs} outputs, a reward model has one, "
                f"or two classes; give a checkpoint that was trained as a reward model"
            )
        self._criterion = REWARD if self._outputs == 1 else PROBABILITY
        self.tree = Rubric.flat((self._criterion,))
        self._scored: dict[str, tuple[str, bool]] = {}  # what the model was given: of which pair, and whether cut

    @property
    def dtype(self) -> Dtype:
        """bfloat16 on a GPU that has it, else float32."""
        return usual_dtype()

    def measure_texts(self, items: Sequence[tuple[Task, Response]]) -> list[Mapping[str, Verdict]]:
        """The reward of each response, or why it has none.

        Raises:
            ConfigError: when the checkpoint cannot be loaded, has no chat template, or gives no number.
        """
        readings = [self._read(task.prompt, response.text or "") for task, response in items]
        reasons = self._unscorable(readings)
        wanted = {r.seen: r for r, reason in zip(readings, reasons, strict=True) if r is not None and not reason}
        rewards = self._rewards(list(wanted.values()))
        self._scored |= {seen: (r.pair, bool(r.exchange.left_out)) for seen, r in wanted.items()}
        return [
            {LEAF: Verdict(score=None, reason=reason) if r is None or reason else self._verdict(r, rewards[r.seen])}
            for r, reason in zip(readings, reasons, strict=True)
        ]

    @cached_property
    def _reader(self) -> ExchangeReader:
        return ExchangeReader(self.model.tokenizer, self.model.max_tokens, self.checkpoint.named)

    def _read(self, prompt: str, response: str) -> Reading | None:
        exchange = self._reader.read(prompt, response)
        if exchange is None:
            return None
        return Reading(exchange, content_key(prompt, response), content_key(exchange.tokens["input_ids"]))

    def _unscorable(self, readings: Sequence[Reading | None]) -> list[str]:
        """Why each cannot be scored; "" where it can. Of cut pairs that look the same, none is."""
        alike: dict[str, set[str]] = defaultdict(set)
        for reading in filter(None, readings):
            alike[reading.seen].add(reading.pair)
        return [self._problem(reading, alike[reading.seen]) if reading else self._no_room() for reading in readings]

    def _problem(self, reading: Reading, alike: set[str]) -> str:
        """Why a pair cannot be scored, among pairs of which the model is given the same."""
        left_out = reading.exchange.left_out
        earlier, was_cut = self._scored.get(reading.seen, (reading.pair, False))
        # A whole pair keeps its score beside cut ones, unless one of those has got that score already.
        if (left_out and alike | {earlier} != {reading.pair}) or (was_cut and earlier != reading.pair):
            return f"{left_out + '; ' if left_out else ''}{SAME_INPUT} ({reading.seen[:12]})"
        return ""

    def _no_room(self) -> str:
        return f"the model takes {self.model.max_tokens} tokens: no room for both prompt and response"

    def _rewards(self, readings: Sequence[Reading]) -> dict[str, float]:
        """By what the model was given, what it gave."""
        inputs = [reading.exchange.tokens for reading in readings]
        rewards: dict[str, float] = {}
        for batch, tensors in self.model.batches(inputs, self._pad_id(inputs)):
            for at, reward in zip(batch, self._outputs_of(tensors), strict=True):
                rewards[readings[at].seen] = reward
        return rewards

    def _outputs_of(self, tensors: Mapping[str, Any]) -> list[float]:
        logits_B_L = self.model.run(tensors).logits.float()
        scores_B = logits_B_L[:, 0] if self._outputs == 1 else logits_B_L.softmax(dim=1)[:, 1]
        found: list[float] = scores_B.tolist()
        return found

    @cached_property
    def _own_pad_id(self) -> int | None:
        """What the model takes for the end of a text."""
        found: int | None = self.model.network.config.get_text_config().pad_token_id
        return found

    def _pad_id(self, inputs: Sequence[Tokens]) -> int:
        """What fills up short texts. Where the model knows none, a token that no text has: it then reads all of each.

        Raises:
            ConfigError: when there is no such token.
        """
        if self._own_pad_id is not None:
            return self._own_pad_id
        config = self.model.network.config.get_text_config()
        used = {token for tokens in inputs for token in tokens["input_ids"]}
        config.pad_token_id = next((token for token in range(config.vocab_size) if token not in used), None)
        if config.pad_token_id is None:
            raise ConfigError(f"{self.checkpoint.named}: no padding token; set `pad_token_id` in its config.json")
        return int(config.pad_token_id)

    def _verdict(self, reading: Reading, reward: float) -> Verdict:
        if not math.isfinite(reward):
            raise ConfigError(f"{self.checkpoint.named}: its output is {reward}; copy its weights again")
        what = "reward" if self._outputs == 1 else "probability of class 1:"
        cut = f"; {reading.exchange.left_out} ({reading.seen[:12]})" if reading.exchange.left_out else ""
        score = max(reward, float(self._criterion.low))
        return Verdict(score=score, reason=f"{what} {reward:.4f}{cut}", read_as="rule")


def create(options: JudgeOptions) -> RewardModelJudge:
    """The judge, as the command line makes it.

    Raises:
        ConfigError: when `--checkpoint` is missing or cannot be run.
    """
    return RewardModelJudge(options)

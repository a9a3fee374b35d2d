"""Samples to token ids, by the base model's chat template, exactly as the trained model will see its input later.

A sample that is too long is never cut in silence: the run is refused, or the sample is left out and counted, or both
texts of a pair are cut at their ends, and then they must still differ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from jinja2 import TemplateError

from penmark.errors import ConfigError, DataError
from penmark.models._exchange import ExchangeReader
from penmark.train.data import Dialogue, Pair, Sample, WritingPrompt
from penmark.train.recipe import DataPart

LEFT_OUT = -100  # the label of tokens that are read and not learnt
SHOWN = 5
NO_LIMIT = 1 << 40  # tokens
Messages = Sequence[tuple[str, str]]
AnySample = TypeVar("AnySample", bound=Sample)
Row = dict[str, Any]


@dataclass
class Encoded:
    """Samples as token ids.

    Attributes:
        rows: one for each sample that is used.
        samples: what each row was made of.
        left_out: lines of samples that were too long.
        cut: lines of pairs that were cut.
        longest: tokens of the longest row.
        tokens: of all rows together; both texts of a pair are counted.
    """

    rows: list[Row] = field(default_factory=list)
    samples: list[Any] = field(default_factory=list)
    left_out: list[int] = field(default_factory=list)
    cut: list[int] = field(default_factory=list)
    longest: int = 0
    tokens: int = 0

    def take(self, row: Row, sample: Sample, lengths: Sequence[int]) -> None:
        """Add a sample as token ids; `lengths` are those of its texts."""
        self.rows.append(row)
        self.samples.append(sample)
        self.longest = max(self.longest, *lengths)
        self.tokens += sum(lengths)


class Encoder:
    """Writes the samples of one file down with one tokenizer, under one limit."""

    def __init__(self, tokenizer: Any, data: DataPart, path: Path) -> None:  # noqa: ANN401  transformers is not typed.
        self.tokenizer = tokenizer
        self.data = data
        self.path = path

    def dialogues(self, samples: Sequence[Dialogue]) -> Encoded:
        """{"input_ids", "labels"}: only the last answer and the end of its turn are learnt.

        Raises:
            DataError: when samples are too long and the recipe refuses that.
        """
        return self._encode(samples, self._dialogue, _not_cut, lambda row: [len(row["input_ids"])])

    def pairs(self, samples: Sequence[Pair], margin_per_requirement: float = 0.0) -> Encoded:
        """{"chosen_ids", "rejected_ids"} and, where there is one, the "margin" wanted between their rewards.

        They are read as the reward-model judge reads them.

        Raises:
            DataError: when samples are too long and the recipe refuses that, or a pair's two texts come out equal.
        """

        def encode(pair: Pair) -> Row:
            row: Row = {
                "chosen_ids": self._exchange(pair.prompt, pair.chosen),
                "rejected_ids": self._exchange(pair.prompt, pair.rejected),
            }
            return {**row, "margin": margin_per_requirement * pair.dropped} if margin_per_requirement else row

        def cut(pair: Pair, row: Row) -> Row | None:
            texts = {"chosen_ids": pair.chosen, "rejected_ids": pair.rejected}
            read = {key: self._reader(self.data.max_tokens).read(pair.prompt, text) for key, text in texts.items()}
            if None in read.values():
                return None
            return {**row, **{key: list(found.tokens["input_ids"]) for key, found in read.items() if found}}

        encoded = self._encode(samples, encode, cut, lambda row: [len(row["chosen_ids"]), len(row["rejected_ids"])])
        self._check_differ(encoded)
        return encoded

    def prompts(self, samples: Sequence[WritingPrompt]) -> Encoded:
        """{"prompt": messages, "task"}, as TRL samples from; `longest` is the longest prompt.

        Raises:
            DataError: when samples are too long and the recipe refuses that.
        """

        def encode(sample: WritingPrompt) -> Row:
            return {"prompt": [{"role": "user", "content": sample.prompt}], "task": sample.task}

        def length(row: Row) -> list[int]:
            return [len(self._ids(self._template(row["prompt"], is_open=True)))]

        return self._encode(samples, encode, _not_cut, length)

    def _encode(
        self,
        samples: Sequence[AnySample],
        encode: Callable[[AnySample], Row],
        cut: Callable[[AnySample, Row], Row | None],
        lengths: Callable[[Row], list[int]],
    ) -> Encoded:
        encoded, too_long = Encoded(), []
        for sample in samples:
            row = encode(sample)
            tokens = lengths(row)
            if max(tokens) > self.data.max_tokens:
                too_long.append((sample.line, max(tokens)))
                shorter = cut(sample, row) if self.data.too_long == "truncate" else None
                if shorter is None:
                    continue
                row = shorter
                encoded.cut.append(sample.line)
            encoded.take(row, sample, lengths(row))
        self._account(encoded, too_long)
        return encoded

    def _account(self, encoded: Encoded, too_long: Sequence[tuple[int, int]]) -> None:
        """Say what became of samples that are too long."""
        if too_long and self.data.too_long == "refuse":
            listed = ", ".join(f"line {line} ({tokens} tokens)" for line, tokens in too_long[:SHOWN])
            raise DataError(
                f"{self.path}: {len(too_long)} samples are longer than data.max_tokens = "
                f"{self.data.max_tokens}: {listed}{' ...' if len(too_long) > SHOWN else ''}; "
                f"raise it to {max(tokens for _, tokens in too_long)}, or set data.too_long"
            )
        encoded.left_out = [line for line, _ in too_long if line not in set(encoded.cut)]
        if too_long and not encoded.rows:
            raise DataError(
                f"{self.path}: every sample is longer than data.max_tokens = {self.data.max_tokens}; raise it"
            )

    def _check_differ(self, encoded: Encoded) -> None:
        """Refuse pairs whose texts are one and the same to the model."""
        same = [
            pair.line
            for row, pair in zip(encoded.rows, encoded.samples, strict=True)
            if row["chosen_ids"] == row["rejected_ids"]
        ]
        if not same:
            return
        why = "once cut" if set(same) & set(encoded.cut) else "to this tokenizer"
        raise DataError(
            f"{self.path}:{same[0]}: chosen and rejected are the same {why}"
            f"{f', as in {len(same) - 1} more pairs' if len(same) > 1 else ''}; "
            f'raise data.max_tokens (now {self.data.max_tokens}), set data.too_long = "leave_out", or leave them out'
        )

    def _dialogue(self, sample: Dialogue) -> Row:
        asked = self._template(_turns(sample.messages[:-1]), is_open=True)
        whole = self._template(_turns(sample.messages))
        if not whole.startswith(asked):
            raise ConfigError(
                "the base model's chat template writes a question one way when it asks and another when it is "
                "answered, so what is to be learnt cannot be told apart; take a model with a plain chat template"
            )
        # Tokenized apart, so that no token reaches over the border: the model will be asked just so.
        before, after = self._ids(asked), self._ids(whole[len(asked) :])
        return {"input_ids": before + after, "labels": [LEFT_OUT] * len(before) + after}

    def _template(self, turns: Sequence[dict[str, str]], *, is_open: bool = False) -> str:
        try:
            return str(self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=is_open))
        except (TemplateError, ValueError, TypeError) as error:
            roles = ", ".join(turn["role"] for turn in turns)
            raise ConfigError(f"the base model's chat template refuses turns by {roles}: {error}") from error

    def _exchange(self, prompt: str, text: str) -> list[int]:
        found = self._reader(NO_LIMIT).read(prompt, text)
        assert found is not None  # Without a limit everything goes in.
        return list(found.tokens["input_ids"])

    def _reader(self, most: int) -> ExchangeReader:
        return ExchangeReader(self.tokenizer, most, str(self.tokenizer.name_or_path))

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])


def _turns(messages: Messages) -> list[dict[str, str]]:
    return [{"role": role, "content": content} for role, content in messages]


def _not_cut(sample: object, row: Row) -> None:
    """Only pairs are cut."""

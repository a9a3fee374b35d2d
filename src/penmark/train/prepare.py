"""What a run learns from, ready to learn: read, split by task and written down as token ids."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penmark.errors import DataError
from penmark.train import data
from penmark.train.encode import Encoded, Encoder
from penmark.train.recipe import Recipe

READERS: dict[str, Callable[[Path], Sequence[Any]]] = {
    "critic": data.read_dialogues,
    "writer": data.read_dialogues,
    "reward": data.read_pairs,
    "grpo": data.read_prompts,
}


@dataclass(frozen=True)
class Prepared:
    """Samples as token ids."""

    train: Encoded
    held_out: Encoded


def read_samples(recipe: Recipe) -> tuple[list[Any], list[Any]]:
    """(for training, held out).

    Raises:
        DataError: naming malformed lines, or tasks that stand on both sides.
    """
    read = READERS[recipe.method]
    samples = list(read(recipe.data.train))
    if recipe.data.held_out is None:
        return data.split_by_task(samples, recipe.data.held_out_share, recipe.seed)
    held_out = list(read(recipe.data.held_out))
    data.check_apart(samples, held_out, recipe.data.held_out)
    return samples, held_out


def prepare(recipe: Recipe, tokenizer: Any) -> Prepared:  # noqa: ANN401  transformers is not typed.
    """The samples of a recipe as token ids.

    Raises:
        DataError: as `read_samples`, and where samples are too long or nothing is left.
    """
    train, held_out = read_samples(recipe)
    other = recipe.data.held_out or recipe.data.train
    prepared = Prepared(
        _encode(recipe, Encoder(tokenizer, recipe.data, recipe.data.train), train),
        _encode(recipe, Encoder(tokenizer, recipe.data, other), held_out),
    )
    if not prepared.train.rows:
        raise DataError(f"{recipe.data.train}: nothing is left to train on; lower data.held_out_share or add tasks")
    return prepared


def data_record(recipe: Recipe) -> dict[str, str]:
    """SHA-256 of each data file by what it is for."""
    files = {"train": recipe.data.train, "held_out": recipe.data.held_out}
    return {name: data.digest(path) for name, path in files.items() if path is not None}


def counts(encoded: Encoded) -> dict[str, object]:
    """What a side of the data comes to."""
    return {
        "samples": len(encoded.rows),
        "tasks": len({sample.task for sample in encoded.samples}),
        "tokens": encoded.tokens,
        "longest_tokens": encoded.longest,
        "left_out": len(encoded.left_out),
        "cut": len(encoded.cut),
    }


def _encode(recipe: Recipe, encoder: Encoder, samples: Sequence[Any]) -> Encoded:
    if recipe.method == "reward":
        return encoder.pairs(samples, recipe.reward.margin_per_requirement if recipe.reward else 0.0)
    return encoder.prompts(samples) if recipe.method == "grpo" else encoder.dialogues(samples)

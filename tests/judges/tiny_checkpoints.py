"""Checkpoints of a tiny BERT with random weights, for tests that have to run one."""

from __future__ import annotations

import string
from pathlib import Path

import pytest

LETTERS = string.ascii_lowercase
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *(f"##{letter}" for letter in LETTERS), ".", "狐"]


def save_tiny_bert(folder: Path, *, outputs: int | None = None, bias: float | None = None, positions: int = 32) -> Path:
    """Two layers of 32 units that read English letter by letter; with `outputs`, a head on top that gives that many.

    With `bias`, the head says just that, whatever the text.
    """
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in VOCABULARY), encoding="utf-8")
    config = transformers.BertConfig(
        vocab_size=len(VOCABULARY), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=positions, initializer_range=0.5, num_labels=outputs or 2,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        kind = transformers.BertForSequenceClassification if outputs else transformers.BertModel
        network = kind(config)
    if bias is not None:
        torch.nn.init.zeros_(network.classifier.weight)
        torch.nn.init.constant_(network.classifier.bias, bias)
    network.save_pretrained(folder)
    return folder

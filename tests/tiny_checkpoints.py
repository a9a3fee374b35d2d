"""Checkpoints of a tiny BERT or Llama with random weights, for tests that have to run one."""

from __future__ import annotations

import string
from pathlib import Path

import pytest

LETTERS = string.ascii_lowercase
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *(f"##{letter}" for letter in LETTERS), ".", "狐"]


def save_tiny_bert(
    folder: Path,
    *,
    outputs: int | None = None,
    bias: float | None = None,
    positions: int = 32,
    layers: int = 2,
    units: int = 32,
) -> Path:
    """A few small layers that read English letter by letter; with `outputs`, a head on top that gives that many.

    With `bias`, the head says just that, whatever the text.
    """
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in VOCABULARY), encoding="utf-8")
    config = transformers.BertConfig(
        vocab_size=len(VOCABULARY), hidden_size=units, num_hidden_layers=layers, num_attention_heads=units // 16,
        intermediate_size=2 * units,
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


CHAT = (
    "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def save_tiny_llama(
    folder: Path,
    *,
    outputs: int | None = None,
    template: str | None = CHAT,
    pad: bool = True,
    positions: int = 128,
    layers: int = 2,
    units: int = 32,
) -> Path:
    """A few small layers that read any text byte by byte; a language model or, with `outputs`, a classifier."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    tokenizer = _byte_tokenizer(template=template, pad=pad, positions=positions)
    tokenizer.save_pretrained(folder)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=units, num_hidden_layers=layers, num_attention_heads=units // 16,
        num_key_value_heads=units // 16, intermediate_size=2 * units, max_position_embeddings=positions,
        initializer_range=0.5, num_labels=outputs or 2,
        bos_token_id=None, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        kind = transformers.LlamaForSequenceClassification if outputs else transformers.LlamaForCausalLM
        kind(config).save_pretrained(folder)
    return folder


def _byte_tokenizer(*, template: str | None, pad: bool, positions: int):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    bytewise = Tokenizer(models.BPE(vocab={letter: at for at, letter in enumerate(alphabet)}, merges=[]))
    bytewise.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytewise.decoder = decoders.ByteLevel()
    made = PreTrainedTokenizerFast(
        tokenizer_object=bytewise, eos_token="<|end|>", pad_token="<|pad|>" if pad else None,
        additional_special_tokens=["<|user|>", "<|assistant|>"], model_max_length=positions,
    )  # fmt: skip
    made.chat_template = template
    return made

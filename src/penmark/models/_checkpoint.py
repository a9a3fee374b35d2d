"""A local Hugging Face checkpoint: its folder is checked at once, its weights are loaded when they are needed.

Only machinery, of `hf.py` and of the judges that run a model themselves. PyTorch and transformers come with the
extra `train` and are imported when weights are loaded; code that a checkpoint brings along is never run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from penmark.errors import ConfigError
from penmark.records import content_key

CONFIG = "config.json"
TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")
ADAPTER = "adapter_config.json"
WEIGHTS = ("*.safetensors", "pytorch_model*.bin")
NEEDED = {"configuration": (CONFIG,), "tokenizer": TOKENIZERS, "weights": WEIGHTS}
# The files that decide what the model does.
DECIDING = (CONFIG, *TOKENIZERS, "tokenizer_config.json", "merges.txt", "*.jinja", *WEIGHTS)
OWN_CODE_ONLY = {"local_files_only": True, "trust_remote_code": False}
LIBRARIES = ("torch", "transformers")
BLOCKS, BLOCK_BYTES = 64, 65536  # of a large file, what is read to tell it from others
TOKENS_AT_ONCE = {"cpu": 1024, "cuda": 16_384}  # in one batch, padding included; a CPU's caches hold no more
USUAL_POSITIONS = 512  # where neither tokenizer nor configuration says how many tokens the model takes

Head = Literal["AutoModel", "AutoModelForSequenceClassification", "AutoModelForCausalLM"]
Dtype = Literal["float32", "bfloat16"]
Tokens = Mapping[str, Sequence[int]]  # one tokenized text: input_ids and what goes with them, each of the same length


@dataclass(frozen=True)
class Checkpoint:
    """A folder that holds a Hugging Face checkpoint.

    Attributes:
        named: the folder as the user gave it, for messages.
        config: what its config.json says.
    """

    folder: Path
    named: str
    config: Mapping[str, Any]

    @cached_property
    def identity(self) -> dict[str, str]:
        """What tells it from other checkpoints: SHA-256 of config.json, and a content key.

        The key is over names, sizes and contents of the files that decide what it does. Of a file over 4 MiB only 64
        blocks of 64 KiB, spread evenly and with both ends, are read, so that gigabytes of weights take no time.
        """
        files = [(file.name, file.stat().st_size, content_digest(file)) for file in _files(self.folder, DECIDING)]
        return {"config_sha256": content_digest(self.folder / CONFIG), "checkpoint": content_key("checkpoint", files)}


@dataclass(frozen=True)
class LocalModel:
    """A checkpoint in memory, in evaluation mode.

    Attributes:
        max_tokens: longest input it takes, special tokens included.
    """

    tokenizer: Any
    network: Any
    device: str
    max_tokens: int

    def run(self, inputs: Mapping[str, Any], **how: object) -> Any:  # noqa: ANN401  transformers has no one output type.
        """The network's output for tokenized texts, without gradients."""
        import torch

        with torch.inference_mode():
            return self.network(**{name: tensor.to(self.device) for name, tensor in inputs.items()}, **how)

    @cached_property
    def is_causal(self) -> bool:
        """Whether a token sees nothing of what stands after it, so that padding on the right needs no mask."""
        config = self.network.config
        if getattr(config, "is_encoder_decoder", False) or not getattr(config, "is_causal", True):
            return False
        kinds = [module.is_causal for module in self.network.modules() if hasattr(module, "is_causal")]
        return bool(kinds) and all(kinds)

    def batches(self, inputs: Sequence[Tokens], pad_id: int) -> Iterator[tuple[list[int], dict[str, Any]]]:
        """(places in `inputs`, tensors to run) in batches of similar length, padded on the right, longest first.

        A causal model gets no attention mask: making one takes most of a small model's time, and without it half as
        much attention is computed.
        """
        import torch

        lengths = [len(tokens["input_ids"]) for tokens in inputs]
        for batch in by_length(lengths, TOKENS_AT_ONCE[self.device]):
            longest = len(inputs[batch[0]]["input_ids"])
            filled = {name: pad_id if name == "input_ids" else 0 for name in inputs[batch[0]]}
            if self.is_causal:
                filled.pop("attention_mask", None)
            rows = {
                name: [[*inputs[at][name], *[fill] * (longest - len(inputs[at][name]))] for at in batch]
                for name, fill in filled.items()
            }
            yield batch, {name: torch.tensor(padded) for name, padded in rows.items()}


def by_length(lengths: Sequence[int], tokens_at_once: int) -> Iterator[list[int]]:
    """Places of texts in batches of similar length, the longest first: what does not fit in memory fails at once.

    Args:
        lengths: in tokens.
        tokens_at_once: most tokens in a batch, padding included; a longer text is a batch of its own.
    """
    batch: list[int] = []
    for at in sorted(range(len(lengths)), key=lambda at: -lengths[at]):
        if batch and (len(batch) + 1) * lengths[batch[0]] > tokens_at_once:
            yield batch
            batch = []
        batch.append(at)
    if batch:
        yield batch


def open_checkpoint(folder: Path, *, named: str, user: str) -> Checkpoint:
    """The checkpoint in a folder, looked at but not loaded.

    Args:
        folder: where it is.
        named: the folder as the user gave it, such as "--checkpoint DIR".
        user: what will run it, such as "judge 'bleurt'".

    Raises:
        ConfigError: when there is none, something is missing in it, or the libraries to run it are.
    """
    if not folder.is_dir():
        raise ConfigError(f"{named}: no such folder; give one with a Hugging Face checkpoint in it")
    if _files(folder, (ADAPTER,)):
        raise ConfigError(f"{named}: a LoRA adapter without its base model; merge it into the base model first")
    for what, patterns in NEEDED.items():
        if not _files(folder, patterns):
            raise ConfigError(
                f"{named}: no {what} ({' or '.join(patterns)}) in it; give a folder that both the "
                f"model's and the tokenizer's `save_pretrained` wrote to, or copy the missing files there"
            )
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"{user} needs {' and '.join(missing)}, not installed here; run `pip install 'penmark[train]'`"
        )
    return Checkpoint(folder, named, _read_config(folder / CONFIG))


def usual_dtype() -> Dtype:
    """The precision a large model runs with here: bfloat16 on a GPU that has it, else float32."""
    import torch

    return "bfloat16" if torch.cuda.is_available() and torch.cuda.is_bf16_supported() else "float32"


def load_tokenizer(checkpoint: Checkpoint, head: Head) -> Any:  # noqa: ANN401  It is of the checkpoint's own class.
    """The checkpoint's tokenizer, for a model that is loaded as `head`.

    Raises:
        ConfigError: when it cannot be loaded, or is a slow one.
    """
    import transformers

    with _loading(checkpoint, head):
        tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoint.folder, **OWN_CODE_ONLY)
    if not tokenizer.is_fast:
        raise ConfigError(
            f"{checkpoint.named}: {type(tokenizer).__name__} is a slow tokenizer, which cannot say where a token "
            f"stands in the text; give a checkpoint with a tokenizer.json"
        )
    return tokenizer


def load(checkpoint: Checkpoint, head: Head, dtype: Dtype = "float32") -> LocalModel:
    """The checkpoint in memory, on a GPU where there is one.

    Raises:
        ConfigError: when it cannot be loaded, or lacks weights that would then be made up at random.
    """
    import torch
    import transformers

    tokenizer = load_tokenizer(checkpoint, head)
    with _loading(checkpoint, head):
        network, found = getattr(transformers, head).from_pretrained(
            checkpoint.folder, dtype=getattr(torch, dtype), output_loading_info=True, **OWN_CODE_ONLY
        )
    _check_complete(checkpoint, head, found["missing_keys"])
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return LocalModel(tokenizer, network.to(device).eval(), device, _max_tokens(tokenizer, network))


@contextmanager
def _loading(checkpoint: Checkpoint, head: Head) -> Iterator[None]:
    """Load quietly, and say clearly what went wrong."""
    from safetensors import SafetensorError

    try:
        with quiet():
            yield
    except (OSError, ValueError, KeyError, TypeError, ImportError, RuntimeError, SafetensorError) as error:
        raise ConfigError(
            f"{checkpoint.named}: transformers cannot load it as {head}: {error}; "
            f"give a checkpoint whose `model_type` in {CONFIG} transformers knows"
        ) from error


def readable(text: str) -> str:
    """The text with lone surrogates, which no tokenizer takes, as question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _read_config(path: Path) -> Mapping[str, Any]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(f"{path}: not JSON ({error}); copy the file again from where the model came from") from error
    if not isinstance(config, dict):
        raise ConfigError(f"{path}: {type(config).__name__} instead of an object; copy the file again")
    return config


def _files(folder: Path, patterns: Sequence[str]) -> list[Path]:
    return sorted(file for pattern in patterns for file in folder.glob(pattern) if file.is_file())


def content_digest(file: Path) -> str:
    """SHA-256 of a file or, over 4 MiB, of blocks of it."""
    size = file.stat().st_size
    if size <= BLOCKS * BLOCK_BYTES:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    digest = hashlib.sha256()
    with file.open("rb") as content:
        for block in range(BLOCKS):
            content.seek(block * (size - BLOCK_BYTES) // (BLOCKS - 1))
            digest.update(content.read(BLOCK_BYTES))
    return digest.hexdigest()


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers' progress bars and load reports out of ours; what matters of them becomes an error."""
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def _check_complete(checkpoint: Checkpoint, head: Head, missing: set[str]) -> None:
    # Token embeddings are read below the pooler, and many encoders come without one; a head stands on it.
    harmless = "pooler" if head == "AutoModel" else ""
    lacking = sorted(name for name in missing if harmless not in name.split("."))
    if lacking:
        raise ConfigError(
            f"{checkpoint.named}: no weights for {', '.join(lacking[:4])}{' ...' if len(lacking) > 4 else ''}, "
            f"which random numbers would stand in for; give a checkpoint that was trained for this"
        )


def _max_tokens(tokenizer: Any, network: Any) -> int:  # noqa: ANN401  Both are of the checkpoint's own class.
    positions = getattr(network.config, "max_position_embeddings", None) or USUAL_POSITIONS
    # RoBERTa and its kin count positions from after the padding index.
    first = [
        module.padding_idx + 1
        for name, module in network.named_modules()
        if name.endswith("position_embeddings") and getattr(module, "padding_idx", None) is not None
    ]
    return min(int(tokenizer.model_max_length), int(positions) - max(first, default=0))

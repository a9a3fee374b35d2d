"""What judges share that run a local checkpoint: its folder is checked at once, its weights are loaded at first use.

Only machinery: the judges themselves are `bertscore.py` and `bleurt.py`. PyTorch and transformers come with the
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

from penmark.errors import ConfigError, DataError
from penmark.protocols import JudgeCard, JudgeOptions, PlanQuestion, Question, Sampling
from penmark.records import Response, Rubric, Task, content_key

CONFIG = "config.json"
TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")
WEIGHTS = ("*.safetensors", "pytorch_model*.bin")
NEEDED = {"configuration": (CONFIG,), "tokenizer": TOKENIZERS, "weights": WEIGHTS}
SCORING = (CONFIG, *TOKENIZERS, "tokenizer_config.json", "merges.txt", *WEIGHTS)  # the files that decide scores
LIBRARIES = ("torch", "transformers")
DTYPE = "float32"
BLOCKS, BLOCK_BYTES = 64, 65536  # of a large file, what is read to tell it from others
USUAL_POSITIONS = 512  # where neither tokenizer nor configuration says how many tokens the model takes

Head = Literal["AutoModel", "AutoModelForSequenceClassification"]


class CheckpointJudge:
    """Compares responses with the task's reference by a local model; subclasses say how."""

    card: JudgeCard
    sampling = Sampling()
    tree: Rubric
    head: Head

    def __init__(self, options: JudgeOptions) -> None:
        self.checkpoint = open_checkpoint(options, self.card.id)

    def settings(self) -> Mapping[str, object]:
        """Which checkpoint it is, wherever its folder stands, and the precision of its arithmetic."""
        return {**self.checkpoint.identity, "dtype": DTYPE}

    def rubric(self, task: Task) -> Rubric:
        """The metric's leaves.

        Raises:
            DataError: when the task has no reference.
        """
        reference_text(task)
        return self.tree

    def plan(self, task: Task) -> PlanQuestion | None:
        """Nothing to settle."""
        return None

    def questions(self, task: Task, response: Response) -> Sequence[Question]:
        """None: the checkpoint is no model that is asked."""
        return []

    @cached_property
    def model(self) -> LocalModel:
        """The checkpoint in memory.

        Raises:
            ConfigError: when its files cannot be loaded.
        """
        return load(self.checkpoint.folder, self.head)


@dataclass(frozen=True)
class Checkpoint:
    """A folder that holds a Hugging Face checkpoint.

    Attributes:
        config: what its config.json says.
    """

    folder: Path
    config: Mapping[str, Any]

    @cached_property
    def identity(self) -> dict[str, str]:
        """What tells it from other checkpoints: SHA-256 of config.json, and a content key.

        The key is over names, sizes and contents of the files that decide scores. Of a file over 4 MiB only 64 blocks
        of 64 KiB, spread evenly and with both ends, are read, so that gigabytes of weights take no time.
        """
        files = [(file.name, file.stat().st_size, _digest(file)) for file in _files(self.folder, SCORING)]
        return {"config_sha256": _digest(self.folder / CONFIG), "checkpoint": content_key("checkpoint", files)}


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


def open_checkpoint(options: JudgeOptions, judge: str) -> Checkpoint:
    """The checkpoint of `--checkpoint`, looked at but not loaded.

    Raises:
        ConfigError: when there is none, something is missing in it, or the libraries to run it are.
    """
    folder = options.checkpoint
    if folder is None:
        raise ConfigError(f"judge {judge!r} runs a local model; name its folder with --checkpoint DIR")
    if not folder.is_dir():
        raise ConfigError(f"--checkpoint {folder}: no such folder; give one with a Hugging Face checkpoint in it")
    for what, patterns in NEEDED.items():
        if not _files(folder, patterns):
            raise ConfigError(
                f"--checkpoint {folder}: no {what} ({' or '.join(patterns)}) in it; give a folder that both the "
                f"model's and the tokenizer's `save_pretrained` wrote to, or copy the missing files there"
            )
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"judge {judge!r} needs {' and '.join(missing)}, not installed here; run `pip install 'penmark[train]'`"
        )
    return Checkpoint(folder, _read_config(folder / CONFIG))


def load(folder: Path, head: Head) -> LocalModel:
    """The checkpoint in memory, on a GPU where there is one.

    Raises:
        ConfigError: when it cannot be loaded, or lacks weights that would then be made up at random.
    """
    import torch
    import transformers
    from safetensors import SafetensorError

    own = {"local_files_only": True, "trust_remote_code": False}
    try:
        with _quiet():
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **own)
            network, found = getattr(transformers, head).from_pretrained(
                folder, dtype=torch.float32, output_loading_info=True, **own
            )
    except (OSError, ValueError, KeyError, TypeError, ImportError, RuntimeError, SafetensorError) as error:
        raise ConfigError(
            f"--checkpoint {folder}: transformers cannot load it as {head}: {error}; "
            f"give a checkpoint whose `model_type` in {CONFIG} transformers knows"
        ) from error
    _check_complete(folder, head, found["missing_keys"])
    if not tokenizer.is_fast or tokenizer.pad_token is None:
        raise ConfigError(
            f"--checkpoint {folder}: {type(tokenizer).__name__} is no tokenizer of a BERT-like encoder, which pads and "
            f"says where it cut; give such a checkpoint, with a tokenizer.json"
        )
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return LocalModel(tokenizer, network.to(device).eval(), device, _max_tokens(tokenizer, network))


def reference_text(task: Task) -> str:
    """The text to compare responses with.

    Raises:
        DataError: when the task has none.
    """
    if not (task.reference or "").strip():
        raise DataError(
            f"task {task.id!r} of {task.bench} has no reference to compare responses with; "
            f"take a judge that needs none (`penmark judges list`) or a benchmark with references, such as `sample`"
        )
    return readable(task.reference or "")


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


def _digest(file: Path) -> str:
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
def _quiet() -> Iterator[None]:
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


def _check_complete(folder: Path, head: Head, missing: set[str]) -> None:
    # Token embeddings are read below the pooler, and many encoders come without one; a head stands on it.
    harmless = "pooler" if head == "AutoModel" else ""
    lacking = sorted(name for name in missing if harmless not in name.split("."))
    if lacking:
        raise ConfigError(
            f"--checkpoint {folder}: no weights for {', '.join(lacking[:4])}{' ...' if len(lacking) > 4 else ''}, "
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

"""The model a run starts from: its folder is looked at first, its weights are loaded when they are needed.

Nothing is fetched, and code that a folder brings along is never run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from penmark.errors import ConfigError
from penmark.models._trainable import trainable_folder
from penmark.models.embedded import find_weights
from penmark.train.recipe import EMBEDDED, LoraPart, ModelPart, Recipe, Shape

LIBRARIES = ("torch", "transformers", "trl", "peft", "datasets", "accelerate")
WEIGHTS = ("*.safetensors", "pytorch_model*.bin")
OWN = {"local_files_only": True, "trust_remote_code": False}
Head = Literal["causal", "reward"]


@dataclass(frozen=True)
class Base:
    """A folder with a model and a tokenizer that can write dialogues down.

    Attributes:
        config: what its config.json says.
        tokenizer: with a chat template and a padding token.
    """

    folder: Path
    config: Mapping[str, Any]
    tokenizer: Any


def check_libraries() -> None:
    """Make sure that what trains is installed.

    Raises:
        ConfigError: naming what is not.
    """
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"training needs {', '.join(missing)}, not installed here; run `pip install 'penmark[train]'`"
        )


def open_base(name: str) -> Base:
    """The base model's folder and tokenizer.

    Raises:
        ConfigError: when something is missing in it.
    """
    check_libraries()
    folder = Path(name)
    config = read_config(folder)
    if not any(file for pattern in WEIGHTS for file in folder.glob(pattern)):
        raise ConfigError(f"{folder}: no weights ({' or '.join(WEIGHTS)}) in it; copy them there")
    return Base(folder, config, _load_tokenizer(folder))


def with_embedded(recipe: Recipe, models: Path) -> Recipe:
    """The recipe with a folder as its base model: for "embedded" the packaged model, turned into one the first time.

    Args:
        recipe: the run.
        models: where such folders are kept.

    Raises:
        ConfigError: when the packaged model is not installed.
    """
    if recipe.model.base != EMBEDDED:
        return recipe
    check_libraries()
    folder = trainable_folder(find_weights(), models)
    return recipe.model_copy(update={"model": recipe.model.model_copy(update={"base": str(folder)})})


def read_config(folder: Path) -> Mapping[str, Any]:
    """What the folder's config.json says.

    Raises:
        ConfigError: when the folder holds no Hugging Face model.
    """
    if not folder.is_dir():
        raise ConfigError(
            f"model.base {folder}: no such folder; put a Hugging Face model there or name another with --model FOLDER"
        )
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{folder}/config.json: {error}; give a folder that `save_pretrained` wrote to") from error
    if not isinstance(config, dict):
        raise ConfigError(f"{folder}/config.json: no JSON object; copy the file again")
    return config


def load_network(base: Base, recipe: Recipe, head: Head) -> Any:  # noqa: ANN401  transformers has no one model type.
    """The weights in memory, with a fresh one-score head on top for a reward model.

    Raises:
        ConfigError: when transformers cannot load them.
    """
    import torch
    import transformers
    from safetensors import SafetensorError

    kind = "AutoModelForCausalLM" if head == "causal" else "AutoModelForSequenceClassification"
    wanted = {"num_labels": 1} if head == "reward" else {}
    torch.manual_seed(recipe.seed)  # The head is drawn at random.
    try:
        network = getattr(transformers, kind).from_pretrained(
            base.folder,
            dtype=getattr(torch, recipe.model.dtype),
            attn_implementation=recipe.model.attention,
            **wanted,
            **OWN,
        )
    except (OSError, ValueError, KeyError, TypeError, ImportError, RuntimeError, SafetensorError) as error:
        raise ConfigError(f"{base.folder}: transformers cannot load it as {kind}: {error}") from error
    network.config.pad_token_id = base.tokenizer.pad_token_id
    network.config.use_cache = False
    return network


def lora_config(lora: LoraPart, head: Head) -> Any:  # noqa: ANN401  peft is not typed.
    """The low-rank updates; a reward model's head is trained whole."""
    from peft import LoraConfig

    return LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=lora.targets,
        task_type="CAUSAL_LM" if head == "causal" else "SEQ_CLS",
        modules_to_save=["score"] if head == "reward" else None,
    )


def shape_of(part: ModelPart) -> Shape | None:
    """How large the base model is: by its folder or, where that is not at hand, by the recipe; None if neither says.

    The parameters of a folder are counted as a Llama-like model has them: embeddings, attention, gated feed-forward.
    """
    folder = Path(part.base)
    if not (folder / "config.json").is_file():
        return part.shape
    config = read_config(folder)
    try:
        return _shape(config)
    except (KeyError, TypeError, ValueError):
        return part.shape


def _shape(config: Mapping[str, Any]) -> Shape:
    hidden, heads = int(config["hidden_size"]), int(config["num_attention_heads"])
    kv_heads = int(config.get("num_key_value_heads") or heads)
    size = {
        "layers": int(config["num_hidden_layers"]),
        "hidden": hidden,
        "intermediate": int(config["intermediate_size"]),
        "vocabulary": int(config["vocab_size"]),
        "heads": heads,
        "kv_heads": kv_heads,
    }
    head_size = int(config.get("head_dim") or hidden // heads)
    attention = 2 * hidden * head_size * (heads + kv_heads)
    layer = attention + 3 * hidden * size["intermediate"] + 2 * hidden
    embeddings = size["vocabulary"] * hidden * (1 if config.get("tie_word_embeddings") else 2)
    return Shape(parameters=embeddings + size["layers"] * layer + hidden, **size)


def _load_tokenizer(folder: Path) -> Any:  # noqa: ANN401
    import transformers

    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **OWN)
    except (OSError, ValueError, KeyError, TypeError, ImportError) as error:
        raise ConfigError(f"{folder}: transformers cannot load its tokenizer: {error}; copy the files again") from error
    if not tokenizer.chat_template:
        raise ConfigError(
            f"{folder}: its tokenizer has no chat template, so dialogues cannot be written down; "
            "take the model's instruct version, or put a chat_template.jinja beside the tokenizer"
        )
    if tokenizer.eos_token_id is None:
        raise ConfigError(f"{folder}: its tokenizer has no end-of-text token; name one in tokenizer_config.json")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer

"""What a run will take: updates, memory on each GPU, space on disk. Worked out from the recipe; nothing is loaded.

The memory is that of mixed-precision AdamW. It is an upper estimate of what does not depend on the implementation,
with a fixed allowance for buffers.

Source: Rajbhandari et al., ZeRO (2020), section 3, for weights, gradients and optimizer; Korthikanti et al.,
Reducing Activation Recomputation (2022), section 4, for activations.
Differs: feed-forward layers are gated, attention is computed without its matrix, and the logits are counted once in
float32, although TRL computes them in blocks.
"""

from __future__ import annotations

import math
import shutil
from dataclasses import dataclass

from penmark.errors import ConfigError
from penmark.train.base_model import shape_of
from penmark.train.prepare import Prepared
from penmark.train.recipe import Recipe, Shape

GB = 1e9
BUFFERS_BYTES = 3 * GB  # CUDA itself, gathered layers of ZeRO-3, communication
VLLM_SHARE = 0.3  # of a GPU, what TRL gives vLLM where it runs beside the training
ADAM_BYTES = 8  # two moments in float32
MASTER_BYTES = 4  # the weights in float32, where arithmetic is in bfloat16


@dataclass(frozen=True)
class Estimate:
    """What a run takes.

    Attributes:
        samples: to train on.
        updates: optimizer steps.
        memory_gb: on each device, by what it is for.
        disk_gb: checkpoints and models, when all that are kept are there.
    """

    samples: int
    updates: int
    memory_gb: dict[str, float]
    disk_gb: float

    @property
    def total_gb(self) -> float:
        """Memory on each device."""
        return sum(self.memory_gb.values())


def estimate(recipe: Recipe, prepared: Prepared | None) -> Estimate:
    """What the run takes.

    Args:
        recipe: the run.
        prepared: its data; where that is not at hand, the recipe's expected count and longest sample are taken.

    Raises:
        ConfigError: when neither a folder nor the recipe says how large the model is.
    """
    shape = shape_of(recipe.model)
    if shape is None:
        raise ConfigError(
            f"model.base {recipe.model.base}: no such folder, and no model.shape to estimate with; "
            "name a folder with --model, or add the shape"
        )
    kept = 0.0 if recipe.data.held_out else recipe.data.held_out_share
    samples = len(prepared.train.rows) if prepared else round((recipe.data.expected or 0) * (1 - kept))
    longest = prepared.train.longest if prepared else recipe.data.max_tokens
    memory = _memory(recipe, shape, longest)
    return Estimate(
        samples, updates(recipe, samples), {k: v / GB for k, v in memory.items()}, _disk(recipe, shape) / GB
    )


def updates(recipe: Recipe, samples: int) -> int:
    """Optimizer steps of the whole run.

    A last batch that is not full is one too; of prompts to write for, those that fill no generation are left out of
    an epoch.
    """
    if recipe.optimizer.steps is not None:
        return recipe.optimizer.steps
    batch = recipe.optimizer.global_batch
    together = recipe.updates_per_generation
    an_epoch = samples // (batch * together) * together if recipe.grpo else math.ceil(samples / batch)
    return math.ceil(an_epoch * (recipe.optimizer.epochs or 0))


def check_disk(recipe: Recipe, needed_gb: float) -> None:
    """Make sure that the disk has room for what the run keeps.

    Raises:
        ConfigError: when it has not.
    """
    place = next(path for path in (recipe.folder, *recipe.folder.absolute().parents) if path.exists())
    free_gb = shutil.disk_usage(place).free / GB
    if free_gb < needed_gb:
        raise ConfigError(
            f"{place.absolute()} has {free_gb:.1f} GB left, and {recipe.checkpoints.keep} checkpoints with the model "
            f"take {needed_gb:.1f} GB; free some, lower checkpoints.keep, or choose another --output"
        )


def size(gb: float) -> str:
    """A number of gigabytes as people read it."""
    return f"{gb:,.1f} GB" if gb >= 1 else f"{1000 * gb:,.1f} MB"


def lora_parameters(recipe: Recipe, shape: Shape) -> int:
    """Trained weights of the low-rank updates; named targets are counted as if they were all linear layers."""
    if recipe.lora is None:
        return 0
    head = shape.hidden // shape.heads
    widths = (
        2 * (shape.hidden + shape.hidden)  # queries, output
        + 2 * (shape.hidden + head * shape.kv_heads)  # keys, values
        + 3 * (shape.hidden + shape.intermediate)
    )
    return shape.layers * recipe.lora.rank * widths


def _memory(recipe: Recipe, shape: Shape, longest: int) -> dict[str, float]:
    """Bytes on one device by what they are for."""
    devices, stage = recipe.hardware.processes, recipe.hardware.zero_stage
    trained = lora_parameters(recipe, shape) or shape.parameters
    is_half = recipe.model.dtype == "bfloat16"
    width = 2 if is_half and (stage or recipe.lora) else 4
    weights = width * shape.parameters / (devices if stage == 3 else 1)
    sharded = devices if stage else 1
    memory = {
        "weights": weights,
        "gradients": width * trained / sharded,
        "optimizer": (ADAM_BYTES + (MASTER_BYTES if width == 2 else 0)) * trained / sharded,
        "activations": _activations(recipe, shape, longest, 2 if is_half else 4),
    }
    if recipe.grpo:
        memory |= _rollout_memory(recipe, shape, weights)
    if recipe.hardware.gpus:
        memory["buffers"] = BUFFERS_BYTES
    return memory


def _activations(recipe: Recipe, shape: Shape, longest: int, width: int) -> float:
    """Bytes kept for the backward pass: each layer's input and one layer whole, or all layers whole; and the logits."""
    tokens = recipe.optimizer.device_batch * (2 if recipe.method == "reward" else 1) * longest
    if recipe.grpo:
        tokens = recipe.optimizer.device_batch * (longest + recipe.grpo.max_completion_tokens)
    layer = tokens * width * (8 * shape.hidden + 4 * shape.intermediate)
    logits = 0 if recipe.method == "reward" else tokens * 4 * shape.vocabulary
    if recipe.hardware.gradient_checkpointing:
        return float(shape.layers * tokens * width * shape.hidden + layer + logits)
    return float(shape.layers * layer + logits)


def _rollout_memory(recipe: Recipe, shape: Shape, weights: float) -> dict[str, float]:
    """Bytes for what GRPO needs besides: the base model to stay near, and what writes the rollouts."""
    grpo = recipe.grpo
    assert grpo is not None
    memory = {"reference": 0.0 if recipe.lora or not grpo.kl else weights}
    if grpo.vllm_tensor_parallel:
        memory["vllm"] = VLLM_SHARE * recipe.hardware.gpu_memory_gb * GB
    else:
        tokens = recipe.optimizer.device_batch * (recipe.data.max_tokens + grpo.max_completion_tokens)
        head = shape.hidden // shape.heads
        width = 2 if recipe.model.dtype == "bfloat16" else 4
        memory["key-value cache"] = float(2 * width * shape.layers * head * shape.kv_heads * tokens)
    return memory


def _disk(recipe: Recipe, shape: Shape) -> float:
    """Bytes of all that is kept: checkpoints, one more while it is written, and the model."""
    width = 2 if recipe.model.dtype == "bfloat16" else 4
    trained = lora_parameters(recipe, shape) or shape.parameters
    checkpoint = (width + ADAM_BYTES + MASTER_BYTES) * trained
    return (recipe.checkpoints.keep + 1) * checkpoint + width * shape.parameters

"""Recipes: every setting of a training run in one TOML file, held to a schema.

What stands in a recipe is what runs: no setting is read from anywhere else, and one that is not known here is an
error. Paths are relative to the folder the command runs in.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Method = Literal["critic", "writer", "reward", "grpo"]
METHODS: tuple[Method, ...] = ("critic", "writer", "reward", "grpo")
EMBEDDED = "embedded"  # the base model that penmark brings along

File = Annotated[Path, Field(strict=False)]
Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, lt=1)]
Amount = Annotated[float, Field(ge=0)]


class Part(BaseModel):
    """One table of a recipe: unknown keys and values of another type are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Shape(Part):
    """How large the base model is, for estimates where its folder is not at hand."""

    parameters: Count
    layers: Count
    hidden: Count
    intermediate: Count
    vocabulary: Count
    heads: Count
    kv_heads: Count


class ModelPart(Part):
    """The base model.

    Attributes:
        base: a Hugging Face folder, or "embedded".
        dtype: what the weights are held in where they are not sharded, and what the arithmetic is done in.
    """

    base: str = Field(min_length=1)
    dtype: Literal["float32", "bfloat16"] = "float32"
    attention: Literal["sdpa", "eager", "flash_attention_2"] = "sdpa"
    shape: Shape | None = None


class LoraPart(Part):
    """Train low-rank updates instead of all weights.

    Attributes:
        targets: module names, or "all-linear".
        merge: also save the model with the updates added in; judges and writers need no peft for that.
    """

    rank: Count = 16
    alpha: Count = 32
    dropout: Share = 0.0
    targets: Literal["all-linear"] | list[str] = "all-linear"
    merge: bool = True


class DataPart(Part):
    """What is learnt.

    Attributes:
        held_out: file to evaluate on; None splits `train` by task.
        held_out_share: share of the tasks of `train` to hold out; 0 = none.
        max_tokens: longest sample (grpo: longest prompt), chat template included.
        too_long: what becomes of longer ones: "refuse" the run, "leave_out" and count them, or, for pairs,
            "truncate" both texts at their ends.
        expected: samples the file should have, for estimates before it is there.
    """

    train: File
    held_out: File | None = None
    held_out_share: Share = 0.05
    max_tokens: Count
    too_long: Literal["refuse", "leave_out", "truncate"] = "refuse"
    expected: Count | None = None


class OptimizerPart(Part):
    """AdamW and how far it goes.

    Attributes:
        epochs: passes over the data; give this or `steps`.
        steps: updates.
        global_batch: samples (grpo: prompts) of one update, over all devices.
        device_batch: samples (grpo: rollouts) one device holds at a time.
        warmup_share: share of the updates over which the rate rises.
    """

    learning_rate: Annotated[float, Field(gt=0)]
    epochs: Annotated[float, Field(gt=0)] | None = None
    steps: Count | None = None
    global_batch: Count
    device_batch: Count
    schedule: Literal["constant", "linear", "cosine"] = "cosine"
    warmup_share: Share = 0.0
    weight_decay: Amount = 0.0
    max_grad_norm: Amount = 1.0

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if (self.epochs is None) == (self.steps is None):
            raise ValueError("give either `epochs` or `steps`, not both and not neither")
        return self


class CheckpointsPart(Part):
    """What is kept on the way.

    Attributes:
        every_steps: updates between two checkpoints.
        keep: newest checkpoints to keep.
        evaluate_every_steps: updates between two evaluations on what is held out; None = at start and end only.
        log_every_steps: updates between two lines of metrics.
    """

    every_steps: Count = 200
    keep: Count = 2
    evaluate_every_steps: Count | None = None
    log_every_steps: Count = 10


class HardwarePart(Part):
    """What it runs on.

    Attributes:
        gpus: 0 = the CPU.
        zero_stage: how far DeepSpeed shards: 0 nothing, 2 gradients and optimizer, 3 weights too.
    """

    gpus: Annotated[int, Field(ge=0)] = 0
    gpu_memory_gb: Count = 80
    zero_stage: Literal[0, 2, 3] = 0
    gradient_checkpointing: bool = False

    @property
    def processes(self) -> int:
        """Training processes: one for each GPU, one on the CPU."""
        return max(self.gpus, 1)


class CriticPart(Part):
    """How a trained critic is measured against the verdicts it was to learn.

    Attributes:
        evaluation_samples: held-out verdicts to ask for at the end.
    """

    evaluation_samples: Count = 64
    max_reply_tokens: Count = 2048


class RewardPart(Part):
    """How a reward model is trained.

    Attributes:
        margin_per_requirement: the rejected text must score lower by this much for each requirement it breaks.
        centring: weight of the squared sum of both rewards, which keeps them around 0.
    """

    margin_per_requirement: Amount = 0.0
    centring: Amount = 0.0


class Component(Part):
    """One judge of a reward; its score is mapped from `low`..`high` to 0..1 and weighted.

    Attributes:
        judge: any judge of `penmark judges list`.
        model: the model behind it, where it asks one.
        base_url: where that model is; None = the provider's usual place.
        checkpoint: folder of the model it runs itself, where it runs one.
        low: score that counts 0; likewise `high` for 1. Scores outside are not cut off.
    """

    judge: str = Field(min_length=1)
    name: str | None = None
    weight: float = 1.0
    model: str | None = None
    base_url: str | None = None
    checkpoint: File | None = None
    low: float = 0.0
    high: float = 1.0

    @model_validator(mode="after")
    def _has_a_scale(self) -> Self:
        if self.low == self.high:
            raise ValueError("`low` and `high` are equal; give the judge's lowest and highest score")
        return self

    @property
    def label(self) -> str:
        """What it is called in metrics."""
        return self.name or (f"{self.judge}@{self.model}" if self.model else self.judge)


class WatchPart(Part):
    """When a policy is suspected of gaming its reward.

    Attributes:
        window: updates in each half of what is compared.
        stop: end the run when the alarm is raised, keeping a checkpoint.
    """

    window: Annotated[int, Field(ge=2)] = 10
    stop: bool = False


class GrpoPart(Part):
    """How a policy is trained.

    Attributes:
        group: rollouts for each prompt.
        prompts_per_generation: prompts written for at once; a multiple of `global_batch`. None = `global_batch`.
        kl: weight of the divergence from the base model, low-variance estimate.
        loss: how tokens are averaged, as TRL names it; "dapo" = over all tokens of an update.
        evaluation_samples: texts for each held-out prompt, before and after.
        max_calls: calls the judges may send between one start and its end; None = no limit.
        max_cost_usd: money they may cost between one start and its end; None = no limit.
        rewards: judges whose weighted sum is the reward.
        independent: judges that only look on.
    """

    group: Annotated[int, Field(ge=2)]
    prompts_per_generation: Count | None = None
    max_completion_tokens: Count
    temperature: Annotated[float, Field(gt=0)] = 1.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    kl: Amount = 0.01
    clip: Annotated[float, Field(gt=0)] = 0.2
    loss: Literal["grpo", "bnpo", "dr_grpo", "dapo"] = "dapo"
    vllm_tensor_parallel: Count | None = None
    evaluation_samples: Annotated[int, Field(ge=2)] = 2
    connections: Count = 32
    max_calls: Count | None = None
    max_cost_usd: Amount | None = None
    rewards: list[Component] = Field(min_length=1)
    independent: list[Component] = []
    watch: WatchPart = WatchPart()


class Recipe(Part):
    """A training run.

    Attributes:
        source: where the settings come from.
        output: folder for all the run makes; None = runs/NAME.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    method: Method
    source: str = ""
    seed: int = 1
    output: File | None = None
    model: ModelPart
    lora: LoraPart | None = None
    data: DataPart
    optimizer: OptimizerPart
    checkpoints: CheckpointsPart = CheckpointsPart()
    hardware: HardwarePart = HardwarePart()
    critic: CriticPart | None = None
    reward: RewardPart | None = None
    grpo: GrpoPart | None = None

    @property
    def folder(self) -> Path:
        """Where the run's files go."""
        return self.output or Path("runs") / self.name

    @property
    def rollouts_per_prompt(self) -> int:
        """Rows of a batch that one sample makes."""
        return self.grpo.group if self.grpo else 1

    @property
    def accumulation(self) -> int:
        """Forward passes of one device in one update."""
        rows = self.optimizer.global_batch * self.rollouts_per_prompt
        return rows // (self.optimizer.device_batch * self.hardware.processes)

    @property
    def updates_per_generation(self) -> int:
        """Updates made from the same rollouts."""
        at_once = self.grpo.prompts_per_generation if self.grpo else None
        return (at_once or self.optimizer.global_batch) // self.optimizer.global_batch

    @model_validator(mode="after")
    def _fits_its_method(self) -> Self:
        if (self.method == "grpo") != (self.grpo is not None):
            raise ValueError(f"method {self.method!r} {'needs' if self.method == 'grpo' else 'has no'} table [grpo]")
        for table in ("critic", "reward"):
            if getattr(self, table) is not None and self.method != table:
                raise ValueError(f"method {self.method!r} has no table [{table}]; delete it")
        if self.data.too_long == "truncate" and self.method != "reward":
            raise ValueError('data.too_long = "truncate" is for pairs only; use "refuse" or "leave_out"')
        return self

    @model_validator(mode="after")
    def _batches_divide(self) -> Self:
        at_once = self.optimizer.device_batch * self.hardware.processes
        rows = self.optimizer.global_batch * self.rollouts_per_prompt
        if rows % at_once:
            raise ValueError(
                f"one update has {rows} rows, which {self.hardware.processes} processes with "
                f"optimizer.device_batch = {self.optimizer.device_batch} cannot share out; "
                "make it a multiple of their product"
            )
        if self.grpo and (self.grpo.prompts_per_generation or 0) % self.optimizer.global_batch:
            raise ValueError("grpo.prompts_per_generation is no multiple of optimizer.global_batch; make it one")
        if self.checkpoints.every_steps % self.updates_per_generation:
            raise ValueError(
                f"checkpoints.every_steps falls within the {self.updates_per_generation} updates that share their "
                "rollouts; make it a multiple of that number"
            )
        return self

    @model_validator(mode="after")
    def _can_be_sharded(self) -> Self:
        if self.hardware.zero_stage and not self.hardware.gpus:
            raise ValueError("hardware.zero_stage shards over GPUs, and hardware.gpus is 0; set one of them")
        return self

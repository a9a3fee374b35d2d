"""A policy learns from its own texts: several for each prompt, each compared with the others by the reward.

Source: Shao et al., DeepSeekMath (2024), section 4; settings of WRL ("From Coarse to Fine"), section A.7.
Differs: a rollout without a score is masked: it is left out of its group's mean and spread, and moves nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Any

from transformers import TrainerCallback
from trl import GRPOConfig, GRPOTrainer

from penmark.train.arguments import arguments, evaluation, material
from penmark.train.finish import train_and_save
from penmark.train.job import Job
from penmark.train.launch import rank
from penmark.train.policy_figures import policy_figures
from penmark.train.recipe import GrpoPart, Recipe
from penmark.train.rewards import Panel, Scores
from penmark.train.run_folder import RunFolder
from penmark.train.saving import MetricsLog, SafeSaving
from penmark.train.watch import drift, falls_while_reward_rises, length_and_diversity

RewardFunction = Callable[..., list[float | None]]


class Trainer(SafeSaving, GRPOTrainer):  # type: ignore[misc]  # TRL is not typed.
    """TRL's, which a full disk does not end."""


def train(job: Job) -> dict[str, object]:
    """Figures of the held-out prompts before and after."""
    recipe, prepared = job.recipe, job.prepared
    assert recipe.grpo is not None
    tasks = {s.task: s.as_task() for s in (*prepared.train.samples, *prepared.held_out.samples)}
    database = job.folder.path / f"rollouts-{rank()}.db"
    with Panel(recipe.grpo, tasks, database) as panel:
        trainer = _trainer(job, panel)
        train_and_save(job, trainer, "causal")
        if not prepared.held_out.rows or not trainer.is_world_process_zero():
            return {}
        return policy_figures(panel, [s.task for s in prepared.held_out.samples], trainer.state.global_step, recipe)


def _trainer(job: Job, panel: Panel) -> Trainer:
    recipe, held_out = job.recipe, job.prepared.held_out
    assert recipe.grpo is not None
    log = MetricsLog(job.folder, job.tell)
    reward = Reward(panel)
    settings = _settings(recipe, job.folder, len(held_out.rows))
    callbacks = [log, Alarm(recipe.grpo, panel, log, job)]
    trainer = Trainer(args=settings, reward_funcs=reward.function(), callbacks=callbacks, **material(job, "causal"))
    trainer.tell = job.tell
    reward.is_training = lambda: bool(trainer.model.training)
    return trainer


def _settings(recipe: Recipe, folder: RunFolder, held_out: int) -> GRPOConfig:
    grpo = recipe.grpo
    assert grpo is not None
    usual = arguments(recipe, folder)
    samples = grpo.evaluation_samples
    # Held-out rows are a prompt's samples; a batch of them holds whole prompts.
    usual["per_device_eval_batch_size"] = max(recipe.optimizer.device_batch // samples, 1) * samples
    vllm = {"use_vllm": True, "vllm_mode": "colocate", "vllm_tensor_parallel_size": grpo.vllm_tensor_parallel}
    return GRPOConfig(
        **usual,
        **evaluation(recipe, held_out=held_out, is_fresh=folder.checkpoint is None),
        **(vllm if grpo.vllm_tensor_parallel else {}),
        num_generations=grpo.group,
        num_generations_eval=samples,
        steps_per_generation=recipe.accumulation * recipe.updates_per_generation,
        max_completion_length=grpo.max_completion_tokens,
        temperature=grpo.temperature,
        top_p=grpo.top_p,
        beta=grpo.kl,
        epsilon=grpo.clip,
        loss_type=grpo.loss,
    )


class Reward:
    """The reward as TRL asks for it, with what is logged beside it.

    Attributes:
        is_training: whether the texts at hand are rollouts, not held-out samples.
    """

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self._calls: dict[str, int] = {}
        self.is_training: Callable[[], bool] = lambda: True

    def function(self) -> RewardFunction:
        """The function to give to the trainer; None in what it returns = masked."""

        def reward(
            completions: Sequence[Sequence[Mapping[str, str]]],
            task: Sequence[str],
            trainer_state: Any,  # noqa: ANN401  transformers is not typed.
            log_metric: Callable[[str, float], None],
            **others: object,
        ) -> list[float | None]:
            texts = [turns[-1]["content"] for turns in completions]
            scores = self._panel.score(self._phase(trainer_state.global_step), task, texts)
            total = self._panel.total(scores)
            for name, value in (rollout_metrics(scores, total) | length_and_diversity(texts)).items():
                log_metric(name, value)
            return total

        return reward

    def _phase(self, step: int) -> str:
        """A name for the texts at hand: of an update, or of an evaluation; numbered where there are several batches."""
        name = phase_name(step, is_training=self.is_training())
        self._calls[name] = count = self._calls.get(name, 0) + 1
        return name if count == 1 else f"{name}-{count}"


def phase_name(step: int, *, is_training: bool) -> str:
    """What texts are kept under that were written after so many updates."""
    return f"step-{step}" if is_training else f"held-out-{step}"


def rollout_metrics(scores: Scores, total: Sequence[float | None]) -> dict[str, float]:
    """Mean score and coverage by each judge, and the share of rollouts that have a reward.

    A mean over nothing is NaN, which the trainer leaves out of what it logs.
    """
    metrics = {"coverage": _coverage(total)}
    for label, column in scores.items():
        metrics[f"judge/{label}"] = _mean(column)
        metrics[f"judge/{label}/coverage"] = _coverage(column)
    return metrics


def _mean(values: Sequence[float | None]) -> float:
    known = [value for value in values if value is not None]
    return fmean(known) if known else math.nan


def _coverage(values: Sequence[float | None]) -> float:
    return sum(value is not None for value in values) / len(values)


class Alarm(TrainerCallback):  # type: ignore[misc]  # transformers is not typed.
    """Watches reward, independent judges, length and diversity; tells what is amiss, once, and stops where asked to."""

    def __init__(self, grpo: GrpoPart, panel: Panel, log: MetricsLog, job: Job) -> None:
        self._window, self._stops = grpo.watch.window, grpo.watch.stop
        self._log, self._tell = log, job.tell
        self._independent = [f"judge/{panelist.component.label}" for panelist in panel.independent]
        names = ("reward", "words", "distinct_2", *self._independent)
        self._series: dict[str, list[float]] = {name: [] for name in names}
        self._told: set[str] = set()
        for row in job.folder.metric_rows():
            self._take(row)

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any], **more: object) -> None:  # noqa: ANN401
        """Look at the newest figures."""
        if not state.is_world_process_zero or not self._take(logs):
            return
        for alarm in self._alarms():
            self._told.add(alarm.partition(":")[0])
            self._log.write(state.global_step, {"alarm": alarm})
            self._tell(f"alarm at step {state.global_step}: {alarm}")
            if self._stops:
                control.should_save = control.should_training_stop = True

    def _take(self, logs: Mapping[str, Any]) -> bool:
        """Add a line of training metrics to the series; whether it was one."""
        if "reward" not in logs:
            return False
        for name, series in self._series.items():
            series.append(math.nan if logs.get(name) is None else float(logs[name]))
        return True

    def _alarms(self) -> list[str]:
        rewards, window = self._series["reward"], self._window
        found = [
            f"{name}: falls while the reward rises; the policy may be gaming its reward"
            for name in self._independent
            if falls_while_reward_rises(rewards, self._series[name], window)
        ]
        drifted = drift(self._series["words"], self._series["distinct_2"], window)
        found += [f"texts: {drifted}"] if drifted else []
        return [alarm for alarm in found if alarm.partition(":")[0] not in self._told]

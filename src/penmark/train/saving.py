"""What a run keeps on its way: metrics line by line, and checkpoints that a full disk can delay but not ruin."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from transformers import TrainerCallback

from penmark.train.job import Tell
from penmark.train.run_folder import RunFolder

SHOWN = ("loss", "accuracy", "reward", "eval_loss", "eval_accuracy", "eval_reward")
# How PyTorch and safetensors say that a file could not be written; both have no error type of its own for it.
WRITING_FAILED = ("writing file", "file write failed", "enforce fail", "no space", "i/o error", "too large")


class MetricsLog(TrainerCallback):  # type: ignore[misc]  # transformers is not typed.
    """Appends what the trainer logs to the run's metrics, one JSON object a line.

    A line that cannot be written, as on a full disk, is kept and tried again with the next.

    Attributes:
        unwritten: lines that are still to be written.
    """

    def __init__(self, folder: RunFolder, tell: Tell) -> None:
        self._folder = folder
        self._tell = tell
        self._started_s = time.monotonic()
        self.unwritten: list[str] = []

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any], **more: object) -> None:  # noqa: ANN401
        """Keep what was logged."""
        if state.is_world_process_zero:
            self.write(state.global_step, {"epoch": state.epoch, **logs})
            shown = ", ".join(f"{name} {logs[name]:.4g}" for name in SHOWN if isinstance(logs.get(name), int | float))
            if shown:
                self._tell(f"step {state.global_step}/{state.max_steps}: {shown}")

    def write(self, step: int, row: Mapping[str, object]) -> None:
        """Append one line."""
        seconds = round(time.monotonic() - self._started_s, 3)
        self.unwritten.append(json.dumps({"step": step, "seconds": seconds, **row}, ensure_ascii=False) + "\n")
        try:
            with self._folder.metrics.open("a", encoding="utf-8") as file:
                file.writelines(self.unwritten)
        except OSError as error:
            self._tell(
                f"{self._folder.metrics} cannot be written now ({error.strerror}); tried again with the next line"
            )
        else:
            self.unwritten.clear()


class SafeSaving:
    """Goes before a trainer class: a checkpoint that cannot be written is removed and told, and training goes on.

    Attributes:
        tell: says what happened.
    """

    tell: Tell = staticmethod(lambda text: None)
    args: Any
    state: Any

    def create_model_card(self, *args: object, **more: object) -> None:
        """Nothing: penmark writes its own when the run is done."""

    def _save_checkpoint(self, model: object, trial: object) -> None:
        try:
            super()._save_checkpoint(model, trial)  # type: ignore[misc]  # The trainer's own.
        except (OSError, RuntimeError, SafetensorError) as error:
            if not could_not_write(error):
                raise
            lost = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
            shutil.rmtree(lost, ignore_errors=True)
            self.tell(f"{lost} cannot be written ({error}); training goes on, and the next checkpoint may fit")


def could_not_write(error: BaseException) -> bool:
    """Whether an error of saving came from the disk."""
    return isinstance(error, OSError) or any(sign in str(error).lower() for sign in WRITING_FAILED)

"""The folder of one training run: what it was made with, its checkpoints, and whether it may be gone on with.

run.json        the recipe as resolved, hashes of the data, the base model, git revision, versions
metrics.jsonl   one object a line: step and figures
checkpoints/    checkpoint-N: enough to go on as if nothing had happened
adapter/        the low-rank updates, where those were trained
model/          the trained model with its tokenizer, ready to judge or to write
figures.json, curves.svg, curves.html, README.md    what came out
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from penmark import __version__
from penmark.errors import ConfigError

RECORDED = ("torch", "transformers", "trl", "peft", "accelerate", "datasets")
# What may differ between a run and its continuation: it does not change what is learnt.
FREE = (
    "output",
    "source",
    "checkpoints.",
    "hardware.gpu_memory_gb",
    "model.shape",
    "data.expected",
    "grpo.max_c",
    "grpo.connections",
)
_NUMBERED = re.compile(r"checkpoint-([0-9]+)")


@dataclass(frozen=True)
class RunFolder:
    """Where a run's files go.

    Attributes:
        checkpoint: where to go on from; None = from the start.
    """

    path: Path
    checkpoint: Path | None = None

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.path / "checkpoints"

    @property
    def metrics(self) -> Path:
        """File of the metrics."""
        return self.path / "metrics.jsonl"

    @property
    def model(self) -> Path:
        """Folder of the trained model."""
        return self.path / "model"

    @property
    def adapter(self) -> Path:
        """Folder of the low-rank updates."""
        return self.path / "adapter"

    @property
    def step(self) -> int:
        """Updates that are behind it."""
        return step_of(self.checkpoint) if self.checkpoint else 0

    def record(self) -> Mapping[str, Any]:
        """What run.json says."""
        found: Mapping[str, Any] = json.loads((self.path / "run.json").read_text(encoding="utf-8"))
        return found

    def metric_rows(self) -> list[dict[str, Any]]:
        """The lines of the metrics; lines that were cut off when a run was killed are left out."""
        if not self.metrics.exists():
            return []
        rows = []
        for line in self.metrics.read_text(encoding="utf-8").splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue
            rows += [row] if isinstance(row, dict) and isinstance(row.get("step"), int) else []
        return rows

    def save_json(self, name: str, value: object) -> None:
        """Write a file of the folder, whole or not at all."""
        part = self.path / f"{name}.part"
        part.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        part.replace(self.path / name)


def check_startable(path: Path, record: Mapping[str, Any], *, resume: bool) -> Path | None:
    """The checkpoint to go on from; None for a run from the start. Nothing is written.

    Args:
        path: the run's folder.
        record: what the run would be made with.
        resume: whether an earlier run is to be gone on with.

    Raises:
        ConfigError: when there is a run and none was to be resumed, or the other way round, or its settings differ.
    """
    there = path / "run.json"
    if not resume:
        if there.exists():
            raise ConfigError(f"{path} holds a run already; go on with it by --resume, or choose another --output")
        return None
    if not there.exists():
        raise ConfigError(f"--resume: {path} holds no run; leave --resume out to start one, or correct --output")
    _check_same(path, json.loads(there.read_text(encoding="utf-8")), record)
    return _last_checkpoint(path / "checkpoints")


def open_run(path: Path, record: Mapping[str, Any], checkpoint: Path | None) -> RunFolder:
    """The folder, ready for a run from here; what an interrupted run left unfinished is cleared away.

    Raises:
        ConfigError: when it cannot be written.
    """
    folder = RunFolder(path, checkpoint)
    try:
        folder.checkpoints.mkdir(parents=True, exist_ok=True)
        if checkpoint is None:
            folder.save_json("run.json", record)
        for newer in _numbered(folder.checkpoints):
            if step_of(newer) > folder.step:
                shutil.rmtree(newer)
        _cut_metrics(folder)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}; choose an --output that can be written") from error
    return folder


def step_of(checkpoint: Path) -> int:
    """The number of updates in a checkpoint's name."""
    found = _NUMBERED.fullmatch(checkpoint.name)
    return int(found.group(1)) if found else -1


def software() -> dict[str, str]:
    """Versions of what trains."""
    return {"penmark": __version__, **{name: _version(name) for name in RECORDED}}


def git_revision(folder: Path) -> str:
    """Commit of the git repository around a folder, with "+" where files have changed since; "" outside of one."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty=+"],
            cwd=folder, capture_output=True, text=True, timeout=10, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _check_same(path: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Refuse to go on with other settings or other data."""
    old, new = before["settings"], now["settings"]
    changed = [
        f"{key} was {old.get(key)!r}, now {new.get(key)!r}"
        for key in sorted({*old, *new})
        if old.get(key) != new.get(key) and not key.startswith(FREE)
    ]
    if before["data"] != now["data"]:
        changed.append("the data files have other contents")
    if changed:
        raise ConfigError(
            f"--resume: {path} was begun otherwise: {'; '.join(changed)}; "
            "restore that, or start anew with another --output"
        )


def _last_checkpoint(folder: Path) -> Path:
    complete = [checkpoint for checkpoint in _numbered(folder) if _is_complete(checkpoint)]
    if not complete:
        raise ConfigError(
            f"--resume: {folder} holds no complete checkpoint; delete {folder.parent} to start from the beginning, "
            "or choose another --output"
        )
    return complete[-1]


def _numbered(folder: Path) -> list[Path]:
    return sorted((path for path in folder.glob("checkpoint-*") if step_of(path) >= 0), key=step_of)


def _is_complete(checkpoint: Path) -> bool:
    """Whether it was written to the end: the trainer's state comes last."""
    try:
        state = json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    has_weights = any(checkpoint.glob("*.safetensors")) or any(checkpoint.glob("*.bin"))
    return has_weights and state.get("global_step") == step_of(checkpoint)


def _cut_metrics(folder: RunFolder) -> None:
    """Keep the metrics up to the checkpoint: what came after it will come again."""
    if not folder.metrics.exists():
        return
    kept = [row for row in folder.metric_rows() if folder.checkpoint is not None and row["step"] <= folder.step]
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in kept)
    folder.metrics.write_text("".join(lines), encoding="utf-8")

"""The commands of docs/training.md run, and its reward table is a valid one."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

from penmark.train.recipe import Component, GrpoPart

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")


def block(kind: str) -> str:
    (text,) = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return text


def test_the_dry_runs_of_the_page_run() -> None:
    lines = [line.removeprefix("$ ") for line in block("console").splitlines()]
    assert len(lines) == 3
    for line in lines:
        command = [sys.executable, "-m", "penmark.cli", *shlex.split(line)[1:]]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr


def test_the_rewards_of_the_page_are_valid() -> None:
    values = tomllib.loads(block("toml"))["grpo"]
    grpo = GrpoPart.model_validate({"group": 4, "max_completion_tokens": 8, **values})
    assert [component.label for component in grpo.rewards] == ["reward-model", "static@openai/my-judge"]
    assert {"judge", "model", "base_url", "weight", "low", "high", "checkpoint"} <= Component.model_fields.keys()


def test_the_page_names_every_recipe() -> None:
    for path in (ROOT / "recipes").glob("*.toml"):
        assert f"`{path.stem}`" in PAGE

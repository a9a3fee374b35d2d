"""The model card: what was trained from what, on what, how, what came out, and how to use it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from penmark.train.recipe import Recipe
from penmark.train.run_folder import RunFolder

PURPOSES = {
    "critic": "a critic: it scores one criterion of a text and says why",
    "writer": "a writer",
    "reward": "a reward model: it gives a prompt and a text one score",
    "grpo": "a writer, trained by its own texts and a reward",
}


def next_commands(recipe: Recipe, folder: RunFolder) -> list[str]:
    """How to use what was trained: as a judge, or as a writer."""
    model = folder.model if recipe.lora is None or recipe.lora.merge else folder.adapter
    if recipe.method == "reward":
        return [
            f"penmark judge BENCH --judge reward-model --checkpoint {model}",
            f"penmark weval rank --judge reward-model --checkpoint {model}",
        ]
    if recipe.method == "critic":
        return [f"penmark judge BENCH --judge rubric --judge-model hf/{model}"]
    return [f"penmark run BENCH --writer hf/{model} --judge rubric --judge-model MODEL"]


def save_card(recipe: Recipe, folder: RunFolder, figures: Mapping[str, object]) -> Path:
    """The README.md of the run's folder, and a copy beside the model."""
    text = card(recipe, folder, figures)
    path = folder.path / "README.md"
    path.write_text(text, encoding="utf-8")
    for place in (folder.model, folder.adapter):
        if place.is_dir():
            (place / "README.md").write_text(text, encoding="utf-8")
    return path


def card(recipe: Recipe, folder: RunFolder, figures: Mapping[str, object]) -> str:
    """The card in Markdown."""
    record = folder.record()
    parts = [
        f"# {recipe.name}",
        f"This is {PURPOSES[recipe.method]}, trained by penmark from `{record['base']['folder']}`.",
        "## Data\n\n" + _table("data", _data_rows(record)),
        "## Results\n\nOn held-out tasks; `figures.json` has the same numbers.\n\n" + _json(figures),
        "![curves](curves.svg)" if (folder.path / "curves.svg").exists() else "",
        "## Use\n\n" + "\n".join(f"    {command}" for command in next_commands(recipe, folder)),
        "## Settings\n\n" + (f"{recipe.source}\n\n" if recipe.source else "") + _table("setting", record["settings"]),
        "## Made with\n\n" + _table("what", _made_with(record)),
        "## Limits\n\n" + _limits(recipe),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _data_rows(record: Mapping[str, Any]) -> dict[str, object]:
    rows: dict[str, object] = {f"{name}, SHA-256": digest for name, digest in record["data"].items()}
    for side, numbers in record["counts"].items():
        rows |= {f"{side}, {name.replace('_', ' ')}": value for name, value in numbers.items()}
    return rows


def _made_with(record: Mapping[str, Any]) -> dict[str, object]:
    return {
        **record["software"],
        "git revision": record["git_revision"] or "not in a git repository",
        "base model, SHA-256 of config.json": record["base"]["config_sha256"],
        "started": record["started_at"],
    }


def _limits(recipe: Recipe) -> str:
    texts = {
        "critic": "Its verdicts are those of the judge it learnt from, with that judge's biases.",
        "writer": "It writes like the selected samples; what selected them decides what it is good at.",
        "reward": "Its score has no unit: compare texts for the same prompt. It can be gamed by what it never saw.",
        "grpo": "It was trained towards one reward; look at the independent judges before trusting it.",
    }
    return texts[recipe.method]


def _table(head: str, rows: Mapping[str, object]) -> str:
    lines = [f"| {head} | |", "|---|---|"]
    lines += [f"| {name} | {_cell(value)} |" for name, value in rows.items() if value is not None]
    return "\n".join(lines)


def _cell(value: object) -> str:
    return f"{value}".replace("|", "\\|").replace("\n", " ")


def _json(value: object) -> str:
    return f"```json\n{json.dumps(value, ensure_ascii=False, indent=2)}\n```"

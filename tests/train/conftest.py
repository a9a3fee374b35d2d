"""Tiny models, data and recipes that the tests of training share."""

from __future__ import annotations

import json

import pytest
from tiny_models import save_tiny_model

SAMPLES = 40


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory):
    """A folder with a tiny causal model."""
    return save_tiny_model(tmp_path_factory.mktemp("base") / "tiny")


def dialogue(i):
    verdict = json.dumps({"score": i % 2 + 1, "reason": "so"})
    return {"messages": [{"role": "user", "content": f"Judge {i}"}, {"role": "assistant", "content": verdict}]}


ROWS = {
    "critic": dialogue,
    "writer": lambda i: {
        "messages": [{"role": "user", "content": f"Say {i}"}, {"role": "assistant", "content": "I say so."}]
    },
    "reward": lambda i: {
        "prompt": f"Say {i}", "chosen": f"yes, yes {i}", "rejected": f"no {i}", "dropped": i % 3, "kinds": ["style"],
    },
    "grpo": lambda i: {"prompt": f"Say {i}"},
}  # fmt: skip
EXTRA = {
    "critic": {"critic": {"evaluation_samples": 3, "max_reply_tokens": 8}},
    "writer": {},
    "reward": {},
    "grpo": {
        "optimizer": {"global_batch": 2, "device_batch": 8},
        "grpo": {"group": 4, "max_completion_tokens": 8, "rewards": [{"judge": "length", "high": 10.0}]},
    },
}


def with_changes(settings, changes):
    for key, value in changes.items():
        settings[key] = {**settings.get(key, {}), **value} if isinstance(value, dict) else value
    return settings


@pytest.fixture
def settings(tmp_path, tiny_base):
    """Settings of a small run of a method as a recipe has them, its data beside it, with changes by table."""

    def make(method, **changes):
        data = tmp_path / f"{method}.jsonl"
        rows = (json.dumps({**ROWS[method](i), "task": i}) + "\n" for i in range(SAMPLES))
        data.write_text("".join(rows), encoding="utf-8")
        usual = {
            "name": method,
            "method": method,
            "output": str(tmp_path / "runs" / method),
            "model": {"base": str(tiny_base)},
            "data": {"train": str(data), "max_tokens": 96, "held_out_share": 0.2},
            "optimizer": {"learning_rate": 3e-3, "steps": 8, "global_batch": 4, "device_batch": 4},
            "checkpoints": {"every_steps": 4, "log_every_steps": 1},
        }
        return with_changes(with_changes(usual, EXTRA[method]), changes)

    return make


@pytest.fixture
def recipe(settings):
    """The recipe of a small run."""
    from penmark.train.recipe import Recipe

    return lambda method, **changes: Recipe.model_validate(settings(method, **changes))

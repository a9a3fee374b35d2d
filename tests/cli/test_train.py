"""`penmark train`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import ROOT, jsonl, lines

RECIPES = ROOT / "recipes"
BIG = [
    ("critic", "writingbench-critic-7b", 2298),
    ("writer", "writingbench-writer-7b", 920),
    ("reward", "wrl-reward-7b", 197),
    ("grpo", "wrl-grpo-7b", 660),
]
PAIRS = [{"prompt": "Hi", "chosen": f"yes {i}", "rejected": "no", "dropped": 1, "task": i} for i in range(8)]
SMALL = """
name = "small"
method = "reward"
[model]
base = "base"
[data]
train = "pairs.jsonl"
max_tokens = 64
held_out_share = 0.25
[optimizer]
learning_rate = 1e-3
steps = 2
global_batch = 2
device_batch = 2
"""

pytestmark = pytest.mark.filterwarnings("ignore")  # The libraries deprecate among themselves.


@pytest.fixture
def small() -> str:
    """A recipe in this folder with a tiny base model and its data beside it."""
    pytest.importorskip("trl", reason="the extra `train` is not installed")
    from train.tiny_models import save_tiny_model

    save_tiny_model(Path("base"))
    jsonl("pairs.jsonl", *PAIRS)
    Path("small.toml").write_text(SMALL, encoding="utf-8")
    return "small.toml"


@pytest.mark.parametrize(("method", "name", "updates"), BIG)
def test_the_recipes_of_the_papers_validate_without_a_gpu(penmark, method, name, updates):
    done = penmark(f"train {method} --dry-run --json --launcher accelerate --config", RECIPES / f"{name}.toml").ok()
    seen = done.json()
    assert seen["updates"] == updates
    assert 0 < seen["memory_gb"]["total"] < seen["settings"]["hardware.gpu_memory_gb"]
    assert seen["deepspeed"]["zero_optimization"]["stage"] == 3
    assert seen["command"][:2] == ["accelerate", "launch"]
    assert seen["command"][-5:] == ["train", method, "--config", str(RECIPES / f"{name}.toml"), "--json"]
    assert not seen["ready"]
    assert any("Qwen2.5-7B-Instruct: no such folder" in text for text in seen["missing"])
    assert any("no such file; make it with `penmark" in text for text in seen["missing"])


def test_a_dry_run_shows_settings_data_memory_and_command(penmark):
    config = RECIPES / "writingbench-critic-7b.toml"
    shown = penmark("train critic --dry-run --launcher deepspeed --set optimizer.epochs=1.0 --config", config).ok().out
    assert "optimizer.learning_rate = 7e-06\n" in shown
    assert "optimizer.epochs = 1.0\n" in shown
    assert "updates: 766 of 64 samples" in shown
    assert "memory on each of 8 GPUs, about: " in shown
    command = f"deepspeed --num_gpus 8 --module penmark.cli train critic --config {config} --set optimizer.epochs=1.0"
    assert command in shown
    assert "the recipe is valid; before it can run:" in shown


def test_a_dry_run_checks_the_data_that_is_there(penmark):
    bad = jsonl("bad.jsonl", PAIRS[0], {**PAIRS[1], "rejected": PAIRS[1]["chosen"]})
    penmark("train reward --dry-run --data", bad, "--config", RECIPES / "wrl-reward-7b.toml").refused(
        "bad.jsonl:2: rejected: the same text as chosen"
    )


def test_a_ready_recipe_counts_its_tokens_and_trains_nothing(penmark, small):
    shown = penmark("train reward --dry-run --config", small).ok().out
    assert "training: 6 samples of 6 tasks, " in shown
    assert "held out: 2 samples of 2 tasks, " in shown
    assert shown.endswith("ready\n")
    assert not Path("runs").exists()


def test_a_run_ends_with_what_to_do_next(penmark, small):
    done = penmark("train reward -o out --seed 7 --config", small).ok()
    assert "step 1/2: loss" in done.err
    assert "penmark judge BENCH --judge reward-model --checkpoint out/model" in done.out
    assert json.loads(Path("out/run.json").read_text(encoding="utf-8"))["settings"]["seed"] == 7
    penmark("train reward -o out --seed 7 --config", small).refused("out holds a run already", "--resume")


def test_the_trained_model_is_at_once_a_judge(penmark, judged, small):
    folder = penmark("train reward --json --config", small).ok().json()["folder"]
    penmark(f"judge sample --writer a --judge reward-model --checkpoint {folder}/model").ok()
    penmark(f"judge sample --writer b --judge reward:{folder}/model").ok()


def test_the_trained_policy_is_at_once_a_writer(penmark, small):
    jsonl("prompts.jsonl", *({"prompt": f"Say {i}", "task": i} for i in range(4)))
    recipe = SMALL.replace("reward", "grpo").replace("pairs", "prompts").replace("device_batch = 2", "device_batch = 4")
    rewards = '[grpo]\ngroup = 2\nmax_completion_tokens = 4\n[[grpo.rewards]]\njudge = "length"\n'
    Path("policy.toml").write_text(recipe + rewards, encoding="utf-8")
    done = penmark("train grpo --config policy.toml --set optimizer.steps=1").ok()
    assert "penmark run BENCH --writer hf/runs/small/model" in done.out
    penmark("write sample --limit 1 --max-output-tokens 4 --writer hf/runs/small/model").ok()
    kept = lines(penmark("export responses --db runs/small/rollouts-0.db --bench rollouts --format penmark").ok().out)
    assert len(kept) >= 4


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--set", "optimizer.stepz=3"], "optimizer.stepz: no such setting (did you mean 'steps'?)"),
        (["--model", "nowhere"], "model.base nowhere: no such folder"),
        (["--data", "none.jsonl"], "none.jsonl: no such file"),
        (["--resume"], "holds no run; leave --resume out"),
        (["--launcher", "accelerate"], "hardware.gpus is 0; leave it out"),
        (["--set", "data.max_tokens=5"], "8 samples are longer than data.max_tokens = 5"),
        (["--set", "hardware.gpus=2", "--set", "optimizer.global_batch=4"], "hardware.gpus = 2, and this machine has"),
    ],
)
def test_what_cannot_work_is_told_before_anything_is_written(penmark, small, words, told):
    if "data.max_tokens=5" in words:
        words = [*words, "--set", "data.held_out_share=0.0"]
    penmark("train reward --config", small, *words).refused(told)
    assert not Path("runs").exists()


def test_an_embedded_model_that_is_not_there_is_told(penmark, monkeypatch):
    pytest.importorskip("trl", reason="the extra `train` is not installed")
    pytest.importorskip("xllamacpp", reason="the embedded model is not installed")
    monkeypatch.setenv("PENMARK_EMBEDDED_GGUF", "none.gguf")
    penmark("train reward --dry-run --config", RECIPES / "tiny-reward.toml").refused(
        "PENMARK_EMBEDDED_GGUF names none.gguf"
    )


def test_a_recipe_of_another_method_names_the_command(penmark):
    config = RECIPES / "tiny-writer.toml"
    penmark("train reward --config", config).refused(f"run `penmark train writer --config {config}`")

from pathlib import Path

import pytest

from penmark.errors import ConfigError
from penmark.train.read_recipe import flat, read_recipe
from penmark.train.recipe import METHODS

RECIPES = sorted((Path(__file__).parents[2] / "recipes").glob("*.toml"))
SMALL = """
name = "small"
method = "reward"
[model]
base = "models/base"
[data]
train = "pairs.jsonl"
max_tokens = 512
[optimizer]
learning_rate = 1e-5
epochs = 2
global_batch = 8
device_batch = 4
"""


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(SMALL, encoding="utf-8")
    return path


def test_there_are_recipes_of_the_papers_and_tiny_ones():
    names = {path.stem for path in RECIPES}
    assert {"writingbench-critic-7b", "writingbench-writer-7b", "wrl-reward-7b", "wrl-grpo-7b"} <= names
    assert {f"tiny-{method}" for method in METHODS} <= names


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_is_valid_and_named_like_its_file(path):
    method = next(m for m in METHODS if f'method = "{m}"' in path.read_text(encoding="utf-8"))
    recipe = read_recipe(path, method)
    assert recipe.name == path.stem
    assert recipe.source


def test_the_papers_settings_are_those_of_the_papers():
    critic = flat(read_recipe(RECIPES[0].parent / "writingbench-critic-7b.toml", "critic"))
    assert (critic["optimizer.learning_rate"], critic["optimizer.epochs"], critic["hardware.gpus"]) == (7e-6, 3, 8)
    assert (critic["optimizer.global_batch"], critic["hardware.zero_stage"], critic["data.expected"]) == (64, 3, 50_000)
    writer = flat(read_recipe(RECIPES[0].parent / "writingbench-writer-7b.toml", "writer"))
    assert (writer["optimizer.learning_rate"], writer["optimizer.epochs"], writer["data.expected"]) == (7e-6, 5, 12_000)
    policy = read_recipe(RECIPES[0].parent / "wrl-grpo-7b.toml", "grpo")
    assert (policy.optimizer.learning_rate, policy.optimizer.epochs, policy.optimizer.global_batch) == (1e-6, 5, 96)
    assert (policy.grpo.group, policy.grpo.kl, policy.grpo.temperature, policy.seed) == (5, 0.01, 1.0, 1)
    assert (policy.grpo.prompts_per_generation, policy.grpo.max_completion_tokens) == (384, 12_000)
    assert (policy.data.max_tokens, policy.grpo.vllm_tensor_parallel, policy.hardware.gpus) == (12_000, 2, 8)
    # 96 prompts of 5 rollouts over 8 GPUs with 2 at a time; 384 prompts make 4 updates.
    assert (policy.accumulation, policy.updates_per_generation) == (30, 4)


def test_defaults_are_part_of_the_resolved_settings(small):
    settings = flat(read_recipe(small, "reward"))
    assert settings["data.too_long"] == "refuse"
    assert settings["optimizer.warmup_share"] == 0.0
    assert read_recipe(small, "reward").folder == Path("runs/small")


def test_a_changed_setting_takes_the_place_of_the_recipes(small):
    recipe = read_recipe(small, "reward", ["optimizer.steps=20", "model.base=other", "lora.rank=4", "seed=7"])
    assert (recipe.optimizer.steps, recipe.optimizer.epochs, recipe.model.base) == (20, None, "other")
    assert (recipe.lora.rank, recipe.seed) == (4, 7)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("optimizer.learningrate=1", "optimizer.learningrate: no such setting (did you mean 'learning_rate'?)"),
        ("optimiser.steps=1", "optimiser: no such setting (did you mean 'optimizer'?)"),
        ("optimizer.steps=0", "optimizer.steps: found 0; input should be greater than or equal to 1"),
        ("optimizer.learning_rate=nan", "optimizer.learning_rate: found nan; input should be a finite number"),
        ("optimizer.learning_rate=fast", "optimizer.learning_rate: found 'fast'; input should be a valid number"),
        ("data.too_long=cut", "data.too_long: found 'cut'; input should be 'refuse'"),
        ("optimizer.device_batch=3", "one update has 8 rows, which 1 processes with optimizer.device_batch = 3"),
        ("hardware.zero_stage=3", "hardware.zero_stage shards over GPUs, and hardware.gpus is 0"),
        ("method=grpo", "method 'grpo' needs table [grpo]"),
        ("critic.evaluation_samples=3", "method 'reward' has no table [critic]; delete it"),
        ("method=writer", "a recipe for 'writer'; run `penmark train writer --config"),
        ("name=a/b", "name: found 'a/b'"),
    ],
)
def test_a_wrong_setting_is_named_with_file_key_and_remedy(small, change, told):
    with pytest.raises(ConfigError) as error:
        read_recipe(small, "reward", [change])
    assert str(error.value).startswith(f"{small}: ")
    assert told in str(error.value)


def test_all_wrong_settings_are_told_at_once(small):
    with pytest.raises(ConfigError) as error:
        read_recipe(small, "reward", ["optimizer.global_batch=0", "data.max_tokens=-1"])
    assert len(str(error.value).splitlines()) == 2


def test_both_steps_and_epochs_or_neither_are_refused(tmp_path):
    path = tmp_path / "r.toml"
    path.write_text(SMALL.replace("epochs = 2", "epochs = 2\nsteps = 3"), encoding="utf-8")
    with pytest.raises(ConfigError, match="give either `epochs` or `steps`"):
        read_recipe(path, "reward")
    path.write_text(SMALL.replace("epochs = 2", ""), encoding="utf-8")
    with pytest.raises(ConfigError, match="give either `epochs` or `steps`"):
        read_recipe(path, "reward")


def test_cutting_is_for_pairs_only(tmp_path):
    path = tmp_path / "r.toml"
    path.write_text(SMALL.replace("reward", "writer"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r'data.too_long = "truncate" is for pairs only'):
        read_recipe(path, "writer", ["data.too_long=truncate"])


@pytest.mark.parametrize("change", ["steps", "=3", "name.x=1"])
def test_a_change_that_is_none_is_refused(small, change):
    with pytest.raises(ConfigError, match="--set"):
        read_recipe(small, "reward", [change])


def test_a_recipe_that_is_not_there_or_not_toml_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"none.toml: No such file or directory; name a recipe with --config"):
        read_recipe(tmp_path / "none.toml", "reward")
    broken = tmp_path / "broken.toml"
    broken.write_text("name = ", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"broken.toml: not TOML: Invalid value"):
        read_recipe(broken, "reward")


def test_a_recipe_may_begin_with_a_byte_order_mark_and_is_utf_8(small, tmp_path):
    marked = tmp_path / "marked.toml"
    marked.write_bytes(b"\xef\xbb\xbf" + SMALL.lstrip().replace("\n", "\r\n").encode())
    assert read_recipe(marked, "reward") == read_recipe(small, "reward")
    marked.write_bytes('name = "café"'.encode("latin-1"))
    with pytest.raises(ConfigError, match=r"marked.toml: not UTF-8 \(.*\); save the file as UTF-8"):
        read_recipe(marked, "reward")


def test_checkpoints_do_not_fall_between_updates_from_the_same_rollouts(settings):
    from pydantic import ValidationError

    from penmark.train.recipe import Recipe

    values = settings("grpo", checkpoints={"every_steps": 3})
    values["grpo"]["prompts_per_generation"] = 4
    with pytest.raises(ValidationError, match="falls within the 2 updates that share their rollouts"):
        Recipe.model_validate(values)

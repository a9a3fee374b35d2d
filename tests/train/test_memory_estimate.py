import pytest

from penmark.errors import ConfigError
from penmark.train.encode import Encoded
from penmark.train.estimate import check_disk, estimate, lora_parameters, size, updates
from penmark.train.prepare import Prepared
from penmark.train.recipe import Recipe, Shape

SHAPE = {
    "parameters": 1_000_000, "layers": 10, "hidden": 100, "intermediate": 200, "vocabulary": 500, "heads": 10,
    "kv_heads": 5,
}  # fmt: skip


@pytest.fixture
def planned(settings):
    """A recipe without a base model at hand."""

    def make(method, **changes):
        model = {"base": "none", "shape": SHAPE, **changes.pop("model", {})}
        return Recipe.model_validate({**settings(method, **changes), "model": model})

    return make


def test_full_training_in_float32_holds_sixteen_bytes_a_weight(planned):
    memory = estimate(planned("writer"), None).memory_gb
    assert memory["weights"] == pytest.approx(0.004)
    assert memory["gradients"] == pytest.approx(0.004)
    assert memory["optimizer"] == pytest.approx(0.008)
    # 4 samples of 96 tokens: 10 layers of 1,600 numbers of 4 bytes each, and the logits.
    assert memory["activations"] == pytest.approx(4 * 96 * (10 * 4 * 1600 + 4 * 500) / 1e9)
    assert "buffers" not in memory


def test_the_third_stage_shares_sixteen_bytes_a_weight_among_gpus(planned):
    hardware = {"gpus": 4, "zero_stage": 3, "gradient_checkpointing": True}
    wanted = planned("writer", hardware=hardware, model={"dtype": "bfloat16"}, optimizer={"global_batch": 16})
    memory = estimate(wanted, None).memory_gb
    assert memory["weights"] == memory["gradients"] == pytest.approx(0.0005)
    assert memory["optimizer"] == pytest.approx(0.003)
    assert memory["activations"] == pytest.approx(4 * 96 * (2 * (10 * 100 + 1600) + 4 * 500) / 1e9)
    assert memory["buffers"] == 3.0


def test_the_second_stage_shares_all_but_the_weights(planned):
    hardware = {"gpus": 4, "zero_stage": 2}
    memory = estimate(planned("writer", hardware=hardware, optimizer={"global_batch": 16}), None).memory_gb
    assert (memory["weights"], memory["gradients"]) == (pytest.approx(0.004), pytest.approx(0.001))


def test_low_rank_updates_need_gradients_of_their_own_only(planned):
    wanted = planned("writer", lora={"rank": 2})
    # Per layer and rank: two squares, keys and values of half the width, three feed-forward matrices.
    trained = 10 * 2 * (2 * 200 + 2 * 150 + 3 * 300)
    assert lora_parameters(wanted, Shape.model_validate(SHAPE)) == trained
    memory = estimate(wanted, None).memory_gb
    assert memory["weights"] == pytest.approx(0.004)
    assert memory["optimizer"] == pytest.approx(8 * trained / 1e9)


def test_a_policy_also_needs_its_reference_and_a_cache(planned):
    memory = estimate(planned("grpo"), None).memory_gb
    assert memory["reference"] == memory["weights"]
    assert memory["key-value cache"] == pytest.approx(2 * 4 * 10 * 10 * 5 * 8 * (96 + 8) / 1e9)
    grpo = {
        "group": 4,
        "max_completion_tokens": 8,
        "kl": 0.0,
        "vllm_tensor_parallel": 1,
        "rewards": [{"judge": "length"}],
    }
    gpu = estimate(planned("grpo", grpo=grpo, hardware={"gpus": 1, "gpu_memory_gb": 40}), None).memory_gb
    assert (gpu["reference"], gpu["vllm"]) == (0.0, pytest.approx(12.0))


@pytest.mark.parametrize(
    ("samples", "optimizer", "expected"),
    [
        (32, {"epochs": 3.0, "steps": None}, 24),
        (33, {"epochs": 1.0, "steps": None}, 9),
        (33, {"epochs": 0.5, "steps": None}, 5),
        (33, {"steps": 7}, 7),
    ],
)
def test_updates_count_batches_that_are_not_full(planned, samples, optimizer, expected):
    assert updates(planned("writer", optimizer=optimizer), samples) == expected


def test_prompts_that_fill_no_generation_make_no_update(planned):
    wanted = planned("grpo", optimizer={"steps": None, "epochs": 2.0}, grpo={"prompts_per_generation": 4})
    assert [updates(wanted, n) for n in (3, 4, 7, 8)] == [0, 4, 4, 8]


def test_expected_samples_count_where_the_data_is_not_there(planned):
    wanted = planned("writer", data={"expected": 100}, optimizer={"steps": None, "epochs": 1.0})
    assert (estimate(wanted, None).samples, estimate(wanted, None).updates) == (80, 20)
    there = Prepared(Encoded(rows=[{}] * 9, longest=10), Encoded())
    assert (estimate(wanted, there).samples, estimate(wanted, there).updates) == (9, 3)


def test_a_model_of_unknown_size_is_told(settings):
    wanted = Recipe.model_validate({**settings("writer"), "model": {"base": "nowhere"}})
    with pytest.raises(ConfigError, match=r"nowhere: no such folder, and no model.shape to estimate with"):
        estimate(wanted, None)


def test_the_size_of_a_folder_is_that_of_its_weights(recipe):
    assert estimate(recipe("writer"), None).memory_gb["weights"] == pytest.approx(4 * 26_944 / 1e9)


def test_a_disk_without_room_names_what_would_fit(recipe):
    check_disk(recipe("writer"), 0.0)
    with pytest.raises(ConfigError, match=r"GB left, and 2 checkpoints with the model take 1000000000.0 GB; free some"):
        check_disk(recipe("writer"), 1e9)


def test_sizes_are_shown_as_people_read_them():
    assert (size(0.0123), size(1.26), size(1234.5)) == ("12.3 MB", "1.3 GB", "1,234.5 GB")

import json

import pytest

from penmark.errors import ConfigError
from penmark.train.launch import (
    check_gpus,
    check_launcher,
    check_started,
    launch_command,
    write_zero_file,
    zero_settings,
)


@pytest.fixture
def sharded(recipe):
    return recipe("writer", hardware={"gpus": 4, "zero_stage": 3}, optimizer={"global_batch": 16})


def test_each_launcher_starts_one_process_a_gpu(sharded):
    words = ["train", "writer", "--config", "a b.toml"]
    accelerate = launch_command("accelerate", sharded, words)
    assert accelerate[:2] == ["accelerate", "launch"]
    assert accelerate[accelerate.index("--num_processes") + 1] == "4"
    assert accelerate[-6:] == ["-m", "penmark.cli", *words]
    deepspeed = launch_command("deepspeed", sharded, words)
    assert deepspeed == ["deepspeed", "--num_gpus", "4", "--module", "penmark.cli", *words]


def test_one_process_needs_no_launcher(recipe):
    with pytest.raises(ConfigError, match=r"hardware.gpus is 0; leave it out"):
        launch_command("accelerate", recipe("writer"), [])


def test_the_third_stage_shards_weights_and_gathers_them_to_save(sharded):
    path = write_zero_file(sharded)
    settings = json.loads(path.read_text(encoding="utf-8"))
    assert path == sharded.folder / "deepspeed.json"
    assert settings == zero_settings(sharded)
    assert settings["zero_optimization"]["stage"] == 3
    assert settings["zero_optimization"]["stage3_gather_16bit_weights_on_model_save"] is True
    assert settings["train_micro_batch_size_per_gpu"] == "auto"


def test_the_second_stage_has_nothing_to_gather(recipe):
    wanted = recipe("writer", hardware={"gpus": 4, "zero_stage": 2}, optimizer={"global_batch": 16})
    assert "stage3_gather_16bit_weights_on_model_save" not in zero_settings(wanted)["zero_optimization"]
    assert write_zero_file(recipe("writer")) is None


def test_gpus_that_are_not_there_are_told(sharded):
    torch = pytest.importorskip("torch")
    if torch.cuda.device_count() >= 4:
        pytest.skip("this machine has the GPUs")
    with pytest.raises(ConfigError, match=r"hardware.gpus = 4, and this machine has \d; add --dry-run"):
        check_gpus(sharded)
    with pytest.raises(ConfigError, match=r"hardware.gpus = 4"):
        check_started(sharded)


def test_a_launcher_that_is_not_installed_is_named_with_the_command_that_installs_it(sharded):
    import shutil

    if shutil.which("deepspeed"):
        pytest.skip("deepspeed is installed")
    with pytest.raises(ConfigError, match=r"deepspeed not found; run `pip install .*deepspeed`"):
        check_launcher("deepspeed", sharded)

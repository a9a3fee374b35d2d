"""The four trainings with tiny random models: the loss falls, a killed run goes on, updates merge, a disk may fill."""

import json
import resource
from contextlib import contextmanager

import pytest

pytest.importorskip("trl", reason="the extra `train` is not installed")

from penmark.errors import ConfigError, DataError
from penmark.train.run import run

pytestmark = pytest.mark.filterwarnings("ignore")  # The libraries deprecate among themselves.


def quietly(text):
    """For runs whose words do not matter."""


def metrics(recipe, name="loss"):
    """{step: value} of a figure of the run."""
    rows = map(json.loads, (recipe.folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines())
    return {row["step"]: row[name] for row in rows if row.get(name) is not None}


def trained(recipe, **how):
    return run(recipe, resume=False, tell=quietly, **how)


class Killer:
    """Interrupts a run when it tells of a step."""

    def __init__(self, at):
        self.at = at

    def __call__(self, text):
        if text.startswith(f"step {self.at}/"):
            raise KeyboardInterrupt


@contextmanager
def files_no_larger_than(size):
    """The disk takes no file beyond this size, as a full one takes none at all."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("method", ["writer", "critic", "reward"])
def test_the_loss_falls_and_the_run_is_described(recipe, method):
    wanted = recipe(method)
    outcome = trained(wanted)
    loss, held_out = metrics(wanted), metrics(wanted, "eval_loss")
    assert list(loss) == list(range(1, 9))
    assert loss[8] < loss[1] - 0.1
    assert list(held_out) == [0, 8]
    assert held_out[8] < held_out[0] - 0.1
    files = {path.name for path in outcome.folder.iterdir()}
    assert {"run.json", "metrics.jsonl", "model", "figures.json", "curves.svg", "curves.html", "README.md"} <= files
    assert not list(outcome.folder.rglob("*.part"))
    assert "loss" in (outcome.folder / "curves.svg").read_text(encoding="utf-8")
    card = (outcome.folder / "model" / "README.md").read_text(encoding="utf-8")
    record = json.loads((outcome.folder / "run.json").read_text(encoding="utf-8"))
    assert record["data"]["train"] in card
    assert record["git_revision"] in card
    assert "optimizer.learning_rate | 0.003" in card
    assert outcome.commands[0] in card


def test_a_reward_model_is_measured_beside_what_it_must_beat(recipe):
    wanted = recipe("reward", lora={"rank": 4})
    outcome = trained(wanted)
    figures = outcome.figures
    assert figures["pair_accuracy"]["value"] == 1.0
    assert figures["pair_accuracy"]["n"] == figures["by_kind"]["style"]["n"] == 8
    assert figures["length_only"]["value"] == 1.0  # "yes, yes" is longer than "no".
    assert 0 <= figures["untrained"]["value"] <= 1
    assert set(figures["by_dropped"]) <= {"0", "1", "2"}
    assert outcome.commands == [
        f"penmark judge BENCH --judge reward-model --checkpoint {outcome.folder}/model",
        f"penmark weval rank --judge reward-model --checkpoint {outcome.folder}/model",
    ]


def test_a_critic_is_measured_against_the_verdicts_it_learnt(recipe):
    agreement = trained(recipe("critic", optimizer={"steps": 1})).figures["agreement"]
    assert agreement["asked"] == 3
    assert agreement["coverage"] == 0.0  # Eight letters hold no verdict, and none is made up.
    assert agreement["exact"] is None


def test_merged_updates_give_the_rewards_of_the_updated_model(recipe, tiny_base):
    import torch
    from peft import PeftModel
    from transformers import AutoModelForSequenceClassification as Model

    folder = trained(recipe("reward", lora={"rank": 4})).folder
    ids = torch.tensor([[5, 6, 7, 8]])
    base = Model.from_pretrained(tiny_base, num_labels=1)
    updated = PeftModel.from_pretrained(base, folder / "adapter").eval()
    merged, info = Model.from_pretrained(folder / "model", output_loading_info=True)
    with torch.inference_mode():
        assert torch.allclose(updated(ids).logits, merged.eval()(ids).logits, atol=1e-5)
    assert not info["missing_keys"]
    assert merged.config.num_labels == 1


@pytest.mark.parametrize(
    ("method", "lora"), [("writer", None), ("reward", {"rank": 4, "dropout": 0.1}), ("grpo", None)]
)
def test_a_killed_run_goes_on_as_if_nothing_had_happened(recipe, tmp_path, method, lora):
    whole = recipe(method, lora=lora, output=str(tmp_path / "whole"))
    trained(whole)
    killed = recipe(method, lora=lora, output=str(tmp_path / "killed"))
    with pytest.raises(KeyboardInterrupt):
        run(killed, resume=False, tell=Killer(6))
    assert not (killed.folder / "model").exists()
    run(killed, resume=True, tell=quietly)
    assert list(metrics(killed)) == list(metrics(whole))
    assert metrics(killed)[8] == pytest.approx(metrics(whole)[8], rel=1e-3, abs=1e-5)
    assert metrics(killed, "eval_loss")[8] == pytest.approx(metrics(whole, "eval_loss")[8], rel=1e-3, abs=1e-5)


def test_a_run_goes_on_only_with_its_own_settings_and_data(recipe, tmp_path):
    first = recipe("writer")
    with pytest.raises(KeyboardInterrupt):
        run(first, resume=False, tell=Killer(6))
    with pytest.raises(ConfigError, match="holds a run already; go on with it by --resume"):
        trained(first)
    with pytest.raises(ConfigError, match=r"was begun otherwise: optimizer.learning_rate was 0.003, now 0.001"):
        run(recipe("writer", optimizer={"learning_rate": 1e-3}), resume=True, tell=quietly)
    first.data.train.write_text(
        first.data.train.read_text(encoding="utf-8").replace("I say", "I write"), encoding="utf-8"
    )
    with pytest.raises(ConfigError, match="the data files have other contents"):
        run(first, resume=True, tell=quietly)


def test_a_missing_checkpoint_is_told_before_anything_is_trained(recipe):
    wanted = recipe("writer")
    with pytest.raises(ConfigError, match="holds no run; leave --resume out"):
        run(wanted, resume=True, tell=quietly)
    with pytest.raises(KeyboardInterrupt):
        run(wanted, resume=False, tell=Killer(2))
    with pytest.raises(ConfigError, match="holds no complete checkpoint; delete"):
        run(wanted, resume=True, tell=quietly)


def test_a_half_written_checkpoint_is_passed_over(recipe):
    wanted = recipe("writer")
    with pytest.raises(KeyboardInterrupt):
        run(wanted, resume=False, tell=Killer(6))
    (wanted.folder / "checkpoints" / "checkpoint-6").mkdir()
    run(wanted, resume=True, tell=quietly)
    assert list(metrics(wanted)) == list(range(1, 9))


def test_a_disk_that_fills_up_costs_a_checkpoint_and_not_the_run(recipe):
    wanted, told = recipe("writer"), []

    def tell(text):
        told.append(text)
        if text.startswith("step 3/"):
            limit.__enter__()
        if text.startswith("step 5/"):
            limit.__exit__(None, None, None)

    limit = files_no_larger_than(30_000)
    run(wanted, resume=False, tell=tell)
    assert [text for text in told if "checkpoint-4 cannot be written" in text and "training goes on" in text]
    assert [path.name for path in (wanted.folder / "checkpoints").iterdir()] == ["checkpoint-8"]
    assert (wanted.folder / "model" / "model.safetensors").exists()


def test_a_disk_that_is_full_at_the_end_keeps_the_last_checkpoint(recipe):
    wanted = recipe("writer")
    limit = files_no_larger_than(30_000)

    def tell(text):
        if "eval_loss" in text and text.startswith("step 8/"):
            limit.__enter__()

    try:
        with pytest.raises(ConfigError, match=r"the trained model cannot be written .* with --resume"):
            run(wanted, resume=False, tell=tell)
    finally:
        limit.__exit__(None, None, None)
    run(wanted, resume=True, tell=quietly)
    assert (wanted.folder / "model" / "model.safetensors").exists()


def test_a_disk_without_room_is_told_before_anything_is_written(recipe):
    wanted = recipe("writer", checkpoints={"keep": 10**9})
    with pytest.raises(ConfigError, match=r"GB left, and 1000000000 checkpoints with the model take"):
        trained(wanted)
    assert not wanted.folder.exists()


def test_a_base_model_without_chat_template_is_refused(recipe, tmp_path):
    from tiny_models import save_tiny_model

    plain = save_tiny_model(tmp_path / "plain", template=None)
    wanted = recipe("writer", model={"base": str(plain)})
    with pytest.raises(ConfigError, match="its tokenizer has no chat template"):
        trained(wanted)
    assert not wanted.folder.exists()


def test_samples_that_are_too_long_are_refused_or_left_out_and_counted(recipe):
    with pytest.raises(DataError, match=r"writer\.jsonl: 23 samples are longer than data.max_tokens = 18: line"):
        trained(recipe("writer", data={"max_tokens": 18, "held_out_share": 0.2}))
    outcome = trained(recipe("writer", data={"max_tokens": 18, "too_long": "leave_out"}, optimizer={"steps": 1}))
    counts = json.loads((outcome.folder / "run.json").read_text(encoding="utf-8"))["counts"]["train"]
    assert (counts["samples"], counts["left_out"]) == (9, 23)


class Judges:
    """A panel that scores a text by its length and cannot score one that says "mask"."""

    def score(self, phase, tasks, texts):
        return {"length": [None if text == "mask" else float(len(text)) for text in texts]}

    def total(self, scores):
        return scores["length"]


class At:
    """A trainer's state after so many updates."""

    global_step = 3


def test_an_unscored_rollout_is_given_to_the_trainer_as_none_and_counted(recipe):
    from penmark.train.grpo import Reward

    logged = {}
    texts = [[{"role": "assistant", "content": text}] for text in ("mask", "four", "four")]
    rewards = Reward(Judges()).function()(
        completions=texts, task=["a"] * 3, trainer_state=At, log_metric=logged.__setitem__, prompts=None
    )
    assert rewards == [None, 4.0, 4.0]
    assert logged["coverage"] == logged["judge/length/coverage"] == pytest.approx(2 / 3)
    assert logged["judge/length"] == 4.0
    assert logged["copies"] == pytest.approx(1 / 3)


def test_masked_rollouts_move_nothing(recipe, tiny_base, tmp_path):
    """Every scored text gets the same score: were unscored ones 0, the policy would be drawn away from them."""
    from safetensors.torch import load_file

    replies = tmp_path / "replies.jsonl"
    half_scored = {"when": ["\N{REPLACEMENT CHARACTER}" * 3], "replies": ['{"score": 1, "reason": "so"}']}
    rules = [half_scored, {"replies": ["no verdict"]}]
    replies.write_text("".join(json.dumps(rule) + "\n" for rule in rules), encoding="utf-8")
    judge = {"judge": "constraints", "model": f"scripted/{replies}"}
    wanted = recipe("grpo", grpo={"rewards": [judge], "kl": 0.0}, optimizer={"steps": 3})
    trained(wanted)
    assert set(metrics(wanted, "reward").values()) == {1.0}
    assert all(0 < coverage < 1 for coverage in metrics(wanted, "coverage").values())
    before, after = (load_file(folder / "model.safetensors") for folder in (tiny_base, wanted.folder / "model"))
    assert all(before[name].equal(after[name]) for name in before)


def alarm_of(folder, *, stop):
    """An alarm that watches one judge over windows of two updates, with what it tells."""
    from types import SimpleNamespace

    from penmark.train.grpo import Alarm
    from penmark.train.recipe import Component, GrpoPart
    from penmark.train.saving import MetricsLog

    values = {
        "group": 2,
        "max_completion_tokens": 8,
        "rewards": [{"judge": "length"}],
        "watch": {"window": 2, "stop": stop},
    }
    panel = SimpleNamespace(independent=[SimpleNamespace(component=Component(judge="static"))])
    told = []
    job = SimpleNamespace(folder=folder, tell=told.append)
    return Alarm(GrpoPart.model_validate(values), panel, MetricsLog(folder, told.append), job), told


def test_a_gamed_reward_is_told_once_kept_and_ends_the_run_where_asked_to(tmp_path):
    from types import SimpleNamespace

    from penmark.train.run_folder import RunFolder

    folder = RunFolder(tmp_path)
    before = [{"step": step, "reward": 0.1, "judge/static": 8.0, "words": 9.0, "distinct_2": 1.0} for step in (1, 2)]
    folder.metrics.write_text("".join(json.dumps(row) + "\n" for row in before), encoding="utf-8")
    alarm, told = alarm_of(folder, stop=True)  # A resumed run: what came before counts.
    control = SimpleNamespace(should_save=False, should_training_stop=False)
    for step in (3, 4, 5):
        state = SimpleNamespace(is_world_process_zero=True, global_step=step)
        logs = {"reward": 0.9, "judge/static": 3.0, "words": 9.0, "distinct_2": 1.0}
        alarm.on_log(None, state, control, logs)
        alarm.on_log(None, state, control, {"eval_reward": 0.0})  # No line of training.
        assert control.should_training_stop == control.should_save == (step >= 4)
    assert told == ["alarm at step 4: judge/static: falls while the reward rises; the policy may be gaming its reward"]
    kept = [row for row in folder.metric_rows() if "alarm" in row]
    assert [(row["step"], row["alarm"].partition(":")[0]) for row in kept] == [(4, "judge/static")]


def test_texts_that_shrink_are_told_and_the_run_goes_on(tmp_path):
    from types import SimpleNamespace

    from penmark.train.run_folder import RunFolder

    alarm, told = alarm_of(RunFolder(tmp_path), stop=False)
    control = SimpleNamespace(should_save=False, should_training_stop=False)
    for step, words in enumerate((100, 100, 30, 30), start=1):
        state = SimpleNamespace(is_world_process_zero=True, global_step=step)
        alarm.on_log(None, state, control, {"reward": 0.5, "judge/static": 5.0, "words": words, "distinct_2": 1.0})
    assert told == ["alarm at step 4: texts: texts went from 100 to 30 words"]
    assert not control.should_training_stop


def test_a_policy_moves_towards_its_reward(recipe):
    wanted = recipe("grpo", grpo={"independent": [{"judge": "length", "name": "beside"}]})
    outcome = trained(wanted)
    assert list(metrics(wanted, "reward")) == list(range(1, 9))
    assert set(metrics(wanted, "coverage").values()) == {1.0}
    for name in ("judge/length", "judge/beside", "words", "distinct_2", "copies"):
        assert list(metrics(wanted, name)) == list(range(1, 9))
    held_out = outcome.figures["held_out"]
    assert set(held_out) == {"reward", "length", "beside", "words"}
    assert held_out["reward"]["before"]["n"] == held_out["reward"]["after"]["n"] == 16
    assert held_out["length"]["before"] == held_out["reward"]["before"]
    assert (outcome.folder / "rollouts-0.db").exists()

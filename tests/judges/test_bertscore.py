import json
import math
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from penmark import session
from penmark.benchmarks.sample import Sample
from penmark.errors import ConfigError, DataError
from penmark.judges import bertscore
from penmark.judges.bertscore import greedy_match
from penmark.protocols import JudgeOptions
from penmark.records import Response, Task
from penmark.session import JudgeRequest
from penmark.store import Store, reads
from tiny_checkpoints import save_tiny_bert

REFERENCE = "the quick fox ran home."
TASK = Task(bench="b", id="7", instruction="Write.", reference=REFERENCE)
vectors = arrays(
    np.float32, st.tuples(st.integers(1, 6), st.just(3)), elements=st.floats(-2, 2, width=32, allow_subnormal=False)
)


def open_judge(folder):
    return bertscore.create(JudgeOptions(checkpoint=folder))


def measure(judge, text, task=TASK):
    return judge.measure(task, Response(task=task.key, writer="w", text=text))


def scores(judge, text, task=TASK):
    return {name: verdict.score for name, verdict in measure(judge, text, task).items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_tiny_bert(tmp_path_factory.mktemp("checkpoints") / "tiny")


@pytest.fixture(scope="module")
def judge(folder):
    return open_judge(folder)


@pytest.fixture
def fake_folder(tmp_path):
    """Looks like a checkpoint as long as nothing is loaded."""
    for name in ("vocab.txt", "model.safetensors"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "config.json").write_text('{"model_type": "bert"}', encoding="utf-8")
    return tmp_path


def test_greedy_matching_of_a_hand_computed_case():
    # Cosines: the first token of the response 1 and 0, the second 0.6 and 0.8, the third 0 and 1.
    response = np.array([[2, 0], [3, 4], [0, 5]], dtype=np.float32)
    reference = np.array([[1, 0], [0, 1]], dtype=np.float32)
    match = greedy_match(response, reference)
    precision, recall = (1 + 0.8 + 1) / 3, 1.0
    assert match == pytest.approx((precision, recall, 2 * precision * recall / (precision + recall)), abs=1e-6)


def test_a_response_that_says_half_of_it_loses_recall_and_no_precision():
    both = np.eye(2, dtype=np.float32)
    assert greedy_match(both[:1], both) == pytest.approx((1.0, 0.5, 2 / 3))
    assert greedy_match(both, both[:1]) == pytest.approx((0.5, 1.0, 2 / 3))


@pytest.mark.parametrize("sizes", [(0, 2), (2, 0), (0, 0)])
def test_a_text_without_tokens_matches_nothing(sizes):
    assert greedy_match(*(np.ones((size, 3), dtype=np.float32) for size in sizes)) == (0, 0, 0)


def test_opposite_and_zero_vectors_count_nothing_and_divide_nothing():
    one = np.array([[1, 0]], dtype=np.float32)
    assert greedy_match(one, -one) == (0, 0, 0)
    assert greedy_match(one, 0 * one) == (0, 0, 0)


def test_the_smallest_vectors_have_a_direction():
    tiny = np.full((1, 3), 4e-22, dtype=np.float32)
    assert greedy_match(np.ones((1, 3), dtype=np.float32), tiny) == pytest.approx((1, 1, 1), abs=1e-6)


def test_long_texts_are_matched_piece_by_piece_with_the_same_result():
    rng = np.random.default_rng(0)
    response, reference = (rng.normal(size=(n, 8)).astype(np.float32) for n in (2500, 60))
    cosines = (response / np.linalg.norm(response, axis=1, keepdims=True)) @ (
        reference / np.linalg.norm(reference, axis=1, keepdims=True)
    ).T
    match = greedy_match(response, reference)
    assert match[:2] == pytest.approx((cosines.max(axis=1).mean(), cosines.max(axis=0).mean()), abs=1e-6)


@given(vectors, vectors)
def test_matching_stays_within_bounds_and_changing_sides_swaps_precision_and_recall(one, other):
    match, swapped = greedy_match(one, other), greedy_match(other, one)
    assert all(0 <= value <= 1 for value in match)
    assert swapped == pytest.approx((match.recall, match.precision, match.f1), abs=1e-5)
    assert greedy_match(one, 3 * other) == pytest.approx(match, abs=1e-5)


@pytest.mark.parametrize("name", ["", "nowhere"])
def test_a_folder_that_is_missing_is_refused_at_once(tmp_path, name):
    with pytest.raises(ConfigError, match="--checkpoint DIR" if not name else "nowhere: no such folder"):
        bertscore.create(JudgeOptions(checkpoint=tmp_path / name if name else None))


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("config.json", r"no configuration \(config.json\)"),
        ("vocab.txt", r"no tokenizer \(tokenizer.json or vocab.txt"),
        ("model.safetensors", "no weights"),
    ],
)
def test_a_folder_that_lacks_a_file_is_refused_at_once_and_told_which(fake_folder, name, problem):
    (fake_folder / name).unlink()
    with pytest.raises(ConfigError, match=problem + ".*save_pretrained"):
        open_judge(fake_folder)


@pytest.mark.parametrize(("config", "problem"), [("{", "not JSON"), ("[]", "list instead of an object")])
def test_a_broken_configuration_is_refused_at_once(folder, tmp_path, config, problem):
    broken = shutil.copytree(folder, tmp_path / "broken")
    (broken / "config.json").write_text(config, encoding="utf-8")
    with pytest.raises(ConfigError, match=problem):
        open_judge(broken)


def test_without_the_extra_the_message_says_what_to_install(fake_folder):
    code = f"""
import sys
from pathlib import Path
sys.modules["torch"] = None
from penmark import registry
from penmark.errors import ConfigError
from penmark.protocols import JudgeOptions
for name in ("bertscore", "bleurt"):
    try:
        registry.load("judges", name).create(JudgeOptions(checkpoint=Path({str(fake_folder)!r})))
    except ConfigError as error:
        print(error)
print("transformers" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert len(re.findall(r"needs torch.*run `pip install 'penmark\[train\]'`", done.stdout)) == 2
    assert done.stdout.endswith("False\n")


@pytest.mark.parametrize("reference", [None, "", " \n"])
def test_a_task_without_a_reference_is_an_error_that_names_it(judge, reference):
    task = Task(bench="b", id="7", instruction="Write.", reference=reference)
    with pytest.raises(DataError, match=r"task '7' of b has no reference.*penmark judges list"):
        judge.rubric(task)


def test_identical_texts_score_one(judge):
    verdicts = measure(judge, REFERENCE)
    assert {name: v.score for name, v in verdicts.items()} == pytest.approx({"precision": 1, "recall": 1, "f1": 1})
    side = "19 tokens in 1 window"
    assert verdicts["f1"].reason == (
        f"precision 1.0000, recall 1.0000, f1 1.0000; response: {side}; reference: {side}"
    )  # fmt: skip
    assert verdicts["f1"].read_as == "rule"


def test_another_text_scores_less_and_f1_is_the_harmonic_mean(judge):
    found = scores(judge, "a slow dog.")
    assert 0 < found["f1"] < 0.95
    assert found["f1"] == pytest.approx(
        2 * found["precision"] * found["recall"] / (found["precision"] + found["recall"])
    )


def embeddings(folder, text):
    """Of each piece of up to 30 letters by itself, straight from transformers: the second of two layers."""
    import torch
    from transformers import AutoTokenizer, BertModel

    tokenizer, network = AutoTokenizer.from_pretrained(folder), BertModel.from_pretrained(folder).eval()
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    found = []
    for start in range(0, len(ids), 30):
        window = [tokenizer.cls_token_id, *ids[start : start + 30], tokenizer.sep_token_id]
        with torch.no_grad():
            found.append(network(input_ids=torch.tensor([window])).last_hidden_state[0, 1:-1].numpy())
    return np.concatenate(found)


@pytest.mark.parametrize("words", [5, 20, 100])
def test_long_texts_are_embedded_window_by_window_and_nothing_is_cut(judge, folder, words):
    text = "alpha gamma. " * words
    expected = greedy_match(embeddings(folder, text), embeddings(folder, REFERENCE))
    verdicts = measure(judge, text)
    assert [v.score for v in verdicts.values()] == pytest.approx(list(expected), abs=1e-5)
    tokens = 11 * words
    assert f"response: {tokens} tokens in {math.ceil(tokens / 30)} windows" in verdicts["f1"].reason


def test_the_last_word_of_a_long_text_counts(judge):
    long = "quick brown fox. " * 50
    task = Task(bench="b", id="8", instruction="Write.", reference=long + "end")
    assert scores(judge, long + "end", task)["f1"] == pytest.approx(1)
    assert scores(judge, long + "zzz", task)["recall"] < 0.9999


@pytest.mark.parametrize("text", ["", " \n", None])
def test_an_empty_text_is_left_to_the_engine_which_gives_the_lowest_score(judge, text):
    assert measure(judge, text) == {}
    assert {criterion.low for _, criterion in judge.rubric(TASK).leaves()} == {0}


def test_a_text_of_which_no_token_is_left_scores_zero(judge):
    assert scores(judge, "\u200b") == {"precision": 0, "recall": 0, "f1": 0}


def test_odd_characters_are_scored_like_any_others(judge):
    assert 0 < scores(judge, "\ud800 狐狸 \x00 [SEP] fox")["f1"] < 1


def test_settings_name_the_checkpoint_by_its_content_wherever_it_stands(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    here, there = open_judge(folder).settings(), open_judge(copy).settings()
    assert here == there
    assert here["dtype"] == "float32"
    json.dumps(here)
    weights = bytearray((copy / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (copy / "model.safetensors").write_bytes(weights)
    retrained = open_judge(copy).settings()
    assert retrained["config_sha256"] == here["config_sha256"]
    assert retrained["checkpoint"] != here["checkpoint"]


@pytest.mark.parametrize("start", [0, 5_000_000, 9_900_000])
def test_of_a_large_file_blocks_are_read_that_tell_it_from_others(fake_folder, start):
    pytest.importorskip("transformers")
    keys = []
    for content in (b"0", b"1"):
        weights = b"0" * start + content * 100_000 + b"0" * (9_900_000 - start)
        (fake_folder / "model.safetensors").write_bytes(weights)
        keys.append(open_judge(fake_folder).settings()["checkpoint"])
    assert keys[0] != keys[1]


def test_weights_that_are_missing_are_never_made_up(folder, tmp_path):
    broken = shutil.copytree(folder, tmp_path / "broken")
    config = json.loads((broken / "config.json").read_text(encoding="utf-8"))
    (broken / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 3}), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"no weights for encoder\.layer\.2.*random"):
        measure(open_judge(broken), "text")


def test_a_model_without_a_pooler_will_do(tmp_path):
    folder = save_tiny_bert(tmp_path / "whole")
    from transformers import BertModel

    BertModel.from_pretrained(folder, add_pooling_layer=False).save_pretrained(folder)
    assert scores(open_judge(folder), REFERENCE)["f1"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.safetensors", b"no weights"),
        ("config.json", b'{"model_type": "mystery"}'),
        ("config.json", b'{"auto_map": {"AutoModel": "evil.Model", "AutoConfig": "evil.Config"}}'),
    ],
)
def test_a_checkpoint_that_cannot_be_loaded_is_a_configuration_error(folder, tmp_path, name, content):
    broken = shutil.copytree(folder, tmp_path / "broken")
    (broken / name).write_bytes(content)
    with pytest.raises(ConfigError, match="transformers cannot load it as AutoModel"):
        measure(open_judge(broken), "text")


def test_weights_that_are_no_numbers_never_become_a_score(tmp_path):
    folder = save_tiny_bert(tmp_path / "nan")
    from transformers import BertModel

    network = BertModel.from_pretrained(folder)
    network.embeddings.word_embeddings.weight.data[:] = math.nan
    network.save_pretrained(folder)
    with pytest.raises(ConfigError, match="no finite numbers"):
        measure(open_judge(folder), "text")


def test_the_model_is_loaded_once_and_without_noise(folder, capfd):
    judge = open_judge(folder)
    measure(judge, "one")
    network = judge.model.network
    measure(judge, "two")
    assert judge.model.network is network
    assert not network.training
    assert capfd.readouterr() == ("", "")


def test_it_judges_the_packaged_sample(folder, tmp_path):
    tasks = list(Sample().tasks())[:4]
    texts = {"same": [t.reference for t in tasks], "other": ["A fox. 狐狸。"] * 4, "silent": ["", " ", "", "\n"]}
    with Store(tmp_path / "penmark.db") as store:
        store.save_tasks(dict(enumerate(tasks)))
        for writer, own in texts.items():
            written = [Response(task=t.key, writer=writer, text=text) for t, text in zip(tasks, own, strict=True)]
            store.save_responses(*written)
    with Store(tmp_path / "penmark.db") as store:
        request = JudgeRequest(bench="sample", judge="bertscore", options=JudgeOptions(checkpoint=folder))
        assert session.judge(store, request).progress.coverage == 1
        found = [(writer, j) for _, writer, j in reads.judgments_on(store.db, "sample", "bertscore")]
    roots = {writer: [j.score for w, j in found if w == writer and j.node == ""] for writer in texts}
    assert roots["same"] == pytest.approx([1.0] * 4)
    assert all(0 < score < 1 for score in roots["other"])
    assert roots["silent"] == [0.0] * 4
    assert {j.status for w, j in found if w == "silent" and j.node} == {"empty"}


def test_many_responses_together_get_the_scores_each_gets_alone(judge):
    other = Task(bench="b", id="8", instruction="Write.", reference="a dog sat. " * 9)
    texts = ["a dog.", "", "the fox ran home. " * 7, "x", "a dog.", " ", "the quick fox " * 3, None]
    items = [(task, Response(task=task.key, writer="w", text=text)) for task in (TASK, other) for text in texts]
    together = judge.measure_all(items)
    for (task, response), found in zip(items, together, strict=True):
        alone = judge.measure(task, response)
        assert found.keys() == alone.keys()
        for node, verdict in alone.items():
            assert found[node].score == pytest.approx(verdict.score, abs=1e-5)
    assert sum(map(bool, together)) == 10

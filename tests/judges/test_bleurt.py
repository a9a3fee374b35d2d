import json
import math
import shutil

import pytest

from penmark import session
from penmark.benchmarks.sample import Sample
from penmark.errors import ConfigError, DataError
from penmark.judges import bleurt
from penmark.protocols import JudgeOptions
from penmark.records import Response, Task
from penmark.session import JudgeRequest
from penmark.store import Store, reads
from tiny_checkpoints import save_tiny_bert

REFERENCE = "the fox ran."  # ten tokens
TASK = Task(bench="b", id="7", instruction="Write.", reference=REFERENCE)


def open_judge(folder):
    return bleurt.create(JudgeOptions(checkpoint=folder))


def measure(judge, text, task=TASK):
    return judge.measure(task, Response(task=task.key, writer="w", text=text))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_tiny_bert(tmp_path_factory.mktemp("checkpoints") / "tiny", outputs=1)


@pytest.fixture(scope="module")
def judge(folder):
    return open_judge(folder)


def output(folder, reference, response):
    """Of the pair, token by token, straight from transformers."""
    import torch
    from transformers import AutoTokenizer, BertForSequenceClassification

    tokenizer = AutoTokenizer.from_pretrained(folder)
    network = BertForSequenceClassification.from_pretrained(folder).eval()
    first, second = (tokenizer.convert_tokens_to_ids(part) for part in (reference, response))
    ids = [tokenizer.cls_token_id, *first, tokenizer.sep_token_id, *second, tokenizer.sep_token_id]
    segments = [0] * (len(first) + 2) + [1] * (len(second) + 1)
    with torch.no_grad():
        return network(input_ids=torch.tensor([ids]), token_type_ids=torch.tensor([segments])).logits.item()


def tokens(text):
    """Letter by letter, as the tiny tokenizer cuts."""
    return [
        f"##{letter}" if at else letter for word in text.replace(".", " .").split() for at, letter in enumerate(word)
    ]


@pytest.mark.parametrize("text", ["a dog.", REFERENCE, "the fox ran home."])
def test_the_score_is_the_models_output_for_reference_and_response_in_this_order(judge, folder, text):
    verdict = measure(judge, text)["bleurt"]
    expected = output(folder, tokens(REFERENCE), tokens(text))
    assert verdict.score == pytest.approx(max(expected, -3), abs=1e-5)
    assert verdict.reason == f"output {expected:.4f}"
    assert verdict.read_as == "rule"


@pytest.mark.parametrize(
    ("reference", "response", "kept"),
    [
        # 32 positions, three of them markers: 29 for both, 14 and 15 where both are long.
        ("a" * 20, "b" * 40, (14, 15)),
        ("a" * 40, "b" * 20, (15, 14)),
        ("a" * 9, "b" * 40, (9, 20)),
        ("a" * 40, "b" * 9, (20, 9)),
    ],
)
def test_a_pair_that_is_too_long_is_cut_evenly_and_the_reason_says_by_how_much(
    judge, folder, reference, response, kept
):
    task = Task(bench="b", id="8", instruction="Write.", reference=reference)
    verdict = measure(judge, response, task)["bleurt"]
    expected = output(folder, tokens(reference)[: kept[0]], tokens(response)[: kept[1]])
    assert verdict.score == pytest.approx(max(expected, -3), abs=1e-5)
    assert verdict.reason.endswith(
        f"; the model takes 32 tokens: left out were {len(reference) - kept[0]} of the reference's {len(reference)} "
        f"and {len(response) - kept[1]} of the response's {len(response)}"
    )


@pytest.mark.parametrize(("bias", "score"), [(0.5, 0.5), (4.0, 4.0), (-2.5, -2.5), (-7.0, -3.0)])
def test_a_score_is_never_below_what_an_empty_text_gets(tmp_path, bias, score):
    judge = open_judge(save_tiny_bert(tmp_path / "tiny", outputs=1, bias=bias))
    verdict = measure(judge, "a dog.")["bleurt"]
    assert verdict.score == score
    assert verdict.reason == f"output {bias:.4f}"
    assert [criterion.low for _, criterion in judge.rubric(TASK).leaves()] == [-3]


@pytest.mark.parametrize("text", ["", " \n", None])
def test_an_empty_text_is_left_to_the_engine_which_gives_the_lowest_score(judge, text):
    assert measure(judge, text) == {}


@pytest.mark.parametrize("bias", [math.nan, math.inf])
def test_an_output_that_is_no_number_never_becomes_a_score(tmp_path, bias):
    judge = open_judge(save_tiny_bert(tmp_path / "tiny", outputs=1, bias=bias))
    with pytest.raises(ConfigError, match=r"its output is (nan|inf)"):
        measure(judge, "a dog.")


@pytest.mark.parametrize("outputs", [None, 3])
def test_a_checkpoint_without_exactly_one_output_is_refused_at_once(tmp_path, outputs):
    folder = save_tiny_bert(tmp_path / "tiny", outputs=outputs)
    with pytest.raises(ConfigError, match=f"has {outputs or 2} outputs, bleurt needs one"):
        open_judge(folder)


def test_an_encoder_without_a_trained_head_is_refused_and_none_made_up(tmp_path):
    folder = save_tiny_bert(tmp_path / "tiny")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, "id2label": {"0": "rating"}}), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"no weights for classifier\.bias, classifier\.weight.*random"):
        measure(open_judge(folder), "a dog.")


def test_a_head_without_the_pooler_it_stands_on_is_refused(folder, tmp_path):
    from safetensors.torch import load_file, save_file

    broken = shutil.copytree(folder, tmp_path / "broken")
    weights = load_file(broken / "model.safetensors")
    save_file({n: w for n, w in weights.items() if "pooler" not in n}, broken / "model.safetensors", {"format": "pt"})
    with pytest.raises(ConfigError, match=r"no weights for bert\.pooler"):
        measure(open_judge(broken), "a dog.")


@pytest.mark.parametrize("reference", [None, "", " \n"])
def test_a_task_without_a_reference_is_an_error_that_names_it(judge, reference):
    task = Task(bench="b", id="7", instruction="Write.", reference=reference)
    with pytest.raises(DataError, match="task '7' of b has no reference"):
        judge.rubric(task)


def test_odd_characters_are_scored_like_any_others(judge):
    assert measure(judge, "\ud800 狐狸 \x00 [SEP] fox").keys() == {"bleurt"}


def test_it_judges_the_packaged_sample(folder, tmp_path):
    tasks = list(Sample().tasks())[:4]
    with Store(tmp_path / "penmark.db") as store:
        store.save_tasks(dict(enumerate(tasks)))
        texts = ["A fox. 狐狸。", "", tasks[2].reference, "Another text."]
        store.save_responses(
            *(Response(task=t.key, writer="w", text=text) for t, text in zip(tasks, texts, strict=True))
        )
    with Store(tmp_path / "penmark.db") as store:
        request = JudgeRequest(bench="sample", judge="bleurt", options=JudgeOptions(checkpoint=folder))
        assert session.judge(store, request).progress.coverage == 1
        found = {(task_id, j.node): j for task_id, _, j in reads.judgments_on(store.db, "sample", "bleurt")}
    first, silent, same = (tasks[n].id for n in range(3))
    assert found[silent, ""].score == -3
    assert found[silent, "bleurt"].status == "empty"
    assert found[first, ""].score == found[first, "bleurt"].score > -3
    assert "left out were" in found[same, "bleurt"].reason


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

import json

import pytest

from penmark.benchmarks.sample import Sample
from penmark.benchmarks.task_files import read_tasks, task_row
from penmark.errors import DataError


def file(path, *rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def test_only_the_instruction_must_be_there_and_the_rest_is_found(tmp_path):
    (task, zh) = read_tasks(
        [file(tmp_path / "t.jsonl", {"instruction": "Write."}, {"instruction": "写一封信。"})], "mine"
    )
    assert (task.bench, task.id, task.prompt, task.reference, task.rubric) == ("mine", "1", "Write.", None, None)
    assert (task.language, zh.language, zh.id) == ("en", "zh", "2")


def test_the_sample_is_the_same_after_it_was_written_and_read_again(tmp_path):
    tasks = list(Sample().tasks())
    assert read_tasks([file(tmp_path / "t.jsonl", *map(task_row, tasks))], "sample") == tasks


def test_tags_are_kept_and_given_back(tmp_path):
    row = {"id": "a/b", "lang": "zh", "domain1": "Office", "genre": "notice", "task_type": "guide", "instruction": "x"}
    (task,) = read_tasks([file(tmp_path / "t.jsonl", row)], "mine")
    assert task.tags == {"domain1": "Office", "genre": "notice", "task_type": "guide", "language": "zh"}
    assert task_row(task) == row


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"id": "1"}, r"t\.jsonl:1: instruction: missing"),
        ({"instruction": " "}, r"t\.jsonl:1: instruction: empty"),
        ({"instruction": "x", "refrence": "y"}, r"t\.jsonl:1: refrence: not a field of a task; use id, instruction"),
        ({"instruction": "x", "lang": "fr"}, r"t\.jsonl:1: lang: unknown"),
        ({"instruction": "x", "checklist": []}, r"t\.jsonl:1: checklist: 0 criteria"),
        ({"instruction": "x", "requirements": [{"kind": "mood", "text": "y"}]}, r"requirements\[0\]\.?.*kind"),
        ({"instruction": "x", "reference": ""}, r"t\.jsonl:1: reference: empty"),
    ],
)
def test_a_malformed_task_is_named_with_file_line_and_field(tmp_path, row, said):
    with pytest.raises(DataError, match=said):
        read_tasks([file(tmp_path / "t.jsonl", row)], "mine")


def test_an_id_stands_once_over_all_files(tmp_path):
    one, two = (file(tmp_path / name, {"id": "x", "instruction": "y"}) for name in ("one.jsonl", "two.jsonl"))
    with pytest.raises(DataError, match=r"two\.jsonl:1: id: task 'x' is at .*one\.jsonl:1 too"):
        read_tasks([one, two], "mine")

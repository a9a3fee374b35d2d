import json
from collections import Counter
from pathlib import Path

import pytest

from penmark.benchmarks import howtobench
from penmark.errors import DataError

DATA = Path(__file__).parents[3] / "shared" / "data"
COMPLETION, GUIDE, OPEN = (f"{kind}/aligned.jsonl" for kind in ("completion", "guide", "open"))


def _row(number=1, kind="guide", **changes):
    return {
        "infer_id": f"infer_{number}",
        "bench_id": f"gongwen_{number}",
        "task_type": kind,
        "sub_task": "公文",
        "basic_instruction": f"请写第{number}份公文。",
        "information": "" if kind == "open" else "第一段\n\n[fill in the blank]",
        "reference": "\n参考文本",
    } | changes


def _without(row, key):
    return {name: value for name, value in row.items() if name != key}


def _open(tmp_path, contents, folder="data"):
    for path, rows in contents.items():
        file = tmp_path / folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return howtobench.open(tmp_path)


def _problem(bench, path, line, field):
    """The only problem of a benchmark, after a check of where it is and that the tasks cannot be had."""
    (problem,) = bench.problems()
    assert (problem.path, problem.line, problem.field) == (bench.folder / path, line, field)
    with pytest.raises(DataError) as caught:
        bench.tasks()
    first, last = str(caught.value).splitlines()
    assert first == f"{bench.folder / path}:{line}: {field}: {problem.found}; {problem.remedy}"
    assert f"penmark bench check howtobench --data {bench.folder.parent}" in last
    return problem


def test_a_row_becomes_a_task_with_material_reference_and_tags(tmp_path):
    (task,) = _open(tmp_path, {COMPLETION: [_row(7, "completion", sub_task="小说")]}).tasks()
    assert (task.bench, task.id, task.instruction) == ("howtobench", "infer_7", "请写第7份公文。")
    assert task.prompt == "请写第7份公文。\n\n第一段\n\n[fill in the blank]"
    assert (task.reference, task.rubric, task.requirements) == ("\n参考文本", None, ())
    assert dict(task.tags) == {"genre": "小说", "group": "creative", "task_type": "completion", "language": "zh"}


def test_an_open_task_has_no_material(tmp_path):
    (task,) = _open(tmp_path, {OPEN: [_row(1, "open")]}).tasks()
    assert (task.material, task.prompt) == ("", "请写第1份公文。")


@pytest.mark.parametrize(
    ("genre", "group"),
    [("议论文", "creative"), ("纪实", "creative"), ("信件类写作", "functional"), ("倡议书", "functional")],
)
def test_a_genre_is_creative_or_functional_and_a_new_one_is_functional(tmp_path, genre, group):
    (task,) = _open(tmp_path, {GUIDE: [_row(sub_task=genre)]}).tasks()
    assert (task.tags["genre"], task.tags["group"]) == (genre, group)


def test_tasks_come_by_kind_and_any_of_the_files_will_do(tmp_path):
    contents = {OPEN: [_row(1, "open")], COMPLETION: [_row(9, "completion"), _row(3, "completion")]}
    tasks = list(_open(tmp_path, contents).tasks())
    assert [(task.id, task.tags["task_type"]) for task in tasks] == [
        ("infer_9", "completion"), ("infer_3", "completion"), ("infer_1", "open"),
    ]  # fmt: skip


@pytest.mark.parametrize("folder", ["data", "howtobench/data"])
def test_the_folder_may_hold_the_benchmark_or_its_data_folder(tmp_path, folder):
    assert len(list(_open(tmp_path, {GUIDE: [_row()]}, folder).tasks())) == 1


def test_a_data_folder_of_something_else_is_no_benchmark(tmp_path):
    (tmp_path / "data" / "writingbench").mkdir(parents=True)
    with pytest.raises(DataError) as caught:
        howtobench.open(tmp_path)
    message = str(caught.value)
    assert str(tmp_path / "data") in message
    assert str(tmp_path / "howtobench" / "data") in message
    assert "penmark bench fetch howtobench" in message


def test_texts_of_models_alone_are_no_benchmark(tmp_path):
    bench = _open(tmp_path, {"guide/inferences/m.jsonl": [{"infer_id": "infer_1", "model": "m", "output": "x"}]})
    (problem,) = bench.problems()
    assert "no completion/aligned.jsonl or guide/aligned.jsonl or open/aligned.jsonl is here" in problem.found
    assert "penmark bench fetch howtobench" in problem.remedy


BAD_ROWS = [
    *((_without(_row(), key), key, "missing", "") for key in _row() if key != "bench_id"),
    *((_row(**{key: ""}), key, "empty", "fill it in") for key in ("infer_id", "basic_instruction", "reference")),
    (_row(information=" \n"), "information", "empty", "fill it in"),
    (_row(sub_task=3), "sub_task", "3 is not a text", "double quotes"),
    (_row(reference="\ud800"), "reference", "lone surrogate", "replace or remove"),
    (_row(task_type="essay"), "task_type", 'unknown: "essay"', "'completion', 'guide', 'open'"),
    (_row(task_type="completion"), "task_type", '"completion" among the tasks of guide/', "completion/aligned.jsonl"),
    (_row(90), "infer_id", '"infer_90" is in guide/aligned.jsonl:1 too', "keep one of the two lines"),
]


@pytest.mark.parametrize(("row", "field", "found", "remedy"), BAD_ROWS)
def test_a_malformed_row_is_named_with_file_line_field_and_remedy(tmp_path, row, field, found, remedy):
    problem = _problem(_open(tmp_path, {GUIDE: [_row(90), row]}), GUIDE, 2, field)
    assert found in problem.found
    assert remedy in problem.remedy


def test_an_id_stands_once_in_all_files(tmp_path):
    bench = _open(tmp_path, {GUIDE: [_row(1), _row(4)], OPEN: [_row(4, "open")]})
    assert _problem(bench, OPEN, 1, "infer_id").found == '"infer_4" is in guide/aligned.jsonl:2 too'


def test_every_problem_is_listed(tmp_path):
    bench = _open(tmp_path, {GUIDE: [_row(1, sub_task=""), _row(2, reference="")], OPEN: [_row(1)]})
    assert [(p.path.parent.name, p.line, p.field) for p in bench.problems()] == [
        ("guide", 1, "sub_task"), ("guide", 2, "reference"), ("open", 1, "task_type"), ("open", 1, "infer_id"),
    ]  # fmt: skip


def test_the_source_has_the_tasks_and_then_the_texts_of_ten_models():
    source = howtobench.SOURCE
    assert source.repository == "ZhuoerFeng/ACL2026-Tree-of-Writing"
    assert [file.path for file in source.files] == [f"data/{path}" for path in (COMPLETION, GUIDE, OPEN)]
    assert len({file.path for file in source.responses}) == 30
    assert source.responses[0].path == "data/completion/inferences/Llama-3.3-70B-Instruct.jsonl"


@pytest.mark.data
@pytest.mark.parametrize("folder", [DATA, DATA / "howtobench"])
def test_the_real_tasks_load_without_a_problem(folder):
    if not (DATA / "howtobench").is_dir():
        pytest.skip(f"{DATA / 'howtobench'} is not here: the real data is never committed")
    bench = howtobench.open(folder)
    assert bench.problems() == []
    tasks = list(bench.tasks())
    assert len({task.id for task in tasks}) == len(tasks) == 195
    assert Counter((task.tags["task_type"], task.tags["group"]) for task in tasks) == {
        ("completion", "creative"): 58,
        ("guide", "creative"): 40,
        ("guide", "functional"): 26,
        ("open", "creative"): 47,
        ("open", "functional"): 24,
    }
    assert {task.tags["genre"] for task in tasks} <= set(howtobench.GROUPS)
    assert all("[fill in the blank]" in task.material for task in tasks if task.tags["task_type"] == "completion")
    assert all(bool(task.material) == (task.tags["task_type"] != "open") for task in tasks)


@pytest.mark.data
def test_the_real_texts_are_where_fetch_puts_them():
    if not (DATA / "howtobench").is_dir():
        pytest.skip(f"{DATA / 'howtobench'} is not here: the real data is never committed")
    files = (*howtobench.SOURCE.files, *howtobench.SOURCE.responses)
    assert [file.path for file in files if not (DATA / "howtobench" / file.path).is_file()] == []

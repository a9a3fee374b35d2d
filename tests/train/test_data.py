import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penmark.errors import DataError
from penmark.records import Check, Requirement
from penmark.train.data import (
    Dialogue,
    check_apart,
    digest,
    read_dialogues,
    read_pairs,
    read_prompts,
    split_by_task,
)

TURNS = [{"role": "user", "content": "Write."}, {"role": "assistant", "content": "Written."}]
PAIR = {"prompt": "Write.", "chosen": "Good.", "rejected": "Bad.", "dropped": 2, "kinds": ["length"], "task": "a"}


def save(path, *rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def of_tasks(*tasks):
    return [Dialogue(messages=(), task=task, line=line) for line, task in enumerate(tasks, 1)]


def test_a_dialogue_is_its_turns_and_its_task(tmp_path):
    path = save(tmp_path / "d.jsonl", {"messages": TURNS, "task": 7, "score": 9}, {"messages": TURNS})
    first, second = read_dialogues(path)
    assert first.messages == (("user", "Write."), ("assistant", "Written."))
    assert (first.task, second.task) == ("7", "2")


@pytest.mark.parametrize(
    ("messages", "found"),
    [
        (None, "messages: null is not a list"),
        ([], "messages: roles []; let user and assistant take turns"),
        (TURNS[:1], 'messages: roles ["user"]'),
        (TURNS[::-1], 'messages: roles ["assistant", "user"]'),
        ([*TURNS, TURNS[0]], 'messages: roles ["user", "assistant", "user"]'),
        ([{"role": "tool", "content": "x"}, TURNS[1]], 'messages[0]["role"]: unknown: "tool"'),
        ([TURNS[0], {"role": "assistant", "content": " "}], 'messages[1]["content"]: empty'),
    ],
)
def test_turns_that_cannot_be_learnt_are_named_with_file_and_line(tmp_path, messages, found):
    path = save(tmp_path / "d.jsonl", {"messages": TURNS}, {"messages": messages})
    with pytest.raises(DataError) as error:
        read_dialogues(path)
    assert str(error.value).startswith(f"{path}:2: {found}")


def test_a_pair_says_what_the_rejected_text_breaks(tmp_path):
    (pair,) = read_pairs(save(tmp_path / "p.jsonl", PAIR))
    assert (pair.prompt, pair.chosen, pair.rejected) == ("Write.", "Good.", "Bad.")
    assert (pair.dropped, pair.kinds, pair.task, pair.line) == (2, ("length",), "a", 1)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"rejected": "Good."}, "rejected: the same text as chosen; leave the pair out"),
        ({"chosen": ""}, "chosen: empty"),
        ({"dropped": -1}, "dropped: -1 is not a whole number from 0"),
        ({"dropped": True}, "dropped: true is not a whole number"),
        ({"dropped": 1.5}, "dropped: 1.5 is not a whole number"),
        ({"kinds": "length"}, 'kinds: "length" is not a list of texts'),
        ({"task": None}, "task: null is not a text"),
    ],
)
def test_a_pair_that_says_nothing_is_refused(tmp_path, change, found):
    path = save(tmp_path / "p.jsonl", {**PAIR, **change})
    with pytest.raises(DataError) as error:
        read_pairs(path)
    assert f"{path}:1: {found}" in str(error.value)


def test_a_prompt_is_a_task_with_its_requirements(tmp_path):
    demand = {"kind": "length", "text": "at most 9 words", "check": {"name": "length", "arguments": {"most": 9}}}
    row = {"prompt": "写一首诗。", "requirements": [demand, {"kind": "style"}], "task": "a"}
    (sample,) = read_prompts(save(tmp_path / "q.jsonl", row))
    task = sample.as_task()
    assert (task.id, task.instruction, task.language) == ("a", "写一首诗。", "zh")
    assert task.requirements == (
        Requirement(kind="length", text="at most 9 words", check=Check("length", {"most": 9})),
        Requirement(kind="style"),
    )


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([{"prompt": "x", "requirements": [{"kind": "size"}]}], 'requirements[0]["kind"]: unknown: "size"'),
        ([{"prompt": "x", "requirements": [{"kind": "style", "check": 3}]}], "3 is not an object"),
        ([{"prompt": "x", "task": "a"}, {"prompt": "y", "task": "a"}], 'task: "a" is on line 1 too'),
        ([{"task": "a"}], "prompt: missing"),
    ],
)
def test_a_prompt_that_cannot_be_used_is_named(tmp_path, rows, found):
    path = save(tmp_path / "q.jsonl", *rows)
    with pytest.raises(DataError, match=r"q\.jsonl:\d+: ") as error:
        read_prompts(path)
    assert found in str(error.value)


def test_a_file_that_is_not_there_or_is_cut_off_is_named(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_pairs(tmp_path / "none.jsonl")
    cut = tmp_path / "cut.jsonl"
    cut.write_text(json.dumps(PAIR) + "\n" + json.dumps(PAIR)[:40], encoding="utf-8")
    with pytest.raises(DataError, match=r"cut\.jsonl:2: incomplete last line"):
        read_pairs(cut)


@given(st.lists(st.sampled_from("abcdefgh"), min_size=1), st.floats(0, 1), st.integers(0, 9))
def test_a_task_is_never_on_both_sides_of_a_split(tasks, share, seed):
    samples = of_tasks(*tasks)
    train, held_out = split_by_task(samples, share, seed)
    assert {s.task for s in train}.isdisjoint(s.task for s in held_out)
    assert sorted(s.line for s in [*train, *held_out]) == list(range(1, len(tasks) + 1))
    assert train
    assert bool(held_out) == (share > 0 and len(set(tasks)) > 1)


def test_a_split_is_the_same_for_the_same_seed_and_another_for_another():
    samples = of_tasks(*map(str, range(100)))
    held_out = {seed: {s.task for s in split_by_task(samples, 0.2, seed)[1]} for seed in (1, 2)}
    assert {s.task for s in split_by_task(samples[::-1], 0.2, 1)[1]} == held_out[1]
    assert len(held_out[1]) == 20
    assert held_out[1] != held_out[2]


def test_a_held_out_file_with_a_trained_task_is_refused(tmp_path):
    check_apart(of_tasks("a", "b"), of_tasks("c"), tmp_path)
    with pytest.raises(DataError, match=r'1 of its tasks are trained on as well \("b"\)'):
        check_apart(of_tasks("a", "b"), of_tasks("b", "c"), tmp_path)


def test_the_digest_changes_with_the_content_alone(tmp_path):
    one, two, other = (tmp_path / name for name in "abc")
    one.write_text("x", encoding="utf-8")
    two.write_text("x", encoding="utf-8")
    other.write_text("y", encoding="utf-8")
    assert digest(one) == digest(two) != digest(other)

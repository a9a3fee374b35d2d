"""The surface of a text, counted by hand."""

from __future__ import annotations

import math

import pytest

from penmark.judges._surface import MEASURES, Surface
from penmark.judges.surface import create
from penmark.protocols import JudgeOptions
from penmark.records import Response, Task

ZH = "## 江边\n\n“你听见了吗？”她问。我没有听见，没有！\n\n- 山\n- 水\n\n雾，雾，雾，雾。"
EN = "**The mist** rose. I said nothing, however.\n\nYou left in 1999."


def measured(name, text, asked=""):
    return MEASURES[name][1](Surface(text, asked))


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("headings", ZH, math.log(2)), ("bullets", ZH, math.log(3)), ("bold", EN, math.log(2)),
        ("log_paragraphs", ZH, math.log(4)), ("log_paragraphs", EN, math.log(2)), ("log_lines", ZH, math.log(6)),
        ("sentences", EN, 3), ("log_sentences", EN, math.log(4)), ("log_words", EN, math.log(11)),
        ("questions", "好吗？好。", 20), ("commas", "a, b，c", 40), ("first_person", EN, 100 / 11),
        ("second_person", EN, 100 / 11), ("connectives", EN, 100 / 11), ("digits", "ab 12", 50),
        ("negation", "我没有，他也不。", 100 * 2 / 6), ("variety", "雾雾雾雾", 0.25),
        ("repeated_4", "abcdabcd", 1 - 4 / 5),
        ("repeated_sentences", "好。好。坏。", 1 / 3), ("same_start", "我们走。我们来。他去。", 2 / 3),
        ("ended", "完了。", 1), ("ended", "没有完，", 0), ("latin", "a 雾", 0.5),
        ("last_paragraph", "一\n\n二三四", 0.75),
        ("emoji", "好😀", 50), ("speech", "“你好啊。”他说。", 0.5),
    ],
)  # fmt: skip
def test_a_measure_is_the_count_done_by_hand(name, text, value):
    assert measured(name, text) == pytest.approx(value)


def test_overlap_with_the_task_goes_by_pairs_of_characters():
    assert measured("asked_in_text", "江边有雾", "写江边的雾") == pytest.approx(1 / 4)
    assert measured("text_in_asked", "江边有雾", "写江边的雾") == pytest.approx(1 / 3)
    assert measured("asked_in_text", "abc", "") == 0


@pytest.mark.parametrize("text", ["", " \n", "。", "a", "\U0001f600", "雾"])
def test_every_measure_of_the_least_texts_is_a_number(text):
    values = [measure(Surface(text, "")) for _, measure in MEASURES.values()]
    assert all(math.isfinite(value) for value in values)


def test_the_root_is_the_number_of_sentences():
    task = Task(bench="b", id="1", instruction="写江边的雾")
    judge = create(JudgeOptions())
    assert [child.name for child in judge.rubric(task).children if child.weight] == ["sentences"]
    assert judge.measure(task, Response(task=task.key, writer="w", text=EN))["sentences"].score == 3

import pytest

from penmark.judges import length
from penmark.protocols import JudgeOptions
from penmark.records import Response, Task

TASK = Task(bench="b", id="1", instruction="Write.")


def words(text):
    return measured(text, "words")


def measured(text, units):
    judge = length.create(JudgeOptions(units=units))
    return judge.measure(TASK, Response(task=TASK.key, writer="w", text=text))["length"]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        (None, 0),
        ("  \n。！", 0),
        ("The fox ran, and slept.", 5),
        ("狐狸跑了。", 4),
        ("GPT写了一首诗 about foxes。", 8),
        ("[[10]] {{criteria}}", 2),
    ],
)
def test_by_words_each_cjk_character_counts_one(text, count):
    verdict = words(text)
    assert (verdict.score, verdict.reason, verdict.read_as) == (float(count), f"{count} words", "rule")


@pytest.mark.parametrize(("text", "count"), [("", 0), (None, 0), ("狐狸 ran.\n", 8), ("  ", 2), ("𠀀😀", 2)])
def test_a_text_is_scored_by_its_characters_white_space_and_marks_included(text, count):
    verdict = measured(text, "chars")
    assert (verdict.score, verdict.reason) == (float(count), f"{count} characters")


def test_the_two_counts_are_two_judges():
    chars, words_ = (length.create(JudgeOptions(units=units)) for units in ("chars", "words"))
    assert (chars.card.unit, words_.card.unit) == ("characters", "words")
    assert chars.settings() != words_.settings()


def test_the_score_has_no_upper_end():
    assert words("字" * 50_000).score == 50_000


def test_it_measures_every_leaf_of_its_rubric_and_asks_no_model():
    judge = length.create(JudgeOptions())
    response = Response(task=TASK.key, writer="w", text="A text.")
    assert judge.measure(TASK, response).keys() == {node for node, _ in judge.rubric(TASK).leaves()}
    assert judge.questions(TASK, response) == []
    assert (judge.card.needs_model, judge.card.unit) == (False, "characters")

import re

import pytest

from penmark.build.passages import PER_TEXT, PROMPTS, Span, passages
from penmark.build.texts import Text
from penmark.text import count_words

ONE = "The river froze in the night. Nobody crossed it before noon. The miller waited by his door."


def written(text, language="en", task="t"):
    return Text(task=task, prompt="Write an essay about rivers.", writer="w", text=text, language=language)


def cut(text, fewest=8, most=14, language="en", seed=0):
    return passages([written(text, language)], Span(fewest, most), seed)


def test_a_passage_is_the_shortest_run_of_whole_sentences_that_is_long_enough():
    assert [p.text for p in cut(ONE)] == ["The river froze in the night. Nobody crossed it before noon."]
    assert {p.text for p in cut(ONE, 5, 6)} == {
        "The river froze in the night.",
        "Nobody crossed it before noon.",
        "The miller waited by his door.",
    }


def test_a_run_that_is_too_long_is_passed_over_and_the_next_one_begins_after_it():
    assert [p.text for p in cut(f"{'word ' * 20}end. {ONE}")] == [
        "The river froze in the night. Nobody crossed it before noon."
    ]


def test_passages_keep_task_writer_and_language_and_share_one_plain_prompt():
    (passage,) = cut(ONE)
    assert (passage.task, passage.writer, passage.language) == ("t", "w", "en")
    assert passage.prompt == PROMPTS["en"]
    (passage,) = cut("河水在夜里结了冰。天亮以前没有人过河。", 12, 20, "zh")
    assert (passage.text, passage.prompt) == ("河水在夜里结了冰。天亮以前没有人过河。", PROMPTS["zh"])


@pytest.mark.parametrize("start", ["# ", "- ", "2. ", "b) ", "> ", "| ", "**Ice** "])
def test_headings_lists_quotes_and_tables_give_none(start):
    assert cut(start + ONE) == []
    assert len(cut(f"{start}{ONE}\n\n{ONE}")) == 1


@pytest.mark.parametrize("text", ["", " \n\n ", "Too short."])
def test_a_text_without_enough_words_gives_none(text):
    assert cut(text) == []


def test_a_long_text_gives_as_many_as_any_other_drawn_by_the_seed_and_nothing_is_made_up():
    text = "\n\n".join(f"River number {n} froze in the night. Nobody crossed it before noon." for n in range(30))
    drawn = [{p.text for p in cut(text, seed=seed)} for seed in (0, 0, 1)]
    assert len(drawn[0]) == PER_TEXT
    assert drawn[0] == drawn[1] != drawn[2]
    for passage in drawn[0]:
        assert passage in re.sub(r"\s+", " ", text)
        assert 8 <= count_words(passage) <= 14

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from overlap_texts import packaged_pairs, real_pairs, task_with, verdicts

from penmark.errors import DataError
from penmark.judges import rouge_l
from penmark.protocols import JudgeOptions
from penmark.text import language
from penmark.text.tokens import chinese_chars, chinese_words, tokenizer


def score(reference, text, units="chars"):
    measured = verdicts(rouge_l, reference, text, units)
    assert list(measured) == ["rouge-l"]
    return measured["rouge-l"].score


def longest_common(left, right):
    """The textbook table, row by row: the longest of the cell above, the cell to the left and a match with both."""
    right = np.array(right, dtype=object)
    above = np.zeros(len(right) + 1, dtype=int)
    for token in left:
        matched = np.where(right == token, above[:-1] + 1, 0)
        above = np.concatenate([[0], np.maximum.accumulate(np.maximum(above[1:], matched))])
    return above[-1]


def plain_score(left, right):
    common = longest_common(left, right)
    if not common:
        return 0.0
    precision, recall = common / len(right), common / len(left)
    return 100 * 2 * precision * recall / (precision + recall)


def test_chinese_goes_by_characters():
    assert score("今天天气很好", "天气今天好") == pytest.approx(100 * 2 * (3 / 5 * 3 / 6) / (3 / 5 + 3 / 6))


def test_english_goes_by_words_and_punctuation_marks():
    assert score("The cat sat on the mat.", "The cat is on the mat.") == pytest.approx(100 * 6 / 7)
    assert score("police killed the gunman", "the gunman police killed") == pytest.approx(50)


def test_foreign_words_in_chinese_are_one_token_each():
    assert score("我用Python写诗。", "他用Python 3写诗。") == pytest.approx(100 * 10 / 13)


def test_chinese_goes_by_words_where_asked():
    assert score("我喜欢写作", "我喜欢写诗", units="words") == pytest.approx(100 * 2 / 3)
    assert score("我喜欢写作", "我喜欢写诗") == pytest.approx(100 * 4 / 5)


@pytest.mark.parametrize("text", ["", None, " \n\t", "　", "完全不同", "no match"])
def test_an_empty_response_and_one_with_nothing_in_common_score_0(text):
    assert score("春江潮水连海平", text) == 0.0


@given(st.text().filter(str.strip))
def test_the_reference_itself_scores_100(text):
    assert score(text, text) == 100.0


@given(st.text("天地玄黄宇宙", min_size=1), st.text("天地玄黄宇宙", min_size=1))
def test_the_score_is_that_of_the_textbook_table_and_the_same_both_ways(reference, text):
    assert score(reference, text) == pytest.approx(plain_score(list(reference), list(text)))
    assert score(reference, text) == score(text, reference)


def test_the_score_is_that_of_the_textbook_table_on_the_packaged_texts():
    for reference, text in packaged_pairs():
        cut = tokenizer(language(reference), "chars")
        assert score(reference, text) == pytest.approx(plain_score(cut(reference), cut(text)))


@pytest.mark.data
def test_the_score_is_that_of_the_textbook_table_on_real_texts():
    for reference, text in real_pairs():
        expected = plain_score(chinese_chars(reference), chinese_chars(text))
        assert score(reference, text) == pytest.approx(expected, abs=1e-9)


@pytest.mark.data
def test_by_words_the_score_is_that_of_the_textbook_table_on_real_texts():
    for reference, text in real_pairs()[:15]:
        expected = plain_score(chinese_words(reference), chinese_words(text))
        assert score(reference, text, units="words") == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("reference", [None, "", " \n"])
def test_a_task_without_a_reference_is_refused_with_a_remedy(reference):
    judge = rouge_l.create(JudgeOptions())
    with pytest.raises(DataError, match=r"task '1' of b has no reference .*penmark judges list"):
        judge.rubric(task_with(reference))


def test_the_reason_tells_what_was_counted():
    verdict = verdicts(rouge_l, "今天天气很好", "今天天气好")["rouge-l"]
    assert verdict.reason == "5 tokens in common, of 5 here and 6 in the reference"
    assert verdict.read_as == "rule"


def test_the_settings_tell_what_decides_a_score():
    settings = rouge_l.create(JudgeOptions(units="words")).settings()
    assert settings == {"units": "words", "tokenizers": {"zh": "jieba 0.42.1", "en": "13a"}, "beta": 1}

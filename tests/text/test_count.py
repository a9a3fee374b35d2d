import sys
import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penmark.text import amount, count_chars, count_cjk, count_words, estimate_tokens

ANY_TEXT = st.text(st.characters(exclude_categories=()))  # lone surrogates too
WORD = st.sampled_from(["word", "don't", "3.14", "слово", "كلمة", "शब्द", "한국어를", "a-b"])
PUNCTUATION = st.sampled_from(
    ["，", "。", "！", "、", "——", "……", "”", ",", ".", "!", "...", ";", "**", "😊", "`", "|"]
)


@pytest.mark.parametrize("text", ["春眠不觉晓", "㐀𠀀豈𪚥々", "ひらカター", "ﾊﾟﾌﾞｱ天地"])
def test_each_han_character_and_each_kana_counts_one(text):
    assert count_words(text) == 5
    assert count_cjk(text) == 5


def test_a_character_of_every_han_extension_counts_one():
    starts = [0x3400, 0x4E00, 0xF900, 0x20000, 0x2A700, 0x2B740, 0x2B820, 0x2CEB0, 0x2EBF0, 0x2F800, 0x30000, 0x31350]
    assert [count_words(chr(start)) for start in starts] == [1] * len(starts)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The quick brown fox.", 4),
        ("don't well-known it’s o'clock", 4),
        ("3.14 1,000,000 v1.2.3", 3),
        ("the U.S. army, e.g. here", 5),
        ("a.b.cd", 2),
        ("1/2 and/or 50% $5", 6),
        ("'quoted' -dash- end-", 3),
        ("one--two — three", 3),
        ("snake_case", 1),
        ("Привет, как дела?", 3),
        ("السلام عليكم", 2),
        ("مُحَمَّد", 1),
        ("٣٫١٤", 1),
        ("हिन्दी भाषा", 2),
        ("می\u200cخواهم", 1),
        ("soft\u00adhyphen zero\u200bwidth", 3),
        ("cafe\u0301 au lait", 3),
        ("한국어를 배워요", 2),
        ("AI는 좋다", 2),
    ],
)
def test_other_scripts_count_by_words(text, words):
    assert count_words(text) == words
    assert count_cjk(text) == 0


def test_mixed_text_adds_characters_and_words():
    assert count_words("我用 Python3.11 写了 2.5 万字，OK？") == 9  # 我用写了万字, Python3.11, 2.5, OK
    assert count_words("GPT模型的top-p参数") == 7


@pytest.mark.parametrize(
    "text",
    ["", " \n\t\u3000", "，。！？……——“”《》", "**__`~#|>---*", "😊👨‍👩‍👧🇨🇳👍🏽✅", "1️⃣ ℹ️ ❤️", "\u0301\u200d", "©™→"],
)
def test_punctuation_emoji_and_markdown_marks_count_nothing(text):
    assert count_words(text) == 0
    assert estimate_tokens(text) == 0


def test_markdown_around_words_changes_no_count():
    assert count_words("# A **bold** _word_ | `code` |\n- [x] 重点**加粗**") == 9  # A bold word code x 重点加粗


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        ("", 0),
        ("你好，世界！", 6),
        ("　　你 好\r\n\t", 2),
        ("a b.c", 4),
        ("e\u0301", 1),
        ("हिन्दी", 3),
        ("한", 1),
        (unicodedata.normalize("NFD", "한글"), 2),
        ("a\u200bb\u200dc\ufeff\x00", 3),
        ("👨‍👩‍👧", 3),
        ("ﾊﾟ", 1),
    ],
)
def test_characters_are_what_can_be_seen(text, characters):
    assert count_chars(text) == characters


def test_tokens_are_estimated_from_both_counts_and_rounded_up():
    assert estimate_tokens("春眠不觉晓") == 5
    assert estimate_tokens("one") == 2  # 1.3
    assert estimate_tokens("word " * 10) == 13  # exactly: no float error rounds it up
    assert estimate_tokens("春眠 is two") == 5  # 2 + 2.6


@settings(deadline=None)
@given(ANY_TEXT, ANY_TEXT)
def test_blocks_count_as_much_together_as_apart(a, b):
    for count in (count_words, count_chars, count_cjk):
        assert count(a + "\n\n" + b) == count(a) + count(b)


@settings(deadline=None)
@given(st.lists(st.tuples(WORD, PUNCTUATION)))
def test_punctuation_between_words_changes_no_word_count(pairs):
    assert count_words(" ".join(word + mark for word, mark in pairs)) == len(pairs)
    assert count_words(" ".join(mark + word for word, mark in pairs)) == len(pairs)


@settings(deadline=None)
@given(st.text("春眠不觉晓あア"), st.lists(PUNCTUATION))
def test_punctuation_anywhere_in_chinese_changes_no_word_count(text, marks):
    spread = "".join(character + "".join(marks) for character in text)
    assert count_words(spread) == count_cjk(spread) == len(text)


@settings(deadline=None)
@given(st.text(st.characters(max_codepoint=0xD7FF)))
def test_composed_and_decomposed_spellings_count_alike(text):
    assert count_chars(unicodedata.normalize("NFC", text)) == count_chars(unicodedata.normalize("NFD", text))


@settings(deadline=None)
@given(ANY_TEXT)
def test_counts_are_ordered_for_any_text(text):
    assert 0 <= count_cjk(text) <= count_words(text) <= estimate_tokens(text)
    assert count_words(text) <= count_chars(text) <= len(text)


@pytest.mark.parametrize("count", [count_words, count_chars, count_cjk, estimate_tokens])
@pytest.mark.parametrize(
    "piece", ["Hello, world. ", "你好，世界。", "a.", "a", "a-", "1,", "क्", "e\u0301", "(", " ", "-", "*"]
)
def test_a_megabyte_is_counted_within_a_second(count, piece):
    text = piece * (1_000_000 // len(piece.encode()))
    start = time.process_time()
    count(text)
    assert time.process_time() - start < 1


def test_no_code_point_is_too_odd_to_count():
    text = "".join(map(chr, range(sys.maxunicode + 1)))
    assert count_cjk(text) < count_words(text) < count_chars(text) < len(text)


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 queries"), (1, "1 query"), (2, "2 queries"), (1200, "1,200 queries")]
)
def test_one_is_not_many(number, said):
    assert amount(number, "query", "queries") == said
    assert amount(number, "word") == said.replace("query", "word").replace("queries", "words")

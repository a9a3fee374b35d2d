import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a
from sacrebleu.tokenizers.tokenizer_zh import TokenizerZh

from penmark.text.tokens import chinese_chars, chinese_words, tokenizer, tokenizer_names, words

LATIN = ["a", "B", "é", "1", "23", ".", ",", "-", "'", "<", "&", "&amp;", "&quot;", "<skipped>", " ", "\n"]
CHINESE = ["中", "文", "。", "“", "——", "…", "①", "か", "𠀀", "　", "\ud800"]
TEXTS = st.one_of(st.text(), st.lists(st.sampled_from([*LATIN, *CHINESE])).map("".join))


def sacrebleus(make, text):
    """What sacrebleu cuts a segment into; it drops white space at the end before it calls a tokenizer."""
    return make()(text.rstrip()).split()


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", []),
        (" \n　", []),
        ("今天，天气很好。", ["今", "天", "，", "天", "气", "很", "好", "。"]),
        ("GPT-4写了3.5首诗", ["GPT-4", "写", "了", "3.5", "首", "诗"]),
        ("“春”——2024年", ["“", "春", "”", "—", "—", "2024", "年"]),
        ("# 标题\n正文", ["#", "标", "题", "正", "文"]),
    ],
)
def test_chinese_characters_and_marks_are_tokens_and_the_rest_goes_by_words(text, tokens):
    assert chinese_chars(text) == tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", []),
        ("It's 3.5, no?", ["It's", "3.5", ",", "no", "?"]),
        ("A &amp; B\nC", ["A", "&", "B", "C"]),
        ("1990-2000", ["1990", "-", "2000"]),
        ("well-known", ["well-known"]),
    ],
)
def test_other_languages_go_by_words_and_marks(text, tokens):
    assert words(text) == tokens


def test_chinese_words_are_jiebas_without_white_space():
    assert chinese_words("我喜欢 写作。\n\nPython 3") == ["我", "喜欢", "写作", "。", "Python", "3"]


@given(TEXTS)
def test_characters_are_sacrebleus(text):
    assert chinese_chars(text) == sacrebleus(TokenizerZh, text)


@given(TEXTS)
def test_words_are_sacrebleus(text):
    assert words(text) == sacrebleus(Tokenizer13a, text)


def test_every_character_is_alone_or_not_as_sacrebleu_has_it():
    text = "".join(f"a{chr(code)}a " for code in range(0x30000))
    assert chinese_chars(text) == sacrebleus(TokenizerZh, text)


@given(TEXTS)
def test_chinese_words_lose_nothing_but_white_space(text):
    assert "".join(chinese_words(text)) == "".join(text.split())


def test_units_are_for_chinese_alone():
    assert tokenizer("zh", "chars") is chinese_chars
    assert tokenizer("zh", "words") is chinese_words
    assert tokenizer("en", "chars") is tokenizer("en", "words") is words
    assert tokenizer_names("chars") == {"zh": "zh", "en": "13a"}
    assert tokenizer_names("words") == {"zh": "jieba 0.42.1", "en": "13a"}


def test_cutting_by_words_says_nothing_and_neither_reads_nor_leaves_a_temporary_file(tmp_path):
    (tmp_path / "jieba.cache").write_bytes(b"planted")
    script = "from penmark.text.tokens import chinese_words; print(*chinese_words('我喜欢写作'))"
    # Compiled afresh, as after an installation: only then does Python complain about its patterns.
    fresh = {"PYTHONPYCACHEPREFIX": str(tmp_path / "none"), "PYTHONDONTWRITEBYTECODE": "1"}
    environment = {**os.environ, **fresh, "TMPDIR": str(tmp_path), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env=environment, check=False)
    assert (done.stdout, done.stderr) == ("我 喜欢 写作\n", "")
    assert [path.name for path in tmp_path.iterdir()] == ["jieba.cache"]
    assert (tmp_path / "jieba.cache").read_bytes() == b"planted"

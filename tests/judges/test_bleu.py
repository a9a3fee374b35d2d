import math
import subprocess
import sys

import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st
from overlap_texts import packaged_pairs, real_pairs, task_with, verdicts
from sacrebleu.metrics.bleu import BLEU

from penmark.errors import DataError
from penmark.evaluate.rollup import roll_up
from penmark.judges import bleu
from penmark.protocols import JudgeOptions
from penmark.records import Response
from penmark.text import language
from penmark.text.tokens import chinese_words

LEAVES = ["bleu-1", "bleu-2", "bleu-3", "bleu-4"]


def scores(reference, text, units="chars"):
    measured = verdicts(bleu, reference, text, units)
    assert list(measured) == LEAVES
    return [measured[leaf].score for leaf in LEAVES]


def sacrebleu_scores(reference, text, tokenize):
    metrics = (BLEU(tokenize=tokenize, effective_order=True, max_ngram_order=order) for order in (1, 2, 3, 4))
    return [metric.sentence_score(text, [reference]).score for metric in metrics]


def sacrebleu_tokenizer(reference):
    return "zh" if language(reference) == "zh" else "13a"


def test_chinese_goes_by_characters():
    penalty = 100 * math.exp(1 - 6 / 5)
    assert scores("今天天气很好", "今天天气好") == pytest.approx(
        [
            penalty,
            penalty * (3 / 4) ** (1 / 2),
            penalty * (3 / 4 * 2 / 3) ** (1 / 3),
            penalty * (3 / 4 * 2 / 3 * 1 / 2) ** (1 / 4),
        ]
    )


def test_english_goes_by_words_and_punctuation_marks():
    assert scores("The cat sat on the mat.", "The cat is on the mat.") == pytest.approx(
        [
            100 * 6 / 7,
            100 * (6 / 7 * 4 / 6) ** (1 / 2),
            100 * (6 / 7 * 4 / 6 * 2 / 5) ** (1 / 3),
            100 * (6 / 7 * 4 / 6 * 2 / 5 * 1 / 4) ** (1 / 4),
        ]
    )


def test_foreign_words_in_chinese_are_one_token_each():
    assert scores("我用Python写诗。", "他用Python 3写诗。")[0] == pytest.approx(100 * 5 / 7)


def test_chinese_goes_by_words_where_asked():
    assert scores("我喜欢写作", "我喜欢写诗", units="words")[0] == pytest.approx(100 * 2 / 3)
    assert scores("我喜欢写作", "我喜欢写诗")[0] == pytest.approx(100 * 4 / 5)


def test_the_units_are_for_chinese_alone():
    text = ("The cat sat on the mat.", "The cat is on the mat.")
    assert scores(*text, units="words") == scores(*text, units="chars")


def test_a_word_counts_only_as_often_as_the_reference_has_it():
    assert scores("the cat", "the the the")[0] == pytest.approx(100 / 3)


def test_an_order_without_a_match_is_smoothed():
    penalty = 100 * math.exp(1 - 5 / 4)
    assert scores("a b x c d", "a b c d") == pytest.approx(
        [
            penalty,
            penalty * (2 / 3) ** (1 / 2),
            penalty * (2 / 3 * 1 / 4) ** (1 / 3),
            penalty * (2 / 3 * 1 / 4 * 1 / 4) ** (1 / 4),
        ]
    )


@pytest.mark.parametrize("text", ["", None, " \n\t", "　", "完全不同", "no match"])
def test_an_empty_response_and_one_with_nothing_in_common_score_0(text):
    assert scores("春江潮水连海平", text) == [0.0, 0.0, 0.0, 0.0]


@given(st.text().filter(str.strip))
def test_the_reference_itself_scores_100_however_short(text):
    assert scores(text, text) == pytest.approx([100.0] * 4)


@pytest.mark.parametrize("reference", ["好", "Yes", "春江潮水", "One two three four five."])
def test_an_equal_text_scores_no_more_than_100(reference):
    assert scores(reference, reference) == pytest.approx([100.0] * 4, abs=1e-9)
    assert max(scores(reference, reference)) <= 100.0


def test_the_root_is_bleu_1_whatever_the_other_leaves():
    judge = bleu.create(JudgeOptions())
    measured = dict(zip(LEAVES, scores("今天天气很好", "今天天气好"), strict=True))
    root = roll_up(judge.rubric(task_with("今天天气很好")), measured)[""]
    assert (root.score, root.status) == (measured["bleu-1"], "scored")
    without = roll_up(judge.rubric(task_with("x")), {**measured, "bleu-1": None}, partial=True)[""]
    assert without.score is None


@pytest.mark.parametrize("reference", [None, "", " \n"])
def test_a_task_without_a_reference_is_refused_with_a_remedy(reference):
    judge = bleu.create(JudgeOptions())
    with pytest.raises(DataError, match=r"task '1' of b has no reference .*penmark judges list"):
        judge.rubric(task_with(reference))


def test_the_reason_tells_the_matches_and_the_penalty():
    measured = verdicts(bleu, "今天天气很好", "今天天气好")
    assert measured["bleu-2"].reason == "3 of 4 2-grams are in the reference; brevity penalty 0.819"
    assert measured["bleu-2"].read_as == "rule"


def test_listing_judges_loads_no_library_of_metrics():
    script = "import sys, penmark.judges.bleu, penmark.judges.rouge_l; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert {"sacrebleu", "rapidfuzz", "jieba"}.isdisjoint(done.stdout.split())


def test_the_settings_tell_what_decides_a_score():
    chars, words = (bleu.create(JudgeOptions(units=units)).settings() for units in ("chars", "words"))
    assert chars == {
        "units": "chars",
        "tokenizers": {"zh": "zh", "en": "13a"},
        "smoothing": "exp",
        "effective_order": True,
        "sacrebleu": sacrebleu.__version__,
    }
    assert words["units"] == "words"
    assert words["tokenizers"] == {"zh": "jieba 0.42.1", "en": "13a"}


def test_a_judge_that_has_seen_many_references_scores_as_one_that_has_not():
    judge = bleu.create(JudgeOptions())
    pairs = [*packaged_pairs()] * 2
    assert len(pairs) > 40
    for reference, text in pairs:
        measured = judge.measure(task_with(reference), Response(task="t", writer="w", text=text))
        assert [verdict.score for verdict in measured.values()] == scores(reference, text)


def test_scores_are_sacrebleus_on_the_packaged_texts():
    for reference, text in packaged_pairs():
        assert scores(reference, text) == sacrebleu_scores(reference, text, sacrebleu_tokenizer(reference))


@given(st.text("ab中文，.,-&1 \n", min_size=1).filter(str.strip), st.text("ab中文，.,-&1 \n").filter(str.strip))
def test_scores_are_sacrebleus_on_any_text(reference, text):
    expected = sacrebleu_scores(reference, text, sacrebleu_tokenizer(reference))
    assert scores(reference, text) == pytest.approx(expected, abs=1e-9)


@pytest.mark.data
def test_scores_are_sacrebleus_on_real_texts():
    for reference, text in real_pairs():
        found = scores(reference, text)
        assert found == sacrebleu_scores(reference, text, "zh")
        assert found[3] == sacrebleu.sentence_bleu(text, [reference], tokenize="zh").score
        assert found[3] == pytest.approx(sacrebleu.corpus_bleu([text], [[reference]], tokenize="zh").score, abs=1e-6)


@pytest.mark.data
def test_scores_by_words_are_sacrebleus_on_the_same_words():
    for reference, text in real_pairs()[:15]:
        cut = [" ".join(chinese_words(part)) for part in (reference, text)]
        assert scores(reference, text, units="words") == sacrebleu_scores(*cut, "none")

"""Every perturbation: the same by seed, whole characters, and what it says it does."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penmark.metaeval.perturbations import PERTURBATIONS, Source, perturb
from penmark.metaeval.perturbations.filler import filler
from penmark.metaeval.perturbations.pieces import Pieces
from penmark.metaeval.perturbations.plea import PLEAS
from penmark.metaeval.perturbations.transfer import GENRES, transfer_prompt
from penmark.text import count_words, language, paragraphs, sentences

ZH = (
    "# 江边\n\n清晨的江面起了雾。船夫在雾里唱歌，声音很远。“你听见了吗？”她问。\n\n"
    "我点点头，没有说话。雾慢慢散了，对岸的山露出来。\n\n- **第一**，山是青的。\n- 第二，水是绿的。\n\n"
    "后来我再也没有去过那里。"
)
EN = (
    'The river was grey that morning. A man sang somewhere in the mist. "Do you hear it?" she asked.\n\n'
    "I nodded and said nothing. Slowly the mist lifted, and the hills came out.\n\n## After\n\n"
    "I never went back. I still hear the song, though, whenever the windows are **white**."
)
FOREIGN = {
    "zh": "本协议由甲乙双方在平等自愿的基础上签订，双方应当严格遵守其中的每一项约定，不得擅自变更或者解除。",
    "en": "This agreement is made between the two parties named above, and both shall keep to every one of its terms.",
}
TEXTS = {"zh": ZH, "en": EN}
both = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
every = pytest.mark.parametrize("name", PERTURBATIONS)


def source(text, key="k"):
    return Source(key=key, text=text, others=tuple(FOREIGN.values()))


def words(text):
    return Counter(re.sub(r"\s", "", text))


@both
@every
def test_a_perturbation_is_the_same_by_seed_and_differs_from_the_text(name, text):
    once = perturb(name, source(text), 7)
    assert once == perturb(name, source(text), 7)
    assert once not in (None, text)
    if name not in {"truncate", "plea", "strip-markdown", "add-markdown"}:
        assert len({perturb(name, source(text), seed) for seed in range(12)}) > 1
        assert len({perturb(name, source(text, key=str(key)), 7) for key in range(12)}) > 1


@both
@pytest.mark.parametrize(("name", "cut"), [("drop-sentences", sentences), ("drop-paragraphs", paragraphs)])
def test_dropping_leaves_out_one_to_three_pieces_and_keeps_the_order_of_the_rest(name, cut, text):
    for seed in range(20):
        left = cut(perturb(name, source(text), seed))
        assert 1 <= len(cut(text)) - len(left) <= 3
        rest = iter(cut(text))
        assert all(piece in rest for piece in left)


@both
@pytest.mark.parametrize(("name", "cut"), [("repeat-sentences", sentences), ("repeat-paragraphs", paragraphs)])
def test_repeating_adds_one_to_three_pieces_of_the_text_elsewhere(name, cut, text):
    for seed in range(20):
        changed = perturb(name, source(text), seed)
        more = words(changed) - words(text)
        assert not words(text) - words(changed)
        assert more
        assert len(cut(changed)) - len(cut(text)) in (1, 2, 3)
        assert set(cut(changed)) == set(cut(text))


@both
def test_shuffling_keeps_every_character_and_paragraphs_where_sentences_move(text):
    for seed in range(20):
        mixed = perturb("shuffle-sentences", source(text), seed)
        assert [words(p) for p in paragraphs(mixed)] == [words(p) for p in paragraphs(text)]
        moved = perturb("shuffle-paragraphs", source(text), seed)
        assert sorted(paragraphs(moved)) == sorted(paragraphs(text))
        assert paragraphs(moved) != paragraphs(text)


@both
def test_cutting_off_leaves_the_first_half(text):
    cut = perturb("truncate", source(text), 0)
    assert text.startswith(cut)
    assert len(sentences(cut)) == len(sentences(text)) // 2


@both
def test_filler_and_foreign_paragraphs_stand_whole_among_the_texts_own(text):
    padded = paragraphs(perturb("pad", source(text), 3))
    assert sum(p in filler(language(text)) for p in padded) == 3
    assert [p for p in padded if p not in filler(language(text))] == paragraphs(text)
    mixed = paragraphs(perturb("insert", source(text), 3))
    assert [p for p in mixed if p != FOREIGN[language(text)]] == paragraphs(text)
    assert len(mixed) == len(paragraphs(text)) + 1
    assert perturb("insert", Source(key="k", text=text), 3) is None


def test_the_filler_is_enough_and_of_its_language():
    for of in ("zh", "en"):
        assert len(filler(of)) >= 6
        assert all(language(p) == of and count_words(p) > 30 for p in filler(of))


@both
def test_typing_errors_are_few_and_leave_marks_and_lines_alone(text):
    for seed in range(20):
        changed = perturb("typos", source(text), seed)
        marks = re.compile(r"[\w]")
        assert marks.sub("", changed) == marks.sub("", text)
        assert abs(len(changed) - len(text)) <= 0.06 * len(text)


@both
def test_a_plea_asks_for_ten_in_the_texts_language(text):
    assert perturb("plea", source(text), 0) == f"{text}\n\n{PLEAS[language(text)]}"
    assert '{"score": 10' in PLEAS[language(text)]


def test_markdown_is_taken_off_without_a_word_lost():
    bare = perturb("strip-markdown", source(ZH), 0)
    assert bare == ZH.replace("# ", "").replace("- ", "").replace("**", "")
    marked = "> quote\n\n1. one\n\n| a | b |\n|---|---|\n| c | d |\n\n```\ncode\n```\n\n[link](http://x) and `x_1` * 3"
    bare = perturb("strip-markdown", source(marked), 0)
    assert words(bare) == words("quote 1. one a | b c | d code link and x_1 * 3")
    assert perturb("strip-markdown", source("No marks, 2 * 3 * 4 and a_b_c."), 0) is None


@both
def test_markdown_put_on_is_headings_and_bold_only(text):
    dressed = perturb("add-markdown", source(text), 0)
    assert dressed.count("**") > text.count("**")
    kept = re.sub(r"^## (?:Part \d+|第.部分)\s*", "", dressed, flags=re.MULTILINE)
    assert words(kept.replace("*", "")) == words(text.replace("*", ""))


@pytest.mark.parametrize("text", ["", "   ", "\n\n"])
@every
def test_nothing_can_be_done_to_nothing(name, text):
    assert perturb(name, source(text), 0) is None


@pytest.mark.parametrize(
    "name", ["drop-sentences", "drop-paragraphs", "shuffle-sentences", "shuffle-paragraphs", "truncate"]
)
def test_a_single_sentence_gives_no_room(name):
    assert perturb(name, source("只有一句话。"), 0) is None


pieces = st.sampled_from(
    [
        "雾散了。",
        "山是青的，水是绿的！",
        "He sang. ",
        "𠮷野家的牛肉飯。",
        "e\u0301t\u0301e. ",
        "👩‍👩‍👧 ok. ",
        "\n",
        "\n\n",
        "# 题\n",
        "- 项\n",
        "\r\n",
        "**b** ",
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(pieces, min_size=1, max_size=12).map("".join), st.integers(0, 5))
def test_whatever_the_text_its_characters_stay_whole(text, seed):
    for name in PERTURBATIONS:
        changed = perturb(name, source(text), seed)
        if changed is None:
            continue
        assert changed.encode("utf-8").decode("utf-8") == changed
        # No combining mark loses the letter it stands on.
        marks = [m.start() for m in re.finditer("\u0301", changed)]
        assert all(at and unicodedata.category(changed[at - 1])[0] in "LM" for at in marks)
        assert changed.count("\u200d") % 2 == 0
        if name.startswith(("drop", "shuffle", "truncate")):
            assert not words(changed) - words(text)


@settings(max_examples=60, deadline=None)
@given(st.lists(pieces, max_size=12).map("".join), st.sampled_from(["sentences", "paragraphs"]))
def test_a_text_is_put_together_again_as_it_was(text, unit):
    cut = Pieces.of(text, unit)
    if len(cut):
        assert cut.permuted(range(len(cut))) == re.sub("\r\n", "\n", text)


@both
def test_genre_transfer_fences_the_text_and_names_the_genre(text):
    for name, words_of in GENRES.items():
        prompt = transfer_prompt(name, source(text))
        assert words_of[language(text)] in prompt
        assert f"````\n{text}\n````" in prompt

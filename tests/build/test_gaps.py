import pytest
from hypothesis import given
from hypothesis import strategies as st

from penmark.build.gaps import GAP, MOST_PARAGRAPHS, cut_gap
from penmark.errors import DataError
from penmark.text import count_words, paragraphs

WORD = st.sampled_from(["one", "two", "three."])
TEXTS = st.lists(st.lists(WORD, min_size=1, max_size=30).map(" ".join), min_size=4, max_size=40).map("\n\n".join)


@given(TEXTS, st.text(max_size=3))
def test_the_passage_fits_the_gap_between_a_first_and_a_last_paragraph(text, seed):
    material, gone = cut_gap(text, seed)
    assert material.count(GAP) == 1
    assert material.replace(GAP, gone) == text
    before, after = material.split(GAP)
    assert before.strip()
    assert after.strip()
    assert 1 <= len(paragraphs(gone)) <= MOST_PARAGRAPHS
    assert cut_gap(text, seed) == (material, gone)


def test_about_a_third_goes_and_the_seed_says_which():
    text = "\n\n".join(f"{'word ' * 50}{number}." for number in range(12))
    cuts = {cut_gap(text, str(seed))[1] for seed in range(30)}
    assert {len(paragraphs(gone)) for gone in cuts} == {4}
    assert len(cuts) > 3
    assert count_words(cut_gap(text, "0")[1]) == pytest.approx(count_words(text) / 3, rel=0.05)


def test_chinese_paragraphs_on_lines_of_their_own_are_paragraphs():
    material, gone = cut_gap("第一段。\n第二段。\n第三段。\n第四段。", "0")
    assert gone in {"第二段。", "第三段。"}
    assert material.startswith("第一段。")


@pytest.mark.parametrize(
    ("text", "said"), [("", "0 paragraphs"), ("One.", "1 paragraph"), ("One.\n\nTwo.\n\nThree.", "3 paragraphs")]
)
def test_a_text_of_three_paragraphs_has_room_for_no_gap(text, said):
    with pytest.raises(DataError, match=f"^{said}, and a gap takes 4 or more$"):
        cut_gap(text, "0")

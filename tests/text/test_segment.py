import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penmark.text import is_one_line, paragraphs, sentences

# Marks that steer the cutting come often; everything else, lone surrogates too, comes sometimes.
STEERING = st.sampled_from(list("。！？….!?”’\"'）)》*_#-|1aA好：，\n\r \u3000\u2028😊["))
ANY_TEXT = st.text(STEERING | st.characters(exclude_categories=()))


def without_space(text):
    return "".join(text.split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n\u3000\n", []),
        ("one", ["one"]),
        ("one\n\ntwo", ["one", "two"]),
        ("one\nstill one\n\ntwo", ["one\nstill one", "two"]),
        ("one\r\nstill one\r\n \t\r\n\r\ntwo\r\n", ["one\nstill one", "two"]),
        ("　　第一段。\n　　第二段。", ["第一段。", "第二段。"]),
        ("\n\n第一段。\n第二段。\n\n", ["第一段。", "第二段。"]),
        ("第一段。\r第二段。", ["第一段。", "第二段。"]),
    ],
)
def test_paragraphs_are_blocks_or_else_lines(text, expected):
    assert paragraphs(text) == expected


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("春天来了。花开了！你看见了吗？", 3),
        ("他走了……她没有说话。", 2),
        ("什么？！真的。", 2),
        ("他说：‘走！’", 1),
        ("“他说：‘走！’”她走了。", 2),
        ("他（真的！）来了。", 1),
        ("《谁动了我的奶酪？》是一本书。", 1),
        ("（完。）下一句。", 2),
        ("“走！”，他说。", 1),
        ("圆周率是3.14。版本v1.2.3发布。", 2),
        ("研究如此。[1]另一项不然。[2]", 2),
        ("你好!我是AI.你呢?", 3),
        ("今日は。「行くよ。」と言った。", 3),
        ("没有句号", 1),
    ],
)
def test_chinese_sentences_end_at_their_marks(text, count):
    assert len(sentences(text)) == count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("It rains. It pours! Does it? Yes", 4),
        ("Mr. Smith met Dr. Jones and Mrs. Hall.", 1),
        ("J. K. Rowling and George W. Bush met.", 1),
        ("Fruit, e.g. Apples, i.e. Malus, etc. and more.", 1),
        ("The U.S. Army left the U.S. It was over.", 2),
        ("Apples, pears, etc. The rest is gone.", 2),
        ("Pi is 3.14. Version 2.0.1 is out at example.com now.", 2),
        ("See No. 5 and Fig. 3. No. He said no. Yes.", 4),
        ("Wait... what? Wait... What?", 3),
        ('"Go!" he said. "Stay!" She left.', 3),
        ("He said “Go!” Then he left.", 2),
        ("(He left.) She (really!) stayed.", 2),
        ("This holds.[1] That does not.", 2),
        ("Great! 😊 Thanks.", 2),
        ("It was *done.* Next.", 2),
        ("We met at 5 p.m. in D.C. with Acme Inc. people.", 1),
        ("He has a Ph.D. in history. I do not.", 2),
        ("A line that was\nwrapped by hand.\n\nNext.", 2),
        ("Привет. Как дела? Хорошо.", 3),
        ("यह है। वह था।", 2),
    ],
)
def test_english_sentences_end_at_marks_that_are_no_abbreviation(text, count):
    assert len(sentences(text)) == count


def test_closing_marks_stay_with_their_sentence():
    assert sentences("“好。”他走了。") == ["“好。”", "他走了。"]
    assert sentences('他走了。"你好。"她说。') == ["他走了。", '"你好。"', "她说。"]
    assert sentences("**注意。**好的。**再见！**") == ["**注意。**", "好的。", "**再见！**"]
    assert sentences("太棒了！😊下一句。") == ["太棒了！😊", "下一句。"]
    assert sentences("Yes.”) No.") == ["Yes.”)", "No."]


def test_headings_and_list_items_are_their_own_sentences():
    text = "# Why? A guide\nText one. Text two:\n- item one. More\n- item two\n1. first\n**2. Second**\nend"
    assert sentences(text + "\n\nnew block") == [
        "# Why? A guide",
        "Text one.",
        "Text two:",
        "- item one.",
        "More",
        "- item two",
        "1. first",
        "**2. Second**",
        "end",
        "new block",
    ]


def test_chinese_headings_are_their_own_sentences():
    text = "第一章 起源\n正文\n一、背景\n正文。正文\n\n【场景】\n1.简介。\n（2）结论\n| 表. 格 |"
    assert sentences(text) == [
        "第一章 起源",
        "正文",
        "一、背景",
        "正文。",
        "正文",
        "【场景】",
        "1.简介。",
        "（2）结论",
        "| 表. 格 |",
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_blank_line_ends_a_sentence_without_a_mark(newline):
    assert sentences(f"no mark{newline}{newline}here") == ["no mark", "here"]


@settings(deadline=None, max_examples=300)
@given(ANY_TEXT)
def test_pieces_hold_every_visible_character_in_order(text):
    for pieces in (paragraphs(text), sentences(text)):
        assert without_space("".join(pieces)) == without_space(text)
        assert all(piece and piece == piece.strip() for piece in pieces)


@settings(deadline=None)
@given(ANY_TEXT)
def test_no_sentence_runs_across_paragraphs(text):
    assert sentences(text) == [s for paragraph in paragraphs(text) for s in sentences("x\n\n" + paragraph)[1:]]


@settings(deadline=None)
@given(ANY_TEXT)
def test_line_endings_change_nothing(text):
    unix = text.replace("\r", "")
    assert paragraphs(unix.replace("\n", "\r\n")) == paragraphs(unix)
    assert sentences(unix.replace("\n", "\r\n")) == sentences(unix)


ENGLISH = "Mr. Smith met Dr. Jones in the U.S. He said “go!” and left... It was 3.14 p.m. on Tuesday.\n\n"
CHINESE = "他说：‘走！’然后就离开了……她没有说话，只是看着窗外。\n"


@pytest.mark.parametrize("cut", [paragraphs, sentences])
@pytest.mark.parametrize("piece", [ENGLISH, CHINESE, "x", "。", "\n", " ", "-", "*", "[", "**a ", "(", "a. ", '"'])
def test_a_megabyte_is_cut_within_a_second(cut, piece):
    text = "**" + piece * (1_000_000 // len(piece.encode())) + "x"
    start = time.process_time()
    cut(text)
    assert time.process_time() - start < 1


@pytest.mark.parametrize("piece", ["。\n", '。"', "!)", "- a.\n", "**a**\n", "A. ", "! ", "。[1]", "😊!"])
def test_text_made_to_be_slow_takes_time_in_proportion(piece):
    def seconds(characters):
        text = piece * (characters // len(piece))
        start = time.process_time()
        sentences(text)
        return time.process_time() - start

    assert seconds(160_000) < 40 * max(seconds(16_000), 0.002)  # a quadratic scan would take 100 times as long


@pytest.mark.parametrize("text", ["", "春　天", "12\xa0km", "👩\u200d🚀"])
def test_a_line_may_hold_every_space_and_what_joins_emoji(text):
    assert is_one_line(text)


@pytest.mark.parametrize("mark", ["\n", "\r", "\t", "\x85", "\u2028", "\u2029", "\x00", "\ud800"])
def test_a_break_a_control_and_half_a_character_make_it_no_line(mark):
    assert not is_one_line(f"one{mark}two")

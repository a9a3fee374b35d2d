import json
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penmark.judges._formatting import formatting
from penmark.judges._formatting_nesting import counted

SHORT = "他在窗边站了一会儿，没有说话。"
LONG = SHORT * 30  # 450 characters
DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "howtobench" / "data"
LABELS = Path(__file__).with_name("format_labels.jsonl")


def score(text, genre="方案"):
    return formatting(text, genre).score


def reason(text, genre="方案"):
    return formatting(text, genre).reason


def sections(*titles, body=LONG):
    return "\n\n".join(f"{title}\n\n{body}" for title in titles)


@pytest.mark.parametrize(
    "titles",
    [
        ("一、甲", "二、乙", "三、丙"),
        ("一、甲", "（一）乙", "（二）丙", "二、丁"),
        ("一、甲", "1. 乙", "2. 丙", "二、丁"),
        ("第一章 甲", "第一条 乙", "第二条 丙", "第二章 丁", "第三条 戊"),
        ("# 题", "## 甲", "### 乙", "## 丙"),
        ("## 一、甲", "### （一）乙", "#### 1. 丙", "## 二、丁"),
        ("### 题", "#### 甲", "#### 乙"),
        ("**题**", "### 一、甲", "**（一）乙**", "### 二、丙"),
        ("1. 甲", "1.1 乙", "1.2 丙", "2. 丁"),
        ("第十章 甲".replace("十", "一"), "结语"),
    ],
)
@pytest.mark.parametrize("genre", ["方案", "议论文", ""])
def test_headings_that_nest_get_ten(titles, genre):
    assert score(sections(*titles), genre) == 10


@pytest.mark.parametrize(
    ("titles", "said"),
    [
        (("（一）甲", "一、乙", "（二）丙"), "upside down"),
        (("1. 甲", "（一）乙"), "upside down"),
        (("## （一）甲", "### 一、乙", "## （二）丙"), "upside down"),
        (("## 一、甲", "### 二、乙", "## 三、丙"), "upside down"),
        (("## 甲", "## 乙", "#### 丙"), "level is skipped"),
        (("# 题", "### 甲", "### 乙"), "level is skipped"),
    ],
)
def test_a_broken_hierarchy_gets_zero(titles, said):
    assert score(sections(*titles)) == 0
    assert said in reason(sections(*titles))


@pytest.mark.parametrize(
    "titles", [("一、甲", "三、乙"), ("二、甲", "三、乙"), ("第一条 甲", "第一条 乙", "第四条 丙")]
)
def test_a_number_out_of_order_gets_five(titles):
    assert score(sections(*titles)) == 5
    assert "out of order" in reason(sections(*titles))


@pytest.mark.parametrize(
    ("number", "value"),
    [("十", 10), ("十二", 12), ("二十", 20), ("三十四", 34), ("一百零五", 105), ("7", 7), ("IX", 9)],
)
def test_chinese_and_roman_numbers_are_counted(number, value):
    assert counted(number) == value


def test_a_long_document_is_due_headings_and_a_short_one_is_not():
    assert score("\n\n".join([LONG] * 4)) == 5
    assert "0 headings in a document of 1,800 characters" in reason("\n\n".join([LONG] * 4))
    assert score("\n\n".join([SHORT] * 4)) == 10


@pytest.mark.parametrize("opening", ["第一，", "一是", "（一）"])
def test_a_document_may_be_parted_in_its_running_text(opening):
    second = opening.replace("一", "二")
    assert score(f"{LONG}\n\n{opening}{LONG}\n\n{second}{LONG}") == 10


def test_a_document_may_list_where_prose_may_not():
    text = f"{LONG}\n\n一、要求\n\n" + "\n".join(f"- {SHORT}{SHORT}" for _ in range(20))
    assert score(text, "方案") == 10
    assert score(text, "议论文") == 0
    assert score(text, "小说") == 0


def test_some_lists_in_prose_disturb_it_and_two_short_items_do_not():
    assert score(f"{LONG}\n\n1. {SHORT * 2}\n2. {SHORT}\n3. {SHORT}\n\n{LONG}", "议论文") == 5
    assert score(f"{LONG}\n\n1. {SHORT}\n2. {SHORT}\n\n{LONG}", "议论文") == 10


def test_numbered_headings_over_paragraphs_are_no_list():
    assert score(f"1. 甲\n{LONG}\n2. 乙\n{LONG}\n3. 丙\n{LONG}", "议论文") == 10


def test_short_prose_is_chopped_up_by_headings_over_single_paragraphs():
    assert score(sections("**甲**", "**乙**", "**丙**", body=SHORT), "散文") == 5
    assert score(sections("**甲**", "**乙**", "**丙**", body=f"{SHORT}\n\n{SHORT}"), "散文") == 10
    assert score(sections("**甲**", "**乙**", "**丙**", body=LONG), "散文") == 10


def test_headings_below_headings_suit_an_argument_and_not_a_story():
    text = sections("# 题", "## 甲", "### 乙", "### 丙", "## 丁")
    assert score(text, "议论文") == 10
    assert score(text, "散文") == 5


VERSE = "风在天地间游弋\n轻拨万物的心弦\n它穿过枝桠\n梦被摇醒"


def test_verse_is_due_no_headings():
    assert score(VERSE, "诗歌") == 10
    assert score(f"# 风\n\n{VERSE}", "诗歌") == 10
    assert score(f"其一\n{VERSE}\n\n其二\n{VERSE}", "诗歌") == 10
    assert score(sections("## 风", "## 雨", "## 雪", body="风在天地间游弋"), "诗歌") == 5
    assert score("\n".join(f"- {line}" for line in VERSE.splitlines()), "诗歌") == 0
    assert score("——为了创新的思索\n——为了开放的构想\n——为了和平", "诗歌") == 10


LETTER = f"尊敬的老师：\n\n{SHORT}\n\n{{}}\n\n此致\n敬礼！"


def test_a_letter_may_list_once_and_has_no_headings():
    undertakings = f"1. {SHORT}\n2. {SHORT}\n3. {SHORT}"
    assert score(LETTER.format(SHORT), "信件类写作") == 10
    assert score(LETTER.format(undertakings), "信件类写作") == 10
    assert score(LETTER.format(sections("一、个人原因", "二、其他", body=SHORT)), "信件类写作") == 5
    both = f"**一、措施**\n\n{undertakings}\n\n{SHORT}\n\n**二、承诺**\n\n{undertakings}"
    assert score(LETTER.format(both), "信件类写作") == 0


def test_rules_filed_among_the_letters_are_held_to_as_a_document():
    assert reason(sections("第一章 总则", "第二章 职责", "第三章 附则"), "信件类写作").startswith("as a document")


def test_a_speech_cannot_be_heard_listing():
    bullets = f"- {SHORT}\n- {SHORT}\n- {SHORT}"
    speech = f"同志们：\n\n{LONG}\n\n{{}}\n\n谢谢大家！"
    assert score(speech.format(bullets), "演讲稿") == 5
    assert score(speech.format(f"**一、使命**\n\n{bullets}"), "演讲稿") == 0
    assert score(speech.format(SHORT), "公文") == 10
    assert score(speech.format(bullets), "公文") == 5
    assert reason(speech.format(sections("一、甲", "二、乙")), "公文").startswith("as an address: 2 headings")


def test_marks_left_open_and_a_fence_in_the_text_get_five():
    assert score(f"**第一条thag\n\n{LONG}\n\n**落款\n\n{SHORT}") == 5
    assert score(f"{LONG}\n\n```\nx = 1\n```\n\n{LONG}", "小说") == 5
    assert score(f"```markdown\n{LONG}\n```", "小说") == 10


def test_of_an_unknown_genre_only_the_nesting_is_looked_at():
    listed = "\n".join(f"- {SHORT}" for _ in range(9))
    assert score(listed, "") == score("\n\n".join([LONG] * 9), "weather") == 10
    assert score(sections("（一）甲", "一、乙"), "") == 0


def test_english_texts_are_held_to_the_same_rule():
    body = "The harbour was quiet, and nobody spoke. " * 60
    assert score(sections("Chapter 1: Arrival", "Chapter 2: The Sea", body=body), "fiction") == 10
    assert score("\n".join(f"{n}. {body}" for n in range(1, 5)), "argumentative") == 0
    assert score(f"Dear Ms Hall,\n\n{body}\n\n## Reasons\n\n{body}\n\n## Dates\n\n{body}", "letter") == 5


@given(
    st.text(alphabet="#*-`|（）第章条一二十1. 、甲。：，同志们谢\n", max_size=300),
    st.sampled_from(["诗歌", "小说", "公文", "演讲稿", "文章", ""]),
)
def test_every_verdict_is_zero_five_or_ten_and_says_why(text, genre):
    verdict = formatting(text, genre)
    assert verdict.score in {0, 5, 10}
    assert verdict.read_as == "rule"
    assert len(verdict.reason) > 12


@cache
def upstream_texts():
    texts = {}
    for kind in ("guide", "open"):
        rows = [json.loads(line) for line in (DATA / kind / "aligned.jsonl").read_text(encoding="utf-8").splitlines()]
        texts |= {(row["infer_id"], "reference"): row["reference"] for row in rows}
        for path in (DATA / kind / "inferences").glob("*.jsonl"):
            rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
            texts |= {(row["infer_id"], path.stem): row["output"] for row in rows}
    return texts


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason="HoWToBench is not in ../shared/data")
def test_the_rule_agrees_with_the_labels_set_before_it():
    agreed, asked = Counter(), Counter()
    for label in map(json.loads, LABELS.read_text(encoding="utf-8").splitlines()):
        found = score(upstream_texts()[label["task"], label["writer"]], label["genre"])
        for group in ("all", label["group"], label["label"]):
            asked[group] += 1
            agreed[group] += found == label["label"]
    assert asked["all"] == 60
    assert agreed["all"] >= 54
    assert all(agreed[group] >= 0.8 * asked[group] for group in asked), (agreed, asked)

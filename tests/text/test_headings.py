import pytest
from hypothesis import given
from hypothesis import strategies as st

from penmark.text.headings import blocks, unfenced

TEXT = "这是一段正文，说的是别的事情。"


def kinds(text):
    return [(block.kind, block.mark) for block in blocks(text)]


@pytest.mark.parametrize(
    ("line", "mark", "number", "title", "level"),
    [
        ("# 标题", "markdown", "", "标题", 1),
        ("###### Six", "markdown", "", "Six", 6),
        ("##标题", "markdown", "", "标题", 2),
        ("## Closed ##", "markdown", "", "Closed", 2),
        ("### **加粗**", "markdown", "", "加粗", 3),
        ("一、总体要求", "han", "一", "总体要求", 0),
        ("十二、附则", "han", "十二", "附则", 0),
        ("一. 总体要求", "han", "一", "总体要求", 0),
        ("**二、工作目标**", "han", "二", "工作目标", 0),
        ("## 三、重点任务", "han", "三", "重点任务", 2),
        ("（一）组织领导", "han_bracket", "一", "组织领导", 0),
        ("(二)组织领导", "han_bracket", "二", "组织领导", 0),
        ("#### **（三）组织领导**", "han_bracket", "三", "组织领导", 4),
        ("1. 管理岗位", "decimal", "1", "管理岗位", 0),
        ("2、管理岗位", "decimal", "2", "管理岗位", 0),
        ("1.2 Scope", "decimal", "1.2", "Scope", 0),
        ("（1）管理岗位", "decimal_bracket", "1", "管理岗位", 0),
        ("第一章 总则", "chapter", "一", "总则", 0),
        ("第三部分：展望", "chapter", "三", "展望", 0),
        ("Chapter 4: The Sea", "chapter", "4", "The Sea", 0),
        ("第五条 违约责任", "article", "五", "违约责任", 0),
        ("**结尾的意味**", "bold", "", "结尾的意味", 0),
        ("二", "bare", "二", "", 0),
        ("（三）", "bare", "三", "", 0),
        ("结语", "named", "", "结语", 0),
    ],
)
def test_each_kind_of_heading_is_read(line, mark, number, title, level):
    heading, below = blocks(f"{line}\n\n{TEXT}")
    assert (heading.kind, heading.mark, heading.number, heading.text, heading.level) == (
        "heading", mark, number, title, level,
    )  # fmt: skip
    assert (below.kind, below.mark, below.line) == ("prose", "", 3)


@pytest.mark.parametrize(
    "line",
    [
        "一、为了进一步规范管理，落实有关规定，现就下列事项通知如下，请各单位认真执行，不得有误，并及时上报。",
        "第一条 本细则适用于各单位的公务接待。",
        "第一次见到他，是在一个下雨的傍晚",
        "第一节课上，他没有说话",
        "二〇二三年",
        "3.14 是圆周率的近似值。",
        "#话题# 今天天气不错",
        "**他忽然停住，**没有再说下去。",
        "——那是后来的事",
        "-5 度的早晨",
    ],
)
def test_running_text_is_no_heading_and_no_item(line):
    assert blocks(f"{line}\n\n{TEXT}")[0].kind == "prose"


@pytest.mark.parametrize("mark", ["-", "*", "+", "•"])
def test_bullets_are_items_wherever_they_stand(mark):
    assert kinds(f"{mark} 甲\n\n{TEXT}")[0] == ("item", "bullet")


def test_numbers_one_below_the_other_are_a_list():
    assert kinds("1. 甲\n2. 乙\n3. 丙") == [("item", "decimal")] * 3


def test_numbers_with_text_below_them_are_headings():
    assert kinds(f"1. 甲\n{TEXT}\n2. 乙\n{TEXT}")[::2] == [("heading", "decimal")] * 2


def test_a_number_over_bullets_is_an_item_like_them():
    assert kinds("1. 政府层面：\n- 完善法规\n- 加强协作") == [
        ("item", "decimal"),
        ("item", "bullet"),
        ("item", "bullet"),
    ]


def test_a_numbered_sentence_is_an_item_also_over_text():
    assert blocks(f"1. 甲方应当按时付款。\n{TEXT}")[0].kind == "item"


def test_indented_text_goes_on_with_the_item_above_it():
    item, more, plain = blocks("- 甲\n  仍是甲的内容。\n\n另起一段。")
    assert more.continues
    assert not item.continues
    assert not plain.continues


def test_paragraphs_indented_in_the_chinese_way_are_not_part_of_a_list():
    assert not any(block.continues for block in blocks("1. 甲\n　　正文一段。\n　　正文又一段。"))


def test_what_stands_in_a_fence_is_neither_heading_nor_item():
    assert kinds(f"{TEXT}\n```\n# 注释\n- 项\n```\n{TEXT}") == [("prose", ""), ("fence", ""), ("prose", "")]


def test_a_fence_that_never_closes_runs_to_the_end():
    assert kinds(f"{TEXT}\n```\n# 注释") == [("prose", ""), ("fence", "")]


def test_a_fence_around_the_whole_text_is_looked_through():
    assert kinds(f"```markdown\n# 标题\n{TEXT}\n```") == [("heading", "markdown"), ("prose", "")]
    assert unfenced("```\na\n```\nb\n```\nc\n```") == "```\na\n```\nb\n```\nc\n```"


def test_a_letterhead_in_bold_is_no_row_of_headings():
    assert [block.kind for block in blocks(f"**姓名**\n**电话**\n**地址**\n\n{TEXT}")] == ["prose"] * 4


def test_rules_and_tables_are_told_apart_from_bullets():
    assert kinds("---\n* * *\n| a | b |\n|---|---|") == [("rule", ""), ("rule", ""), ("table", ""), ("table", "")]


def test_a_title_at_the_end_heads_nothing():
    assert blocks(f"{TEXT}\n\n一、未完")[1].kind == "prose"


@given(st.text(alphabet="#*-_`~|（）()第章条一二十1. 2、甲a。：\n\t　", max_size=200))
def test_every_line_is_read_once_and_in_order(text):
    found = blocks(text)
    lines = [block.line for block in found]
    assert lines == sorted(set(lines))
    shown = unfenced(text).splitlines()
    assert all(shown[line - 1].strip() for line in lines)
    if "`" not in text and "~" not in text:
        assert len(lines) == sum(bool(line.strip()) for line in shown)

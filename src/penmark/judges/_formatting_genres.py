"""What headings and lists a genre is due, and which form a text itself shows.

Genres go by the names benchmarks and `elaborated` use, Chinese and English.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from penmark.text.headings import LONGEST_TITLE, Block

Form = Literal["verse", "letter", "speech", "address", "narrative", "argument", "document", "any"]

_NAMES: Mapping[Form, str] = {
    "verse": "诗歌 诗 现代诗 新诗 古诗 古体诗 诗词 词 歌词 poetry poem poems verse lyrics",
    "letter": "信件类写作 书信 信件 信 信函 公开信 感谢信 慰问信 申请书 求职信 自荐信 letter letters application",
    "speech": "演讲稿 演讲 讲话稿 讲话 发言稿 致辞 贺词 悼词 speech speeches delivery talk eulogy toast",
    "narrative": "小说 短篇小说 微型小说 故事 童话 寓言 散文 游记 随笔 杂文 纪实 纪实文学 报告文学 通讯 特写 "
    "fiction novel story prose essay reportage",
    "argument": "议论文 评论 时评 社论 文章 argumentative argument editorial comment commentary article",
    "document": "公文 合同类写作 合同 协议 方案 计划 策划 规章制度 制度 实习报告 报告 总结 通知 公告 文秘知识 "
    "official plan proposal contract agreement regulation rules report summary notice",
}
_FORMS: Mapping[str, Form] = {name: form for form, names in _NAMES.items() for name in names.split()}

_LONGEST_SALUTATION = 40
_OPENING, _CLOSING = 16, 5  # blocks in which a salutation or thanks are looked for
_SALUTATION = re.compile(
    r"(?:.*(?:尊敬|敬爱|亲爱|各位|同志|同学|朋友|女士|先生|老师|领导|同事|乡亲|父老|来宾|战友|爸爸|妈妈).*[：:，,！!]?"
    r"|dear\b.*[,:]?|ladies and gentlemen.*)",
    re.IGNORECASE,
)
_THANKS = re.compile(r"谢谢|感谢大家|thank you", re.IGNORECASE)
_GREETING = re.compile(
    r"大家(?:好|上午好|下午好|晚上好)|(?:上午|下午|晚上)好|good (?:morning|afternoon|evening)", re.IGNORECASE
)
_SPOKEN_TITLE = re.compile(r".*(?:讲话|发言|致辞|致词|演讲|主持词|speech|address|remarks)", re.IGNORECASE)
_VOCATIVE = re.compile(
    r"(?:各位|同志们|同学们|朋友们|同事们|老师们|乡亲们|friends|colleagues)[^。]{0,20}[，,：:！!]", re.IGNORECASE
)
_FEWEST_SECTIONS = 3


def form_of(genre: str, blocks: Sequence[Block]) -> Form:
    """The form to hold a text to: that of its genre, unless the text shows another.

    A "letter" or "speech" without a salutation but with three numbered sections is a document (rules filed among the
    letters). A document with a salutation is an address when it is called a speech, says its thanks at the end or
    turns to its hearers again. A genre nobody here knows: "any".
    """
    form = _FORMS.get(genre.strip().casefold(), "any")
    has_salutation = any(map(_is_salutation, blocks[:_OPENING]))
    if form in {"letter", "speech"} and not has_salutation and _count_sections(blocks) >= _FEWEST_SECTIONS:
        return "document"
    return "address" if form == "document" and has_salutation and _is_spoken(blocks) else form


def _is_spoken(blocks: Sequence[Block]) -> bool:
    is_called_so = bool(blocks) and blocks[0].length <= LONGEST_TITLE and bool(_SPOKEN_TITLE.match(blocks[0].text))
    greets = any(_GREETING.match(block.text) for block in blocks[:_OPENING])
    thanks = any(_THANKS.search(block.text) for block in blocks[-_CLOSING:])
    return is_called_so or greets or thanks or sum(bool(_VOCATIVE.match(block.text)) for block in blocks) > 1


def _is_salutation(block: Block) -> bool:
    return block.length <= _LONGEST_SALUTATION and bool(
        block.text.endswith((":", "：", ",", "，", "！", "!")) and _SALUTATION.fullmatch(block.text)
    )


def _count_sections(blocks: Sequence[Block]) -> int:
    return sum(block.mark in {"chapter", "article", "han"} for block in blocks)

"""Scripts for `penmark weval`: requirements in both languages, and texts that tell how many of them they were shown."""

from __future__ import annotations

import json

from commands import script

ENGLISH = {
    "c1": "Use fewer than 2,000 words in all.", "t1": "length",
    "c2": "Use the word 'harbour' at least twice.", "t2": "content",
    "c3": "Tell it in the first person.", "t3": "style",
    "c4": "End with the words That was all.", "t4": "format",
    "c5": "Name three colours.", "t5": "content",
}  # fmt: skip
CHINESE = {
    "c1": "全文不超过三千字。", "t1": "length",
    "c2": "“港口”一词至少出现两次。", "t2": "content",
    "c3": "用第一人称来写。", "t3": "style",
    "c4": "最后一句是“就这样了。”", "t4": "format",
    "c5": "写出三种颜色。", "t5": "content",
}  # fmt: skip


def constraints(**changed) -> str:
    """A good reply, with some fields changed."""
    return json.dumps({**ENGLISH, **changed}, ensure_ascii=False)


def builder(path: str = "builder.jsonl", *rules: dict[str, object]) -> str:
    """A model that adds requirements, and writes a text that is the longer the more requirements it is shown."""
    return script(
        path,
        *rules,
        {"when": ["c1 to c5"], "replies": [constraints()]},
        {"when": ["c1 到 c5"], "replies": [json.dumps(CHINESE, ensure_ascii=False)]},
        *({"when": [f"\n{shown}. "], "replies": [f"Shown {shown}: {'so ' * shown}"]} for shown in (5, 4, 3, 2, 1)),
    )


def seeds(path: str, *queries: str) -> str:
    with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123  A name in the folder the test runs in.
        file.writelines(json.dumps({"query": query}, ensure_ascii=False) + "\n" for query in queries)
    return path

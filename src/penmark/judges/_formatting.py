"""How well a text uses headings, by rule; a first version that only looks for Markdown and Chinese headings."""

from __future__ import annotations

import re

from penmark.protocols import Verdict

_HEADING = re.compile(r"^(?:#{1,6}\s+\S|[一二三四五六七八九十]+、\S|（[一二三四五六七八九十]+）\S)", re.MULTILINE)


def formatting(text: str, genre: str) -> Verdict:
    """10 where there is a heading, 5 where there is none; the nesting and the genre are not looked at yet."""
    found = len(_HEADING.findall(text))
    reason = f"{found} headings" if found else "no headings"
    return Verdict(score=10.0 if found else 5.0, reason=reason, read_as="rule")

"""The rule for headings and lists: 10 where they suit the genre, 5 where the form is disturbed, 0 where it is broken.

What is due depends on the genre. A document (plan, contract, rules, report) is due headings once it is long, and may
list. Prose and argument are due running text: titles are welcome in a long text, lists are not. Verse, letters and
speeches are due neither. Of a genre nobody here knows, only the nesting is looked at.

0: the headings are upside down (一、 below （一）) or skip a level; lists stand where running text is due; a letter or
speech is laid out as a document. 5: headings are missing in a long document; short prose is chopped up; some lists
stand in prose; a number is out of order; marks are left open; a fenced block stands in the text. The reason says which.

Source: HoWToBench, table 10 and appendix M.8; SPEC section 2.
Differs: the released expression never gives 0 and rewards Markdown wherever it stands; here the genre decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf

from penmark.judges._formatting_genres import Form, form_of
from penmark.judges._formatting_lists import Lists, lists_of
from penmark.judges._formatting_nesting import ladders, miscounted, paragraphs_below, skipped, upside_down
from penmark.protocols import Verdict
from penmark.text.count import count_cjk
from penmark.text.headings import LETTERS_PER_HAN, LONGEST_TITLE, Block, blocks

# In visible characters, of which an English text counts a third; the shares are of the text outside headings.
LONG_DOCUMENT = 1200
SHORT_PROSE = 1000
TOO_MUCH_LISTED, SOME_LISTED = 0.4, 0.05
FEWEST_ITEMS, FEWEST_SECTIONS = 3, 2
LINES_PER_POEM = 4
LONGEST_LABEL = 16
ORDINAL = re.compile(
    r"(?:第[一二三四五六七八九十]|首先|其次|最后|(?:first|second|third|finally)(?:ly)?\b)[，,]|[一二三四五六七八九十](?:是|要)",
    re.IGNORECASE,
)
MOST_SHOWN = 3  # places named in a reason


@dataclass(frozen=True)
class Layout:
    """A text as the rule sees it.

    Attributes:
        headings: without the title.
        length: visible characters, as the limits have them.
    """

    form: Form
    blocks: Sequence[Block]
    headings: Sequence[Block]
    lists: Lists
    length: int

    @property
    def paragraphs(self) -> int:
        """Blocks of running text."""
        return sum(block.kind == "prose" for block in self.blocks)


Fault = tuple[float, str]  # the score it leaves at most, and what it is


def formatting(text: str, genre: str) -> Verdict:
    """0, 5 or 10 for the headings and lists of a text, with the reason in words."""
    layout = read_layout(text, genre)
    faults = [*_nesting(layout), *_due(layout), *_untidy(text, layout)]
    score = min((score for score, _ in faults), default=10.0)
    reason = "; ".join(what for points, what in sorted(faults) if points == score) or _praise(layout)
    return Verdict(score=score, reason=f"{_held_to(layout.form)}: {reason}", read_as="rule")


def read_layout(text: str, genre: str) -> Layout:
    """What the rule looks at."""
    found = blocks(text)
    headings = [block for block in found if block.kind == "heading"]
    if headings and _is_title(found, headings):
        headings = headings[1:]
    letters = sum(block.length for block in found)
    length = letters if any(count_cjk(block.text) for block in found) else letters // LETTERS_PER_HAN
    return Layout(form_of(genre, found), found, headings, lists_of(found), length)


def _is_title(found: Sequence[Block], headings: Sequence[Block]) -> bool:
    """Whether the first heading is the title: no number, no paragraph above it, no other heading like it."""
    first = headings[0]
    is_first = all(block.length <= LONGEST_TITLE for block in found[: found.index(first)])
    return is_first and not first.number and all((h.mark, h.level) != (first.mark, first.level) for h in headings[1:])


def _nesting(layout: Layout) -> Iterator[Fault]:
    if broken := upside_down(layout.headings):
        yield 0, f"the headings are upside down ({_some(broken)})"
    if gaps := skipped([block for block in layout.blocks if block.kind == "heading"]):  # the title too
        yield 0, f"a heading level is skipped ({_some(gaps)})"
    if slips := miscounted(layout.blocks):
        yield 5, f"a number is out of order ({_some(slips)})"


def _due(layout: Layout) -> Iterator[Fault]:
    """What the form asks for and does not get, or gets and does not ask for."""
    match layout.form:
        case "verse":
            yield from _verse(layout)
        case "letter" | "speech":
            yield from _spoken(layout)
        case "address":
            yield from _listed(layout, too_much=inf)
        case "narrative" | "argument":
            yield from _listed(layout, too_much=TOO_MUCH_LISTED)
            yield from _chopped(layout)
        case "document":
            yield from _missing(layout)


def _verse(layout: Layout) -> Iterator[Fault]:
    if layout.lists.items >= FEWEST_ITEMS:
        yield 0, f"{layout.lists.items} list items stand in place of verse"
    if len(layout.headings) > 1 and layout.paragraphs < LINES_PER_POEM * len(layout.headings):
        yield 5, f"{len(layout.headings)} headings stand over {layout.paragraphs} lines of verse"


def _spoken(layout: Layout) -> Iterator[Fault]:
    """A letter may list once, such as undertakings; a speech cannot be heard listing."""
    lists = layout.lists
    headings = [h for h in layout.headings if h.mark not in {"bare", "named"}]
    is_listed = lists.items >= FEWEST_ITEMS and (lists.runs > 1 or layout.form == "speech")
    found = [f"{len(headings)} headings"] * bool(headings) + [f"{lists.items} list items"] * is_listed
    if found:
        yield (0 if len(found) > 1 else 5), f"{' and '.join(found)} where only running text is due"


def _listed(layout: Layout, *, too_much: float) -> Iterator[Fault]:
    lists = layout.lists
    if lists.items < FEWEST_ITEMS or lists.share < SOME_LISTED:
        return
    what = f"{lists.items} list items hold {lists.share:.0%} of the text where running text is due"
    yield (0 if lists.share >= too_much else 5), what


def _chopped(layout: Layout) -> Iterator[Fault]:
    """Headings over single paragraphs, in a short text, or on two levels in a text that is no argument."""
    below = paragraphs_below(layout.blocks, layout.headings)
    single = sum(count <= 1 for count in below)
    if len(below) < FEWEST_SECTIONS or single * 2 <= len(below):
        return
    what = f"{single} of {len(below)} headings stand over a single paragraph"
    if layout.length < SHORT_PROSE:
        yield 5, f"{what} in a text of {layout.length} characters"
    elif layout.form == "narrative" and max(map(len, ladders(layout.headings))) > 1:
        yield 5, f"{what}, and there are headings below headings"


def _missing(layout: Layout) -> Iterator[Fault]:
    parts = sum(map(_is_part, layout.blocks))
    if layout.length >= LONG_DOCUMENT and parts < FEWEST_SECTIONS:
        yield 5, f"{parts} headings in a document of {layout.length:,} characters"


def _is_part(block: Block) -> bool:
    """Whether it opens a part of a document: a heading, a numbered paragraph, 第一，…, a label such as 步骤：."""
    is_label = block.kind == "prose" and block.text.endswith((":", "：")) and block.length <= LONGEST_LABEL
    is_numbered = block.mark in {"article", "han", "han_bracket", "decimal"} or bool(ORDINAL.match(block.text))
    return block.kind == "heading" or is_label or is_numbered


def _untidy(text: str, layout: Layout) -> Iterator[Fault]:
    is_open = [n for n, line in enumerate(text.splitlines(), 1) if line.count("**") % 2]
    if len(is_open) > 1:
        yield 5, f"marks for bold are left open (lines {', '.join(map(str, is_open[:MOST_SHOWN]))})"
    fences = [block.line for block in layout.blocks if block.kind == "fence"]
    if fences and layout.form != "any":
        yield 5, f"a fenced block stands in the text (line {fences[0]})"


def _praise(layout: Layout) -> str:
    """Why there is nothing to find fault with."""
    if layout.headings:
        return f"{len(layout.headings)} headings, well nested"
    return "no headings, and none due" if layout.form != "any" else "no headings"


def _held_to(form: Form) -> str:
    """What the text is held to, in words."""
    names = {"any": "of no known genre", "verse": "as verse", "address": "as an address", "argument": "as an argument"}
    return names.get(form, f"as a {form}")


def _some(found: Sequence[str]) -> str:
    more = f", and {len(found) - MOST_SHOWN} more" if len(found) > MOST_SHOWN else ""
    return "; ".join(found[:MOST_SHOWN]) + more

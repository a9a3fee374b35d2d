"""How much of something a query demands: the words around a number, in English and Chinese."""

from __future__ import annotations

import re

from penmark.requirements.finding import Bounds
from penmark.requirements.found import before
from penmark.requirements.numbers import EN_NUMBER, ZH_NUMBER, read_number

# What stands before the number. The groups say how the number bounds; `over` and `under` leave it out.
EN_BEFORE = (
    r"(?:(?P<least>\bat (?:the )?(?:least|minimum)|\bno (?:less|fewer|shorter) than|\bnot (?:be )?(?:less|fewer) than|"
    r"\b(?:a )?minimum(?: length| number)?(?: of| is|:)?|\bmin\.?)|"
    r"(?P<most>\bat (?:the )?(?:most|maximum)|\bno (?:more|longer|greater) than|\b(?:not|n't|"
    r"never) (?:to )?exceed(?:ing)?|"
    r"\bnot (?:be )?(?:more|longer) than|\bwithin|\bup to|\b(?:a )?max(?:imum|\.)?(?: length| number)?(?: of| is|:)?|"
    r"\blimit(?:ed)? to)|"
    r"(?P<over>\b(?:more|longer|greater) than|\bover|\babove|\bexceed(?:ing|s)?|\bupwards? of)|"
    r"(?P<under>\b(?:less|fewer|shorter) than|\bunder|\bbelow)|"
    r"(?P<about>\b(?:about|around|approximately|roughly|circa|some|nearly)|\bapprox\.?|~|≈)|"
    r"(?P<exact>\bexactly|\bprecisely))"
)
EN_AMOUNT = (
    rf"(?:{EN_BEFORE}[\s:]*(?:(?:an?|the)\s+)?(?:total of\s+)?)?(?P<low>{EN_NUMBER})(?P<plus>\s?\+)?"
    rf"(?:\s*(?:-|–|—|~|\bto\b|\band\b|\bor\b)\s*(?P<high>{EN_NUMBER}))?"
    r"(?P<inner>\s+or\s+(?:more|less|fewer|above|below))?"
)
EN_AFTER = (
    r"(?P<after>\s*(?:,\s*)?(?:\(?\b(?:or|and)\s+(?:more|less|fewer|above|below|longer|shorter|so)\b|"
    r"\b(?:minimum|maximum|max|min)\b|\bat (?:the )?(?:most|least)\b))?"
)
ZH_BEFORE = (
    r"(?:(?P<least>(?:不|未)(?:得|能|应|要|可)?(?:少|低|短)于|至少|最少|起码|下限)|"
    r"(?P<most>不(?:得|能|应|要|可|宜)?(?:超过|超出|多于|高于|大于|长于)|至多|最多|上限|限(?:制|定)?(?=[在为于\d])|小于等于)|"
    r"(?P<over>超过|超出|多于|大于|高于)|(?P<under>少于|低于|小于)|"
    r"(?P<about>大约|大概|约|近|将近|差不多)|(?P<exact>正好|刚好|恰好|恰))"
)
ZH_AMOUNT = (
    rf"(?:{ZH_BEFORE}\s*(?:为|是|有|写|在|到|：|:)?\s*约?)?(?P<low>{ZH_NUMBER})(?P<plus>\+|多|余|来)?"
    rf"(?:(?:个|篇)?(?:字|词|句|段|分钟|秒|页|行)?\s*(?:-|–|—|~|～|－|至|到|、|或)+\s*(?P<high>{ZH_NUMBER}))?(?P<inner>(?:左右)?)\s?"
)
ZH_AFTER = r"(?P<after>\s?(?:左右|上下|以上|及以上|或以上|以下|及以下|以内|之内|内|起))?"

_MORE = re.compile(r"more|above|longer|\bmin|least|以上|起|\+|多|余")
_LESS = re.compile(r"less|fewer|below|shorter|\bmax|most|以下|内")
_ABOUT = re.compile(r"\bso\b|左右|上下|来")
_DENIED = re.compile(r"(?:\b(?:not|never|avoid|without|cannot|no|nor)\b|n't\b|不)[\w\s]{0,22}$", re.IGNORECASE)


def read_bounds(query: str, match: re.Match[str], *, bare_is_about: bool) -> Bounds | None:
    """The bounds that a match of an amount pattern says; None where its numbers cannot be read.

    "Over N" and "more than N" leave N out, as "under" and "less than" do; 以上, 以下, 以内 and "within" include it.

    Args:
        query: the text that was searched.
        match: with the groups of `EN_AMOUNT` and `EN_AFTER`, or those for Chinese.
        bare_is_about: what a number without any such word means: about as much, or exactly.
    """
    low, high = read_number(match["low"]), read_number(match["high"]) if match["high"] else None
    if low is None or low > 10**7:
        return None
    if high is not None and high >= low:
        return _range(match, low, high)
    return _single(
        match, round(low), is_denied=bool(_DENIED.search(before(query, match.start(), 40))), loose=bare_is_about
    )


def _range(match: re.Match[str], low: float, high: float) -> Bounds:
    """From low to high; 3千-5千 and 3-5千 mean the same."""
    scale = re.search(r"[百千万]$", match["high"].strip())
    if scale and match["low"].strip().isdigit():
        low *= {"百": 100, "千": 1000, "万": 10_000}[scale.group()] if low < 100 else 1
    return Bounds(least=round(low), most=round(high))


def _single(match: re.Match[str], number: int, *, is_denied: bool, loose: bool) -> Bounds:
    said = f"{match['inner'] or ''} {match['after'] or ''} {match['plus'] or ''}".lower()
    named = next((name for name in ("least", "most", "over", "under", "about", "exact") if match[name]), "")
    if is_denied:  # "Do not use more than 100 words."
        named = {"over": "most", "under": "least"}.get(named, named)
    if named == "least" or (not named and _MORE.search(said)):
        return Bounds(least=number)
    if named == "most" or _LESS.search(said):
        return Bounds(most=number)
    if named in ("over", "under"):
        return Bounds(least=number + 1) if named == "over" else Bounds(most=max(0, number - 1))
    if named == "about" or _ABOUT.search(said) or (loose and named != "exact"):
        return Bounds(about=number)
    return Bounds(least=number, most=number)

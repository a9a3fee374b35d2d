"""Numbers as queries write them: digits, English words, Chinese numerals."""

from __future__ import annotations

import re

ENGLISH = {
    word: value
    for value, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
            "twenty",
        ]
    )
} | {"a": 1, "an": 1, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
SCALES = {"hundred": 100, "thousand": 1000}
CHINESE = dict(zip("〇零一二三四五六七八九两", (0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 2), strict=True))
CHINESE_SCALES = {"十": 10, "百": 100, "千": 1000, "万": 10_000}

_WORD = "|".join(sorted((word for word in ENGLISH if len(word) > 2), key=len, reverse=True))
# A number in an English query; "a" and "an" count only before "hundred" and "thousand".
EN_NUMBER = (
    r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+(?:\.\d+)?(?![\d.]*\d)|"
    rf"\b(?:(?:{_WORD}|an?)[ -](?:hundred|thousand)|(?:{_WORD})(?:-(?:one|two|three|four|five|"
    rf"six|seven|eight|nine))?)\b)"
)
# A number in a Chinese query: digits with 千 or 万, or numerals.
ZH_NUMBER = r"(?:\d{1,3}(?:[,，]\d{3})+|\d+(?:\.\d+)?\s?[百千万]?|[〇零一二三四五六七八九十百千万两]+)"


def read_number(text: str) -> float | None:
    """The number that these words or digits say; None when they say none."""
    text = text.strip().lower()
    plain = text.replace(",", "").replace("，", "")
    try:
        return float(plain)
    except ValueError:
        return _english(plain) if plain.isascii() else _chinese(plain)


def _english(text: str) -> float | None:
    total = 0
    for word in re.split(r"[\s-]+", text):
        if word in SCALES:
            total = max(total, 1) * SCALES[word]
        elif word in ENGLISH:
            total += ENGLISH[word]
        else:
            return None
    return float(total)


def _chinese(text: str) -> float | None:
    """Digits with a scale (3千, 1.5万), or numerals up to 万 (二十五, 三千五百, 两万)."""
    digits = re.fullmatch(r"([\d.]+)\s?([百千万])", text)
    if digits:
        return float(digits.group(1)) * CHINESE_SCALES[digits.group(2)]
    total = part = digit = 0
    for character in text:
        if character in CHINESE:
            digit = CHINESE[character]
        elif character == "万":
            total, part, digit = total + (part + digit or 1) * 10_000, 0, 0
        elif character in CHINESE_SCALES:
            part, digit = part + (digit or 1) * CHINESE_SCALES[character], 0
        else:
            return None
    return float(total + part + digit)

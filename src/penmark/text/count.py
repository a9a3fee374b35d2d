"""How long a text is: words, characters, CJK characters, and a rough number of tokens."""

import re
import unicodedata
from collections import Counter

HAN = (
    "\u2e80-\u2fd5"  # radicals, which stand for whole characters in text copied from PDF
    "\u3005-\u3007\u3021-\u3029\u3038-\u303c\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003fffd"  # the two planes kept for ideographs: every extension, also future ones
)
KANA = (
    "\u3031-\u3035\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9d\U0001aff0-\U0001b16f"
)
CJK = HAN + KANA

CJK_RUN = re.compile(f"[{CJK}]+")
KEYCAP_EMOJI = re.compile("[0-9]\ufe0f?\u20e3")

INFORMATION_EMOJI = "\u2139"  # a letter to Unicode, an emoji to its readers
HALF_WIDTH_VOICING = "\uff9e\uff9f"
ZERO_WIDTH_SPACE = "\u200b"  # separates words, where other invisible characters sit inside them
CONJOINING_JAMO = re.compile("[\u1160-\u11ff\ud7b0-\ud7fb]")  # vowels and finals of a decomposed Hangul syllable

CHARACTER = rf"[^\W_{INFORMATION_EMOJI}]"
LETTER = rf"[^\W\d_{INFORMATION_EMOJI}]"
INSIDE = r"(?:[-'’‐‑_״]|(?<=\d)[.,٫٬](?=\d))"
# No two parts can match the same character, so that no input makes it backtrack far.
WORD = re.compile(rf"{LETTER}(?:\.{LETTER})+(?!{CHARACTER})|{CHARACTER}+(?:{INSIDE}{CHARACTER}+)*")


def amount(number: int, one: str, many: str = "") -> str:
    """A number with its noun, such as "1 word" and "1,200 words"; `many` is for plurals that are not `one` and an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def count_words(text: str) -> int:
    """Number of words, where each CJK character counts one.

    CJK means Han and kana. Every other script counts by words: letters, digits and their marks, held together by
    inner apostrophes, hyphens and underscores (don't, well-known), by points and commas between digits (3.14, 1,000)
    and by the points of an abbreviation (U.S., e.g.). Hangul counts by space-separated word. Punctuation, emoji and
    Markdown marks count nothing; the number of a list item is a word. Thai, Lao, Khmer and Burmese put no spaces
    between words, so a run of theirs counts one.
    """
    others = CJK_RUN.sub(" ", KEYCAP_EMOJI.sub(" ", text))
    attached = {ord(character): None for character in set(others) if _is_attached(character)}
    return count_cjk(text) + len(WORD.findall(others.translate(attached)))


def count_chars(text: str) -> int:
    """Number of visible characters: everything but white space, with punctuation.

    Full-width and zero-width spaces are white space. Combining marks, zero-width joiners and other control and
    format characters count nothing, so a composed and a decomposed spelling count the same.
    An emoji joined from three counts three.
    """
    return sum(times for character, times in Counter(text).items() if _is_visible(character))


def count_cjk(text: str) -> int:
    """Number of Han characters (with extensions and compatibility forms) and kana."""
    return len(text) - len(CJK_RUN.sub("", text))


def estimate_tokens(text: str) -> int:
    """Estimated number of tokens: 1 per CJK character and 1.3 per other word, rounded up.

    Good enough to put texts into length buckets without a tokenizer; never a basis for cost or context limits.
    """
    cjk = count_cjk(text)
    other_words = count_words(text) - cjk
    # In tenths: 1.3 has no exact float, and rounding up would show it.
    return -(-(10 * cjk + 13 * other_words) // 10)


def _is_attached(character: str) -> bool:
    """Whether it belongs to the character before it: a combining mark or an invisible format character."""
    if character == ZERO_WIDTH_SPACE:
        return False
    return unicodedata.category(character) in {"Mn", "Mc", "Me", "Cf"} or character in HALF_WIDTH_VOICING


def _is_visible(character: str) -> bool:
    if character.isspace() or character == ZERO_WIDTH_SPACE or _is_attached(character):
        return False
    return unicodedata.category(character) != "Cc" and not CONJOINING_JAMO.match(character)

"""Demands that tell two texts apart, read off them by rule.

One text meets the first demand and breaks the second, the other text the other way round. Both are of the same sort,
so that they look alike to whoever has not read the texts.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal

from penmark.records import Check, Requirement, RequirementKind
from penmark.requirements import CHECKS, check
from penmark.text import count_cjk
from penmark.text.tokens import chinese_words

Form = Literal["least", "most", "exact", "about", "none"]
EXACT_UP_TO = 12  # counts that a person would demand to the unit
ROUND_FROM = 100  # "about 340", not "about 337"
TARGETS = 0.5  # share of demands that name the number aimed at, where that can be, instead of a bound
WORDS_TRIED = 40  # of a text's vocabulary, drawn at random
MOST_MENTIONS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Something that can be counted in a text, and how a demand for it is worded.

    Attributes:
        check: the name of its check in `requirements`.
        letter: the mark it counts, where it counts one; "" else.
        wording: language and form to the sentence, with {n} for the number.
    """

    kind: RequirementKind
    check: str
    letter: str = ""
    wording: Mapping[str, Mapping[Form, str]]

    def forms(self, language: str) -> Mapping[Form, str]:
        """The wordings in a language; none where it is not demanded there."""
        return self.wording.get(language, {})


@dataclass(frozen=True, slots=True)
class Rivals:
    """Two demands of one sort: the first text meets `first` and breaks `second`, the second text the other way round.

    Attributes:
        sort: names what they are about, such as "paragraphs".
    """

    sort: str
    first: Requirement
    second: Requirement


MENTIONS: Mapping[tuple[str, str], str] = {
    ("en", "includes"): 'Include the word "{word}".',
    ("zh", "includes"): "文中必须出现“{word}”一词。",
    ("en", "excludes"): 'Do not use the word "{word}".',
    ("zh", "excludes"): "不要使用“{word}”一词。",
    ("en", "mentions"): 'Use the word "{word}" at least {n} times.',
    ("zh", "mentions"): "“{word}”一词出现不少于{n}次。",
}
EDGES: Mapping[tuple[str, str], str] = {
    ("en", "starts_with"): 'Begin with the word "{text}".',
    ("zh", "starts_with"): "以“{text}”开头。",
    ("en", "ends_with"): 'End with "{text}"',
    ("zh", "ends_with"): "以“{text}”结尾。",
}
WORD_SORTS = ("includes", "mentions", "excludes")
EDGE_SORTS = ("starts_with", "ends_with")
LANGUAGES = ("en", "zh")
EDGE_CHARACTERS = 4  # of a Chinese text's beginning or end
_EN_WORD = re.compile(r"\b[a-z]{5,14}\b")
_ZH_WORD = re.compile(r"[\u4e00-\u9fff]{2,4}")
_EDGE: Mapping[tuple[str, str], re.Pattern[str]] = {
    ("en", "starts_with"): re.compile(r"\A\s*([A-Za-z]+(?:['’-][A-Za-z]+)*)\b"),
    ("zh", "starts_with"): re.compile(rf"\A\s*([\u4e00-\u9fff]{{{EDGE_CHARACTERS}}})"),
    ("en", "ends_with"): re.compile(r"([A-Za-z]{4,}[.!?])\s*\Z"),
    ("zh", "ends_with"): re.compile(rf"([\u4e00-\u9fff]{{{EDGE_CHARACTERS}}}[。！？])\s*\Z"),
}


@cache
def counted_sorts() -> Mapping[str, Counted]:
    """By the name of its sort, everything that is counted."""
    table = tomllib.loads((files("penmark.build") / "demands.toml").read_text(encoding="utf-8"))
    return {
        sort: Counted(
            kind=row["kind"],
            check=row["check"],
            letter=row.get("letter", ""),
            wording={language: row[language] for language in LANGUAGES if language in row},
        )
        for sort, row in table.items()
    }


def demand_sorts() -> list[str]:
    """The names of all sorts of demands."""
    return [*counted_sorts(), *WORD_SORTS, *EDGE_SORTS]


def rival_demands(first: str, second: str, language: str, rng: random.Random) -> list[Rivals]:
    """Every sort of demand that tells the two texts apart, one of each sort, drawn at random."""
    found = [
        *_counted_rivals(first, second, language, rng),
        *_word_rivals(first, second, language, rng),
        *_edge_rivals(first, second, language),
    ]
    return [rivals for rivals in found if tells_apart(rivals, first, second)]


def shared_demands(first: str, second: str, language: str, rng: random.Random) -> list[Rivals]:
    """Demands that both texts meet, by their sort; each stands twice, as they do not tell anything apart."""
    found = []
    for sort, counted in counted_sorts().items():
        if not counted.forms(language):
            continue
        highest = max(count(counted, first), count(counted, second))
        wanted = _demand(counted, language, "most" if highest else "none", highest + rng.randint(0, 2))
        if wanted is not None and all(check(wanted, text).is_met for text in (first, second)):
            found.append(Rivals(sort, wanted, wanted))
    return found


def tells_apart(rivals: Rivals, first: str, second: str) -> bool:
    """Whether each text meets its own demand and breaks the other."""
    own = check(rivals.first, first).is_met and check(rivals.second, second).is_met
    return own and not check(rivals.second, first).is_met and not check(rivals.first, second).is_met


@lru_cache(maxsize=4096)
def _count(name: str, letter: str, text: str) -> int:
    arguments: dict[str, object] = {"least": 0, **({"letter": letter} if letter else {})}
    return int(CHECKS[name](text, arguments).measured or 0)


def count(counted: Counted, text: str) -> int:
    """How often it stands in the text."""
    return _count(counted.check, counted.letter, text)


def _counted_rivals(first: str, second: str, language: str, rng: random.Random) -> Iterator[Rivals]:
    for sort, counted in counted_sorts().items():
        counts = count(counted, first), count(counted, second)
        if not counted.forms(language) or counts[0] == counts[1]:
            continue
        target: Form = "about" if "about" in counted.forms(language) else "exact"
        is_target = target in counted.forms(language) and (target == "about" or max(counts) <= EXACT_UP_TO)
        if is_target and rng.random() < TARGETS:
            own, other = (_demand(counted, language, target, number) for number in counts)
        else:
            own, other = _bounds(counted, counts, language, rng)
        if own is not None and other is not None:
            yield Rivals(sort, own, other)


def _bounds(
    counted: Counted, counts: tuple[int, int], language: str, rng: random.Random
) -> tuple[Requirement | None, Requirement | None]:
    """At least so many of the text that has more, at most so many of the other."""
    low, high = min(counts), max(counts)
    form: Form = "most" if low or "none" not in counted.forms(language) else "none"
    least = _demand(counted, language, "least", rng.randint(low + 1, high))
    most = _demand(counted, language, form, rng.randint(low, high - 1))
    return (least, most) if counts[0] > counts[1] else (most, least)


def _demand(counted: Counted, language: str, form: Form, number: int) -> Requirement | None:
    """One demand in words and as a check; None where there are no words for it, such as for one in the plural."""
    wording = counted.forms(language).get(form)
    if wording is None or (form != "none" and number < (2 if language == "en" else 1)):
        return None
    number = round(number, -1) if form == "about" and number >= ROUND_FROM else number
    bounds: Mapping[Form, dict[str, object]] = {
        "least": {"least": number}, "most": {"most": number}, "exact": {"least": number, "most": number},
        "about": {"about": number}, "none": {"most": 0},
    }  # fmt: skip
    letter = {"letter": counted.letter} if counted.letter else {}
    made = Check(counted.check, {**letter, **bounds[form]})
    return Requirement(kind=counted.kind, text=wording.format(n=number), check=made)


def _word_rivals(first: str, second: str, language: str, rng: random.Random) -> Iterator[Rivals]:
    """Words that stand in one text alone: to be used, to be left out, to be used several times."""
    of_first = _only_in(first, second, language, rng)
    of_second = _only_in(second, first, language, rng)
    if not of_first or not of_second:
        return
    own = [rng.choice(words) for words in (of_first, of_second)]
    yield Rivals("includes", *(_word_demand("includes", word, language) for word in own))
    twice = [_repeated(words, text) for words, text in ((of_first, first), (of_second, second))]
    if all(twice):
        often = [(rng.choice(words), text) for words, text in zip(twice, (first, second), strict=True)]
        yield Rivals(
            "mentions", *(_word_demand("mentions", word, language, _often(word, text)) for word, text in often)
        )
    # What one may not use is what the other does.
    yield Rivals("excludes", _word_demand("excludes", own[1], language), _word_demand("excludes", own[0], language))


def _word_demand(name: str, word: str, language: str, number: int = 0) -> Requirement:
    arguments: dict[str, object] = {"word": word, "least": number} if name == "mentions" else {"words": [word]}
    text = MENTIONS[language, name].format(word=word, n=number)
    return Requirement(kind="content", text=text, check=Check(name, arguments))


def _edge_rivals(first: str, second: str, language: str) -> Iterator[Rivals]:
    """What the texts begin and end with."""
    for sort in EDGE_SORTS:
        edges = [_EDGE[language, sort].search(text) for text in (first, second)]
        own = [_edge_demand(sort, edge[1], language) for edge in edges if edge]
        if len(own) == 2:
            yield Rivals(sort, own[0], own[1])


def _edge_demand(name: str, text: str, language: str) -> Requirement:
    wording = EDGES[language, name].format(text=text)
    return Requirement(kind="format", text=wording, check=Check(name, {"text": text}))


def _repeated(words: Sequence[str], text: str) -> list[str]:
    """Those that stand in the text more than once."""
    folded = text.casefold()
    return [word for word in words if folded.count(word) > 1]


def _often(word: str, text: str) -> int:
    """How often a word is to stand in a text: as it does, within reason."""
    times = text.casefold().count(word)
    return max(2, min(times, MOST_MENTIONS))


def _only_in(text: str, other: str, language: str, rng: random.Random) -> list[str]:
    """Some words that stand in a text and nowhere in the other, not even inside a longer word."""
    words = sorted(_vocabulary(text, language))
    some = rng.sample(words, min(WORDS_TRIED, len(words)))
    elsewhere = other.casefold()
    return [word for word in some if word not in elsewhere]


@lru_cache(maxsize=2048)
def _vocabulary(text: str, language: str) -> frozenset[str]:
    """Words of a usual length; lowercase ones in English, so that names are none."""
    if language == "zh":
        return frozenset(word for word in chinese_words(text) if _ZH_WORD.fullmatch(word) and count_cjk(word) > 1)
    return frozenset(_EN_WORD.findall(text))

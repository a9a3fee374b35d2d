"""Slips of the keyboard: letters and characters swapped, doubled, left out or taken for another."""

from __future__ import annotations

import random
import re

from penmark.metaeval.perturbations.kind import Kind, Source
from penmark.text.count import HAN

RATE = 0.03  # of the characters or, in English, one in this share of the letters
# Taken for one another in Chinese, as they sound or look alike.
CONFUSED = (
    "的地得",
    "在再",
    "做作",
    "他她它",
    "那哪",
    "象像相",
    "坐座",
    "己已以",
    "未末",
    "带戴",
    "进近",
    "候侯",
    "须需",
)
ALIKE = {character: group.replace(character, "") for group in CONFUSED for character in group}
RUN = re.compile(f"[{HAN}]{{2,}}|[A-Za-z]{{3,}}")


def typos(source: Source, rng: random.Random) -> str | None:
    """Every thirty-third letter or character slips, at least one; marks, digits and emoji stay."""
    runs = list(RUN.finditer(source.text))
    places = [i for run in runs for i in range(run.start(), run.end() - 1)]
    if not places:
        return None
    chosen = sorted(rng.sample(places, max(1, round(RATE * len(places)))))
    out, at = [], 0
    for place in chosen:
        if place < at:  # The slip before took this character with it.
            continue
        out.append(source.text[at:place])
        out.append(_slip(source.text[place], source.text[place + 1], rng))
        at = place + 2
    return "".join(out) + source.text[at:]


def _slip(first: str, second: str, rng: random.Random) -> str:
    """Two neighbours, mistyped."""
    if first in ALIKE:
        return rng.choice(ALIKE[first]) + second
    slips = [first + first + second, second]
    if first != second:
        slips.append(second + first)
    return rng.choice(slips)


KINDS = (Kind(name="typos", description="3% of the letters or characters mistyped", expected="falls", change=typos),)

"""What the leaves of a tree ask, in words: read from text files or from the tree file itself, and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable

from penmark.errors import DataError
from penmark.judges._criteria import LANGUAGES
from penmark.text.template import sections

SECTIONS = ("name", "description", "bands", "anchor")
_BAND_LINE = re.compile(r"- (\d+(?:-\d+)?)[:：]\s*(\S.*)")
_SLOT = re.compile(r"\{\{([a-z_]+)\}\}")
_LABEL = re.compile(r"(\d+)(?:-(\d+))?")


@dataclass(frozen=True)
class LeafText:
    """A leaf in one language.

    Attributes:
        anchor: how it compares with the reference, where not as usual.
    """

    name: str
    description: str
    bands: tuple[tuple[str, str], ...] = ()
    anchor: str = ""

    @property
    def gist(self) -> str:
        """The first paragraph of the description."""
        return self.description.split("\n\n", 1)[0]


def by_language(value: object) -> object:
    """What a setting says in each language: the same in all, unless it is a table with one entry for each."""
    if isinstance(value, dict) and value and value.keys() <= set(LANGUAGES):
        return value
    return dict.fromkeys(LANGUAGES, value)


def read_texts(folder: Traversable, stem: str) -> tuple[dict[str, LeafText], dict[str, str]]:
    """(texts by language, contents by file name) of a leaf's text files.

    Raises:
        DataError: when there is none, or one cannot be used.
    """
    names = {language: f"{stem}.{language}.md" for language in LANGUAGES}
    there = {language: name for language, name in names.items() if (folder / name).is_file()}
    if not there:
        raise DataError(f"there is neither {' nor '.join(names.values())} in {folder}; write one of them")
    sources = {name: (folder / name).read_text(encoding="utf-8-sig") for name in there.values()}
    return {language: _parse(name, sources[name]) for language, name in there.items()}, sources


def inline_texts(
    name: Mapping[str, str], description: Mapping[str, str], bands: Mapping[str, Mapping[str, str]]
) -> dict[str, LeafText]:
    """Texts from a tree file's own settings, in the languages of the description.

    Raises:
        DataError: when the bands are missing in one of them.
    """
    missing = [language for language in description if bands and language not in bands]
    if missing:
        raise DataError(f"`bands` has no {missing[0]!r} as `description` has; add bands.{missing[0]}")
    return {
        language: LeafText(
            name=name.get(language) or next(iter(name.values())),
            description=text.strip(),
            bands=tuple(bands.get(language, {}).items()),
        )
        for language, text in description.items()
    }


def check_bands(bands: tuple[tuple[str, str], ...], low: int, high: int) -> None:
    """Nothing, when the bands say of each score of the scale what it means, in ascending order.

    Raises:
        DataError: when they do not.
    """
    covered: list[int] = []
    for label, _ in bands:
        ends = _LABEL.fullmatch(label)
        if ends is None:
            raise DataError(f"band {label!r} is no score or range of scores; write it as '3' or '3-4'")
        covered += range(int(ends[1]), int(ends[2] or ends[1]) + 1)
    if bands and covered != list(range(low, high + 1)):
        labels = ", ".join(label for label, _ in bands)
        raise DataError(
            f"the bands {labels} do not go through the scale {low}-{high} once, from low to high; mend them"
        )


def _parse(file: str, source: str) -> LeafText:
    found = sections(source)
    unknown = [name for name in found if name not in SECTIONS]
    if unknown:
        raise DataError(f"{file}: there is no section {unknown[0]!r}; known: {', '.join(SECTIONS)}")
    missing = [name for name in ("name", "description") if not found.get(name, "").strip()]
    if missing:
        raise DataError(f"{file}: nothing under `<!-- {missing[0]} -->`; add that line and the text below it")
    slots = [slot for slot in _SLOT.findall(found.get("anchor", "")) if slot != "anchor"]
    if slots:
        raise DataError(
            f"{file}: nothing fills {{{{{slots[0]}}}}} under `<!-- anchor -->`; only {{{{anchor}}}} is filled"
        )
    bands = tuple(_band(file, line) for line in found.get("bands", "").splitlines() if line.strip())
    return LeafText(found["name"].strip(), found["description"].strip(), bands, found.get("anchor", "").strip())


def _band(file: str, line: str) -> tuple[str, str]:
    band = _BAND_LINE.fullmatch(line.strip())
    if band is None:
        raise DataError(f"{file}: {line.strip()[:60]!r} is no band; write it as `- 3-4: what these scores mean`")
    return band[1], band[2]

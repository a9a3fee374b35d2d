"""IFEval's 25 kinds of instruction as checks.

Source: IFEval, instruction ids and arguments of its public prompts.
Differs: a separator stands alone between spaces or line ends; paragraphs leave titles out; words are matched whole, in
any case; languages are told by scripts and common words instead of a trained classifier.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from penmark.errors import DataError
from penmark.records import Check

Arguments = Mapping[str, Any]


def as_checks(kind: str, arguments: Arguments) -> tuple[Check, ...]:
    """The checks that together mean this instruction.

    Args:
        kind: an instruction id, such as "length_constraints:number_words".
        arguments: its arguments; None values are as if they were not there.

    Raises:
        DataError: when there is no such kind, or an argument is missing.
    """
    make = KINDS.get(kind)
    if make is None:
        raise DataError(f"{kind!r} is no instruction kind of IFEval; there are {', '.join(KINDS)}")
    given = {name: value for name, value in arguments.items() if value is not None}
    try:
        return make(given)
    except KeyError as error:
        raise DataError(f"instruction {kind!r} lacks the argument {error}; it has {sorted(given)}") from error


def _bounds(number: int, relation: str = "at least") -> dict[str, object]:
    """The bounds of a relation; "less than N" leaves N out, as IFEval does."""
    return {"most": number - 1} if relation == "less than" else {"least": number}


def _exactly(number: int) -> dict[str, object]:
    return {"least": number, "most": number}


def _mentions(given: Arguments) -> tuple[Check, ...]:
    word, bounds = given["keyword"].lower(), _bounds(given["frequency"], given["relation"])
    if bounds == {"least": 1} or bounds == {"most": 0}:
        return (Check("includes" if "least" in bounds else "excludes", {"words": [word]}),)
    return (Check("mentions", {"word": word, **bounds}),)


def _letters(given: Arguments) -> tuple[Check, ...]:
    bounds = _bounds(given["let_frequency"], given["let_relation"])
    return (Check("letters", {"letter": given["letter"].lower(), **bounds}),)


def _paragraph_start(given: Arguments) -> tuple[Check, ...]:
    return (
        Check("paragraphs", _exactly(given["num_paragraphs"])),
        Check("paragraph_start", {"paragraph": given["nth_paragraph"], "word": given["first_word"].lower()}),
    )


def _plain(name: str) -> Callable[[Arguments], tuple[Check, ...]]:
    return lambda given: (Check(name, {}),)


YES_NO_MAYBE = ["My answer is yes.", "My answer is no.", "My answer is maybe."]
KINDS: Mapping[str, Callable[[Arguments], tuple[Check, ...]]] = {
    "change_case:capital_word_frequency": lambda a: (
        Check("capital_words", _bounds(a["capital_frequency"], a["capital_relation"])),
    ),
    "change_case:english_capital": _plain("uppercase"),
    "change_case:english_lowercase": _plain("lowercase"),
    "combination:repeat_prompt": lambda a: (Check("repeats", {"text": a["prompt_to_repeat"]}),),
    "combination:two_responses": lambda a: (Check("parts", {"separator": "******", **_exactly(2)}),),
    "detectable_content:number_placeholders": lambda a: (Check("placeholders", _bounds(a["num_placeholders"])),),
    "detectable_content:postscript": lambda a: (Check("postscript", {"marker": a["postscript_marker"]}),),
    "detectable_format:constrained_response": lambda a: (Check("one_of", {"phrases": YES_NO_MAYBE}),),
    "detectable_format:json_format": _plain("json"),
    "detectable_format:multiple_sections": lambda a: (
        Check("marked_sections", {"marker": a["section_spliter"], **_bounds(a["num_sections"])}),
    ),
    "detectable_format:number_bullet_lists": lambda a: (Check("bullets", _exactly(a["num_bullets"])),),
    "detectable_format:number_highlighted_sections": lambda a: (Check("highlights", _bounds(a["num_highlights"])),),
    "detectable_format:title": _plain("title"),
    "keywords:existence": lambda a: (Check("includes", {"words": [word.lower() for word in a["keywords"]]}),),
    "keywords:forbidden_words": lambda a: (Check("excludes", {"words": [w.lower() for w in a["forbidden_words"]]}),),
    "keywords:frequency": _mentions,
    "keywords:letter_frequency": _letters,
    "language:response_language": lambda a: (Check("language", {"language": a["language"]}),),
    "length_constraints:nth_paragraph_first_word": _paragraph_start,
    "length_constraints:number_paragraphs": lambda a: (
        Check("parts", {"separator": "***", **_exactly(a["num_paragraphs"])}),
    ),
    "length_constraints:number_sentences": lambda a: (Check("sentences", _bounds(a["num_sentences"], a["relation"])),),
    "length_constraints:number_words": lambda a: (Check("words", _bounds(a["num_words"], a["relation"])),),
    "punctuation:no_comma": _plain("no_commas"),
    "startend:end_checker": lambda a: (Check("ends_with", {"text": a["end_phrase"]}),),
    "startend:quotation": _plain("quoted"),
}

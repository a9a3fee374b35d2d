import json

import pytest

from penmark.build.outlines import outline_schema, read_outline
from penmark.errors import VerdictError

DOCUMENT = (
    "The old ferry crossed the river every morning at six, and nobody in the village could say who paid for it. " * 3
)
ASPECTS = ("Plot", "Voice")
GOOD = {
    "theme": "A ferry",
    "summary": "Tell of a ferry.",
    "facts": ["six o'clock"],
    "outline": ["Begin early.", "Calm."],
}


def read(**changes):
    return read_outline(json.dumps(GOOD | changes, ensure_ascii=False), DOCUMENT, ASPECTS)


def test_a_good_reply_is_read_with_each_point_under_its_aspect():
    outline = read()
    assert (outline.theme, outline.summary, outline.facts) == ("A ferry", "Tell of a ferry.", ("six o'clock",))
    assert outline.points == (("Plot", "Begin early."), ("Voice", "Calm."))
    assert read(facts=[]).facts == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"theme": ""}, "'theme' is empty"),
        ({"theme": "x" * 61}, "'theme' is over 60 characters"),
        ({"summary": 7}, "'summary' is empty or not a text"),
        ({"summary": "one\ntwo"}, "line breaks"),
        ({"facts": "six"}, "'facts' is no list"),
        ({"facts": ["x" * 120]}, "tell too much"),
        ({"facts": ["x"] * 21}, "tell too much"),
        ({"outline": ["Only one."]}, "1 entry in the outline where 2 were due"),
        ({"outline": ["A.", "B.", "C."]}, "3 entries"),
        ({"more": 1}, "the fields are"),
        (
            {"summary": "Say that nobody in the village could say who paid for it. The old ferry crossed."},
            "word for word",
        ),
        ({"outline": [DOCUMENT[:100], "Calm."]}, "word for word"),
    ],
)
def test_any_other_reply_is_unreadable(changes, said):
    with pytest.raises(VerdictError, match=said):
        read(**changes)


@pytest.mark.parametrize("space", ["\u3000", "\xa0", "\u202f", "\u200d"])
def test_spaces_of_other_widths_are_no_line_breaks(space):
    assert read(theme=f"A{space}ferry", outline=[f"Begin{space}early.", "Calm."]).theme == f"A{space}ferry"


def test_twelve_words_in_a_row_are_no_repetition():
    words = DOCUMENT.split()
    assert read(summary=" ".join(words[:12])).summary
    with pytest.raises(VerdictError, match="word for word"):
        read(summary=" ".join(words[:13]))


def test_the_schema_knows_the_fields_and_how_many_points_there_are():
    schema = outline_schema(2, 5)
    assert schema["required"] == list(GOOD)
    assert (schema["properties"]["outline"]["minItems"], schema["properties"]["outline"]["maxItems"]) == (2, 5)

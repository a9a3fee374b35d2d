"""Which demands no text can meet together."""

import pytest

from penmark.records import Check, Requirement
from penmark.requirements import extract
from penmark.requirements.conflicts import checked, conflict, exclude


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Use at most 60 words.", "Use at least 100 words."),
        ("Write about 200 words.", "Write about 500 words."),
        ("全文不超过100字。", "全文不少于800字。"),
        ("Use exactly 3 paragraphs.", "Use exactly 4 paragraphs."),
        ("Use the word fox.", "Do not use the word Fox."),
        ("Write it in French.", "Write it in German."),
    ],
)
def test_demands_that_exclude_each_other_are_found(first, second):
    requirements = [*extract(first), *extract(second)]
    clash = conflict(requirements)
    assert clash is not None
    assert [c.text for c in clash] == [r.text for r in requirements]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Use at most 60 words.", "Use at least 60 words."),
        ("Write about 200 words.", "Write at least 190 words."),
        ("Use at most 60 words.", "Use exactly 3 paragraphs."),
        ("Use the word fox.", "Do not use the word goose."),
        ("Write it in French.", "Be kind."),
    ],
)
def test_demands_that_go_together_pass(first, second):
    assert conflict([*extract(first), *extract(second)]) is None


def test_amounts_of_different_things_do_not_exclude_each_other():
    assert not exclude(Check("mentions", {"word": "a", "least": 3}), Check("mentions", {"word": "b", "most": 1}))
    assert exclude(Check("mentions", {"word": "a", "least": 3}), Check("mentions", {"word": "a", "most": 1}))
    assert not exclude(Check("mentions", {"word": "a", "most": 3}), Check("excludes", {"words": ["a"]}))


def test_a_demand_gets_the_check_of_its_own_kind_and_of_the_one_thing_it_says():
    def check(kind, text):
        return checked(Requirement(kind=kind, text=text)).check

    assert check("length", "Use at most 60 words.") == Check("words", {"most": 60})
    assert check("format", "Use at most 60 words.") is None
    assert check("length", "Use at most 60 words and exactly 3 paragraphs.") is None
    assert check("style", "Be kind.") is None

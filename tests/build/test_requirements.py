"""Demands found by a model: the question, the strict reading, and what becomes of both sources."""

import json

import pytest

from penmark.build.requirements import SCHEMA, merged, read_by_rule, read_requirements, requirements_prompt
from penmark.errors import VerdictError
from penmark.records import Check, Requirement, Task

QUERY = "Write a letter to  the Mayor,\nkindly but firmly, in 200 words."


def item(**changes):
    return {"kind": "style", "text": "The tone is kind but firm.", "quote": "kindly but firmly"} | changes


def reply(*items):
    return json.dumps({"requirements": list(items)}, ensure_ascii=False)


def test_a_good_reply_gives_requirements_without_a_check():
    (requirement,) = read_requirements(reply(item()), QUERY)
    assert requirement == Requirement(kind="style", text="The tone is kind but firm.", quote="kindly but firmly")


def test_white_space_and_case_of_a_quote_may_differ():
    assert read_requirements(reply(item(quote="a letter to the mayor, kindly")), QUERY)


def test_a_query_may_demand_nothing_of_the_kind():
    assert read_requirements(reply(), QUERY) == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("no JSON", "not one JSON object"),
        ("[]", "not an object"),
        ('{"demands": []}', "found the fields"),
        ('{"requirements": {}}', "found the fields"),
        (reply("kind"), "requirement 1 is not an object"),
        (reply({"kind": "style", "text": "x"}), "requirement 1 is not an object"),
        (reply(item(), item(text="Other.", quote="in rhyme")), "requirement 2: the query does not say 'in rhyme'"),
        (reply(item(kind="mood")), "unknown kind 'mood'"),
        (reply(item(text=" ")), "text is empty"),
        (reply(item(quote=7)), "quote is empty or no text"),
        (reply(item(), item(text="the tone is  KIND but firm.")), "stands twice"),
        (reply(*[item(text=f"Demand {n}.") for n in range(31)]), "31 requirements"),
    ],
)
def test_anything_else_is_no_list_of_requirements(text, told):
    with pytest.raises(VerdictError, match=told):
        read_requirements(text, QUERY)


@pytest.mark.parametrize(("language", "said"), [("en", "The assignment"), ("zh", "写作任务"), ("fr", "The assignment")])
def test_the_query_is_fenced_last_and_what_all_queries_share_is_first(language, said):
    first, second = (
        requirements_prompt(Task(bench="b", id="1", instruction=text, tags={"language": language}))
        for text in ("```` {{query}} obey", "other")
    )
    assert first.shared == second.shared
    assert said in first.tail
    assert "`````\n```` {{query}} obey\n`````" in first.tail


def test_the_schema_holds_a_model_to_what_is_read():
    (requirement,) = read_requirements(reply(item()), QUERY)
    fields = SCHEMA["properties"]["requirements"]["items"]
    assert set(fields["required"]) == {"kind", "text", "quote"}
    assert requirement.kind in fields["properties"]["kind"]["enum"]


def test_a_demand_that_rule_and_model_found_in_the_same_words_stands_once():
    rule = Requirement(kind="length", text="in 200 words", check=Check("words", {"about": 200}), quote="in 200 words")
    same = Requirement(kind="length", text="It has 200 words.", quote="in  200 words")
    other = Requirement(kind="style", text="kind", quote="kindly")
    assert merged([rule], [same, other]) == [rule, other]


def test_checks_that_a_task_carries_come_before_those_read_from_its_words():
    own = Requirement(kind="length", text="short", check=Check("words", {"most": 9}))
    assert read_by_rule(Task(bench="b", id="1", instruction="Write 200 words.", requirements=(own,))) == [own]
    (read,) = read_by_rule(Task(bench="b", id="1", instruction="Write 200 words."))
    assert read.check == Check("words", {"about": 200})

"""Groups of known order: the query, what each response is written without, and the task without requirements."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penmark.errors import DataError
from penmark.records import Requirement, Task
from penmark.requirements.dropout import (
    dropped_by,
    group_task,
    is_group,
    nested,
    query,
    without_requirements,
    writer_name,
    written_to,
)

SEED = Task(bench="b", id="7", instruction="Write a note.", material="Facts.", tags={"language": "en", "domain1": "D"})
DEMANDS = (Requirement(kind="length", text="Under 50 words."), Requirement(kind="style", text="In verse."))
GROUP = group_task(SEED, "w", DEMANDS, {"w/drop-1": (0,), "w/drop-0": ()})


def test_the_query_is_the_seed_as_it_is_and_its_requirements_numbered():
    assert GROUP.prompt == "Write a note.\n\nFacts.\n\nRequirements:\n1. Under 50 words.\n2. In verse."
    assert query("写。", DEMANDS[1:], "zh") == "写。\n\n要求：\n1. In verse."
    assert query("Write.", (), "en") == "Write."


def test_a_writer_is_given_the_query_without_what_is_dropped():
    assert written_to(GROUP, "w/drop-0") == GROUP.prompt
    assert written_to(GROUP, "w/drop-1") == "Write a note.\n\nFacts.\n\nRequirements:\n1. In verse."


def test_the_fewest_dropped_come_first():
    assert dropped_by(GROUP) == {"w/drop-0": (), "w/drop-1": (0,)}
    assert list(dropped_by(GROUP)) == ["w/drop-0", "w/drop-1"]


def test_each_requirement_is_a_criterion_and_stands_in_the_query():
    criteria = [criterion for _, criterion in GROUP.rubric.leaves()]
    assert [c.about for c in criteria] == [("length",), ("style",)]
    assert all(r.text in c.description for r, c in zip(DEMANDS, criteria, strict=True))
    assert all(r.quote in GROUP.prompt for r in GROUP.requirements)


def test_without_requirements_nothing_of_them_is_left():
    blind = without_requirements(GROUP)
    assert blind.prompt == SEED.prompt
    assert blind.tags == SEED.tags
    assert not blind.requirements
    assert blind.rubric is None
    assert "verse" not in repr(blind)


def test_a_task_of_no_group_is_refused():
    assert not is_group(SEED)
    with pytest.raises(DataError, match=r"task '7' of b does not say .* `penmark weval build`"):
        without_requirements(SEED)


@given(st.integers(1, 8), st.integers(0, 99), st.text(max_size=5))
def test_what_is_dropped_is_nested_and_drawn_the_same_every_time(count, seed, key):
    places = nested(count, seed, key)
    assert [len(dropped) for dropped in places] == list(range(count))
    assert all(set(fewer) < set(more) for fewer, more in itertools.pairwise(places))
    assert places == nested(count, seed, key)


def test_every_requirement_is_dropped_first_about_equally_often():
    first = [nested(5, 0, str(n))[1][0] for n in range(500)]
    assert all(70 <= first.count(place) <= 130 for place in range(5))


def test_writers_of_two_benchmarks_have_names_of_their_own():
    assert writer_name("a", 1) != writer_name("b", 1)

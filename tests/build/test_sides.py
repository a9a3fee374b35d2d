import pytest
from hypothesis import given
from hypothesis import strategies as st

from penmark.build.sides import is_held_out, is_on_side

TASKS = [f"t{n}" for n in range(400)]


@given(st.text(), st.floats(0, 1), st.floats(0, 1))
def test_a_task_that_is_held_out_stays_so_with_any_greater_share(task, one, other):
    assert is_held_out(task, min(one, other)) <= is_held_out(task, max(one, other))
    assert is_held_out(task, 1.0)
    assert not is_held_out(task, 0.0)


@given(st.text(), st.floats(0, 1))
def test_every_task_is_on_exactly_one_side_and_wanted_where_none_is_named(task, share):
    assert is_on_side(task, "train", share) != is_on_side(task, "held-out", share)
    assert is_on_side(task, None, share)


def test_the_share_is_about_right_and_the_same_on_every_machine():
    held_out = [task for task in TASKS if is_on_side(task, "held-out", 0.2)]
    assert len(held_out) / len(TASKS) == pytest.approx(0.2, abs=0.05)
    assert held_out[:3] == ["t1", "t5", "t9"]

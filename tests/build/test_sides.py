import pytest
from hypothesis import given
from hypothesis import strategies as st

from penmark.build.sides import is_held_out, on_side
from penmark.build.texts import Text

TEXTS = [Text(task=f"t{n // 2}", prompt="p", writer="w", text=f"x{n}", language="en") for n in range(400)]


@given(st.text(), st.floats(0, 1), st.floats(0, 1))
def test_a_task_that_is_held_out_stays_so_with_any_greater_share(task, one, other):
    assert is_held_out(task, min(one, other)) <= is_held_out(task, max(one, other))
    assert is_held_out(task, 1.0)
    assert not is_held_out(task, 0.0)


def test_every_task_is_on_one_side_whole_and_the_share_is_about_right():
    train, held_out = (on_side(TEXTS, side, 0.2) for side in ("train", "held-out"))
    assert sorted(t.text for t in [*train, *held_out]) == sorted(t.text for t in TEXTS)
    assert not {t.task for t in train} & {t.task for t in held_out}
    assert len(held_out) / len(TEXTS) == pytest.approx(0.2, abs=0.07)


def test_a_tasks_side_does_not_hang_on_the_other_tasks():
    assert (
        on_side(TEXTS[:50], "held-out", 0.2)
        == on_side(TEXTS, "held-out", 0.2)[: len(on_side(TEXTS[:50], "held-out", 0.2))]
    )
    assert on_side([], "train", 0.2) == []

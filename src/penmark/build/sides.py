"""Which tasks are trained on and which are held out: settled by the task's name alone.

So files that are made at different times, from different texts, with other settings, still share no task.
"""

from __future__ import annotations

from typing import Literal

from penmark.records import content_key

Side = Literal["train", "held-out"]
PARTS = 1 << 32


def is_on_side(task: str, side: Side | None, share: float) -> bool:
    """Whether a task is on that side; every task is on one, and all are wanted where no side is named.

    Args:
        task: its name, with that of its benchmark where it has one.
        side: the side.
        share: of all tasks to hold out, 0..1; few tasks may come out a little off it.
    """
    return side is None or is_held_out(task, share) == (side == "held-out")


def is_held_out(task: str, share: float) -> bool:
    """Whether a task is held out; one that is, is so with any greater share."""
    return int(content_key("side", task)[:8], 16) < share * PARTS

"""Which tasks are trained on and which are held out: settled by the task's name alone.

So files that are made at different times, from different texts, with other settings, still share no task.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from penmark.build.texts import Text
from penmark.records import content_key

Side = Literal["train", "held-out"]
PARTS = 1 << 32


def on_side(texts: Sequence[Text], side: Side, share: float) -> list[Text]:
    """The texts whose task is on that side; every task is on one.

    Args:
        texts: some texts.
        side: the side.
        share: of all tasks to hold out, 0..1; few tasks may come out a little off it.
    """
    return [text for text in texts if is_held_out(text.task, share) == (side == "held-out")]


def is_held_out(task: str, share: float) -> bool:
    """Whether a task is held out; one that is, is so with any greater share."""
    return int(content_key("side", task)[:8], 16) < share * PARTS

"""Average scoring: the leaves of Tree-of-Writing, all counting alike; the rival that shows what planning is worth.

Its leaf prompts are those of `tow` to the byte, so after `tow` with the same model it costs no call.

Source: HoWToBench, average-scoring baseline; SPEC section 2.
"""

from __future__ import annotations

from importlib.resources import files

from penmark.judges._tree import TreeJudge
from penmark.judges._tree_file import read_tree
from penmark.protocols import JudgeCard, JudgeOptions

CARD = JudgeCard(
    id="average",
    version=3,
    description="the leaves of Tree-of-Writing with equal weights: no planning, no call after `tow`",
    needs_model=True,
)


def create(options: JudgeOptions) -> TreeJudge:
    """The judge, as the command line makes it."""
    folder = files("penmark.judges") / "tow"
    return TreeJudge(read_tree(folder / "tow.toml", folder, options.preset), CARD, options, equal=True)

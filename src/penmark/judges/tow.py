"""Tree-of-Writing: content, format and impression, each content leaf counting what is planned for the task.

    content      planned weights    opening & ending, language & rhetoric, logic, emotion (upstream: + examples)
    format       equal weights      plot & structure, formatting (by rule), paragraphing; not for completions
    impression                      a leaf of its own

The root is the mean weighted by leaves: (4 content + 3 format + impression) / 8, or (5, 3, 1) / 9 with
`--preset upstream`; (4, 1) / 5 and (5, 1) / 6 for tasks tagged task_type = completion. Where a task has a reference,
it is shown as a yardstick that counts as 6 (8 in logic) unless `--no-reference` is given.
Calls: 7 a response (upstream 8, completions 5 and 6) and one a task for the weights.

Source: HoWToBench and Tree-of-Writing, section 3, tables 9 and 10, appendices L and M; SPEC section 2.
Differs: our own texts (`tow/`); formatting by our own rules; whatever cannot be read is unscored, weights too.
"""

from __future__ import annotations

from importlib.resources import files

from penmark.judges._tree import TreeJudge
from penmark.judges._tree_file import read_tree
from penmark.protocols import JudgeCard, JudgeOptions

CARD = JudgeCard(
    id="tow",
    version=4,
    description="Tree-of-Writing: content, format and impression, with weights planned for each task",
    needs_model=True,
)


def create(options: JudgeOptions) -> TreeJudge:
    """The judge, as the command line makes it."""
    folder = files("penmark.judges") / "tow"
    return TreeJudge(read_tree(folder / "tow.toml", folder, options.preset), CARD, options)

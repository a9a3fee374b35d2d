"""A tree of your own: other leaves, depth and weights, from a TOML file, `--judge tree --tree mine.toml`.

docs/trees.md has an example to start from and every setting. `tow` is the packaged tree.
"""

from __future__ import annotations

from penmark.errors import ConfigError
from penmark.judges._tree import TreeJudge
from penmark.judges._tree_file import read_tree
from penmark.protocols import JudgeCard, JudgeOptions

CARD = JudgeCard(
    id="tree",
    version=4,
    description="a tree of your own from a TOML file (--tree): its leaves, depth and weights",
    needs_model=True,
)


def create(options: JudgeOptions) -> TreeJudge:
    """The judge, as the command line makes it.

    Raises:
        ConfigError: when no tree is given.
        DataError: when the tree cannot be used.
    """
    if options.tree is None:
        raise ConfigError("the judge `tree` needs a tree: `--tree FILE.toml` (docs/trees.md), or `--judge tow`")
    return TreeJudge(read_tree(options.tree, options.tree.parent, options.preset), CARD, options)

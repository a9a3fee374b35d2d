"""Trees to score, from TOML: `read_tree` gives the tree, or says what is wrong with which leaf of which file.

A tree file, in full. Paths are names joined by "/"; what stands above a leaf is an inner node; the root is "".

    id = "mine"                       # names the tree
    description = "..."               # may be left out, as may all of the following but path and a leaf's text

    [root]                            # the root as a node; `weights` is its only setting
    weights = "leaves"

    [[node]]                          # an inner node; one that is not listed has weights = "equal"
    path = "content"
    label = {en = "Content", zh = "内容"}
    weights = "planned"               # what its children count: "equal" (default); "leaves": the number of leaves
                                      # below each; "given": the `weight` of each; "planned": asked of the judge
                                      # model for each task, sum 1, each between -1 and 1
    weight = 2                        # its own weight, in a parent with weights = "given"
    planned = false                   # in a "planned" parent: not asked; gets the mean of its siblings, at most 0.3
    presets = ["upstream"]            # only in these of the presets "paper" and "upstream"
    skip = {task_type = ["completion"]}      # not for tasks whose tag has one of these values

    [[leaf]]                          # a leaf; weight, planned, presets and skip as for nodes
    path = "content/logic"
    text = "logic"                    # its texts: logic.en.md and logic.zh.md beside the tree file ...
    name = "Logic"                    # ... or here: its name,
    description = "..."               # what is judged,
    bands = {"1-5" = "...", "6-10" = "..."}  # and what each score of the scale means
    low = 1                           # its scale, whole numbers
    high = 10
    reference = 8                     # what the reference counts as on this scale; false = not compared with it;
                                      # left out: 6 on a scale from 1 to 10, else not compared
    points = [[4, 0], [7, 5], [10, 10]]      # what a score counts in the parent: up to 4: 0, up to 7: 5, else 10
    points_upstream = [[3, 0], [7, 5], [10, 10]]   # the same in preset "upstream"
    rule = "formatting"               # scored by this rule from 0 to 10, without a model

`name`, `description`, `label` and `bands` are one text for both languages or {en = ..., zh = ...}. A text file has
the sections `<!-- name -->`, `<!-- description -->`, `<!-- bands -->` (lines such as `- 1-2: ...`) and, where the
comparison with the reference needs other words than usual, `<!-- anchor -->` (`{{anchor}}` is what it counts as). A
leaf with texts in one language only is asked in that one. The planner is shown a description's first paragraph.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from importlib.resources.abc import Traversable
from typing import cast

from pydantic import BaseModel, ValidationError

from penmark.errors import DataError
from penmark.judges._tree_entries import Leaf, Node, Preset, Root, TreeEntry
from penmark.judges._tree_shape import Tree, check_shape
from penmark.judges._tree_text import LeafText, check_bands, inline_texts, read_texts

HELP = "docs/trees.md shows a tree file"
MOST_PROBLEMS = 10


def read_tree(file: Traversable, folder: Traversable, preset: Preset) -> Tree:
    """The tree in a TOML file.

    Args:
        file: the TOML file.
        folder: where the texts of its leaves are.
        preset: "paper" or "upstream".

    Raises:
        DataError: when it cannot be read or is no sound tree, naming the file, the node or leaf and what to do.
    """
    source = _read(file)
    entry = _parse(str(file), source)
    texts: dict[str, Mapping[str, LeafText]] = {}
    sources = {"tree": source}
    for leaf in entry.leaf:
        try:
            texts[leaf.path], read = _texts(folder, leaf)
        except (DataError, OSError, UnicodeDecodeError) as error:
            raise DataError(f"{file}: leaf {leaf.path!r}: {error}") from error
        sources.update(read)
    tree = Tree(
        id=entry.id,
        preset=preset,
        nodes={
            "": Node.model_construct(path="", weights=entry.root.weights),
            **{node.path: node for node in entry.node},
        },
        leaves={leaf.path: leaf for leaf in entry.leaf},
        texts=texts,
        sources=sources,
    )
    _check(str(file), entry, tree)
    return tree


def _read(file: Traversable) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: cannot be read as a tree ({error}); name a TOML file, {HELP}") from error


def _parse(where: str, source: str) -> TreeEntry:
    try:
        raw = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{where}: not TOML ({error}); mend that line, {HELP}") from error
    try:
        return TreeEntry.model_validate(raw)
    except ValidationError as error:
        problems = dict.fromkeys(_problem(raw, dict(e)) for e in error.errors())
        lines = [f"{where}: {problem}; {HELP}" for problem in problems]
        raise DataError("\n".join(lines[:MOST_PROBLEMS])) from error


def _problem(raw: Mapping[str, object], error: Mapping[str, object]) -> str:
    """What is wrong with which setting of which node or leaf."""
    kind, *rest = cast("tuple[object, ...]", error["loc"])
    entries: dict[str, type[BaseModel]] = {"leaf": Leaf, "node": Node, "root": Root}
    model = entries.get(str(kind), TreeEntry) if rest else TreeEntry
    at = _named(raw, str(kind), rest)
    field = next((str(part) for part in rest if isinstance(part, str)), "") if rest else str(kind)
    if error["type"] == "extra_forbidden":
        near = "".join(f"; did you mean {match!r}?" for match in get_close_matches(field, model.model_fields, n=1))
        return f"{at}there is no setting {field!r}{near}"
    said = str(error["msg"]).removeprefix("Value error, ")
    return f"{at}{f'{field!r}: ' if field else ''}{said[0].lower()}{said[1:]}"


def _named(raw: Mapping[str, object], kind: str, rest: list[object]) -> str:
    """The node or leaf by its path, or by its place where it has none."""
    if not rest:
        return ""
    if not isinstance(rest[0], int):
        return f"{kind}: "
    entry = cast("list[object]", raw[kind])[rest[0]]
    path = entry.get("path") if isinstance(entry, dict) else None
    return f"{kind} {path!r}: " if path else f"{kind} number {rest[0] + 1}: "


def _texts(folder: Traversable, leaf: Leaf) -> tuple[dict[str, LeafText], dict[str, str]]:
    """(texts by language, contents by file name), with bands that fit the scale."""
    if leaf.text is not None:
        texts, sources = read_texts(folder, leaf.text)
    else:
        name = leaf.name or {"": leaf.path.rsplit("/", 1)[-1]}
        texts, sources = inline_texts(name, leaf.description or {}, leaf.bands or {}), {}
    for text in texts.values():
        check_bands(text.bands, *leaf.scale)
    return texts, sources


def _check(where: str, entry: TreeEntry, tree: Tree) -> None:
    for kind, paths in (("node", [node.path for node in entry.node]), ("leaf", [leaf.path for leaf in entry.leaf])):
        if twice := _twice(paths):
            raise DataError(f"{where}: {kind} {twice!r} stands twice; leave one of them out or give it another path")
    try:
        check_shape(tree)
    except DataError as error:
        raise DataError(f"{where}: {error}") from error


def _twice(paths: Iterable[str]) -> str | None:
    seen: set[str] = set()
    return next((path for path in paths if path in seen or seen.add(path)), None)  # type: ignore[func-returns-value]

"""An ablation from the store: which variants, their figures, and one kept as a judge of its own."""
# ruff: noqa: N815 - the names carry the axes of the arrays

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from penmark import registry
from penmark.errors import ConfigError
from penmark.evaluate.provenance import new_run
from penmark.evaluate.rollup import NodeScore
from penmark.metaeval.ablate import FULL, Choice, Variant, missing_leaves, roots, standard, variant_trees
from penmark.metaeval.judged import Judged, node_paths, outline
from penmark.metaeval.score_table import chars_of
from penmark.metaeval.variant_figures import Agreement, FloatArray, VariantFigures, agreement_of, figures, gather
from penmark.protocols import JudgeOptions
from penmark.records import Judgment, Rubric, content_key
from penmark.stats.bootstrap import resample_weights
from penmark.store import Store, reads

Preset = Literal["paper", "upstream"]
OTHER_PRESET: dict[str, Preset] = {"paper": "upstream", "upstream": "paper"}
ROOT_TOLERANCE = 1e-6
PATHS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Other:
    """A judge to compare with: its roots and the characters of the texts, shape (tasks, writers); NaN = none."""

    name: str
    root_N_W: FloatArray
    chars_N_W: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Ablation:
    """Figures of each variant of a judge's tree, the full tree first.

    Attributes:
        human: the judge it was compared with; None when none was.
        length: how far the length of the text agrees with that judge; None likewise.
        notes: what a reader must be told beside the figures.
    """

    bench: str
    judge: str
    human: str | None
    length: Agreement | None
    variants: Sequence[VariantFigures]
    notes: Sequence[str]


def other_tree(judged: Judged, *, preset: Preset | None = None, file: Path | None = None) -> Variant:
    """The tree of the same judge with another preset, or the tree of a TOML file.

    Args:
        judged: says which judge and, where no preset is named, which preset.
        preset: "paper" or "upstream".
        file: a tree file; None is the judge's own tree.

    Raises:
        ConfigError: when the judge has no presets, or its tree came from a file and that is not named.
        DataError: when the file holds no tree.
    """
    own = judged.spec.get("preset")
    judge = "tree" if file else str(judged.spec.get("judge"))
    if own is None and file is None:
        raise ConfigError(f"judge {judged.judge!r} has no presets; judges that score a tree, such as `tow`, have")
    options = JudgeOptions(preset=preset or own or "paper", tree=file, use_reference=False)
    made = registry.load("judges", judge).create(options)
    named = [f"tree {file.name}"] if file else []
    return Variant(", ".join([*named, *([preset] if preset else [])]), lambda task, _: made.rubric(task))


def ablate(
    judged: Judged,
    variants: Sequence[Variant],
    human: Other | None = None,
    *,
    notes: Sequence[str] = (),
    seed: int = 0,
) -> Ablation:
    """The figures of the full tree and of each variant.

    Args:
        judged: leaf scores.
        variants: all can be had from these, see `check_choice`.
        human: a judge to compare with, see `other_judge`.
        notes: what there is to say about the choice of variants.
        seed: of the bootstrap.
    """
    weights_B_N = resample_weights(len(judged.tasks), seed=seed)
    nodes = {v.name: list(roots(judged, variant_trees(judged, v))) for v in (FULL, *variants)}
    full = gather(judged, nodes[FULL.name])
    human_N_W = None if human is None else human.root_N_W
    made = [figures(judged, name, gather(judged, of), full, human_N_W, weights_B_N) for name, of in nodes.items()]
    return Ablation(
        bench=judged.bench,
        judge=judged.judge,
        human=None if human is None else human.name,
        length=None if human is None else agreement_of(human.root_N_W, human.chars_N_W, weights_B_N),
        variants=made,
        notes=[*notes, *_notes(judged, nodes[FULL.name])],
    )


def standard_variants(judged: Judged) -> tuple[list[Variant], list[str]]:
    """The usual variants that these leaf scores allow, and why others are left out."""
    trees = [tree for tree in judged.trees if tree is not None]
    if not judged.is_one_tree and len({tuple(node_paths(tree)) for tree in trees}) > 1:
        note = "The criteria differ from task to task: there is no branch to leave out of all of them."
        return standard([]), [note]
    variants = standard(trees)
    other = OTHER_PRESET.get(str(judged.spec.get("preset")))
    try:
        variant = other_tree(judged, preset=other)
    except ConfigError:  # It has no presets, or its tree is in a file that we do not know.
        return variants, []
    missing = missing_leaves(judged, variant_trees(judged, variant))
    if missing:
        return variants, [f"Preset {other} cannot be had without calls: {', '.join(missing)} was not scored."]
    return [*variants, variant], []


def check_choice(judged: Judged, choice: Choice) -> Variant:
    """The variant of a choice that can be had from these leaf scores.

    Raises:
        ConfigError: a path that is not in the tree, or not in every task's; a leaf that was not scored; nothing left.
    """
    base = choice.base or FULL
    trees = variant_trees(judged, base)
    missing = missing_leaves(judged, trees)
    if missing:
        raise ConfigError(
            f"{base.name} cannot be had without calls: judge {judged.judge!r} has not scored {', '.join(missing)}; "
            f"run `penmark judge {judged.bench}` with that preset or tree under a --judge-name of its own"
        )
    _check_paths([tree for tree in trees if tree is not None], choice.paths, is_one_tree=judged.is_one_tree)
    variant = choice.variant()
    if not any(variant_trees(judged, variant)):
        raise ConfigError(f"{variant.name} leaves no leaf of the tree of {judged.judge!r}; leave out less")
    return variant


def _check_paths(trees: Sequence[Rubric], paths: Sequence[str], *, is_one_tree: bool) -> None:
    by_tree = [set(node_paths(tree)) - {""} for tree in trees]
    known = set.union(*by_tree) if is_one_tree else set.intersection(*by_tree)
    for path in paths:
        if path in known:
            continue
        if any(path in nodes for nodes in by_tree):
            lacking = sum(path not in nodes for nodes in by_tree)
            raise ConfigError(
                f"{path!r} is in the criteria of some tasks, and {lacking} of {len(by_tree)} have it not; "
                "name criteria that all tasks have, or judge with one tree for all tasks, such as `--judge static`"
            )
        shown = ", ".join(sorted(known)[:PATHS_SHOWN]) or "nothing that all tasks have"
        raise ConfigError(f"no {path!r} in the tree; there is {shown}")


def other_judge(store: Store, judged: Judged, judge: str) -> Other:
    """What another judge, and the length, say of the same responses.

    Raises:
        ConfigError: when it has scored none of them.
    """
    at = {scored.response: (scored.task, scored.writer) for scored in judged.rounds}
    sums = np.zeros((2, len(judged.tasks), len(judged.writers)))
    for _, _, j in reads.judgments_on(store.db, judged.bench, judge):
        if j.node == "" and j.score is not None and j.response in at:
            sums[(slice(None), *at[j.response])] += j.score, 1
    if not sums[1].any():
        raise ConfigError(
            f"judge {judge!r} has no root score of a response that {judged.judge!r} has judged; "
            f"bring some with `penmark import scores --bench {judged.bench} --judge {judge}`"
        )
    mean_N_W: FloatArray = np.full_like(sums[0], np.nan)
    np.divide(sums[0], sums[1], out=mean_N_W, where=sums[1] > 0)
    return Other(judge, mean_N_W, chars_of(store, judged.bench, judged.tasks, judged.writers))


def save(store: Store, judged: Judged, variant: Variant, name: str) -> int:
    """Keep the roots of a variant as judge `name`, so that reports can show it; gives back how many rounds.

    Raises:
        ConfigError: when the name stands for another judge in this store.
    """
    trees = variant_trees(judged, variant)
    spec = _saved_spec(judged, variant, trees)
    if reads.specs(store.db, "judges").get(name, spec) != spec:
        raise ConfigError(f"{store.path} has another judge {name!r}; give another name with --save")
    pairs = zip(judged.rounds, roots(judged, trees), strict=True)
    kept = [
        Judgment(
            response=scored.response, judge=name, node="", score=root.score, status=root.status,
            repeat=scored.repeat, read_as="sum",
        )
        for scored, root in pairs if root is not None
    ]  # fmt: skip
    run = new_run("judge", {"bench": judged.bench, "judge_name": name, **spec})
    with store.together():
        store.save_run(run)
        store.save_judge(name, spec)
        store.save_judgments(*kept, run=run.id)
        store.end_run(run.id, "done")
    store.flush()
    return len(kept)


def _saved_spec(judged: Judged, variant: Variant, trees: Sequence[Rubric | None]) -> dict[str, object]:
    """What makes a kept variant itself: the judge it comes from, the variant and the hash of its trees."""
    of = judged.spec
    hashes = sorted({outline(tree) for tree in trees if tree is not None}) if judged.is_one_tree else []
    return {
        "judge": "ablation",
        "unit": of.get("unit", "points"),
        "aggregate": "root",
        "model": of.get("model"),
        "partial": judged.partial,
        "source": judged.judge,
        "variant": variant.name,
        "tree_hash": content_key(hashes),
    }


def as_json(ablation: Ablation) -> Mapping[str, object]:
    """The ablation as plain values; null where there is no figure, never NaN.

    A figure with an interval is {"value", "ci95", "n"}.
    """
    return {
        "bench": ablation.bench,
        "judge": ablation.judge,
        "human": ablation.human,
        "length": None if ablation.length is None else _plain(asdict(ablation.length)),
        "variants": {v.name: _plain({k: x for k, x in asdict(v).items() if k != "name"}) for v in ablation.variants},
        "notes": list(ablation.notes),
    }


def _plain(value: object) -> object:
    if not isinstance(value, dict):
        return value
    if value.keys() == {"value", "low", "high", "n"}:
        return {"value": value["value"], "ci95": [value["low"], value["high"]], "n": value["n"]}
    return {key: _plain(part) for key, part in value.items()}


def _notes(judged: Judged, full: Sequence[NodeScore | None]) -> Iterator[str]:
    unsure = sum(tree is None for tree in judged.trees)
    if unsure:
        left_out = f"{unsure} of {len(judged.trees)} tasks left out"
        yield f"{left_out}: no response to them is judged to the end, so their tree is not sure."
    pairs = [(scored.scores.get(""), root.score) for scored, root in zip(judged.rounds, full, strict=True) if root]
    stored = [(old, new) for old, new in pairs if old is not None]
    changed = sum(new is None or abs(old - new) > ROOT_TOLERANCE for old, new in stored)
    if changed:
        of = f"{changed} of {len(stored)} roots in the store"
        yield f"{of} differ from those of the full tree here: leaves or weights came later."

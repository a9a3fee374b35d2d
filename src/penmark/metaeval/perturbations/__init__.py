"""Ways to disturb a text that a sound judge notices, or does not mind: one small file for each family.

Every change is made by a random generator that is handed in, keeps characters whole, and is `None` where a text gives
no room for it (a single sentence cannot be shuffled). Chinese and English are cut by their own marks.

Source: HoWToBench, robustness test (after Guan et al. 2021); SPEC section 2.
Differs: the paper drops, repeats and transfers; truncation, order, filler, foreign paragraphs, typing errors, pleas and
    Markdown are ours. Genre transfer needs a model and is in `transfer.py`.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from penmark.metaeval.perturbations import filler, markdown, order, plea, typos
from penmark.metaeval.perturbations.kind import Kind, Source

_ALL = (*order.KINDS, *filler.KINDS, *typos.KINDS, *plea.KINDS, *markdown.KINDS)
PERTURBATIONS: Mapping[str, Kind] = {kind.name: kind for kind in _ALL}


def perturb(name: str, source: Source, seed: int) -> str | None:
    """The disturbed text: the same for the same source and seed, whatever else is disturbed.

    Args:
        name: one of `PERTURBATIONS`.
        source: the text and what may be put into it.
        seed: any number.

    Returns:
        None where the text gives no room for this, or it would stay as it is.
    """
    changed = PERTURBATIONS[name].change(source, random.Random(f"{seed} {name} {source.key}"))
    return None if changed == source.text else changed


__all__ = ["PERTURBATIONS", "Kind", "Source", "perturb"]

"""Questions about scored criteria, one at a time or jointly, and how their replies are read.

Only machinery: what the prompts say is each judge's own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Literal

from penmark.errors import VerdictError
from penmark.models.reply import object_schema, read_object, read_verdict, refuse_quoted, verdict_schema
from penmark.protocols import Prompt, Question, Verdict
from penmark.records import Criterion

Leaf = tuple[str, Criterion]  # its path in the rubric and what it asks


def arrange(layout: Literal["shared", "upstream"], parts: tuple[str, str, str, str]) -> Prompt:
    """The prompt of (system, shared, asked, answer form): what siblings share first or, upstream, what is asked.

    Siblings keep the one `shared` string they were given: it is long, and is hashed and encoded once for all of them.
    """
    system, shared, asked, answer = parts
    if layout == "upstream":
        return Prompt(system=system, tail=f"{asked}\n\n{shared}\n\n{answer}")
    return Prompt(system=system, shared=shared, tail=f"\n\n{asked}\n\n{answer}")


def ask_one(leaf: Leaf, prompt: Prompt, writing: str) -> Question:
    """A call that scores one leaf."""
    node, criterion = leaf
    return Question(
        nodes=(node,),
        prompt=prompt,
        read=partial(_read_one, leaf, writing),
        schema=verdict_schema(criterion.low, criterion.high),
    )


def ask_jointly(leaves: tuple[Leaf, ...], prompt: Prompt, writing: str) -> Question:
    """A call that scores several leaves, each in the field of the reply that its path names."""
    return Question(
        nodes=tuple(node for node, _ in leaves),
        prompt=prompt,
        read=partial(_read_joint, leaves, writing),
        schema=_joint_schema(leaves),
    )


def joint_shape(leaves: Sequence[Leaf]) -> str:
    """A joint reply as the prompt shows it, each leaf with its own scale."""
    shape = {node: {"score": f"<{c.low}-{c.high}>", "reason": "..."} for node, c in leaves}
    return json.dumps(shape, ensure_ascii=False)


def bands_text(criterion: Criterion) -> str:
    """The bands as lines of a prompt."""
    return "\n".join(f"- {label}: {text}" for label, text in criterion.bands)


def _read_one(leaf: Leaf, writing: str, reply: str) -> dict[str, Verdict]:
    node, criterion = leaf
    score, reason = read_verdict(read_object(reply), criterion.low, criterion.high)
    refuse_quoted(reply, writing)
    return {node: Verdict(score=score, reason=reason)}


def _read_joint(leaves: tuple[Leaf, ...], writing: str, reply: str) -> dict[str, Verdict]:
    """All of them or none: a joint reply that misses one criterion cannot be trusted about the others."""
    found = read_object(reply)
    refuse_quoted(reply, writing)
    missing = [node for node, _ in leaves if not isinstance(found.get(node), dict)]
    if missing:
        raise VerdictError(f"no verdict for {', '.join(missing)} among the fields {', '.join(found)[:240]!r}")
    verdicts = {}
    for node, criterion in leaves:
        score, reason = read_verdict(dict(found[node]), criterion.low, criterion.high)  # type: ignore[call-overload]
        verdicts[node] = Verdict(score=score, reason=reason)
    return verdicts


def _joint_schema(leaves: tuple[Leaf, ...]) -> dict[str, object]:
    return object_schema({node: verdict_schema(c.low, c.high) for node, c in leaves})

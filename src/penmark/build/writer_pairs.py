"""Pairs by coarse quality: to the same prompt, the text of the better writer is chosen, whatever it says.

A reward model that learns from these is what one that learns from requirements is to be compared with.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import product, zip_longest

from penmark.build.mirrored import MirrorPlan, is_close
from penmark.build.texts import Text
from penmark.records import content_key

Sample = Mapping[str, object]


def writer_pairs(
    texts: Sequence[Text], better: str, worse: str, plan: MirrorPlan, left_out: Counter[str]
) -> list[Sample]:
    """Pairs of two writers' texts to the same prompt and of similar length, task after task.

    Args:
        texts: some to the same prompts.
        better: the writer whose texts are chosen.
        worse: the writer whose texts are rejected.
        plan: `2 * count` pairs, as many as mirrored couples give; closeness and seed as there.
        left_out: counts why two texts made no pair.
    """
    by_task: dict[tuple[str, str], dict[str, list[Text]]] = defaultdict(lambda: defaultdict(list))
    for text in texts:
        by_task[text.task, text.prompt][text.writer].append(text)
    rounds = [
        _task_pairs(own[better], own[worse], plan, left_out) for _, own in sorted(by_task.items(), key=lambda i: i[0])
    ]
    found = [pair for together in zip_longest(*rounds) for pair in together if pair is not None]
    return found[: 2 * plan.count]


def _task_pairs(
    better: Sequence[Text], worse: Sequence[Text], plan: MirrorPlan, left_out: Counter[str]
) -> list[Sample]:
    couples = [(a, b) for a, b in product(better, worse) if a.text != b.text and is_close(a, b, plan, left_out)]
    random.Random(content_key("writers", plan.seed, [[a.text, b.text] for a, b in couples])).shuffle(couples)
    return [_pair(chosen, rejected) for chosen, rejected in couples]


def _pair(chosen: Text, rejected: Text) -> Sample:
    return {
        "prompt": chosen.prompt,
        "chosen": chosen.text,
        "rejected": rejected.text,
        "dropped": 0,
        "kinds": [],
        "task": chosen.task,
        "language": chosen.language,
        "writers": {"chosen": chosen.writer, "rejected": rejected.writer},
    }

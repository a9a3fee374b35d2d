"""Groups of known order from real texts: one meets every demand, the next breaks one, the next two, and so on.

Demands are read off the best text of a group by rule, as for mirrored pairs; the others are texts to the same prompt
and of similar length that happen to break just so many. Nothing is written and nothing is edited.

Source: WEval ("From Coarse to Fine"), section 3.1.3: responses in the order of the requirements they lack.
Differs: there the responses are written to fewer and fewer requirements, here rules have found which are broken.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

from penmark.build.demands import rival_demands
from penmark.build.mirrored import MirrorPlan, is_close
from penmark.build.texts import Text
from penmark.records import Requirement, content_key
from penmark.requirements import check
from penmark.requirements.dropout import query

TRIES = 400  # draws of demands for a best text
READ_OFF = 12  # other texts that demands are read off against

Line = Mapping[str, object]


def real_groups(texts: Sequence[Text], size: int, plan: MirrorPlan, left_out: Counter[str]) -> list[list[Line]]:
    """Groups of so many texts each, the best first, task after task; each text is in one group at most.

    Every line is as `penmark weval import` reads it.

    Args:
        texts: some to the same prompts.
        size: texts of a group; a group has one demand fewer.
        plan: `count` groups; closeness, sorts, seed and fewest words as for mirrored pairs.
        left_out: counts the texts that no group could be built on.
    """
    by_task: dict[tuple[str, str], dict[str, Text]] = defaultdict(dict)
    for text in texts:
        by_task[text.task, text.prompt].setdefault(text.text, text)
    rounds = [_task_groups(list(own.values()), size, plan, left_out) for _, own in sorted(by_task.items())]
    found = []
    for together in zip_longest(*rounds):
        found += [group for group in together if group is not None]
        if len(found) >= plan.count:
            break
    return found[: plan.count]


def _task_groups(texts: Sequence[Text], size: int, plan: MirrorPlan, left_out: Counter[str]) -> Iterator[list[Line]]:
    rng = random.Random(content_key("groups", plan.seed, [text.text for text in texts]))
    used: set[str] = set()
    for best in rng.sample(texts, len(texts)):
        others = [t for t in texts if t is not best and not used & {best.text, t.text}]
        others = [t for t in others if is_close(best, t, plan, Counter())]
        group = _group(best, others, size, plan, rng)
        if group is None:
            left_out["no texts that break one demand, two, and so on"] += 1
            continue
        demands, lesser = group
        used |= {text.text for text in (best, *lesser)}
        name = content_key(best.text, [demand.text for demand in demands])[:12]
        yield [_line(best, text, demands, name) for text in (best, *lesser)]


def _group(
    best: Text, others: Sequence[Text], size: int, plan: MirrorPlan, rng: random.Random
) -> tuple[list[Requirement], list[Text]] | None:
    """The demands, and the texts that break one of them, two, ...; None where no draw gives them."""
    demands = _demands(best, others, plan, rng)
    if len(demands) < size - 1:
        return None
    broken = [[not check(demand, text.text).is_met for text in others] for demand in demands]
    for _ in range(TRIES):
        drawn = rng.sample(range(len(demands)), size - 1)
        counts = [sum(column) for column in zip(*(broken[at] for at in drawn), strict=True)]
        places = [counts.index(number) for number in range(1, size) if number in counts]
        if len(places) == size - 1:
            return [demands[at] for at in drawn], [others[at] for at in places]
    return None


def _demands(best: Text, others: Sequence[Text], plan: MirrorPlan, rng: random.Random) -> list[Requirement]:
    """What the best text meets and another does not, each once."""
    some = rng.sample(others, min(READ_OFF, len(others)))
    found = [r for other in some for r in rival_demands(best.text, other.text, best.language, rng) if plan.takes(r)]
    return list({rivals.first.text: rivals.first for rivals in found}.values())


def _line(best: Text, text: Text, demands: Sequence[Requirement], group: str) -> Line:
    met = [r for r in demands if check(r, text.text).is_met]
    return {
        "prompt": query(best.prompt, demands, best.language),
        "chosen": text.text,
        "constraint": [r.text for r in met],
        "instruction_id_list": [r.kind for r in met],
        "task": f"{best.task}/{group}",
        "language": best.language,
        "seed": best.prompt,
        "writer": text.writer,
        "couple": group,  # Lines that go together.
    }

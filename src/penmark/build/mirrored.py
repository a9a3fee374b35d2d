"""Mirrored pairs: two texts, two queries, and each text is the better one once.

For two texts A and B to the same prompt and of similar length, demands that tell them apart are read off them by rule.
One query has demands that A meets in full and of which B breaks exactly k, the other is its mirror image; both have the
same sorts of demands, in the same places. So each text is chosen as often as rejected: a judge that does not read the
query, such as one that goes by length, is right in exactly half of the cases, whatever else it knows.

Source: WRL's reward model learns from requirement dropout (SPEC section 3): the rejected text was written to less.
Differs: both texts are real and whole. A text that is edited so as to break a demand shows the edit, and a model learns
to see that instead.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations, zip_longest

from penmark.build.demands import Rivals, rival_demands, shared_demands
from penmark.build.texts import Text
from penmark.records import Requirement, content_key
from penmark.requirements import check, extract
from penmark.requirements.dropout import query
from penmark.text import count_words

FEWEST_WORDS = 40
MOST_SHARED = 2  # demands that both texts meet
MOST_UNEVEN, LEAST_GAP = 0.05, 3  # between the kinds used most and least: a share of the former, or so many

Sample = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorPlan:
    """How mirrored pairs are made.

    Attributes:
        count: couples wanted, each of which gives two pairs; of every language as many.
        most_broken: k goes from 1 to this, each as often.
        closeness: the longer text may have so many times the words of the shorter.
        seed: of every draw.
        fewest_words: shorter texts are left out.
        sorts: the sorts of demands to choose from, each to be used as often; all where none is named, and then each
            kind as often.
    """

    count: int
    most_broken: int = 3
    closeness: float = 1.25
    seed: int = 0
    fewest_words: int = FEWEST_WORDS
    sorts: frozenset[str] = frozenset()

    def takes(self, rivals: Rivals) -> bool:
        """Whether demands of this sort are wanted."""
        return not self.sorts or rivals.sort in self.sorts


@dataclass(slots=True)
class Mirrored:
    """What came out.

    Attributes:
        samples: the pairs, a couple side by side.
        left_out: why two texts made no couple, and how often.
    """

    samples: list[Sample] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _Tally:
    """How often each kind and each sort was used, so that the next ones are those used least.

    Attributes:
        by_sort: whether every sort is to be used as often, not every kind.
        groups: kinds, or sorts, that were to be had at all so far.
    """

    by_sort: bool
    groups: Counter[str] = field(default_factory=Counter)
    sorts: Counter[str] = field(default_factory=Counter)

    @property
    def is_even(self) -> bool:
        """Whether none is used much more often than another."""
        counts = self.groups.values()
        return not counts or max(counts) - min(counts) <= max(LEAST_GAP, MOST_UNEVEN * max(counts))

    def pick(self, rivals: Sequence[Rivals], number: int) -> list[Rivals]:
        """So many of them, of the kinds and then the sorts used least so far; fewer where there are not as many."""
        left = list(rivals)
        picked: list[Rivals] = []
        self.groups.update(dict.fromkeys(map(self._group, rivals), 0))
        while left and len(picked) < number:
            best = min(left, key=lambda r: (self.groups[self._group(r)], self.sorts[r.sort]))
            left.remove(best)
            picked.append(best)
            self.groups[self._group(best)] += 1
            self.sorts[best.sort] += 1
        return picked

    def forget(self, picked: Sequence[Rivals]) -> None:
        """Count these as not used."""
        self.groups.subtract(map(self._group, picked))
        self.sorts.subtract(r.sort for r in picked)

    def _group(self, rivals: Rivals) -> str:
        return rivals.sort if self.by_sort else rivals.first.kind


def mirrored_pairs(
    texts: Sequence[Text], plan: MirrorPlan, is_wanted: Callable[[Text], bool] = lambda text: True
) -> Mirrored:
    """Pairs from real texts, balanced over languages, k and kinds of demands.

    Ends with the first language that has no further two texts: every language has as many couples.

    Args:
        texts: some to the same prompts.
        plan: how many, and how.
        is_wanted: whether a text may be used.
    """
    made = Mirrored()
    by_language = _couples_by_language([text for text in texts if is_wanted(text)], plan, made.left_out)
    streams = [_samples(language, couples, plan, made.left_out) for language, couples in by_language.items()]
    enough = max(1, plan.count // max(1, len(streams)))
    for together in zip_longest(*streams):
        if None in together or len(made.samples) >= 2 * enough * len(streams):
            break
        made.samples += [sample for couple in together for sample in couple]
    return made


def _couples_by_language(
    texts: Sequence[Text], plan: MirrorPlan, left_out: Counter[str]
) -> dict[str, list[tuple[Text, Text]]]:
    """Two texts to the same prompt and of similar length, task after task, so that all tasks come up early."""
    by_task: dict[tuple[str, str, str], dict[str, Text]] = defaultdict(dict)
    for text in texts:
        by_task[text.language, text.task, text.prompt].setdefault(text.text, text)
    rounds: dict[str, list[list[tuple[Text, Text]]]] = defaultdict(list)
    for (language, *names), own in sorted(by_task.items(), key=lambda item: item[0]):
        couples = [(a, b) for a, b in combinations(own.values(), 2) if is_close(a, b, plan, left_out)]
        random.Random(content_key("couples", plan.seed, names)).shuffle(couples)
        rounds[language].append(couples)
    return {
        language: [couple for together in zip_longest(*tasks) for couple in together if couple is not None]
        for language, tasks in sorted(rounds.items())
    }


@lru_cache(maxsize=65_536)
def _words(text: str) -> int:
    return count_words(text)


def is_close(first: Text, second: Text, plan: MirrorPlan, left_out: Counter[str]) -> bool:
    """Whether two texts are long enough and of similar length; counts why not."""
    counts = sorted(_words(text.text) for text in (first, second))
    if counts[0] < plan.fewest_words:
        left_out[f"a text of fewer than {plan.fewest_words} words"] += 1
    elif counts[1] > plan.closeness * counts[0]:
        left_out[f"one text more than {plan.closeness:g} times as long as the other"] += 1
    else:
        return True
    return False


def _samples(
    language: str, couples: Sequence[tuple[Text, Text]], plan: MirrorPlan, left_out: Counter[str]
) -> Iterator[tuple[Sample, Sample]]:
    """Both pairs of each couple that has enough demands, k going round."""
    tally, made = _Tally(by_sort=bool(plan.sorts)), 0
    for first, second in couples:
        if not _obey_prompt(first, second):
            left_out["a text does not obey its own prompt"] += 1
            continue
        broken = 1 + made % plan.most_broken
        rng = random.Random(content_key("demands", plan.seed, first.text, second.text))
        asked = set(_asked(first.prompt))
        rivals = rival_demands(first.text, second.text, language, rng)
        found = [r for r in rivals if plan.takes(r) and not _sorts(r) & asked]
        picked = tally.pick(found, broken)
        is_whole = tally.is_even and len(picked) == broken
        couple = _couple(first, second, picked, plan, rng) if is_whole else None
        if couple is None:
            left_out[_why(tally, picked, broken)] += 1
            tally.forget(picked)
            continue
        made += 1
        yield couple


def _why(tally: _Tally, picked: Sequence[Rivals], broken: int) -> str:
    """Why two texts made no couple."""
    if not tally.is_even:
        return f"no demand of the {'sort' if tally.by_sort else 'kind'} that there are too few of"
    return (
        f"fewer than {broken} demands that tell the two texts apart" if len(picked) < broken else "demands that clash"
    )


def _asked(prompt: str) -> list[str]:
    """Names of the checks that a prompt demands by itself."""
    return [requirement.check.name for requirement in extract(prompt) if requirement.check is not None]


def _obey_prompt(first: Text, second: Text) -> bool:
    """Whether both texts meet what their prompt demands by itself, as far as a rule can tell."""
    own = [requirement for requirement in extract(first.prompt) if requirement.check is not None]
    return all(check(requirement, text.text).is_met for requirement in own for text in (first, second))


def _sorts(rivals: Rivals) -> set[str]:
    return {r.check.name for r in (rivals.first, rivals.second) if r.check is not None}


def _shared(first: Text, second: Text, picked: Sequence[Rivals], plan: MirrorPlan, rng: random.Random) -> list[Rivals]:
    """Some demands that both texts meet, of other sorts than those picked."""
    sorts = {rivals.sort for rivals in picked}
    asked = set(_asked(first.prompt))
    found = shared_demands(first.text, second.text, first.language, rng)
    left = [r for r in found if plan.takes(r) and r.sort not in sorts and not _sorts(r) & asked]
    return rng.sample(left, min(rng.randint(0, MOST_SHARED), len(left)))


def _couple(
    first: Text, second: Text, picked: Sequence[Rivals], plan: MirrorPlan, rng: random.Random
) -> tuple[Sample, Sample] | None:
    """Both pairs; None unless each chosen text meets all and each rejected one breaks exactly those picked."""
    demands = [*picked, *_shared(first, second, picked, plan, rng)]
    broken = len(picked)
    rng.shuffle(demands)
    name = content_key(first.text, second.text)[:12]
    one = _pair(first, second, [rivals.first for rivals in demands], broken, name)
    other = _pair(second, first, [rivals.second for rivals in demands], broken, name)
    return None if one is None or other is None else (one, other)


def _pair(chosen: Text, rejected: Text, requirements: Sequence[Requirement], broken: int, couple: str) -> Sample | None:
    met = [(check(r, chosen.text).is_met, check(r, rejected.text).is_met) for r in requirements]
    if not all(by_chosen for by_chosen, _ in met) or sum(not by_rejected for _, by_rejected in met) != broken:
        return None
    listed = [_as_json(r, is_broken=not by_rejected) for r, (_, by_rejected) in zip(requirements, met, strict=True)]
    missed = [r for r, (_, by_rejected) in zip(requirements, met, strict=True) if not by_rejected]
    return {
        "prompt": query(chosen.prompt, requirements, chosen.language),
        "chosen": chosen.text,
        "rejected": rejected.text,
        "dropped": broken,
        "kinds": sorted({r.kind for r in missed}),
        "checks": sorted({r.check.name for r in missed if r.check is not None}),
        "requirements": listed,
        "task": chosen.task,
        "couple": couple,
        "language": chosen.language,
        "writers": {"chosen": chosen.writer, "rejected": rejected.writer},
    }


def _as_json(requirement: Requirement, *, is_broken: bool) -> dict[str, object]:
    made = requirement.check
    checked = None if made is None else {"name": made.name, "arguments": dict(made.arguments)}
    return {"kind": requirement.kind, "text": requirement.text, "check": checked, "broken": is_broken}

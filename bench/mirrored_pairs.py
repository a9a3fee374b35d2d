"""Make the mirrored pairs of docs/experiments/reward.md from passages of real texts; the rules check every one.

For two passages of similar length two prompts are composed: one that the first meets in full and the second breaks in
k places, and one the other way round. Each passage is chosen as often as rejected, so a judge that does not read the
prompt, or goes by length, is right in exactly half of the pairs.

    python bench/mirrored_pairs.py texts.jsonl FOLDER [KIND,KIND,...] [COUNT]

The texts are {"id", "response"} a line, in English. FOLDER gets train.jsonl, held.jsonl (other texts) and unseen.jsonl
(other texts, kinds that are not in train.jsonl).
"""

from __future__ import annotations

import json
import random
import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from penmark.records import Check, Requirement, RequirementKind
from penmark.requirements import check
from penmark.text import count_words, sentences

SEED = 1
SHORTEST, LONGEST = 20, 40  # words of a passage
PASSAGES = 4  # of each text
HELD_OUT, UNSEEN = 48, 16  # pairs
USUAL = ["includes", "excludes", "starts_with", "sentences"]
OTHER = ["ends_with", "sentences", "no_commas", "starts_with"]
COMMON = {
    *re.findall(
        r"\w+",
        "about which their there would could should these those other where while after before because between through "
        "people being using often might every first still without within example include including important different",
    )
}
OPENINGS = [
    "Write a short text that meets these demands.",
    "Write one paragraph. It must meet every demand below.",
]
Passage = tuple[int, str, str, str]  # words, id of its text, writer, passage


@dataclass
class Maker:
    """Pairs up passages, with kinds and numbers of broken demands in balance."""

    rng: random.Random

    def passages(self, rows: list[dict[str, str]]) -> list[Passage]:
        """A few passages of each text."""
        self.rng.shuffle(rows)
        found = []
        for row in rows:
            cut = passages(row["response"] or "")
            self.rng.shuffle(cut)
            found += [(count_words(text), row["id"], row["model"], text) for text in cut[:PASSAGES]]
        return found

    def pairs(self, pool: list[Passage], most: int, kinds: list[str]) -> list[dict[str, object]]:
        """Mirrored pairs of neighbours in length; no passage is used twice."""
        self.rng.shuffle(pool)
        pool = sorted(pool, key=lambda passage: passage[0])
        places = list(range(len(pool) - 1))
        self.rng.shuffle(places)
        used: set[int] = set()
        seen: Counter[str] = Counter()
        made: list[dict[str, object]] = []
        for i in places:
            if i in used or i + 1 in used or len(made) >= most or pool[i][1] == pool[i + 1][1]:
                continue
            found = self.mirrored(pool[i], pool[i + 1], kinds, seen)
            if found:
                used |= {i, i + 1}
                made += found
        print(f"{len(made)} pairs; {dict(sorted(seen.items()))}")
        return made

    def mirrored(self, a: Passage, b: Passage, kinds: list[str], seen: Counter[str]) -> list[dict[str, object]]:
        """The two pairs of two passages; none where they cannot be told apart by these kinds."""
        for_a = [r for r in self.demands(a[3], b[3]) if r.check and r.check.name in kinds]
        for_b = [r for r in self.demands(b[3], a[3]) if r.check and r.check.name in kinds]
        numbers = [k for k in (1, 2, 3) if min(len(for_a), len(for_b)) >= k]
        if not numbers:
            return []
        k = min(numbers, key=lambda n: (seen[f"k={n}"], self.rng.random()))
        seen[f"k={k}"] += 1
        chosen = [self.balanced(for_a, k, seen), self.balanced(for_b, k, seen)]
        task = f"{a[1]} {b[1]}"
        return [self.pair(a, b, chosen[0], task), self.pair(b, a, chosen[1], task)]

    def balanced(self, demands: list[Requirement], k: int, seen: Counter[str]) -> list[Requirement]:
        """The k demands of the kinds that are rarest so far, in any order."""
        kept = sorted(demands, key=lambda r: (seen[r.check.name if r.check else ""], self.rng.random()))[:k]
        seen.update(r.check.name for r in kept if r.check)
        self.rng.shuffle(kept)
        return kept

    def pair(self, chosen: Passage, rejected: Passage, demands: list[Requirement], task: str) -> dict[str, object]:
        """One line of the file, checked."""
        prompt = "\n".join([self.rng.choice(OPENINGS), *(f"- {r.text}" for r in demands)])
        assert all(check(r, chosen[3]).is_met and not check(r, rejected[3]).is_met for r in demands)
        kinds = [r.check.name for r in demands if r.check]
        texts = {"prompt": prompt, "chosen": chosen[3], "rejected": rejected[3]}
        return {**texts, "dropped": len(demands), "kinds": kinds, "task": task}

    def demands(self, a: str, b: str) -> list[Requirement]:
        """Demands that passage a meets and passage b breaks."""
        of_a = sorted(word for word in words(a) if word not in b.lower())
        of_b = sorted(word for word in words(b) if word not in a.lower())
        self.rng.shuffle(of_a)
        self.rng.shuffle(of_b)
        found = [demand("content", "includes", {"words": [w]}, f'Use the word "{w}".') for w in of_a[:1]]
        found += [demand("content", "excludes", {"words": [w]}, f'Do not use the word "{w}".') for w in of_b[:1]]
        first, last = re.match(r"\w+", a), re.findall(r"[\w']+\W*$", a)
        if first:
            word = first.group()
            found.append(demand("format", "starts_with", {"text": word}, f'Begin with the word "{word}".'))
        if last and len(re.findall(r"[\w']+", a)[-1]) > 3:
            end = last[0].strip()
            found.append(demand("format", "ends_with", {"text": end}, f'End with "{end}".'))
        n = len(sentences(a))
        found.append(demand("length", "sentences", {"least": n, "most": n}, f"Write exactly {n} sentences."))
        found.append(demand("style", "no_commas", {}, "Do not use any commas."))
        return [r for r in found if check(r, a).is_met and not check(r, b).is_met]


def demand(kind: RequirementKind, name: str, arguments: dict[str, object], text: str) -> Requirement:
    """A demand with its check."""
    return Requirement(kind=kind, text=text, check=Check(name, arguments))


def words(text: str) -> set[str]:
    """The words of a text that are worth demanding."""
    return set(re.findall(r"[a-z]{5,12}", text.lower())) - COMMON


def passages(text: str) -> list[str]:
    """Runs of whole sentences of 20 to 40 words, without markup."""
    text = re.sub(r"\s+", " ", re.sub(r"[#*_`>]+", "", text))
    found, current = [], []
    for sentence in sentences(text):
        current.append(sentence.strip())
        length = count_words(" ".join(current))
        if length >= SHORTEST:
            found += [" ".join(current)] if length <= LONGEST else []
            current = []
    return found


def main(source: Path, folder: Path, kinds: list[str], count: int) -> None:
    """Write the three files."""
    maker = Maker(random.Random(SEED))
    lines = source.read_text(encoding="utf-8").splitlines()
    pool = maker.passages([json.loads(line) for line in lines])
    texts = sorted({passage[1] for passage in pool})
    maker.rng.shuffle(texts)
    held = set(texts[: len(texts) // 5])
    apart = [passage for passage in pool if passage[1] in held]
    folder.mkdir(parents=True, exist_ok=True)
    for name, passages_, most, wanted in (
        ("train", [passage for passage in pool if passage[1] not in held], count, kinds),
        ("held", apart, HELD_OUT, kinds),
        ("unseen", [*apart], UNSEEN, [kind for kind in OTHER if kind not in kinds]),
    ):
        rows = maker.pairs(passages_, most, wanted)
        content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(content, encoding="utf-8")


if __name__ == "__main__":
    given = dict(enumerate(sys.argv))
    main(Path(sys.argv[1]), Path(sys.argv[2]), given[3].split(",") if 3 in given else USUAL, int(given.get(4, 800)))

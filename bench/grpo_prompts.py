"""Make prompts for recipes/tiny-grpo.toml: short texts with a length and a further demand, both checkable by rule.

python bench/grpo_prompts.py prompts.jsonl [--count N] [--seed N] [--at-most] [--database FILE]

With `--at-most` every length is an upper one, of 8 to 12 words. With a database they become its benchmark "rollouts",
for `penmark write` and `penmark judge` to measure a writer on.
"""

from __future__ import annotations

import argparse
import json
import random
from dataclasses import asdict
from pathlib import Path

from penmark.requirements import extract
from penmark.store import Store
from penmark.train.data import read_prompts

FORMS = [
    "a note",
    "a postcard",
    "a product text",
    "a diary entry",
    "a weather report",
    "a notice",
    "a scene",
    "an advert",
]
TOPICS = [
    "the sea in winter", "a lost umbrella", "fresh bread", "a night train", "an old bicycle", "the first snow",
    "a broken lift", "a village fair", "a stray cat", "a garden gate", "a late letter", "the last bus", "a paper kite",
    "a quiet library", "a storm at noon", "a new bridge", "a chess club", "a market stall", "a lighthouse", "a piano",
]  # fmt: skip
WORDS = ["harbour", "window", "morning", "silver", "river", "lantern", "pocket", "copper"]
LENGTHS = ["in at most {n} words", "in {a} to {b} words", "in at least {n} words", "in about {n} words"]


def further(rng: random.Random) -> str:
    """One more demand."""
    word = rng.choice(WORDS)
    return rng.choice(
        [
            f'Use the word "{word}".',
            "Do not use any commas.",
            "Write exactly two sentences.",
            "Your entire response should be in lowercase.",
            f'Do not use the word "{word}".',
        ]
    )


def prompt(rng: random.Random, *, at_most: bool) -> str:
    """One prompt."""
    n = rng.choice([8, 10, 12] if at_most else [10, 12, 15, 20])
    length = (LENGTHS[0] if at_most else rng.choice(LENGTHS)).format(n=n, a=n - 3, b=n + 3)
    return f"Write {rng.choice(FORMS)} about {rng.choice(TOPICS)} {length}. {further(rng)}"


def main(path: Path, count: int, seed: int, database: Path | None, *, at_most: bool) -> None:
    """Write the file, and the tasks of the database."""
    rng, prompts = random.Random(seed), {}
    while len(prompts) < count:
        text = prompt(rng, at_most=at_most)
        requirements = extract(text)
        if len(requirements) == 2:
            prompts[text] = [asdict(requirement) for requirement in requirements]
    rows = [{"prompt": text, "task": i, "requirements": found} for i, (text, found) in enumerate(prompts.items())]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    if database is not None:
        with Store(database) as store:
            store.save_tasks(dict(enumerate(sample.as_task() for sample in read_prompts(path))))
    kinds = sorted(r["check"]["name"] for row in rows for r in row["requirements"])
    print(f"{len(rows)} prompts; demands: { ({kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}) }")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("path", type=Path)
    parser.add_argument("--count", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", type=Path)
    parser.add_argument("--at-most", action="store_true")
    main(**vars(parser.parse_args()))

"""Texts to compare, and the shortest way to a judge's scores of them."""

import json
import random
from itertools import pairwise
from pathlib import Path

import pytest

from penmark.benchmarks.sample import Sample
from penmark.protocols import JudgeOptions
from penmark.records import Response, Task

DATA = Path(__file__).parents[3] / "shared" / "data" / "howtobench" / "data"
SAMPLED = 50


def task_with(reference):
    return Task(bench="b", id="1", instruction="Write.", reference=reference)


def verdicts(module, reference, text, units="chars"):
    task = task_with(reference)
    judge = module.create(JudgeOptions(units=units))
    return judge.measure(task, Response(task=task.key, writer="w", text=text))


def packaged_pairs():
    """(reference, response) of the packaged sample, each task's reference answering the next one of its language."""
    tasks = list(Sample().tasks())
    for language in ("en", "zh"):
        references = [task.reference for task in tasks if task.language == language]
        yield from pairwise(references)


def real_pairs():
    """(reference, response) of 50 real texts, all kinds and lengths."""
    if not DATA.is_dir():
        pytest.skip(f"{DATA} is not here: the real data is never committed")
    found = []
    for folder in sorted(DATA.iterdir()):
        references = {row["infer_id"]: row["reference"] for row in rows(folder / "aligned.jsonl")}
        for path in sorted((folder / "inferences").glob("*.jsonl")):
            found += [(references[row["infer_id"]], row["output"]) for row in rows(path)]
    return random.Random(0).sample(found, SAMPLED)


def rows(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]

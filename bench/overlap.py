"""Time of BLEU and ROUGE-L over HoWToBench's texts: `python bench/overlap.py [--data DIR]`.

Scores each text against its task's reference, task by task as a run does, and in one process. The tasks come in
random order, so that the time grows evenly; its slope gives what all 1,302 tasks of the benchmark would take.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from penmark import registry
from penmark.protocols import JudgeOptions
from penmark.records import Response, Task
from penmark.text.tokens import Units

SHARED = Path(__file__).resolve().parents[2] / "shared"
JUDGES = ("bleu", "rouge-l")
ALL_TEXTS = 13_020
LIMIT_S, ALL_LIMIT_S = 10.0, 70.0
COLUMNS = "{:<8}{:<7}{:>7}{:>9}{:>9}{:>9}{:>14}{:>11}"

Writing = tuple[Task, list[Response]]  # a task and what was written for it


@dataclass(frozen=True)
class Timing:
    """What one judge took.

    Attributes:
        first_s: seconds to make the judge and score the first text, with all that it loads.
        seconds: of everything, `first_s` included.
        slope_ms: milliseconds one more text takes.
        mean: mean of the first leaf, 0-100.
    """

    first_s: float
    seconds: float
    slope_ms: float
    mean: float

    @property
    def all_s(self) -> float:
        """Seconds that the texts of the whole benchmark would take."""
        return self.first_s + self.slope_ms * ALL_TEXTS / 1000


def main() -> None:
    """Print what each judge took, and fail when both together took too long."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=SHARED / "data", metavar="DIR", help="folder with howtobench/")
    folder = parser.parse_args().data / "howtobench" / "data"
    if not folder.is_dir():
        sys.exit(f"{folder} is not here; give the folder that holds howtobench/ with --data DIR")
    writings = read_writings(folder)
    random.Random(0).shuffle(writings)
    print(described(writings))
    print(COLUMNS.format("judge", "units", "texts", "first s", "all s", "ms/text", f"{ALL_TEXTS:,} texts", "mean"))
    texts = sum(len(responses) for _, responses in writings)
    by_chars = [show(judge, "chars", writings, texts) for judge in JUDGES]
    for judge in JUDGES:
        show(judge, "words", writings, texts)
    conclude(sum(t.seconds for t in by_chars), sum(t.all_s for t in by_chars))


def read_writings(folder: Path) -> list[Writing]:
    """Every task with its responses."""
    found: dict[str, Writing] = {}
    for kind in sorted(folder.iterdir()):
        for row in rows(kind / "aligned.jsonl"):
            name = f"{kind.name}/{row['infer_id']}"
            task = Task(bench="howtobench", id=name, instruction=row["basic_instruction"], reference=row["reference"])
            found[name] = (task, [])
        for path in sorted((kind / "inferences").glob("*.jsonl")):
            for row in rows(path):
                task, responses = found[f"{kind.name}/{row['infer_id']}"]
                responses.append(Response(task=task.key, writer=path.stem, text=row["output"]))
    return list(found.values())


def rows(path: Path) -> Iterator[dict[str, str]]:
    """The records of a JSONL file."""
    with path.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines if line.strip())


def described(writings: list[Writing]) -> str:
    """How much there is to compare."""
    references = [len(task.reference or "") for task, _ in writings]
    texts = [len(response.text or "") for _, responses in writings for response in responses]
    return (
        f"{len(references)} references of {np.mean(references):,.0f} characters (up to {max(references):,}), "
        f"{len(texts):,} texts of {np.mean(texts):,.0f} (up to {max(texts):,})\n"
    )


def show(judge: str, units: Units, writings: list[Writing], texts: int) -> Timing:
    """Measure one judge and print its row."""
    timing = measure(judge, units, writings)
    figures = (f"{timing.first_s:.2f}", f"{timing.seconds:.2f}", f"{timing.slope_ms:.2f}", f"{timing.all_s:.1f} s")
    print(COLUMNS.format(judge, units, f"{texts:,}", *figures, f"{timing.mean:.2f}"))
    return timing


def measure(name: str, units: Units, writings: list[Writing]) -> Timing:
    """What the judge takes for all the texts."""
    started = time.perf_counter()
    judge = registry.load("judges", name).create(JudgeOptions(units=units))
    scores, passed_s = [], []
    for task, responses in writings:
        judge.rubric(task)
        for response in responses:
            scores.append(next(iter(judge.measure(task, response).values())).score)
            passed_s.append(time.perf_counter() - started)
    slope_s, _ = np.polyfit(np.arange(len(passed_s)), passed_s, 1)
    return Timing(passed_s[0], passed_s[-1], float(slope_s) * 1000, float(np.mean(scores)))


def conclude(seconds: float, all_s: float) -> None:
    """Say whether both judges together, by characters, keep to the limits."""
    print(f"\nboth by chars: {seconds:.2f} s (limit {LIMIT_S:.0f} s), ", end="")
    print(f"{ALL_TEXTS:,} texts by the slope: {all_s:.1f} s (limit {ALL_LIMIT_S:.0f} s)")
    if seconds > LIMIT_S or all_s > ALL_LIMIT_S:
        sys.exit("over the limit")


if __name__ == "__main__":
    main()

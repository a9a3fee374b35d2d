"""Speed of the judges that run a local model: `python bench/checkpoints.py [--texts N] [--reward-model DIR]`.

Scores the same texts one by one and together, as a run does: in groups of 64, in batches of similar length. Without a
folder of one's own the models are small ones with random weights, made on the spot: a reward model of 8 Llama layers
of 256 units that reads byte by byte, and an encoder of 4 BERT layers of 128 units. Texts are random words, a few to
some hundred tokens (log-normal), whatever the model. Fails when the reward model is not twice as fast together.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from penmark import registry
from penmark.evaluate.judging import MEASURED_TOGETHER
from penmark.protocols import JudgeOptions
from penmark.records import Response, Task

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from tiny_checkpoints import save_tiny_bert, save_tiny_llama

WANTED = 2.0
COLUMNS = "{:<14}{:<10}{:>7}{:>14}{:>14}{:>9}{:>16}"
WORDS = ("the", "fox", "ran", "home", "and", "a", "dog", "sat", "by", "door", "while", "rain", "fell", "on", "roofs")
Item = tuple[Task, Response]


def main() -> None:
    """Print what each judge takes, and fail when batches do not help the reward model enough."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=64, metavar="N", help="texts of each size")
    parser.add_argument("--reward-model", type=Path, metavar="DIR", help="a reward model to measure instead")
    options = parser.parse_args()
    print(COLUMNS.format("judge", "words", "texts", "alone, ms", "together, ms", "ratio", "most different"))
    ratios = []
    for median_words in (10, 40):
        items = list(texts(options.texts, median_words))
        for judge, folder in folders(options.reward_model):
            ratio = measure(judge, folder, items, median_words)
            ratios += [ratio] if judge == "reward-model" else []
    print(
        f"reward model together: {min(ratios):.2f} to {max(ratios):.2f} times as fast; wanted {WANTED} for short texts"
    )
    sys.exit(0 if max(ratios) >= WANTED else 1)


def folders(own: Path | None) -> Iterator[tuple[str, Path]]:
    """(judge, its checkpoint), each in a folder that lasts as long as it is looked at."""
    if own:
        yield "reward-model", own
        return
    with tempfile.TemporaryDirectory() as made:
        llama = save_tiny_llama(Path(made) / "l", outputs=1, positions=4096, layers=8, units=256)
        bert = save_tiny_bert(Path(made) / "b", outputs=1, positions=512, layers=4, units=128)
        yield "reward-model", llama
        yield "bleurt", bert
        yield "bertscore", bert


def texts(count: int, median_words: int) -> Iterator[Item]:
    """Tasks with a reference, and a response to each."""
    rng = random.Random(0)
    for number in range(count):
        response, reference = (
            " ".join(rng.choices(WORDS, k=1 + int(rng.lognormvariate(0, 0.6) * median_words))) for _ in range(2)
        )
        task = Task(bench="bench", id=str(number), instruction=f"Write text {number}.", reference=reference)
        yield task, Response(task=task.key, writer="w", text=response)


def measure(judge_name: str, folder: Path, items: list[Item], median_words: int) -> float:
    """How many times as fast the texts are together, as printed."""
    judge = registry.load("judges", judge_name).create(JudgeOptions(checkpoint=folder))
    judge.measure_all(items[:4])  # Loads the weights.
    started = time.perf_counter()
    alone = [judge.measure(task, response) for task, response in items]
    between = time.perf_counter()
    together = []
    for start in range(0, len(items), MEASURED_TOGETHER):
        together += judge.measure_all(items[start : start + MEASURED_TOGETHER])
    ended = time.perf_counter()
    apart = max(abs(a[n].score - b[n].score) for a, b in zip(alone, together, strict=True) for n in a)
    ms_alone, ms_together = ((s / len(items)) * 1000 for s in (between - started, ended - between))
    ratio = ms_alone / ms_together
    row = (f"{ms_alone:.2f}", f"{ms_together:.2f}", f"{ratio:.2f}", f"{apart:.1e}")
    print(COLUMNS.format(judge_name, median_words, len(items), *row), flush=True)
    return ratio


if __name__ == "__main__":
    main()

"""Speed of the judges that run a local model: `python bench/checkpoints.py [--texts N] [--threads N]`.

Scores the same texts one by one and together, as a run does: in groups of 64, in batches of similar length. Without a
`--reward-model DIR` the models are made on the spot, with random weights: reward models that read byte by byte, a tiny
one of 2 Llama layers of 32 units and a small one of 8 of 256, and an encoder of 4 BERT layers of 128 units. Texts are
random words, short and of some hundred tokens (log-normal lengths). Wall and CPU times; on a busy machine take the
latter. Fails when short texts are not scored twice as fast together by the tiny model (or by one's own).
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from penmark import registry
from penmark.evaluate.judging import MEASURED_TOGETHER
from penmark.protocols import JudgeOptions
from penmark.records import Response, Task

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from tiny_checkpoints import save_tiny_bert, save_tiny_llama

WANTED = 2.0
COLUMNS = "{:<14}{:<10}{:>7}{:>11}{:>14}{:>8}{:>10}{:>16}"
WORDS = ("the", "fox", "ran", "home", "and", "a", "dog", "sat", "by", "door", "while", "rain", "fell", "on", "roofs")
Item = tuple[Task, Response]


def main() -> None:
    """Print what each judge takes, and fail when batches do not help the reward model enough."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=64, metavar="N", help="texts of each size")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="threads of PyTorch (default: 1)")
    parser.add_argument("--reward-model", type=Path, metavar="DIR", help="a reward model to measure instead")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(f"{options.texts} texts, {options.threads} thread(s); alone and together in wall ms a text")
    print(COLUMNS.format("judge", "model", "words", "alone", "together", "ratio", "of CPU", "most different"))
    ratios = [
        measure(judge, model, folder, list(texts(options.texts, median_words)), median_words)
        for median_words in (10, 60)
        for judge, model, folder in folders(options.reward_model)
    ]
    print(f"{ratios[0]:.2f} times as fast together for short texts, by CPU time; wanted {WANTED}")
    sys.exit(0 if ratios[0] >= WANTED else 1)


def folders(own: Path | None) -> Iterator[tuple[str, str, Path]]:
    """(judge, size of the model, its checkpoint), each in a folder that lasts as long as it is looked at."""
    if own:
        yield "reward-model", own.name[:9], own
        return
    with tempfile.TemporaryDirectory() as made:
        for layers, units in ((2, 32), (8, 256)):
            folder = Path(made) / f"l{layers}"
            size = {"positions": 4096, "layers": layers, "units": units}
            yield "reward-model", f"{layers} x {units}", save_tiny_llama(folder, outputs=1, **size)
        bert = save_tiny_bert(Path(made) / "b", outputs=1, positions=512, layers=4, units=128)
        yield "bleurt", "4 x 128", bert
        yield "bertscore", "4 x 128", bert


def texts(count: int, median_words: int) -> Iterator[Item]:
    """Tasks with a reference, and a response to each."""
    rng = random.Random(0)
    for number in range(count):
        response, reference = (
            " ".join(rng.choices(WORDS, k=1 + int(rng.lognormvariate(0, 0.6) * median_words))) for _ in range(2)
        )
        task = Task(bench="bench", id=str(number), instruction=f"Write text {number}.", reference=reference)
        yield task, Response(task=task.key, writer="w", text=response)


def measure(judge_name: str, model: str, folder: Path, items: list[Item], median_words: int) -> float:
    """How many times as fast the texts are together, in CPU time, as printed."""
    judge = registry.load("judges", judge_name).create(JudgeOptions(checkpoint=folder))
    judge.measure_all(items[:4])  # Loads the weights.
    starts = range(0, len(items), MEASURED_TOGETHER)
    alone, wall_alone, cpu_alone = timed(lambda: [judge.measure(task, response) for task, response in items])
    together, wall_together, cpu_together = timed(
        lambda: [verdict for start in starts for verdict in judge.measure_all(items[start : start + MEASURED_TOGETHER])]
    )
    apart = max(abs(a[n].score - b[n].score) for a, b in zip(alone, together, strict=True) for n in a)
    ms_alone, ms_together = (seconds / len(items) * 1000 for seconds in (wall_alone, wall_together))
    ratio = cpu_alone / cpu_together
    row = (f"{ms_alone:.2f}", f"{ms_together:.2f}", f"{ms_alone / ms_together:.2f}", f"{ratio:.2f}", f"{apart:.1e}")
    print(COLUMNS.format(judge_name, model, median_words, *row), flush=True)
    return ratio


def timed(work: Callable[[], list[Any]]) -> tuple[list[Any], float, float]:
    """What the work gives, and its least wall and CPU seconds of three times."""
    seconds = []
    for _ in range(3):
        wall, cpu = time.perf_counter(), time.process_time()
        given = work()
        seconds.append((time.perf_counter() - wall, time.process_time() - cpu))
    return given, min(wall for wall, _ in seconds), min(cpu for _, cpu in seconds)


if __name__ == "__main__":
    main()

"""Time of `penmark weval metrics` on many groups, from the start of the process to the end: run by hand.

python bench/ranking.py [GROUPS]
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GROUPS, RESPONSES, NOISE = 100_000, 5, 2.0


def write_scores(path: Path, groups: int) -> None:
    """Scores that follow the true order with noise, one line a response."""
    noise = random.Random(1)
    with path.open("w", encoding="utf-8") as file:
        for group in range(groups):
            for order in range(RESPONSES):
                row = {"group": f"g{group}", "order": order, "score": round(noise.gauss(-order, NOISE), 3)}
                file.write(json.dumps(row) + "\n")


def main() -> None:
    """Write the scores, run the command, say how long it took."""
    groups = int(sys.argv[1]) if len(sys.argv) > 1 else GROUPS
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scores.jsonl"
        write_scores(path, groups)
        command = [sys.executable, "-m", "penmark.cli", "weval", "metrics", str(path), "--json"]
        started = time.perf_counter()
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        seconds = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor_s = used.ru_utime + used.ru_stime
    correlation = json.loads(done.stdout)["correlation"]
    time_taken = f"{seconds:.1f} s, {processor_s:.1f} s of processor time"
    print(f"{groups:,} groups of {RESPONSES}: {time_taken}, correlation {correlation['value']:.4f}")


if __name__ == "__main__":
    main()

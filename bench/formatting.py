"""The formatting rule over HoWToBench: `python bench/formatting.py [--data DIR]` prints Markdown tables.

One row a writer, the human reference first: mean, and how many texts got 0, 5 and 10, over all tasks and over those
that have a format branch (guide and open). Then the agreement with the hand labels in tests/judges, and the gap
between the reference and the writer with the most Markdown; ends with 1 when either misses its target.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from penmark.judges._formatting import formatting
from penmark.text.headings import blocks

ROOT = Path(__file__).resolve().parents[1]
LABELS = ROOT / "tests" / "judges" / "format_labels.jsonl"
REFERENCE = "reference"
UPSTREAM_GAP = 2.74  # 9.09 for one chat model, 6.35 for the references. Source: SPEC section 2.
WIDEST_GAP, LEAST_AGREEMENT = UPSTREAM_GAP / 2, 0.9
SCORES = (0, 5, 10)

Texts = Mapping[tuple[str, str, str], tuple[str, str]]  # (task, kind, writer) to (text, genre)


def main() -> None:
    """Print the tables, and fail when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shared = ROOT.parent / "shared" / "data"
    parser.add_argument("--data", type=Path, default=shared, metavar="DIR", help="folder with howtobench/")
    folder = parser.parse_args().data / "howtobench" / "data"
    if not folder.is_dir():
        sys.exit(f"{folder} is not here; give the folder that holds howtobench/ with --data DIR")
    texts = read_texts(folder)
    started = time.perf_counter()
    scores = {key: formatting(*found).score for key, found in texts.items()}
    took_ms = 1000 * (time.perf_counter() - started) / len(texts)
    gap = show_writers(texts, scores)
    agreement = show_agreement(scores)
    print(f"\n{took_ms:.2f} ms a text")
    if abs(gap) > WIDEST_GAP or agreement < LEAST_AGREEMENT:
        sys.exit("a target is missed")


def read_texts(folder: Path) -> Texts:
    """Every text that is not empty, the references too."""
    found = {}
    for kind in sorted(path.name for path in folder.iterdir()):
        genres = {}
        for row in rows(folder / kind / "aligned.jsonl"):
            genres[row["infer_id"]] = row["sub_task"]
            found[row["infer_id"], kind, REFERENCE] = row["reference"], row["sub_task"]
        for path in sorted((folder / kind / "inferences").glob("*.jsonl")):
            for row in rows(path):
                found[row["infer_id"], kind, path.stem] = row["output"], genres[row["infer_id"]]
    return {key: (text, genre) for key, (text, genre) in found.items() if text.strip()}


def rows(path: Path) -> Iterator[dict[str, str]]:
    """The records of a JSONL file."""
    with path.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines if line.strip())


def show_writers(texts: Texts, scores: Mapping[tuple[str, str, str], float]) -> float:
    """Print a row for each writer; the gap between the references and the writer with the most Markdown."""
    every, branch = defaultdict(list), defaultdict(list)
    marks: Counter[str] = Counter()
    for (task, kind, writer), score in scores.items():
        every[writer].append(score)
        marks[writer] += count_markdown(texts[task, kind, writer][0])
        if kind != "completion":
            branch[writer].append(score)
    print("| writer | Markdown headings a text | all tasks | 0 / 5 / 10 | guide and open | 0 / 5 / 10 |")
    print("|---|---|---|---|---|---|")
    order = sorted(every, key=lambda writer: (writer != REFERENCE, -mean(every[writer])))
    for writer in order:
        share = marks[writer] / len(every[writer])
        print(f"| {writer} | {share:.1f} | {described(every[writer])} | {described(branch[writer])} |")
    most = max(marks, key=lambda writer: marks[writer] / len(every[writer]))
    gaps = {writer: mean(branch[REFERENCE]) - mean(branch[writer]) for writer in order}
    widest = max(gaps, key=lambda writer: abs(gaps[writer]))
    print(f"\nGap between the references and {most}, which has the most Markdown headings: {gaps[most]:+.2f}")
    print(f"(over guide and open; upstream's rule: {-UPSTREAM_GAP}); widest, with {widest}: {gaps[widest]:+.2f}")
    return max(gaps[most], gaps[widest], key=abs)


def count_markdown(text: str) -> int:
    """Headings with `#`, and lines all in bold."""
    return sum(block.kind == "heading" and (block.level > 0 or block.mark == "bold") for block in blocks(text))


def mean(scores: Sequence[float]) -> float:
    """Mean score."""
    return sum(scores) / len(scores)


def described(scores: Sequence[float]) -> str:
    """Two cells: the mean, and how many got each score."""
    shares = " / ".join(f"{scores.count(score) / len(scores):.0%}" for score in SCORES)
    return f"{mean(scores):.2f} | {shares}"


def show_agreement(scores: Mapping[tuple[str, str, str], float]) -> float:
    """Print the agreement with the labels by group and label; the share of all."""
    asked: Counter[str] = Counter()
    agreed: Counter[str] = Counter()
    for label in rows(LABELS):
        found = scores[label["task"], label["task_type"], label["writer"]]
        for group in ("all", label["group"], f"labelled {label['label']}"):
            asked[group] += 1
            agreed[group] += found == label["label"]
    print("\n| hand labels | agree | of |")
    print("|---|---|---|")
    for group in sorted(asked, key=lambda name: (name != "all", name)):
        print(f"| {group} | {agreed[group]} | {asked[group]} |")
    return agreed["all"] / asked["all"]


if __name__ == "__main__":
    main()

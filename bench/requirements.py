"""How well requirements are read and checked, and how fast: `python bench/requirements.py [SECTION ...]`.

The figures of docs/requirements.md. IFEval's even keys were used while the patterns were written; the odd keys are
what is reported.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path

from penmark.records import Check, Requirement
from penmark.requirements import check, extract

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "requirements"))

import measured  # noqa: E402  The tests hold these figures, so they are computed there.

SHARED = ROOT.parent / "shared"
TEXTS, LIMIT_S = 2000, 5.0
FIVE = [
    Requirement(kind="length", check=Check("words", {"about": 800})),
    Requirement(kind="format", check=Check("paragraphs", {"least": 3})),
    Requirement(kind="length", check=Check("sentences", {"most": 60})),
    Requirement(kind="content", check=Check("includes", {"words": ["time", "时间"]})),
    Requirement(kind="format", check=Check("headings", {"least": 1})),
]


def main() -> None:
    """Print the figures that were asked for."""
    sections: dict[str, Callable[[Path], None]] = {
        "ifeval": ifeval, "lengths": lengths, "checks": checks, "speed": speed,
    }  # fmt: skip
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"all when none is named: {', '.join(sections)}")
    parser.add_argument("--data", type=Path, default=SHARED / "data", metavar="DIR", help="folder with ifeval/, ...")
    asked = parser.parse_args()
    for name in asked.sections or sections:
        sections[name](asked.data)


def ifeval(data: Path) -> None:
    """Extraction against the kinds and arguments IFEval gives, odd keys."""
    total = measured.Tally()
    print("IFEval, odd keys          given found precision as read recall exact arguments")
    for kind, tally in measured.score_ifeval(data / "ifeval" / "val_set.parquet", parity=1).items():
        total.add(tally)
        _row(kind, tally)
    _row("all", total)
    print(
        f"as read: a demand that is not in IFEval's list counts as right where a reader found it in the prompt; "
        f"{total.unlisted} of {total.found - total.right} did, {total.unread} unread"
    )


def _row(name: str, tally: measured.Tally) -> None:
    shares = f"{tally.precision:9.3f} {tally.precision_as_read:7.3f} {tally.recall:6.3f} {tally.exactness:6.3f}"
    print(f"{name:27} {tally.given:3} {tally.found:5} {shares}")


def lengths(data: Path) -> None:
    """Extraction of lengths against hand labels, and how many queries give one."""
    for language, tally in measured.score_lengths(data / "writingbench").items():
        print(
            f"WritingBench {language}: {tally.found} lengths found of {tally.given} labelled; numbers right "
            f"{tally.precision:.3f}, recall {tally.recall:.3f}, of the whole or a part rightly {tally.exactness:.3f}"
        )
    for language, (has, total) in measured.share_with_length(data / "writingbench").items():
        print(f"WritingBench {language}: a length in {has} of {total} queries ({has / total:.3f})")


def checks(data: Path) -> None:
    """Checks against hand labels."""
    tally = measured.score_checks(data / "howtobench")
    print(f"checks agree with {tally.right} of {tally.given} labels ({tally.right / tally.given:.3f})")


def speed(data: Path) -> None:
    """CPU seconds for reading 2,000 queries and checking five requirements on each of 2,000 texts."""
    rows = map(json.loads, (data / "texts" / "hellobench_en.jsonl").read_text(encoding="utf-8").splitlines())
    pairs = [(row["instruction"], row["response"]) for row in rows]
    for path in sorted((data / "howtobench" / "data").glob("*/inferences/*.jsonl")):
        pairs += [("", json.loads(line)["output"]) for line in path.read_text(encoding="utf-8").splitlines()]
    pairs = list(islice(cycle(pairs), TEXTS))
    characters = sum(len(text) for _, text in pairs)
    started = time.process_time()
    found = sum(len(extract(query)) for query, _ in pairs)
    extracted = time.process_time()
    met = sum(check(requirement, text).is_met for _, text in pairs for requirement in FIVE)
    seconds = time.process_time() - started
    print(
        f"{TEXTS} texts ({characters / TEXTS:,.0f} characters each), {found} requirements found in "
        f"{extracted - started:.2f} s, 5 checks each ({met} met): {seconds:.2f} s of CPU in all (limit {LIMIT_S:g} s)"
    )
    if seconds > LIMIT_S:
        sys.exit("over the limit")


if __name__ == "__main__":
    main()

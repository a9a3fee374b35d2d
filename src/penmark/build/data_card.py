"""A file of training data and its card: what is in it, what it was made from, what was left out and why."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from penmark import __version__
from penmark.build.overlap import HeldApart, Overlap, sample_texts
from penmark.errors import DataError

SHOWN = 10  # overlapping samples named in an error

Sample = Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class DataCard:
    """What a card says, besides what is counted when the file is written.

    Attributes:
        kind: what the data is for, such as "pairs".
        made_from: where it came from.
        settings: the choices that were made, with their seed.
        counts: name of a property to its values and how many samples have each.
        left_out: why something is not in the data, and how often.
    """

    kind: str
    made_from: Sequence[str]
    settings: Mapping[str, object]
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)


def apart(samples: Sequence[Sample], held: HeldApart, *, leave_out: bool) -> tuple[list[Sample], list[Overlap]]:
    """The samples that repeat no benchmark, and the overlaps of those that do; samples of one couple go together.

    Args:
        samples: all that was made.
        held: the benchmarks.
        leave_out: whether to do without those that repeat one.

    Raises:
        DataError: with the list, when there are some and they are not to be left out, or when nothing is left.
    """
    found = held.overlaps([sample_texts(sample) for sample in samples])
    if found and not leave_out:
        listed = "\n".join(f"  {overlap}" for overlap in found[:SHOWN])
        more = f"\n  and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        raise DataError(
            f"{len(found)} of {len(samples)} samples repeat a benchmark to stand apart from:\n{listed}{more}\n"
            f"nothing was written; make the data from other texts, or leave these out with --leave-out-overlaps"
        )
    gone = {overlap.sample for overlap in found}
    couples = {samples[at]["couple"] for at in gone if "couple" in samples[at]}
    kept = [s for at, s in enumerate(samples) if at not in gone and s.get("couple", "") not in couples]
    if samples and not kept:
        raise DataError("every sample repeats a benchmark that they must stand apart from; use other texts")
    return kept, found


def write_data(path: Path, samples: Sequence[Sample], card: DataCard, held: HeldApart, overlaps: int) -> None:
    """Write the JSONL file, `.card.json` and `.card.md` beside it; each whole or not at all, the data last.

    Raises:
        OSError: when something cannot be written.
    """
    data = "".join(json.dumps(sample, ensure_ascii=False) + "\n" for sample in samples).encode("utf-8", "surrogatepass")
    told = {
        "kind": card.kind,
        "samples": len(samples),
        "sha256": hashlib.sha256(data).hexdigest(),
        "made_from": list(card.made_from),
        "settings": dict(card.settings),
        "counts": {name: dict(counts) for name, counts in card.counts.items()},
        "left_out": dict(card.left_out),
        "apart_from": {"benchmarks": held.benches, "samples_left_out": overlaps},
        "penmark": __version__,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    _replace(path.with_suffix(".card.json"), json.dumps(told, ensure_ascii=False, indent=2).encode() + b"\n")
    _replace(path.with_suffix(".card.md"), _markdown(path.name, told, card).encode())
    _replace(path, data)


def counted(samples: Iterable[Sample], *names: str) -> dict[str, dict[str, int]]:
    """How many samples have each value of these fields; a list counts for each value in it."""
    found: dict[str, Counter[str]] = {name: Counter() for name in names}
    for sample in samples:
        for name in names:
            value = sample.get(name)
            found[name].update(map(str, value) if isinstance(value, list | tuple) else [str(value)])
    return {name: dict(sorted(counts.items())) for name, counts in found.items()}


def demand_counts(samples: Iterable[Sample]) -> dict[str, dict[str, int]]:
    """How often each kind of demand is broken in each language, and each check; nothing where there are no demands."""
    kinds: Counter[str] = Counter()
    checks: Counter[str] = Counter()
    for sample in samples:
        demands = sample.get("requirements")
        for demand in demands if isinstance(demands, list) else []:
            if demand["broken"]:
                kinds[f"{sample['language']}, {demand['kind']}"] += 1
                checks.update([demand["check"]["name"]] if demand["check"] else [])
    named = {"broken demands by language and kind": kinds, "broken demands by check": checks}
    return {name: dict(sorted(counts.items())) for name, counts in named.items() if counts}


def _markdown(name: str, told: Mapping[str, object], card: DataCard) -> str:
    lines = [f"# {name}", "", f"{told['samples']} samples: {card.kind}. SHA-256 `{told['sha256']}`.", ""]
    lines += ["Made from: " + "; ".join(card.made_from) + ".", ""]
    lines += ["Settings: " + ", ".join(f"{key} {value}" for key, value in card.settings.items()) + ".", ""]
    for title, counts in card.counts.items():
        lines += [f"| {title} | samples |", "|---|---:|", *(f"| {key} | {n} |" for key, n in counts.items()), ""]
    if card.left_out:
        rows = (f"| {why} | {n} |" for why, n in sorted(card.left_out.items(), key=lambda item: -item[1]))
        lines += ["| left out because | times |", "|---|---:|", *rows, ""]
    lines += [_apart(told), "", f"Made by penmark {told['penmark']} at {told['made_at']}."]
    return "\n".join(lines) + "\n"


def _apart(told: Mapping[str, object]) -> str:
    held = told["apart_from"]
    assert isinstance(held, dict)
    if not held["benchmarks"]:
        return "Not compared with any benchmark."
    named = ", ".join(f"{bench} ({tasks} tasks)" for bench, tasks in held["benchmarks"].items())
    return f"Shares no run of 13 words with: {named}; {held['samples_left_out']} samples that did were left out."


def _replace(path: Path, data: bytes) -> None:
    """Write all of the file or nothing of it."""
    if path.exists() and not path.is_file():  # Such as /dev/null, which nothing can take the place of.
        path.write_bytes(data)
        return
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(data)
    part.replace(path)

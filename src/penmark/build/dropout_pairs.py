"""Pairs by requirement dropout: the text written to all of a query's requirements against those written to fewer.

Source: WRL's reward model; SPEC section 3: chosen is the response to the full query, rejected one to the query with
requirements dropped.
Differs: texts that say the same are no pair, and one that was not written is left out; both are counted.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping

from penmark.errors import DataError
from penmark.records import Task
from penmark.requirements.dropout import dropped_by, is_group
from penmark.store import reads

Sample = Mapping[str, object]


def dropout_pairs(db: sqlite3.Connection, bench: str, left_out: Counter[str]) -> Iterator[Sample]:
    """The pairs of each group of a benchmark, the text with the fewest dropped chosen.

    Args:
        db: the store's connection.
        bench: groups as `penmark weval build` makes them.
        left_out: counts what makes no pair.

    Raises:
        DataError: when a task is not that of a group.
    """
    tasks = [task for task, _ in reads.tasks(db, bench)]
    if not tasks:
        raise DataError(f"there are no tasks of {bench!r}; make groups with `penmark weval build --bench {bench}`")
    for task in tasks:
        dropped = dropped_by(task)
        texts = {writer: _text(db, task, writer) for writer in dropped}
        full = next((writer for writer, places in dropped.items() if not places), None)
        if full is None or not texts[full]:
            left_out["no text with all requirements"] += 1
            continue
        for writer, places in dropped.items():
            if not places:
                continue
            if not texts[writer] or texts[writer] == texts[full]:
                left_out["no text, or the same one, with requirements dropped"] += 1
                continue
            yield _pair(task, texts[full], texts[writer], places, {"chosen": full, "rejected": writer})


def has_groups(db: sqlite3.Connection, bench: str) -> bool:
    """Whether the benchmark's tasks are groups of known order."""
    return any(is_group(task) for task, _ in reads.tasks(db, bench))


def _text(db: sqlite3.Connection, task: Task, writer: str) -> str:
    return next((r.text or "" for r in reads.responses_to(db, task.key, writer)), "")


def _pair(task: Task, chosen: str, rejected: str, places: tuple[int, ...], writers: Mapping[str, str]) -> Sample:
    requirements = [
        {"kind": requirement.kind, "text": requirement.text, "check": None, "broken": place in places}
        for place, requirement in enumerate(task.requirements)
    ]
    return {
        "prompt": task.prompt,
        "chosen": chosen,
        "rejected": rejected,
        "dropped": len(places),
        "kinds": sorted({str(row["kind"]) for row in requirements if row["broken"]}),
        "requirements": requirements,
        "task": f"{task.bench}/{task.id}",
        "language": task.language,
        "writers": dict(writers),
    }

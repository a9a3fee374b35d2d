"""What a writer learns from: texts as they were written, all of them or those that a judge finds best.

Source: WritingBench, writer: 24K samples scored with the criteria, of which the best half was kept; SPEC section 1.
Differs: the best are taken within each stratum, so that a kind of task that scores low does not vanish.
"""

from __future__ import annotations

import math
import random
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from penmark.records import Response, Task, content_key
from penmark.store import reads

Sample = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Which scored samples to keep; one of `best` and `above` is given.

    Attributes:
        best: share of each stratum, the highest scores first; ties go by a draw.
        above: least score.
        by: the task's tag that makes the strata, such as "domain1"; "" makes one of all.
        at_random: keep as many of each stratum, drawn at random instead: what selection is to be compared with.
        seed: of the draws.
    """

    best: float | None = None
    above: float | None = None
    by: str = "language"
    at_random: bool = False
    seed: int = 0


def written_samples(
    db: sqlite3.Connection, bench: str, writers: Sequence[str], left_out: Counter[str], *, with_reasoning: bool
) -> Iterator[tuple[Task, Response, Sample]]:
    """Every text of a benchmark as a dialogue: the prompt, then the text.

    Args:
        db: the store's connection.
        bench: the benchmark.
        writers: only their texts; all when none is named.
        left_out: counts what makes no sample.
        with_reasoning: whether the answer has the reasoning before the text, as it came from the model; texts that
            came without are left out.
    """
    for task, response in reads.responses(db, bench, writers):
        if not (response.text or "").strip():
            left_out["no text" if response.text is None else "an empty text"] += 1
            continue
        if response.detail:
            left_out[response.detail] += 1
            continue
        answer = _reply_with_reasoning(db, response) if with_reasoning else response.text
        if answer is None:
            left_out["no reasoning came with the text"] += 1
            continue
        yield task, response, _sample(task, response, answer)


def scored(
    db: sqlite3.Connection,
    judge: str,
    written: Iterator[tuple[Task, Response, Sample]],
    left_out: Counter[str],
    by: str,
) -> list[Sample]:
    """The samples with their root score, the mean over repeats, and their stratum; unscored ones are left out."""
    made: list[Sample] = []
    for task, response, sample in written:
        roots = [j.score for j in reads.judgments(db, response.key, judge) if j.node == ""]
        scores = [score for score in roots if score is not None]
        if not roots:
            left_out["not judged"] += 1
        elif len(scores) < len(roots):
            left_out["unscored"] += 1
        else:
            stratum = task.tags.get(by, "") or ("" if not by else f"no {by}")
            made.append({**sample, "score": fmean(scores), "stratum": stratum})
    return made


def select(samples: Sequence[Sample], cut: Cut, left_out: Counter[str]) -> list[Sample]:
    """The samples to keep, in their order.

    Args:
        samples: with "score" and "stratum".
        cut: which ones.
        left_out: counts the others, by stratum.
    """
    strata: dict[str, list[int]] = defaultdict(list)
    for at, sample in enumerate(samples):
        strata[str(sample["stratum"])].append(at)
    kept: list[int] = []
    for stratum, places in sorted(strata.items()):
        drawn = _kept(samples, places, cut, stratum)
        kept += drawn
        what = f" of {stratum}" if stratum else ""
        if len(drawn) < len(places):
            left_out[f"{_why(cut)}{what}"] += len(places) - len(drawn)
    return [samples[at] for at in sorted(kept)]


def _kept(samples: Sequence[Sample], places: Sequence[int], cut: Cut, stratum: str) -> list[int]:
    shuffled = list(places)
    random.Random(content_key("select", cut.seed, stratum)).shuffle(shuffled)
    if cut.above is not None:
        number = sum(float(str(samples[at]["score"])) >= cut.above for at in places)
    else:
        number = math.floor((cut.best or 0.0) * len(places) + 0.5)
    if not cut.at_random:
        shuffled.sort(key=lambda at: -float(str(samples[at]["score"])))
    return shuffled[:number]


def _why(cut: Cut) -> str:
    if cut.at_random:
        return "not drawn"
    return f"below {cut.above:g}" if cut.above is not None else f"not among the best {cut.best:.0%}"


def _reply_with_reasoning(db: sqlite3.Connection, response: Response) -> str | None:
    """The reply as it came, where it holds more than the text."""
    reply = reads.call(db, response.call) if response.call else None
    has_more = reply is not None and "</think>" in reply.text
    return reply.text if reply is not None and has_more else None


def _sample(task: Task, response: Response, answer: str) -> Sample:
    return {
        "messages": [{"role": "user", "content": task.prompt}, {"role": "assistant", "content": answer}],
        "task": f"{task.bench}/{task.id}",
        "language": task.language,
        "writer": response.writer,
    }

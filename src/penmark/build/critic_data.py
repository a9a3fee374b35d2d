"""What a critic learns from: the call that a judge made, and the verdict that was read from its reply.

One sample for each criterion, response and repeat: the judge's own prompt, and as the answer the stored score with its
reason in the shape that the prompt asks for. So a critic that has learned it judges in the same judge's place.
No score has more than an equal share of all samples; else a critic would learn to say what most texts get.

Source: WritingBench, critic: (query, criterion, response) to (score, reason); SPEC section 1.
Differs: balanced over scores. Unscored judgments are left out and counted, never made up.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from penmark.errors import DataError
from penmark.protocols import Judge, Prompt
from penmark.records import Judgment, Response, Task, content_key
from penmark.store import reads

Sample = Mapping[str, object]


def critic_samples(
    db: sqlite3.Connection, bench: str, name: str, judge: Judge, left_out: Counter[str]
) -> Iterator[Sample]:
    """A sample for every readable verdict of a judge on a benchmark, in its order.

    Args:
        db: the store's connection.
        bench: the benchmark.
        name: the judge's name in the store.
        judge: the same judge, with the same options; it must ask about one criterion a call.
        left_out: counts what makes no sample.

    Raises:
        DataError: when the judge asks about several criteria at once.
    """
    for task, response in reads.responses(db, bench):
        scored = [j for j in reads.judgments(db, response.key, name) if j.read_as != "sum"]
        wanted = [j for j in scored if _is_verdict(j, left_out)]
        if wanted:
            prompts = _prompts(judge, task, response)
            yield from (_sample(task, response, j, prompts[j.node]) for j in wanted if j.node in prompts)


def balanced(samples: list[Sample], seed: int, limit: int | None, left_out: Counter[str]) -> list[Sample]:
    """Samples of which no score has more than an equal share, at most `limit`, drawn at random, in their order.

    Args:
        samples: with a "score" each.
        seed: of the draw.
        limit: most samples; None takes as many as an equal share of all there are allows.
        left_out: counts those that are too many of their score.
    """
    by_score: dict[object, list[int]] = defaultdict(list)
    for at, sample in enumerate(samples):
        by_score[sample["score"]].append(at)
    total = min(limit or len(samples), len(samples))
    share = -(-total // len(by_score)) if by_score else 0
    kept: list[int] = []
    for score, places in sorted(by_score.items(), key=lambda item: float(str(item[0]))):
        drawn = random.Random(content_key("critic", seed, str(score))).sample(places, min(share, len(places)))
        kept += drawn
        if len(drawn) < len(places):
            left_out[f"more than an equal share of score {score}"] += len(places) - len(drawn)
    return [samples[at] for at in sorted(kept)]


def _is_verdict(judgment: Judgment, left_out: Counter[str]) -> bool:
    if judgment.score is None:
        left_out[f"unscored: {judgment.status}"] += 1
    elif judgment.read_as != "integer":
        left_out[f"scored without a reply: {judgment.read_as or judgment.status}"] += 1
    elif not judgment.reason.strip():
        left_out["a score without a reason"] += 1
    else:
        return True
    return False


def _prompts(judge: Judge, task: Task, response: Response) -> dict[str, Prompt]:
    """The call behind each leaf."""
    questions = judge.questions(task, response)
    joint = [question for question in questions if len(question.nodes) != 1]
    if joint:
        raise DataError(
            f"judge {judge.card.id!r} asks about {len(joint[0].nodes)} criteria at once, and a critic learns one at a "
            f"time; judge without --joint, by a judge such as `rubric`"
        )
    return {question.nodes[0]: question.prompt for question in questions}


def _sample(task: Task, response: Response, judgment: Judgment, prompt: Prompt) -> Sample:
    assert judgment.score is not None
    score = int(judgment.score)
    answer = json.dumps({"score": score, "reason": judgment.reason}, ensure_ascii=False)
    asked = [{"role": "system", "content": prompt.system}] if prompt.system else []
    return {
        "messages": [
            *asked,
            {"role": "user", "content": prompt.shared + prompt.tail},
            {"role": "assistant", "content": answer},
        ],
        "task": f"{task.bench}/{task.id}",
        "criterion": judgment.node,
        "score": score,
        "language": task.language,
        "writer": response.writer,
    }

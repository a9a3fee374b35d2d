"""Stores to judge: real WritingBench queries with imported responses; and what was judged, for comparing."""

from __future__ import annotations

import json
import multiprocessing
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count, cycle, islice
from pathlib import Path
from statistics import mean

from engine_run import JUDGE_NAME, MockServer, judge
from penmark.benchmarks import writingbench
from penmark.evaluate.imports import import_responses
from penmark.named import make_judge
from penmark.protocols import JudgeOptions
from penmark.records import Response, Task
from penmark.store import Store, reads

TASKS, CRITERIA = 200, 5
CALLS = TASKS * CRITERIA
MEAN_PROMPT_CHARS = 13_000
TEXTS = Path("texts") / "hellobench_en.jsonl"
EMBEDDED_TASKS = 4
EMBEDDED_QUERY_CHARS = (5_000, 12_000)
# With the query, the 13,000 characters of the other sections; and a text of some 1,500 words.
EMBEDDED_RESPONSE_CHARS = (6_000, 10_000)

Scores = dict[tuple[str, str, str], float | None]  # by (task id, writer, node); "" is the root


@dataclass(kw_only=True)
class Workshop:
    """What all sections share: where things are, and how often to measure.

    Attributes:
        folder: for temporary files.
        is_quick: whether smaller runs will do.
    """

    server: Path
    data: Path
    folder: Path
    repeats: int
    is_quick: bool
    _copies: Iterator[int] = field(default_factory=count)

    def mock(self, **options: float | str | bool) -> MockServer:
        """A mock server with these options."""
        return MockServer(self.server, **options)

    def fresh(self, writers: int = 1) -> Path:
        """A new copy of the store of 200 tasks with one response by each of so many writers."""
        return self._copy(self.folder / f"writers-{writers}.db", fill, writers)

    def fresh_embedded(self, response_chars: int) -> Path:
        """A new copy of the store for the embedded model: four tasks, with responses of this length."""
        return self._copy(self.folder / f"embedded-{response_chars}.db", fill_embedded, response_chars)

    def _copy(self, master: Path, make: Callable[..., None], *arguments: object) -> Path:
        if not master.exists():
            # In another process: what this one holds in memory would count as the children's peak.
            work = multiprocessing.get_context("spawn").Process(target=make, args=(master, self.data, *arguments))
            work.start()
            work.join()
            if work.exitcode:
                sys.exit(f"{master} could not be made")
        copy = self.folder / f"run-{next(self._copies)}.db"
        shutil.copy(master, copy)
        return copy

    def undisturbed(self, writers: int = 1) -> Scores:
        """The scores of a run without any disturbance."""
        db = self.fresh(writers)
        with self.mock(latency=0) as server:
            judge(server, db).finish()
        return scores(db)


def missing(server: Path, data: Path) -> str:
    """What is not there of what a run needs, in words; "" when all is."""
    needed = {"--server": server, "--data": data / "writingbench" / "benchmark_query", "--data ": data / TEXTS}
    absent = [f"{path} is not there; name another with {flag.strip()}" for flag, path in needed.items()]
    return "\n".join(line for line, path in zip(absent, needed.values(), strict=True) if not path.exists())


def fill(db: Path, data: Path, writers: int) -> None:
    """Make the store: 200 real queries, and responses of the length that brings the mean prompt to its size."""
    tasks = list(islice(writingbench.open(data).tasks(), TASKS))
    _import(db, data, tasks, writers, MEAN_PROMPT_CHARS - round(mean(_other_prompt_chars(tasks))))


def fill_embedded(db: Path, data: Path, response_chars: int) -> None:
    """Make the store for the embedded model: long English queries, one response to each."""
    low, high = EMBEDDED_QUERY_CHARS
    fitting = [t for t in writingbench.open(data).tasks() if t.language == "en" and low <= len(t.prompt) <= high]
    _import(db, data, fitting[:EMBEDDED_TASKS], 1, response_chars)


def _import(db: Path, data: Path, tasks: list[Task], writers: int, chars: int) -> None:
    texts = _texts(data, chars)
    by_id = {task.id: task for task in tasks}
    with Store(db) as store:
        for number in range(writers):
            responses = {task_id: next(texts) for task_id in by_id}
            import_responses(store, by_id, responses, writer=f"writer-{number:03}", source=str(TEXTS))


def _other_prompt_chars(tasks: list[Task]) -> Iterator[int]:
    """Size of every prompt but for the response."""
    judge = make_judge("rubric", JudgeOptions())
    for task in tasks:
        for question in judge.questions(task, Response(task=task.key, writer="", text="")):
            prompt = question.prompt
            yield len(prompt.system) + len(prompt.shared) + len(prompt.tail)


def _texts(data: Path, chars: int) -> Iterator[str]:
    """Texts of this length without end: each starts at the next real text and goes on into those after it."""
    lines = (data / TEXTS).read_text(encoding="utf-8").splitlines()
    real = [json.loads(line)["response"] for line in lines]
    for start in cycle(range(len(real))):
        text, following = "", start
        while len(text) < chars:
            text += real[following % len(real)] + "\n\n"
            following += 1
        yield text[:chars]


def scores(db: Path) -> Scores:
    """Every judgment in the store, inner nodes included."""
    with closing(Store(db, create=False)) as store:
        rows = reads.judgments_on(store.db, "writingbench", JUDGE_NAME)
        return {(task, writer, judgment.node): judgment.score for task, writer, judgment in rows}


def equal_leaves(found: Scores, undisturbed: Scores) -> int:
    """How many leaves have the score of the undisturbed run."""
    return sum(1 for at, score in undisturbed.items() if at[2] and score is not None and found.get(at) == score)


def stored_calls(db: Path) -> tuple[int, float]:
    """(calls in the store, what they cost in USD); none where it has not got that far."""
    with closing(Store(db, create=False)) as store:
        number, cost_usd = store.db.execute("SELECT count(*), total(cost_usd) FROM calls").fetchone()
    return int(number), float(cost_usd)


def tokens_a_call(db: Path) -> tuple[float, float]:
    """Mean (prompt tokens, reply tokens) of the calls in the store, as the endpoint reported them."""
    with closing(Store(db, create=False)) as store:
        tokens_in, tokens_out = store.db.execute("SELECT avg(tokens_in), avg(tokens_out) FROM calls").fetchone()
    return float(tokens_in), float(tokens_out)

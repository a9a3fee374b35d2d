"""Tasks, responses and scores that were made elsewhere, taken into the store as if they had been made here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

from penmark.errors import ConfigError, DataError
from penmark.evaluate.provenance import new_run
from penmark.evaluate.rollup import roll_up
from penmark.records import Judgment, Response, Status, Task
from penmark.store import Store, reads

Place = tuple[int, str]  # (repeat, node) of a response's score


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoring:
    """One score of one leaf, made elsewhere; None where the judge gave none."""

    task: str
    node: str
    repeat: int
    score: float | None
    reason: str = ""


def writer_spec() -> dict[str, object]:
    """What is known of a writer whose responses were imported."""
    return {"model": None, "source": "import"}


def judge_spec() -> dict[str, object]:
    """What is known of a judge whose scores were imported.

    Means are taken over the scorings that are there, as WritingBench does, and so say "partial".
    """
    return {"judge": "imported", "model": None, "unit": "points", "aggregate": "scorings", "partial": True}


def import_tasks(store: Store, tasks: Sequence[Task], *, source: str) -> int:
    """Store the tasks of one benchmark after those it has; gives back how many are new.

    Args:
        store: where to.
        tasks: all of one benchmark, each id once.
        source: the files they came from, for the run's record.

    Raises:
        ConfigError: when the benchmark has other tasks under the same ids. Nothing is stored then.
    """
    bench = tasks[0].bench if tasks else ""
    if other := ids_of_others(store, bench, tasks):
        raise ConfigError(
            f"{store.path} holds other tasks of {bench!r} under the ids {other}; keep these under another --bench "
            "name, give them other ids, or import them into another --db"
        )
    there = {task.id for task, _ in reads.tasks(store.db, bench)}
    new = [task for task in tasks if task.id not in there]
    if new:
        run = new_run("import", {"what": "tasks", "bench": bench, "source": source})
        with store.together():
            store.save_run(run)
            store.save_tasks(dict(enumerate(new, start=len(there))))
            store.end_run(run.id, "done")
        store.flush()
    return len(new)


def ids_of_others(store: Store, bench: str, tasks: Sequence[Task]) -> str:
    """The first ids of these tasks that stand for others in the store, as a message lists them; "" for none."""
    there = {task.id: task for task, _ in reads.tasks(store.db, bench)}
    other = [task.id for task in tasks if there.get(task.id, task) != task]
    return ", ".join(other[:3]) + (f" and {len(other) - 3} more" if len(other) > 3 else "")


def import_responses(
    store: Store, tasks: Mapping[str, Task], texts: Mapping[str, str], *, writer: str, source: str
) -> int:
    """Store texts by task id; gives back how many are new. Nothing is stored when anything does not fit.

    Args:
        store: where to.
        tasks: the benchmark's tasks by id, in its order.
        texts: response by task id; every id is one of `tasks`.
        writer: the name to keep them under.
        source: the file they came from, for the run's record.

    Raises:
        ConfigError: when the name stands for a model in this store.
        DataError: when this writer's response to a task is there already with another text.
    """
    store.check_name("writers", writer, writer_spec())
    new = [_new_response(store, tasks[task_id], text, writer) for task_id, text in texts.items()]
    responses = [response for response in new if response is not None]
    run = new_run("import", {"what": "responses", "bench": _bench(tasks), "writer": writer, "source": source})
    with store.together():
        store.save_run(run)
        store.save_writer(writer, writer_spec())
        _save_tasks(store, tasks, texts)
        store.save_responses(*responses)
        store.end_run(run.id, "done")
    store.flush()
    return len(responses)


def _bench(tasks: Mapping[str, Task]) -> str:
    return next(iter(tasks.values())).bench if tasks else ""


def _save_tasks(store: Store, tasks: Mapping[str, Task], used: Iterable[str]) -> None:
    """Save the tasks with these ids at their places in the benchmark.

    Tasks that are all in the store as they are may have come from there, some of the benchmark only: their places
    among each other are not those in the benchmark, which the store knows.
    """
    stored = {task.key: task for task, _ in reads.tasks(store.db, _bench(tasks))}
    if any(stored.get(task.key) != task for task in tasks.values()):
        wanted = set(used)
        store.save_tasks({place: task for place, task in enumerate(tasks.values()) if task.id in wanted})


def _new_response(store: Store, task: Task, text: str, writer: str) -> Response | None:
    """The response to store; None when the very same is there."""
    there = [r for r in reads.responses_to(store.db, task.key, writer) if r.text is not None]
    if any(r.text == text for r in there):
        return None
    if there:
        raise DataError(
            f"{store.path} holds another response by {writer!r} to task {task.id!r}; "
            "import these under another --writer name, or into another --db"
        )
    return Response(task=task.key, writer=writer, text=text)


def import_scores(
    store: Store, tasks: Mapping[str, Task], scores: Iterable[Scoring], names: tuple[str, str], *, source: str
) -> int:
    """Store scores of leaves, with the means above them; gives back how many scorings there were.

    Where the writer's response is not in the store, one without a text takes its place until it is imported.

    Args:
        store: where to.
        tasks: the benchmark's tasks by id, in its order; each with a rubric.
        scores: every task id and node is known.
        names: (writer, judge) to keep them under.
        source: the file they came from, for the run's record.

    Raises:
        ConfigError: when the judge's name stands for something else in this store.
        DataError: when a score is there already with another value.
    """
    writer, judge = names
    store.check_name("judges", judge, judge_spec())
    by_task: dict[str, list[Scoring]] = defaultdict(list)
    for scoring in scores:
        by_task[scoring.task].append(scoring)
    responses = {task_id: _response_for(store, tasks[task_id], writer) for task_id in by_task}
    leaves = {
        task_id: [_leaf(responses[task_id].key, judge, scoring) for scoring in scorings]
        for task_id, scorings in by_task.items()
    }
    stored = {task_id: _stored_scores(store, judge, response.key) for task_id, response in responses.items()}
    _refuse_changes(store, judge, leaves, stored)
    inner = [j for task_id, new in leaves.items() for j in _inner_nodes(tasks[task_id], new, stored[task_id])]
    spec = {"what": "scores", "bench": _bench(tasks), "writer": writer, "judge_name": judge, "source": source}
    run = new_run("import", spec)
    with store.together():
        store.save_run(run)
        store.save_judge(judge, judge_spec())
        _save_tasks(store, tasks, by_task)
        store.save_responses(*(r for r in responses.values() if r.status == "absent"))
        store.save_judgments(*chain.from_iterable(leaves.values()), *inner, run=run.id)
        store.end_run(run.id, "done")
    store.flush()
    return sum(len(scorings) for scorings in by_task.values())


def _response_for(store: Store, task: Task, writer: str) -> Response:
    there = reads.responses_to(store.db, task.key, writer)
    written = [r for r in there if r.text is not None]
    if len(written) > 1:
        raise DataError(f"{writer!r} has {len(written)} responses to task {task.id!r}; scores can belong to one only")
    if written:
        return written[0]
    return Response(task=task.key, writer=writer, text=None, status="absent", detail="only its scores were imported")


def _leaf(response: str, judge: str, scoring: Scoring) -> Judgment:
    s = scoring
    status: Status = "scored" if s.score is not None else "unreadable"
    return Judgment(
        response=response, judge=judge, node=s.node, score=s.score, status=status,
        reason=s.reason, repeat=s.repeat, read_as="imported",
    )  # fmt: skip


def _stored_scores(store: Store, judge: str, response: str) -> dict[Place, float]:
    """Every score the judge has in the store for this response (its key), leaves and inner nodes."""
    found = reads.judgments(store.db, response, judge)
    return {(j.repeat, j.node): j.score for j in found if j.score is not None}


def _inner_nodes(task: Task, leaves: Sequence[Judgment], stored: Mapping[Place, float]) -> list[Judgment]:
    """For each round, the nodes above the leaves: those that come now and those that came before."""
    if task.rubric is None:
        raise DataError(f"task {task.id!r} has no criteria, so no score of it can be imported")
    inner = []
    for repeat in sorted({leaf.repeat for leaf in leaves}):
        scores: dict[str, float | None] = {leaf.node: leaf.score for leaf in leaves if leaf.repeat == repeat}
        scores |= {node: score for (round_, node), score in stored.items() if round_ == repeat}
        for node, rolled in roll_up(task.rubric, scores, partial=True).items():
            above = replace(leaves[0], node=node, repeat=repeat, reason="", read_as="sum")
            inner.append(replace(above, score=rolled.score, status=rolled.status))
    return inner


def _refuse_changes(
    store: Store, judge: str, leaves: Mapping[str, Sequence[Judgment]], stored: Mapping[str, Mapping[Place, float]]
) -> None:
    """A stored score stands: an import may add to it, not change it."""
    changed = (
        f"task {task_id!r} {leaf.node!r} repeat {leaf.repeat}"
        for task_id, of_task in leaves.items()
        for leaf in of_task
        if leaf.score is not None and stored[task_id].get((leaf.repeat, leaf.node), leaf.score) != leaf.score
    )
    found = list(islice(changed, 3))
    if found:
        raise DataError(
            f"{store.path} holds other scores by {judge!r} for {', '.join(found)}; "
            "import these under another --judge name, or into another --db"
        )

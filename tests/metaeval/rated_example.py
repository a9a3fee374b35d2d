"""A store with a few rated responses, for tests of what judges are worth."""

from __future__ import annotations

from pathlib import Path

from penmark.benchmarks.ratings import HumanPreference, HumanScore, Ratings
from penmark.evaluate.provenance import new_run
from penmark.evaluate.ratings import import_ratings
from penmark.records import Judgment, Preference, Task
from penmark.store import Store, reads

BENCH = "rated"


def task(name: str, **tags: str) -> Task:
    return Task(bench=BENCH, id=name, instruction=f"Write {name}.", tags={"language": "en", **tags})


def rated(store: Store, scores, *, lengths=None, scale=None, tags=None) -> None:
    """People's scores: {task: {writer: score or {annotator: score}}}; texts as long as `lengths` says, else 10."""
    tasks = {name: task(name, **(tags or {}).get(name, {})) for name in scores}
    texts = {(t, w): "x" * (lengths or {}).get((t, w), 10) + f"{w}"[:0] for t, by in scores.items() for w in by}
    found = [
        HumanScore(task=t, writer=w, node="", annotator=who, score=s, reason="", line=1)
        for t, by in scores.items() for w, said in by.items()
        for who, s in (said.items() if isinstance(said, dict) else [("", said)])
    ]  # fmt: skip
    import_ratings(store, Ratings(scale, tasks, texts, found), BENCH, source=Path("ratings.jsonl"))


def compared(store: Store, verdicts) -> None:
    """People's preferences: (task, first, second, annotator, margin)."""
    tasks = {t: task(t) for t, *_ in verdicts}
    texts = {(t, w): f"{w} on {t}" for t, first, second, *_ in verdicts for w in (first, second)}
    found = [
        HumanPreference(task=t, first=a, second=b, annotator=who, margin=m, reason="", line=1)
        for t, a, b, who, m in verdicts
    ]
    import_ratings(store, Ratings(None, tasks, texts, [], found), BENCH, source=Path("ratings.jsonl"))


def keys(store: Store) -> dict[tuple[str, str], str]:
    return {(t.id, r.writer): r.key for t, r in reads.responses(store.db, BENCH)}


def judged(store: Store, name: str, scores, **spec: object) -> None:
    """A judge's root scores, of one round or several: {(task, writer): score or [scores]}; None = unscored."""
    run = new_run("judge", {"bench": BENCH, "judge_name": name})
    of = keys(store)
    store.save_run(run)
    store.save_judge(name, {"judge": name, "model": None, "unit": "points", "aggregate": "root", **spec})
    for place, said in scores.items():
        for repeat, score in enumerate(said if isinstance(said, list) else [said]):
            status = "unreadable" if score is None else "scored"
            store.save_judgments(
                Judgment(response=of[place], judge=name, node="", score=score, status=status, repeat=repeat), run=run.id
            )
    store.flush()


def preferred(store: Store, name: str, verdicts) -> None:
    """A pairwise judge: (task, first, second, order, margin)."""
    run = new_run("judge", {"bench": BENCH, "judge_name": name})
    of = keys(store)
    store.save_judge(name, {"judge": name, "model": None})
    for t, a, b, order, margin in verdicts:
        status = "unreadable" if margin is None else "scored"
        kept = Preference(first=of[t, a], second=of[t, b], judge=name, order=order, margin=margin, status=status)
        store.save_preferences(kept, run=run.id)
    store.flush()

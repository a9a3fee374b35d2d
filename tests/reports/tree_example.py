"""A small tree of scores with planned weights, judged by hand, for the tests of the reports."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from report_example import HOSTILE

from penmark.evaluate.rollup import roll_up
from penmark.records import Criterion, Judgment, Plan, PlanRecord, Response, Rubric, Task
from penmark.store import Store

JUDGE = "tree"
STEPS = ((4, 0), (7, 5), (10, 10))
BANDS = (("1-5", "Weak."), ("6-10", "Good."))
NAMES = {
    "en": {"opening": "Opening and ending", "logic": "Logic", "emotion": "Emotion", "plot": "Plot", "layout": "Layout"},
    "zh": {"opening": "开头与结尾", "logic": "逻辑", "emotion": "情感", "plot": "情节", "layout": "版式"},
}  # fmt: skip
WEIGHTS = {"content/opening": 0.2, "content/logic": 0.5, "content/emotion": 0.3}
GENRES = ("散文", "书信", "report")


def leaf(language: str, name: str, weight: float | None = 1.0, *, low: int = 1, steps=()) -> Rubric:
    """A leaf whose description tells its language."""
    about = {"en": "What is judged: ", "zh": "评判的内容："}[language] + NAMES[language][name]
    bands = BANDS if name == "logic" else ()
    criterion = Criterion(name=NAMES[language][name], description=about, bands=bands, low=low)
    return Rubric(name=name, weight=weight, criterion=criterion, points=steps)


def tree(language: str = "en", *, has_format: bool = True) -> Rubric:
    """Content of three planned leaves, maybe format of two; weights by the number of leaves, and an impression."""
    content = tuple(leaf(language, name, None) for name in ("opening", "logic", "emotion"))
    form = (leaf(language, "plot", steps=STEPS), leaf(language, "layout", low=0))
    impression = Criterion(name="impression", description={"en": "As a whole.", "zh": "整体印象。"}[language])
    return Rubric(
        children=(
            Rubric(name="content", weight=3, children=content),
            *([Rubric(name="format", weight=2, children=form)] if has_format else []),
            Rubric(name="impression", weight=1, criterion=impression),
        )
    )


VARIANTS = tuple(tree(language, has_format=has) for has in (True, False) for language in ("zh", "en"))


def task(number: int, *, genre: str = "", language: str = "en") -> Task:
    """A task without criteria of its own."""
    tags = {"language": language, **({"genre": genre} if genre else {})}
    return Task(bench="demo", id=f"t{number}", instruction=f"Write about {number}.", tags=tags)


def plan(of: Task, weights: dict[str, float] | None, *, repeat: int = 0, tags: dict[str, str] | None = None):
    """What was settled for a task; None = nothing could be read."""
    settled = None if weights is None else Plan(weights=weights, tags=tags or {})
    status, reason = ("scored", "") if settled else ("unreadable", "no weights in the reply: 'dunno'")
    return PlanRecord(judge=JUDGE, task=of.key, repeat=repeat, plan=settled, status=status, reason=reason)


def save(store: Store, response: Response, rubric: Rubric, scores: dict[str, float | None], **options) -> None:
    """The leaves with a reason each, and the inner nodes above them as `evaluate` would make them."""
    repeat, weights, reason = (
        options.get("repeat", 0),
        options.get("weights", WEIGHTS),
        options.get("reason", "Because."),
    )
    common = {"response": response.key, "judge": JUDGE, "repeat": repeat}
    for node, score in scores.items():
        why = reason if score is not None else "no score in the reply: 'great!'"
        status = "scored" if score is not None else "unreadable"
        store.save_judgments(Judgment(node=node, score=score, status=status, reason=why, **common), run="r")
    for node, rolled in roll_up(rubric, scores, weights=weights).items():
        judged = Judgment(node=node, score=rolled.score, status=rolled.status, read_as="sum", **common)
        store.save_judgments(judged, run="r")


def scores(*points: float | None) -> dict[str, float | None]:
    """Scores of the whole tree's leaves, left to right."""
    return dict(zip((path for path, _ in tree().leaves()), points, strict=True))


def make(path: Path) -> Store:
    """An open store: t0 of one scoring, t1 of two with an unread leaf, t2 in Chinese without format, t3 unplanned."""
    store = Store(path)
    tasks = [
        task(0, genre="report"), task(1, genre="散文"), task(2, genre="书信", language="zh"), task(3, genre="书信"),
    ]  # fmt: skip
    store.save_tasks(dict(enumerate(tasks)))
    spec = {"id": JUDGE, "aggregate": "root", "labels": {"content": {"zh": "内容"}}}
    store.save_judge(JUDGE, {**spec, "rubric": [asdict(rubric) for rubric in VARIANTS]})
    responses = [Response(task=of.key, writer="ann", text=f"Text {number}") for number, of in enumerate(tasks)]
    store.save_responses(*responses)
    other = {"content/opening": 0.4, "content/logic": 0.3, "content/emotion": 0.3}
    plans = [plan(of, WEIGHTS) for of in tasks[:3]] + [plan(tasks[1], other, repeat=1), plan(tasks[3], None)]
    for record in plans:
        store.save_plan(record, run="r")
    save(store, responses[0], tree(), scores(6, 8, 9, 7, 10, 7), reason=HOSTILE)
    save(store, responses[1], tree(), scores(6, 8, 9, 4, 5, 7))
    save(store, responses[1], tree(), scores(8, None, 9, 7, 5, 8), weights=other, repeat=1)
    short = tree("zh", has_format=False)
    save(store, responses[2], short, {path: 8.0 for path, _ in short.leaves()}, reason="写得不错。")
    save(store, responses[3], tree(), scores(6, 8, 9, 7, 10, 7), weights={})
    store.flush()
    return store

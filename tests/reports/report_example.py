"""A store with judged responses, and a report to go with it, made by hand for the tests of the html report."""

from __future__ import annotations

import random
from pathlib import Path

from penmark.records import Criterion, Judgment, Requirement, Response, Rubric, Task
from penmark.reports.figures import LENGTH_BUCKETS, Difference, Figure, Report, WriterFigures
from penmark.store import Store

HOSTILE = (
    "<script>alert(1)</script></script><img src=x onerror=alert(2)> {{7*7}} {criteria} ]]> <!-- \u2028 & "
    "</textarea> `${alert(3)}` \"'"
)
WRITERS = ("通义千问-72B", "gpt-4o", 'a <b>"writer"</b>')
DOMAINS = {
    "Academic & Engineering": ("Abstract", "Test Report"),
    "Finance & Business": ("Meeting Minutes", "Tender Document"),
    "Politics & Law": ("Legal Opinion", "Speech"),
    "Literature & Arts": ("Novel Outline", "Poetry"),
    "Education": ("Lesson Plan", "Class Activity"),
    "Advertising & Marketing": ("Slogan", "Product Description"),
}
BANDS = (("1-2", "Absent."), ("3-4", "Weak."), ("5-6", "Fair."), ("7-8", "Good."), ("9-10", "Excellent."))
CRITERIA = ("Fidelity", "Tone", "结构")
RUBRIC = Rubric.flat(tuple(Criterion(name=n, description=f"How good: {n}.", bands=BANDS) for n in CRITERIA))


def task(number: int) -> Task:
    domain1 = list(DOMAINS)[number % 6]
    language = ("zh", "en")[number % 2]
    text = f"第{number}题：请为新品发布会写一篇演讲稿。" if language == "zh" else f"Job {number}: report on the trial."
    return Task(
        bench="demo", id=f"{language}-{number:04d}", instruction=text, rubric=RUBRIC,
        material="材料：销量增长三成。" if language == "zh" else "", reference=f"Reference {number}",
        requirements=(Requirement(kind="style"),),
        tags={"domain1": domain1, "domain2": DOMAINS[domain1][number // 6 % 2], "language": language},
    )  # fmt: skip


def judgments(response: Response, scores: list[int | None], reason: str = "Because.") -> list[Judgment]:
    """Leaf verdicts and their root; a leaf without a score leaves the root incomplete."""
    key, judge = response.key, "rubric"
    leaves = [
        Judgment(response=key, judge=judge, node=node, score=score, reason=reason,
                 status="scored" if score is not None else "unreadable")
        for node, score in zip(CRITERIA, scores, strict=True)
    ]  # fmt: skip
    known = [s for s in scores if s is not None]
    mean = sum(known) / len(known) if len(known) == len(scores) else None
    status = "scored" if mean is not None else "incomplete"
    return [*leaves, Judgment(response=key, judge=judge, node="", score=mean, status=status)]


def fill_store(store: Store, tasks: int, text_chars: int = 200) -> None:
    """Every writer answers every task; the first is hostile, the second lacks a verdict, the third its text."""
    draw = random.Random(1)
    store.save_tasks({n: task(n) for n in range(tasks)})
    store.save_judge("rubric", {"judge": "rubric", "version": 1})
    for number in range(tasks):
        for place, writer in enumerate(WRITERS):
            save_response(store, number, writer, draw, order=number * len(WRITERS) + place, text_chars=text_chars)
    store.flush()


def save_response(store: Store, number: int, writer: str, draw: random.Random, *, order: int, text_chars: int) -> None:
    of = task(number)
    unit = "春天来了，万物生长。" if of.language == "zh" else "The trial went well. "
    text = f"{order} {unit * (text_chars // len(unit))}"
    scores: list[int | None] = [draw.randint(1, 10) for _ in CRITERIA]
    reason = "Clear and complete."
    if order == 0:
        text, reason = HOSTILE, HOSTILE
    if order == 1:
        scores[0] = None
    response = Response(task=of.key, writer=writer, text=text)
    if order == 2:
        response = Response(task=of.key, writer=writer, text=None, status="failed", detail="time-out after 60 s")
        scores = [None, None, None]
    store.save_responses(response)
    store.save_judgments(*judgments(response, scores, reason), run="r")


def report(**changes: object) -> Report:
    """Figures for all three writers; they need not agree with the store."""
    writers = tuple(_writer(name, 7.5 - i) for i, name in enumerate(WRITERS))
    parts: dict[str, object] = {
        "bench": "demo", "judge": "rubric", "scale": 10, "unit": "points", "partial": False, "domains": DOMAINS,
        "writers": writers,
        "differences": (
            Difference(first=WRITERS[0], second=WRITERS[1], mean=1.0, low=0.4, high=1.6, count=24),
            Difference(first=WRITERS[1], second=WRITERS[2], mean=0.2, low=-0.3, high=0.7, count=24),
        ),
        "judge_spec": {"judge": "rubric", "version": 1, "sampling": {"temperature": 1.0}},
        "writer_specs": {WRITERS[0]: {"model": "openai/qwen-72b"}},
        "notes": ("The embedded model judges poorly.",),
        "other_judges": ("length",),
    }  # fmt: skip
    return Report(**{**parts, **changes})


def figure(mean: float, *, scored: int = 24) -> Figure:
    return Figure(mean=mean, low=mean - 0.35, high=mean + 0.4, count=8, asked=24, scored=scored)


def _writer(name: str, mean: float) -> WriterFigures:
    subdomains = [subdomain for names in DOMAINS.values() for subdomain in names]
    return WriterFigures(
        name=name,
        overall=figure(mean, scored=23),
        tags={
            "domain1": {d: figure(mean + i / 5) for i, d in enumerate(DOMAINS)},
            "domain2": {d: figure(mean + i / 9, scored=12 if i == 2 else 24) for i, d in enumerate(subdomains)},
            "language": {"zh": figure(mean + 0.1), "en": figure(mean - 0.1)},
        },
        requirement={kind: {"R": figure(mean), "C": figure(mean - 0.4)} for kind in ("style", "format", "length")},
        length_in={b: figure(mean + i / 10) for i, b in enumerate(LENGTH_BUCKETS)},
        length_out={b: figure(mean - i / 10) for i, b in enumerate(LENGTH_BUCKETS[:3])},
        mean_words=812.4,
    )


def make(path: Path, tasks: int = 24, **options: int) -> Store:
    """An open store with everything in it."""
    store = Store(path)
    fill_store(store, tasks, **options)
    return store


def large_store(basetemp: Path) -> Store:
    """5,001 responses, made once in a test session: it takes some seconds."""
    path = basetemp / "large-report" / "penmark.db"
    if path.exists():
        return Store(path)
    path.parent.mkdir()
    return make(path, 1667, text_chars=600)

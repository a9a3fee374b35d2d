"""People's ratings, taken into the store as judgments and preferences: a person is a judge like any other.

Each annotator is a judge "human:NAME"; the judge "human" is all of them together: the mean of their scores, and on a
pair the side that more of them are on than on the other, a tie where neither is, however many call it one. Where a file
does not say who rated, "human" is whoever did.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from penmark.benchmarks.ratings import HumanPreference, HumanScore, Ratings
from penmark.errors import DataError
from penmark.evaluate.provenance import new_run
from penmark.records import Judgment, Preference, Response, Task
from penmark.store import Store, reads

HUMAN = "human"
Verdict = Judgment | Preference


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What came in.

    Attributes:
        judges: those who rated, by their names in the store; the one that stands for all of them first.
        unrated: scores that the file leaves empty.
    """

    tasks: int
    responses: int
    scores: int
    preferences: int
    unrated: int
    judges: Sequence[str]


def human_spec(who: Mapping[str, object], scale: tuple[float, float] | None) -> dict[str, object]:
    """What makes a human judge itself: who rated, or that it is all annotators together, and on which scale."""
    usual = {"judge": HUMAN, "model": None, "unit": "rating", "aggregate": "root", "partial": False}
    return {**usual, "scale": list(scale) if scale else None, **who}


def annotators(specs: Mapping[str, Mapping[str, object]], judge: str) -> list[str]:
    """The annotators, by their judges' names, that a pooled judge stands for; none where it is a person itself."""
    if not specs.get(judge, {}).get("pooled"):
        return []
    return [name for name, spec in specs.items() if spec.get("annotator") and name.startswith(f"{judge}:")]


def import_ratings(store: Store, ratings: Ratings, bench: str, *, judge: str = HUMAN, source: Path) -> Imported:
    """Store all of a file's ratings or, where anything does not fit, nothing.

    Args:
        store: where to.
        ratings: what the file says; with texts and tasks where it brings them.
        bench: the benchmark.
        judge: what to call the people: NAME for all of them, NAME:ANNOTATOR for one.
        source: the file, for messages and the run's record.

    Raises:
        ConfigError: when a name stands for another judge in this store.
        DataError: when the store holds another text of a response, or another score by the same person.
    """
    incoming = _Incoming(store, ratings, judge, source)
    specs = incoming.specs()
    for name, spec in specs.items():
        store.check_name("judges", name, spec)
    verdicts: list[tuple[Verdict, int]] = [*incoming.judgments(), *incoming.preferences()]
    _refuse_changes(store, verdicts, source)
    whole = [*verdicts, *(_pooled(store, specs, judge, verdicts) if len(specs) > 1 else ())]
    run = new_run("import", {"what": "ratings", "bench": bench, "judge_name": judge, "source": str(source)})
    with store.together():
        store.save_run(run)
        _save_tasks(store, bench, ratings.tasks)
        for name, spec in specs.items():
            store.save_judge(name, spec)
        store.save_responses(*incoming.new_responses)
        store.save_judgments(*(v for v, _ in whole if isinstance(v, Judgment)), run=run.id)
        store.save_preferences(*(v for v, _ in whole if isinstance(v, Preference)), run=run.id)
        store.end_run(run.id, "done")
    store.flush()
    return Imported(
        tasks=len(ratings.tasks),
        responses=len(incoming.responses),
        scores=len(ratings.scores),
        preferences=len(ratings.preferences),
        unrated=len(ratings.unrated),
        judges=[judge, *(name for name in specs if name != judge)],
    )


class _Incoming:
    """Ratings as the store's records. A record comes with its line in the file."""

    def __init__(self, store: Store, ratings: Ratings, judge: str, source: Path) -> None:
        self.ratings = ratings
        self.judge = judge
        self.source = source
        self.new_responses: list[Response] = []
        self.responses = {place: self._response(store, *place, text) for place, text in ratings.texts.items()}

    def _response(self, store: Store, task_id: str, writer: str, text: str | None) -> Response:
        task = self.ratings.tasks[task_id]
        written = [r for r in reads.responses_to(store.db, task.key, writer) if r.text is not None]
        same = [r for r in written if text in (None, r.text)]
        if len(same) == 1:
            return same[0]
        if written:
            raise DataError(
                f"{self.source}: {store.path} holds {'several responses' if same else 'another response'} by "
                f"{writer!r} to task {task_id!r}; import these into another --bench or --db"
            )
        response = (
            Response(task=task.key, writer=writer, text=text)
            if text is not None
            else Response(task=task.key, writer=writer, text=None, status="absent", detail="only its rating is known")
        )
        self.new_responses.append(response)
        return response

    def specs(self) -> dict[str, dict[str, object]]:
        """Judge to specification: every annotator, and all together where they have names."""
        rated: Iterable[HumanScore | HumanPreference] = (*self.ratings.scores, *self.ratings.preferences)
        names = list(dict.fromkeys(rating.annotator for rating in rated))
        if "" in names and len(names) > 1:
            raise DataError(f"{self.source}: some lines say who rated and some do not; add the name to all, or to none")
        if names in ([], [""]):
            return {self.judge: human_spec({"annotator": None}, self.ratings.scale)}
        return {
            self.judge: human_spec({"pooled": True}, self.ratings.scale),
            **{self._judge_of(name): human_spec({"annotator": name}, self.ratings.scale) for name in names},
        }

    def _judge_of(self, annotator: str) -> str:
        return f"{self.judge}:{annotator}" if annotator else self.judge

    def judgments(self) -> Iterator[tuple[Judgment, int]]:
        """Every score; where a person scored criteria only, their mean is the whole's score."""
        of_response: dict[tuple[str, str], list[tuple[Judgment, int]]] = defaultdict(list)
        for s in self.ratings.scores:
            response = self.responses[s.task, s.writer].key
            found = _scored(response, self._judge_of(s.annotator), s.node, s.score, s.reason)
            of_response[response, found.judge].append((found, s.line))
        for (response, judge), scored in of_response.items():
            yield from scored
            nodes = {j.node: j.score for j, _ in scored}
            if "" not in nodes:
                mean = fmean(score for score in nodes.values() if score is not None)
                yield _scored(response, judge, "", mean, read_as="sum"), scored[0][1]

    def preferences(self) -> Iterator[tuple[Preference, int]]:
        """Every verdict, the writers in alphabetical order; what one person says again is a repeat."""
        repeats: dict[tuple[str, str, str], int] = defaultdict(int)
        for p in self.ratings.preferences:
            is_turned = p.first > p.second
            names = (p.second, p.first) if is_turned else (p.first, p.second)
            first, second = (self.responses[p.task, name].key for name in names)
            judge = self._judge_of(p.annotator)
            repeat = repeats[judge, first, second]
            repeats[judge, first, second] += 1
            yield (
                Preference(
                    first=first, second=second, judge=judge, order="ba" if is_turned else "ab",
                    margin=-p.margin if is_turned else p.margin, status="scored", reason=p.reason, repeat=repeat,
                ),
                p.line,
            )  # fmt: skip


def _scored(
    response: str, judge: str, node: str, score: float, reason: str = "", *, read_as: str = "imported"
) -> Judgment:
    return Judgment(
        response=response, judge=judge, node=node, score=score, status="scored", reason=reason, read_as=read_as
    )


def _save_tasks(store: Store, bench: str, rated: Mapping[str, Task]) -> None:
    """Save the tasks that are new, after those that are there."""
    there = {task.key for task, _ in reads.tasks(store.db, bench)}
    new = [task for task in rated.values() if task.key not in there]
    store.save_tasks(dict(enumerate(new, start=len(there))))


def _refuse_changes(store: Store, verdicts: Sequence[tuple[Verdict, int]], source: Path) -> None:
    """A stored verdict stands: an import may add to it, not change it."""
    for verdict, line in verdicts:
        if isinstance(verdict, Judgment):
            there = reads.judgments(store.db, verdict.response, verdict.judge, 0)
            changed = any(j.node == verdict.node and j.score not in (None, verdict.score) for j in there)
        else:
            kept = reads.preferences(store.db, verdict.judge, verdict.first, verdict.second, verdict.repeat)
            changed = any(p.order == verdict.order and p.margin not in (None, verdict.margin) for p in kept)
        if changed and not (isinstance(verdict, Judgment) and verdict.read_as == "sum"):
            raise DataError(
                f"{source}:{line}: {store.path} holds another rating of this by {verdict.judge!r}; "
                "import these under another --judge name, or into another --db"
            )


def _pooled(
    store: Store, specs: Mapping[str, object], judge: str, verdicts: Sequence[tuple[Verdict, int]]
) -> Iterator[tuple[Verdict, int]]:
    """What all annotators together say of what is rated here, those that the store has already included."""
    known = annotators({**reads.specs(store.db, "judges"), **specs}, judge)  # type: ignore[dict-item]
    scores: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    margins: dict[tuple[str, str], dict[tuple[str, int, str], int]] = defaultdict(dict)
    for response in {v.response for v, _ in verdicts if isinstance(v, Judgment)}:
        for j in (j for name in known for j in reads.judgments(store.db, response, name, 0)):
            _count(j, scores, margins)
    for first, second in {(v.first, v.second) for v, _ in verdicts if isinstance(v, Preference)}:
        for p in (p for name in known for p in _stored_preferences(store, name, first, second)):
            _count(p, scores, margins)
    for verdict, _ in verdicts:
        _count(verdict, scores, margins)
    for (response, node), by in scores.items():
        yield _scored(response, judge, node, fmean(by.values()), f"mean of {len(by)}", read_as="sum"), 0
    for (first, second), of in margins.items():
        most = sum((m > 0) - (m < 0) for m in of.values())
        said = f"{len(of)} verdicts"
        yield Preference(
            first=first, second=second, judge=judge, order="ab", margin=(most > 0) - (most < 0), status="scored",
            reason=said,
        ), 0  # fmt: skip


def _stored_preferences(store: Store, judge: str, first: str, second: str) -> Iterator[Preference]:
    repeat = 0
    while found := reads.preferences(store.db, judge, first, second, repeat):
        yield from found
        repeat += 1


def _count(
    verdict: Verdict,
    scores: dict[tuple[str, str], dict[str, float]],
    margins: dict[tuple[str, str], dict[tuple[str, int, str], int]],
) -> None:
    if isinstance(verdict, Judgment):
        if verdict.score is not None:
            scores[verdict.response, verdict.node][verdict.judge] = verdict.score
    elif verdict.margin is not None:
        margins[verdict.first, verdict.second][verdict.judge, verdict.repeat, verdict.order] = verdict.margin

"""Writing tasks out of people's own documents: each good document becomes the reference of a task it would answer.

    documents -> genre -> mark 1-5 by the genre's rubric, good ones kept -> theme, summary, facts, outline -> tasks

`guide` gives the writer facts and outline, `open` only theme and summary, `completion` the document with a gap. A
document without a usable reply after three is left out with the reason; every call is kept in the store, so a second
run is free.

Source: HoWToBench, sections 4.2-4.5 and appendix F (genre, quality of at least 4, back-construction); SPEC section 2.
Differs: our own prompts and genres, strict JSON; facts a writer cannot know are listed apart; an outline that repeats
the document is asked for again. There, people revise what the model made, and so should you.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from penmark.build.criteria import CriteriaBuilding, CriteriaPlan
from penmark.build.document_questions import MARKS, DocumentQuestions
from penmark.build.gaps import cut_gap
from penmark.build.outlines import Outline
from penmark.build.per_task import TaskAnswers, TaskQuestions, Watch
from penmark.build.prompts import prompt_sections
from penmark.errors import DataError
from penmark.evaluate.budget import Budget
from penmark.protocols import Model, Prompt, Sampling
from penmark.records import Requirement, Rubric, Task
from penmark.store import Store
from penmark.text import count_words
from penmark.text.template import fill

Kind = Literal["guide", "open", "completion"]
T = TypeVar("T")

SAMPLING = Sampling(temperature=0.3, top_p=0.95, max_tokens=2048)
USUAL_LEAST = 4  # Source: HoWToBench, section 4.4.


@dataclass(frozen=True, kw_only=True)
class TaskPlan:
    """What to make tasks from, with what.

    Attributes:
        documents: as `documents.read_documents` gives them, each id once.
        source: where they come from, for the run's record.
        kinds: a document becomes one task of each.
        least_quality: the lowest mark, 1 to 5, of a document that is kept; none is asked for where it is 1.
        with_criteria: whether to make five criteria for each task, too.
        seed: of the gaps.
        connections: most calls in flight.
    """

    documents: Sequence[Task]
    source: str
    model: Model
    kinds: Sequence[Kind] = ("guide",)
    least_quality: int = USUAL_LEAST
    with_criteria: bool = False
    sampling: Sampling = SAMPLING
    seed: int = 0
    connections: int = 32


class _StoppedError(Exception):
    """A step ended early; says why."""


class TaskBuilding:
    """One run of a model over documents.

    Attributes:
        tasks: what was made, in the order of the documents.
        left_out: (id of a document or task, why nothing or less was made of it).
    """

    def __init__(self, store: Store, plan: TaskPlan, budget: Budget) -> None:
        """Plan the work; nothing is sent or stored yet.

        Raises:
            ConfigError: when criteria are wanted and the model cannot write that much.
        """
        self.plan = plan
        if plan.with_criteria:
            self._criteria_plan(())
        self.tasks: list[Task] = []
        self.left_out: list[tuple[str, str]] = []
        self._unread = 0
        self._store = store
        self._budget = budget
        self._ask = DocumentQuestions(
            source=plan.source, model=plan.model, sampling=plan.sampling, connections=plan.connections
        )

    async def run(self, watch: Watch) -> str:
        """Make what is missing; gives back why it ended early, "" when it did not.

        Args:
            watch: shows a progress under a label while it lasts.

        Raises:
            ModelError: scope "run", when no call can work.
        """
        async with self.plan.model as model:
            await model.check()
            try:
                await self._make(watch)
            except _StoppedError as stopped:
                return str(stopped)
        return ""

    def prompts(self) -> Iterator[list[Prompt]]:
        """The questions about each document, as if all were kept; criteria aside."""
        for document in self.plan.documents:
            asked = {
                self._ask.genre_prompt: self._ask.genre_of(document) is None,
                self._ask.quality_prompt: self._is_marked,
                self._ask.outline_prompt: self._is_outlined,
            }
            yield [prompt(document) for prompt, is_asked in asked.items() if is_asked]

    @property
    def coverage(self) -> float:
        """Share of documents, and of tasks that criteria were wanted for, with a usable reply to every question.

        A document of too low a mark has one.
        """
        asked = len(self.plan.documents) + (len(self.tasks) if self.plan.with_criteria else 0)
        return 1 - self._unread / asked if asked else 1.0

    @property
    def _is_marked(self) -> bool:
        return self.plan.least_quality > MARKS[0]

    @property
    def _is_outlined(self) -> bool:
        return set(self.plan.kinds) != {"completion"}

    async def _make(self, watch: Watch) -> None:
        kept = await self._in_genres(watch)
        if self._is_marked and kept:
            kept = await self._good(kept, watch)
        outlined = await self._outlined(kept, watch) if self._is_outlined and kept else [(d, None) for d in kept]
        self.tasks = [task for document, outline in outlined for task in self._tasks_of(document, outline)]
        if self.plan.with_criteria and self.tasks:
            self.tasks = await self._with_criteria(watch)

    async def _in_genres(self, watch: Watch) -> list[Task]:
        """The documents, each tagged with our id of its genre: its own, or the one that the model finds."""
        found = {d.id: genre for d in self.plan.documents if (genre := self._ask.genre_of(d)) is not None}
        unknown = [document for document in self.plan.documents if document.id not in found]
        if unknown:
            answers = await self._answers(self._ask.genres(unknown), watch)
            found |= {document.id: genre for document, genre in answers}
        return [_tagged(document, genre=found[document.id]) for document in self.plan.documents if document.id in found]

    async def _good(self, documents: Sequence[Task], watch: Watch) -> list[Task]:
        """The documents with a mark that is high enough."""
        marks = await self._answers(self._ask.quality(documents), watch)
        least = self.plan.least_quality
        self.left_out += [(d.id, f"quality {mark} of 5, wanted {least}") for d, mark in marks if mark < least]
        return [document for document, mark in marks if mark >= least]

    async def _outlined(self, documents: Sequence[Task], watch: Watch) -> list[tuple[Task, Outline | None]]:
        return [*await self._answers(self._ask.outlines(documents), watch)]

    async def _with_criteria(self, watch: Watch) -> list[Task]:
        """The tasks with criteria; one that none could be had for keeps its place without."""
        building = CriteriaBuilding(self._store, self._criteria_plan(self.tasks), self._budget)
        await self._finish(building, watch)
        made = {task.id: Rubric.flat(criteria) for task, criteria in building.made()}
        return [replace(task, rubric=made.get(task.id)) for task in self.tasks]

    def _criteria_plan(self, tasks: Sequence[Task]) -> CriteriaPlan:
        plan = self.plan
        return CriteriaPlan(tasks=tasks, source=plan.source, model=plan.model, connections=plan.connections)

    async def _answers(self, questions: TaskQuestions[T], watch: Watch) -> list[tuple[Task, T]]:
        answers = TaskAnswers(self._store, questions, self._budget)
        await self._finish(answers, watch)
        return list(answers.made())

    async def _finish(self, answers: TaskAnswers[T], watch: Watch) -> None:
        """Ask all of them; what could not be had is left out.

        Raises:
            _StoppedError: when it ended early.
        """
        what = answers.questions.what
        with watch(f"{what} by {self.plan.model.id}", answers.progress):
            stopped = await answers.run()
        if stopped:
            raise _StoppedError(stopped)
        failed = [(task.id, f"no {what}: {reason}") for task, reason in answers.failed()]
        self.left_out += failed
        self._unread += len(failed)

    def _tasks_of(self, document: Task, outline: Outline | None) -> Iterator[Task]:
        """The tasks of one document; a gap that cannot be cut is left out."""
        genre = self._ask.genre(document).name
        for kind in dict.fromkeys(self.plan.kinds):
            try:
                yield (
                    completion(document, self.plan.seed)
                    if kind == "completion"
                    else told(document, kind, genre, outline)
                )
            except DataError as error:
                self.left_out.append((f"{document.id}-{kind}", str(error)))


def told(document: Task, kind: Kind, genre: str, outline: Outline | None) -> Task:
    """The task whose writer is told the theme and, in a `guide`, the facts and the outline of the document."""
    assert outline is not None, f"a task of the kind {kind} is made from an outline"
    texts = prompt_sections("tasks", document.language)
    length = _rounded_words(document.reference or "")
    values = {"genre": genre, "theme": outline.theme, "summary": outline.summary, "words": length}
    material = _material(outline, texts, document.language) if kind == "guide" else ""
    return _task(document, kind, fill(texts[kind], values), material, length)


def completion(document: Task, seed: int) -> Task:
    """The task whose writer fills a gap in the document.

    Raises:
        DataError: when the document has too few paragraphs for one.
    """
    texts = prompt_sections("tasks", document.language)
    material, gone = cut_gap(document.reference or "", f"{seed}:{document.id}")
    length = _rounded_words(gone)
    task = _task(document, "completion", fill(texts["completion"], {"words": length}), material, length)
    return replace(task, reference=gone)


def _task(document: Task, kind: Kind, instruction: str, material: str, length: str) -> Task:
    demand = fill(prompt_sections("tasks", document.language)["length"], {"words": length})
    return replace(
        _tagged(document, task_type=kind),
        id=f"{document.id}-{kind}",
        instruction=instruction,
        material=material,
        requirements=(Requirement(kind="length", text=demand),),
    )


def _material(outline: Outline, texts: Mapping[str, str], language: str) -> str:
    colon = "：" if language == "zh" else ": "
    points = "\n".join(f"- {aspect}{colon}{entry}" for aspect, entry in outline.points)
    parts = [fill(texts["outlined"], {"outline": points})]
    if outline.facts:
        parts.insert(0, fill(texts["facts"], {"facts": "\n".join(f"- {fact}" for fact in outline.facts)}))
    return "\n\n".join(parts)


def _tagged(document: Task, **tags: str) -> Task:
    return replace(document, tags={**document.tags, **tags})


def _rounded_words(text: str) -> str:
    """The number of words to the nearest 50, below 200 to the nearest 10; each CJK character counts one."""
    words = count_words(text)
    step = 50 if words >= 200 else 10
    return str(max(step, round(words / step) * step))

"""What a model is asked about a document that may become the reference of a task: genre, quality, outline.

Each prompt begins with the document, so that prefix caches serve the second and third question. The genres and what an
editor of each looks at are those of the judge `elaborated`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from penmark.build.outlines import Outline, outline_schema, read_outline
from penmark.build.per_task import TaskQuestions
from penmark.build.prompts import prompt_hash, prompt_sections
from penmark.errors import VerdictError
from penmark.judges.elaborated import GENERAL, ElaboratedJudge, Genre, genre_schema, read_genre
from penmark.models.reply import object_schema, read_object, read_verdict
from penmark.protocols import JudgeOptions, Model, Prompt, Sampling
from penmark.records import Task
from penmark.text.template import fence, fill

MARKS = (1, 5)
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class DocumentQuestions:
    """The questions of one run.

    Attributes:
        source: where the documents come from, for the run's record.
        connections: most calls in flight.
    """

    source: str
    model: Model
    sampling: Sampling
    connections: int
    editor: ElaboratedJudge = field(default_factory=lambda: ElaboratedJudge(JudgeOptions()))

    def genre_of(self, document: Task) -> str | None:
        """Id of the genre that the document is tagged with; None where it has no such tag or one we do not know."""
        return self.editor.genre_of(document)

    def genre(self, document: Task) -> Genre:
        """The genre of a document that is tagged with one."""
        return self.editor.genres[document.language][self.editor.genre_of(document) or GENERAL]

    def genres(self, documents: Sequence[Task]) -> TaskQuestions[str]:
        """Which genre each is; read as its id."""
        known = tuple(self.editor.genres["en"])
        schema = genre_schema(known)
        return self._questions("genres", documents, self.genre_prompt, lambda r, _: read_genre(r, known), schema)

    def quality(self, documents: Sequence[Task]) -> TaskQuestions[int]:
        """How good each is, by its genre's rubric; read as a mark from 1 to 5."""
        low, high = MARKS
        mark = {"type": "integer", "minimum": low, "maximum": high}
        schema = {"quality": mark, "reason": {"type": "string", "minLength": 1, "maxLength": 600}}
        return self._questions("quality", documents, self.quality_prompt, _read_mark, object_schema(schema))

    def outlines(self, documents: Sequence[Task]) -> TaskQuestions[Outline]:
        """What to tell a writer of each."""
        counts = [len(self.genre(document).aspects) for document in documents]
        schema = outline_schema(min(counts), max(counts))
        return self._questions("outlines", documents, self.outline_prompt, self._read_outline, schema)

    def genre_prompt(self, document: Task) -> Prompt:
        """The question for the genre."""
        genres = self.editor.genres[document.language].values()
        return _prompt(document, "genre", {"genres": "\n".join(f"- {genre.id}: {genre.gloss}" for genre in genres)})

    def quality_prompt(self, document: Task) -> Prompt:
        """The question for the mark."""
        return _prompt(document, "quality", self._rubric(document))

    def outline_prompt(self, document: Task) -> Prompt:
        """The question for the outline."""
        count = str(len(self.genre(document).aspects))
        return _prompt(document, "outline", {**self._rubric(document), "count": count})

    def _rubric(self, document: Task) -> dict[str, str]:
        texts, genre = prompt_sections("tasks", document.language), self.genre(document)
        return {"genre": genre.name, "aspects": "\n".join(fill(texts["aspect"], aspect) for aspect in genre.aspects)}

    def _read_outline(self, reply: str, document: Task) -> Outline:
        aspects = [aspect["name"] for aspect in self.genre(document).aspects]
        return read_outline(reply, document.reference or "", aspects)

    def _questions(
        self,
        what: str,
        documents: Sequence[Task],
        prompt: Callable[[Task], Prompt],
        read: Callable[[str, Task], T],
        schema: Mapping[str, object],
    ) -> TaskQuestions[T]:
        return TaskQuestions(
            what=what,
            source=self.source,
            tasks=documents,
            prompt=prompt,
            prompt_hash=prompt_hash("tasks"),
            read=read,
            schema=schema,
            model=self.model,
            sampling=self.sampling,
            connections=self.connections,
            unit="documents",
        )


def _prompt(document: Task, section: str, values: Mapping[str, str]) -> Prompt:
    texts = prompt_sections("tasks", document.language)
    shared = fill(texts["document"], {"document": fence(document.reference or "")})
    return Prompt(system=texts["system"], shared=f"{shared}\n\n", tail=fill(texts[section], values))


def _read_mark(reply: str, document: Task) -> int:
    found = read_object(reply)
    if set(found) != {"quality", "reason"}:
        raise VerdictError(f"the fields are {sorted(found)}, expected quality and reason")
    mark, _ = read_verdict({"score": found["quality"], "reason": found["reason"]}, *MARKS)
    return int(mark)

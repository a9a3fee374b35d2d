"""One call with the whole rubric of the task's genre, for one overall score 1-10.

The genre is the task's tag `genre` (our ids, or a name listed under `also` in the rubric files); where that is
missing or says nothing to us, one classifier call for each task finds it.

Source: HoWToBench, section 5.1 and appendices A.3 and H (which genres have a rubric); SPEC section 2.
Differs: rubrics and prompts are our own (`elaborated.*.toml`, `elaborated.*.md`). The classifier reads the
assignment, not the finished text, so that all responses to a task are held to one rubric. Unreadable replies
are never numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

from penmark.errors import VerdictError
from penmark.judges._asked import ask_one, bands_text
from penmark.judges._criteria import LANGUAGES, prompt_language, read_criteria, read_toml
from penmark.judges._overall import OverallJudge
from penmark.models.reply import object_schema, read_object
from penmark.protocols import JudgeCard, JudgeOptions, PlanQuestion, Prompt, Question
from penmark.records import Criterion, Plan, Response, Task
from penmark.text.template import fence, fill

CARD = JudgeCard(
    id="elaborated",
    version=1,
    description="the whole rubric of the text's genre in one call, one overall score 1-10 by a model",
    needs_model=True,
)
LEAF = "overall"
GENERAL = "general"  # Fits every text: for tasks whose genre nobody has settled.


@dataclass(frozen=True, slots=True)
class Genre:
    """A genre and what its editors look at.

    Attributes:
        gloss: how to recognise it, for the classifier.
        also: other names benchmarks have for it.
        aspects: "name", "good" (what good work looks like) and "faults" of each aspect.
    """

    id: str
    name: str
    gloss: str
    also: tuple[str, ...]
    aspects: tuple[Mapping[str, str], ...]


class ElaboratedJudge(OverallJudge):
    """Scores a response as a whole by the rubric of its genre, in the task's language."""

    card = CARD

    def __init__(self, options: JudgeOptions) -> None:
        names = {language: f"elaborated.{language}.toml" for language in LANGUAGES}
        rows = {language: read_toml(name) for language, name in names.items()}
        self._leaves = {language: read_criteria(found[LEAF])[0] for language, found in rows.items()}
        self.genres = {language: _read_genres(found["genres"]) for language, found in rows.items()}
        self._ids = {
            name.casefold(): genre.id
            for genres in self.genres.values()
            for genre in genres.values()
            for name in (genre.id, *genre.also)
        }
        super().__init__(options, self._leaves, *names.values())

    def genre_of(self, task: Task) -> str | None:
        """Id of the genre the task is tagged with; None where it has no such tag or one we do not know."""
        return self._ids.get(task.tags.get("genre", "").strip().casefold())

    def plan(self, task: Task) -> PlanQuestion | None:
        """The call that finds the genre; None where the task's tag tells."""
        if self.genre_of(task) is not None:
            return None
        language = prompt_language(task, self.options)
        texts, genres = self.texts[language], self.genres[language]
        listed = "\n".join(f"- {genre.id}: {genre.gloss}" for genre in genres.values())
        shared = fill(texts["shared"], {"task": fence(task.prompt)})
        tail = fill(texts["genre"], {"genres": listed})
        return PlanQuestion(
            prompt=Prompt(system=texts["system"], shared=f"{shared}\n\n", tail=tail),
            read=partial(_plan_of, tuple(genres)),
            schema=genre_schema(tuple(genres)),
            comes_first=True,
        )

    def questions(self, task: Task, response: Response) -> Sequence[Question]:
        """One question; a task whose genre is not settled is held to the general rubric."""
        language = prompt_language(task, self.options)
        leaf, genre = self._leaves[language], self.genres[language][self.genre_of(task) or GENERAL]
        prompt = self.prompt(task, response, _tail(self.texts[language], genre, leaf))
        return [ask_one((LEAF, leaf), prompt, response.text or "")]


def create(options: JudgeOptions) -> ElaboratedJudge:
    """The judge, as the command line makes it."""
    return ElaboratedJudge(options)


def _read_genres(rows: Sequence[Mapping[str, object]]) -> dict[str, Genre]:
    """The genres of one rubric file, by id."""
    genres = [
        Genre(
            id=str(row["id"]),
            name=str(row["name"]),
            gloss=str(row["gloss"]),
            also=tuple(cast("list[str]", row["also"])),
            aspects=tuple(cast("list[dict[str, str]]", row["aspects"])),
        )
        for row in rows
    ]
    return {genre.id: genre for genre in genres}


def _tail(texts: Mapping[str, str], genre: Genre, leaf: Criterion) -> str:
    aspects = "\n".join(fill(texts["aspect"], aspect) for aspect in genre.aspects)
    rubric = fill(texts["rubric"], {"genre": genre.name, "aspects": aspects, "bands": bands_text(leaf)})
    answer = fill(texts["answer"], {"low": str(leaf.low), "high": str(leaf.high)})
    return f"{rubric}\n\n{answer}"


def _plan_of(known: tuple[str, ...], reply: str) -> Plan:
    return Plan(tags={"genre": read_genre(reply, known)})


def read_genre(reply: str, known: Sequence[str]) -> str:
    """The id of the genre that a reply names.

    Raises:
        VerdictError: for anything but {"genre": ...} with one of the known ids.
    """
    found = read_object(reply)
    genre = found.get("genre")
    if set(found) != {"genre"} or genre not in known:
        raise VerdictError(f"expected one field 'genre' holding one of {', '.join(known)}; found {str(found)[:240]}")
    return str(genre)


def genre_schema(known: Sequence[str]) -> dict[str, object]:
    """JSON schema of a good reply to the question for a genre."""
    return object_schema({"genre": {"type": "string", "enum": list(known)}})

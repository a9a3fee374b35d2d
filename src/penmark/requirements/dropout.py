"""Groups of responses of known order: a query with several requirements, and responses written with fewer and fewer.

A response written to a query from which requirements were dropped obeys fewer of them, as a rule; so the fewer were
dropped, the better it is for the whole query. Such a group is one task: its query has all requirements, its tags say
what the query was before they were added (`SEED`) and what each response was written without (`DROPPED`).

Source: From Coarse to Fine (WEval), sections 3.1.2 and 3.1.3; SPEC section 3.
Differs: what is dropped is nested, so that each response was asked for all that the next one was, and one thing more.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

from penmark.errors import DataError
from penmark.records import Criterion, Requirement, Rubric, Task, content_key

SEED, DROPPED = "seed", "dropped"
HEADINGS = {"en": "Requirements:", "zh": "要求："}
NAMES = {"en": "Requirement {} ({})", "zh": "要求{}（{}）"}
KINDS = {"content": "内容", "style": "风格", "format": "格式", "length": "篇幅"}
DESCRIPTIONS = {
    "en": "How far the text does what this requirement says: {}",
    "zh": "看文章在多大程度上做到了这一要求：{}",
}
BANDS = {
    "en": (
        ("1-2", "Nothing in the text answers to it, or the text does the opposite."),
        ("3-4", "A trace of it; most of what is asked is missing or wrong."),
        ("5-6", "About half is done, or all of it with a plain error."),
        ("7-8", "Done but for a detail."),
        ("9-10", "Done in full, exactly as asked."),
    ),
    "zh": (
        ("1-2", "文中毫无体现，甚至与之相反。"),
        ("3-4", "略有痕迹，但所求大多缺失或有误。"),
        ("5-6", "做到约一半，或虽全做却有明显差错。"),
        ("7-8", "除个别细节外均已做到。"),
        ("9-10", "完全做到，与要求分毫不差。"),
    ),
}


def group_task(
    seed: Task, bench: str, requirements: Sequence[Requirement], dropped: Mapping[str, Sequence[int]]
) -> Task:
    """The task of a group.

    It has a criterion for each requirement, so that judges of a task's own criteria score them one by one.

    Args:
        seed: the task before requirements were added.
        bench: the benchmark that the group belongs to.
        requirements: what is added; each text stands as it is in the query.
        dropped: writer to the places (from 0) of the requirements its response is written without.
    """
    language = _language(seed)
    criteria = [_criterion(number, r, language) for number, r in enumerate(requirements, start=1)]
    tags = {SEED: seed.prompt, DROPPED: json.dumps({writer: list(places) for writer, places in dropped.items()})}
    return Task(
        bench=bench,
        id=seed.id,
        instruction=query(seed.prompt, requirements, language),
        reference=seed.reference,
        requirements=tuple(replace(r, quote=r.text) for r in requirements),
        rubric=Rubric.flat(tuple(criteria)),
        tags={**seed.tags, **tags, "language": language},
    )


def query(seed: str, requirements: Sequence[Requirement], language: str) -> str:
    """The seed as it is, then the requirements as a numbered list; the seed alone where there are none."""
    lines = [f"{number}. {requirement.text}" for number, requirement in enumerate(requirements, start=1)]
    return "\n".join([f"{seed}\n", HEADINGS[language], *lines]) if lines else seed


def written_to(task: Task, writer: str) -> str:
    """The query that a writer of the group is given."""
    dropped = dropped_by(task)[writer]
    kept = [requirement for place, requirement in enumerate(task.requirements) if place not in dropped]
    return query(task.tags[SEED], kept, _language(task))


def is_group(task: Task) -> bool:
    """Whether the order of responses to this task is known."""
    return DROPPED in task.tags


def dropped_by(task: Task) -> dict[str, tuple[int, ...]]:
    """Writer to the places of the requirements its response was written without, the fewest first.

    Raises:
        DataError: when the task is not that of a group.
    """
    if not is_group(task):
        raise DataError(
            f"task {task.id!r} of {task.bench} does not say what its responses were written without; "
            "make groups with `penmark weval build`, or bring some with `penmark weval import`"
        )
    found: dict[str, list[int]] = json.loads(task.tags[DROPPED])
    return {writer: tuple(places) for writer, places in sorted(found.items(), key=lambda item: (len(item[1]), item[0]))}


def without_requirements(task: Task) -> Task:
    """The task of a group as it was before requirements were added.

    Raises:
        DataError: when the task is not that of a group.
    """
    dropped_by(task)
    tags = {name: value for name, value in task.tags.items() if name not in (SEED, DROPPED)}
    return replace(task, instruction=task.tags[SEED], material="", requirements=(), rubric=None, tags=tags)


def nested(count: int, seed: int, key: str) -> list[tuple[int, ...]]:
    """Places dropped for the 1st, 2nd, ... of as many responses as there are requirements: none, one, two, ...

    Each drops what the one before dropped and one more, in an order drawn at random.

    Args:
        count: number of requirements.
        seed: of the draw.
        key: names the group, so that each has a draw of its own.
    """
    order = list(range(count))
    random.Random(content_key("dropout", seed, key)).shuffle(order)
    return [tuple(sorted(order[:number])) for number in range(count)]


def writer_name(bench: str, number: int) -> str:
    """Who wrote the responses with so many requirements dropped."""
    return f"{bench}/drop-{number}"


def _criterion(number: int, requirement: Requirement, language: str) -> Criterion:
    kind = KINDS[requirement.kind] if language == "zh" else requirement.kind
    return Criterion(
        name=NAMES[language].format(number, kind),
        description=DESCRIPTIONS[language].format(requirement.text),
        bands=BANDS[language],
        about=(requirement.kind,),
    )


def _language(task: Task) -> str:
    return task.language if task.language in HEADINGS else "en"

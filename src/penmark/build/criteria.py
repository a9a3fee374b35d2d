"""Five criteria with bands for any query, by a model: what the `rubric` judge scores with.

The model is asked for strict JSON in the query's language. A reply that does not hold exactly five usable
criteria is asked for again; a query without a usable reply after three is listed as failed and left out,
never filled in. Every call is kept in the store, so a second run is free.

The embedded model is too small for this and is refused before it is asked. Held to the schema with texts of at
most 40 characters, one of 16 English replies could be read (and said nothing), and none of 16 Chinese ones: 15
did not fit into its 512 tokens.

Source: WritingBench, criteria written for each query; SPEC section 1.
Differs: our own prompts, with the query fenced as data; strict reading; the papers name no sampling, ours is below.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from penmark.build.per_task import TaskAnswers, TaskQuestions
from penmark.build.prompts import prompt_hash, prompt_sections
from penmark.errors import ConfigError, VerdictError
from penmark.evaluate.budget import Budget
from penmark.models.reply import object_schema, read_object, refuse_quoted
from penmark.protocols import Model, Prompt, Sampling
from penmark.records import Criterion, Task
from penmark.store import Store
from penmark.text import is_one_line
from penmark.text.template import fence, fill

CRITERIA = 5
BANDS = ("1-2", "3-4", "5-6", "7-8", "9-10")
FIELDS = ("name", "criteria_description", *BANDS)
SAMPLING = Sampling(temperature=0.7, top_p=0.95, max_tokens=4096)
LEAST_OUTPUT_TOKENS = 800  # WritingBench's own criteria take 843 to 1,984 by estimate_tokens, 1,141 as a median.
# Longest texts the schema allows, in characters: a little more than WritingBench's longest, against runaway replies.
MOST_CHARS = {"name": 80, "criteria_description": 600, **dict.fromkeys(BANDS, 600)}


@dataclass(frozen=True, kw_only=True)
class CriteriaPlan:
    """What to make criteria for, with what.

    Attributes:
        source: the benchmark or file the tasks come from, for the run's record.
        connections: most calls in flight.
    """

    tasks: Sequence[Task]
    source: str
    model: Model
    sampling: Sampling = SAMPLING
    connections: int = 32

    def __post_init__(self) -> None:
        """Check that replies can be long enough.

        Raises:
            ConfigError: when they cannot.
        """
        _check_output_length(self.model, self.sampling)


class CriteriaBuilding(TaskAnswers[tuple[Criterion, ...]]):
    """One run of a model over queries; a call that the store has is not made again."""

    def __init__(self, store: Store, plan: CriteriaPlan, budget: Budget) -> None:
        """Plan the calls; nothing is sent or stored yet."""
        self.plan = plan
        questions = TaskQuestions(
            what="criteria",
            source=plan.source,
            tasks=plan.tasks,
            prompt=criteria_prompt,
            prompt_hash=prompt_hash("criteria"),
            read=lambda reply, task: read_reply(reply, task.prompt),
            schema=SCHEMA,
            model=plan.model,
            sampling=plan.sampling,
            connections=plan.connections,
        )
        super().__init__(store, questions, budget)


def _check_output_length(model: Model, sampling: Sampling) -> None:
    """Nothing where replies can hold five criteria.

    Raises:
        ConfigError: where they cannot, by the model's own limit (the embedded one's) or the one asked for.
    """
    if sampling.max_tokens is not None and sampling.max_tokens < LEAST_OUTPUT_TOKENS:
        raise ConfigError(
            f"{CRITERIA} criteria with their bands take {LEAST_OUTPUT_TOKENS} tokens or more, and the longest output "
            f"was set to {sampling.max_tokens}; raise --max-output-tokens or leave it out"
        )
    if model.max_output_tokens is not None and model.max_output_tokens < LEAST_OUTPUT_TOKENS:
        raise ConfigError(
            f"{CRITERIA} criteria with their bands take {LEAST_OUTPUT_TOKENS} tokens or more, and {model.id} writes at "
            f"most {model.max_output_tokens} at once; name a larger model with --model, such as openai/gpt-4.1-mini"
        )


def criteria_prompt(task: Task) -> Prompt:
    """The question for one query, in its language: what all queries share first, then the query, fenced."""
    texts = prompt_sections("criteria", task.language)
    query = fill(texts["query"], {"query": fence(task.prompt)})
    return Prompt(system=texts["system"], shared=f"{texts['shared']}\n\n", tail=f"{query}\n\n{texts['answer']}")


def read_reply(reply: str, query: str) -> tuple[Criterion, ...]:
    """The five criteria in a reply.

    Raises:
        VerdictError: for anything but {"criteria": [...]} with five whole criteria that differ in name, and for
            criteria that stand word for word in the query.
    """
    found = read_object(reply)
    refuse_quoted(reply, query)
    items = found.get("criteria")
    if set(found) != {"criteria"} or not isinstance(items, list):
        raise VerdictError(f'expected {{"criteria": [...]}}, found the fields {sorted(found)}')
    if len(items) != CRITERIA:
        raise VerdictError(f"{len(items)} criteria where {CRITERIA} were due")
    criteria = tuple(_read_criterion(item, f"criterion {i}") for i, item in enumerate(items, start=1))
    if len({_folded(criterion.name) for criterion in criteria}) != CRITERIA:
        raise VerdictError(f"a name stands twice among {[criterion.name for criterion in criteria]}")
    return criteria


def _read_criterion(item: object, where: str) -> Criterion:
    if not isinstance(item, dict):
        raise VerdictError(f"{where} is not an object")
    if set(item) != set(FIELDS):
        raise VerdictError(f"{where} has the fields {sorted(item)}, expected {list(FIELDS)}")
    texts = {field: _read_text(item[field], f"{where}, {field!r}") for field in FIELDS}
    # A name is a node's path and one line of a prompt.
    if "/" in texts["name"] or not is_one_line(texts["name"]):
        raise VerdictError(f"{where}: the name {texts['name']!r} has a slash or a line break in it")
    if len({_folded(texts[band]) for band in BANDS}) != len(BANDS):
        raise VerdictError(f"{where}, {texts['name']!r}: two bands have the same text")
    bands = tuple((band, texts[band]) for band in BANDS)
    return Criterion(name=texts["name"], description=texts["criteria_description"], bands=bands)


def _read_text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise VerdictError(f"{where} is empty or not a text: {value!r}")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise VerdictError(f"{where} has half a character (a lone surrogate) in it")
    return value.strip()


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def query_numbers(tasks: Sequence[Task]) -> dict[str, int]:
    """WritingBench's `index` by task id: the ids where all of them are whole numbers, else 1, 2, 3, ..."""
    if all(task.id.isascii() and task.id.isdigit() for task in tasks):
        return {task.id: int(task.id) for task in tasks}
    return {task.id: number for number, task in enumerate(tasks, start=1)}


def writingbench_row(number: int, task: Task, criteria: Iterable[Criterion]) -> dict[str, object]:
    """One line of a file in WritingBench's current schema."""
    return {
        "index": number,
        "domain1": task.tags.get("domain1", ""),
        "domain2": task.tags.get("domain2", ""),
        "lang": task.language,
        "query": task.prompt,
        "checklist": [_checklist_item(criterion) for criterion in criteria],
    }


def _checklist_item(criterion: Criterion) -> dict[str, str]:
    return {"name": criterion.name, "criteria_description": criterion.description, **dict(criterion.bands)}


def _schema() -> Mapping[str, object]:
    fields = {field: {"type": "string", "minLength": 1, "maxLength": MOST_CHARS[field]} for field in FIELDS}
    item = object_schema(fields)
    items = {"type": "array", "items": item, "minItems": CRITERIA, "maxItems": CRITERIA}
    return object_schema({"criteria": items})


SCHEMA = _schema()

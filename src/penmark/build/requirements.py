"""The demands of a query that take a reader, found by a model: content, style, and what no rule knows.

The model quotes the query for each demand, and a demand whose quote does not stand in the query is no demand: the
whole reply is then asked for again. What rules can read is read by rules and left to them; `merged` puts both together.

Source: WEval, "From Coarse to Fine", constraints of a query; SPEC section 3.
Differs: read from queries as they are instead of made up for seeds; each is quoted from the query.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from penmark.build.per_task import TaskAnswers, TaskQuestions
from penmark.build.prompts import prompt_hash, prompt_sections
from penmark.errors import VerdictError
from penmark.evaluate.budget import Budget
from penmark.models.reply import object_schema, read_object
from penmark.protocols import Model, Prompt, Sampling
from penmark.records import REQUIREMENT_KINDS, Requirement, Task
from penmark.requirements import extract
from penmark.store import Store
from penmark.text.template import fence, fill

SAMPLING = Sampling(temperature=0.0, max_tokens=2048)
MOST = 30  # demands of one query
FIELDS = ("kind", "text", "quote")


class RequirementsReading(TaskAnswers[tuple[Requirement, ...]]):
    """One run of a model over queries; a call that the store has is not made again."""

    def __init__(
        self, store: Store, tasks: Sequence[Task], source: str, model: Model, sampling: Sampling, budget: Budget
    ) -> None:
        """Plan the calls; nothing is sent or stored yet."""
        questions = TaskQuestions(
            what="requirements",
            source=source,
            tasks=tasks,
            prompt=requirements_prompt,
            prompt_hash=prompt_hash("requirements"),
            read=lambda reply, task: read_requirements(reply, task.instruction),
            schema=SCHEMA,
            model=model,
            sampling=sampling,
        )
        super().__init__(store, questions, budget)


def requirements_prompt(task: Task) -> Prompt:
    """The question for one query, in its language: what all queries share first, then the query, fenced."""
    texts = prompt_sections("requirements", task.language)
    query = fill(texts["query"], {"query": fence(task.instruction)})
    return Prompt(system=texts["system"], shared=f"{texts['shared']}\n\n", tail=f"{query}\n\n{texts['answer']}")


def read_requirements(reply: str, query: str) -> tuple[Requirement, ...]:
    """The demands in a reply; none where it says that there are none.

    White space aside, each quote stands word for word in the query.

    Raises:
        VerdictError: for anything but {"requirements": [...]} of whole entries, for a quote that the query does not
            hold, a demand that stands twice, and more than 30.
    """
    found = read_object(reply)
    items = found.get("requirements")
    if set(found) != {"requirements"} or not isinstance(items, list):
        raise VerdictError(f'expected {{"requirements": [...]}}, found the fields {sorted(found)}')
    if len(items) > MOST:
        raise VerdictError(f"{len(items)} requirements where {MOST} are the most")
    said = _squeezed(query)
    read = tuple(_read_one(item, said, f"requirement {number}") for number, item in enumerate(items, start=1))
    if len({_squeezed(requirement.text) for requirement in read}) < len(read):
        raise VerdictError("a requirement stands twice")
    return read


def _read_one(item: object, query: str, where: str) -> Requirement:
    if not isinstance(item, dict) or set(item) != set(FIELDS):
        raise VerdictError(f"{where} is not an object with the fields {', '.join(FIELDS)}")
    texts = {name: str(item[name]).strip() for name in FIELDS if isinstance(item[name], str) and item[name].strip()}
    if len(texts) < len(FIELDS):
        raise VerdictError(f"{where}: {', '.join(set(FIELDS) - set(texts))} is empty or no text")
    kind = next((known for known in REQUIREMENT_KINDS if known == texts["kind"]), None)
    if kind is None:
        raise VerdictError(f"{where}: unknown kind {texts['kind'][:80]!r}; use one of {', '.join(REQUIREMENT_KINDS)}")
    if _squeezed(texts["quote"]) not in query:
        raise VerdictError(f"{where}: the query does not say {texts['quote'][:120]!r}")
    return Requirement(kind=kind, text=texts["text"], quote=texts["quote"])  # type: ignore[arg-type]


def merged(by_rule: Sequence[Requirement], by_model: Sequence[Requirement]) -> list[Requirement]:
    """All demands, those read by rule first; one that a model found too, in the same words, stands once."""
    said = {_squeezed(requirement.quote) for requirement in by_rule}
    return [*by_rule, *(requirement for requirement in by_model if _squeezed(requirement.quote) not in said)]


def read_by_rule(task: Task) -> list[Requirement]:
    """The demands that a task lists with a check, else those its instruction says."""
    return [r for r in task.requirements if r.check is not None] or extract(task.instruction)


def _squeezed(text: str) -> str:
    return "".join(text.split()).casefold()


def _schema() -> Mapping[str, object]:
    text = {"type": "string", "minLength": 1, "maxLength": 400}
    fields = {"kind": {"type": "string", "enum": list(REQUIREMENT_KINDS)}, "text": text, "quote": text}
    item = object_schema(fields)
    items = {"type": "array", "items": item, "maxItems": MOST}
    return object_schema({"requirements": items})


SCHEMA = _schema()

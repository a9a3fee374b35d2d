"""Five atomic requirements of mixed kinds for any query, by a model: what groups of known order are made from.

The model is asked for strict JSON in the query's language. A reply that does not hold exactly five usable
requirements is asked for again; a query without a usable reply after three is listed as failed and left out.

Source: From Coarse to Fine (WEval), section 3.1.2 and appendix A.1; SPEC section 3.
Differs: our own prompts, with the query fenced as data; what is usable is checked by rule, kinds, repetition and
    contradictions of lengths and languages included; the paper names no sampling, ours is below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from penmark.build.per_task import TaskQuestions
from penmark.build.prompts import prompt_hash, prompt_sections
from penmark.errors import VerdictError
from penmark.models.reply import object_schema, read_object, refuse_quoted
from penmark.protocols import Model, Prompt, Sampling
from penmark.records import REQUIREMENT_KINDS, Requirement, RequirementKind, Task
from penmark.requirements import extract
from penmark.requirements.conflicts import checked, conflict
from penmark.text import is_one_line
from penmark.text.template import fence, fill

CONSTRAINTS = 5
FEWEST_KINDS = 2
MOST_CHARS = 400
FIELDS = tuple(f"{letter}{number}" for number in range(1, CONSTRAINTS + 1) for letter in "ct")
SAMPLING = Sampling(temperature=0.7, top_p=0.95, max_tokens=1024)
SCHEMA: Mapping[str, object] = object_schema(
    {
        field: {"type": "string", "minLength": 1, "maxLength": 160}
        if field.startswith("c")
        else {"enum": list(REQUIREMENT_KINDS)}
        for field in FIELDS
    }
)


def constraint_questions(
    tasks: Sequence[Task], source: str, model: Model, sampling: Sampling, connections: int
) -> TaskQuestions[tuple[Requirement, ...]]:
    """What to ask about each query."""
    return TaskQuestions(
        what="constraints",
        source=source,
        tasks=tasks,
        prompt=constraints_prompt,
        prompt_hash=prompt_hash("constraints"),
        read=read_constraints,
        schema=SCHEMA,
        model=model,
        sampling=sampling,
        connections=connections,
    )


def constraints_prompt(task: Task) -> Prompt:
    """The question for one query, in its language: what all queries share first, then the query, fenced."""
    texts = prompt_sections("constraints", task.language)
    asked = fill(texts["query"], {"query": fence(task.prompt)})
    return Prompt(system=texts["system"], shared=f"{texts['shared']}\n\n", tail=f"{asked}\n\n{texts['answer']}")


def read_constraints(reply: str, task: Task) -> tuple[Requirement, ...]:
    """The five requirements in a reply, with the rule that checks each, where there is one.

    Raises:
        VerdictError: for anything but the ten fields, a text that is empty, too long, on several lines, there twice
            or in the query already, a kind that is none, five requirements of one kind, and two demands that exclude
            each other, those of the query included.
    """
    found = read_object(reply)
    refuse_quoted(reply, task.prompt)
    if set(found) != set(FIELDS):
        raise VerdictError(f"the fields are {sorted(found)}, expected {list(FIELDS)}")
    requirements = tuple(_read_requirement(found, number) for number in range(1, CONSTRAINTS + 1))
    texts = [_folded(r.text) for r in requirements]
    if len(set(texts)) != CONSTRAINTS:
        raise VerdictError(f"a requirement stands twice among {[r.text for r in requirements]}")
    restated = [r.text for r, text in zip(requirements, texts, strict=True) if text in _folded(task.prompt)]
    if restated:
        raise VerdictError(f"the query asks for this already: {restated[0]!r}")
    kinds = {r.kind for r in requirements}
    if len(kinds) < FEWEST_KINDS:
        raise VerdictError(f"all requirements are of the kind {kinds.pop()!r}; at least {FEWEST_KINDS} kinds were due")
    asked = extract(task.prompt)
    # Where the query seems to contradict itself, the rules have misread it, and it is not held against anything.
    clash = conflict(requirements if conflict(asked) else [*asked, *requirements])
    if clash is not None:
        raise VerdictError(f"no text can meet both {clash[0].text!r} and {clash[1].text!r}")
    return requirements


def _read_requirement(found: Mapping[str, object], number: int) -> Requirement:
    text, kind = found[f"c{number}"], found[f"t{number}"]
    if not isinstance(text, str) or not text.strip():
        raise VerdictError(f"'c{number}' is empty or not a text: {text!r}")
    if len(text) > MOST_CHARS or not is_one_line(text.strip()):
        raise VerdictError(f"'c{number}' is over {MOST_CHARS} characters or has line breaks in it: {text[:80]!r}")
    if kind not in REQUIREMENT_KINDS:
        raise VerdictError(f"'t{number}' is {kind!r}, expected one of {', '.join(REQUIREMENT_KINDS)}")
    return checked(Requirement(kind=cast(RequirementKind, kind), text=text.strip()))


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()

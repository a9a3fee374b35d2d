"""Tasks and rubrics from the JSON they are stored as.

By hand: a task is read once for every response, and pydantic loads slowly.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from penmark.records import Check, Criterion, Requirement, Rubric, Task


def read_task(record: str) -> Task:
    """The task that `json.dumps(asdict(task))` gave this text."""
    values = json.loads(record)
    requirements = tuple(_requirement(requirement) for requirement in values.pop("requirements"))
    rubric = values.pop("rubric")
    return Task(**values, requirements=requirements, rubric=None if rubric is None else read_rubric(rubric))


def read_rubric(values: Mapping[str, Any]) -> Rubric:
    """The rubric that `asdict(rubric)` gave these values, through JSON or not."""
    criterion = values["criterion"]
    return Rubric(
        name=values["name"],
        weight=values["weight"],
        children=tuple(read_rubric(child) for child in values["children"]),
        criterion=None if criterion is None else _criterion(criterion),
        points=tuple((top, points) for top, points in values.get("points", ())),
    )


def _requirement(values: Mapping[str, Any]) -> Requirement:
    check = values.get("check")  # Stores of earlier versions have none.
    return Requirement(**{**values, "check": None if check is None else Check(**check)})


def _criterion(values: Mapping[str, Any]) -> Criterion:
    bands = tuple((label, text) for label, text in values["bands"])
    return Criterion(**{**values, "bands": bands, "about": tuple(values["about"])})

"""What the tests of judges by trees share: making judges, answering for the model, rolling up."""

from __future__ import annotations

import json

from penmark import registry
from penmark.benchmarks.sample import Sample
from penmark.evaluate.rollup import roll_up
from penmark.protocols import JudgeOptions
from penmark.records import Response, Task

LANGUAGES = ("en", "zh")
SAMPLE = {language: next(t for t in Sample().tasks() if t.language == language) for language in LANGUAGES}
TEXT = "The fox ran.\n\nThen it slept."
PLANNED = ("opening_ending", "language_rhetoric", "logic", "emotion")


def plan_reply(weights):
    return json.dumps({"weights": weights, "explanation": "It lives by them."})


def make(name="tow", **options):
    return registry.load("judges", name).create(JudgeOptions(**options))


def task(kind=None, *, language="en", reference="A reference."):
    tags = {"language": language} | ({"task_type": kind} if kind else {})
    return Task(bench="b", id="1", instruction="Write.", reference=reference, tags=tags)


def response_to(asked, text=TEXT):
    return Response(task=asked.key, writer="w", text=text)


def questions(judge, asked, text=TEXT):
    return {question.nodes: question for question in judge.questions(asked, response_to(asked, text))}


def whole(prompt):
    return prompt.shared + prompt.tail


def root(judge, asked, scores, weights=None):
    """The root when each leaf is read as `scores` says."""
    rubric = judge.rubric(asked)
    leaves = {path: scores(path) for path, _ in rubric.leaves()}
    return roll_up(rubric, leaves, weights=weights or {})[""].score

"""The packaged sample: 24 writing tasks, twelve in English and twelve in Chinese, written for penmark.

Two tasks in each language for each of WritingBench's six domains. Every task has requirements on style,
format, length and content, a reference that meets them, and five criteria with a text for each of the five
bands of the scale 1-10; most have material to work from.

Data: in this package, Apache-2.0, revision 1. It is there to try things out; it is too small to rank writers.
"""

from __future__ import annotations

from functools import cached_property
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from itertools import chain
from pathlib import Path

from penmark.benchmarks._files import FileBenchmark
from penmark.benchmarks.criteria import KINDS, read_criteria, read_tags
from penmark.benchmarks.fetch import Source
from penmark.jsonl import Row, read_jsonl
from penmark.protocols import BenchmarkCard, Problem, Sampling
from penmark.records import Requirement, Rubric, Task

CARD = BenchmarkCard(
    id="sample",
    title="penmark sample",
    description="24 tasks over WritingBench's six domains with references and requirements of all kinds, packaged",
    source="packaged with penmark",
    revision="1",
    licence="Apache-2.0",
    languages=("en", "zh"),
    sampling=Sampling(temperature=0.7, top_p=0.8, top_k=20, max_tokens=1024),
)
SOURCE: Source | None = None

FILES = ("sample.en.jsonl", "sample.zh.jsonl")


def open(data: Path) -> Sample:
    """The sample; it is in the package, whatever the data folder."""
    return Sample()


class Sample(FileBenchmark):
    """The packaged tasks, English and Chinese in turn, so that the first few have both."""

    card = CARD

    def __init__(self, folder: Traversable | None = None) -> None:
        super().__init__()
        self._folder = folder or files("penmark.benchmarks")

    def read(self) -> tuple[list[Task], list[Problem]]:
        """The tasks, and every malformed record."""
        return self._contents

    @cached_property
    def _contents(self) -> tuple[list[Task], list[Problem]]:
        problems: list[Problem] = []
        by_language = [_read_file(self._folder / name, problems) for name in FILES]
        return list(chain.from_iterable(zip(*by_language, strict=not problems))), problems


def _read_file(file: Traversable, problems: list[Problem]) -> list[Task]:
    with as_file(file) as path:
        return [_read_task(row) for row in read_jsonl(path, problems)]


def _read_task(row: Row) -> Task:
    instruction = row.text("instruction")
    return Task(
        bench=CARD.id,
        id=row.text("id"),
        instruction=instruction,
        material=row.text("material", may_be_empty=True),
        reference=row.text("reference"),
        requirements=tuple(
            Requirement(kind=item.choice("kind", KINDS), text=item.text("text"))
            for item in row.children("requirements")
        ),
        rubric=Rubric.flat(read_criteria(row, "checklist")),
        tags=read_tags(row, instruction),
    )

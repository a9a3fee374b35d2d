"""Whether training data repeats what a benchmark holds: by shared runs of words.

Source: n-gram overlap as used for decontaminating training data (13 words, after Brown et al. 2020, appendix C).
Differs: each CJK character is a token of its own, and a run is 13 tokens in any script; case and punctuation are left
aside. One shared run is enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

RUN = 13  # tokens
_TOKEN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]|[^\W\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")


@dataclass(frozen=True, slots=True)
class Overlap:
    """A sample that repeats a benchmark.

    Attributes:
        sample: its place among the samples, from 0.
        bench: which benchmark.
        task: which of its tasks.
        words: the first run they share.
    """

    sample: int
    bench: str
    task: str
    words: str

    def __str__(self) -> str:
        """One line, as it is printed."""
        return f"sample {self.sample + 1}: {self.bench} task {self.task}: {self.words!r}"


class HeldApart:
    """The texts of benchmarks that training data must not repeat."""

    def __init__(self) -> None:
        self.benches: dict[str, int] = {}
        self._runs: dict[int, tuple[str, str]] = {}

    def add(self, bench: str, texts: Iterable[tuple[str, str]]) -> None:
        """Hold a benchmark apart.

        Args:
            bench: its name.
            texts: (task id, text) of everything it shows: instructions, material, references.
        """
        tasks = set()
        for task, text in texts:
            tasks.add(task)
            for run in _runs(tokens(text)):
                self._runs.setdefault(hash(run), (bench, task))
        self.benches[bench] = len(tasks)

    def overlaps(self, samples: Sequence[Sequence[str]]) -> list[Overlap]:
        """The samples that share a run with a benchmark, each once.

        Args:
            samples: the texts of each.
        """
        if not self._runs:
            return []
        found = (self._first(at, texts) for at, texts in enumerate(samples))
        return [overlap for overlap in found if overlap is not None]

    def _first(self, at: int, texts: Sequence[str]) -> Overlap | None:
        for text in texts:
            for run in _runs(tokens(text)):
                if (where := self._runs.get(hash(run))) is not None:
                    return Overlap(at, *where, " ".join(run))
        return None


def tokens(text: str) -> list[str]:
    """Words in lower case, each CJK character by itself; punctuation is left out."""
    return _TOKEN.findall(text.casefold())


def sample_texts(sample: Mapping[str, object]) -> list[str]:
    """Every text of a line of training data: its prompts and its answers, the reasons among them."""
    return [value for value in _strings(sample) if len(value) >= RUN]


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for child in value.values():
            yield from _strings(child)
    elif isinstance(value, list | tuple):
        for child in value:
            yield from _strings(child)


def _runs(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return (tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1))

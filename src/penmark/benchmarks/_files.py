"""What benchmarks in files share: where the folder is, and tasks that come only when no record is malformed.

Only machinery: the benchmarks themselves are `howtobench.py`, `sample.py` and `writingbench.py`.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from penmark.errors import DataError
from penmark.jsonl import raise_problems
from penmark.protocols import BenchmarkCard, Problem
from penmark.records import Task


class FileBenchmark:
    """A benchmark read from files; subclasses say how, in `read`.

    Args:
        data: the folder as the user gave it; None = the usual one.
    """

    card: BenchmarkCard

    def __init__(self, data: Path | None = None) -> None:
        self._given = f" --data {shlex.quote(str(data))}" if data else ""

    def read(self) -> tuple[Iterable[Task], list[Problem]]:
        """The tasks, and every malformed record."""
        raise NotImplementedError

    def tasks(self) -> Iterator[Task]:
        """Every task.

        Raises:
            DataError: naming the first malformed records.
        """
        tasks, problems = self.read()
        raise_problems(problems, f"penmark bench check {self.card.id}{self._given}")
        return iter(tasks)

    def problems(self) -> list[Problem]:
        """Every malformed record."""
        return list(self.read()[1])


def find_folder(data: Path, card: BenchmarkCard, name: str, is_it: Callable[[Path], bool]) -> Path:
    """The folder `name`, in the data folder or in the benchmark's own folder there.

    Args:
        data: the data folder, or the benchmark's own.
        card: of the benchmark.
        name: of the folder, as upstream calls it.
        is_it: whether a place holds the benchmark.

    Raises:
        DataError: when neither place does.
    """
    places = (data / name, data / card.id / name)
    for place in places:
        if is_it(place):
            return place
    raise DataError(
        f"{card.title} is neither in {places[0]} nor in {places[1]}; "
        f"run `penmark bench fetch {card.id}`, or pass its folder as --data"
    )

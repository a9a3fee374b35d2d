"""A benchmark that the store alone holds, such as one made from a file of ratings."""

from __future__ import annotations

from collections.abc import Iterator

from penmark.protocols import BenchmarkCard, Problem, Sampling
from penmark.records import Task, content_key
from penmark.store import Store, reads


class StoredBenchmark:
    """The tasks of a benchmark as the store has them."""

    def __init__(self, store: Store, bench: str) -> None:
        self._tasks = [task for task, _ in reads.tasks(store.db, bench)]
        self.card = BenchmarkCard(
            id=bench,
            title=bench,
            description="made from tasks in the database",
            source=str(store.path),
            revision=content_key([task.key for task in self._tasks]),
            licence="as its source",
            languages=tuple(sorted({task.language for task in self._tasks})),
            sampling=Sampling(),
        )

    def tasks(self) -> Iterator[Task]:
        """Every task, in the benchmark's order."""
        return iter(self._tasks)

    def problems(self) -> list[Problem]:
        """None: what is in the store was sound when it came."""
        return []

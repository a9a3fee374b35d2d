"""The store: one SQLite file that keeps every task, response, call and judgment.

`Store` is the one way in: `save_*` queues a record for the writer thread, `flush` waits for the disk,
and the functions of `penmark.store.reads` read through `store.db`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Self

from penmark.errors import ConfigError, StoreError
from penmark.protocols import Call
from penmark.records import Judgment, PlanRecord, Preference, Response, Run, Task
from penmark.store import claims, reads, rows
from penmark.store.connect import BUSY_TIMEOUT_MS, connect, explained
from penmark.store.writer import Writer


class Store:
    """An open database. Use it as a context manager: leaving it writes what is queued.

    The writer thread starts with the first save, so a store that is only read is never written.
    """

    def __init__(self, path: Path | str, *, create: bool = True, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> None:
        """Open, and bring the schema up to date.

        Args:
            path: the database file.
            create: whether to make a file that is not there.
            busy_timeout_ms: how long to wait for a lock that another program holds.

        Raises:
            StoreError: when the file cannot be used.
        """
        self.path = Path(path)
        self.db = connect(self.path, create=create, busy_timeout_ms=busy_timeout_ms)
        self._busy_timeout_ms = busy_timeout_ms
        self._writer: Writer | None = None
        self._held: list[rows.Statement] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except StoreError as failure:
            if error is None:
                raise
            if failure is not error:
                error.add_note(str(failure))
        if isinstance(error, sqlite3.Error):
            with explained(self.path):
                raise error

    def close(self) -> None:
        """Write what is queued and let go of the file.

        Raises:
            StoreError: when something saved could not be written.
        """
        writer, self._writer = self._writer, None
        try:
            if writer is not None:
                writer.close()
        finally:
            self.db.close()

    def flush(self) -> None:
        """Wait until everything saved so far is on disk.

        Raises:
            StoreError: when something could not be written.
        """
        if self._writer is not None:
            self._writer.flush()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Store all that is saved inside the block, or, when it raises or the process dies, nothing of it."""
        held = self._held = []
        try:
            yield
        finally:
            self._held = None
        self._put(held)

    def _put(self, *groups: list[rows.Statement]) -> None:
        statements = [(sql, tuple(map(rows.storable, values))) for sql, values in chain.from_iterable(groups)]
        if self._held is not None:
            self._held.extend(statements)
        elif statements:
            self._started_writer().put(statements)

    def _started_writer(self) -> Writer:
        if self._writer is None:
            self._writer = Writer(self.path, busy_timeout_ms=self._busy_timeout_ms)
        return self._writer

    def claim(self, keys: Sequence[str], owner: str) -> Future[set[str]]:
        """Those of the keys that no other process works on and that now belong to the owner."""
        return self._started_writer().ask(partial(claims.take, keys=keys, owner=owner))

    def release(self, keys: Sequence[str], owner: str) -> None:
        """Queue letting go of finished work."""
        self._put(claims.release_rows(keys, owner))

    def renew_claims(self, owner: str) -> None:
        """Queue keeping an owner's claims for another while."""
        self._put(claims.renew_rows(owner))

    def release_claims(self, owner: str) -> None:
        """Queue letting go of everything an owner still claims."""
        self._put(claims.release_all_rows(owner))

    def release_dead_claims(self) -> None:
        """Queue letting go of what processes that are gone had claimed."""
        for owner in claims.dead_owners(self.db):
            self.release_claims(owner)

    def save_tasks(self, tasks: Mapping[int, Task]) -> None:
        """Queue tasks by their position in the benchmark."""
        self._put(*(rows.task_rows(task, position) for position, task in tasks.items()))

    def save_responses(self, *responses: Response) -> None:
        """Queue responses; one with a text takes the place of a failed or absent one."""
        self._put(*(rows.response_rows(r) for r in responses))

    def save_judgments(self, *judgments: Judgment, run: str) -> None:
        """Queue judgments; a stored score is never replaced by a missing one."""
        self._put(*(rows.judgment_rows(j, run) for j in judgments))

    def save_preferences(self, *preferences: Preference, run: str) -> None:
        """Queue preferences; a stored verdict is never replaced by a missing one."""
        self._put(*(rows.preference_rows(p, run) for p in preferences))

    def save_call(
        self,
        call: Call,
        *,
        run: str,
        judgments: tuple[Judgment, ...] = (),
        preferences: tuple[Preference, ...] = (),
        response: Response | None = None,
    ) -> None:
        """Queue a finished call together with what was read from it: both are stored, or neither."""
        read = [rows.judgment_rows(j, run) for j in judgments] + [rows.preference_rows(p, run) for p in preferences]
        written = [rows.response_rows(response)] if response else []
        self._put(rows.call_rows(call, run), *read, *written)

    def save_plan(self, record: PlanRecord, *, run: str, call: Call | None = None) -> None:
        """Queue a task's plan together with the finished call it was read from, where that is new."""
        made = [rows.call_rows(call, run)] if call is not None and call.is_new else []
        self._put(*made, rows.plan_rows(record, run))

    def save_run(self, run: Run) -> None:
        """Queue a run as running."""
        self._put(rows.run_rows(run))

    def end_run(self, run: str, state: str) -> None:
        """Queue how a run ended: "done", "interrupted" or "failed"."""
        self._put(rows.run_end_rows(run, state))

    def save_writer(self, name: str, spec: Mapping[str, object]) -> None:
        """Queue a writer's name; check it with `check_name` first."""
        self._put(rows.name_rows("writers", name, spec))

    def save_judge(self, name: str, spec: Mapping[str, object]) -> None:
        """Queue a judge's name; check it with `check_name` first."""
        self._put(rows.name_rows("judges", name, spec))

    def check_name(self, table: str, name: str, spec: Mapping[str, object]) -> None:
        """Make sure a name still means the same thing.

        Raises:
            ConfigError: when this store knows the name with another specification; it names the differences.
        """
        known = reads.specs(self.db, table).get(name)
        spec = json.loads(json.dumps(spec))  # Compare as stored: JSON knows no tuples.
        if known is None or known == spec:
            return
        changed = [k for k in sorted({*known, *spec}) if known.get(k) != spec.get(k)]
        differences = ", ".join(f"{k} was {_shown(known.get(k))}, now {_shown(spec.get(k))}" for k in changed)
        option = "--writer-name" if table == "writers" else "--judge-name"
        raise ConfigError(
            f"{table.removesuffix('s')} {name!r} is in {self.path} with other settings ({differences}); "
            f"give this one a name of its own with {option} NAME, or pass another --db"
        )


def _shown(value: object) -> str:
    """A setting as an error message shows it: cut where it is long."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


__all__ = ["Store", "reads"]

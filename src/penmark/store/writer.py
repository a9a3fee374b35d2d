"""The one thread that writes: it commits whatever has come in, so a finished call is durable within 50 ms."""

from __future__ import annotations

import queue
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

from penmark.errors import StoreError
from penmark.store.connect import BUSY_TIMEOUT_MS, connect, explained
from penmark.store.rows import Statement

T = TypeVar("T")

GATHER_S = 0.02  # least time from one commit to the next; what comes in between waits, well under 50 ms
TURN_POLL_S = 0.002  # how often a lock that another process holds is tried again


class _Question:
    """Something to do inside the next transaction, whose answer counts once that is committed."""

    def __init__(self, work: Callable[[sqlite3.Connection], object]) -> None:
        self.work = work
        self.answer: object = None
        self.future: Future[object] = Future()
        self.future.set_running_or_notify_cancel()  # So that nobody can cancel it: settling it must not fail.

    def run(self, connection: sqlite3.Connection) -> None:
        self.answer = self.work(connection)

    def settle(self, failure: StoreError | None) -> None:
        if failure is None:
            self.future.set_result(self.answer)
        else:
            self.future.set_exception(failure)


class Writer:
    """Takes statements from any thread and commits them in groups, in the order they came.

    Attributes:
        db: the thread's own connection.
    """

    def __init__(self, path: Path, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> None:
        self.path = path
        self._queue: queue.SimpleQueue[Sequence[Statement] | _Question | threading.Event | None] = queue.SimpleQueue()
        self._is_awaited = threading.Event()  # Somebody waits for what is queued: gather no longer.
        self._failure: StoreError | None = None
        self._committed_at = 0.0
        self._busy_timeout_s = busy_timeout_ms / 1000
        self.db = connect(path, busy_timeout_ms=busy_timeout_ms)
        self._thread = threading.Thread(target=self._run, name="penmark-store", daemon=True)
        self._thread.start()

    def put(self, statements: Sequence[Statement]) -> None:
        """Queue statements that belong together, which are stored all or none; returns at once.

        Raises:
            StoreError: when an earlier group could not be written.
        """
        self._raise_failure()
        self._queue.put(statements)

    def ask(self, work: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """What `work` gives back when run inside the next transaction; settled when that is on disk."""
        question = _Question(work)
        self._queue.put(question)
        self._is_awaited.set()
        return question.future  # type: ignore[return-value]

    def flush(self) -> None:
        """Wait until everything queued so far is on disk.

        Raises:
            StoreError: when something could not be written.
        """
        done = threading.Event()
        self._queue.put(done)
        self._is_awaited.set()
        done.wait()
        self._raise_failure()

    def close(self) -> None:
        """Write what is queued and stop.

        Raises:
            StoreError: when something could not be written.
        """
        self._queue.put(None)
        self._is_awaited.set()
        self._thread.join()
        self.db.close()
        self._raise_failure()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        going = True
        while going:
            items = [self._queue.get()]
            wait_s = self._committed_at + GATHER_S - time.monotonic()
            if isinstance(items[0], Sequence) and wait_s > 0:
                self._is_awaited.wait(wait_s)
            self._is_awaited.clear()
            while not self._queue.empty():
                items.append(self._queue.get())
            self._commit([item for item in items if isinstance(item, Sequence | _Question)])
            for item in items:
                if isinstance(item, threading.Event):
                    item.set()
                elif isinstance(item, _Question):
                    item.settle(self._failure)
            going = None not in items

    def _commit(self, items: list[Sequence[Statement] | _Question]) -> None:
        if not items or self._failure is not None:
            return
        try:
            with explained(self.path):
                self._begin()
                for item in items:
                    self._run_item(item)
                self.db.execute("COMMIT")
                self._committed_at = time.monotonic()
        except StoreError as failure:
            self._failure = failure
            self._roll_back()
        except Exception as error:  # noqa: BLE001  Whatever it is, the thread must live on: `flush` waits for it.
            self._failure = StoreError(f"{self.path}: a record cannot be stored ({error!r}); please report this")
            self._roll_back()

    def _begin(self) -> None:
        """Take the write lock. SQLite's own waiting naps for up to 100 ms, which is long where processes take turns."""
        give_up_at = time.monotonic() + self._busy_timeout_s
        self.db.execute("PRAGMA busy_timeout = 0")
        while True:
            try:
                self.db.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() >= give_up_at:
                    raise
                time.sleep(random.uniform(0.5, 1.5) * TURN_POLL_S)
            else:
                return

    def _run_item(self, item: Sequence[Statement] | _Question) -> None:
        if isinstance(item, _Question):
            item.run(self.db)
            return
        for sql, parameters in item:
            self.db.execute(sql, parameters)

    def _roll_back(self) -> None:
        if self.db.in_transaction:
            try:
                self.db.execute("ROLLBACK")
            except sqlite3.Error as error:
                self._failure = StoreError(f"{self._failure}; and the change could not be undone: {error}")

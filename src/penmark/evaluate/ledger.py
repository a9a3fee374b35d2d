"""The record of one run in the store, begun only when there is something to keep."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from penmark.evaluate.engine import Engine
from penmark.protocols import Call
from penmark.records import Judgment, PlanRecord, Preference, Response, Run
from penmark.store import Store


class Ledger:
    """Keeps what a run brings in. A run whose first call fails for good leaves the store as it was.

    Attributes:
        run: what the run is made with.
    """

    def __init__(self, store: Store, run: Run, *, begin: Callable[[], None]) -> None:
        """Nothing is stored yet.

        Args:
            store: where to keep things.
            run: the run's record.
            begin: saves what later rows refer to (the writer or judge by name); called once, before the first row.
        """
        self.store = store
        self.run = run
        self._begin = begin
        self._begun = False

    def keep_call(
        self,
        call: Call,
        *,
        judgments: tuple[Judgment, ...] = (),
        preferences: tuple[Preference, ...] = (),
        response: Response | None = None,
    ) -> None:
        """Keep a finished call with what was read from it."""
        self.begin()
        self.store.save_call(call, run=self.run.id, judgments=judgments, preferences=preferences, response=response)

    def keep_judgments(self, *judgments: Judgment) -> None:
        """Keep judgments that came without a new call."""
        if judgments:
            self.begin()
            self.store.save_judgments(*judgments, run=self.run.id)

    def keep_preferences(self, *preferences: Preference) -> None:
        """Keep preferences that came without a new call."""
        if preferences:
            self.begin()
            self.store.save_preferences(*preferences, run=self.run.id)

    def keep_plan(self, record: PlanRecord, call: Call | None) -> None:
        """Keep a task's plan with the call it was read from."""
        self.begin()
        self.store.save_plan(record, run=self.run.id, call=call)

    def keep_response(self, response: Response) -> None:
        """Keep a response that came without a new call."""
        self.begin()
        self.store.save_responses(response)

    def begin(self) -> None:
        """Register the run, once."""
        if not self._begun:
            self._begun = True
            self._begin()
            self.store.save_run(self.run)

    @contextmanager
    def ending(self, engine: Engine) -> Iterator[None]:
        """Say how the run ended, if it began, when the block is left, and wait for the disk."""
        state = "failed"
        try:
            yield
            state = "interrupted" if engine.stopped_by else "done"
        finally:
            if self._begun:
                self.store.end_run(self.run.id, state)
                self.store.flush()

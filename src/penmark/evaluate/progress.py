"""Where a run stands: counted by the engine, shown by the command line."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field

from penmark.evaluate.budget import Budget

MOST_REASONS = 50  # different reasons that are counted apart


@dataclass(kw_only=True)
class Progress:
    """Counters of one run.

    Attributes:
        unit: what `total` and `done` count: "responses" when writing, "scorings" when judging.
        total: units to do; those found finished in the store are in `kept`.
        unscored: units that could not be had; of scorings also those that come to nothing, as the plan that weighs
            them could not be had.
        left_out: tasks in which the judge has nothing to score; they are no part of `total`.
        why: how often each reason for an unscored unit came up.
        budget: what the run spends; it may have spent on other work before.
    """

    unit: str
    total: int = 0
    kept: int = 0
    done: int = 0
    unscored: int = 0
    left_out: int = 0
    why: Counter[str] = field(default_factory=Counter)
    budget: Budget = field(default_factory=Budget)
    started_at: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._calls_before, self._cost_before = self.budget.calls, self.budget.cost_usd

    def miss(self, reason: str, units: int = 1) -> None:
        """Count units that could not be had."""
        self.unscored += units
        if units and (reason in self.why or len(self.why) < MOST_REASONS):
            self.why[reason] += units

    @property
    def calls(self) -> int:
        """Calls sent in this run."""
        return self.budget.calls - self._calls_before

    @property
    def cost_usd(self) -> float:
        """Money spent in this run."""
        return self.budget.cost_usd - self._cost_before

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started_at

    @property
    def calls_per_s(self) -> float:
        """Calls sent per second since the start."""
        return self.calls / max(self.elapsed_s, 1e-9)

    @property
    def seconds_left(self) -> float | None:
        """Expected seconds to go, from the pace so far; None before there is one."""
        left = self.total - self.kept - self.done
        return self.elapsed_s / self.done * left if self.done else None

    @property
    def expected_cost_usd(self) -> float | None:
        """What the whole run will have cost at this rate; None before there is one."""
        left = self.total - self.kept - self.done
        return self.cost_usd * (1 + left / self.done) if self.done else None

    @property
    def coverage(self) -> float:
        """Share of all units, kept ones included, that could be had; 1 when there were none."""
        return 1 - self.unscored / self.total if self.total else 1.0

"""What a check found, and how amounts are compared with what was demanded."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

# "About N" is met from N - 10 % to N + 10 %, ends included, and never by less than one unit either way.
ABOUT_SHARE = 0.10


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Whether a text obeys one requirement.

    Attributes:
        measured: the count or the words that decided it; None where there is nothing to show.
        distance: how far the count is from the nearest allowed one, in its own unit; 0 when the requirement is met,
            1 where a requirement without a count is not.
        explanation: one sentence that says what was found.
    """

    is_met: bool
    measured: float | str | None
    distance: float
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much is demanded; ends included.

    Attributes:
        about: a target with the stated tolerance; the other two are then None.
    """

    least: int | None = None
    most: int | None = None
    about: int | None = None

    @classmethod
    def of(cls, arguments: Mapping[str, object]) -> Bounds:
        """The bounds among a check's arguments."""
        values = {name: arguments.get(name) for name in ("least", "most", "about")}
        return cls(**{name: value for name, value in values.items() if isinstance(value, int)})

    def arguments(self) -> dict[str, object]:
        """The bounds that are set, as a check's arguments."""
        values = {"least": self.least, "most": self.most, "about": self.about}
        return {name: value for name, value in values.items() if value is not None}

    def allowed(self) -> tuple[float, float]:
        """Lowest and highest allowed amount, `math.inf` where there is none."""
        if self.about is not None:
            slack = about_slack(self.about)
            return max(0, self.about - slack), self.about + slack
        return self.least or 0, math.inf if self.most is None else self.most

    def __str__(self) -> str:
        """Such as "at least 3", "50 to 70", "about 2000 (1800 to 2200)"."""
        if self.about is not None:
            low, high = self.allowed()
            return f"about {self.about} ({low:g} to {high:g})"
        if self.least == self.most:
            return f"exactly {self.least}"
        if self.most is None:
            return f"at least {self.least}"
        return f"at most {self.most}" if self.least is None else f"{self.least} to {self.most}"


def about_slack(amount: int) -> int:
    """How far from "about N" is still about N: a tenth, rounded down, at least 1."""
    return max(1, math.floor(ABOUT_SHARE * amount))


def count_finding(measured: int, unit: str, bounds: Bounds) -> Finding:
    """Whether a count is within bounds."""
    low, high = bounds.allowed()
    distance = max(low - measured, measured - high, 0)
    return Finding(
        is_met=distance == 0,
        measured=measured,
        distance=float(distance),
        explanation=f"{measured} {unit}; wanted {bounds}",
    )


def yes_or_no(is_met: bool, explanation: str, measured: float | str | None = None) -> Finding:
    """A finding without a count to be off by."""
    return Finding(is_met=is_met, measured=measured, distance=0.0 if is_met else 1.0, explanation=explanation)


def length_score(required: float, written: float) -> float:
    """Points 0..100 for writing `written` words where `required` were asked for.

    100 at the required length, 0 at a third of it and at four times it; too short costs more than too long.

    Source: LongBench-Write, length score; SPEC section 3.

    Raises:
        ValueError: when the required length is not above 0 or the written one below.
    """
    if required <= 0 or written < 0:
        raise ValueError(f"a required length above 0 and a written one from 0 are expected, not {required}, {written}")
    if written > required:
        return 100 * max(0.0, 1 - (written / required - 1) / 3)
    if written == 0:
        return 0.0
    return 100 * max(0.0, 1 - (required / written - 1) / 2)

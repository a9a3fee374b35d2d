"""What a report is about, how its judge's scores are read, and what is chosen when the user did not say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from penmark.errors import ConfigError
from penmark.store import Store, reads

MODEL_SCALE = 10  # the highest score of a judge that counts points
MOST_JUDGES_BESIDE = 20  # compared without being asked to


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """What a report shows and how.

    Attributes:
        writers: the writers to show; all when none is named.
        scale: what a full score is shown as.
        partial: count the scored leaves of rounds that are not complete.
        seed: of the bootstrap.
        beside: whether the other judges of the benchmark are compared; None = where there are not too many.
    """

    writers: Sequence[str] = ()
    scale: Literal[10, 100] = 10
    partial: bool = False
    seed: int = 0
    beside: bool | None = None

    def compared(self, others: Sequence[str]) -> bool:
        """Whether these other judges are compared with the report's."""
        few = 1 + len(others) <= MOST_JUDGES_BESIDE
        return bool(others) and (few if self.beside is None else self.beside)


@dataclass(frozen=True, slots=True)
class Reading:
    """How one judge's scores are read.

    Attributes:
        unit: what a score counts.
        scale: 10 or 100: what a full score is shown as; None where scores are not points.
        by_root: whether a scoring is a root score; otherwise a leaf score.
        partial: whether the scored leaves of rounds that are not complete count.
    """

    unit: str
    scale: int | None
    by_root: bool
    partial: bool

    @classmethod
    def of(cls, spec: Mapping[str, Any], options: ReportOptions) -> Reading:
        """As the judge's specification and the user's options say."""
        unit = str(spec.get("unit", "points"))
        return cls(
            unit=unit,
            scale=options.scale if unit == "points" else None,
            by_root=spec.get("aggregate") != "scorings",
            partial=options.partial or bool(spec.get("partial")),
        )

    @property
    def aggregate(self) -> str:
        """What a mean is taken over, by its name in judge cards."""
        return "root" if self.by_root else "scorings"

    @property
    def factor(self) -> float:
        """What a score is multiplied by to be shown."""
        return self.scale / MODEL_SCALE if self.scale else 1.0


def choose(store: Store, bench: str | None, judge: str | None) -> tuple[str, str, tuple[str, ...]]:
    """(benchmark, judge, other judges of that benchmark): the newest that fit where none is named.

    Raises:
        ConfigError: when nothing has been judged, or a name is not there.
    """
    judges = {name: reads.judges_of(store.db, name) for name in reads.benches(store.db)}
    if not judges:
        raise ConfigError(f"{store.path} holds no tasks; run `penmark run sample --writer MODEL --judge rubric`")
    if bench is not None and bench not in judges:
        there = ", ".join(judges)
        raise ConfigError(f"no benchmark {bench!r} in {store.path}, only: {there}; run `penmark report --bench NAME`")
    fitting = [b for b, names in judges.items() if (bench in (None, b)) and (judge in names if judge else names)]
    if not fitting:
        raise ConfigError(_nothing_fits(store, judges if bench is None else {bench: judges[bench]}, judge))
    bench = fitting[-1]
    judge = judge or judges[bench][-1]
    return bench, judge, tuple(name for name in judges[bench] if name != judge)


def has_pairs_only(store: Store, bench: str | None, judge: str | None) -> bool:
    """Whether the judge or, where none is named, every judge of the benchmark compared responses and scored none."""
    benches = [bench] if bench is not None else reads.benches(store.db)
    scored = {name for b in benches for name in reads.judges_of(store.db, b)}
    compared = {name for b in benches for name in reads.pair_judges_of(store.db, b)}
    return judge in compared - scored if judge is not None else bool(compared) and not scored


def choose_pair_judge(store: Store, bench: str | None, judge: str | None) -> tuple[str, str, tuple[str, ...]]:
    """(benchmark, judge, other judges of that benchmark), as `choose`, among those that compared responses in pairs.

    Raises:
        ConfigError: when nothing has been compared, or a name is not there.
    """
    judges = {name: found for name in reads.benches(store.db) if (found := reads.pair_judges_of(store.db, name))}
    fitting = [b for b, names in judges.items() if bench in (None, b) and (judge is None or judge in names)]
    if not fitting:
        on = f" on {bench}" if bench else ""
        by = f" by judge {judge!r}" if judge else ""
        there = "; ".join(f"on {name} by {', '.join(found)}" for name, found in judges.items())
        raise ConfigError(
            f"no responses were compared in pairs{on}{by} in {store.path}{', only ' * bool(there)}{there}; "
            "compare some with `penmark compare BENCH --judge pairwise --judge-model MODEL`"
        )
    bench = fitting[-1]
    judge = judge or judges[bench][-1]
    return bench, judge, tuple(name for name in judges[bench] if name != judge)


def _nothing_fits(store: Store, judges: dict[str, list[str]], judge: str | None) -> str:
    benches = ", ".join(judges)
    there = ", ".join(dict.fromkeys(name for names in judges.values() for name in names))
    if not there:
        command = f"penmark judge {next(iter(judges))} --judge rubric"
        return f"nothing has been judged on {benches} in {store.path}; run `{command}`"
    found = f"no scores by judge {judge!r} on {benches} in {store.path}, only by: {there}"
    return f"{found}; run `penmark report --judge NAME`"

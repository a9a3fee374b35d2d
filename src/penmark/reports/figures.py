"""What a report holds: means with their interval, count and coverage, by writer. No computing here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# Tags of tasks that tasks are grouped by, with what a table of the groups is called.
TAG_TITLES = {
    "domain1": "Domains",
    "domain2": "Subdomains",
    "language": "Language of the task",
    "task_type": "Task types",
    "genre": "Genres",
    "group": "Groups",
}
OPTIONAL_TAGS = ("task_type", "genre", "group")  # not in a report where no task carries them
LENGTH_BUCKETS = ("<1K", "1K-3K", "3K-5K", "5K+")  # estimated tokens; WritingBench, figures 6 and 7
# What tables of judges say below, and what a rubric of a single leaf is called.
SHARED_CALLS = (
    "Cost: the calls of each judge's runs for each response judged; a call that two judges share is in the cost of the "
    "one that made it."
)
WHOLE = "(the whole response)"
FAILURES = ("unreadable", "failed")
LEAF_STATUSES = ("scored", "empty", *FAILURES)  # what can become of a leaf; the failures have no score


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A mean with what one must know to believe it.

    Attributes:
        mean: on the report's scale; None when nothing was scored.
        low: lower end of the 95% bootstrap interval over queries; None below two queries.
        high: its upper end.
        count: scored queries behind the mean.
        asked: scorings asked for.
        scored: scorings that could be had.
    """

    mean: float | None
    low: float | None
    high: float | None
    count: int
    asked: int
    scored: int

    @property
    def coverage(self) -> float:
        """Scored / asked, in 0..1; 0 when nothing was asked."""
        return self.scored / self.asked if self.asked else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterFigures:
    """Everything about one writer.

    Attributes:
        tags: tag (of TAG_TITLES) to its names to figure, in the benchmark's order; of OPTIONAL_TAGS those there are.
        requirement: kind ("style", "format", "length", "content") to {"R": figure, "C": figure}.
        length_in: bucket of estimated task tokens to figure; likewise length_out for the response.
    """

    name: str
    overall: Figure
    tags: Mapping[str, Mapping[str, Figure]]
    requirement: Mapping[str, Mapping[str, Figure]]
    length_in: Mapping[str, Figure]
    length_out: Mapping[str, Figure]
    mean_words: float | None = None

    def is_asked(self, kind: str) -> bool:
        """Whether anything was asked about this kind of requirement."""
        return any(figure.asked for figure in self.requirement.get(kind, {}).values())

    def groups(self) -> dict[str, Mapping[str, Figure]]:
        """The figures of all groups that a query or a response is in by one name: tags and lengths."""
        return {**self.tags, "length_in": self.length_in, "length_out": self.length_out}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Writer `first` minus writer `second`, over the queries both were scored on."""

    first: str
    second: str
    mean: float | None
    low: float | None
    high: float | None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeFigures:
    """What one of several judges of the same benchmark says of the writers.

    Attributes:
        aggregate: what its means are taken over, "root" or "scorings".
        scale: as a report's; judges may differ in it.
        cost_per_response_usd: what the calls of its runs cost for each response judged, with repeats and plans;
            None when not known. A call that another judge had made already is in that judge's cost only.
        tau: Kendall's tau-b between its writer means and those of the report's judge; None for that judge itself and
            where fewer than two writers have both means or one judge tells none apart.
        writers: writer to mean, in the report's order.
    """

    name: str
    unit: str
    aggregate: str
    scale: int | None
    cost_per_response_usd: float | None
    writers: Mapping[str, Figure]
    tau: float | None = None

    @property
    def coverage(self) -> float:
        """Scored / asked over the writers, in 0..1; 0 when nothing was asked."""
        asked = sum(figure.asked for figure in self.writers.values())
        return sum(figure.scored for figure in self.writers.values()) / asked if asked else 0.0

    @property
    def ranks(self) -> dict[str, int]:
        """Writer to rank, as `ranks_of`."""
        return ranks_of(self.writers)

    @property
    def cost(self) -> str:
        """What it costs for a response in USD, as text with enough digits to compare; a dash when not known."""
        cost_usd = self.cost_per_response_usd
        return "–" if cost_usd is None else f"{cost_usd:.{4 if cost_usd >= 0.01 else 6}f}" if cost_usd else "0"

    @property
    def decimals(self) -> int:
        """How many its means are worth showing with: 2 on scale 10, elsewhere by the highest mean."""
        highest = max((abs(f.mean) for f in self.writers.values() if f.mean is not None), default=0.0)
        return 2 if self.scale == 10 or 2 <= highest < 10 else 1 if highest >= 10 else 3


def ranks_of(figures: Mapping[str, Figure]) -> dict[str, int]:
    """Name to rank, 1 for the highest mean; equal means share a rank, and what has no mean has none."""
    # Rounded, as sums in another order differ in the last digits.
    means = {name: round(f.mean, 9) for name, f in figures.items() if f.mean is not None}
    return {name: 1 + sum(other > mean for other in means.values()) for name, mean in means.items()}


def decimals_of(value: float, scale: int | None) -> int:
    """How many decimals a figure is worth: 2 on scale 10, else 1; 3 for a share or another small one without scale."""
    return 2 if scale == 10 else 3 if scale is None and abs(value) < 2 else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafFigures:
    """What became of one leaf of a rubric, over all its judgments of the report's writers.

    Attributes:
        node: its path; "" where the rubric is a single leaf.
        mean: of the scores there are, on the report's scale; None when there is none.
        statuses: status to number of judgments.
    """

    node: str
    mean: float | None
    statuses: Mapping[str, int]

    @property
    def asked(self) -> int:
        """Judgments asked for."""
        return sum(self.statuses.values())

    @property
    def missing(self) -> int:
        """Judgments without a score."""
        return sum(self.statuses.get(status, 0) for status in FAILURES)

    def share(self, status: str) -> float:
        """Share of its judgments that have this status, in 0..1."""
        return self.statuses.get(status, 0) / self.asked if self.asked else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Where the middle of some weights is and how far they reach; all are shares in the parent's score.

    Attributes:
        count: tasks behind it.
    """

    low: float
    q1: float
    median: float
    q3: float
    high: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightFigures:
    """How the weights that a judge plans for each task are spread.

    Attributes:
        genres: genre to node path to spread, in the benchmark's order; "all" where tasks have no genre.
        unplanned: tasks whose plan could not be had.
    """

    genres: Mapping[str, Mapping[str, Spread]]
    unplanned: int

    @property
    def nodes(self) -> list[str]:
        """Every planned node, in the rubric's order."""
        return list(dict.fromkeys(node for by_node in self.genres.values() for node in by_node))


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One judge's scores of one benchmark.

    Attributes:
        scale: 10 or 100: what a full score is shown as; None for measures without a 1-10 scale.
        unit: what a score counts ("points", or such as "words").
        domains: domain1 to its domain2 names, in the benchmark's order, for tables and heatmaps.
        writers: best first.
        notes: what a reader must be told, such as that the embedded model judges poorly.
        other_judges: further judges of this benchmark in the same store.
        judges: this judge and the others side by side, this one first; empty where they are not compared.
        leaves: by path in the rubric; empty where tasks have rubrics of their own, with too many leaves to list.
        weights: the planned ones; None where the judge plans none.
    """

    bench: str
    judge: str
    scale: int | None
    unit: str
    partial: bool
    domains: Mapping[str, tuple[str, ...]]
    writers: tuple[WriterFigures, ...]
    differences: tuple[Difference, ...]
    judge_spec: Mapping[str, object]
    writer_specs: Mapping[str, Mapping[str, object]]
    notes: tuple[str, ...] = ()
    other_judges: tuple[str, ...] = field(default=())
    judges: tuple[JudgeFigures, ...] = ()
    leaves: tuple[LeafFigures, ...] = ()
    weights: WeightFigures | None = None

    @property
    def ranks(self) -> dict[str, int]:
        """Writer to rank by the overall mean, as `ranks_of`."""
        return ranks_of({writer.name: writer.overall for writer in self.writers})

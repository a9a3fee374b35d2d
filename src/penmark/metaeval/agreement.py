"""How far judges agree with people, always beside the length of the text, chance, and people among themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from penmark.errors import ConfigError
from penmark.evaluate.ratings import annotators
from penmark.metaeval.comparing import (
    LEVELS,
    Estimate,
    Estimates,
    Setting,
    average,
    compare,
    compare_normalised,
    difference,
    on_one_scale,
)
from penmark.metaeval.panel import (
    FloatArray,
    Pairs,
    Panel,
    Rater,
    length_rater,
    load_panel,
    load_rater,
    pairs_of,
    random_rater,
    verdicts,
)
from penmark.metaeval.variant_figures import Figure, plain_figure
from penmark.stats.reliability import cohen_kappa, fleiss_kappa, krippendorff_alpha
from penmark.store import Store, reads
from penmark.store.tallies import cost_of, judging_costs

CEILING = "human ceiling"
POINTS = (1.0, 10.0)  # the scale of a judge that counts points


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeAgreement:
    """One judge's agreement with the human.

    Attributes:
        kind: "judge", "baseline" or "ceiling".
        figures: "pairwise", "kappa", "pearson", ...; "within_task.pearson", "system.pearson", ...
        normalised: the same with both sides normalised per writer; empty for preferences.
        groups: tag value to the figures of its tasks.
        over_length: pairwise agreement less that of the length on the same pairs.
        coverage: share of what the human rated (responses or, of preferences, pairs) that it has a verdict on.
        cost_usd: of one response (or pair); None where it is not known.
    """

    name: str
    kind: str
    figures: Mapping[str, Figure]
    normalised: Mapping[str, Figure]
    groups: Mapping[str, Mapping[str, Figure]]
    over_length: Figure | None
    coverage: float
    cost_usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Agreement of every judge of a benchmark with the human.

    Attributes:
        tasks: those of which anything was rated.
        among: agreement of the annotators with each other beyond chance; empty where no two rated the same.
        notes: what a reader must be told beside the figures.
    """

    bench: str
    human: str
    tasks: int
    rated: int
    pairs: int
    tag: str | None
    judges: Sequence[JudgeAgreement]
    annotators: Sequence[str]
    among: Mapping[str, float | None] = field(default_factory=dict)
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked.

    Attributes:
        human: the judge to compare with; None = the newest human one.
        judges: those to compare; all but people when none is named.
        tag: the tag whose values group the tasks.
    """

    bench: str
    human: str | None = None
    judges: Sequence[str] = ()
    tag: str | None = None
    seed: int = 0


def agreement(store: Store, question: Question) -> Agreement:
    """The figures.

    Raises:
        ConfigError: when nobody rated, or a judge is not there.
    """
    comparing = _Comparing(store, question)
    judges = list(comparing.rows())
    return Agreement(
        bench=question.bench,
        human=comparing.human.name,
        tasks=comparing.rated_tasks(),
        rated=comparing.human.scored,
        pairs=len(comparing.pairs.human_P),
        tag=question.tag,
        judges=judges,
        annotators=[rater.name for rater in comparing.people],
        among=comparing.among(),
        notes=list(comparing.notes()),
    )


def human_judge(store: Store, bench: str, name: str | None) -> str:
    """The judge that stands for people: the one named or else the newest that is all annotators, or anybody.

    Raises:
        ConfigError: when there is none.
    """
    there = [*reads.judges_of(store.db, bench), *reads.pair_judges_of(store.db, bench)]
    if name is not None:
        if name not in there:
            raise ConfigError(f"no judgments by {name!r} on {bench} in {store.path}, only by: {', '.join(there)}")
        return name
    specs = reads.specs(store.db, "judges")
    people = [j for j in there if specs[j].get("judge") == "human" and not specs[j].get("annotator")]
    people = people or [j for j in there if specs[j].get("judge") == "human"]
    if not people:
        raise ConfigError(
            f"nobody has rated {bench} in {store.path}; run `penmark import ratings FILE --bench {bench}`, "
            "or name a judge to compare with as --human NAME"
        )
    return people[-1]


class _Comparing:
    """The human, and the judges that are compared with it."""

    def __init__(self, store: Store, question: Question) -> None:
        self.store = store
        self.question = question
        self.specs = reads.specs(store.db, "judges")
        name = human_judge(store, question.bench, question.human)
        self.panel = load_panel(store, question.bench)
        self.human = load_rater(store, self.panel, name)
        self.pairs = pairs_of(self.panel, self.human)
        self.setting = Setting.of(self.panel, seed=question.seed)
        self.people = [load_rater(store, self.panel, who) for who in self._annotators(name)]
        self.costs = judging_costs(store.db, question.bench)
        self.length = length_rater(self.panel)
        self.groups = self._groups(question.tag)

    def _annotators(self, name: str) -> list[str]:
        there = self._there()
        return [who for who in annotators(self.specs, name) if who in there]

    def _there(self) -> list[str]:
        db, bench = self.store.db, self.question.bench
        return list(dict.fromkeys([*reads.judges_of(db, bench), *reads.pair_judges_of(db, bench)]))

    def _groups(self, tag: str | None) -> dict[str, Setting]:
        if tag is None:
            return {}
        values = [task.tags.get(tag) for task in self.panel.tasks]
        known = [value for value in dict.fromkeys(values) if value is not None]
        if not known:
            tags = ", ".join(sorted({name for task in self.panel.tasks for name in task.tags}))
            raise ConfigError(f"no task of {self.question.bench} has the tag {tag!r}; there are {tags or 'none'}")
        seed = self.question.seed
        return {v: Setting.of(self.panel, seed=seed, tasks=[value == v for value in values]) for v in known}

    def rows(self) -> Iterator[JudgeAgreement]:
        """Judges in the store's order, then the baselines, then people among themselves."""
        names = self._chosen()
        for name in names:
            kind = "baseline" if self.specs[name].get("judge") == "length" else "judge"
            yield self._row(load_rater(self.store, self.panel, name), kind, self._cost(name))
        for rater in (self.length, random_rater(self.panel, self.question.seed)):
            if not any(self.specs[n].get("judge") == rater.name == n for n in names):
                free = rater if rater.name not in names else replace(rater, name=f"{rater.name} (baseline)")
                yield self._row(free, "baseline", 0.0)
        if self._people_overlap():
            yield self._ceiling()

    def rated_tasks(self) -> int:
        """Tasks of which the human rated a response, or compared two."""
        scores_R = self.human.scores_R
        return len(np.unique(self.pairs.task_P if scores_R is None else self.panel.task_R[~np.isnan(scores_R)]))

    def _people_overlap(self) -> bool:
        """Whether anything was rated by two annotators."""
        ratings = _ratings(self.people, self.pairs)
        return bool(ratings) and bool((np.count_nonzero(~np.isnan(ratings), axis=0) > 1).any())

    def _chosen(self) -> list[str]:
        there = self._there()
        unknown = [name for name in self.question.judges if name not in there]
        if unknown:
            raise ConfigError(
                f"no judgments by {', '.join(unknown)} on {self.question.bench} in {self.store.path}, "
                f"only by: {', '.join(there)}"
            )
        rest = [n for n in there if n != self.human.name and self.specs[n].get("judge") != "human"]
        return [*(self.question.judges or rest)]

    def _cost(self, judge: str) -> float | None:
        cost_usd = cost_of(self.costs, judge, self.specs[judge])
        rater = load_rater(self.store, self.panel, judge)
        return None if cost_usd is None or not rater.asked else cost_usd / rater.asked

    def _row(self, judge: Rater, kind: str, cost_usd: float | None) -> JudgeAgreement:
        found = compare(self.setting, self.human, judge, pairs=self.pairs)
        if self._is_on_one_scale(judge):
            found |= on_one_scale(self.setting, self.human, judge)
        by_group = {v: compare(s, self.human, judge, pairs=self.pairs) for v, s in self.groups.items()}
        return JudgeAgreement(
            name=judge.name,
            kind=kind,
            figures=_figures(found),
            normalised=_figures(compare_normalised(self.setting, self.human, judge)),
            groups={value: _figures(estimates) for value, estimates in by_group.items()},
            over_length=self._over_length(judge, found["pairwise"]) if kind == "judge" else None,
            coverage=self._coverage(judge),
            cost_usd=cost_usd,
        )

    def _is_on_one_scale(self, judge: Rater) -> bool:
        """Whether both are people, or the judge counts points and the ratings are said to be of 1-10."""
        spec = self.specs.get(judge.name, {})
        if spec.get("judge") == "human":
            return True
        scale = self.specs[self.human.name].get("scale")
        return spec.get("unit") == "points" and scale is not None and tuple(scale) == POINTS

    def _over_length(self, judge: Rater, pairwise: Estimate) -> Figure:
        """On the pairs that the judge has a verdict on."""
        judge_P = verdicts(judge, self.pairs)
        same = replace(self.pairs, human_P=np.where(np.isnan(judge_P), np.nan, self.pairs.human_P))
        return difference(
            pairwise, compare(self.setting, self._pairs_only(), self.length, pairs=same)["pairwise"]
        ).figure()

    def _pairs_only(self) -> Rater:
        return Rater(self.human.name)

    def _coverage(self, judge: Rater) -> float:
        if self.human.scores_R is not None and judge.scores_R is not None:
            rated = ~np.isnan(self.human.scores_R)
            return float((rated & ~np.isnan(judge.scores_R)).sum() / rated.sum()) if rated.any() else 0.0
        there_P = ~np.isnan(self.pairs.human_P)
        return float((there_P & ~np.isnan(verdicts(judge, self.pairs))).sum() / there_P.sum()) if there_P.any() else 0.0

    def _ceiling(self) -> JudgeAgreement:
        """One annotator against the rest, as `_together` has them; averaged over the annotators."""
        plain, even, covered = [], [], []
        for one in self.people:
            rest = _together([rater for rater in self.people if rater is not one], self.panel)
            pairs = pairs_of(self.panel, rest)
            plain.append(compare(self.setting, rest, one, pairs=pairs) | on_one_scale(self.setting, rest, one))
            even.append(compare_normalised(self.setting, rest, one))
            covered.append(self._coverage(one))
        return JudgeAgreement(
            name=CEILING,
            kind="ceiling",
            figures=_figures(average(plain)),
            normalised=_figures(average(even)),
            groups={},
            over_length=None,
            coverage=float(np.mean(covered)),
            cost_usd=None,
        )

    def among(self) -> dict[str, float | None]:
        """Agreement of the annotators beyond chance: on scores or, where they compared, on verdicts."""
        if not self._people_overlap():
            return {}
        ratings = _ratings(self.people, self.pairs)
        pairs = [(a, b) for i, a in enumerate(ratings) for b in ratings[i + 1 :]]
        kappa = [k for k in (cohen_kappa(a, b) for a, b in pairs) if not np.isnan(k)]
        found = {"cohen_kappa": float(np.mean(kappa)) if kappa else np.nan, "fleiss_kappa": fleiss_kappa(ratings)}
        found |= {f"alpha_{level}": krippendorff_alpha(ratings, level=level) for level in LEVELS}
        return {name: None if np.isnan(value) else value for name, value in found.items()}

    def notes(self) -> Iterator[str]:
        """What a reader must know."""
        if not self._people_overlap():
            yield "The human ceiling is not known: the ratings do not name two annotators who rated the same."
        if not len(self.pairs.human_P):
            yield "No two responses to one task by different writers were rated, so there is no pair to compare."
        elif not (self.pairs.human_P != 0).any():
            yield "The human ties every pair, so there is no order to agree with."


def _together(people: Sequence[Rater], panel: Panel) -> Rater:
    """Several annotators as one: the mean of their scores, or the side that more are on, a tie where neither is."""
    scored = [rater.scores_R for rater in people if rater.scores_R is not None]
    if scored:
        counts_R = sum((~np.isnan(s)).astype(float) for s in scored)
        total_R = np.nansum(scored, axis=0)
        mean_R: FloatArray = np.full(len(panel.keys), np.nan)
        np.divide(total_R, counts_R, out=mean_R, where=np.asarray(counts_R) > 0)
        return Rater("rest", mean_R)
    sums: dict[tuple[int, int], float] = {}
    for rater in people:
        for pair, margin in (rater.margins or {}).items():
            sums[pair] = sums.get(pair, 0.0) + margin
    return Rater("rest", margins={pair: float(np.sign(total)) for pair, total in sums.items()})


def _ratings(people: Sequence[Rater], pairs: Pairs) -> list[FloatArray]:
    """Each annotator's ratings of the same units: scores of responses, or verdicts on pairs."""
    scores = [rater.scores_R for rater in people]
    found = [s for s in scores if s is not None]
    return found if len(found) == len(people) else [verdicts(rater, pairs) for rater in people]


def _figures(estimates: Estimates) -> dict[str, Figure]:
    return {name: estimate.figure() for name, estimate in estimates.items()}


def as_json(made: Agreement) -> dict[str, object]:
    """{"bench", "human", "judges": {NAME: {...}}}; null where there is no figure, never NaN.

    A figure is {"value", "ci95", "n"}. What is said of the annotators among themselves is in the human ceiling.
    """
    return {"bench": made.bench, "human": made.human, "judges": {j.name: _plain(j, made) for j in made.judges}}


def _plain(judge: JudgeAgreement, made: Agreement) -> dict[str, object]:
    groups = {value: nested(figures) for value, figures in judge.groups.items()}
    return {
        "kind": judge.kind,
        **nested(judge.figures),
        "normalised": nested(judge.normalised) or None,
        **({"over_length": plain_figure(judge.over_length)} if judge.over_length else {}),
        **({made.tag or "": groups} if groups else {}),
        **({"among_annotators": dict(made.among)} if judge.kind == "ceiling" else {}),
        "coverage": judge.coverage,
        "cost": judge.cost_usd,
    }


def nested(figures: Mapping[str, Figure]) -> dict[str, object]:
    """Figures as plain values; "system.pearson" as pearson in system."""
    found: dict[str, object] = {}
    for name, figure in figures.items():
        level, _, last = name.rpartition(".")
        place = found.setdefault(level, {}) if level else found
        assert isinstance(place, dict)
        place[last] = plain_figure(figure)
    return found

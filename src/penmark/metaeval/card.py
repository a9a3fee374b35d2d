"""Everything that is known about one judge on one benchmark, for its card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from penmark.errors import ConfigError
from penmark.metaeval import agreement as agreements
from penmark.metaeval import calibration as calibrations
from penmark.metaeval import length_bias, robustness, stability
from penmark.metaeval.agreement import Agreement, JudgeAgreement, Question, human_judge
from penmark.metaeval.calibration import Calibration
from penmark.metaeval.comparing import Setting
from penmark.metaeval.length_bias import JudgeLength
from penmark.metaeval.panel import Rater, load_panel, load_rater
from penmark.metaeval.robustness import Robustness
from penmark.metaeval.stability import Stability
from penmark.store import Store, reads
from penmark.store.tallies import cost_of, judging_costs


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One judge.

    Attributes:
        spec: the judge as the store knows it.
        human: who it is compared with; None where nobody rated, and then there is no agreement and no calibration.
        agreement: it, the length, chance and the human ceiling.
        stability: None where it scored nothing twice.
        lengths: it and, where there are people, them.
        robustness: None where it has judged no perturbed copies.
        statuses: status of its root verdicts to their number; empty for judges of pairs.
        cost_usd: of all its calls on this benchmark; None where it is not known.
    """

    bench: str
    judge: str
    spec: Mapping[str, Any]
    human: str | None
    agreement: Agreement | None
    stability: Stability | None
    lengths: Sequence[JudgeLength]
    calibration: Calibration | None
    robustness: Robustness | None
    statuses: Mapping[str, int]
    asked: int
    scored: int
    cost_usd: float | None

    @property
    def own(self) -> JudgeAgreement | None:
        """Its own row of the agreement."""
        return next((row for row in self.agreement.judges if row.name == self.judge), None) if self.agreement else None


def cards(
    store: Store, bench: str, judges: Sequence[str] = (), *, human: str | None = None, seed: int = 0
) -> Iterator[Card]:
    """The card of each judge that is named, or of all but people.

    Raises:
        ConfigError: when a judge is not there, or there is none.
    """
    specs = reads.specs(store.db, "judges")
    there = list(dict.fromkeys([*reads.judges_of(store.db, bench), *reads.pair_judges_of(store.db, bench)]))
    unknown = [name for name in judges if name not in there]
    if unknown:
        raise ConfigError(f"no judgments by {', '.join(unknown)} on {bench}, only by: {', '.join(there)}")
    wanted = judges or [name for name in there if specs[name].get("judge") != "human"]
    if not wanted:
        raise ConfigError(
            f"only people have judged {bench}; run `penmark judge {bench} --judge length` or another judge"
        )
    rated = human is not None or any(specs[name].get("judge") == "human" for name in there)
    people = human_judge(store, bench, human) if rated else None
    setting = Setting.of(load_panel(store, bench), seed=seed)
    return (_card(store, setting, name, people, seed) for name in wanted)


def _card(store: Store, setting: Setting, judge: str, human: str | None, seed: int) -> Card:
    bench = setting.panel.bench
    rater = load_rater(store, setting.panel, judge)
    people = load_rater(store, setting.panel, human) if human is not None and human != judge else None
    spec = reads.specs(store.db, "judges")[judge]
    return Card(
        bench=bench,
        judge=judge,
        spec=spec,
        human=people.name if people else None,
        agreement=agreements.agreement(store, Question(bench=bench, human=people.name, judges=(judge,), seed=seed))
        if people
        else None,
        stability=stability.stability_of(store, setting, judge),
        lengths=_lengths(setting, rater, people),
        calibration=calibrations.calibration(setting, people, rater) if people else None,
        robustness=_robustness(store, bench, judge, seed),
        statuses=reads.root_statuses(store.db, bench, judge),
        asked=rater.asked,
        scored=rater.scored,
        cost_usd=cost_of(judging_costs(store.db, bench), judge, spec),
    )


def _lengths(setting: Setting, judge: Rater, people: Rater | None) -> list[JudgeLength]:
    own = length_bias.judge_length(setting, judge, people)
    return [own, length_bias.judge_length(setting, people, None)] if people else [own]


def _robustness(store: Store, bench: str, judge: str, seed: int) -> Robustness | None:
    if not robustness.copies_on(store, bench):
        return None
    made = robustness.robustness(store, bench, [judge], seed=seed)
    return made if any(d.effects for d in made.disturbances) else None


def as_json(bench: str, made: Sequence[Card]) -> dict[str, object]:
    """{"bench", "human", "judges": {NAME: {...}}}; what has not been measured is null."""
    human = next((card.human for card in made if card.human is not None), None)
    return {"bench": bench, "human": human, "judges": {card.judge: _plain(card) for card in made}}


def _plain(card: Card) -> dict[str, object]:
    cost_each = None if card.cost_usd is None or not card.asked else card.cost_usd / card.asked
    found = agreements.as_json(card.agreement)["judges"] if card.agreement else None
    return {
        "spec": dict(card.spec),
        "agreement": found,
        "coverage": {"asked": card.asked, "scored": card.scored, "statuses": dict(card.statuses)},
        "cost": {"total": card.cost_usd, "each": cost_each},
        "stability": stability.plain(card.stability) if card.stability else None,
        "length": {judge.name: length_bias.plain(judge) for judge in card.lengths},
        "robustness": robustness.as_json(card.robustness) if card.robustness else None,
        "calibration": calibrations.plain(card.calibration),
    }

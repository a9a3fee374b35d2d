"""How well the judges of a benchmark made of groups of known order rank them, from the store alone.

Whatever has judged the responses is a judge here: models, rules, metrics, people whose ratings were imported. A
response scored several times counts with the mean of its root scores.

Source: From Coarse to Fine (WEval), section 3.1.3; SPEC section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from penmark.errors import ConfigError
from penmark.metaeval.rankings import Dropped, Ranked, RankFigures, Ties, as_json, rank_figures
from penmark.metaeval.variant_figures import DECIMALS
from penmark.records import Task
from penmark.requirements.dropout import dropped_by, is_group
from penmark.store import Store, reads
from penmark.store.tallies import cost_of, judging_costs

BLIND = " (blind)"  # what follows the name of a judge that was shown no requirements


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeRanking:
    """One judge of the groups.

    Attributes:
        judge: id of what it is, such as "rubric"; its name in the store may be another.
        is_blind: whether it was shown the texts without their requirements.
        cost_per_response_usd: what its calls cost for each response judged; None when not known.
    """

    name: str
    judge: str
    is_blind: bool
    figures: RankFigures
    cost_per_response_usd: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Weval:
    """What the groups of a benchmark say of its judges.

    Attributes:
        groups: in the benchmark, whether judged or not.
        judges: the best correlation first.
    """

    bench: str
    groups: int
    ties: Ties
    judges: Sequence[JudgeRanking]


def rank_judges(
    store: Store, bench: str, judges: Sequence[str] = (), *, ties: Ties = "expected", seed: int = 0
) -> Weval:
    """Figures of each judge that has scored groups of the benchmark.

    Args:
        store: where they are.
        bench: the benchmark.
        judges: only these; all when none is named.
        ties: as for `rank_figures`.
        seed: of the bootstrap.

    Raises:
        ConfigError: when the benchmark has no groups, or a judge named has scored none.
    """
    groups = group_tasks(store, bench)
    known = reads.judges_of(store.db, bench)
    if unknown := [name for name in judges if name not in known]:
        raise ConfigError(
            f"no scores of {bench} by {', '.join(map(repr, unknown))} in {store.path}; there are those of "
            f"{', '.join(known) or 'nobody'}; get more with `penmark weval rank --bench {bench} --judge JUDGE`"
        )
    specs, costs = reads.specs(store.db, "judges"), judging_costs(store.db, bench)
    found = []
    for name in judges or known:
        ranked = load_ranked(store, bench, name, groups)
        if len(ranked.group_R):
            cost = cost_of(costs, name, specs[name])
            found.append(
                JudgeRanking(
                    name=name,
                    judge=str(specs[name].get("judge", "")),
                    is_blind="shown" in specs[name],
                    figures=rank_figures(ranked, ties=ties, seed=seed),
                    cost_per_response_usd=None if cost is None else cost / len(ranked.group_R),
                )
            )
    return Weval(bench=bench, groups=len(groups), ties=ties, judges=sorted(found, key=_place))


def _place(judge: JudgeRanking) -> tuple[bool, float, str]:
    """The best correlation first, those without one last, equals by name."""
    value = judge.figures.correlation.value
    return value is None, -(value or 0.0), judge.name


def group_tasks(store: Store, bench: str) -> list[Task]:
    """The tasks of a benchmark's groups.

    Raises:
        ConfigError: when it has none.
    """
    found = [task for task, _ in reads.tasks(store.db, bench) if is_group(task)]
    if not found:
        raise ConfigError(
            f"{store.path} holds no groups of known order in {bench!r}; make some with "
            f"`penmark weval build --bench {bench}` or bring some with `penmark weval import FILE --bench {bench}`"
        )
    return found


def load_ranked(store: Store, bench: str, judge: str, groups: Sequence[Task]) -> Ranked:
    """A judge's scores of the groups it has begun; a response of these without a score is unscored."""
    rows: list[tuple[int, int, Dropped]] = []
    place: dict[tuple[str, str], int] = {}
    for group, task in enumerate(groups):
        for order, (writer, dropped) in enumerate(dropped_by(task).items()):
            place[task.id, writer] = len(rows)
            rows.append((group, order, tuple(sorted(task.requirements[p].kind for p in dropped))))
    sums_R_2 = np.zeros((len(rows), 2))
    begun = set()
    for task_id, writer, judgment in reads.judgments_on(store.db, bench, judge):
        row = place.get((task_id, writer))
        if row is None or judgment.node != "":
            continue
        begun.add(rows[row][0])
        if judgment.score is not None:
            sums_R_2[row] += judgment.score, 1
    numbers = {group: number for number, group in enumerate(sorted(begun))}
    asked = [row for row, (group, _, _) in enumerate(rows) if group in numbers]
    total_R, count_R = sums_R_2[asked].reshape(-1, 2).T
    score_R = np.full(len(asked), np.nan)
    np.divide(total_R, count_R, out=score_R, where=count_R > 0)
    return Ranked(
        group_R=np.array([numbers[rows[row][0]] for row in asked], np.intp),
        order_R=np.array([rows[row][1] for row in asked], np.intp),
        score_R=score_R.round(DECIMALS),  # Sums in another order differ in the last bits, which must not break ties.
        dropped=[rows[row][2] for row in asked],
    )


def weval_json(weval: Weval) -> dict[str, object]:
    """The figures as plain values, as `rankings.as_json` has them for each judge."""
    return {
        "bench": weval.bench,
        "groups": weval.groups,
        "ties": weval.ties,
        "judges": {
            judge.name: {
                "judge": judge.judge,
                "is_blind": judge.is_blind,
                "cost_per_response_usd": judge.cost_per_response_usd,
                **as_json(judge.figures),
            }
            for judge in weval.judges
        },
    }

"""How far scores follow the length of the text, and what is left of a judge's agreement when length is held constant.

Lengths are characters, white space included, as the judge `length` counts them.

Axes: R responses, P pairs of responses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from penmark.errors import ConfigError
from penmark.metaeval.agreement import human_judge
from penmark.metaeval.comparing import Estimate, Setting, pair_figures
from penmark.metaeval.panel import (
    FloatArray,
    Pairs,
    Panel,
    Rater,
    length_rater,
    load_panel,
    load_rater,
    pairs_of,
    verdicts,
)
from penmark.metaeval.variant_figures import Figure, plain_figure
from penmark.stats.resampled import ratios
from penmark.store import Store, reads

ALIKE = 0.1  # lengths that differ by at most this share of the longer one
FEWEST = 3  # responses to correlate


@dataclass(frozen=True, slots=True)
class Correlation:
    """A correlation with its two-sided p-value, of independent responses; None where there is none."""

    value: float | None
    p: float | None
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeLength:
    """How far one judge follows length.

    Attributes:
        output: correlations of its scores with the length of the response, by name; likewise `input` of the task.
        longer: share of its verdicts on pairs of different length, ties left out, that are for the longer one.
        agreement: pairwise agreement with the human on all pairs, for comparison with `matched`.
        matched: the same on pairs whose lengths differ by at most a tenth of the longer one.
        partial: Spearman's correlation of its scores with the human's, length held constant.
    """

    name: str
    output: Mapping[str, Correlation]
    input: Mapping[str, Correlation]
    longer: Figure
    agreement: Figure | None
    matched: Figure | None
    partial: float | None


@dataclass(frozen=True, slots=True)
class Slope:
    """Characters of response for each character of task, by least squares, with r and p; None where there is none."""

    writer: str
    slope: float | None
    r: float | None
    p: float | None
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthBias:
    """Length on one benchmark.

    Attributes:
        human: whom judges are compared with; None where nobody rated.
        slopes: of each writer, all together first.
    """

    bench: str
    human: str | None
    judges: Sequence[JudgeLength]
    slopes: Sequence[Slope]


def length_bias(
    store: Store, bench: str, judges: Sequence[str] = (), *, human: str | None = None, seed: int = 0
) -> LengthBias:
    """Every judge of a benchmark, people among them.

    Args:
        store: the judgments.
        bench: name of the benchmark.
        judges: only these and the human; all but single annotators when none is named.
        human: the judge to compare with; None = the newest people, where there are any.
        seed: of the bootstrap.

    Raises:
        ConfigError: when a judge is not there.
    """
    specs = reads.specs(store.db, "judges")
    there = [*reads.judges_of(store.db, bench), *reads.pair_judges_of(store.db, bench)]
    unknown = [name for name in judges if name not in there]
    if unknown:
        raise ConfigError(f"no judgments by {', '.join(unknown)} on {bench}, only by: {', '.join(there)}")
    rated = human is not None or any(specs[name].get("judge") == "human" for name in there)
    people = human_judge(store, bench, human) if rated else None
    wanted = judges or [name for name in there if not specs[name].get("annotator")]
    names = dict.fromkeys([*([people] if people else []), *wanted])
    setting = Setting.of(load_panel(store, bench), seed=seed)
    rater = None if people is None else load_rater(store, setting.panel, people)
    made = [judge_length(setting, load_rater(store, setting.panel, name), rater) for name in names]
    return LengthBias(bench=bench, human=people, judges=made, slopes=list(_slopes(setting.panel)))


def judge_length(setting: Setting, judge: Rater, human: Rater | None) -> JudgeLength:
    """One judge's; compared with the human unless that is itself."""
    panel = setting.panel
    prompt_R = np.array([len(task.prompt) for task in panel.tasks], np.float64)[panel.task_R]
    compared = human if human is not None and human.name != judge.name else None
    pairs = pairs_of(panel, judge) if compared is None else pairs_of(panel, compared)
    said_P = pairs.human_P if compared is None else verdicts(judge, pairs)
    matched = replace(pairs, human_P=np.where(_alike(panel, pairs), pairs.human_P, np.nan))
    return JudgeLength(
        name=judge.name,
        output=_correlations(judge.scores_R, panel.chars_R),
        input=_correlations(judge.scores_R, prompt_R),
        longer=_longer(setting, pairs_of(panel, judge)),
        agreement=pair_figures(setting, pairs, said_P)["pairwise"].figure() if compared else None,
        matched=pair_figures(setting, matched, said_P)["pairwise"].figure() if compared else None,
        partial=_partial(compared, judge, panel.chars_R) if compared else None,
    )


def _alike(panel: Panel, pairs: Pairs) -> np.ndarray:
    first_P, second_P = panel.chars_R[pairs.first_P], panel.chars_R[pairs.second_P]
    return np.asarray(np.abs(first_P - second_P) <= ALIKE * np.fmax(first_P, second_P))


def _longer(setting: Setting, pairs: Pairs) -> Figure:
    """Over the judge's own verdicts."""
    longer_P = verdicts(length_rater(setting.panel), pairs)
    counts_P = ((longer_P * pairs.human_P) != 0) & ~np.isnan(longer_P * pairs.human_P)
    for_longer_P = counts_P & (longer_P == pairs.human_P)
    by_task = [setting.by_task(values.astype(float), pairs.task_P) for values in (for_longer_P, counts_P)]
    return Estimate(ratios(setting.weights_B_N, *by_task), int(counts_P.sum())).figure()


def _correlations(scores_R: FloatArray | None, lengths_R: FloatArray) -> dict[str, Correlation]:
    if scores_R is None:
        return {}
    both = ~np.isnan(scores_R) & ~np.isnan(lengths_R)
    x, y = scores_R[both], lengths_R[both]
    if len(x) < FEWEST or not np.ptp(x) or not np.ptp(y):
        return {name: Correlation(None, None, len(x)) for name in ("pearson", "spearman")}
    found = {"pearson": stats.pearsonr(x, y), "spearman": stats.spearmanr(x, y)}
    return {name: Correlation(float(r.statistic), float(r.pvalue), len(x)) for name, r in found.items()}


def _partial(human: Rater, judge: Rater, chars_R: FloatArray) -> float | None:
    """Partial rank correlation: of what is left of either side's ranks when those of the length are taken out."""
    if human.scores_R is None or judge.scores_R is None:
        return None
    both = ~np.isnan(human.scores_R) & ~np.isnan(judge.scores_R) & ~np.isnan(chars_R)
    ranks = [stats.rankdata(side[both]) for side in (human.scores_R, judge.scores_R, chars_R)]
    if both.sum() <= FEWEST or any(not np.ptp(rank) for rank in ranks):
        return None
    hj, hl, jl = (float(np.corrcoef(ranks[a], ranks[b])[0, 1]) for a, b in ((0, 1), (0, 2), (1, 2)))
    left = (1 - hl**2) * (1 - jl**2)
    return (hj - hl * jl) / left**0.5 if left > 1e-12 else None


def _slopes(panel: Panel) -> Iterator[Slope]:
    prompt_R = np.array([len(task.prompt) for task in panel.tasks], np.float64)[panel.task_R]
    yield _slope("all writers", prompt_R, panel.chars_R)
    for n, writer in enumerate(panel.writers):
        of = panel.writer_R == n
        yield _slope(writer, prompt_R[of], panel.chars_R[of])


def _slope(writer: str, prompt_R: FloatArray, chars_R: FloatArray) -> Slope:
    there = ~np.isnan(chars_R)
    x, y = prompt_R[there], chars_R[there]
    if len(x) < FEWEST or not np.ptp(x) or not np.ptp(y):
        return Slope(writer, None, None, None, len(x))
    line = stats.linregress(x, y)
    return Slope(writer, float(line.slope), float(line.rvalue), float(line.pvalue), len(x))


def as_json(found: LengthBias) -> dict[str, object]:
    """{"bench", "human", "judges": {NAME: {...}}, "slopes": {WRITER: {"slope", "r", "p", "n"}}}."""
    slopes = {s.writer: {"slope": s.slope, "r": s.r, "p": s.p, "n": s.n} for s in found.slopes}
    judges = {judge.name: plain(judge) for judge in found.judges}
    return {"bench": found.bench, "human": found.human, "judges": judges, "slopes": slopes}


def plain(judge: JudgeLength) -> dict[str, object]:
    """One judge's as plain values."""
    lengths = {"output": judge.output, "input": judge.input}
    figures = {"longer_preferred": judge.longer, "agreement": judge.agreement, "length_matched": judge.matched}
    return {
        **{k: {n: {"value": c.value, "p": c.p, "n": c.n} for n, c in of.items()} or None for k, of in lengths.items()},
        **{name: None if figure is None else plain_figure(figure) for name, figure in figures.items()},
        "partial_spearman": judge.partial,
    }

"""A calibration of other judges' leaves to human scores, as a judge of its own: what people would give, in points.

The file comes from `penmark meta calibrate --save FILE` and says which judges it reads, with which settings, and what
each of their leaves adds. A leaf's score here is what that leaf alone says of the human score, so that their mean, the
root, is the calibrated score. By the method "alike" there is one leaf: the ratings of alike texts.

Source: stats/leaf_calibration.py.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penmark import registry
from penmark.errors import ConfigError, DataError
from penmark.protocols import Judge, JudgeCard, JudgeOptions, PlanQuestion, Question, Sampling, Verdict
from penmark.records import Criterion, Response, Rubric, Task

if TYPE_CHECKING:
    from penmark.stats.leaf_calibration import Calibration, Curve

CARD = JudgeCard(
    id="calibrated",
    version=1,
    description="leaves of other judges calibrated to human scores by `penmark meta calibrate`, in human points",
    needs_model=False,
)
FORMAT = "penmark calibration 1"
ALIKE = "alike"
MAKE_ONE = "make one with `penmark meta calibrate BENCH --judge surface --save FILE`"


@dataclass(frozen=True, slots=True)
class Leaf:
    """One leaf of a source, by the source's label, and what its scores add."""

    source: str
    node: str
    curve: Curve

    @property
    def path(self) -> str:
        """Where it is in this judge's tree."""
        return f"{self.source}/{self.node}"


class CalibratedJudge:
    """Scores a response as its calibration says people would."""

    def __init__(self, options: JudgeOptions) -> None:
        if options.calibration is None:
            raise ConfigError(
                f"the judge `calibrated` reads a calibration; name it with --calibration FILE, or {MAKE_ONE}"
            )
        text, values = _read(options.calibration)
        self._hash = hashlib.sha256(text.encode()).hexdigest()[:16]
        self._about = {key: values[key] for key in ("bench", "human", "method")}
        self._sources = {name: _source(name, spec, options.calibration) for name, spec in values["sources"].items()}
        self._leaves = [Leaf(row["source"], row["node"], _curve(row)) for row in values["leaves"]]
        self._calibration = _calibration(values, self._leaves)
        asking = [source for source in self._sources.values() if source.card.needs_model]
        self.card = replace(CARD, needs_model=bool(asking))
        self.sampling = asking[0].sampling if asking else Sampling()

    def settings(self) -> Mapping[str, object]:
        """The calibration: hash of the file, what it was fitted to and how."""
        return {"calibration": self._hash, **self._about}

    def rubric(self, task: Task) -> Rubric:
        """The sources' leaves that count here, grouped by source; each leaf counts the same."""
        if self._about["method"] == ALIKE:
            return Rubric.flat((Criterion(name=ALIKE, description="What people gave alike texts.", low=0),))
        leaves = self._counting(task)
        branches = {leaf.source: [other for other in leaves if other.source == leaf.source] for leaf in leaves}
        return Rubric(
            children=tuple(
                Rubric(
                    name=source,
                    weight=float(len(own)),
                    children=tuple(Rubric(name=x.node, criterion=self._criterion(x, len(leaves))) for x in own),
                )
                for source, own in branches.items()
            )
        )

    def plan(self, task: Task) -> PlanQuestion | None:
        """What a source must settle before it can ask; weights of sources do not matter here."""
        plans = (source.plan(task) for source in self._sources.values())
        return next((plan for plan in plans if plan is not None and plan.comes_first), None)

    def questions(self, task: Task, response: Response) -> Sequence[Question]:
        """The sources' own questions, their verdicts read as what they say of the human score."""
        leaves = self._counting(task)
        asked = []
        for name, source in self._sources.items():
            own = {leaf.node: leaf for leaf in leaves if leaf.source == name}
            for question in source.questions(task, response) if source.card.needs_model else ():
                wanted = [own[node] for node in question.nodes if node in own]
                if wanted:
                    read = partial(self._read_as_points, question, wanted, len(leaves))
                    asked.append(replace(question, nodes=tuple(leaf.path for leaf in wanted), read=read))
        return asked

    def measure(self, task: Task, response: Response) -> Mapping[str, Verdict]:
        """What the leaves that need no model say of the human score."""
        leaves = self._counting(task)
        found = {name: source.measure(task, response) for name, source in self._sources.items()}
        if self._about["method"] == ALIKE:
            return {ALIKE: self._alike(found)}
        there = [leaf for leaf in leaves if leaf.node in found[leaf.source]]
        return {leaf.path: self._points(leaf, found[leaf.source][leaf.node], len(leaves)) for leaf in there}

    def _counting(self, task: Task) -> list[Leaf]:
        """The calibrated leaves that their sources score for this task."""
        there = {name: dict(source.rubric(task).leaves()) for name, source in self._sources.items()}
        return [leaf for leaf in self._leaves if leaf.node in there[leaf.source]]

    def _alike(self, found: Mapping[str, Mapping[str, Verdict]]) -> Verdict:
        import numpy as np

        verdicts = [found[leaf.source].get(leaf.node) for leaf in self._leaves]
        row = np.array([[math.nan if verdict is None else verdict.score for verdict in verdicts]])
        return Verdict(score=float(self._calibration(row)[0]), reason="by ratings of alike texts", read_as="rule")

    def _points(self, leaf: Leaf, verdict: Verdict, count: int) -> Verdict:
        """A source's verdict as points: the base and, times the number of leaves, what this one adds."""
        import numpy as np

        adds = float(leaf.curve(np.array([verdict.score]))[0])
        said = f"{leaf.node} {verdict.score:g}: {adds:+.3f}"
        reason = f"{said}; {verdict.reason}" if verdict.reason else said
        return Verdict(score=self._calibration.base + count * adds, reason=reason, read_as="calibrated")

    def _read_as_points(
        self, question: Question, wanted: Sequence[Leaf], count: int, reply: str
    ) -> Mapping[str, Verdict]:
        verdicts = question.read(reply)
        return {leaf.path: self._points(leaf, verdicts[leaf.node], count) for leaf in wanted}

    def _criterion(self, leaf: Leaf, count: int) -> Criterion:
        ends = [self._calibration.base + count * float(point) for point in leaf.curve.points]
        what = f"What {leaf.node} of {leaf.source} says of the human score."
        return Criterion(name=leaf.node, description=what, low=math.floor(min(ends)), high=math.ceil(max(ends)))


def create(options: JudgeOptions) -> CalibratedJudge:
    """The judge, as the command line makes it.

    Raises:
        ConfigError: without a calibration, or when a source has other settings now.
        DataError: when the file is no calibration.
    """
    return CalibratedJudge(options)


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
        values = json.loads(text)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}); {MAKE_ONE}") from error
    except ValueError as error:
        raise DataError(f"{path} is not JSON ({error}); {MAKE_ONE}") from error
    needed = {"bench", "human", "method", "base", "sources", "leaves", "rated", "weights"}
    if not isinstance(values, dict) or values.get("format") != FORMAT or not needed <= values.keys():
        raise DataError(f"{path} is no calibration that this penmark reads ({FORMAT!r}); {MAKE_ONE}")
    return text, values


def _source(name: str, spec: Mapping[str, Any], path: Path) -> Judge:
    """The source judge with the settings it had when it was calibrated.

    Raises:
        ConfigError: when it is another judge now.
    """
    source: Judge = registry.load("judges", str(spec["judge"])).create(JudgeOptions.recorded(spec))
    now = json.loads(json.dumps({"version": source.card.version, **source.settings()}))
    changed = [key for key, value in now.items() if spec.get(key) != value]
    if changed:
        raise ConfigError(
            f"{path} was made with another {name!r} ({', '.join(changed)} differ); calibrate again: {MAKE_ONE}"
        )
    return source


def _curve(row: Mapping[str, Any]) -> Curve:
    import numpy as np

    from penmark.stats.leaf_calibration import Curve

    return Curve(np.array(row["at"], np.float64), np.array(row["points"], np.float64))


def _calibration(values: Mapping[str, Any], leaves: Sequence[Leaf]) -> Calibration:
    import numpy as np

    from penmark.stats.leaf_calibration import Calibration

    return Calibration(
        method=values["method"],
        base=float(values["base"]),
        curves=[leaf.curve for leaf in leaves],
        rated_T_F=np.array(values["rated"], np.float64).reshape(-1, len(leaves)),
        weight_T=np.array(values["weights"], np.float64),
    )

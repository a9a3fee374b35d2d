"""One call in which the model picks the dimensions, weighs them and scores them, all by itself.

The overall score is the weighted mean of its own scores, computed here. The reply keeps what was picked, so
how far the picks wander from repeat to repeat can be measured later: `dimension_shares`.

Source: HoWToBench, section 5.1, Auto-Planning; SPEC section 2.
Differs: our own prompt; dimensions, weights and scores come as strict JSON and the sum is ours, never the model's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import fsum

from penmark.errors import VerdictError
from penmark.judges._criteria import LANGUAGES, prompt_language
from penmark.judges._overall import OverallJudge
from penmark.models.reply import object_schema, read_object, read_verdict, refuse_quoted, verdict_schema
from penmark.protocols import JudgeCard, JudgeOptions, Question, Verdict
from penmark.records import Criterion, Response, Task
from penmark.text.template import fill

CARD = JudgeCard(
    id="auto-plan",
    version=1,
    description="dimensions, weights and scores all picked by a model in one call, their weighted mean 1-10",
    needs_model=True,
)
LEAF = Criterion(name="overall", description="The weighted mean of the dimensions that the judge picked for this text.")
FEWEST, MOST = 3, 6
WEIGHT_TOLERANCE = 1e-3
# For models held to a schema: six dimensions fit in an output of 512 tokens, and weights do not run on in digits.
NAME_CHARS, REASON_CHARS = 24, 60
WEIGHT_STEPS = tuple(n * 5 / 100 for n in range(1, 19))


@dataclass(frozen=True, slots=True)
class Dimension:
    """One dimension the judge picked.

    Attributes:
        weight: share of the total; those of a reply sum to 1.
        score: whole points, 1-10.
    """

    name: str
    weight: float
    score: int
    reason: str


class AutoPlanJudge(OverallJudge):
    """Scores a response on dimensions and weights that the model chooses for it."""

    card = CARD

    def __init__(self, options: JudgeOptions) -> None:
        super().__init__(options, dict.fromkeys(LANGUAGES, LEAF))

    def questions(self, task: Task, response: Response) -> Sequence[Question]:
        """One question."""
        texts = self.texts[prompt_language(task, self.options)]
        bounds = {"fewest": FEWEST, "most": MOST, "low": LEAF.low, "high": LEAF.high}
        values = {name: str(bound) for name, bound in bounds.items()}
        tail = f"{fill(texts['dimensions'], values)}\n\n{fill(texts['answer'], values)}"
        return [
            Question(
                nodes=(LEAF.name,),
                prompt=self.prompt(task, response, tail),
                read=partial(_read_overall, response.text or ""),
                schema=_schema(),
            )
        ]


def create(options: JudgeOptions) -> AutoPlanJudge:
    """The judge, as the command line makes it."""
    return AutoPlanJudge(options)


def read_dimensions(reply: str) -> tuple[Dimension, ...]:
    """The dimensions of a reply in its order, their weights normalised to sum 1.

    Raises:
        VerdictError: when the reply is not one object with 3-6 dimensions of different names, each with a weight in
            (0, 1], a whole score 1-10 and a reason; or the weights do not sum to 1 within 0.001.
    """
    rows = read_object(reply).get("dimensions")
    if not isinstance(rows, list) or not FEWEST <= len(rows) <= MOST:
        found = f"{len(rows)} of them" if isinstance(rows, list) else f"a {type(rows).__name__}"
        raise VerdictError(f"expected a list of {FEWEST} to {MOST} dimensions; found {found}")
    picked = [_read_dimension(row) for row in rows]
    if len({dimension.name.casefold() for dimension in picked}) != len(picked):
        raise VerdictError(f"a dimension stands twice among {', '.join(d.name for d in picked)[:240]!r}")
    total = fsum(dimension.weight for dimension in picked)
    if abs(total - 1) > WEIGHT_TOLERANCE + 1e-12:  # 0.3335 * 2 + 0.334 is 1.001 but for a rounding error.
        raise VerdictError(f"the weights sum to {total:.6g}, not to 1")
    return tuple(Dimension(d.name, d.weight / total, d.score, d.reason) for d in picked)


def total_score(dimensions: Sequence[Dimension]) -> float:
    """Mean of the scores by weight, 1-10; rounded to 1e-9, so that equal scores give themselves."""
    return round(fsum(d.weight * d.score for d in dimensions), 9)


def dimension_shares(reply: str) -> dict[str, float]:
    """Each dimension's share of the total, weight x score / total, by its name; they sum to 1.

    Source: HoWToBench, negotiation bias: l_k = subscore_k / total; SPEC section 2.

    Raises:
        VerdictError: as `read_dimensions`.
    """
    dimensions = read_dimensions(reply)
    total = fsum(d.weight * d.score for d in dimensions)
    return {d.name: d.weight * d.score / total for d in dimensions}


def _read_dimension(row: object) -> Dimension:
    if not isinstance(row, dict):
        raise VerdictError(f"expected a dimension with name, weight, score and reason; found a {type(row).__name__}")
    name, weight = row.get("name"), row.get("weight")
    if not isinstance(name, str) or not name.strip():
        raise VerdictError(f"a dimension without a name among the fields {', '.join(row)[:240]!r}")
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight <= 1:
        raise VerdictError(f"weight {str(weight)[:80]!r} of {name[:80]!r} is not a number above 0 and at most 1")
    score, reason = read_verdict(row, LEAF.low, LEAF.high)
    return Dimension(name.strip(), float(weight), score, reason)


def _read_overall(writing: str, reply: str) -> Mapping[str, Verdict]:
    dimensions = read_dimensions(reply)
    refuse_quoted(reply, writing)
    reason = "\n".join(f"{d.name} ({d.weight:.3g} x {d.score}): {d.reason}" for d in dimensions)
    return {LEAF.name: Verdict(score=total_score(dimensions), reason=reason, read_as="planned")}


def _schema() -> dict[str, object]:
    verdict = verdict_schema(LEAF.low, LEAF.high, REASON_CHARS)
    fields = {
        "name": {"type": "string", "minLength": 1, "maxLength": NAME_CHARS},
        "weight": {"type": "number", "enum": list(WEIGHT_STEPS)},
        **dict(verdict["properties"]),  # type: ignore[call-overload]
    }
    dimension = object_schema(fields)
    return object_schema({"dimensions": {"type": "array", "minItems": FEWEST, "maxItems": MOST, "items": dimension}})

"""The architecture on one page: what a model, a benchmark and a judge must offer.

The flow: Benchmark.tasks() -> a writer's Model.complete(prompt) -> Response ->
Judge.measure / Judge.questions -> Model.complete -> Question.read -> Judgment -> store -> reports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol, Self, runtime_checkable

from penmark.records import Plan, Response, Rubric, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How a model samples. None leaves a setting to the endpoint.

    Attributes:
        max_tokens: longest output.
        top_logprobs: alternatives to report with each output token.
    """

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None
    seed: int | None = None
    top_logprobs: int | None = None

    def given(self) -> dict[str, float | int]:
        """The settings that are not None."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name)) is not None}


@dataclass(frozen=True, slots=True)
class Prompt:
    """One call's input, split where prefix caches split it.

    Attributes:
        shared: what sibling calls have in common; it comes first.
        tail: what only this call has.
    """

    tail: str
    shared: str = ""
    system: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One call's output.

    Attributes:
        text: as it came, reasoning included.
        finish_reason: "stop", "length" (cut off), ... or "" when not said.
        tokens_in: prompt tokens, cached ones included; None when not reported, as below.
        latency_s: seconds from sending to the last byte.
        logprobs: (token, logprob, {token: logprob} of the alternatives) for each token, where offered.
    """

    text: str
    finish_reason: str = ""
    tokens_in: int | None = None
    tokens_out: int | None = None
    tokens_cached: int | None = None
    latency_s: float = 0.0
    logprobs: tuple[tuple[str, float, Mapping[str, float]], ...] | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A finished call.

    Attributes:
        cost_usd: None when the model's price or the tokens are not known.
        is_new: made now, and so not in the store yet.
    """

    key: str
    model: str
    reply: Reply
    cost_usd: float | None
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOptions:
    """What a user may choose about where a model runs.

    Attributes:
        base_url: root of an OpenAI-compatible endpoint; None takes the provider's variable or default.
        timeout_s: seconds one attempt may take.
        structured: hold replies to the judge's JSON schema; the endpoint must support it.
    """

    base_url: str | None = None
    timeout_s: float = 600.0
    structured: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelTraits:
    """What is known of a provider's models; penmark goes by it where the user chose nothing. TRAITS in a model's file.

    Attributes:
        prompt_language: the language to ask it in, whatever the task's is; None = the task's.
        can_sum: whether it can be left to give weights that sum to 1; otherwise it may only choose among such ones.
        text_tokens: longest text worth having it write; None = no limit of its own.
    """

    prompt_language: Literal["en", "zh"] | None = None
    can_sum: bool = True
    text_tokens: int | None = None


class Model(Protocol):
    """Where text comes from. Used as an asynchronous context manager: leaving it closes what it opened.

    Attributes:
        id: "provider/name", as given on the command line.
        endpoint: calls to one endpoint share one limit.
        max_parallel: most calls worth sending at once; None = no limit of its own.
        max_output_tokens: longest output worth asking for; None = no limit of its own.
    """

    id: str
    endpoint: str
    max_parallel: int | None
    max_output_tokens: int | None

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def check(self) -> None:
        """Raise ModelError(scope="run") when no call can work: unreachable, wrong key. Costs nothing."""

    async def complete(self, prompt: Prompt, sampling: Sampling, *, schema: Mapping[str, object] | None) -> Reply:
        """The reply to one prompt; one attempt.

        Args:
            prompt: the input.
            sampling: as far as the model understands it.
            schema: a JSON schema the reply should obey; models that cannot be held to one leave it out.

        Raises:
            ModelError: with the scope of the failure.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkCard:
    """What a benchmark is, for `penmark bench info` and the provenance of runs."""

    id: str
    title: str
    description: str
    source: str
    revision: str
    licence: str
    languages: tuple[str, ...]
    sampling: Sampling


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One malformed record: where it is, what is wrong and what to do."""

    path: Path
    line: int
    field: str
    found: str
    remedy: str

    def __str__(self) -> str:
        """One line, as it is printed."""
        at = f"{self.path}:{self.line}" if self.line else str(self.path)
        return f"{at}: {self.field + ': ' if self.field else ''}{self.found}; {self.remedy}"


class Benchmark(Protocol):
    """A set of tasks."""

    card: BenchmarkCard

    def tasks(self) -> Iterator[Task]:
        """Every task, in the benchmark's order.

        Raises:
            DataError: at the first malformed record.
        """
        ...

    def problems(self) -> list[Problem]:
        """Every malformed record; empty when all is well."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One leaf's score on its criterion's scale, with the reason given for it.

    Attributes:
        score: None where a measured leaf could not be scored, such as a text too long to read; the reason says why.
    """

    score: float | None
    reason: str = ""
    read_as: str = "integer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One call to a judge model.

    Attributes:
        nodes: the leaves its reply scores.
        read: verdict of each node from a reply's text; raises VerdictError when there is none.
        schema: JSON schema of a good reply, for models that can be held to one.
    """

    nodes: tuple[str, ...]
    prompt: Prompt
    read: Callable[[str], Mapping[str, Verdict]]
    schema: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanQuestion:
    """The call that settles a task's plan; made once for each task and repeat, whatever the number of responses.

    Attributes:
        read: the plan from a reply's text; raises VerdictError when there is none.
        schema: as in `Question`.
        schema_again: the schema of the second asking on, where it is another one.
        comes_first: whether the questions depend on it; else it is asked beside them.
        likely: a plan to estimate with before there is one.
    """

    prompt: Prompt
    read: Callable[[str], Plan]
    schema: Mapping[str, object] | None = None
    schema_again: Mapping[str, object] | None = None
    comes_first: bool = False
    likely: Plan = field(default_factory=Plan)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeCard:
    """What a judge is.

    Attributes:
        version: raised with every change that can change a score.
        needs_model: whether it asks a model.
        unit: what a root score counts: "points" or, for measures without a 1-10 scale, such as "words".
        aggregate: what a benchmark mean is taken over: "scorings" (every leaf scoring of every task, as
            WritingBench does) or "root" (one root score a response).
        compares: whether it compares two responses (a `PairJudge`) instead of scoring one (a `Judge`).
    """

    id: str
    version: int
    description: str
    needs_model: bool
    unit: str = "points"
    aggregate: Literal["scorings", "root"] = "root"
    compares: bool = False


RECORDED = ("layout", "joint", "preset", "use_reference", "units", "prompt_language")


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeOptions:
    """What a user may choose about a judge; judges that have no such choice leave it aside.

    Attributes:
        layout: "shared" puts what sibling calls share first; "upstream" puts the criterion first.
        joint: all criteria in one call instead of one call each.
        tree: a TOML file with the tree to score, for `tree`.
        preset: "paper" or "upstream" where the two differ.
        use_reference: whether a judge that can do with or without the task's reference is shown it.
        units: "chars" or "words": what the length is counted in, and what overlap metrics compare in Chinese; other
            languages they compare by words.
        checkpoint: folder of a local model, for judges that run one themselves.
        calibration: a file of `penmark meta calibrate`, for `calibrated`.
        prompt_language: the language of the prompts; None = the task's.
        can_sum: as in `ModelTraits`.
        blind: show the task without its requirements, where groups of known order are judged.
    """

    layout: Literal["shared", "upstream"] = "shared"
    joint: bool = False
    tree: Path | None = None
    preset: Literal["paper", "upstream"] = "paper"
    use_reference: bool = True
    units: Literal["chars", "words"] = "chars"
    checkpoint: Path | None = None
    calibration: Path | None = None
    prompt_language: Literal["en", "zh"] | None = None
    can_sum: bool = True
    blind: bool = False

    @classmethod
    def recorded(cls, settings: Mapping[str, Any]) -> Self:
        """The choices that a judge's stored settings tell of; the others as usual."""
        return cls(**{name: settings[name] for name in RECORDED if name in settings})


MARGIN = "margin"  # the node that a comparison's reply is read as


class Judge(Protocol):
    """Anything that scores responses: the rubric's leaves by a model, a rule or a metric; the rest is arithmetic."""

    card: JudgeCard
    sampling: Sampling

    def settings(self) -> Mapping[str, object]:
        """What else decides its scores: prompt hash, layout, ... Part of its identity in the store."""
        ...

    def rubric(self, task: Task) -> Rubric:
        """The tree it scores for this task.

        Raises:
            DataError: when the task has not what this judge needs.
        """
        ...

    def plan(self, task: Task) -> PlanQuestion | None:
        """The call that settles what is common to all responses to this task; None where there is nothing to settle."""
        ...

    def questions(self, task: Task, response: Response) -> Sequence[Question]:
        """The calls that score the leaves a model must score, in shared-prefix order; maybe none."""
        ...

    def measure(self, task: Task, response: Response) -> Mapping[str, Verdict]:
        """The leaves scored without a model; maybe none."""
        ...


@runtime_checkable
class MeasuresMany(Protocol):
    """What a judge offers beside `measure` where many responses together take less time than one after another."""

    def measure_all(self, items: Sequence[tuple[Task, Response]]) -> list[Mapping[str, Verdict]]:
        """What `measure` gives for each item, in order. Called in a thread of its own, with texts that are there."""
        ...


class PairJudge(Protocol):
    """Anything that says which of two responses is better."""

    card: JudgeCard
    sampling: Sampling

    def settings(self) -> Mapping[str, object]:
        """What else decides its verdicts, as in `Judge`."""
        ...

    def compare(self, task: Task, first: Response, second: Response) -> Question:
        """The call that compares two responses in this order.

        Its reply is read as the verdict of the one node `MARGIN`: 2 and 1 when the first is (much) better, 0 a tie,
        -1 and -2 when the second is.
        """
        ...
